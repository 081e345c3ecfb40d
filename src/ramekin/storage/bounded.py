"""Records that may be so many, or so many bytes, and no more: a table that is a cache. Others give way to new ones.

What gives way is told here and taken out by a step of its own, so journals, indexes and followers know it as any other.
Knows no engines; see ``sieve.py`` for which give way, ``engine/evictions.py`` for who takes them out.
"""

from __future__ import annotations

from sys import maxsize
from typing import TYPE_CHECKING

from ramekin.changes import Change
from ramekin.storage.dated import Dated
from ramekin.storage.memory import Memory, record_growth
from ramekin.storage.sieve import Sieve

if TYPE_CHECKING:
    from collections.abc import Container

    from ramekin.schema.definition import Definition
    from ramekin.storage.records import Records


class Bounded(Dated):
    """Records with the limits that their table's definition gives them.

    Guarantee: `sieve` is there exactly while there are limits, and knows of every record that is written.
    """

    def __init__(self, name: str, records: Records, memory: Memory) -> None:
        super().__init__(name, records, memory)
        self.sieve: Sieve | None = None
        self._max_records = self._max_bytes = maxsize

    @property
    def sieve_bytes(self) -> int:
        """What the queue of a cache takes."""
        return 0 if self.sieve is None else self.sieve.size_bytes

    @property
    def is_over(self) -> bool:
        """Whether some are to give way: there are more than the limits allow. Cost: O(1)."""
        return len(self.records.bodies) > self._max_records or self.size_bytes > self._max_bytes

    def bound(self, definition: Definition) -> None:
        """Take the limits of a definition. Cost: O(1)."""
        self._max_records = maxsize if definition.max_records is None else definition.max_records
        self._max_bytes = maxsize if definition.max_bytes is None else definition.max_bytes
        if not definition.is_cache:
            self._grow(-self.sieve_bytes)
            self.sieve = None
        elif self.sieve is None:
            self.sieve = Sieve()

    def give_way(self, most: int, spared: Container[str], lacking_bytes: int = 0) -> list[Change]:
        """Return what takes out the records that give way next, so many at the most, until the others fit the limits.

        Args:
            spared: keys of records that stay now.
            lacking_bytes: memory that is to be free after that, beside what the limits ask for.

        Cost: O(most), as `Sieve.victims`.
        """
        changes: list[Change] = []
        if self.sieve is None:
            return changes
        bodies, each_bytes, before_bytes = self.records.bodies, self.finding_bytes_each(), self.sieve.size_bytes
        count, size_bytes = len(bodies), self.size_bytes
        victims = self.sieve.victims(bodies.keys())
        while (count > self._max_records or size_bytes > self._max_bytes or lacking_bytes > 0) and len(changes) < most:
            if (key := next(victims, None)) is None:
                break
            if key not in spared:
                body = bodies[key]
                changes.append(Change(self.name, key, body, None))
                count -= 1
                size_bytes -= len(body)
                lacking_bytes += record_growth(key, body, None) - each_bytes
        self._grow(self.sieve.size_bytes - before_bytes)
        return changes

    def recount(self) -> int:
        return super().recount() + self.sieve_bytes
