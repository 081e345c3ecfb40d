"""Order: by which fields rows are sorted, and the first rows of many without sorting all.

Null and missing come last in both directions; across types boolean < number < text < array < object; ties go by id.
Knows nothing of where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from itertools import islice
from sys import maxsize
from typing import Any, Generic, TypeVar

from ramekin.schema.fields import Field
from ramekin.values.comparison import TIME, OrderKey
from ramekin.values.paths import print_path
from ramekin.values.readings import comparer

T = TypeVar("T")
SortKey = tuple[Any, ...]

LAST: OrderKey = (9, 0)
"""What null and missing sort by, in both directions."""

RUN_ROWS = 500
"""Rows that are sorted at once: 1 to 2 ms, where keys of several fields are compared."""


@dataclass(frozen=True, slots=True)
class Order:
    """One field of an order."""

    field: Field
    is_descending: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.is_descending else ''}{print_path(self.field.path)}"

    def key_of(self) -> Callable[[Any], OrderKey]:
        """Return the function from a field's value to what it sorts by, so that smaller comes first."""
        compared = comparer(self.field.reading)
        if not self.is_descending:
            return lambda value: compared(value) or LAST
        return lambda value: LAST if (key := compared(value)) is None else descending(key)


def descending(key: OrderKey) -> OrderKey:
    """Return what sorts the other way round. Cost: O(length of a text), else O(1)."""
    kind, value = key
    if isinstance(value, str):
        return -kind, value.encode("utf-8", "surrogatepass").translate(_REVERSED_BYTES) + _END
    if isinstance(value, Decimal):
        return -kind, value.copy_negate()  # a minus sign would round it
    return -kind, -value if kind <= TIME else _Reversed(value)


_HIGHEST = 0xF4  # byte of UTF-8, whose bytes sort as the text does
_REVERSED_BYTES = bytes(max(0, _HIGHEST - byte) for byte in range(256))
_END = b"\xff"
"""Behind a text's reversed bytes: so what goes on comes before what ends there."""


class _Reversed:
    """An array or object that compares the other way round.

    Python compares bytes by itself; here it calls a function, which took ten times as long for texts.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]  # only for sorting


class FirstRows(Generic[T]):
    """The first k of many rows in order, each with the key that it sorts by; keys are never equal.

    Rows come in any order. Of every run only those stay that may still be among the first k, so memory is O(k) and a
    row that comes too late costs one comparison. Cost: O(n log run) in all, in steps of one run.
    """

    def __init__(self, k: int) -> None:
        self.k = min(k, maxsize)
        self._fresh = list[tuple[SortKey, T]]()
        self._runs: list[list[tuple[SortKey, T]]] = []
        self._bound: SortKey | None = None

    def __len__(self) -> int:
        """Return the number of rows that are held."""
        return len(self._fresh) + sum(map(len, self._runs))

    def add(self, key: SortKey, row: T) -> None:
        """Take a row. Cost: O(1) amortised."""
        if self._bound is not None and key > self._bound:
            return
        self._fresh.append((key, row))
        if len(self._fresh) >= RUN_ROWS:
            self._close_run()

    def in_order(self) -> Iterator[T]:
        """Yield the first k rows in order, and let go of each: 100,000 at once took 25 ms. Cost: O(log runs) each."""
        self._close_run()
        return (row for _, row in islice(merge(*map(_emptied, self._runs), key=_key), self.k))

    def let_go(self) -> Iterator[None]:
        """Free what is held, in short steps."""
        self._fresh.clear()
        while self._runs:
            self._runs.pop()
            yield

    def _close_run(self) -> None:
        run = sorted(self._fresh, key=_key)[: self.k]
        self._fresh = []
        if len(run) == self.k and self.k:
            self._bound = run[-1][0] if self._bound is None else min(self._bound, run[-1][0])
        if self._runs and len(self._runs[-1]) + len(run) <= 2 * RUN_ROWS:
            run = sorted(self._runs.pop() + run, key=_key)[: self.k]
            if len(run) == self.k and self._bound is not None:
                self._bound = min(self._bound, run[-1][0])
        self._runs.append(run)


def _emptied(run: list[T]) -> Iterator[T]:
    """Yield what a list holds, and take it out."""
    run.reverse()
    while run:
        yield run.pop()


def _key(entry: tuple[SortKey, Any]) -> SortKey:
    return entry[0]
