"""The three ways to an endpoint (FastAPI alone, short in ASGI, short below it) answer with the same bytes."""

import asyncio
import json
import re
import threading
from contextlib import ExitStack, contextmanager

import httpx2
import pytest
from fastapi import Depends

from ramekin.api.app import create_app
from ramekin.api.declared.endpoint import Endpoint
from ramekin.api.wire.asgi import RecordEndpoints
from tests.conftest import MODELS, Server, start_database
from tests.pipe import WAYS as PIPES
from tests.pipe import Service
from tests.together import Together, whole
from tests.wire import request, wire

WAYS = ("off", "asgi", "protocol")
GADGET = b'{"id":7,"Label":"seven","parts":[{"code":"a","weight":1.5}]}'


@contextmanager
def three(*options):
    """Start a server for each way."""
    with ExitStack() as stack:
        servers = [Server("serve", "--models", MODELS, "--fast-path", way, *options) for way in WAYS]
        for server in servers:
            stack.callback(server.stop)
        yield servers


@pytest.fixture(scope="module")
def ways():
    with three("--access-log", "--log-format", "json", "--max-record-bytes", "2000") as servers:
        yield servers


def plain(answer):
    """Return an answer without what differs from run to run: dates, seconds, weak tags, ids that were made."""
    answer = re.sub(rb"date: [^\r]*\r\n", b"", answer)
    answer = re.sub(rb"[0-9a-f]{12,}-\d+", b"made", answer)
    if b'"instance":"made"' in answer:  # whose number grows by a digit now and then
        answer = re.sub(rb"content-length: \d+\r\n", b"", answer)
    return re.sub(rb'W/"[0-9a-f]{8}-', b'W/"-', re.sub(rb"(;t=|retry-after: )\d+", rb"\1n", answer))


def ask(server, data):
    with wire(server) as connection:
        return connection.ask(data)


def assert_same(servers, data):
    """Send a request all three ways, and return the one answer."""
    answers = [plain(whole(ask(server, data))) for server in servers]
    assert answers[0] == answers[1], data
    assert answers[0] == answers[2], data
    return answers[0]


RECORDS = [
    ("POST", "/api/v1/data/free", b'{"id":1,"name":"one","n":[1,2.5,null]}'),
    ("POST", "/api/v1/data/free", b'{"id":1}'),
    ("POST", "/api/v1/data/free?on_conflict=merge", b'{"id":1,"more":true}'),
    ("POST", "/api/v1/data/free?on_conflict=what", b'{"id":1}'),
    ("POST", "/api/v1/data/free", b'[{"id":"a"},{"id":"b"}]'),
    ("POST", "/api/v1/data/free", b'[{"id":"a"},{"id":"c"}]'),
    ("POST", "/api/v1/data/free", b'{"id":1,"id":2}'),
    ("POST", "/api/v1/data/free", b"{"),
    ("POST", "/api/v1/data/free", b""),
    ("POST", "/api/v1/data/free", b'{"text":"%b"}' % (b"x" * 2000)),
    ("POST", "/api/v1/data/9bad", b'{"id":1}'),
    ("POST", "/api/v1/data/gadgets", GADGET),
    ("POST", "/api/v1/data/gadgets", b'{"id":"7","Label":""}'),
    ("GET", "/api/v1/data/free/1", None),
    ("HEAD", "/api/v1/data/free/1", None),
    ("GET", "/api/v1/data/free/1?select=name,n.1", None),
    ("GET", "/api/v1/data/free/1?selekt=name", None),
    ("GET", "/api/v1/data/free/none", None),
    ("HEAD", "/api/v1/data/free/none", None),
    ("GET", "/api/v1/data/fre/1", None),
    ("GET", "/api/v1/data/free/a%20b", None),
    ("GET", "/api/v1/data/free/%ff", None),
    ("GET", "/api/v1/data/free/1/2", None),
    ("GET", "/api/v1/data/free/", None),
    ("GET", "/api/v1/data/free?limit=2&count=true", None),
    ("HEAD", "/api/v1/data/free", None),
    ("GET", "/api/v1/data/", None),
    ("GET", "/api/v1/data/gadgets/7", None),
    ("GET", "/api/v1/data/gadgets/x", None),
    ("PUT", "/api/v1/data/free/1", b'{"name":"uno"}'),
    ("PUT", "/api/v1/data/free/1", b'{"id":2}'),
    ("PUT", "/api/v1/data/free/new", b"{}"),
    ("PUT", "/api/v1/data/free/new?upsert=true", b"{}"),
    ("PUT", "/api/v1/data/free/new?upsert=perhaps", b"{}"),
    ("PUT", "/api/v1/data/free/1", b"[]"),
    ("PATCH", "/api/v1/data/free/1", b'{"name":null,"x":1e2}'),
    ("PATCH", "/api/v1/data/free/none", b"{}"),
    ("PATCH", "/api/v1/data/free/1", b"1e999"),
    ("DELETE", "/api/v1/data/free/1", b"{}"),
    ("DELETE", "/api/v1/data/free/1", None),
    ("DELETE", "/api/v1/data/free/1", None),
    ("DELETE", "/api/v1/data/free/b?x=1", None),
    ("TRACE", "/api/v1/data/free/b", None),
    ("POST", "/api/v1/data/free/b", b"{}"),
    ("OPTIONS", "/api/v1/data/free/b", None),
]


@pytest.mark.parametrize(("method", "path", "body"), RECORDS, ids=lambda value: str(value)[:60])
def test_each_request_has_one_answer(ways, method, path, body):
    assert_same(ways, request(method, path, body, x_request_id="r"))


@pytest.mark.parametrize(
    "headers",
    [
        {"if_none_match": "*"},
        {"if_none_match": '"x", W/"y"'},
        {"if_none_match": "x"},
        {"if_match": '"x"'},
        {"if_match": "*"},
        {"if_match": 'W/"x"'},
        {"if_match": "x"},
        {"if_unmodified_since": "Wed, 21 Oct 2026 07:28:00 GMT"},
        {"content_range": "bytes 0-1/2"},
        {"accept": "text/html"},
        {"accept": "text/html, */*;q=0.1"},
        {"accept": "application/json;q=2e"},
        {"prefer": "return=minimal"},
        {"content_encoding": "gzip"},
        {"transfer_encoding": "identity"},
        {"x_request_id": "a b"},
        {"x_forwarded_for": "10.1.2.3"},
        {"connection": "keep-alive"},
        {"cookie": "a=b", "user_agent": "\xe9"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("HEAD", None), ("PUT", b"{}"), ("PATCH", b"{}"), ("DELETE", None)]
)
def test_headers_mean_the_same(ways, method, body, headers):
    for server in ways:
        ask(server, request("PUT", "/api/v1/data/h/1?upsert=true", b'{"a":1}'))
    answer = assert_same(ways, request(method, "/api/v1/data/h/1", body, **({"x_request_id": "r"} | headers)))
    assert b" 5" not in answer[:12]


@pytest.mark.parametrize("headers", [{"if_match": '"x"'}, {"if_none_match": "*"}, {"if_none_match": "x"}], ids=str)
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("HEAD", None), ("POST", b"{}"), ("POST", b"[]")])
def test_preconditions_on_a_table_mean_the_same(ways, method, body, headers):
    assert_same(ways, request(method, "/api/v1/data/h", body, **({"x_request_id": "r"} | headers)))


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/json; charset=utf-8", "application/json; charset=latin1"]
)
def test_media_types_mean_the_same(ways, kind):
    assert_same(ways, request("PUT", "/api/v1/data/h/1", b"{}", kind=kind, x_request_id="r"))


def test_a_header_that_stands_twice_means_the_same(ways):
    for line in (b"If-Match: *", b"Content-Type: application/json", b"Accept: application/json"):
        data = request("PUT", "/api/v1/data/h/1", b"{}", x_request_id="r", if_match='"x"', accept="text/csv")
        assert_same(ways, data.replace(b"Host: localhost", b"Host: localhost\r\n" + line))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/csv"])
def test_a_page_that_is_written_in_pieces_is_the_same(ways, method, kind):
    rows = [{"id": i, "text": "x" * 1500} for i in range(400)]
    body = json.dumps(rows).encode()
    for server in ways:
        ask(server, request("POST", "/api/v1/data/large?on_conflict=replace", body))
    answer = assert_same(ways, request(method, "/api/v1/data/large?limit=400", headers={"accept": kind}))
    assert b"transfer-encoding: chunked" in answer or method == "HEAD"
    assert (answer.count(b"x" * 1500) == 400) == (method == "GET")


def test_what_is_counted_and_logged_is_the_same(ways):
    told, counted = [], []
    for server in ways:
        ask(server, request("GET", "/api/v1/data/none/1", x_request_id="before"))
        ask(server, request("PUT", "/api/v1/data/log/1?upsert=true", b"{}", x_request_id="put"))
        ask(server, request("GET", "/api/v1/data/log/1", x_request_id="get"))
        lines = []
        while not lines or lines[-1].get("request_id") != "get":
            lines.append(json.loads(server.process.stderr.readline()))
        last = next(place for place, line in enumerate(lines) if line.get("request_id") == "before")
        told.append(
            [{k: v for k, v in line.items() if k not in ("milliseconds", "timestamp")} for line in lines[last:]]
        )
        text = ask(server, request("GET", "/metrics")).decode()
        counted.append(sorted(re.findall(r"duration_seconds_count(\{.*?\} \S+)", text)))
    assert [line["status"] for line in told[0]] == [404, 201, 200]
    assert told[0] == told[1] == told[2]
    assert any('operation="put_record",status="201"' in line for line in counted[0])
    assert counted[0] == counted[1] == counted[2]


def test_limits_and_keys_mean_the_same():
    with three("--rate-limit", "4/hour", "--api-key", "secret") as servers:
        read = "/api/v1/data/users/018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
            assert b" 401 " in assert_same(servers, request("GET", read, x_request_id="r", **headers))
        for status in (b"404", b"404", b"404", b"404", b"429", b"429"):
            answer = assert_same(servers, request("GET", read, x_request_id="r", authorization="Bearer secret"))
            assert answer.startswith(b"HTTP/1.1 " + status)
        assert b" 405 " in assert_same(
            servers, request("POST", read, b"{}", x_request_id="r", authorization="Bearer secret")
        )


def test_a_route_of_records_with_a_dependency_stops_the_start():
    app = create_app(start_database())
    [route] = [route for route in app.routes if route.name == "put_record"]
    app.add_api_route(route.path, route.endpoint, methods=["PUT"], dependencies=[Depends(lambda: None)])
    with pytest.raises(TypeError, match="dependencies"):
        RecordEndpoints(app, app.state.context)


def test_a_route_of_records_with_a_parameter_of_its_own_stops_the_start():
    app = create_app(start_database())
    [route] = [route for route in app.routes if route.name == "put_record"]

    async def with_more(table: str, id: str, more: int = 0): ...

    with_more.endpoint = route.endpoint.endpoint
    app.add_api_route(route.path, with_more, methods=["PUT"])
    with pytest.raises(TypeError, match="parameters"):
        RecordEndpoints(app, app.state.context)


@pytest.fixture
def below():
    service = Service("below ASGI")
    yield service
    service.close()


@pytest.mark.parametrize("way", PIPES)
def test_a_database_that_another_loop_uses_is_not_touched(way):
    service = Service(way)
    asked, answered = threading.Event(), threading.Event()

    async def elsewhere():
        await service.database.insert("t", {"id": 1})
        asked.set()
        while not answered.is_set():
            await asyncio.sleep(0.001)

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    asked.wait()
    pipe = service.connect()
    for data in (request("GET", "/api/v1/data/t/1"), request("DELETE", "/api/v1/data/t/1")):
        pipe.send([data])
    answered.set()
    thread.join()
    assert pipe.answers() == ["500 internal-error"] * 2
    pipe = service.connect()
    pipe.send([request("GET", "/api/v1/data/t/1")])
    assert pipe.written.startswith(b"HTTP/1.1 200 ")
    service.close()


KNOWN = [
    request("PUT", "/api/v1/data/t/1?upsert=true", b'{"n":1}'),
    request("PUT", "/api/v1/data/t/1", b'{"n":1}'),
    request("GET", "/api/v1/data/t/1"),
    request("GET", "/api/v1/data/t"),
    request("POST", "/api/v1/data/t", b'{"id":1,"n":1}'),
    request("PATCH", "/api/v1/data/t/1", b'{"n":1}'),
]


def connected(service, *, has_asked):
    """Connect, and ask for something first, or not: of a connection the last head is remembered."""
    pipe = service.connect()
    if has_asked:
        pipe.send([KNOWN[2]])
        pipe.written = b""
    return pipe


@pytest.mark.parametrize("has_asked", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("data", KNOWN[1:], ids=lambda data: data[:25].decode().partition(" HTTP")[0])
def test_a_request_like_one_before_is_answered_once_wherever_it_is_cut(below, data, has_asked):
    def sent(*pieces):
        pipe = connected(below, has_asked=has_asked)
        pipe.send(pieces)
        return plain(pipe.written)

    for known in KNOWN:
        sent(known)
    whole = sent(data)
    assert whole.count(b"HTTP/1.1 ") == 1
    for at in range(1, len(data)):
        assert sent(data[:at], data[at:]) == whole, data[at - 20 : at]
        assert sent(data[:at]) == b"", data[:at]
    assert sent(data + data) == whole + whole


def statuses(pipe):
    return re.findall(rb"HTTP/1.1 (\d+)", pipe.written)


def test_a_request_like_one_before_overtakes_nothing(below):
    put, read, bulk = KNOWN[0], KNOWN[2], request("POST", "/api/v1/data/t", b'[{"id":8},{"id":9}]')
    last = request("GET", "/api/v1/data/t/1", Connection="close")
    pipe = below.connect()
    pipe.send([put, read, read, bulk, read, last, read])
    assert statuses(pipe) == [b"201", b"200", b"200", b"201", b"200", b"200"]
    pipe = connected(below, has_asked=True)
    pipe._protocol.pause_writing()
    pipe.send([read])
    assert statuses(pipe) == []
    pipe._protocol.resume_writing()
    assert statuses(pipe) == [b"200"]
    pipe._protocol.shutdown()
    pipe.send([read, read])
    assert statuses(pipe) == [b"200"] * 2


def test_a_request_like_one_before_waits_for_that_one(below, monkeypatch):
    below.connect().send([KNOWN[0], KNOWN[2]])
    monkeypatch.setattr(below.app.state.short_way, "ask", Endpoint.ask_anew)
    turns = iter([0, 3, 0])

    async def refresh():
        for _ in range(next(turns)):
            await asyncio.sleep(0)

    monkeypatch.setattr(below.database.engine.tables, "refresh", refresh)
    pipe = connected(below, has_asked=True)
    pipe.send([KNOWN[2], request("GET", "/api/v1/data/t/none")])
    assert statuses(pipe) == [b"200", b"404"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("POST", "/api/v1/query/t", b"{}"), 200),
        (request("GET", "/api/v1/query/t"), 405),
        (request("POST", "/api/v1/data/t/1", b"{}"), 405),
        (request("DELETE", "/api/v1/data/t"), 400),
        (request("GET", "/api/v1/data/t/1/2"), 404),
        (request("GET", "/api/v1/data/t/1?x=1"), 400),
        (request("GET", "/api/v1/data/t/%31"), 200),
        (request("GET", "/api/v1/data/t/"), 404),
        (request("GET", "/api/v1/data//1"), 404),
        (request("GET", "/api/v1/data/t/1 "), 400),
        (request("GET", "/api/v1/data/t/" + "1" * 600), 404),
        (request("GET", "/api/v1/data/t/1", b"{}"), 200),
        (request("GET", "/api/v1/data/t/1").replace(b" HTTP", b"\n HTTP"), 400),
        (request("POST", "/api/v1/data/t"), 415),
        (request("POST", "/api/v1/data/t", KNOWN[2]), 400),
        (request("PUT", "/api/v1/data/t/1", b"/1" + KNOWN[2][KNOWN[2].index(b" HTTP") :]), 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_remembered_of_addresses_answers_no_others(below, data, status):
    """A place that is remembered by its last part alone would answer others that end in the same way."""
    for known in KNOWN * 2:
        below.connect().send([known])
    for has_asked in (False, True):
        pipe = connected(below, has_asked=has_asked)
        pipe.send([data])
        assert pipe.written.startswith(b"HTTP/1.1 %d " % status), pipe.written
        assert pipe.written.count(b"HTTP/1.1 ") == 1


def test_a_way_that_answers_otherwise_is_noticed():
    transport = Together()
    transport._services[1].database._engine.tables.lineage = "another"
    with httpx2.Client(transport=transport, base_url="http://127.0.0.1:8000") as client:
        client.put("/api/v1/data/t/1?upsert=true", json={})
        with pytest.raises(AssertionError, match="short way in ASGI answers"):
            client.get("/api/v1/data/t")
