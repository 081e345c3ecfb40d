"""Throughput and p99 as records and connections grow, and whether each operation grows as it should.

    python -m benchmarks.scaling [--sizes 1000,100000] [--connections 1,32,1000] [--seconds N]

An exponent is the slope of the CPU time of a request over the number of records, both as logarithms: 0 is O(1), 1 is
O(n); a logarithm shows as a slope of under 0.1. CPU time is taken because it is not the server's fault when others have
its core.
"""

from __future__ import annotations

import argparse
from itertools import product
from math import log
from statistics import linear_regression
from typing import TYPE_CHECKING, Any

from benchmarks import ramekin, report
from benchmarks.data import orders_file
from benchmarks.machine import allow_many_connections
from benchmarks.request import Request, send
from benchmarks.wrk import CONNECTIONS, peak

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORT, FULL = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000, 5_000_000)
SHORT_CONNECTIONS, FULL_CONNECTIONS = (1, 32, 1_000), (1, 8, 32, 100, 316, 1_000)
RANGE = f"{ramekin.ORDERS}?total_price:gte={{number}}&sort=total_price&limit=100"
WRITES = {  # each with its expected growth
    "post": ("O(1)", ramekin.POST_WITH_ID),
    "put": ("O(1)", ramekin.PUT),
}
READS = {
    "get": ("O(1)", ramekin.GET),
    "page of 100": ("O(page)", ramekin.LIST),
    "page of an index": ("O(log n + page)", Request("GET", RANGE)),
    "scan": ("O(n)", Request("GET", f"{ramekin.ORDERS}?product_name:contains=nothing")),
}
OPERATIONS = READS | WRITES


def by_records(sizes: Iterable[int], seconds: int) -> list[dict[str, Any]]:
    """Return each operation's figures at each number of records, with 32 connections; a scan has one."""
    found = []
    for size, operations in product(sizes, (READS, WRITES)):  # apart: a scan would find what was posted before it
        with ramekin.serving(orders_file(size)) as server:
            for name, (growth, request) in operations.items():
                send(server.port, request.filled(size))
                connections = 1 if name == "scan" else CONNECTIONS
                run = peak(server, request, ids=size, seconds=seconds, connections=connections, prepared=100_000)
                found.append(_told(name, growth, size, connections, run))
    return found


def by_connections(connections: Iterable[int], records: int, seconds: int) -> list[dict[str, Any]]:
    """Return the figures of GET and PUT with each number of connections."""
    found = []
    with ramekin.serving(orders_file(records)) as server:
        for name in ("get", "put"):
            growth, request = OPERATIONS[name]
            for number in connections:
                run = peak(server, request, ids=records, seconds=seconds, connections=number)
                found.append(_told(name, growth, records, number, run))
    return found


def _told(name: str, growth: str, records: int, connections: int, run: Any) -> dict[str, Any]:
    return {
        "operation": name,
        "expected": growth,
        "records": records,
        "connections": connections,
        "per_second": run.per_second,
        "p99_us": run.p99_us,
        "cpu_us": run.cpu_us,
    }


def exponents(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return for each operation the slope of its CPU time over the records, both as logarithms."""
    found = {}
    for name in OPERATIONS:
        each = [row for row in rows if row["operation"] == name and row["cpu_us"]]
        if len(each) > 1:
            line = linear_regression([log(row["records"]) for row in each], [log(row["cpu_us"]) for row in each])
            found[name] = line.slope
    return found


def measure(*, sizes: tuple[int, ...], connections: tuple[int, ...], seconds: int) -> dict[str, Any]:
    """Return both curves, and the exponents of the first."""
    allow_many_connections()
    rows = by_records(sizes, seconds)
    records = min(max(sizes), 100_000)
    return {
        "by_records": rows,
        "exponents": exponents(rows),
        "by_connections": by_connections(connections, records, seconds),
    }


def show(found: dict[str, Any]) -> None:
    """Print both curves."""
    heads = ("", "records", "connections", "per second", "p99 us", "CPU us", "expected", "exponent")
    rows = []
    for row in found["by_records"]:
        is_last = row["records"] == found["by_records"][-1]["records"]
        exponent = found["exponents"].get(row["operation"]) if is_last else None
        rows.append((*_cells(row), row["expected"], "" if exponent is None else f"{exponent:.2f}"))
    rows.sort(key=lambda row: list(OPERATIONS).index(row[0]))
    report.table("as records grow", heads, rows)
    report.table("as connections grow", heads[:6], [_cells(row) for row in found["by_connections"]])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    numbers = ("records", "connections", "per_second", "p99_us", "cpu_us")
    return (row["operation"], *(f"{row[name]:,.0f}" for name in numbers))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_numbers, default=FULL)
    parser.add_argument("--connections", type=_numbers, default=FULL_CONNECTIONS)
    parser.add_argument("--seconds", type=int, default=5)
    chosen = parser.parse_args()
    found = measure(sizes=chosen.sizes, connections=chosen.connections, seconds=chosen.seconds)
    show(found)
    report.save("scaling", found)


if __name__ == "__main__":
    main()
