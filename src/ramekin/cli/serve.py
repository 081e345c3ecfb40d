"""Starting a server: settings, models and files become one process that owns the tables.

Everything is loaded before the port answers; what cannot be loaded stops the start with one line. Knows no endpoints;
see ``ramekin/api/app.py``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import structlog

from ramekin.api.app import create_app
from ramekin.api.edge.cors import Cors
from ramekin.api.edge.faults import read_delay
from ramekin.api.edge.origins import Origins
from ramekin.api.edge.proxies import Proxies
from ramekin.api.edge.rates import RateLimit
from ramekin.api.edge.siblings import Siblings
from ramekin.api.endpoints.metrics import families_of
from ramekin.api.routes import read_root_path
from ramekin.cli import listener as listeners
from ramekin.cli import logs
from ramekin.cli.configuration import Refused, refuse_delay, refusing, service_links
from ramekin.cli.descriptors import room_for
from ramekin.cli.engines import engine_of, ids_of, where_kept
from ramekin.cli.files import FileRecords, Source, from_bytes, naming_faults, open_file
from ramekin.cli.key_settings import KeyReader, keys_of, tell_expired
from ramekin.cli.memory_limit import read_memory_limit
from ramekin.cli.modules import NoModels, read_models
from ramekin.cli.progress import progress
from ramekin.cli.server import Server, config_of
from ramekin.cli.signals import Signals, Stopped
from ramekin.database.database import Database
from ramekin.durability.failures import Unusable
from ramekin.errors import JournalFailed, RamekinError
from ramekin.formats.record_text import CsvForm
from ramekin.limits import Limits
from ramekin.schema.fitness import UnfitModel
from ramekin.storage import collector
from ramekin.version import __version__

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from ramekin.access.keys import Keys
    from ramekin.api.context import Context
    from ramekin.cli.json_server import JsonServer
    from ramekin.cli.replay_progress import Replay
    from ramekin.cli.workers import Orders
    from ramekin.settings import Settings

_log = structlog.get_logger("ramekin")

DEV_LINE = "For development (--dev): whoever is let in may branch, reset and disturb this server."

DEMO_TOUR = """
Try it:
  curl '{url}/api/v1/data/users?limit=2'
  curl '{url}/api/v1/join/users/orders/user_id?limit=2'
  curl '{url}/api/v1/data/users' -H 'Content-Type: application/json' \\
    -d '{{"email": "ada@example.com", "full_name": "Ada Lovelace"}}'
"""


def serve_forever(
    files: list[Path],
    settings: Settings,
    signals: Signals,
    *,
    is_demo: bool = False,
    json_server: JsonServer | None = None,
    worker: Orders | None = None,
) -> NoReturn:
    """Serve until the process is told to stop (SIGTERM, SIGINT), and end it; with orders, as one of several workers.

    Raises:
        Refused, FileFault: something cannot be read, or the port is taken.
    """
    if json_server is None:
        refuse_delay(settings)
    log = logs.configure(settings.log_format, worker=None if worker is None else worker.number)
    if (links := service_links()) and (worker is None or worker.is_first):
        _log.warning("service_links_ignored", variables=sorted(links))
    keys = keys_of(settings)
    try:
        database, sources, replay = _prepare(files, settings, signals, is_demo=is_demo)
        is_guarded, is_shared = bool(keys) or settings.insecure, worker is not None
        with listeners.bind(settings.host, settings.port, is_guarded=is_guarded, is_shared=is_shared) as listener:
            tour = DEMO_TOUR if is_demo else ""
            run = Run(settings, keys, listener, tour, replay, signals, log, json_server, worker)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(_serve(database, sources, run))
    except (Stopped, asyncio.CancelledError):
        _log.info("stopped before it served")
    else:
        _log.info("stopped", seconds=round(signals.asked_for_s(), 3))
    signals.end()
    _leave(log)


def _leave(log: logs.QueuedLines) -> NoReturn:
    """End the process, with all that it says written; its memory is the system's, which needs no record taken apart."""
    sys.stdout.flush()
    log.close()
    os._exit(0)


@dataclass(frozen=True, slots=True)
class Run:
    """What is true of one run of the server."""

    settings: Settings
    keys: Keys
    listener: socket.socket
    tour: str
    replay: Replay | None
    signals: Signals
    log: logs.QueuedLines
    json_server: JsonServer | None = None
    worker: Orders | None = None

    @property
    def answers_while_opening(self) -> bool:
        """Whether requests are answered that the server starts: not where other workers answer them."""
        return self.worker is None or self.worker.is_first

    @property
    def url(self) -> str:
        """Where it is reached."""
        return listeners.url_of(self.listener, self.settings.host)


def _prepare(
    files: list[Path], settings: Settings, signals: Signals, *, is_demo: bool
) -> tuple[Database, list[Source], Replay | None]:
    """Return the database, the files to load into it, and what shows how far a data directory is read."""
    limits = Limits(
        record_bytes=settings.max_record_bytes,
        bulk_bytes=settings.max_bulk_bytes,
        load_bytes=settings.max_load_bytes,
        page_rows=settings.max_page_rows,
        sorted_rows=settings.max_sorted_rows,
        record_s=settings.record_deadline,
        query_s=settings.query_deadline,
    )
    engine, replay = engine_of(settings, is_demo=is_demo, stopping_for_s=signals.asked_for_s)
    ids, history = ids_of(settings, engine), engine.tables.history
    history.max_changes, history.max_bytes = settings.kept_changes, settings.kept_changes_bytes
    if is_demo:
        from ramekin import samples

        sources = [from_bytes(f"{table}.json", text) for table, text in samples.datasets().items()]
        return Database(read_models("ramekin.samples.models"), engine=engine, limits=limits, ids=ids), sources, None
    with refusing("--models", (NoModels, UnfitModel)):
        database = Database(read_models(settings.models), engine=engine, limits=limits, ids=ids)
    form = CsvForm(settings.delimiter, settings.csv_types)
    return database, [open_file(path, form) for path in files], replay


async def _serve(database: Database, sources: list[Source], run: Run) -> None:
    replay, opening = run.replay, asyncio.current_task()
    assert opening is not None, "the runner made one"
    run.signals.stop_by(opening.cancel)
    run.signals.attach(asyncio.get_running_loop())
    _refuse_unreadable(run.settings)
    app = _application(database, run)
    collector.attend()
    server = Server(config_of(app, run.settings, room_for(run.settings.max_connections)), app.state.context)

    async def open_and_greet() -> None:
        await _load(database, sources)
        if run.json_server is not None:
            await run.json_server.load(database)
        if run.settings.dev:
            database.checkpoint()
        if replay is not None:
            replay.done()
        engine = database.engine
        totals = engine.tables.totals()
        _log.info("started", version=__version__, url=run.url, tables=totals.tables, keys=len(run.keys))
        tell_expired(run.keys)
        await run.log.drain()  # what the start has told is there before anybody can rely on it
        app.state.edge.release()
        gc.freeze()  # what was loaded stays: the collector need not look at it again
        server.greeting = await _greeting(database, run)
        run.signals.stop_by(server.stop)

    keeping = _beside(database, run, app.state.context)
    if not (database.guarantees.is_durable and run.answers_while_opening):
        with _telling_faults():
            async with database, keeping:
                await open_and_greet()
                await server.serve_on(run.listener)
    else:

        def give_up() -> None:
            server.stop()
            if replay is not None:
                replay.stop()
            opening.cancel()

        run.signals.stop_by(give_up)
        app.state.edge.hold()  # until models have their tables and files are in
        await _serve_while_opening(database, keeping, server, run.listener, open_and_greet)


def _beside(database: Database, run: Run, context: Context) -> AbstractAsyncContextManager[None]:
    """Return what is done for as long as the database is open."""
    if run.json_server is not None:
        return run.json_server.attending(database)
    if context.siblings is not None:
        return context.siblings.answering(lambda: families_of(context, database))
    return nullcontext()


@collector.at_rest()
def _application(database: Database, run: Run) -> FastAPI:
    settings = run.settings
    is_on_loopback = listeners.is_on_loopback(run.listener)
    app = create_app(
        database,
        keys=run.keys,
        rate_limit=settings.rate_limit,
        trusted_proxies=settings.trusted_proxy,
        cors_origins=settings.cors_origin,
        root_path=settings.root_path or "",
        allowed_hosts=settings.allow_host if is_on_loopback or settings.allow_host else None,
        takes_addresses=not is_on_loopback,
        has_docs=settings.docs,
        has_console=settings.console,
        has_access_log=settings.access_log,
        has_short_ways=settings.fast_path != "off",
        json_server=None if run.json_server is None else run.json_server.door,
        is_dev=settings.dev,
        max_branches=settings.max_branches,
        delay_ms=0 if settings.delay is None else read_delay(settings.delay),
    )
    context = app.state.context
    if run.worker is not None:
        number, folder = run.worker.number, run.worker.folder
        context.join(number, None if folder is None else Siblings(folder, number))
    context.metrics.read("log_lines_dropped", lambda: run.log.dropped)
    if settings.keys_file is not None:
        run.signals.read_again_by(KeyReader(app.state.edge, settings).read_again)
    return app


def _refuse_unreadable(settings: Settings) -> None:
    """Refuse what would stop the application, by the name of its flag. Raises Refused."""
    read_by: list[tuple[str, Sequence[str], Callable[[str], object], str]] = [
        ("--rate-limit", (settings.rate_limit,) if settings.rate_limit else (), RateLimit, "1000/second or 60/minute"),
        ("--trusted-proxy", settings.trusted_proxy, lambda text: Proxies([text]), "10.0.0.1 or 10.0.0.0/8"),
        ("--allow-host", settings.allow_host, lambda text: Origins([text]), "db.example.com"),
        ("--cors-origin", settings.cors_origin, lambda text: Cors([text]), "https://app.example.com"),
        ("--delay", (settings.delay,) if settings.delay else (), read_delay, "200ms or 1s, at most 600s"),
        ("--root-path", (settings.root_path,) if settings.root_path else (), read_root_path, "/db"),
    ]
    for flag, texts, read, like in read_by:
        for text in texts:
            try:
                read(text)
            except ValueError:
                raise Refused(f"{flag}: '{text}' is not like {like}") from None


async def _serve_while_opening(
    database: Database,
    keeping: AbstractAsyncContextManager[None],
    server: Server,
    listener: socket.socket,
    open_and_greet: Callable[[], Awaitable[None]],
) -> None:
    """Answer from the start, which is that the server is starting, until the directory is read and files are loaded."""
    serving = asyncio.create_task(server.serve_on(listener))
    try:
        with _telling_faults():
            async with database, keeping:
                await open_and_greet()
                server.greet()
                await serving
    finally:
        server.should_exit = True
        await serving


@contextmanager
def _telling_faults() -> Iterator[None]:
    """Refuse what the database refuses, in one line. Raises Refused; Unusable: the disk has not all at the end."""
    try:
        yield
    except JournalFailed as error:
        raise Unusable(error.message) from None
    except RamekinError as error:
        raise Refused(f"{error.message}{''.join(f' {f.pointer}: {f.detail}' for f in error.faults[:3])}") from None


async def _load(database: Database, sources: list[Source]) -> None:
    """Load all sources as one step: all or nothing. What several servers share is loaded by the first of them."""
    if not sources:
        return
    guarantees = database.guarantees
    has_records = any(info.stats.records for info in await database.tables())
    if guarantees.is_durable and has_records and not guarantees.is_shared:
        raise Refused(
            "FILE: files are loaded into an empty data directory only; use `ramekin load` on the running server"
        )

    if not has_records:
        with progress("Loading", sum(source.size_bytes for source in sources)) as advance:
            files = FileRecords(sources, database.limits.text_bytes, database.schemas.columns, advance)
            with naming_faults(files):
                if await database.load_first(files, is_parsed=True) is not None:
                    return
    _log.info("the files were not loaded: the database has records")


async def _greeting(database: Database, run: Run) -> str:
    settings, url = run.settings, run.url
    tables = [f"{info.stats.name} ({info.stats.records:,})" for info in await database.tables()]
    lines = [
        f"Ramekin serves {url} ({where_kept(database.guarantees, settings)}).",
        f"Tables: {', '.join(tables) if tables else 'none yet; the first record creates one'}.",
        f"Memory: {read_memory_limit(settings.memory_limit, settings.workers)}.",
        *([f"Console: {url}/{'console' if run.json_server else ''}"] if settings.console else []),
        *([f"Documentation: {url}/docs"] if settings.docs else []),
        *([DEV_LINE] if settings.dev else []),
        *([f"Every request is held up for {settings.delay} (--delay)."] if settings.delay else []),
    ]
    return "\n".join(lines) + run.tour.format(url=url)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
