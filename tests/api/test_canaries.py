"""What was sent is in no log: not the key, not the record, whoever writes the log and whatever went wrong."""

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import types
from itertools import product

import pytest

from ramekin.api.app import create_app
from ramekin.cli import logs
from ramekin.errors.stacks import stack_of
from tests.conftest import Server, start_database
from tests.data.http_cases import get, post, sized
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.wire import request, wire

CANARY, KEY = "canary-in-a-record", "canary-of-a-key"
BODY = json.dumps({"id": CANARY, "name": CANARY}).encode()
AUTHORIZATION = f"Authorization: Bearer {KEY}".encode()


class Odd(Exception):
    def __str__(self):
        return f"in words: {CANARY}"

    __repr__ = __str__


def broken(*arguments, **_):
    name = CANARY
    try:
        {}[name]
    except KeyError as error:
        error.add_note(CANARY)
        raise Odd(arguments) from error


@pytest.fixture
def log():
    """Return what the server's own log, in JSON, has got."""
    ours, theirs = os.pipe()
    before = logging.getLogger().handlers[:]
    handler = logs.configure("json", theirs)
    yield lambda: os.read(ours, 1_000_000).decode()
    handler.close()
    logging.getLogger().handlers[:] = before
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("way", WAYS)
def test_a_fault_is_told_by_its_stack_alone(way, log, monkeypatch):
    service = Service(way, keys=[KEY], has_access_log=True)
    for method in ("apply_now", "get_now", "insert"):
        monkeypatch.setattr(service.database, method, broken)
    for data in (
        sized(AUTHORIZATION, body=BODY),
        get(AUTHORIZATION, first=b"GET /api/v1/data/t/%b?select=%b HTTP/1.1" % (b"x", CANARY.encode())),
        sized(AUTHORIZATION, body=b"[%b]" % BODY),
    ):
        pipe = service.connect()
        pipe.send([data])
        assert pipe.answers() == ["500 internal-error"]
        assert CANARY.encode() not in pipe.written
    service.close()
    lines = []
    while len(lines) < 6:
        lines += [json.loads(line) for line in log().splitlines()]
    failed = [line for line in lines if line["event"] == "request failed"]
    assert len(failed) == 3
    for line in failed:
        assert {"request_id", "method", "level", "timestamp", "exception"} <= line.keys()
        assert "builtins.KeyError" in line["exception"]
        assert line["exception"].endswith("test_canaries.Odd")
        assert "in broken" in line["exception"]
    assert CANARY not in json.dumps(lines)
    assert KEY not in json.dumps(lines)


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_in_no_answer(way, log):
    """Whatever is asked, with a right key, a wrong one, or one in an address, and whatever comes of it."""
    secret, wrong = "canary-right", "canary-wrong"
    service = Service(
        way, keys=[f"app:read:t={secret}", f"all:admin={secret}-2"], has_access_log=True, rate_limit="200/hour"
    )
    service.run(service.database.insert("t", [{"id": 1}, {"id": 2}]))
    for key, first in product(
        (secret, f"{secret}-2", wrong),
        ("GET /api/v1/data/t/1", "GET /api/v1/data/t?limit=1", "GET /api/v1/data/u/1", "DELETE /api/v1/data/t/1", "DELETE /api/v1/tables/none",
         "GET /api/v1/tables", "GET /metrics", "GET /openapi.json", "GET /health", "GET /docs", "GET /problems", "GET /none", "PUT /health", "OPTIONS /api/v1/data/t"),
    ):  # fmt: skip
        pipe = service.connect()
        pipe.send([get(f"Authorization: Bearer {key}".encode(), first=f"{first} HTTP/1.1".encode())])
        assert pipe.written
        assert b"canary" not in pipe.written, first
    for name in ("key", "api_key", "access_token"):
        pipe = service.connect()
        pipe.send([get(first=f"GET /api/v1/data/t?{name}={secret} HTTP/1.1".encode())])
        assert pipe.answers() == ["401 unauthorized"]
        assert b"canary" not in pipe.written
    service.close()
    logging.getLogger().info("the end")
    told = ""
    while "the end" not in told:
        told += log()
    assert "audit" in told
    assert "canary" not in told


def texts_in(root):
    """Yield the texts in all that an object leads to, but for code."""
    seen, left = set(), [root]
    while left:
        each = left.pop()
        if id(each) not in seen and not isinstance(each, type | types.ModuleType | types.FunctionType):
            seen.add(id(each))
            left += gc.get_referents(each)
            if isinstance(each, str | bytes):
                yield each if isinstance(each, bytes) else each.encode()


@pytest.mark.parametrize("way", WAYS)
def test_no_key_is_remembered(way):
    """Of what clients send again and again the heads are remembered, and of the keys in them their hashes."""
    service = Service(way, keys=["canary-right"])
    for key in ("canary-right", "canary-wrong") * 2:
        pipe = service.connect()
        pipe.send([get(f"Authorization: Bearer {key}".encode(), b"X-Mark: mark-of-a-head")])
        pipe.end()
    told = b" ".join(texts_in(service.app.state.short_way))
    assert b"mark-of-a-head" in told
    assert b"canary" not in told
    service.close()


def test_a_stack_tells_of_what_an_error_came_from_and_ends():
    first, second = ValueError(CANARY), TypeError(CANARY)
    first.__context__, second.__cause__ = second, first  # round and round
    assert stack_of(first).splitlines()[-1] == "builtins.ValueError"
    assert stack_of(first).count("Traceback") == 2
    first.__suppress_context__ = True
    assert stack_of(first).count("Traceback") == 1
    assert CANARY not in stack_of(first)


def test_the_log_has_our_own_words_for_a_program_that_uses_a_database_wrongly(caplog):
    """Or whoever runs a test client in threads reads nothing but `RuntimeError`."""
    database = start_database()
    client = InsideClient(create_app(database), raise_server_exceptions=False)

    async def use():
        await database.tables()
        return await asyncio.to_thread(client.get, "/api/v1/tables")

    assert asyncio.run(use()).status_code == 500
    assert "another event loop, which runs; hand the call over" in caplog.text


def test_libraries_that_log_an_error_are_kept_short_too(log):
    try:
        raise Odd
    except Odd:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    told = log()
    assert "test_canaries.Odd" in told
    assert CANARY not in told


PROGRAM = """
import asyncio, logging, sys, uvicorn
from ramekin import Database
from ramekin.api.app import create_app

if sys.argv[1] == "logging":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
if sys.argv[1] == "structlog":
    import structlog
    structlog.get_logger().info("begun")

def broken(*arguments, **_):
    name = arguments
    raise KeyError(*map(str, arguments))

async def main():
    async with Database() as database:
        app = create_app(database, keys=["canary-of-a-key"], has_access_log=True)
        database.apply_now = database.get_now = database.find = broken
        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes.fromhex(sys.argv[2]))
        print(await reader.read(12))
        server.should_exit = True
        writer.close()
        await serving

asyncio.run(main())
"""


@pytest.mark.parametrize("setting", ["nothing", "logging", "structlog"])
def test_a_larger_program_finds_the_stack_in_its_own_log_and_nothing_on_its_output(setting):
    data = sized(AUTHORIZATION, body=BODY)
    command = [sys.executable, "-c", PROGRAM, setting, data.hex()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110)
    said = [line for line in ran.stdout.splitlines() if "begun" not in line]
    assert said == ["b'HTTP/1.1 500'"], ran.stdout + ran.stderr
    assert "request failed" in ran.stderr
    assert "in broken" in ran.stderr
    assert "builtins.KeyError" in ran.stderr
    for word in (CANARY, KEY):
        assert word not in ran.stdout + ran.stderr


def test_the_log_of_a_server_holds_no_key_and_no_record_whatever_is_sent():
    environment = {"RAMEKIN_API_KEY": f"{KEY},{KEY}-2"}
    server = Server("serve", "--access-log", "--log-format", "json", environment=environment)
    for data in (
        sized(AUTHORIZATION, body=BODY),
        sized(AUTHORIZATION, body=BODY),
        sized(AUTHORIZATION, body=BODY[:-1]),
        sized(b"Authorization: Bearer " + CANARY.encode(), body=BODY),
        request("GET", f"/api/v1/data/t?name={CANARY}&key={KEY}", authorization=f"Bearer {KEY}"),
        request("GET", f"/api/v1/data/t?where={{%22name%22:%22{CANARY}%22}}", authorization=f"Bearer {KEY}"),
        post(AUTHORIZATION, b"Content-Length: 5", first=b"POST /api/v1/load HTTP/1.1") + b"[[[[[",
        b"GET /?k=%b HTTP/1.1\r\nX: %b\0\r\n\r\n" % (KEY.encode(), CANARY.encode()),
        CANARY.encode() * 4000,
    ):
        with wire(server) as connection:
            connection.ask(data)
    server.process.terminate()
    out, err = server.process.communicate(timeout=30)
    assert err.count('"event": "request"') == 9
    for word in (CANARY, KEY):
        assert word not in out + err
