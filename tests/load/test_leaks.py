"""Nothing that was asked stays in memory: each kind of request is sent thousands of times to one server.

A round is `REQUESTS` of one kind, with names and values that were never sent before. Memory that was freed is filled
again before the process grows, so a kind gets a few rounds, and it has a leak if the process grows in each of them.
"""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.wire import Wire

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

WARM_UP, REQUESTS, ROUNDS, BYTES_EACH = 500, 3000, 5, 40

NUMBERS = count(10**6)
"""Numbers that no request has had."""

EVENTS = "accept: text/event-stream\r\n"
JSON, CSV = "content-type: application/json\r\n", "content-type: text/csv\r\n"
DATA, API = "/api/v1/data", "/api/v1"


def ask(method, path, body=None, more=""):
    """Return a request as bytes; what is not bytes is sent as JSON."""
    body = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = JSON if body and "content-type" not in more else ""
    return (
        f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{kind}{more}content-length: {len(body)}\r\n\r\n".encode()
        + body
    )


def batch(*operations):
    return ask("POST", f"{API}/batch", {"operations": list(operations)})


KINDS = {
    # name: (statuses, the requests of one time)
    "get": ({200}, lambda n: [ask("GET", f"{DATA}/scratch/{n % 5}")]),
    "put": ({200}, lambda n: [ask("PUT", f"{DATA}/scratch/{n % 5}", {"n": n, "text": "x" * 50})]),
    "create and delete": (
        {201, 204},
        lambda n: [ask("POST", f"{DATA}/scratch", {"id": f"new-{n}"}), ask("DELETE", f"{DATA}/scratch/new-{n}")],
    ),
    "patch": ({200}, lambda n: [ask("PATCH", f"{DATA}/scratch/1", {"n": n})]),
    "made-up ids": ({404}, lambda n: [ask("GET", f"{DATA}/users/made-up-{n}")]),
    "made-up tables": ({404}, lambda n: [ask("GET", f"{DATA}/table_{n}"), ask("GET", f"{DATA}/table_{n}/1")]),
    "made-up routes": ({404}, lambda n: [ask("GET", f"/nothing/{n}")]),
    "made-up methods": ({405}, lambda n: [ask(f"M{n}", f"{DATA}/scratch/1")]),
    "made-up fields in conditions": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?field_{n}=1")]),
    "made-up fields in ranges": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?field_{n}:gt=1")]),
    "made-up long fields": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?{'x' * 900}.field_{n}=1")]),
    "made-up fields in orders": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?sort=field_{n}")]),
    "made-up fields to select": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?select=field_{n}")]),
    "made-up fields of typed tables": ({200, 400, 422}, lambda n: [ask("GET", f"{DATA}/typed?field_{n}=1")]),
    "made-up values": ({200}, lambda n: [ask("GET", f"{DATA}/users?full_name=name-{n}&limit=5")]),
    "groups": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?group=n&count=true&n:lt={n}")]),
    "joins": ({200}, lambda n: [ask("GET", f"{API}/join/users/orders/user_id?limit=2&users.age:lt={n}")]),
    "joins with made-up fields": ({422}, lambda n: [ask("GET", f"{API}/join/users/orders/field_{n}?limit=2")]),
    "joins with made-up tables": ({404}, lambda n: [ask("GET", f"{API}/join/users/table_{n}/user_id")]),
    "queries": ({200}, lambda n: [ask("POST", f"{API}/query/users", {"where": {"age": {"gt": n}}, "limit": 5})]),
    "batches": ({200}, lambda n: [batch({"op": "replace", "table": "scratch", "id": 1, "record": {"n": n}})]),
    "batches that fail": (
        {404, 409, 422},
        lambda n: [batch({"op": "replace", "table": "scratch", "id": f"none-{n}", "record": {}})],
    ),
    "bulks": (
        {200},
        lambda n: [ask("POST", f"{DATA}/scratch?on_conflict=replace", [{"id": i, "n": n} for i in range(5)])],
    ),
    "bulks of CSV": (
        {200},
        lambda n: [ask("POST", f"{DATA}/scratch?on_conflict=replace", f"id,n\n1,{n}\n2,{n}\n".encode(), CSV)],
    ),
    "loads": ({200}, lambda n: [ask("POST", f"{API}/load?mode=merge", {"loaded": [{"id": 1, "n": n}]})]),
    "definitions put and dropped": (
        {200, 201, 204},
        lambda n: [
            ask(
                "PUT",
                f"{API}/tables/defined_{n}",
                {"indexes": [{"field": f"field_{n}", "kind": "hash"}], "unique": ["n"]},
            ),
            ask("DELETE", f"{API}/tables/defined_{n}"),
        ],
    ),
    "schemas put and dropped": (
        {200, 201, 204},
        lambda n: [
            ask(
                "PUT",
                f"{API}/tables/schema_{n}",
                {"schema": {"type": "object", "properties": {f"f{n}": {"type": "integer"}}}},
            ),
            ask("POST", f"{DATA}/schema_{n}", {f"f{n}": 1}),
            ask("GET", f"{DATA}/schema_{n}?f{n}=1"),
            ask("DELETE", f"{API}/tables/schema_{n}"),
        ],
    ),
    "tables made and dropped": (
        {201, 204},
        lambda n: [ask("PUT", f"{DATA}/made_{n}/1?upsert=true", {"n": 1}), ask("DELETE", f"{API}/tables/made_{n}")],
    ),
    "changes by condition": ({200}, lambda n: [ask("PATCH", f"{DATA}/scratch?n={n}", {"m": n})]),
    "lists of tables": ({200}, lambda n: [ask("GET", f"{API}/tables")]),
    "dumps": ({200}, lambda n: [ask("GET", f"{API}/dump/scratch")]),
    "CSV": ({200}, lambda n: [ask("GET", f"{DATA}/scratch?limit=5&n:lt={n}", more="accept: text/csv\r\n")]),
    "JSON that is wrong": ({400}, lambda n: [ask("POST", f"{DATA}/scratch", b'{"field_%d": ' % n)]),
    "members that are wrong": ({422}, lambda n: [ask("POST", f"{DATA}/typed", {f"field_{n}": n, "n": f"text-{n}"})]),
    "parameters that are wrong": ({400}, lambda n: [ask("GET", f"{DATA}/users?limit=x{n}")]),
    "tags": (
        {200, 412},
        lambda n: [
            ask("GET", f"{DATA}/scratch/1", more=f'if-none-match: "made-up-{n}"\r\n'),
            ask("PATCH", f"{DATA}/scratch/1", {"n": n}, f'if-match: "made-up-{n}"\r\n'),
        ],
    ),
    "made-up headers": (
        {200},
        lambda n: [ask("GET", f"{DATA}/scratch/1", more=f"x-made-up-{n}: {n}\r\nx-request-id: r{n}\r\n")],
    ),
    "metrics": ({200}, lambda n: [ask("GET", "/metrics")]),
    "health": ({200}, lambda n: [ask("GET", "/health/ready")]),
    "pages": ({200, 404}, lambda n: [ask("GET", "/console"), ask("GET", f"/console/made-up-{n}")]),
    "caches": ({201}, lambda n: [ask("POST", f"{DATA}/cached", {"id": n, "text": "x" * 50})]),
    "records that are due": (
        {200, 201},
        lambda n: [ask("PUT", f"{DATA}/scratch/due-{n % 50}?upsert=true&ttl={n % 2 + 1}", {"n": n})],
    ),
    "changes": (
        {200, 201},
        lambda n: [ask("PUT", f"{DATA}/scratch/1", {"n": n}), ask("GET", f"{API}/changes?limit=3")],
    ),
    "made-up positions": ({400, 410}, lambda n: [ask("GET", f"{API}/changes?since=made-up-{n}")]),
    "branches": (
        {200, 201, 204},
        lambda n: [
            ask("PUT", f"{API}/branches/b{n}"),
            ask("PUT", f"/b/b{n}{DATA}/scratch/1", {"n": n}),
            ask("GET", f"/b/b{n}{DATA}/users?limit=2&sort=full_name"),
            ask("DELETE", f"{API}/branches/b{n}"),
        ],
    ),
    "made-up branches": ({404, 507}, lambda n: [ask("GET", f"/b/b{n}{DATA}/users/1")]),
    "resets": (
        {200, 201, 204},
        lambda n: [
            ask("PUT", f"/b/own{API}/branches/own?replace=true"),
            ask("POST", f"/b/own{API}/checkpoint"),
            ask("PUT", f"/b/own{DATA}/scratch/1", {"n": n}),
            ask("GET", f"/b/own{API}/diff"),
            ask("POST", f"/b/own{API}/reset"),
        ],
    ),
    "faults": (
        {200, 204},
        lambda n: [
            ask("PUT", f"{API}/faults", {"rules": [{"table": f"table_{n}", "status": 503}]}),
            ask("GET", f"{DATA}/scratch/1"),
            ask("DELETE", f"{API}/faults"),
        ],
    ),
    "clocks": (
        {200, 204},
        lambda n: [ask("PUT", f"{API}/clock", {"advance_s": 1 + n % 7 / 8}), ask("DELETE", f"{API}/clock")],
    ),
}

HEAD = f"HTTP/1.1\r\nhost: localhost\r\n{JSON}"
ALONE = {
    # name: what is sent on a connection of its own, and how many bytes of the answer are awaited
    "malformed requests": lambda n: (f"GET /{n} HTTP/1.1\r\nbad header {n}\r\n\r\n".encode(), 9),
    "bodies that are too long": lambda n: (f"POST {DATA}/x_{n} {HEAD}content-length: 99999999999\r\n\r\n".encode(), 9),
    "heads that are not whole": lambda n: (f"GET /{n} HTTP/1.1\r\nhost: ".encode(), 0),
    "bodies that are not whole": lambda n: (f"POST {DATA}/x_{n} {HEAD}content-length: 9\r\n\r\n[".encode(), 0),
    "dumps that are left": lambda n: (ask("GET", f"{API}/dump/users"), 9),
    "joins that are left": lambda n: (ask("GET", f"{API}/join/users/orders/user_id?limit=100&users.age:lt={n}"), 9),
    "connections": lambda n: (ask("GET", f"{DATA}/scratch/1"), 9),
    "changes that are left": lambda n: (ask("GET", f"{API}/changes?table=users", more=EVENTS), 9),
}


def let_nobody_read():
    """Let the log go: lines that nobody reads wait in the server."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@pytest.fixture(scope="module")
def server():
    server = Server("demo", "--dev", environment={"RAMEKIN_KEPT_CHANGES": "100"}, before=let_nobody_read)
    sock = connect(server)
    wire = Wire(sock)
    assert b" 201 " in wire.ask(ask("POST", f"{DATA}/scratch", [{"id": i, "n": i, "m": i} for i in range(5)]))
    typed = {"schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    assert b" 201 " in wire.ask(ask("PUT", f"{API}/tables/typed", typed))
    assert b" 201 " in wire.ask(ask("PUT", f"{API}/tables/cached", {"max_records": 50}))
    assert b" 201 " in wire.ask(ask("PUT", f"{API}/branches/own"))
    sock.close()
    yield server
    assert server.stop() == 0


def connect(server):
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30)


def resident_bytes(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def growth_each(server, send):
    """Return how many bytes the server grew each time, in the round in which it grew least."""
    least = float("inf")
    for _ in range(WARM_UP):
        send(next(NUMBERS))
    for _ in range(ROUNDS):
        before = resident_bytes(server)
        for _ in range(REQUESTS):
            send(next(NUMBERS))
        least = min(least, (resident_bytes(server) - before) / REQUESTS)
        if least < BYTES_EACH:
            break
    return least


@pytest.mark.parametrize("kind", KINDS)
def test_requests_of_no_kind_stay_in_memory(server, kind):
    statuses, requests = KINDS[kind]
    with closing(connect(server)) as sock:
        wire = Wire(sock)

        def send(number):
            for request in requests(number):
                answer = wire.ask(request)
                assert int(answer[9:12]) in statuses, answer

        assert growth_each(server, send) < BYTES_EACH * len(requests(0))


@pytest.mark.parametrize("kind", ALONE)
@pytest.mark.parametrize("open_at_once", [1, 200])
def test_connections_of_no_kind_stay_in_memory(server, kind, open_at_once):
    opened = deque()

    def send(number):
        data, awaited = ALONE[kind](number)
        opened.append(connect(server))
        opened[-1].sendall(data)
        assert not awaited or opened[-1].recv(awaited, socket.MSG_WAITALL)
        while len(opened) >= open_at_once:
            opened.popleft().close()

    assert growth_each(server, send) < BYTES_EACH
    while opened:
        opened.popleft().close()
