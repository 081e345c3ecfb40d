"""Which engine a server gets: its tables in memory, with a journal in a directory, or as nodes keep them for many.

Opens nothing. Knows no server; see ``serve.py``.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog

from ramekin.cli.configuration import Refused, refusing
from ramekin.cli.memory_limit import read_memory_limit
from ramekin.cli.replay_progress import Replay
from ramekin.clock import SYSTEM, Clock, MovableClock
from ramekin.engine.embedded import Embedded
from ramekin.settings import ending_s
from ramekin.values.ids import IdSource, RepeatedIds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.base import Engine, Guarantees
    from ramekin.settings import Settings

_log = structlog.get_logger("ramekin")

SWITCH_S = 0.0005
"""How long the journal's thread waits for the interpreter's lock at the most: writes beside a busy event loop took
35 to 100 ms with Python's 5 ms, and 5 to 7 with this (p99 of 16 writers beside 16 readers, November 2026)."""


def engine_of(
    settings: Settings, *, is_demo: bool = False, stopping_for_s: Callable[[], float] = float
) -> tuple[Engine, Replay | None]:
    """Return the engine that settings ask for, and what shows how far a data directory is read.

    Args:
        stopping_for_s: returns the seconds since somebody asked for a stop; 0 if nobody did.

    Raises:
        Refused: it cannot be. Unusable: the directory cannot be used.
    """
    clock: Clock = MovableClock() if settings.dev else SYSTEM
    limit = read_memory_limit(settings.memory_limit, settings.workers)
    if limit.is_little:
        _log.warning("little memory", limit=str(limit))
    if settings.data_dir is not None and not is_demo:
        return _journaled(settings, limit.size_bytes, clock, stopping_for_s)
    if settings.engine is not None and not is_demo:
        return _replicated(settings, limit.size_bytes, clock), None
    idle_s = settings.index_idle_seconds
    return Embedded(index_idle_s=idle_s, memory_limit_bytes=limit.size_bytes, clock=clock), None


def ids_of(settings: Settings, engine: Engine) -> IdSource | None:
    """Return what makes ids that repeat from run to run, if that is asked for."""
    if settings.seed is None or not isinstance(engine.clock, MovableClock):
        return None
    return RepeatedIds(engine.clock, settings.seed)


def where_kept(guarantees: Guarantees, settings: Settings) -> str:
    """Return where the tables are, for whoever started the server."""
    if guarantees.is_shared:
        by, reads = guarantees.acknowledged_by, guarantees.reads
        return f"kept by nodes as the database '{settings.database}', acknowledged by {by}, reads {reads}"
    if guarantees.is_durable:
        return f"kept in {settings.data_dir}, fsync {settings.fsync}"
    return "in memory only: stopping it loses the data"


def _journaled(
    settings: Settings, memory_bytes: int | None, clock: Clock, stopping_for_s: Callable[[], float]
) -> tuple[Engine, Replay]:
    from ramekin.durability.store import Store  # these need a Unix
    from ramekin.engine.journaled import Journaled

    assert settings.data_dir is not None, "the caller saw it"
    sys.setswitchinterval(SWITCH_S)
    seconds = settings.shutdown_seconds
    until_s = seconds - ending_s(seconds) / 2
    store = Store(settings.data_dir, settings.fsync, has_time=lambda: stopping_for_s() < until_s)
    store.lock()
    replay = Replay(store)
    idle_s = settings.index_idle_seconds
    engine = Journaled(store, index_idle_s=idle_s, memory_limit_bytes=memory_bytes, clock=clock, advance=replay)
    return engine, replay


def _replicated(settings: Settings, memory_bytes: int | None, clock: Clock) -> Engine:
    if find_spec("hiredis") is None:
        raise Refused("--engine needs a library that is not installed: pip install 'ramekin[cluster]'")
    from ramekin.cluster.address import Servers
    from ramekin.cluster.key_names import KeyNames
    from ramekin.engine.replicated import Replicated

    with refusing("--engine"):
        servers = Servers.parse(settings.engine or "", settings.engine_password)
    with refusing("--database"):
        KeyNames(settings.database)
    return Replicated(
        servers,
        settings.database,
        acknowledged_by=settings.ack,
        reads=settings.reads,
        index_idle_s=settings.index_idle_seconds,
        memory_limit_bytes=memory_bytes,
        clock=clock,
    )
