"""All that the project claims about speed and memory, measured here and now: five minutes, or an hour with `--full`.

    python -m benchmarks [--full] [--only compare,memory]

Prints tables and writes `benchmarks/results/latest.json`. Each part can be run alone, with settings of its own:
`python -m benchmarks.compare --help`. A part that fails is told, and the others go on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import bulk, compare, memory, open_loop, report, scaling, startup
from benchmarks.machine import allow_many_connections
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Callable


class Part(NamedTuple):
    """One part of the suite: how it measures in short and in full, and how it is shown."""

    short: Callable[[], Any]
    full: Callable[[], Any]
    show: Callable[[Any], None]


PARTS = {
    "compare": Part(
        lambda: compare.compare(PEERS, records=10_000, rounds=3, seconds=1),
        lambda: compare.compare(PEERS, records=10_000, rounds=7, seconds=4),
        compare.show,
    ),
    "open_loop": Part(
        lambda: open_loop.measure([1_000, 4_000], records=10_000, seconds=3, connections=32),
        lambda: open_loop.measure([1_000, 2_000, 4_000, 8_000, 16_000], records=100_000, seconds=20, connections=32),
        open_loop.show,
    ),
    "startup": Part(
        lambda: startup.measure(megabytes=100, rounds=1),
        lambda: startup.measure(megabytes=100, rounds=5),
        startup.show,
    ),
    "bulk": Part(
        lambda: bulk.measure(records=1_000_000, seconds=5),
        lambda: bulk.measure(records=1_000_000, seconds=20),
        bulk.show,
    ),
    "memory": Part(
        lambda: memory.measure(records=1_000_000, collection_records=1_000_000),
        lambda: memory.measure(records=1_000_000, collection_records=5_000_000),
        memory.show,
    ),
    "scaling": Part(
        lambda: scaling.measure(sizes=scaling.SHORT, connections=scaling.SHORT_CONNECTIONS, seconds=1),
        lambda: scaling.measure(sizes=scaling.FULL, connections=scaling.FULL_CONNECTIONS, seconds=5),
        scaling.show,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all sizes, long rounds: about an hour")
    parser.add_argument("--only", default=",".join(PARTS), help="names of parts, with commas between")
    chosen = parser.parse_args()
    allow_many_connections()
    began, failed = perf_counter(), False
    for name in chosen.only.split(","):
        part = PARTS[name]
        report.say(f"{name}, after {perf_counter() - began:.0f} s")
        try:
            found = part.full() if chosen.full else part.short()
        except (RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as reason:
            failed = True
            report.say(f"{name} failed: {reason!r}")
            continue
        part.show(found)
        report.save(name, found)
    report.say(f"took {perf_counter() - began:.0f} s; written to {report.LATEST}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
