"""Figures for Prometheus: how many requests, how long they took, what the tables hold.

Requests are counted in plain lists, which costs 0.2 µs each, and become Prometheus's families when somebody asks.
Labels are names of our operations and statuses only, never a table's or a path. Knows no engines.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ramekin.api.declared.answers import content
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.http.answer import body_answer
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

    from ramekin.api.edge.metrics import Metrics
    from ramekin.api.http.answer import Reply
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.database.info import TableInfo
    from ramekin.stats import MemoryStats

MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"


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
        yield _gauge("ramekin_in_flight_bytes", "Bytes that requests hold, about.", self._metrics.in_flight_bytes())
        yield _gauge("ramekin_connections", "Connections of clients.", self._metrics.connections())
        refusals = CounterMetricFamily(
            "ramekin_refusals", "What was refused or cut before it became a request, by reason.", labels=["reason"]
        )
        for reason, times in self._metrics.refusals.counts.items():
            refusals.add_metric([reason], times)
        yield refusals
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


@endpoint(
    "GET",
    "/metrics",
    role="admin",
    is_whole=True,
    tag="service",
    answers={
        200: {
            "description": "Figures in Prometheus's text format.",
            "content": content({"type": "string"}, media="text/plain"),
        }
    },
    problems=(400,),
)
async def metrics(session: Session, asked: Asked[None]) -> Reply:
    """Return the server's metrics as Prometheus reads them."""
    registry = CollectorRegistry()
    database = session.database
    registry.register(
        _Figures(
            session.server.metrics,
            await database.tables(),
            database.memory(),
            session.server.uptime_s(),
            has_failed=await database.engine.state() == "failed",
        )
    )
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return body_answer(generate_latest(registry), headers={"cache-control": "no-store"}, media=MEDIA_TYPE)


ENDPOINTS: Endpoints = (metrics,)
