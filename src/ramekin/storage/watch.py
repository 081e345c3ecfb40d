"""Watches: which records of a table were written since somebody began to read it.

Some work reads a table in many steps and then acts on it at one moment. It begins a watch first. At the end it looks
again only at what was written meanwhile, which is little, so that step is short. Knows no engines; see
``database/catching_up.py`` for who does so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from itertools import islice
from sys import maxsize
from typing import Protocol, Self


class Watched(Protocol):
    """What a watch needs of its table."""

    watches: list[TableWatch]
    is_gone: bool

    def get(self, key: str) -> bytes | None: ...


class TableWatch:
    """The keys of the records of one table that were written, from now until it is closed. Use it in ``with``."""

    def __init__(self, table: Watched) -> None:
        self._table = table
        self._noted = deque[Iterator[str]]()
        self.count = 0
        """How many records were written and not taken yet; one that was written twice may count twice."""

    def __enter__(self) -> Self:
        self._table.watches.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._table.watches.remove(self)

    @property
    def is_over(self) -> bool:
        """Whether the table is gone; one with its name may be there again."""
        return self._table.is_gone

    def take(self, most: int = maxsize) -> dict[str, bytes | None]:
        """Return records that were written, so many at the most, as they are now: by key, None for none."""
        keys: list[str] = []
        while self._noted and len(keys) < most:
            some = list(islice(self._noted[0], most - len(keys)))
            keys += some
            if not some:
                self._noted.popleft()
        self.count -= len(keys)
        find = self._table.get
        return {key: find(key) for key in keys}

    def note(self, keys: Collection[str]) -> None:
        """Take note of records that are written. Cost: O(1)."""
        self._noted.append(iter(keys))
        self.count += len(keys)
