"""How long the other end of a connection is waited for, what it may leave unread, and who looks after it: one sweep.

Each connection keeps the moment at which it must have gone on, `due_s`; to move it is one assignment. The sweep looks
at all of them five times a second (3 ms for 10,000) and tells those that are late. A timer for each connection would
cost more with every request. It also adds up what all of them hold, answers that are not read and requests that are not
whole or wait, and cuts those that hold most where that is too much. Knows no HTTP; see ``channel.py`` for what a
connection does when it is late.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from heapq import nlargest
from operator import methodcaller
from typing import TYPE_CHECKING, Protocol

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    import asyncio

    from ramekin.api.edge.flight import Flight

SWEEP_S = 0.2
"""Seconds between two looks at all connections."""

LATE_AT_ONCE = 50
"""How many connections are told in one turn of the loop that they are late: to end one takes 20 to 50 µs."""

GRACE_S = 1.0
"""Seconds by which the server waits longer for a next request than it says: clients begin to count when an answer
arrives."""

PARTING_S = 0.5
"""So long a client of a server that stops, or is full, may take to close its side; and one that idles, to ask once
more: closed at once, it would be told of a reset if its next request is on its way."""

LAST_WAIT_S = 2.0
"""So long a server that stops waits for a client that sends nothing of what it began, or reads nothing."""

BYTES_PER_S = 1024
"""What a body must bring and a reader must take: each second's bytes give one second more."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the other end is waited for, in seconds."""

    head_s: float = 10.0
    """For the first byte; and from there for the whole head."""
    body_s: float = 30.0
    """For the whole body, unless it brings `BYTES_PER_S`."""
    reader_s: float = 30.0
    """For a reader that takes less than `BYTES_PER_S`."""
    idle_s: int = 5
    """For the next request, as answers say; the server waits `GRACE_S` longer."""

    def within(self, most_s: float) -> Deadlines:
        """Return the same, none of them longer than so many seconds."""
        return replace(self, **{each.name: min(most_s, getattr(self, each.name)) for each in fields(self)})


DEADLINES = Deadlines()


class Late(Protocol):
    """A connection, as far as the sweep knows it."""

    due_s: float
    """The moment at which it must have gone on, as `stopwatch_s` counts."""

    def expire(self, now_s: float) -> None:
        """Do what a moment that has passed asks for; set the next one."""

    def held_bytes(self) -> int:
        """Return how many bytes it holds of what was sent to it, and of what its other end has not read."""

    def cut(self) -> None:
        """End at once, for what it holds."""


class Sweep:
    """Tells connections that are late, and counts what they hold. It rests while there are none."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._watched: set[Late] = set()
        self._is_begun = False

    def watch(self, connection: Late, loop: asyncio.AbstractEventLoop) -> None:
        """Look after a connection from now on."""
        self._watched.add(connection)
        if not self._is_begun:
            self._is_begun = True
            loop.call_later(SWEEP_S, self._look, loop)

    def forget(self, connection: Late) -> None:
        """Look after a connection no longer."""
        self._watched.discard(connection)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = stopwatch_s()
        try:
            self._weigh()
        finally:
            self._tell([one for one in self._watched if one.due_s <= now_s], loop)

    def _weigh(self) -> None:
        """Count what all connections hold; cut those that hold most, if it is more than they may hold together."""
        held_bytes = sum([one.held_bytes() for one in self._watched])
        excess_bytes = held_bytes - self._flight.most_buffered_bytes()
        if excess_bytes > 0:
            for one in nlargest(LATE_AT_ONCE, self._watched, methodcaller("held_bytes")):
                if excess_bytes > 0:
                    excess_bytes -= one.held_bytes()
                    one.cut()
        self._flight.weigh(held_bytes)

    def _tell(self, late: list[Late], loop: asyncio.AbstractEventLoop) -> None:
        """Tell some that they are late, and go on in the next turn of the loop, whatever comes of them."""
        now_s = stopwatch_s()
        try:
            for _ in range(min(LATE_AT_ONCE, len(late))):
                one = late.pop()
                if one.due_s <= now_s and one in self._watched:
                    one.expire(now_s)
        finally:
            if late:
                loop.call_soon(self._tell, late, loop)
            elif self._watched:
                loop.call_later(SWEEP_S, self._look, loop)
            else:
                self._is_begun = False
