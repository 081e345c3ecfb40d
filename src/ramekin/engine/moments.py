"""When readers of whole tables begin: together, since each moment at which some begin may cost a copy of a table.

What a reader holds is copied by the first write that follows (``storage/shared.py``): 50 ms for a million records, and
as long until the copy before is let go of. A client that begins to read after each write would have each write copy
all. So a moment that may cost a copy is followed by a pause ten times as long as the copy takes:

    asks ──nothing was written since the last moment, or the pause is over──► begins
      └── else waits for the end of the pause ──► begins together with others who wait

What was not written since, or is held by others, costs nothing more. Short tables are left alone.
Knows nothing of what is read; see ``tables.py`` for who asks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.storage.indexed import Indexed

PAUSE_S = 1e-6
"""Seconds of pause for each record that may be copied: ten times what it takes to copy one and to let go of it again
(CPython 3.11, November 2026)."""

FEW_RECORDS = 1000
"""Copies of so many, which take 0.1 ms, count for nothing."""

AT_ONCE = 100
"""Readers that begin together: 20 µs each."""


class Moments:
    """The pauses between moments, and who waits for their end.

    Guarantee: one who waits begins after as many pauses as there are `AT_ONCE` before it.
    """

    def __init__(self) -> None:
        self._next_s, self._revision = 0.0, -1  # of all tables, at the last moment
        self._waiting = deque[asyncio.Future[None]]()

    def is_now(self, tables: Sequence[Indexed], revision: int) -> bool:
        """Say whether somebody may begin to read whole tables, which it does at once; the pause behind it begins.

        Args:
            revision: of all tables.
        """
        copied = sum([len(each.records.bodies) for each in tables if self._may_be_copied(each)])
        if copied <= FEW_RECORDS:
            return True
        now_s = stopwatch_s()
        if now_s < self._next_s:
            return False
        self._next_s, self._revision = now_s + copied * PAUSE_S, revision
        return True

    def _may_be_copied(self, table: Indexed) -> bool:
        return table.revision > self._revision and not table.records.readers

    async def next(self) -> None:
        """Wait for the end of the pause, where it is to be asked again whether it is now."""
        if not self._waiting:
            self._set_timer()
        self._waiting.append(turn := asyncio.get_running_loop().create_future())
        await turn

    def _set_timer(self) -> None:
        asyncio.get_running_loop().call_later(self._next_s - stopwatch_s(), self._call)

    def _call(self) -> None:
        """Let some ask again. The first begins, and so the others may; who is left waits for one more pause."""
        for _ in range(min(AT_ONCE, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # whoever was cancelled has left
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._set_timer)  # behind them, who set the next pause
