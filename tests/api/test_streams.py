"""Streams over a real socket: flat memory, other requests meanwhile, clients that go away, bodies over the limit."""

import json
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Server

RECORD = {"text": "x" * 1000}


@pytest.fixture(scope="module")
def big():
    """A server with a table of 100 MB."""
    server = Server("serve")
    with server.client() as client:

        def rows():
            yield b'{"big":['
            for i in range(100_000):
                yield b"%b%b" % (b"," if i else b"", json.dumps({"id": i, **RECORD}).encode())
            yield b"]}"

        answer = client.post("/api/v1/load", content=rows(), headers={"content-type": "application/json"})
        assert answer.json() == {"loaded": {"big": 100_000}}
    yield server
    assert server.stop() == 0


def memory_mb(server):
    """Return the resident memory of the server's process."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6


@contextmanager
def connection(server):
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30) as sock:
        yield sock


@pytest.mark.long
def test_a_dump_to_a_slow_reader_takes_no_memory_and_others_are_answered(big):
    before = memory_mb(big)
    with connection(big) as slow, big.client() as client:
        slow.sendall(b"GET /api/v1/dump/big HTTP/1.1\r\nhost: localhost\r\n\r\n")
        for _ in range(50):  # 3 MB of 100: a server that waited for its reader would answer nobody
            slow.recv(65_536)
            assert client.get("/api/v1/data/big/5").status_code == 200
    assert memory_mb(big) - before < 15


@pytest.mark.long
def test_a_dump_is_whole_and_of_one_moment_although_writes_go_on(big):
    with connection(big) as sock, big.client() as client:
        sock.sendall(
            b"GET /api/v1/dump/big HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson\r\nconnection: close\r\n\r\n"
        )
        text = sock.recv(65_536)
        client.delete("/api/v1/data/big/99999")
        client.post("/api/v1/data/big", json={"id": -1})
        client.put("/api/v1/data/big/99998", json={"text": "changed"})
        chunks = [text]
        while chunk := sock.recv(1 << 20):
            chunks.append(chunk)
    whole = b"".join(chunks)
    assert whole.count(b'"text":"x') == 100_000
    assert b"changed" not in whole
    assert b'{"id":99999,' in whole
    assert b'{"id":-1' not in whole
    assert whole.endswith(b"0\r\n\r\n")


@pytest.mark.long
def test_clients_that_go_away_leave_nothing_behind(big):
    with big.client() as client:
        client.get("/api/v1/data/big?limit=1")
        before = memory_mb(big)
        for _ in range(20):
            with connection(big) as sock:
                sock.sendall(b"GET /api/v1/dump/big HTTP/1.1\r\nhost: localhost\r\n\r\n")
                sock.recv(1000)
        time.sleep(0.3)
        for i in range(5):
            client.put("/api/v1/data/big/1", json={"n": i})
    assert memory_mb(big) - before < 40


def test_a_body_over_the_limit_is_refused_before_it_is_sent(shared_server):
    for headers in (b"content-length: 999999999999", b"transfer-encoding: chunked"):
        with connection(shared_server) as sock:
            sock.sendall(
                b"POST /api/v1/data/t HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                + headers
                + b"\r\n\r\n"
            )
            if b"chunked" in headers:
                sock.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n1\r\nx\r\n")
            answer = b""
            while chunk := sock.recv(65_536):
                answer += chunk
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body-too-large" in answer
    assert b"connection: close" in answer


def test_a_client_that_breaks_off_its_body_changes_nothing(shared_server):
    with connection(shared_server) as sock:
        sock.sendall(
            b"POST /api/v1/load HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
            b'{"broken":[{"id":1},{"id":2}'
        )
        time.sleep(0.1)
    time.sleep(0.2)
    with shared_server.client() as client:
        assert client.get("/api/v1/data/broken").status_code == 404
        assert client.get("/health").status_code == 200


def test_requests_in_one_packet_are_answered_in_order(shared_server):
    with connection(shared_server) as sock:
        sock.sendall(
            b"".join(
                b"GET /problems/unknown-table HTTP/1.1\r\nhost: localhost\r\nx-request-id: r%d\r\n\r\n" % i
                for i in range(50)
            )
        )
        answer = b""
        while answer.count(b"HTTP/1.1 200") < 50 or b"x-request-id: r49" not in answer:
            answer += sock.recv(65_536)
    places = [answer.index(b"x-request-id: r%d\r\n" % i) for i in range(50)]
    assert places == sorted(places)
