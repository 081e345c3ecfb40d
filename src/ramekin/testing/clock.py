"""A clock that a test sets, for `Database`, engines and ids. Knows no database; see ``ramekin/clock.py``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SetClock:
    """Stands still until it is set, or moved on."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now
        """The time of day. To set it moves no span of time, as where a machine's clock is set."""
        self._steady_s = 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self._steady_s += seconds

    def wall_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    def steady_s(self) -> float:
        return self._steady_s
