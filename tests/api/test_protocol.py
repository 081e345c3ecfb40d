"""The short way below ASGI, on a real socket: whatever a client does with its connection, it behaves as the long way."""

import json
import socket
import struct
import time
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.wire import request, wire

READ = request("GET", "/api/v1/data/t/1")
WRITE = request("PUT", "/api/v1/data/t/2?upsert=true", b'{"n":2}')


@pytest.fixture(scope="module", params=["protocol", "asgi"])
def server(request):
    server = Server("serve", "--fast-path", request.param, "--max-record-bytes", "100000")
    with server.client() as client:
        client.put("/api/v1/data/t/1?upsert=true", json={"n": 1})
    yield server
    assert server.stop() == 0


def status_of(answer):
    return int(answer[9:12])


def test_requests_in_one_packet_are_answered_in_order(server):
    with wire(server) as connection:
        connection.send(READ + WRITE + request("GET", "/health/live") + READ + request("GET", "/api/v1/data/t/none"))
        answers = [connection.read() for _ in range(5)]
    assert [status_of(answer) // 100 for answer in answers] == [2, 2, 2, 2, 4]
    assert answers[0].endswith(b'{"id":"1","n":1}')
    assert b"version" in answers[2]


@pytest.mark.parametrize("data", [READ, WRITE], ids=["GET", "PUT"])
def test_a_request_may_be_split_anywhere(server, data):
    with wire(server) as connection:
        for cut in range(1, len(data)):
            connection.send(data[:cut])
            time.sleep(0.001)
            answer = connection.ask(data[cut:])
            assert status_of(answer) in (200, 201), cut


def test_a_whole_request_may_be_followed_by_a_part_of_the_next(server):
    with wire(server) as connection:
        for cut in range(1, len(WRITE), 7):
            connection.send(READ + WRITE[:cut])
            assert status_of(connection.read()) == 200
            connection.send(WRITE[cut:] + READ)
            assert status_of(connection.read()) in (200, 201)
            assert status_of(connection.read()) == 200


def test_a_bulk_holds_back_what_follows_until_it_is_answered(server):
    rows = json.dumps([{"id": f"b{i}"} for i in range(1000)]).encode()
    with wire(server) as connection:
        bulk = request("POST", "/api/v1/data/bulk?on_conflict=replace", rows, Prefer="return=minimal")
        connection.send(bulk + request("GET", "/api/v1/data/bulk/b999") + READ)
        assert connection.read().endswith(b'{"count":1000}')
        assert connection.read().endswith(b'{"id":"b999"}')
        assert connection.read().endswith(b'{"id":"1","n":1}')


def test_connection_close_is_answered_and_obeyed(server):
    with wire(server) as connection:
        answer = connection.ask(request("GET", "/api/v1/data/t/1", Connection="close"))
        assert status_of(answer) == 200
        assert b"connection: close" in answer
        assert connection.is_closed()


def test_http_1_0_is_answered_and_closed(server):
    with wire(server) as connection:
        answer = connection.ask(READ.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert status_of(answer) == 200
        assert connection.is_closed()


def test_expect_gets_its_100_and_then_the_answer(server):
    head, _, body = request("PUT", "/api/v1/data/t/2?upsert=true", b'{"n":3}', Expect="100-continue").partition(
        b"\r\n\r\n"
    )
    with wire(server) as connection:
        assert connection.ask(head + b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert status_of(connection.ask(body)) in (200, 201)


def test_chunks_are_read(server):
    head = request("PUT", "/api/v1/data/t/2?upsert=true", transfer_encoding="chunked", content_type="application/json")
    with wire(server) as connection:
        answer = connection.ask(head + b'4\r\n{"n"\r\n3\r\n:4}\r\n0\r\n\r\n' + READ)
        assert answer.endswith(b'{"id":"2","n":4}')
        assert status_of(connection.read()) == 200


def test_head_has_the_headers_of_get_and_no_body(server):
    with wire(server) as connection:
        whole, head = connection.ask(READ), connection.ask(READ.replace(b"GET", b"HEAD"))
        assert status_of(connection.ask(READ)) == 200
    drop = (b"date", b"x-request-id")
    lines = [
        [line for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(drop)]
        for answer in (whole, head)
    ]
    assert lines[0] == lines[1]


def test_two_lengths_are_no_request(server):
    with wire(server) as connection:
        data = WRITE.replace(b"Content-Length: 7", b"Content-Length: 7\r\nContent-Length: 8")
        assert status_of(connection.ask(data)) == 400
        assert connection.is_closed()


def test_a_length_beside_chunks_is_no_request(server):
    with wire(server) as connection:
        assert (
            status_of(
                connection.ask(WRITE.replace(b"Host: localhost", b"Host: localhost\r\nTransfer-Encoding: chunked"))
            )
            == 400
        )
        assert connection.is_closed()


@pytest.mark.parametrize("line", [b"Content-Length: +7", b"Content-Length: 0x7", b"Host : x", b"a\0: b", b" folded"])
def test_what_the_parser_refuses_is_refused(server, line):
    with wire(server) as connection:
        assert status_of(connection.ask(READ.replace(b"Host: localhost", b"Host: localhost\r\n" + line))) == 400
        assert connection.is_closed()


def test_a_body_over_the_limit_is_refused_and_the_connection_closed(server):
    with wire(server) as connection:
        answer = connection.ask(request("PUT", "/api/v1/data/t/2?upsert=true", b'{"n":"%b"}' % (b"x" * 100_001)))
        assert status_of(answer) == 413
        assert connection.is_closed()


def test_a_body_longer_than_what_is_held_is_taken(server):
    with wire(server) as connection:
        body = b'{"n":"%b"}' % (b"x" * 90_000)
        assert status_of(connection.ask(request("PUT", "/api/v1/data/long/2?upsert=true", body))) == 201
        assert len(connection.ask(request("GET", "/api/v1/data/long/2"))) > 90_000


def test_a_body_that_never_comes_changes_nothing(server):
    with wire(server) as connection:
        connection.send(request("PUT", "/api/v1/data/never/1?upsert=true", b'{"n":1}')[:-3])
    with wire(server) as connection:
        assert status_of(connection.ask(request("GET", "/api/v1/data/never/1"))) == 404


def test_clients_that_reset_their_connection_hurt_nobody(server):
    for data in (READ, WRITE, READ * 50, WRITE[:-2], READ[:10]):
        with wire(server) as connection:
            connection.send(data)
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with wire(server) as connection:
        assert status_of(connection.ask(READ)) == 200


def test_a_client_that_does_not_read_takes_little_memory(server):
    with wire(server) as connection:
        body = b'{"n":"%b"}' % (b"x" * 90_000)
        connection.ask(request("PUT", "/api/v1/data/long/1?upsert=true", body))
        before = memory_mb(server)
        connection.sock.settimeout(1)
        count = 0
        try:
            while count < 5000:  # 450 MB of answers, if they were all made
                connection.send(request("GET", "/api/v1/data/long/1") * 10)
                count += 10
        except TimeoutError:
            pass
        assert memory_mb(server) - before < 60
        connection.sock.settimeout(10)
        assert connection.read().endswith(b'x"}')


@pytest.fixture(scope="module")
def large(server):
    """The path of a page of 20 MB."""
    with server.client() as client:
        for start in range(0, 10_000, 500):
            rows = [{"id": i, "text": "x" * 2000} for i in range(start, start + 500)]
            assert client.post("/api/v1/data/large", json=rows).status_code == 201
    return "/api/v1/data/large?limit=10000"


@pytest.mark.long
def test_what_follows_a_page_in_pieces_waits_for_its_end(server, large):
    with wire(server) as connection:
        connection.send(request("GET", large) + READ + request("HEAD", large) + READ)
        answers = [connection.read(is_head=place == 2) for place in range(4)]
    assert [status_of(answer) for answer in answers] == [200] * 4
    assert answers[0].count(b"x" * 2000) == 10_000
    assert answers[1].endswith(answers[3][-20:])


@pytest.mark.long
def test_a_client_that_does_not_read_its_page_takes_little_memory(server, large):
    with wire(server) as connection:
        before = memory_mb(server)
        connection.send(request("GET", large) * 20)
        time.sleep(1)
        assert memory_mb(server) - before < 30
        assert [connection.read().count(b"x" * 2000) for _ in range(20)] == [10_000] * 20


@pytest.mark.long
def test_a_page_is_given_up_when_its_client_goes_away(server, large):
    end = time.monotonic() + 20
    with server.client() as client:
        while 'operation="list_records",status="0"' not in client.get("/metrics").text:
            assert time.monotonic() < end
            with wire(server) as connection:
                connection.send(request("GET", f"{large}&text[contains]=y&sort=-text,id"))
                time.sleep(0.001)
            if "protocol" not in server.process.args:
                break  # under ASGI it is noticed after 50 ms, if there is still something to stop
        assert client.get("/api/v1/data/large/1").status_code == 200


def memory_mb(server):
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_requests_under_way_are_answered_when_the_server_stops():
    server = Server("serve")
    with wire(server) as connection:
        rows = json.dumps([{"id": i} for i in range(20_000)]).encode()
        sent = request("POST", "/api/v1/data/t", rows, Prefer="return=minimal", Expect="100-continue")
        connection.send(sent[: -len(rows)])
        assert connection.read() == b"HTTP/1.1 100 Continue\r\n\r\n"  # so the request is under way
        server.process.terminate()
        connection.send(rows)
        assert connection.read().endswith(b'{"count":20000}')
        assert connection.is_closed()
    assert server.process.wait(10) == 0  # a second signal would end it at once
    server.stop()
