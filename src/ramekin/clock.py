"""Time, as objects that a test can set: nothing else here asks the machine for it.

There are two kinds. What is *told*, a `Clock` says: the time of day, and how long something has been so. A database and
whoever serves it are given one, and a test gives them its own. What is *measured*, `stopwatch_s` says: how long work
has taken, or a client been silent. It goes on whatever a clock says: work that looked at a clock which stands still
would never give up its turn. Knows nothing else; for ids and chance see ``values/ids.py``.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def wall_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC. May step backwards when the machine's clock is set."""

    def steady_s(self) -> float:
        """Return seconds since some fixed moment. Never steps backwards."""


class SystemClock:
    """The machine's clock."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    steady_s = staticmethod(time.monotonic)


SYSTEM = SystemClock()


class MovableClock:
    """A clock that goes with another one until it is set, moved on or stopped, and that comes back to it.

    What is steady stands still and moves on with the time of day, but never back.
    """

    def __init__(self, real: Clock = SYSTEM) -> None:
        self.real = real
        """The other one."""
        self.is_frozen = False
        """Whether it stands still."""
        self.is_real = True
        """Whether it tells what the other one tells."""
        self._wall_ms, self._steady_s = 0, 0.0
        """What it is ahead of the other one; while it stands still, what it tells."""
        self._jumped_s = 0.0

    def wall_ms(self) -> int:
        return self._wall_ms if self.is_frozen else self.real.wall_ms() + self._wall_ms

    def steady_s(self) -> float:
        return self._steady_s if self.is_frozen else self.real.steady_s() + self._steady_s

    def running_s(self) -> float:
        """Return seconds as `steady_s`, which go on while it stands still: for what clients wait for."""
        return self.real.steady_s() + self._jumped_s

    def set(self, wall_ms: int, *, is_frozen: bool = False) -> None:
        """Tell another time from now on, and stand still there or go on from it."""
        self._jump(wall_ms, max(0, wall_ms - self.wall_ms()) / 1000, is_frozen=is_frozen)

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._jump(self.wall_ms() + int(seconds * 1000), seconds, is_frozen=self.is_frozen)

    def follow(self) -> None:
        """Go with the other clock again."""
        self._put(0, self.steady_s(), is_frozen=False)
        self._wall_ms, self.is_real = 0, True

    def _jump(self, wall_ms: int, seconds: float, *, is_frozen: bool) -> None:
        self._put(wall_ms, self.steady_s() + seconds, is_frozen=is_frozen)
        self._jumped_s += seconds
        self.is_real = False

    def _put(self, wall_ms: int, steady_s: float, *, is_frozen: bool) -> None:
        self.is_frozen = is_frozen
        self._wall_ms = wall_ms if is_frozen else wall_ms - self.real.wall_ms()
        self._steady_s = steady_s if is_frozen else steady_s - self.real.steady_s()


stopwatch_s = time.perf_counter
"""Returns seconds since some fixed moment, of the machine alone: see above."""

processor_s = time.thread_time
"""Returns for how many seconds this thread had a processor, which others who use the machine change little."""

current_clock: ContextVar[Clock] = ContextVar("current_clock", default=SYSTEM)
"""The clock of the database whose model is making a record just now; elsewhere the machine's."""


def now() -> datetime:
    """Return the time in UTC, to the millisecond: for the defaults of models, which follow their database's clock."""
    return datetime.fromtimestamp(current_clock.get().wall_ms() / 1000, UTC)


def as_text(wall_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 has them, in UTC."""
    return f"{datetime.fromtimestamp(wall_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{wall_ms % 1000:03}Z"
