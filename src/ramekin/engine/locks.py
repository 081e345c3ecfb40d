"""Locks of single records: which are held by calls under way, and who waits for each, in the order of coming.

Knows no calls; see ``replicated.py`` for who holds them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.changes import Change

Place = tuple[str, str]
"""A table and a key."""


class Locks:
    """The records that are taken, by calls of one event loop.

    Whoever has waited, and is told to go on, takes the record in the same turn or calls `wake`: else the next in line
    would wait for ever.
    """

    def __init__(self) -> None:
        self._taken = set[Place]()
        self._when_empty: asyncio.Future[None] | None = None
        self._lines: dict[Place, deque[asyncio.Future[None]]] = {}

    def in_the_way(self, changes: Sequence[Change]) -> Place | None:
        """Return a record that is taken, the first of some changes. Cost: O(changes) if any is taken at all."""
        if self._taken:
            for change in changes:
                if (change.table, change.key) in self._taken:
                    return change.table, change.key
        return None

    def take(self, changes: Sequence[Change]) -> None:
        """Take the records of some changes. Cost: O(changes)."""
        self._taken.update((change.table, change.key) for change in changes)

    def free(self, changes: Sequence[Change]) -> None:
        """Let go of the records of some changes; whoever has waited longest for each goes on."""
        for change in changes:
            place = (change.table, change.key)
            self._taken.discard(place)
            self.wake(place)
        if not self._taken and self._when_empty is not None and not self._when_empty.done():
            self._when_empty.set_result(None)

    def wait(self, place: Place) -> asyncio.Future[None]:
        """Return what ends when it is one's turn to take a record."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(place, deque()).append(turn)
        return turn

    def wake(self, place: Place) -> None:
        """Tell whoever waits longest for a record to go on, unless it is taken."""
        line = self._lines.get(place)
        while line and place not in self._taken:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                break
        if line is not None and not line:
            del self._lines[place]

    async def emptied(self) -> None:
        """Wait until nothing is taken."""
        while self._taken:
            self._when_empty = asyncio.get_running_loop().create_future()
            await self._when_empty
