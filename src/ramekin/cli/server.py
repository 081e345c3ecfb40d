"""uvicorn's server, which greets when it answers and stops when it is asked to.

Knows no signals and no tables; see ``signals.py`` for who asks, and ``serve.py`` for who starts it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from ramekin.api.wire.connection import Connection
from ramekin.api.wire.deadlines import PARTING_S, Deadlines
from ramekin.api.wire.doorkeeper import Doorkeeper
from ramekin.api.wire.protocol import RecordProtocol
from ramekin.api.wire.short_way import ShortWay
from ramekin.cli import listener as listeners
from ramekin.cli.streams import Unprinted
from ramekin.clock import stopwatch_s
from ramekin.settings import ending_s

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from fastapi import FastAPI

    from ramekin.api.context import Context
    from ramekin.settings import Settings


def _log() -> Any:
    import structlog  # a tenth of what tests wait for, which print no log

    return structlog.get_logger("ramekin")


LOOK_S = 0.05
"""Seconds between two looks at whether all have been answered."""


def config_of(app: FastAPI, settings: Settings, most_connections: int) -> uvicorn.Config:
    """Return how uvicorn serves an application, which is given what its connections need."""
    edge = app.state.edge
    deadlines = Deadlines(
        head_s=settings.head_seconds,
        body_s=settings.body_seconds,
        reader_s=settings.reader_seconds,
        idle_s=settings.keep_alive_seconds,
    )
    doorkeeper = Doorkeeper(edge.proxies, edge.metrics.refusals, most_connections, settings.max_address_connections)
    app.state.short_way = ShortWay(app.state.record_endpoints, edge, deadlines, doorkeeper)
    return uvicorn.Config(
        app,
        http=RecordProtocol if settings.fast_path == "protocol" else Connection,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


class Server(uvicorn.Server):
    """A server that others stop.

    uvicorn's own handler keeps a signal and raises it again at the end, so that a stop that was asked for and went
    well would look like a crash (143).
    """

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self._context = context
        self._until_s: float | None = None  # so long requests have to finish, once somebody asked for a stop
        self.greeting: str | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # they are not uvicorn's

    async def serve_on(self, listener: socket.socket) -> None:
        """Serve whoever connects to a socket, until it is asked to stop."""
        with listeners.doors(listener) as doors:
            await self.serve(sockets=doors)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or ():
            listeners.listen(listener, self.config.backlog)
        self._context.watch(asyncio.get_running_loop())
        await super().startup(sockets)
        self.greet()

    def greet(self) -> None:
        """Print the greeting, once there is one and the server answers."""
        if self.greeting is not None and not self.should_exit:
            try:
                print(self.greeting, flush=True)
            except Unprinted as fault:
                _log().warning("the greeting could not be printed", reason=str(fault))

    def stop(self) -> None:
        """Take no more requests, and end when the open ones have finished; when asked again, at once."""
        if not self.should_exit:
            seconds = self.config.timeout_graceful_shutdown
            _log().info("stopping", requests=len(self.server_state.tasks), seconds_at_most=seconds)
            self._until_s = stopwatch_s() + self._seconds_for_requests()
        self._context.drain()
        self.force_exit = self.should_exit
        self.should_exit = True

    def _seconds_for_requests(self) -> float:
        seconds = self.config.timeout_graceful_shutdown or 0
        return seconds - ending_s(seconds)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and let requests finish while there is time; tell the rest that there is none."""
        await self._close_doors(sockets or [])
        seconds = self._seconds_for_requests()
        until_s = stopwatch_s() + seconds if self._until_s is None else self._until_s
        state = cast("FastAPI", self.config.app).state
        state.short_way.hurry(seconds)
        await self._wait(until_s)
        if self._are_any():
            _log().warning("requests are given up", requests=len(self.server_state.tasks))
            for connection in [*self._connections()]:
                connection.give_up()
            for task in [*self.server_state.tasks]:
                task.cancel()
            await self._wait(stopwatch_s() + min(PARTING_S, seconds / 4))

    async def _close_doors(self, doors: list[socket.socket]) -> None:
        """Close them behind who has connected already: what such clients have sent would be reset with them."""
        last = doors[0].dup() if doors else None
        for server in self.servers:
            server.close()
        for door in doors:
            door.close()
        if last is not None:
            made = cast("type[Connection]", self.config.http_protocol_class)
            make = partial(made, self.config, self.server_state, self.lifespan.state)
            accepted, loop = listeners.accept_all(last, self.config.backlog), asyncio.get_running_loop()
            await asyncio.gather(*(loop.connect_accepted_socket(make, client) for client in accepted))

    def _connections(self) -> set[Connection]:
        return cast("set[Connection]", self.server_state.connections)  # `config_of` says so

    def _are_any(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)

    async def _wait(self, until_s: float) -> None:
        """Wait until all connections have closed; those that were accepted last are told of it too."""
        told = set[Connection]()
        while True:
            for connection in self._connections() - told:
                connection.shutdown()
                told.add(connection)
            await asyncio.sleep(LOOK_S)
            if not self._are_any() or self.force_exit or stopwatch_s() >= until_s:
                return
