"""How long a full garbage collection holds a database of many records, in a process of its own.

    python -m benchmarks.collection [--records N]

After writes by clients, and after a start with files. The server freezes what is there once it has started, and an
index when it is built (`gc.freeze`): the program alone in the first case, the records too in the second, two indexes in
the third. Prints JSON, for `memory.py`.
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

from ramekin import Database
from ramekin.database.finding import FindRequest
from ramekin.engine.embedded import Embedded
from ramekin.query.url import parse_conditions, parse_sort
from ramekin.schema.fields import NO_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5


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
        engine.tables.builds.when_built = gc.freeze
        for conditions, sort in (([("user_id", "42")], []), ([], ["total_price"])):
            await database.find(
                FindRequest("orders", parse_conditions(conditions, NO_SCHEMA), parse_sort(sort, NO_SCHEMA))
            )
        indexed = median(_collections_ms())
        return {"records": records, "written": written, "frozen": frozen, "indexed": indexed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().records))))


if __name__ == "__main__":
    main()
