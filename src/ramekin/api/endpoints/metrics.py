"""Figures for Prometheus: how many requests, how long they took, what the tables hold.

Requests are counted in plain lists, which costs 0.2 µs each, and become Prometheus's families when somebody asks.
Labels are names of our operations, statuses and errors, and of some tables; never a path.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from ramekin.api.declared.answers import content
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.edge.histogram import histogram
from ramekin.api.http.answer import Reply, body_answer
from ramekin.api.http.problems import TOLD
from ramekin.stats import JournalStats, TableStats
from ramekin.storage.largest import LARGEST
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client import Metric

    from ramekin.api.context import Context
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.database.database import Database

MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"

OTHERS = "(others)"
"""What stands for the name of tables that are not told apart."""

_OF_A_TABLE = (
    ("ramekin_table_records", "Records", "records"),
    ("ramekin_table_body_bytes", "Bytes of the records' JSON", "size_bytes"),
    ("ramekin_table_memory_bytes", "Bytes of memory", "memory_bytes"),
)
"""Figures of single tables: name, text, and the member of statistics that has them."""


class _Figures:
    """What is told of one moment: what happened so far, and the tables as they are. Cost: O(1), whatever tables."""

    def __init__(self, server: Context, database: Database, *, has_failed: bool) -> None:
        self._server, self._engine, self._has_failed = server, database.engine, has_failed

    def collect(self) -> Iterable[Metric]:
        yield from self._requests()
        yield from self._tables()
        yield from self._memory()
        yield from self._journal()
        yield from self._link()
        yield _gauge("ramekin_uptime_seconds", "Seconds since the server started.", self._server.uptime_s())
        info = GaugeMetricFamily("ramekin_info", "Which version this is.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info

    def _requests(self) -> Iterable[Metric]:
        metrics = self._server.metrics
        yield metrics.durations()
        yield _counts("ramekin_problems", "Answers that told of an error, by its code.", "code", TOLD)
        text = "What was refused or cut before it became a request, by reason."
        yield _counts("ramekin_refusals", text, "reason", metrics.refusals.counts)
        yield _gauge("ramekin_connections", "Connections of clients.", metrics.reading("connections"))
        yield _gauge("ramekin_followers", "Streams of changes that are open.", self._server.followers())
        text = "Seconds by which the event loop was late, looked at ten times a second."
        yield histogram("ramekin_loop_lag_seconds", text, [], {(): metrics.lag.figures})
        yield CounterMetricFamily(
            "ramekin_log_lines_dropped",
            "Lines of the log that nobody could be given: its reader stalled, or its disk was full.",
            metrics.reading("log_lines_dropped"),
        )

    def _tables(self) -> Iterable[Metric]:
        tables = self._engine.tables
        totals, largest, builds = tables.totals(), tables.largest(), tables.builds.stats()
        yield _gauge("ramekin_tables", "Tables.", totals.tables)
        yield _gauge("ramekin_records", "Records in all tables.", totals.records)
        yield _gauge("ramekin_body_bytes", "Bytes of all records' JSON.", totals.size_bytes)
        for name, what, member in _OF_A_TABLE:
            of_each = {table.name: getattr(table, member) for table in largest}
            yield _by_table(name, what, getattr(totals, member), of_each)
        yield from _caches(largest)
        yield _gauge("ramekin_indexes", "Indexes of all tables.", totals.indexes)
        yield _gauge("ramekin_index_bytes", "Bytes of all indexes and orders of ids, about.", totals.index_bytes)
        yield _gauge("ramekin_index_builds_running", "Indexes and orders that are being built.", builds.running)
        text = "Indexes and orders that were built, and the seconds that took."
        yield SummaryMetricFamily("ramekin_index_build_seconds", text, builds.count, builds.seconds)
        text = "Queries that found all indexes that they needed."
        yield CounterMetricFamily("ramekin_index_hits", text, builds.hits)

    def _memory(self) -> Iterable[Metric]:
        tables = self._engine.tables
        memory = tables.memory()
        limit = math.inf if memory.limit_bytes is None else memory.limit_bytes
        yield _gauge("ramekin_memory_bytes", "Bytes that all tables take, with their indexes.", memory.used_bytes)
        kept_bytes = tables.history.size_bytes
        yield _gauge("ramekin_kept_changes_bytes", "Of these what changes take that are kept.", kept_bytes)
        yield _gauge("ramekin_memory_limit_bytes", "Bytes that all tables may take.", limit)
        yield _gauge(
            "ramekin_in_flight_bytes", "Bytes that requests under way hold, about.", self._server.flight.held_bytes
        )

    def _journal(self) -> Iterable[Metric]:
        journal = self._engine.journal_stats() or JournalStats(0, 0, 0.0)
        yield _gauge("ramekin_journal_failed", "1 while a disk takes no writes.", int(self._has_failed))
        yield _gauge("ramekin_journal_queued_steps", "Steps that wait for their commit.", journal.queued_steps)
        yield _gauge("ramekin_journal_unsynced_bytes", "Bytes that no sync has covered.", journal.unsynced_bytes)
        text = "Age of the oldest commit that no sync has covered."
        yield _gauge("ramekin_journal_unsynced_seconds", text, journal.unsynced_s)

    def _link(self) -> Iterable[Metric]:
        link = self._engine.tables.link_stats()
        if link is None:  # no other process writes these tables
            return
        yield _gauge("ramekin_feed_behind_steps", "Writes of others that have not come here yet.", link.behind_steps)
        yield _gauge("ramekin_feed_silent_seconds", "Seconds since the nodes were heard.", link.silent_s)
        yield CounterMetricFamily("ramekin_feed_steps", "Writes of all processes that have come here.", link.steps)
        text = "How often everything was read: at the start, and where this process had fallen behind."
        yield CounterMetricFamily("ramekin_feed_readings", text, link.readings)
        yield CounterMetricFamily("ramekin_engine_calls", "Calls to the nodes.", link.calls)
        yield CounterMetricFamily("ramekin_engine_connections", "Connections for these calls.", link.connections)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _counts(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    found = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        found.add_metric([value], count)
    return found


def _by_table(name: str, what: str, total: int, largest: Mapping[str, int]) -> GaugeMetricFamily:
    """Return a figure of each of the largest tables, and the sum of all others: under a name that no table has."""
    found = GaugeMetricFamily(name, f"{what}, of the {LARGEST} largest tables and of all others.", labels=["table"])
    for table, value in largest.items():
        found.add_metric([table], value)
    found.add_metric([OTHERS], total - sum(largest.values()))
    return found


def _caches(largest: Iterable[TableStats]) -> Iterable[Metric]:
    """Yield what is counted of caches, of those among the largest tables."""
    caches = [table for table in largest if table.evicted is not None]
    told = {
        "hits": "Reads of single records of a cache that found one.",
        "misses": "Reads of single records of a cache that found none.",
        "evicted": "Records of a cache that gave way to others.",
    }
    for member, text in told.items():
        found = CounterMetricFamily(f"ramekin_cache_{member}", text, labels=["table"])
        for table in caches:
            found.add_metric([table.name], getattr(table, member) or 0)
        yield found


@endpoint(
    "GET",
    "/metrics",
    role="admin",
    is_whole=True,
    is_of_process=True,
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
    """Return the server's metrics as Prometheus reads them; of several processes on a port those of all."""
    server = session.server
    others = [] if server.siblings is None else await server.siblings.told()
    families = await families_of(server, session.database)
    return body_answer(
        await asyncio.to_thread(_print, [families, *others]), headers={"cache-control": "no-store"}, media=MEDIA_TYPE
    )


async def families_of(server: Context, database: Database) -> list[Metric]:
    """Return what this process tells of itself and its tables."""
    has_failed = await database.engine.state() == "failed"
    families = [*_Figures(server, database, has_failed=has_failed).collect()]
    return await asyncio.to_thread(_with_process, families, server.worker)


def _with_process(families: list[Metric], worker: int | None) -> list[Metric]:
    """Return families, and what the library knows of this process; of several workers each sample says which it is."""
    known = CollectorRegistry()
    for make in (ProcessCollector, PlatformCollector, GCCollector):
        make(registry=known)
    families = [*families, *known.collect()]
    if worker is not None:
        for family in families:
            family.samples = [
                sample._replace(labels={**sample.labels, "worker": str(worker)}) for sample in family.samples
            ]
    return families


def _print(told: list[list[Metric]]) -> bytes:
    """Return the families of processes as one text: 6 µs a line, so not on the event loop."""
    together: dict[str, Metric] = {}
    for family in (family for families in told for family in families):
        if family.name in together:
            together[family.name].samples += family.samples
        else:
            together[family.name] = family
    return generate_latest(_Told([*together.values()]))


class _Told(Collector):
    """Families as they are."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


ENDPOINTS: Endpoints = (metrics,)
