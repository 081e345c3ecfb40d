"""A client that goes away stops its work within 100 ms, whatever it asked for, and nothing of a change is applied.

Measured on a server, by a socket that is closed: how much processor time the server still uses. What stops is work of a
second and more, so that it is under way when its client leaves.
"""

import json
import socket
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.conftest import Server

RECORDS = 40_000
BEGUN_S, MOST_S = 0.05, 0.15
"""Work that is done when the client leaves, and that may be done afterwards: 100 ms, and what frees its memory."""

MANY = [f'{{"id":{i},"g":"group {i // 2}","n":{i},"c":1}}\n'.encode() for i in range(3 * RECORDS)]
LINES, MORE_LINES = b"".join(MANY[:RECORDS]), b"".join(MANY)
TABLE = b"id,g,n,c\n" + b"".join(b"%d,group %d,%d,1\n" % (i, i // 2, i) for i in range(3 * RECORDS))
ARRAY = b"[" + MORE_LINES.replace(b"\n", b",")[:-1] + b"]"
PATCHES = [{"op": "patch", "table": "t", "id": i, "record": {"c": 2}} for i in range(RECORDS)]
COLUMNS = {f"{name}{i}": f"{name}:n" for name in ("sum", "avg", "min") for i in range(30)}
SCHEMA = {"schema": {"allOf": [{"properties": {"g": {"pattern": f"^group [0-9]+$|^{i}$"}}} for i in range(99)]}}
ODD = {"where": {"or": [{"g": {"contains": f"no {i}"}} for i in range(99)]}, "limit": 1}

REQUESTS = {
    "bulk": ("POST", "/api/v1/data/new", MORE_LINES),
    "bulk as JSON": ("POST", "/api/v1/data/new", ARRAY),
    "bulk as CSV": ("POST", "/api/v1/data/new", TABLE),
    "batch": ("POST", "/api/v1/batch", json.dumps({"operations": PATCHES}).encode()),
    "load": ("POST", "/api/v1/load", b'{"new":' + ARRAY + b',"more":' + ARRAY + b"}"),
    "change": ("PATCH", "/api/v1/data/t?c=1", b'{"c":3}'),
    "list": ("POST", "/api/v1/query/t", json.dumps(ODD).encode()),
    "sort": ("GET", "/api/v1/data/t?" + "sort=" + ",".join(f"-n{i}" for i in range(90)) + ",-g,n&limit=1", b""),
    "definition": ("PUT", "/api/v1/tables/t", json.dumps(SCHEMA).encode()),
    "groups": ("POST", "/api/v1/query/t", json.dumps({"group_by": ["g"], "aggregate": COLUMNS}).encode()),
    "join": ("GET", "/api/v1/join/t/t/c=c?as=a,b&sort=-a.n,b.n&b.n:ne=-1", b""),
}
MEDIA = {"bulk": "application/x-ndjson", "bulk as CSV": "text/csv", "change": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def server():
    server = Server("serve")
    with server.client() as client:
        words = {"content-type": "application/x-ndjson", "prefer": "return=minimal"}
        assert client.post("/api/v1/data/t", content=LINES, headers=words).json() == {"count": RECORDS}
    yield server
    assert server.stop() == 0


def used_s(server):
    """Return the seconds of processor time that the server's event loop has used."""
    pid = server.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def when_idle_s(server):
    """Return what the server has used once it does nothing any more."""
    used, until, quiet = used_s(server), monotonic() + 60, 0
    while quiet < 4 and monotonic() < until:
        sleep(0.05)
        before, used = used, used_s(server)
        quiet = quiet + 1 if used - before < 0.004 else 0
    return used


def wait_until_read(connection):
    """Wait until the server has read all that was sent: of what lies before it, it cannot know whether it is the end."""
    ends = [f":{connection.getpeername()[1]:04X}", f":{connection.getsockname()[1]:04X}"]
    until = monotonic() + 60
    while monotonic() < until:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        unread = [words[4] for words in lines if words[1].endswith(ends[0]) and words[2].endswith(ends[1])]
        unsent = [words[4] for words in lines if words[1].endswith(ends[1]) and words[2].endswith(ends[0])]
        if unread and unread[0].endswith(":00000000") and unsent[0].startswith("00000000:"):
            return
        sleep(0.002)


@pytest.mark.parametrize(
    "name", [name if name in ("bulk", "groups") else pytest.param(name, marks=pytest.mark.long) for name in REQUESTS]
)
def test_a_client_that_goes_away_stops_its_work(server, name):
    method, path, body = REQUESTS[name]
    when_idle_s(server)
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
    head += f"content-type: {MEDIA.get(name, 'application/json')}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + body)
        wait_until_read(connection)
        began = used_s(server)
        until = monotonic() + 60
        while used_s(server) < began + BEGUN_S:
            assert monotonic() < until, "it is no long work"
            sleep(0.002)
    left = used_s(server)
    assert when_idle_s(server) - left < MOST_S
    with server.client() as client:
        [table] = client.get("/api/v1/tables").json()["tables"]
        assert (table["name"], table["records"]) == ("t", RECORDS)
        assert client.get("/api/v1/data/t/7").json()["c"] == 1
