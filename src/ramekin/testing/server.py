"""A server in a thread of this process, for tests: on a free port of this machine, with branches that tests take.

    with Server("db.json", models="shop.models") as server:      main ──checkpoint──► what every branch begins with
        with server.branch() as branch:                            └──branch──► a test's own, dropped at its end
            Client(branch.url)

The thread has an event loop of its own, so tests may block, or have a loop, as they like. Knows no pytest; see
``plugin.py`` for its fixtures, ``cli/serve.py`` for the server that a command starts.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from functools import partial
from itertools import count
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ramekin.api.app import create_app
from ramekin.cli import listener as listeners
from ramekin.cli import server as served
from ramekin.cli.configuration import Refused
from ramekin.cli.files import FileFault, FileRecords, naming_faults, open_file
from ramekin.cli.modules import NoModels, read_models
from ramekin.clock import Clock, MovableClock
from ramekin.database.database import Database
from ramekin.engine.embedded import Embedded
from ramekin.formats.record_text import CsvForm
from ramekin.schema.fitness import UnfitModel
from ramekin.schema.model_tables import tables_of
from ramekin.settings import Settings
from ramekin.storage.collector import at_rest
from ramekin.testing.diff import Diff

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

    from fastapi import FastAPI
    from pydantic import BaseModel

    from ramekin.database.branches import Branches

    Models = str | Iterable[str | type[BaseModel]] | Mapping[str, type[BaseModel]]

T = TypeVar("T")

STOP_S = 10.0
"""Seconds that the thread gets to end."""

MOST_BRANCHES = 1000
"""Branches at once: tests that run side by side in threads have one each."""


class Unready(Exception):  # as Refused, which a command says
    """A server cannot begin with what it was given; the text says what to mend.

    `what` is the argument that is wrong: ``files`` or ``models``.
    """

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what}: {said}")
        self.what, self.said = what, said


class Server:
    """A server with `--dev`, in a thread; use it in ``with``, or from `start` to `stop`.

    Args:
        files: files that are loaded at the start, as ``ramekin serve`` takes them.
        models: modules of Pydantic models as ``--models`` has them, or the models, or models by table.
        clock: what it takes for the time, for instance a `SetClock`; without one requests may set the time.
        port: a port of one's own choice; 0 takes a free one.
    """

    def __init__(self, *files: str | Path, models: Models = "", clock: Clock | None = None, port: int = 0) -> None:
        if not all(isinstance(file, str | PathLike) for file in files):
            said = "each file is a path of its own: Server('users.json', 'orders.csv')"
            raise TypeError(f"{said}; give records to a client: client.load({{'users': [{{'id': 1}}]}})")
        self._files, self._models, self._clock, self._port = files, models, clock, port
        self._thread: threading.Thread | None = None
        self.numbers = count(1)
        """What its branches are numbered by."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def main(self) -> Branch:
        """The database itself."""
        return Branch(self, "main", self.url)

    @at_rest()
    def start(self) -> Self:
        """Load the files and answer, once. Raises Unready, and OSError where the port is taken."""
        if self._thread is not None:
            return self
        database = self._database()
        try:
            listener = listeners.bind("127.0.0.1", self._port, is_guarded=True)
        except Refused as refusal:
            raise OSError(str(refusal)) from None
        self.url = listeners.url_of(listener, "127.0.0.1")
        self._app = create_app(database, is_dev=True, allowed_hosts=(), max_branches=MOST_BRANCHES)
        is_ready = Future[asyncio.AbstractEventLoop]()
        serve = partial(_serve, database, self._app, listener, self._files, is_ready)
        thread = threading.Thread(target=_run, args=(serve, is_ready), daemon=True)
        thread.name = "ramekin"
        thread.start()
        self._loop, self._thread = is_ready.result(), thread
        return self

    def stop(self) -> None:
        """End the server and all its branches; a second call does nothing."""
        if (thread := self._thread) is not None:
            self._thread = None
            self._loop.call_soon_threadsafe(self._app.state.stop)
            thread.join(STOP_S)

    def branch(self, name: str | None = None, *, source: str = "main") -> Branch:
        """Make a branch of what another one holds now; without a name it gets one. Raises BranchExists."""
        name = name or f"t{next(self.numbers)}"
        self.call(lambda: self._branches.make(name, source))
        return Branch(self, name, f"{self.url}/b/{name}")

    def calm(self) -> None:
        """Remove the faults that requests have asked for, and let the clock go with the real time again."""
        faults, clock = self._app.state.context.faults, self._app.state.context.clock
        if faults.are_any:
            self.call(lambda: faults.set({"rules": []}))
        if isinstance(clock, MovableClock) and not clock.is_real:
            self.call(clock.follow)

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the server's thread, where its databases may be used."""

        async def carry_out() -> T:
            return function()

        return self.wait_for(carry_out)

    def wait_for(self, function: Callable[[], Awaitable[T]]) -> T:
        """Return what a coroutine function returns in the server's event loop."""

        async def carry_out() -> T:
            return await function()

        if self._thread is None:
            raise RuntimeError("The server is not started: use it in `with`, or call `start`.")
        return asyncio.run_coroutine_threadsafe(carry_out(), self._loop).result()

    def database_of(self, branch: str) -> Database:
        """Return the database of a branch, which is used in the server's thread alone. Raises UnknownBranch."""
        return self._branches.get(branch).database

    @property
    def _branches(self) -> Branches:
        found: Branches = self._app.state.context.branches
        return found

    def drop(self, branch: str) -> None:
        """Drop a branch; one that is gone already is no error."""

        def drop() -> None:
            if self._branches.find(branch) is not None:
                self._branches.drop(branch)

        self.call(drop)

    def _database(self) -> Database:
        try:
            models = _tables(self._models)
            engine = Embedded(clock=self._clock or MovableClock())
            return Database(models, engine=engine)
        except (NoModels, UnfitModel, ValueError) as error:
            raise Unready("models", str(error)) from None


class Branch:
    """A state of the tables that one test has for itself. Used in ``with``, it is dropped at the end."""

    def __init__(self, server: Server, name: str, url: str) -> None:
        self._server, self.name, self.url = server, name, url

    def __repr__(self) -> str:
        return f"<Branch {self.name} at {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def checkpoint(self) -> None:
        """Keep the state as it is now, for `reset` and `diff`; a branch begins with one."""
        self._server.call(lambda: self._database().checkpoint())

    def reset(self) -> None:
        """Return to the last checkpoint."""
        self._server.wait_for(lambda: self._database().reset())

    def diff(self) -> Diff:
        """Return what has become of records since the last checkpoint."""
        return Diff(self._server.wait_for(lambda: self._database().diff()))

    def branch(self, name: str | None = None) -> Branch:
        """Make a branch of this one as it is now."""
        return self._server.branch(name, source=self.name)

    def drop(self) -> None:
        """Drop it; one that is gone already is no error."""
        self._server.drop(self.name)

    def _database(self) -> Database:
        return self._server.database_of(self.name)


def _tables(models: Models) -> Mapping[str, type[BaseModel]]:
    if isinstance(models, str):
        return read_models(models) if models else {}
    if hasattr(models, "items"):
        return dict(models.items())
    listed = [*models]
    named = _tables(" ".join(each for each in listed if isinstance(each, str)))
    return {**named, **tables_of([], [(each.__name__, each) for each in listed if not isinstance(each, str)])}


def _run(serve: Callable[[], Coroutine[Any, Any, None]], is_ready: Future[asyncio.AbstractEventLoop]) -> None:
    """Serve, in a thread of its own, until `app.state.stop` is called; tell when it answers, or why it does not."""
    try:
        with asyncio.Runner() as runner:
            runner.run(serve())
    except BaseException as error:
        if is_ready.done():
            raise
        is_ready.set_exception(error)


async def _serve(
    database: Database,
    app: FastAPI,
    listener: socket.socket,
    files: Iterable[str | Path],
    is_ready: Future[asyncio.AbstractEventLoop],
) -> None:
    settings, context = Settings(shutdown_seconds=1), app.state.context
    config = served.config_of(app, settings, settings.max_connections)
    server = _Server(config, context)
    server.is_ready = is_ready

    def stop() -> None:
        context.drain()
        server.should_exit = True

    app.state.stop = stop
    with listener:
        async with database:
            await _load(database, files)
            database.checkpoint()
            await server.serve_on(listener)
    context.branches.close()


class _Server(served.Server):
    """Tells in another thread when it answers."""

    is_ready: Future[asyncio.AbstractEventLoop]

    def greet(self) -> None:
        if not self.is_ready.done():
            self.is_ready.set_result(asyncio.get_running_loop())


async def _load(database: Database, files: Iterable[str | Path]) -> None:
    """Load files as one step. Raises Unready."""
    try:
        sources = [open_file(Path(file), CsvForm()) for file in files]
        records = FileRecords(sources, database.limits.text_bytes, database.schemas.columns)
        with naming_faults(records):
            await database.load(records, is_parsed=True)
    except FileFault as fault:
        raise Unready("files", str(fault)) from None
