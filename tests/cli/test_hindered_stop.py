"""A stop beside clients that would keep the server: it waits for none of them long, and each is told what it may be.

The seconds of these stops are many, so that one which used them all would not end within the test, or few, so that
requests are still under way when they are over.
"""

import json
import signal
import socket
import time

import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.cli import listener as listeners
from ramekin.cli import server as served
from ramekin.settings import Settings, ending_s
from tests.conftest import Server
from tests.pipe import WAYS as PIPES
from tests.pipe import Service
from tests.wire import Wire, request

LONG, SHORT = "300", "1"
ANSWER = b"HTTP/1.1 200 OK\r\n"


def stopped(server):
    """Stop a server, and return its exit code and what its log says."""
    server.process.send_signal(signal.SIGTERM)
    _, log = server.process.communicate(timeout=60)
    return server.process.returncode, [json.loads(line)["event"] for line in log.splitlines()]


def connected(server, data):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    sock.sendall(data)
    return sock


@pytest.fixture
def serve():
    """Start a server that has so many seconds for its stop."""
    started = []

    def start(seconds, *arguments):
        waits = [f"--{kind}-seconds={LONG}" for kind in ("head", "body", "reader")]
        started.append(Server("serve", "--log-format=json", f"--shutdown-seconds={seconds}", *waits, *arguments))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.mark.long
def test_a_stop_does_not_wait_for_readers_that_read_nothing(serve):
    server = serve(LONG)
    with server.client() as client:
        records = [{"id": i, "text": "x" * 1000} for i in range(2000)]
        assert client.post("/api/v1/data/t", json=records).status_code == 201
    asked = [("/api/v1/dump/t", "application/json"), ("/api/v1/data/t?limit=1000", "text/csv")] * 10
    silent = [connected(server, request("GET", path, Accept=media)) for path, media in asked]
    for sock in silent:
        assert sock.recv(100).startswith(ANSWER)
    code, said = stopped(server)
    assert (code, "requests are given up" in said) == (0, False)
    for sock in silent:
        sock.close()


@pytest.mark.long
def test_a_stop_does_not_wait_for_bodies_that_do_not_arrive(serve):
    server = serve(LONG)
    whole = request("PUT", "/api/v1/data/t/1?upsert=true", b'{"n":1}')
    halves = [connected(server, part) for part in (whole[:-3], whole[:-3], whole[:30])]
    with server.client() as client:
        assert client.get("/health").status_code == 200
    code, said = stopped(server)
    assert (code, "requests are given up" in said) == (0, False)
    assert [Wire(sock).read()[:12] for sock in halves] == [b"HTTP/1.1 408"] * 3
    for sock in halves:
        sock.close()


@pytest.mark.long
@pytest.mark.parametrize("fast_path", ["protocol", "off"])
def test_requests_for_which_a_stop_has_no_time_are_told_so(serve, fast_path):
    server = serve(SHORT, "--dev", "--delay", "300s", "--fast-path", fast_path)
    asked = [("GET", "/api/v1/data/t/1", b""), ("PUT", "/api/v1/data/t/1?upsert=true", b'{"n":1}')]
    waiting = [connected(server, request(*each)) for each in asked]
    time.sleep(0.2)
    code, said = stopped(server)
    assert (code, "requests are given up" in said) == (0, True)
    answers = [Wire(sock).read() for sock in waiting]
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 503"] * 2
    assert [json.loads(answer.partition(b"\r\n\r\n")[2])["code"] for answer in answers] == [
        "unavailable",
        "outcome-unknown",
    ]
    for sock in waiting:
        sock.close()


@pytest.mark.anyio
async def test_who_has_connected_when_the_doors_close_is_answered():
    clients = []
    async with Database() as database:
        app = create_app(database)
        server = served.Server(served.config_of(app, Settings(shutdown_seconds=60), 100), app.state.context)
        with listeners.bind("127.0.0.1", 0, is_guarded=False) as listener:

            async def connect_all():  # and let the server see none of them
                for _ in range(20):
                    clients.append(socket.create_connection(listener.getsockname(), timeout=60))
                    clients[-1].sendall(request("GET", "/health"))

            server.main_loop = connect_all
            await server.serve_on(listener)
    answers = [Wire(client).read() for client in clients]
    assert [answer.startswith(ANSWER) for answer in answers] == [True] * 20
    for client in clients:
        client.close()


@pytest.mark.parametrize("way", PIPES)
@pytest.mark.parametrize("path", ["/api/v1/dump/t", "/api/v1/data/t?limit=1000"])
def test_a_connection_whose_answer_began_before_a_stop_is_answered_once_more(way, path, monkeypatch):
    service = Service(way)
    pipe = service.connect()
    records = [{"id": i, "text": "x" * 1000} for i in range(1000)]
    pipe.send([request("POST", "/api/v1/data/t", json.dumps(records).encode())])
    write, pieces = pipe.write, []

    def stop_behind_the_head(data):
        write(data)
        pieces.append(data)
        if len(pieces) == 1:
            pipe._protocol.shutdown()

    monkeypatch.setattr(pipe, "write", stop_behind_the_head)
    pipe.send([request("GET", path)])
    assert len(pieces) > 2
    assert b"connection: close" not in pieces[0]
    del pieces[:]
    pipe.send([request("GET", "/api/v1/data/t/1"), request("GET", "/api/v1/data/t/2")])
    assert pipe.written.count(b"HTTP/1.1 20") == 3
    assert b"connection: close" in pieces[0]
    service.close()


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_the_end_of_a_stop_has_a_part_of_its_seconds():
    assert [ending_s(seconds) for seconds in (0, 2, 10, 600)] == [0, pytest.approx(0.6), 3, 3]
