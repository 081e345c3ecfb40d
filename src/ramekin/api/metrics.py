"""Figures for Prometheus: how many requests, how long they took, what the tables hold.

Requests are counted in plain lists, which costs 0.2 µs each, and become Prometheus's families when somebody asks.
Labels are names of our operations and statuses only, never a table's or a path. Knows no engines.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from ramekin.api import descriptions
from ramekin.api.requests import read_parameters
from ramekin.api.routes import add_route
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import Metric

    from ramekin.api.app import Context
    from ramekin.database import TableInfo
    from ramekin.definitions import MemoryStats

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Metrics:
    """How long requests took, by operation and status."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, int], list[float]] = {}  # how many of each length, and the sum of all lengths
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


class _Figures(Collector):
    """What is told of one moment: the requests so far, and the tables as they are."""

    def __init__(
        self, metrics: Metrics, tables: list[TableInfo], memory: MemoryStats, uptime_s: float, *, has_failed: bool
    ) -> None:
        self._metrics, self._tables, self._memory, self._uptime_s = metrics, tables, memory, uptime_s
        self._has_failed = has_failed

    def collect(self) -> Iterable[Metric]:
        tables, memory = self._tables, self._memory
        limit = math.inf if memory.limit_bytes is None else memory.limit_bytes
        indexes = [index for info in tables for index in info.indexes]
        yield self._metrics.family()
        yield _gauge("ramekin_tables", "Tables.", len(tables))
        yield _gauge("ramekin_records", "Records in all tables.", sum(info.stats.records for info in tables))
        yield _gauge("ramekin_body_bytes", "Bytes of all records' JSON.", sum(info.stats.size_bytes for info in tables))
        yield _gauge("ramekin_indexes", "Indexes of all tables.", len(indexes))
        yield _gauge("ramekin_index_bytes", "Bytes of all indexes, about.", sum(index.size_bytes for index in indexes))
        yield _gauge("ramekin_journal_failed", "1 while a disk takes no writes.", int(self._has_failed))
        yield _gauge("ramekin_memory_bytes", "Bytes that all tables take, with their indexes.", memory.used_bytes)
        yield _gauge("ramekin_memory_limit_bytes", "Bytes that all tables may take.", limit)
        yield CounterMetricFamily(
            "ramekin_log_lines_dropped",
            "Lines of the log that nobody could be given: its reader stalled, or its disk was full.",
            self._metrics.log_lines_dropped(),
        )
        yield _gauge("ramekin_uptime_seconds", "Seconds since the server started.", self._uptime_s)
        info = GaugeMetricFamily("ramekin_info", "Which version this is.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of figures."""

    async def metrics(request: Request) -> Response:
        """Return the server's figures as Prometheus reads them."""
        read_parameters(request)
        registry = CollectorRegistry()
        database = context.database
        registry.register(
            _Figures(
                context.metrics,
                await database.tables(),
                database.engine.memory(),
                context.uptime_s(),
                has_failed=await database.engine.state() == "failed",
            )
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        return Response(generate_latest(registry), headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)

    add_route(app, "GET", "/metrics", metrics, **descriptions.METRICS)
