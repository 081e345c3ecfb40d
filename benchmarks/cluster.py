"""What it costs a server that its tables are kept by nodes: beside one that keeps them alone, in rounds that alternate.

    python -m benchmarks.cluster [--records N] [--rounds N] [--seconds N]

One node of Valkey or Redis, on the same machine. Times are those for which a process had a core, so that others on the
machine count less: of the server for a request, of the node for a write, and of a second server for each change that the
first one carries out, without and with indexes; then of one, two and four servers that are asked at once. Last, what a
server takes to begin with all records.
"""

from __future__ import annotations

import argparse
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import orders_file, users_file
from benchmarks.report import save, table
from benchmarks.request import Request, get, send
from benchmarks.server import Server
from benchmarks.wrk import peak
from tests.cluster.nodes import running

if TYPE_CHECKING:
    from collections.abc import Sequence

USERS = 1000
TRIES = 30
"""How often a request is sent that a busy machine gives up."""

PATCH = Request("PATCH", f"{ramekin.ORDERS}/{{id}}", '{"total_price":{number}.25}')
REQUESTS = {
    "get": ramekin.GET,
    "list of 100": ramekin.LIST,
    "filter, sort, 20": Request("GET", f"{ramekin.ORDERS}?user_id=7&sort=total_price&limit=20"),
    "join, 20": Request("GET", "/api/v1/join/orders/users/user_id=id?limit=20"),
    "patch": PATCH,
}
INDEXED = (f"{ramekin.ORDERS}?user_id=7", f"{ramekin.ORDERS}?sort=total_price&limit=5", f"{ramekin.ORDERS}?limit=5")
"""Queries after which a server keeps a hash, a sorted index, and the order of ids."""


def by_request(servers: Sequence[Server], records: int, rounds: int, seconds: int) -> dict[str, list[float]]:
    """Return the µs that each server's core takes for each request."""
    found: dict[str, list[float]] = {}
    for name, request in REQUESTS.items():
        for server in servers:
            _answered(server, request.filled(records))
        runs = [
            [peak(server, request, ids=records, seconds=seconds).cpu_us for server in servers] for _ in range(rounds)
        ]
        found[name] = [median(each) for each in zip(*runs, strict=True)]
    return found


def by_change(one: Server, other: Server, node: Server, records: int, seconds: int) -> tuple[float, float]:
    """Return the µs that the other server, and the node, take for each change that one carries out."""
    before = other.core_seconds(), node.core_seconds()
    run = peak(one, PATCH, ids=records, seconds=seconds)
    sleep(0.5)
    changes = run.per_second * seconds
    after = other.core_seconds(), node.core_seconds()
    follows, keeps = ((then - now) * 1e6 / changes for now, then in zip(before, after, strict=True))
    return follows, keeps


def by_servers(servers: Sequence[Server], node: Server, records: int, seconds: int) -> list[tuple[str, ...]]:
    """Return a row for one, two, four... servers: what GET and PATCH take, asked of all of them at once."""
    rows = []
    for count in (1, 2, 4):
        some, found = servers[:count], [str(count)]
        for request in (ramekin.GET, PATCH):
            before, kept = sum(server.core_seconds() for server in some), node.core_seconds()

            def ask(server: Server, request: Request = request, count: int = count) -> float:
                return seconds * peak(server, request, ids=records, seconds=seconds, connections=32 // count).per_second

            with ThreadPoolExecutor(count) as threads:
                requests = sum(threads.map(ask, some))
            sleep(0.5)
            after, keeps = sum(server.core_seconds() for server in some), node.core_seconds()
            found += [f"{(after - before) * 1e6 / requests:.0f}", f"{(keeps - kept) * 1e6 / requests:.0f}"]
        rows.append(tuple(found))
    return rows


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    given = parser.parse_args()
    files = orders_file(given.records), users_file(USERS)
    with running() as [kept], ramekin.serving(*files) as alone:
        node = Server(kept.port, kept.process.pid, 0.0)
        options = ("--engine", f"valkey://{kept.address}", "--database", secrets.token_hex(4))
        with ramekin.serving(*files, options=options) as one:
            _wait(one, given.records)
            requests = by_request([alone, one], given.records, given.rounds, given.seconds)
            began_s = perf_counter()
            with ExitStack() as stack:
                other = stack.enter_context(ramekin.serving(options=options))
                _wait(other, given.records)
                start_s, start_core_s = perf_counter() - began_s, other.core_seconds()
                start_bytes = other.resident_bytes()
                plain = by_change(one, other, node, given.records, given.seconds)
                for query in INDEXED:
                    _answered(other, Request("GET", query))
                indexed = by_change(one, other, node, given.records, given.seconds)
                more = [stack.enter_context(ramekin.serving(options=options)) for _ in range(2)]
                for server in more:
                    _wait(server, given.records)
                together = by_servers([one, other, *more], node, given.records, given.seconds)
    rows = [(name, f"{a:.0f}", f"{b:.0f}", f"{b / a:.2f}") for name, (a, b) in requests.items()]
    table("One server, µs of its core a request, 32 connections", ("request", "alone", "--engine", "ratio"), rows)
    table(
        "For each change that another server carries out",
        ("", "µs of a core"),
        [
            ("a server without indexes", f"{plain[0]:.0f}"),
            ("a server with the order of ids, a hash and a sorted index", f"{indexed[0]:.0f}"),
            ("the node, with two servers", f"{indexed[1]:.0f}"),
        ],
    )
    heads = ("servers", "GET, servers", "GET, node", "PATCH, servers", "PATCH, node")
    table("Servers that are asked at once, µs of a core a request: of all servers, and of the node", heads, together)
    table(
        f"A start with {given.records:,} records",
        ("s", "s of its core", "memory, MiB"),
        [(f"{start_s:.1f}", f"{start_core_s:.1f}", f"{start_bytes >> 20}")],
    )
    found = {"requests": requests, "plain": plain, "indexed": indexed, "together": together}
    save("cluster", {**found, "start_s": start_s, "start_core_s": start_core_s})


def _answered(server: Server, request: Request) -> None:
    """Ask until there is an answer: an index of a million records may take longer than one request may."""
    for left in reversed(range(TRIES)):
        try:
            send(server.port, request)
        except (RuntimeError, TimeoutError):
            if not left:
                raise
        else:
            return


def _wait(server: Server, records: int) -> None:
    """Wait until a server shows all records."""
    while True:
        with suppress(RuntimeError, TimeoutError):
            if get(server.port, f"{ramekin.ORDERS}?limit=1&count=true")["total"] == records:
                return
        sleep(0.05)


if __name__ == "__main__":
    main()
