"""What branches, checkpoints and resets take: the median, and the longest, of some, in ms of processor time.

    python -m benchmarks.branches [--tables N] [--records N]

A write goes to one table before each reset, and every tenth time to all of them.
"""

from __future__ import annotations

import argparse
import asyncio
from statistics import median
from time import process_time

from ramekin import Database

TIMES = 50


async def measure(tables: int, records: int) -> dict[str, list[float]]:
    """Return how long each call took, in seconds."""
    took: dict[str, list[float]] = {"branch": [], "drop": [], "checkpoint": [], "reset": []}
    async with Database() as database:
        for table in range(tables):
            rows = [{"id": i, "n": i, "name": f"name {i}"} for i in range(records // tables)]
            await database.insert(f"t{table}", rows)
        await database.find("t0", where={"n": {"gte": 5}}, sort="n")
        for time in range(TIMES):
            began_s = process_time()
            branch = database.branch()
            made_s = process_time()
            branch.let_go()
            gone_s = process_time()
            database.checkpoint()
            kept_s = process_time()
            for table in range(tables) if time % 10 == 0 else [time % tables]:
                await database.replace(f"t{table}", 5, {"time": time})
            written_s = process_time()
            await database.reset()
            spans = (made_s - began_s, gone_s - made_s, kept_s - gone_s, process_time() - written_s)
            for each, span_s in zip(took.values(), spans, strict=True):
                each.append(span_s)
            await asyncio.sleep(0.01)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    for name, spans_s in asyncio.run(measure(asked.tables, asked.records)).items():
        print(f"{name:12}{median(spans_s) * 1000:8.3f}{max(spans_s) * 1000:8.3f}")


if __name__ == "__main__":
    main()
