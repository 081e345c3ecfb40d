"""The long proofs of durability, as long as is asked for, with a page of results: ``make torture``.

``python -m tests.durability.torture --help``. Every part draws from the seed that the page names; the first thing that is
wrong ends its part and stands on the page.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.durability import crash, damage, power, tracing

EVERYTHING = 10**9
PAGE = Path(__file__).parent.parent.parent / "docs" / "durability-results.md"


def kills(half):
    def part(folder, seed, count):
        cycles = count // 2
        counted = crash.run_cycles(folder / "data", cycles, f"{seed}-{half}", say=lambda line: print(line, flush=True))
        return (
            f"{cycles:,} cycles, {counted['acknowledged']:,} acknowledged writes over HTTP, "
            f"{counted['kills during a start']} kills during a start"
        )

    return part


def losses(fsync):
    def part(folder, seed, count):
        found = [power.lose_power_once(folder, Random(f"{seed}-{i}"), fsync) for i in range(count)]
        commits, seconds = sum(each for each, _ in found), max(each for _, each in found)
        assert seconds <= (0 if fsync == "always" else 1.0), f"{seconds:.2f} s lost"
        return f"{commits:,} acknowledged commits lost; {seconds:.2f} s of them at the most in one loss"

    return part


def faults(fsync):
    def part(folder, seed, count):
        points = [
            (call, place, fault) for call, place in tracing.points(folder / "data", fsync) for fault in tracing.FAULTS
        ]
        chosen = points if count >= len(points) else Random(seed).sample(points, count)
        for call, place, fault in chosen:
            tracing.inject(folder / "data", fsync, call, place, fault)
        return f"{len(chosen):,} of {len(points):,} faults (SIGKILL, EIO, ENOSPC at each file call of a fixed script)"

    return part


def damages(folder, seed, count):
    bench, random, found = damage.Bench(folder), Random(seed), Counter()
    names = (damage.MAIN, damage.LOG, damage.NEXT)
    tries = [(name, at, bit) for name in names for at in range(len(bench.bytes[name])) for bit in (*range(8), "cut")]
    chosen = tries if count >= len(tries) else random.sample(tries, count)
    for name, at, bit in chosen:
        place = bench.cut(name, at) if bit == "cut" else bench.flip(name, at, bit)
        found["refused" if place is None else "whole" if place == len(bench.states) - 1 else "a prefix"] += 1
    ends = ", ".join(f"{count:,} {name}" for name, count in sorted(found.items()))
    return f"{len(chosen):,} of {len(tries):,} bits flipped and bytes cut at: {ends}"


PARTS = {
    "kill -9, restart, compare; first half": (kills(1), "cycles"),
    "kill -9, restart, compare; second half": (kills(2), "cycles"),
    "power loss, `always`": (losses("always"), "losses"),
    "power loss, `everysec`": (losses("everysec"), "losses"),
    "faults at every call, `always`": (faults("always"), "points"),
    "faults at every call, `everysec`": (faults("everysec"), "points"),
    "damage at every bit and byte": (damages, "damages"),
}


def run(title, seed, count):
    """Run a part, and return whether it found nothing wrong, and its row of the page."""
    (part, _), began = PARTS[title], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            is_right, result = True, part(Path(folder), seed, count)
        except Exception as error:
            is_right, result = False, f"**wrong**: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    asked = "all" if count == EVERYTHING else f"{count:,}"
    return is_right, f"| {title} | {asked} | {result} | {time.monotonic() - began:.0f} s |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="parts that run at a time")
    for name, count in (("cycles", 1000), ("losses", 10_000), ("points", EVERYTHING), ("damages", EVERYTHING)):
        parser.add_argument(f"--{name}", type=int, default=count)
    given = parser.parse_args()
    found = {}
    with ProcessPoolExecutor(given.jobs) as pool:
        parts = {pool.submit(run, title, given.seed, getattr(given, size)): title for title, (_, size) in PARTS.items()}
        for done in as_completed(parts):
            found[parts[done]] = done.result()
            print(found[parts[done]][1], flush=True)
            PAGE.write_text(page(given.seed, [found[title][1] for title in PARTS if title in found]))
    raise SystemExit(0 if all(is_right for is_right, _ in found.values()) else 1)


def page(seed, rows):
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}"
    return "\n".join(
        [
            "# Durability: the last long run",
            "",
            "Written by `make torture`; what each part does stands in `tests/durability`. A part that says nothing of a fault found none.",
            "",
            f"Seed {seed}, {datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {machine}.",
            "",
            "| part | asked for | found | time |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
