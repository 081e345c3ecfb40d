"""What becomes of a connection: answers that come before the body has, bounds, clients that stop halfway."""

import asyncio
import json
import re
import socket
import time

import pytest

from ramekin.api.wire import channel as channels
from ramekin.api.wire import deadlines
from ramekin.api.wire.channel import LINGER_BYTES
from ramekin.api.wire.connection import MAX_SKIPPED_BYTES
from ramekin.api.wire.deadlines import Deadlines
from ramekin.api.wire.short_way import MAX_HELD_BYTES
from tests.conftest import FAST_PATHS, Server
from tests.data.http_cases import HIDDEN, LIVE, chunked, get, post, sized
from tests.pipe import WAYS, Service
from tests.wire import request, wire

KEY = b"Authorization: Bearer secret"
UNWANTED = b"POST /api/v1/query/t HTTP/1.1\r\nHost: localhost\r\n%b\r\nContent-Type: text/html\r\n" % KEY


def wait_for(service, monkeypatch, **seconds):
    """Have a service wait for so many seconds, and look often."""
    monkeypatch.setattr(deadlines, "SWEEP_S", 0.02)
    monkeypatch.setattr(service.app.state.short_way, "deadlines", Deadlines(**seconds))


@pytest.fixture(scope="module", params=WAYS)
def service(request):
    service = Service(request.param)
    yield service
    service.close()


@pytest.fixture(scope="module", params=WAYS)
def locked(request):
    """A service that asks for a key."""
    service = Service(request.param, keys=["secret"])
    yield service
    service.close()


def test_a_trailer_is_no_key(locked):
    pipe = locked.connect()
    pipe.send([chunked(b"2\r\n{}\r\n0\r\n" + KEY + b"\r\n\r\n") + LIVE])
    assert pipe.answers() == ["401 unauthorized"]
    pipe = locked.connect()
    pipe.send([chunked(b"2\r\n{}\r\n0\r\nAuthorization: wrong\r\n\r\n", KEY) + LIVE])
    assert pipe.answers() == ["201", "200"]


def test_whoever_guesses_keys_connects_for_each(locked):
    for sent in (sized(), get(first=b"GET /api/v1/data/t/1 HTTP/1.1"), get(first=b"GET /metrics HTTP/1.1")):
        pipe = locked.connect()
        pipe.send([sent, LIVE])
        assert pipe.answers() == ["401 unauthorized"]
        assert b"\r\nconnection: close\r\n" in pipe.written
        assert pipe.is_ended


@pytest.mark.parametrize("second", [b"Bearer secret", b"Bearer wrong", b""])
@pytest.mark.parametrize("first", [b"Bearer secret", b"Bearer wrong", b""])
def test_two_keys_are_none(locked, first, second):
    pipe = locked.connect()
    lines = (b"Authorization: " + first, b"authorization: " + second)
    pipe.send([get(*lines, first=b"GET /api/v1/data/t/1 HTTP/1.1")])
    assert pipe.answers() == ["400 malformed-request"]
    assert pipe.is_ended


@pytest.mark.parametrize(
    ("size", "stays_open"), [(MAX_SKIPPED_BYTES - 1, True), (MAX_SKIPPED_BYTES, True), (MAX_SKIPPED_BYTES + 1, False)]
)
def test_a_body_that_nobody_wants_is_let_go_by_if_it_is_short(locked, size, stays_open):
    pipe = locked.connect()
    pipe.send([UNWANTED, b"Content-Length: %d\r\n\r\n" % size])  # in pieces, behind which no body is waited for
    assert pipe.answers() == ["415 unsupported-media-type"]
    assert pipe.is_ended != stays_open
    assert (b"\r\nconnection: close\r\n" in pipe.written) != stays_open
    pipe.send([b"x" * (size - 1), b"x" + LIVE])
    assert pipe.answers() == ["415 unsupported-media-type"] + ["200"] * stays_open


def test_chunks_that_nobody_wants_are_let_go_by_for_a_while(locked):
    pipe = locked.connect()
    pipe.send([UNWANTED, b"Transfer-Encoding: chunked\r\n\r\n"])
    assert pipe.answers() == ["415 unsupported-media-type"]
    chunk = b"%x\r\n%b\r\n" % (8192 - 8, b"x" * (8192 - 8))
    pipe.send([chunk] * (MAX_SKIPPED_BYTES // len(chunk)))
    assert not pipe.is_ended
    pipe.send([chunk])
    assert pipe.is_ended


def test_what_follows_the_last_answer_is_let_go_by_within_bounds(service):
    pipe, mega = service.connect(), b"x" * 1024 * 1024
    pipe.send([get(b"Connection: close")])
    assert pipe.is_ended
    assert not pipe.is_cut
    pipe.send([mega] * (LINGER_BYTES // len(mega)))
    assert not pipe.is_cut
    pipe.send([b"x"])
    assert pipe.is_cut
    assert pipe.answers() == ["200"]


@pytest.mark.parametrize(("idle_s", "all_s", "keeps_sending"), [(0.3, 100.0, False), (2.0, 0.5, True)])
def test_what_follows_the_last_answer_is_waited_for_a_while_only(service, monkeypatch, idle_s, all_s, keeps_sending):
    monkeypatch.setattr(channels, "LINGER_IDLE_S", idle_s)
    monkeypatch.setattr(channels, "LINGER_S", all_s)
    pipe, began = service.connect(), time.monotonic()
    pipe.send([get(b"Connection: close")])
    while not pipe.is_closed:
        assert time.monotonic() - began < 20
        pipe.send([b"x"] if keeps_sending else [])
        service.run(asyncio.sleep(0.05))
    assert time.monotonic() - began > min(idle_s, all_s) * 0.9


@pytest.mark.parametrize("size", [10, MAX_HELD_BYTES - 1000, 100_000])
def test_a_client_that_asks_first_whether_to_send_is_told_so_or_answered(locked, size):
    pipe, body = locked.connect(), b'{"n":"%b"}' % (b"x" * size)
    head = sized(KEY, b"Expect: 100-continue", body=body)[: -len(body)]
    pipe.send([head])
    assert pipe.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    pipe.send([body])
    assert pipe.answers() == ["201" if size < 65_000 else "413 body-too-large"]
    pipe = locked.connect()
    pipe.send([head.replace(KEY, b"a: b")])
    assert pipe.answers() == ["401 unauthorized"]
    assert b" 100 " not in pipe.written
    assert pipe.is_ended  # whether the body follows now, nobody can know


def test_a_client_that_sends_its_last_byte_is_answered(service):
    for data, answers in ((LIVE * 3, ["200"] * 3), (sized() + LIVE, ["201", "200"]), (LIVE + LIVE[:-1], ["200"])):
        pipe = service.connect()
        pipe.send([data], is_last=True)
        assert pipe.answers() == answers
        assert pipe.is_closed


def test_chunks_that_break_off_are_400_and_nothing_is_applied(service):
    body = json.dumps({"broken": [{"id": i} for i in range(1000)]}).encode()
    data = post(b"Transfer-Encoding: chunked", first=b"POST /api/v1/load HTTP/1.1")
    for end in (b"0\n\n", b"zz\r\n", b"2\r\n{}}"):
        pipe = service.connect()
        pipe.send([data, b"%x\r\n%b\r\n" % (len(body), body), end])
        assert pipe.answers() == ["400 malformed-request"]
        assert pipe.is_ended
    pipe = service.connect()
    pipe.send([get(first=b"GET /api/v1/data/broken/1 HTTP/1.1")])
    assert pipe.answers() == ["404 unknown-table"]


def test_a_client_that_goes_away_in_its_body_changes_nothing(service):
    pipe = service.connect()
    pipe.send([sized(body=b'{"id":"gone"}')[:-1]])
    pipe.end()
    pipe = service.connect()
    pipe.send([get(first=b"GET /api/v1/data/t/gone HTTP/1.1")])
    assert pipe.answers()[0][:3] == "404"


@pytest.fixture(scope="module", params=FAST_PATHS)
def server(request):
    server = Server(
        "serve", "--fast-path", request.param, "--max-record-bytes", "100000", "--max-bulk-bytes", "1000000"
    )
    with server.client() as client:
        rows = [{"id": i, "text": "x" * 1000} for i in range(800)]
        assert client.post("/api/v1/data/large", json=rows).status_code == 201
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("path", ["data/large?limit=800", "dump/large", "join/large/large/id?as=a,b&limit=800"])
def test_http_1_0_gets_no_chunks(server, path):
    with wire(server) as connection:
        connection.send(request("GET", f"/api/v1/{path}").replace(b"HTTP/1.1", b"HTTP/1.0"))
        head, _, body = b"".join(iter(lambda: connection.sock.recv(65_536), b"")).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"\r\nconnection: close" in head
    found = json.loads(body)
    assert len(found if isinstance(found, list) else found["data"]) == 800


@pytest.mark.parametrize("megabytes", [1, 20, 60])
@pytest.mark.parametrize("way", ["PUT /api/v1/data/t/1", "POST /api/v1/data/t", "POST /api/v1/batch"])
def test_a_body_that_is_too_large_is_answered_however_large_it_is(server, megabytes, way):
    method, path = way.split()
    with wire(server) as connection:
        connection.sock.settimeout(30)
        connection.send(request(method, path, b'{"n":"%b"}' % (b"x" * (megabytes * 1024 * 1024))))
        answer = connection.read()  # all was sent, and none of it read meanwhile
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"\r\nconnection: close\r\n" in answer
        assert connection.is_closed()


def test_a_body_in_chunks_that_is_too_large_is_answered(server):
    head = request("PUT", "/api/v1/data/t/1", transfer_encoding="chunked", content_type="application/json")
    with wire(server) as connection:
        connection.sock.settimeout(30)
        connection.send(head + (b"100000\r\n%b\r\n" % (b"x" * 0x100000)) * 30 + b"0\r\n\r\n")
        assert connection.read().startswith(b"HTTP/1.1 413")
        assert connection.is_closed()


def test_a_client_that_closes_its_side_reads_its_answers(server):
    with wire(server) as connection:
        connection.send(request("GET", "/api/v1/data/large?limit=800") + request("GET", "/api/v1/dump/large") + LIVE)
        connection.sock.shutdown(socket.SHUT_WR)
        data = b"".join(iter(lambda: connection.sock.recv(65_536), b""))
    assert len(re.findall(rb"HTTP/1\.1 200 OK\r\n", data)) == 3
    assert data.endswith(b"}")


def test_a_request_behind_the_last_one_is_not_carried_out(server):
    with wire(server) as connection:
        connection.ask(request("PUT", "/api/v1/data/t/victim?upsert=true", b"{}"))
        connection.send(request("GET", "/api/v1/data/t/victim", Connection="close") + HIDDEN)
        assert connection.read().startswith(b"HTTP/1.1 200")
        assert connection.is_closed()
    with wire(server) as connection:
        assert connection.ask(request("GET", "/api/v1/data/t/victim")).startswith(b"HTTP/1.1 200")


EXPECTS = b"Expect: 100-continue"


@pytest.mark.parametrize("data", [sized(EXPECTS), sized(EXPECTS, body=b'{"n": 1234}')[:-3], chunked(b"7", EXPECTS)])
def test_whoever_sends_its_body_at_once_is_not_told_to(service, data):
    pipe = service.connect()
    pipe.send([data])
    assert b" 100 " not in pipe.written


def test_expect_means_nothing_in_http_1_0(service):
    pipe = service.connect()
    pipe.send([sized(EXPECTS, first=b"POST /api/v1/data/t HTTP/1.0")[:-3]])
    assert pipe.written == b""


@pytest.mark.parametrize(
    ("first", "answer"),
    [
        ("GET /none", "404 unknown-route"),
        ("POST /health", "405 method-not-allowed"),
        ("POST /api/v1/data/t", "401 unauthorized"),
    ],
)
@pytest.mark.parametrize("length", [b"9223372036854775807", b"9" * 4301])
def test_a_length_that_no_limit_allows_is_refused_in_its_turn(locked, first, answer, length):
    pipe = locked.connect()
    pipe.send([post(b"Content-Length: " + length, first=f"{first} HTTP/1.1".encode())])
    assert pipe.answers() == [answer]
    assert pipe.is_ended


@pytest.mark.parametrize(
    ("line", "limit"),
    [(b"7;" + b"a" * 5000, b"4096 bytes"), (b"7;" + b"a" * 5000 + b"\r\n", b"4096 bytes"), (b"0" * 16, b"15 digits")],
)
def test_a_chunk_line_that_is_too_long_is_told_the_limit(service, line, limit):
    pipe = service.connect()
    pipe.send([chunked(line)])
    assert pipe.answers() == ["400 malformed-request"]
    assert limit in pipe.written


def test_a_client_that_goes_away_is_counted_as_status_0_on_all_ways(service):
    pipe = service.connect()
    sent = sized(first=b"POST /api/v1/query/t HTTP/1.1")
    pipe.send([sent[:9], sent[9:-1]])
    pipe.end()
    service.run(asyncio.sleep(0.05))
    pipe = service.connect()
    pipe.send([get(first=b"GET /metrics HTTP/1.1")])
    assert b'operation="query_table",status="0"' in pipe.written
    assert b'status="499"' not in pipe.written


LONG = b'{"n":"%b"}' % (b"x" * 100_000)
SLOW = [
    sized(),
    sized(b"Connection: close"),
    sized(first=b"POST /api/v1/data/t HTTP/1.0"),
    sized(first=b"POST /api/v1/data/%74 HTTP/1.1"),
    sized(first=b"POST /api/v1/load HTTP/1.1"),
    sized(body=LONG),
    chunked(b'7\r\n{"n":'),
]


def wait(service, pipe, *, drip=b"", at_most_s=20.0):
    """Wait until the server answers or closes."""
    began = time.monotonic()
    while not (pipe.written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"") or pipe.is_ended):
        assert time.monotonic() - began < at_most_s
        pipe.send([drip] if drip else [])
        service.run(asyncio.sleep(0.05))


@pytest.mark.parametrize(("data", "drip"), [*((data, b"") for data in SLOW), (sized(body=LONG), b" ")])
def test_a_body_that_does_not_go_on_is_408_on_all_ways(service, monkeypatch, data, drip):
    wait_for(service, monkeypatch, body_s=0.3)
    pipe, began = service.connect(), time.monotonic()
    pipe.send([data[:-5].replace(LONG[:-5], LONG[:500])])
    wait(service, pipe, drip=drip)
    assert time.monotonic() - began > 0.2
    assert pipe.answers() == ["408 body-too-slow"]
    assert pipe.is_ended


def test_a_body_that_is_refused_is_noted_once_and_its_answer_has_the_id_that_was_sent(service, monkeypatch):
    wait_for(service, monkeypatch, body_s=0.3)
    noted = []
    monkeypatch.setattr(service.app.state.edge, "note", lambda exchange, operation, status: noted.append((operation, status)) or 0.0)  # fmt: skip
    path, name = b"POST /api/v1/query/t HTTP/1.1", b"X-Request-Id: mine"
    for data, status in ((sized(name, first=path)[:-1], 408), (chunked(b"1\r\n{}", name, first=path), 400)):
        pipe = service.connect()
        pipe.send([data[:-6], data[-6:]])
        wait(service, pipe)
        service.run(asyncio.sleep(0.05))
        assert noted.pop()[1] == status
        assert noted == []
        assert b"\r\nx-request-id: mine\r\n" in pipe.written


def test_a_body_that_was_asked_for_and_does_not_come_is_408(service, monkeypatch):
    wait_for(service, monkeypatch, body_s=0.3)
    pipe = service.connect()
    pipe.send([sized(EXPECTS)[: -len(b'{"n":1}')]])
    wait(service, pipe)
    assert pipe.answers() == ["408 body-too-slow"]


def test_a_body_that_goes_on_is_waited_for_however_long_it_takes(service, monkeypatch, pass_time):
    wait_for(service, monkeypatch, body_s=1.0)
    pipe, body = service.connect(), b'{"n":"%b"}' % (b"x" * 20_000)
    pipe.send([sized(body=body)[: -len(body)]])
    for at in range(0, len(body), 1000):
        pass_time(pipe, 0.9)
        pipe.send([body[at : at + 1000]])
    assert pipe.answers() == ["201"]


def test_a_client_that_is_kept_from_sending_has_its_time_anew(service, monkeypatch, pass_time):
    wait_for(service, monkeypatch, body_s=0.3)
    pipe = service.connect()
    pipe.send([sized(first=b"POST /api/v1/data/%74 HTTP/1.1")[:-5]])
    pipe._protocol.flow.pause_reading()
    pass_time(pipe, 0.6)
    pipe._protocol.ask_for_more()
    pass_time(pipe, 0.2)
    assert pipe.written == b""
    pipe.send([sized()[-5:]])
    assert pipe.answers() == ["201"]


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (post(b"Content-Length: 7"), "401 unauthorized"),
        (post(b"Content-Length: 7", KEY).replace(b"application/json", b"text/html"), "415 unsupported-media-type"),
        (post(b"Content-Length: 7", KEY, first=b"PUT /api/v1/data/t HTTP/1.1"), "405 method-not-allowed"),
        (post(b"Content-Length: 7", KEY, first=b"DELETE /api/v1/data/t/1 HTTP/1.1"), "400 unexpected-body"),
    ],
)
def test_what_needs_no_body_is_answered_before_the_body(locked, head, answer):
    pipe = locked.connect()
    pipe.send([head])
    wait(locked, pipe, at_most_s=10.0)
    assert pipe.answers() == [answer]
