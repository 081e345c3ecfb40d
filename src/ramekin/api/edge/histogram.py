"""Lengths of time, counted by how long they were: plain lists, which become Prometheus's families when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

SUM = len(BOUNDS_S) + 1
"""Where the sum of seconds stands among figures."""


def no_figures() -> list[float]:
    """Return the figures of nothing: how many took up to each bound and how many longer, and the sum of seconds."""
    return [*[0] * SUM, 0.0]


def histogram(
    name: str, text: str, labels: Sequence[str], series: Mapping[tuple[str, ...], Sequence[float]]
) -> HistogramMetricFamily:
    """Return figures as Prometheus has them; the keys of `series` are the labels' values."""
    family = HistogramMetricFamily(name, text, labels=labels)
    for values, (*counts, sum_s) in series.items():
        buckets, seen = [], 0.0
        for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], counts, strict=True):
            seen += count
            buckets.append((bound, seen))
        family.add_metric(values, buckets, sum_s)
    return family
