"""The application under servers of others, which read the bytes in their own way: what can still be told is refused."""

import re
import subprocess
import sys

import pytest

from tests.data.http_cases import HIDDEN, LIVE, chunked, get, sized
from tests.wire import connect, request

PROGRAM = """
import asyncio, sys, uvicorn
from ramekin import Database
from ramekin.api.app import create_app

async def main():
    async with Database() as database:
        await database.insert("t", [{"id": "victim"}])
        config = uvicorn.Config(create_app(database), port=0, http=sys.argv[1], lifespan="off", log_level="info")
        await uvicorn.Server(config).serve()

asyncio.run(main())
"""
VICTIM = request("GET", "/api/v1/data/t/victim")


@pytest.fixture(scope="module", params=["httptools", "h11"])
def port(request):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, request.param], stderr=subprocess.PIPE, text=True)
    said = ""
    while not (found := re.search(r"running on http://127.0.0.1:(\d+)", said)):
        line = process.stderr.readline()
        assert line, said
        said += line
    yield int(found[1])
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.parametrize("coding", ["length", "chunks"])
@pytest.mark.parametrize("pieces", [1, 2, 1000])
def test_a_body_behind_an_offer_to_upgrade_is_refused_and_is_no_request(port, pieces, coding):
    lines = (b"Connection: Upgrade", b"Upgrade: foo")
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
    data = sized(*lines, body=HIDDEN) if coding == "length" else chunked(chunks, *lines)
    step = -(-len(data) // pieces)
    with connect(port) as connection:
        for at in range(0, len(data), step):
            try:
                connection.send(data[at : at + step])
            except ConnectionError:
                break  # closed already
        answer = connection.read()
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"malformed-request" in answer
        assert connection.is_closed()
    with connect(port) as connection:
        assert connection.ask(VICTIM).startswith(b"HTTP/1.1 200")


def test_an_offer_to_upgrade_without_a_body_is_ignored(port):
    with connect(port) as connection:
        assert connection.ask(get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c")).startswith(b"HTTP/1.1 200")
        assert connection.ask(LIVE).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "data",
    [
        get(host=b"Host:"),
        get(b"Authorization: Bearer a", b"Authorization: Bearer b"),
        sized(b"Content-Type: text/csv"),
    ],
    ids=["an empty Host", "two keys", "two types"],
)
def test_what_could_be_read_in_two_ways_is_refused(port, data):
    with connect(port) as connection:
        answer = connection.ask(data)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"malformed-request" in answer
        assert connection.is_closed()
