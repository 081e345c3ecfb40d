"""Requests that clients sent behind others, without waiting for their answers: a few of them in each turn of the loop.

A client that sends a thousand requests at once must not be answered a thousand times before others are read. So a
connection answers a few of what arrived together; the rest waits here, connections taking turns, and a turn of the loop
spends no more than a slice of time on all of them. Knows no requests; see ``connection.py`` for who waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    import asyncio

AT_ONCE = 8
"""Requests of one connection that are answered without a pause."""

SLICE_S = 0.002
"""Seconds of a turn of the loop that requests in the backlog may take."""


class Waiting(Protocol):
    """A connection, as far as the backlog knows it."""

    def go_on(self) -> None:
        """Answer a few requests; wait again if there are more."""


class Backlog:
    """Connections with requests that wait, in order of coming, each once."""

    def __init__(self) -> None:
        self._waiting: dict[Waiting, None] = {}
        self._is_begun = False

    def add(self, connection: Waiting, loop: asyncio.AbstractEventLoop) -> None:
        """Let a connection go on in its turn."""
        self._waiting[connection] = None
        if not self._is_begun:
            self._is_begun = True
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        until_s = stopwatch_s() + SLICE_S
        for connection in list(self._waiting):
            del self._waiting[connection]
            connection.go_on()
            if stopwatch_s() >= until_s:
                break
        self._is_begun = bool(self._waiting)
        if self._is_begun:
            loop.call_soon(self._turn, loop)
