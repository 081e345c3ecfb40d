"""Time, as an object that a test can set.

Knows nothing else. Whoever needs the time is given a `Clock`; `SYSTEM` is the machine's own.
"""

from __future__ import annotations

import time
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
