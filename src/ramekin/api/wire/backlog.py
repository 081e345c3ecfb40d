"""Requests that are not begun at once, since too many came together: a few of them in each turn of the loop.

A client that sends a thousand requests at once must not be answered a thousand times before others are read, and a
thousand clients that send one each must not either. So a connection answers a few of what arrived together, and of all
connections only a few begin in one turn of the loop what takes long to begin. The rest waits here, connections taking
turns, and a turn of the loop spends no more than a slice of time on all of them. While any wait, others wait too, but
the first request that each of them sends goes before. Knows no requests; see ``connection.py`` for who waits.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    import asyncio

AT_ONCE = 16
"""Requests of one connection that are answered without a pause: with fewer, the kernel sends as many more packets."""

LONG_AT_ONCE = 8
"""Requests that begin the long way in one turn of the loop: 0.2 ms each up to where they wait."""

SLICE_S, LONG_SLICE_S = 0.00025, 0.002
"""Seconds of a turn of the loop that requests in a backlog may take: short ones, and those on the long way."""


class Waiting(Protocol):
    """A connection, as far as the backlog knows it."""

    def go_on(self, most: int) -> None:
        """Answer so many requests at the most; wait again if there are more."""


class Backlog:
    """Connections with requests that wait, in order of coming, each once."""

    def __init__(self, at_once: int = sys.maxsize, slice_s: float = SLICE_S) -> None:
        """Begin with nobody.

        Args:
            at_once: how many may go on in one turn of the loop.
            slice_s: seconds of it after which the rest waits for the next one.
        """
        self._new: dict[Waiting, None] = {}
        self._waiting: dict[Waiting, None] = {}
        self._slice_s = slice_s
        self._at_once = self._left = at_once
        self._is_begun = False

    def add(self, connection: Waiting, loop: asyncio.AbstractEventLoop, *, is_new: bool = False) -> None:
        """Let a connection go on in its turn; one that has just sent something, before those that wait for longer."""
        (self._new if is_new else self._waiting)[connection] = None
        self._begin(loop)

    @property
    def share(self) -> int:
        """How many requests of a connection are answered when they arrive: none while others wait."""
        return 0 if self._waiting else AT_ONCE

    def takes(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Say whether a request may go on at once, and count it: not so many have in this turn of the loop."""
        if not self._left:
            return False
        self._left -= 1
        self._begin(loop)
        return True

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_begun:
            self._is_begun = True
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        until_s, self._left = stopwatch_s() + self._slice_s, self._at_once
        for line, most in ((self._new, 1), (self._waiting, AT_ONCE)):
            for connection in [*line] if self._left else ():
                del line[connection]
                connection.go_on(most)
                if not self._left or stopwatch_s() >= until_s:
                    break
        self._is_begun = False
        if self._new or self._waiting or self._left < self._at_once:
            self._begin(loop)
