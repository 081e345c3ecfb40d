"""How much work a request is, counted in calls of functions: a slow-down shows here on any machine, however noisy.

The numbers are what it took when they were written, and a little more. A change that makes one larger needs a reason.
"""

import asyncio
import gc
import sys
import time
from contextlib import contextmanager

import pytest
import uvicorn
from uvicorn.server import ServerState

from ramekin.api.app import create_app
from ramekin.api.edge import edge
from ramekin.api.wire import protocol as wire
from ramekin.api.wire.protocol import RecordProtocol
from ramekin.api.wire.short_way import ShortWay
from ramekin.engine.embedded import Embedded
from tests.conftest import start_database
from tests.wire import request

RECORD = b'{"name":"Ada Lovelace","age":36,"address":{"city":"London"},"tags":["a","b"]}'


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.written = b""

    def write(self, data):
        self.written = data

    def is_closing(self):
        return False

    def pause_reading(self): ...
    def resume_reading(self): ...


def count_calls(work):
    """Return how many functions a piece of work calls: what it does, whatever the machine, and what the collector."""
    calls = 0

    def profile(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.fixture
def ask():
    with asking() as send:
        yield send


@contextmanager
def asking(*, in_order=False, **options):
    """Send a request to the protocol five times; return the last answer and the fewest calls that one took.

    The first ones fill what is remembered. Time stands still: an id that begins a new millisecond takes a few calls
    more, and so does counting a request that took long, which on a slow machine all do.
    """
    loop = asyncio.new_event_loop()
    database = start_database(engine=Embedded(memory_limit_bytes=2**30))  # as a server has one
    asyncio.run(database.insert("t", [{"id": 1}]))
    if in_order:
        asyncio.run(database.find("t"))
    app = create_app(database, **options)
    app.state.short_way = ShortWay(app.state.record_endpoints, app.state.edge)
    config = uvicorn.Config(app, http=RecordProtocol, lifespan="off", log_config=None)
    config.load()
    protocol, transport = RecordProtocol(config, ServerState(), {}, loop), Transport()
    protocol.connection_made(transport)

    def send(data):
        counted = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time_ns", lambda: 1_767_225_600 * 10**9)
            patch.setattr(wire, "stopwatch_s", lambda: 0.0)
            patch.setattr(edge, "stopwatch_s", lambda: 0.0)
            loop.call_soon(lambda: counted.extend(count_calls(lambda: protocol.data_received(data)) for _ in range(5)))
            loop.call_soon(loop.stop)
            loop.run_forever()
        return transport.written, min(counted)

    yield send
    loop.close()


@pytest.mark.parametrize(
    ("data", "status", "most"),
    [
        (request("GET", "/api/v1/data/t/1"), 200, 26),
        (request("HEAD", "/api/v1/data/t/1"), 200, 26),
        (request("GET", "/api/v1/data/t/none"), 404, 58),
        (request("POST", "/api/v1/data/t", RECORD), 201, 69),
        (request("PUT", "/api/v1/data/t/1", RECORD), 200, 61),
        (request("PATCH", "/api/v1/data/t/1", b'{"age":37}'), 200, 64),
    ],
    ids=["GET", "HEAD", "404", "POST", "PUT", "PATCH"],
)
def test_a_request_is_no_more_work_than_it_was(ask, data, status, most):
    ask(request("PUT", "/api/v1/data/t/1?upsert=true", RECORD))
    answer, calls = ask(data)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert calls <= most, f"{calls} calls"


CLIENTS = {
    "curl": "User-Agent: curl/7.88.1\r\nAccept: */*\r\n",
    "requests": "User-Agent: python-requests/2.32.5\r\nAccept-Encoding: gzip, deflate, br\r\nAccept: */*\r\n"
    "Connection: keep-alive\r\n",
    "httpx": "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: python-httpx/0.28.1\r\n",
    "axios": "Accept: application/json, text/plain, */*\r\nUser-Agent: axios/1.13.2\r\n"
    "Accept-Encoding: gzip, compress, deflate, br\r\nConnection: keep-alive\r\n",
    "browser": 'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\nUser-Agent: Mozilla/5.0 '
    "(X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\nAccept: */*\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
    "Referer: http://localhost/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n",
    "Go": "User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n",
}


@pytest.mark.parametrize("headers", CLIENTS.values(), ids=CLIENTS)
def test_headers_as_clients_send_them_are_no_more_work(ask, headers):
    ask(request("PUT", "/api/v1/data/t/1?upsert=true", RECORD))
    for plain in (request("GET", "/api/v1/data/t/1"), request("PUT", "/api/v1/data/t/1", RECORD)):
        line, _, rest = plain.partition(b"\r\n")
        answer, calls = ask(line + b"\r\n" + headers.encode() + rest)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert calls <= ask(plain)[1]


def test_a_record_of_a_plain_model_is_read_and_printed_once(ask):
    answer, calls = ask(
        request("POST", "/api/v1/data/users", b'{"email":"ada@example.com","full_name":"Ada","age":36}')
    )
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert calls <= 99, f"{calls} calls"


def test_a_model_is_not_asked_for_an_id_that_the_address_has_already(ask):
    gadget = b'{"id":7,"Label":"seven"}'
    ask(request("POST", "/api/v1/data/gadgets", gadget))
    answer, calls = ask(request("PUT", "/api/v1/data/gadgets/7", gadget))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert calls <= 78, f"{calls} calls"


def test_a_new_record_takes_its_place_in_the_order_of_ids_in_few_calls(ask):
    with asking(in_order=True) as ask_in_order:
        for data, more in (
            (request("POST", "/api/v1/data/t", RECORD), 3),
            (request("PUT", "/api/v1/data/t/1", RECORD), 0),
        ):
            assert ask_in_order(data)[1] <= ask(data)[1] + more


def test_work_does_not_grow_with_the_table(ask):
    few = ask(request("POST", "/api/v1/data/t", RECORD))[1]
    for i in range(2000):
        ask(request("PUT", f"/api/v1/data/t/{i}?upsert=true", b"{}"))
    assert ask(request("POST", "/api/v1/data/t", RECORD))[1] <= few + 2


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({"keys": ["app:read:t,other*=secret", *[f"key{i}:admin=secret-{i}" for i in range(200)]]}, 58),
        ({"keys": ["secret"], "rate_limit": "1000000/second"}, 60),
        ({"cors_origins": ["https://app.example.com"]}, 45),
    ],
    ids=["keys", "a limit", "named origins"],
)
def test_what_is_asked_at_the_edge_is_a_few_calls_however_many_keys_there_are(options, most):
    with asking(**options) as ask:
        data = request("GET", "/api/v1/data/t/1").replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer secret\r\n\r\n")
        answer, calls = ask(data)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert calls <= most, f"{calls} calls"
