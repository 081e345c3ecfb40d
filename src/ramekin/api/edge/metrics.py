"""How long requests took, as histograms for Prometheus.

See ``edge.py`` for who counts, ``endpoints/metrics.py`` for how they are told.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from prometheus_client.core import HistogramMetricFamily

from ramekin.api.edge.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """How long requests took, by operation and status."""

    def __init__(self) -> None:
        self.figures: defaultdict[tuple[str, int], list[float]] = defaultdict(lambda: [*[0] * (len(BOUNDS_S) + 1), 0.0])
        """By operation and status: how many took up to each of the bounds, how many took longer, and the sum."""
        self.refusals = Refusals()
        self.connections: Callable[[], int] = lambda: 0
        """Says how many connections there are; set by who counts them."""
        self.in_flight_bytes: Callable[[], int] = lambda: 0
        """Says what requests under way hold; set by who counts that."""
        self.log_lines_dropped: Callable[[], int] = lambda: 0
        """Says how many lines of the log were dropped; set by who writes the log."""

    def family(self) -> HistogramMetricFamily:
        """Return what was counted."""
        family = HistogramMetricFamily(
            "ramekin_request_duration_seconds",
            "Seconds from a request's arrival to its answer, by operation and status (0: the client went away).",
            labels=["operation", "status"],
        )
        for (operation, status), (*counts, sum_s) in self.figures.items():
            buckets, seen = [], 0.0
            for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], counts, strict=True):
                seen += count
                buckets.append((bound, seen))
            family.add_metric([operation, str(status)], buckets, sum_s)
        return family
