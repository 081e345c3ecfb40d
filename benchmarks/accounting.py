"""Accounting: what tables say that they take, beside how much the process grew (RSS), for records of three shapes.

    python -m benchmarks.accounting [--records N]

Records arrive in bulks of 1,000 over HTTP, then first uses build the order of ids and indexes. A ratio of 1.1 says that
tables told 10 % more than the kernel counted.
"""

from __future__ import annotations

import argparse
import json
import re
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks import ramekin, report
from benchmarks.request import Request, get, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.server import Server

TARGET = 0.15
BULK = 1000
USES = {
    "order of ids": "limit=1",
    "by value, few values": "group=7&limit=1",
    "by value, text": "name=Name%2042&limit=1",
    "in order, number": "sort=number&limit=1",
    "in order, text": "sort=-name&limit=1",
}


def _small(number: int, random: Random) -> dict[str, Any]:
    return {"id": number, "number": random.random()}


def _order(number: int, random: Random) -> dict[str, Any]:
    rest = {"group": number % 1000, "name": f"Name {random.randrange(10**6)}", "number": random.random()}
    return {"id": number, **rest, "note": "x" * 80}


def _document(_: int, random: Random) -> dict[str, Any]:
    rest = {"group": random.randrange(8), "name": f"Näme {random.randrange(10**9)}", "number": random.randrange(10**9)}
    return {"id": f"{random.getrandbits(128):032x}", **rest, "note": "x" * 800}


SHAPES: dict[str, Callable[[int, Random], dict[str, Any]]] = {
    "small, integer ids": _small,
    "150 bytes, integer ids": _order,
    "900 bytes, text ids": _document,
}


def measure(records: int) -> dict[str, Any]:
    """Return, for each shape and each step, how many bytes a record took and were told, and their ratio."""
    return {name: _of_shape(shape, records) for name, shape in SHAPES.items()}


def _of_shape(shape: Callable[[int, Random], dict[str, Any]], records: int) -> dict[str, dict[str, float]]:
    random, found = Random(1), {}
    with ramekin.serving(options=("--memory-limit", "none")) as server:
        _fill(server, "warm", shape, Random(2), 2 * BULK)  # what a process takes for its first requests is not counted
        send(server.port, Request("DELETE", "/api/v1/tables/warm"))
        first = before = _both(server)
        _fill(server, "t", shape, random, records)
        for name, query in {"records": None, **USES}.items():
            if query is not None:
                get(server.port, f"/api/v1/data/t?{query}")
            after = _both(server)
            found[name] = _compared(before, after, records)
            before = after
        found["all"] = _compared(first, before, records)
    return found


def _fill(
    server: Server, table: str, shape: Callable[[int, Random], dict[str, Any]], random: Random, records: int
) -> None:
    for first in range(0, records, BULK):
        body = json.dumps([shape(first + i, random) for i in range(BULK)])
        send(server.port, Request("POST", f"/api/v1/data/{table}", body))


def _both(server: Server) -> tuple[int, int]:
    """Return what the kernel counts and what the tables tell."""
    told = re.search(rb"^ramekin_memory_bytes (\S+)$", send(server.port, Request("GET", "/metrics")), re.MULTILINE)
    assert told is not None
    return server.resident_bytes(), int(float(told[1]))


def _compared(before: tuple[int, int], after: tuple[int, int], records: int) -> dict[str, float]:
    resident, told = after[0] - before[0], after[1] - before[1]
    return {"resident": resident / records, "told": told / records, "ratio": told / resident if resident else 0.0}


def show(found: dict[str, Any]) -> None:
    """Print what was found."""
    for shape, steps in found.items():
        report.say(shape)
        for step, figures in steps.items():
            report.say(
                f"  {step:22} RSS {figures['resident']:7.1f}  told {figures['told']:7.1f}  ratio {figures['ratio']:.2f}"
            )
        is_near = abs(steps["all"]["ratio"] - 1) <= TARGET
        report.say(f"  all together within {TARGET:.0%}: {'yes' if is_near else 'NO'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    found = measure(parser.parse_args().records)
    show(found)
    report.save("accounting", found)


if __name__ == "__main__":
    main()
