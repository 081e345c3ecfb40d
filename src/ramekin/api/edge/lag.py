"""How late the event loop is: what every request of this process waits for, whatever it asks.

Knows no requests; see ``metrics.py`` for the other histograms, and ``cli/server.py`` for who begins.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from ramekin.api.edge.histogram import BOUNDS_S, no_figures
from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    import asyncio

EVERY_S = 0.1
"""Seconds between two looks: 6 µs each (CPython 3.11, November 2026)."""


class LoopLag:
    """A timer that is set again and again, and by how much it was late each time."""

    def __init__(self) -> None:
        self.figures = no_figures()
        self._due_s = 0.0

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look on until the loop ends."""
        self._due_s = stopwatch_s() + EVERY_S
        loop.call_later(EVERY_S, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        late_s = max(0.0, stopwatch_s() - self._due_s)
        self.figures[bisect_left(BOUNDS_S, late_s)] += 1
        self.figures[-1] += late_s
        self.watch(loop)
