"""The last steps that have happened, in order: what those read who follow a database.

    a step is stored ---> tell ---> | oldest ... newest | ---> behind(number): what came after a step
                                       |
                                       let go, over so many changes or bytes, or where memory is short

Nothing is kept before somebody asks for a place in it (`begin`): nobody could go on from an earlier one, and until then
a write pays for one look at `is_kept`. Where processes share tables another one may have told a place, so all is kept
from the beginning (`restart`). Steps of whole tables, and steps that would fill it alone, are kept by the
tables' names. Knows no asyncio and no JSON; see ``catalog.py`` and ``staging.py`` for who tells, and
``database/following.py`` for who reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ramekin.changes import Change, Defined, Dropped, Loaded, Reason, Stored, Written
from ramekin.clock import SYSTEM, Clock
from ramekin.limits import MIB
from ramekin.storage.collector import overlook
from ramekin.storage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


Whole = Literal["load", "define", "drop"]
"""What happens to a whole table."""

MAX_CHANGES, MAX_BYTES = 100_000, 64 * MIB

ENTRY_BYTES, CHANGE_BYTES, MARK_BYTES = 150, 140, 200
"""An entry, a change with its key, besides bodies, and a mark (CPython 3.11, 64 bits, November 2026)."""

AT_ONCE = 200
"""Entries that are given at once."""

LARGE = 1000
"""Changes of an entry from which on it is taken apart bit by bit."""


class Entry(Struct, frozen=True, gc=False):
    """One step: the changes of records, or what happened to whole tables."""

    number: int
    at_ms: int
    changes: Sequence[Change]
    whole: Sequence[tuple[Whole, str]]
    size_bytes: int
    reason: Reason = "write"


_number = attrgetter("number")


class History:
    """The last steps of an engine. One for its whole life, whatever becomes of its tables.

    1. Entries are in order, and all that happened after `begins_at` is in them.
    2. What it holds is in `memory.reserved_bytes`, bodies that tables hold too among it.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self.is_kept = False
        """Whether anything is: somebody has asked."""
        self.begins_at = 0
        """The number of the step after which it begins."""
        self.restarts = 0
        """How often the tables were read anew, so that nobody goes on from where they were."""
        self.is_over = False
        """Whether nothing will be told any more."""
        self.size_bytes = 0
        self.max_changes, self.max_bytes = MAX_CHANGES, MAX_BYTES
        self._clock, self._memory = clock, Memory()
        self._entries = deque[Entry]()
        self._changes = 0
        self._last_mark = (-1, "")
        self._last_at = (-1, 0)
        self._marks: dict[int, str] = {}
        self._drops: dict[str, int] = {}
        self._waiting: dict[Callable[[], None], None] = {}

    def begin(self, number: int) -> None:
        """Keep what happens after a step, unless it is kept already."""
        if not self.is_kept:
            self.is_kept, self.begins_at = True, number
            self.mark(*self._last_mark)

    def restart(self, number: int, mark: str = "") -> None:
        """Forget everything, and keep what happens after a step: the tables were read anew."""
        self._forget_all()
        self.is_kept, self.begins_at = True, number
        self.restarts += 1
        self.mark(number, mark)
        self._wake()

    def mark(self, number: int, mark: str, at_ms: int | None = None) -> None:
        """Take note of what names a step besides its number: where a step may be lost, another one gets its number.

        Args:
            at_ms: when it happened, if that is known; else it happens when it is told.
        """
        self._last_mark = (number, mark)
        if at_ms is not None:
            self._last_at = (number, at_ms)
        if self.is_kept and mark and number >= self.begins_at:
            self._marks[number] = mark

    def mark_of(self, number: int) -> str:
        """Return what names a step besides its number; empty where nothing does, or it is not kept. Cost: O(1)."""
        return self._last_mark[1] if number == self._last_mark[0] else self._marks.get(number, "")

    def end(self) -> None:
        """Forget everything, and tell whoever waits that nothing will happen any more."""
        self._forget_all()
        self.is_kept, self.is_over = False, True
        self._wake()

    def _forget_all(self) -> None:
        self._memory.leave_behind(list(self._entries))
        self._memory.reserved_bytes -= self.size_bytes
        self._entries.clear()
        self._marks.clear()
        self._drops.clear()
        self._changes = self.size_bytes = 0

    def count_in(self, memory: Memory) -> None:
        """Count what it holds in the memory of other tables from now on."""
        self._memory.reserved_bytes -= self.size_bytes
        self._memory = memory
        memory.reserved_bytes += self.size_bytes

    # For whoever stores

    def tell(self, number: int, step: Stored, size_bytes: int | None = None) -> None:
        """Take a step that was stored, if anything is kept. Cost: O(changes), O(1) where their size is given.

        Args:
            size_bytes: that of the bodies before and after.
        """
        if not self.is_kept:
            return
        if not isinstance(step, Change | Written):
            self._add(number, (), _of_whole_tables(step))
            return
        changes: Sequence[Change] = (step,) if isinstance(step, Change) else step.changes
        reason: Reason = "write" if isinstance(step, Change) else step.reason
        if size_bytes is None:
            size_bytes = sum([len(each.before or b"") + len(each.after or b"") for each in changes])
        size_bytes += CHANGE_BYTES * len(changes)
        if len(changes) <= self.max_changes and size_bytes <= self.max_bytes:
            if isinstance(step, Written):
                changes = overlook(tuple(changes))  # a list is emptied by whoever made the step
            self._add(number, changes, (), size_bytes, reason)
        else:
            self._add(number, (), [("load", table) for table in dict.fromkeys(each.table for each in changes)])

    def _add(
        self,
        number: int,
        changes: Sequence[Change],
        whole: Sequence[tuple[Whole, str]],
        size_bytes: int = 0,
        reason: Reason = "write",
    ) -> None:
        size_bytes += ENTRY_BYTES + (MARK_BYTES if self._marks else 0)
        at_ms = self._last_at[1] if self._last_at[0] == number else self._clock.wall_ms()
        self._entries.append(Entry(number, at_ms, changes, whole, size_bytes, reason))
        if whole:
            self._drops |= {table: number for op, table in whole if op == "drop"}
        self._changes += len(changes) or 1
        self.size_bytes += size_bytes
        self._memory.reserved_bytes += size_bytes
        while self._changes > self.max_changes or self.size_bytes > self.max_bytes:
            self._let_go(1)
        if self._waiting:
            self._wake()

    def give_way(self, size_bytes: int) -> None:
        """Let go of the oldest steps until so many bytes are free, or nothing is left. Cost: O(what is let go)."""
        target = self.size_bytes - size_bytes
        while self._entries and self.size_bytes > target:
            self._let_go(1)

    def _let_go(self, count: int) -> None:
        for _ in range(count):
            entry = self._entries.popleft()
            for number in range(self.begins_at, entry.number) if self._marks else ():
                self._marks.pop(number, None)
            self.begins_at = entry.number
            self._changes -= len(entry.changes) or 1
            self.size_bytes -= entry.size_bytes
            self._memory.reserved_bytes -= entry.size_bytes
            for _, table in entry.whole:
                if self._drops.get(table) == entry.number:
                    del self._drops[table]
            if len(entry.changes) > LARGE:
                self._memory.leave_behind(list(entry.changes))

    # For whoever reads

    def behind(self, number: int) -> list[Entry] | None:
        """Return some entries that came after a step, the next ones; None where not all of them are kept.

        Cost: O(log n + entries given).
        """
        if number < self.begins_at:
            return None
        entries = self._entries
        if not entries or entries[-1].number <= number:
            return []
        first = bisect_right(entries, number, key=_number)
        return [entries[place] for place in range(first, min(first + AT_ONCE, len(entries)))]

    def was_dropped(self, table: str, number: int) -> bool:
        """Say whether a table was dropped after a step, as far as that is kept. Cost: O(1)."""
        return self._drops.get(table, -1) > number

    def when_told(self, wake: Callable[[], None]) -> None:
        """Call a function once, when the next step is told."""
        self._waiting[wake] = None

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call a function any more."""
        self._waiting.pop(wake, None)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for wake in waiting:
            wake()


def _of_whole_tables(step: Defined | Dropped | Loaded) -> list[tuple[Whole, str]]:
    if isinstance(step, Loaded):
        loaded = [*step.tables, *(name for name in step.emptied if name not in step.tables)]
        return [*(("load", name) for name in loaded), *(("drop", name) for name in step.dropped)]
    return [("define" if isinstance(step, Defined) else "drop", step.table)]
