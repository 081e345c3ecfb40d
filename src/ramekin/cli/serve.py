"""Starting a server: settings, models and files become one process that owns the tables.

Everything is loaded before the port answers; what cannot be loaded stops the start with one line. Knows no endpoints;
see ``ramekin/api/app.py``.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

import uvicorn

from ramekin.api.app import create_app
from ramekin.api.protocol import RecordProtocol, ShortWay
from ramekin.cli import logs
from ramekin.cli.configuration import Refused, read_models
from ramekin.cli.files import Source, from_bytes, naming_faults, open_file, read_records
from ramekin.cli.progress import progress
from ramekin.database import Database
from ramekin.definitions import Limits
from ramekin.engine.embedded import EmbeddedEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ramekin.settings import Settings

DEMO_TOUR = """
Try it:
  curl '{url}/api/v1/data/users?limit=2'
  curl '{url}/api/v1/join/users/orders/user_id?limit=2'
  curl '{url}/api/v1/data/users' -H 'Content-Type: application/json' \\
    -d '{{"email": "ada@example.com", "full_name": "Ada Lovelace"}}'
"""


def serve_forever(files: list[Path], settings: Settings, *, is_demo: bool = False) -> None:
    """Serve until the process is told to stop (SIGTERM, SIGINT).

    Raises:
        Refused, FileFault: something cannot be read, or the port is taken.
    """
    logs.configure(settings.log_format)
    database, sources = _prepare(files, settings, is_demo=is_demo)
    with _bind(settings.host, settings.port) as listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listener.getsockname()[1]}"
        runner = asyncio.Runner(loop_factory=_loop_factory())
        with runner:
            runner.run(_serve(database, sources, settings, listener, DEMO_TOUR if is_demo else "", url))


def _prepare(files: list[Path], settings: Settings, *, is_demo: bool) -> tuple[Database, list[Source]]:
    """Return the database and what is to be loaded into it."""
    limits = Limits(
        record_bytes=settings.max_record_bytes,
        bulk_bytes=settings.max_bulk_bytes,
        load_bytes=settings.max_load_bytes,
        page_rows=settings.max_page_rows,
        sorted_rows=settings.max_sorted_rows,
    )
    engine = EmbeddedEngine(index_idle_s=settings.index_idle_seconds)
    if is_demo:
        from ramekin import samples

        sources = [from_bytes(f"{table}.json", text) for table, text in samples.datasets().items()]
        return Database(read_models("ramekin.samples.models"), engine=engine, limits=limits), sources
    models = read_models(settings.models)
    return Database(models, engine=engine, limits=limits), [open_file(path) for path in files]


async def _serve(
    database: Database, sources: list[Source], settings: Settings, listener: socket.socket, tour: str, url: str
) -> None:
    try:
        app = create_app(
            database,
            keys=settings.api_key,
            rate_limit=settings.rate_limit,
            has_docs=settings.docs,
            has_access_log=settings.access_log,
            has_hot_routes=settings.fast_path != "off",
        )
    except ValueError:
        raise Refused(f"--rate-limit: '{settings.rate_limit}' is not like 1000/second or 60/minute") from None
    async with database:
        await _load(database, sources)
        gc.freeze()  # what was loaded stays: the collector need not look at it again
        gc.set_threshold(10_000, 100, 1_000)  # nor often at indexes: a full look at a million entries takes 150 ms
        app.state.short_way = ShortWay(app.state.hot_table, app.state.edge)
        config = uvicorn.Config(
            app,
            http=RecordProtocol if settings.fast_path == "protocol" else "httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
        greeting = await _greeting(database, url, tour, has_docs=settings.docs)
        await _Server(config, app.state.context, greeting).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, which greets when it answers, tells when it stops, and then ends with exit code 0.

    uvicorn's own handler keeps the signal and raises it again at the end, so that a stop that was asked for and went
    well would look like a crash (143).
    """

    def __init__(self, config: uvicorn.Config, context: Any, greeting: str) -> None:
        super().__init__(config)
        self._context, self._greeting = context, greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002  # uvicorn calls it so
        self._context.is_draining = True
        self.force_exit = self.should_exit  # asked a second time: do not wait for requests
        self.should_exit = True


async def _load(database: Database, sources: list[Source]) -> None:
    """Load all sources as one step: all or nothing."""
    if not sources:
        return
    reading: list[Source] = []

    def records(source: Source, advance: Callable[[int], None]) -> Iterator[tuple[str, Any]]:
        reading[:] = [source]
        read = source.read
        source.read = lambda: _counted(read(), advance)
        yield from read_records(source, database.limits.record_bytes, database.schemas)

    with (
        progress("Loading", sum(source.size_bytes for source in sources)) as advance,
        naming_faults(lambda: reading[0] if reading else None),
    ):
        await database.load(chain.from_iterable(records(source, advance) for source in sources))


def _counted(chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        advance(len(chunk))


async def _greeting(database: Database, url: str, tour: str, *, has_docs: bool) -> str:
    tables = [f"{info.stats.name} ({info.stats.records:,})" for info in await database.tables()]
    lines = [
        f"Ramekin serves {url} (in memory only: stopping it loses the data).",
        f"Tables: {', '.join(tables) if tables else 'none yet; the first record creates one'}.",
        *([f"Documentation: {url}/docs"] if has_docs else []),
    ]
    return "\n".join(lines) + tour.format(url=url)


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket that has the port, so that a port that is taken is said before the loading. Raises Refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))  # not listening yet: nobody is to wait on a server that still loads
    except OSError as error:
        listener.close()
        said = (error.strerror or str(error)).lower()
        raise Refused(f"cannot listen on {host}:{port}: {said}; choose another with --port or --host") from None
    return listener


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
