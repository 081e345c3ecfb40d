"""How long a full garbage collection holds a database of many records, in a process of its own.

    python -m benchmarks.collection [--records N]

After writes by clients, and after a start with files. The server freezes what is there once it has started
(`gc.freeze`): the program alone in the first case, the records too in the second. Then two indexes are built while the
server's rules for the collector hold: the longest pause, and a full collection afterwards. Prints JSON, for
`memory.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.data import orders_file

from ramekin import Database, collector
from ramekin.database.finding import FindRequest
from ramekin.engine.embedded import Embedded
from ramekin.query.url import parse_conditions, parse_sort
from ramekin.schema.fields import NO_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5


class _Pauses:
    """Measures each of the collector's looks, until `end` returns the longest in milliseconds."""

    def __init__(self) -> None:
        self._began = self._longest = 0.0
        gc.callbacks.insert(0, self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = perf_counter()
        else:
            self._longest = max(self._longest, perf_counter() - self._began)

    def end(self) -> float:
        gc.callbacks.remove(self._note)
        return self._longest * 1000


def _collections_ms() -> list[float]:
    found = []
    for _ in range(ROUNDS):
        began = perf_counter()
        gc.collect()
        found.append((perf_counter() - began) * 1000)
    return found


def _orders(records: int) -> Iterator[tuple[str, Any]]:
    with orders_file(records).open("rb") as file:
        yield from (("orders", json.loads(line)) for line in file)


async def measure(records: int) -> dict[str, float]:
    """Return the median milliseconds of a full collection in each case."""
    engine = Embedded()
    async with Database(engine=engine) as database:
        gc.freeze()
        await database.load(_orders(records))
        gc.collect()
        written = median(_collections_ms())
        gc.freeze()
        frozen = median(_collections_ms())
        collector.attend()
        pauses = _Pauses()
        for conditions, sort in (([("user_id", "42")], []), ([], ["total_price"])):
            await database.find(
                FindRequest("orders", parse_conditions(conditions, NO_SCHEMA), parse_sort(sort, NO_SCHEMA))
            )
        longest = pauses.end()
        indexed = median(_collections_ms())
        return {"records": records, "written": written, "frozen": frozen, "longest": longest, "indexed": indexed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().records))))


if __name__ == "__main__":
    main()
