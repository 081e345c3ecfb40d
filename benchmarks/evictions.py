"""Evictions: how often a cache holds what is asked for, by SIEVE as tables have it, by LRU and by FIFO.

    python -m benchmarks.evictions [--objects N] [--requests N]

Objects are asked for as Zipf's law has it: the n-th most wanted 1/n^a times as often as the first. What is not there is
written, as who keeps a cache does. With scans every fifth request is for an object that is never asked for again. LRU
and FIFO are written here, on an OrderedDict. And by SIEVE where two or four processes share the cache, of which each
knows its own readers alone.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from itertools import accumulate
from random import Random
from time import process_time
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks import report

from ramekin.schema.definition import Definition
from ramekin.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXPONENTS = (0.6, 0.8, 1.0, 1.2)
SIZES = (0.01, 0.1)
SCAN = 5
BODY = b"{}"


class Cache(Protocol):
    """Takes one request, and says whether it found its object, which is there from then on."""

    def ask(self, key: str) -> bool: ...


class Sieve:
    """A table that is a cache, used as engines use it."""

    def __init__(self, size: int) -> None:
        self.table = Table("cache")
        self.table.define(Definition(max_records=size))
        assert self.table.sieve is not None
        self.sieve = self.table.sieve

    def look(self, key: str) -> bytes | None:
        """Return what a reader finds."""
        body = self.table.get(key)
        self.sieve.look(key, body)
        return body

    def ask(self, key: str) -> bool:
        body = self.look(key)
        if body is None:
            self.table.put(key, BODY)
            if self.table.is_over:
                self.table.write(self.table.give_way(1, ()))
            self.sieve.end_step()
        return body is not None


class Shared:
    """A cache that processes share: one is asked at random, knows its own readers alone, and says which gives way."""

    def __init__(self, size: int, processes: int) -> None:
        self._random, self._copies = Random(2), [Sieve(size) for _ in range(processes)]

    def ask(self, key: str) -> bool:
        asked = self._random.choice(self._copies)
        body = asked.look(key)
        if body is None:
            for copy in self._copies:
                copy.table.put(key, BODY)
            gone = asked.table.give_way(1, ())
            for copy in self._copies:
                copy.table.write(gone)
                copy.sieve.end_step()
        return body is not None


class Lru:
    """The least recently used one gives way."""

    moves = True

    def __init__(self, size: int) -> None:
        self._size, self._held = size, OrderedDict[str, None]()

    def ask(self, key: str) -> bool:
        held = self._held
        if key in held:
            if self.moves:
                held.move_to_end(key)
            return True
        held[key] = None
        if len(held) > self._size:
            held.popitem(last=False)
        return False


class Fifo(Lru):
    """The oldest one gives way."""

    moves = False


def requests(objects: int, count: int, exponent: float, *, scans: bool) -> Iterator[str]:
    """Yield what is asked for, the same for each cache."""
    random = Random(1)
    weights = [*accumulate((n + 1) ** -exponent for n in range(objects))]
    for place, key in enumerate(random.choices(range(objects), cum_weights=weights, k=count)):
        yield f"once {place}" if scans and place % SCAN == 0 else str(key)


def hit_ratio(cache: Cache, asked: Iterable[str]) -> float:
    """Return which part of the second half of the requests found what they asked for."""
    found = [cache.ask(key) for key in asked]
    half = found[len(found) // 2 :]
    return sum(half) / len(half)


def measure(objects: int, count: int) -> dict[str, Any]:
    """Return the hit ratios by trace and size, and the seconds of processor time that SIEVE took for a request."""
    rows, began_s, asked_count = [], 0.0, 0
    for exponent in EXPONENTS:
        for scans in (False, True):
            asked = [*requests(objects, count, exponent, scans=scans)]
            for size in SIZES:
                room = int(objects * size)
                began = process_time()
                ours = hit_ratio(Sieve(room), asked)
                began_s += process_time() - began
                asked_count += count
                others = {cls.__name__.lower(): hit_ratio(cls(room), asked) for cls in (Lru, Fifo)}
                others |= {f"shared {count}": hit_ratio(Shared(room, count), asked) for count in (2, 4)}
                rows.append({"exponent": exponent, "scans": scans, "size": size, "sieve": ours, **others})
    return {"rows": rows, "request_us": began_s / asked_count * 1e6}


def show(found: dict[str, Any]) -> None:
    """Print what was found."""
    report.say("Zipf   scans  size   SIEVE    LRU   FIFO  by 2   by 4    misses beside LRU")
    for row in found["rows"]:
        ratios = (row["sieve"], row["lru"], row["fifo"], row["shared 2"], row["shared 4"])
        shown = "  ".join(f"{ratio:5.1%}" for ratio in ratios)
        fewer = (1 - row["sieve"]) / (1 - row["lru"]) - 1
        report.say(
            f"{row['exponent']:4}   {'yes' if row['scans'] else 'no':5}  {row['size']:4.0%}   {shown}   {fewer:+.1%}"
        )
    report.say(f"A request to the table takes {found['request_us']:.1f} µs of processor time.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=200_000)
    asked = parser.parse_args()
    found = measure(asked.objects, asked.requests)
    show(found)
    report.save("evictions", found)


if __name__ == "__main__":
    main()
