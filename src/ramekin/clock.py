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

stopwatch_s = time.perf_counter
"""Returns seconds since some fixed moment, of the machine alone: see above."""

current_clock: ContextVar[Clock] = ContextVar("current_clock", default=SYSTEM)
"""The clock of the database whose model is making a record just now; elsewhere the machine's."""


def now() -> datetime:
    """Return the time in UTC, to the millisecond: for the defaults of models, which follow their database's clock."""
    return datetime.fromtimestamp(current_clock.get().wall_ms() / 1000, UTC)


def as_text(wall_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 has them, in UTC."""
    return f"{datetime.fromtimestamp(wall_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{wall_ms % 1000:03}Z"
