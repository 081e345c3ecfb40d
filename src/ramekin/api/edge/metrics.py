"""How long requests took, as histograms for Prometheus; see ``endpoints/metrics.py`` for how they are told."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from prometheus_client.core import HistogramMetricFamily

from ramekin.api.edge.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """How long requests took, by operation and status."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, int], list[float]] = {}  # how many of each length, and the sum of all lengths
        self.refusals = Refusals()
        self.connections: Callable[[], int] = lambda: 0
        """Says how many connections there are; set by who counts them."""
        self.log_lines_dropped: Callable[[], int] = lambda: 0
        """Says how many lines of the log were dropped; set by who writes the log."""

    def count(self, operation: str, status: int, spent_s: float) -> None:
        """Count one request. Cost: O(1)."""
        figures = self._figures.get((operation, status))
        if figures is None:
            figures = self._figures[operation, status] = [*[0] * (len(BOUNDS_S) + 1), 0.0]
        figures[bisect_left(BOUNDS_S, spent_s)] += 1
        figures[-1] += spent_s

    def family(self) -> HistogramMetricFamily:
        """Return what was counted."""
        family = HistogramMetricFamily(
            "ramekin_request_duration_seconds",
            "Seconds from a request's arrival to its answer, by operation and status (0: the client went away).",
            labels=["operation", "status"],
        )
        for (operation, status), (*counts, sum_s) in self._figures.items():
            buckets, seen = [], 0.0
            for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], counts, strict=True):
                seen += count
                buckets.append((bound, seen))
            family.add_metric([operation, str(status)], buckets, sum_s)
        return family
