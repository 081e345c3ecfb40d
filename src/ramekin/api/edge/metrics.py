"""What is counted of requests and of whoever sends them.

See ``edge.py`` for who counts, ``endpoints/metrics.py`` for how it is told.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Literal

from ramekin.api.edge.histogram import histogram, no_figures
from ramekin.api.edge.lag import LoopLag
from ramekin.api.edge.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.core import HistogramMetricFamily

Elsewhere = Literal["connections", "log_lines_dropped"]


class Metrics:
    """How long requests took, by operation and status; what was refused; how late the event loop was."""

    def __init__(self) -> None:
        self.figures: defaultdict[str, defaultdict[int, list[float]]] = defaultdict(partial(defaultdict, no_figures))
        """By operation and status: how many took up to each of the bounds, how many took longer, and the sum."""
        self.refusals, self.lag = Refusals(), LoopLag()
        self._readings: dict[Elsewhere, Callable[[], int]] = {}

    def read(self, what: Elsewhere, reading: Callable[[], int]) -> None:
        """Tell how something is read that is counted elsewhere."""
        self._readings[what] = reading

    def reading(self, what: Elsewhere) -> int:
        """Return what is counted elsewhere; 0 where nobody counts it."""
        return self._readings[what]() if what in self._readings else 0

    def durations(self) -> HistogramMetricFamily:
        """Return how long requests took."""
        return histogram(
            "ramekin_request_duration_seconds",
            "Seconds from a request's arrival to its answer, by operation and status (0: the client went away).",
            ["operation", "status"],
            {
                (operation, str(status)): figures
                for operation, by_status in self.figures.items()
                for status, figures in by_status.items()
            },
        )
