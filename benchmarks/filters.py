"""The first and the second use of a field over many orders, in this process: by value, by range, in an order.

    python -m benchmarks.filters [--sizes 100000,1000000] [--rounds N]

The first one builds the field's index; the longest time for which it held the loop is shown beside it. What a scan
without any index takes is measured in the same round, with a condition that no index answers.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from statistics import median
from time import perf_counter

from benchmarks.data import orders

from ramekin import Database
from ramekin.database.finding import FindRequest
from ramekin.query.url import parse_conditions, parse_sort
from ramekin.schema.fields import NO_SCHEMA

QUERIES = {
    "scan": ([("product_name:contains", "t 42x")], []),
    "equal": ([("product_name", "Product 42")], []),
    "equal, rare": ([("user_id", "42")], []),
    "range": ([("total_price:lt", "1000")], []),
    "order": ([], ["-total_price"]),
    "order of texts": ([], ["order_date"]),
}


class Pauses:
    """Measures for how long the loop did not come round."""

    async def __aenter__(self) -> Pauses:
        self.longest = 0.0
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(0)
            now = perf_counter()
            self.longest, last = max(self.longest, now - last), now


async def measure(size: int, rounds: int) -> None:
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in QUERIES}
    records = list(orders(size, 100_000))
    for _ in range(rounds):
        async with Database() as database:
            await database.load(("orders", record) for record in records)
            gc.freeze()
            await database.find(FindRequest("orders", limit=1))  # puts the ids in order, as any list has done before
            for name, (conditions, sort) in QUERIES.items():
                request = FindRequest("orders", parse_conditions(conditions, NO_SCHEMA), parse_sort(sort, NO_SCHEMA))
                async with Pauses() as pauses:
                    began = perf_counter()
                    await database.find(request)
                    first = perf_counter() - began
                began = perf_counter()
                await database.find(request)
                found[name].append((first, perf_counter() - began, pauses.longest))
    print(f"{size:,} orders, median of {rounds}")
    for name, times in found.items():
        first, second, pause = (median(column) * 1000 for column in zip(*times, strict=True))
        print(f"  {name:16} first {first:8.1f} ms   second {second:7.3f} ms   longest hold {pause:5.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for size in map(int, chosen.sizes.split(",")):
        asyncio.run(measure(size, chosen.rounds))


if __name__ == "__main__":
    main()
