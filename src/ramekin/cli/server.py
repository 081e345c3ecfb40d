"""uvicorn's server, which greets when it answers and stops when it is asked to.

Knows no signals and no tables; see ``signals.py`` for who asks, and ``serve.py`` for who starts it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from ramekin.api.wire.connection import Connection
from ramekin.api.wire.deadlines import Deadlines
from ramekin.api.wire.doorkeeper import Doorkeeper
from ramekin.api.wire.protocol import RecordProtocol
from ramekin.api.wire.short_way import ShortWay
from ramekin.cli import listener as listeners
from ramekin.cli.streams import Unprinted

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from fastapi import FastAPI

    from ramekin.api.context import Context
    from ramekin.settings import Settings


def _log() -> Any:
    import structlog  # a tenth of what tests wait for, which print no log

    return structlog.get_logger("ramekin")


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
    app.state.short_way = ShortWay(app.state.hot_table, edge, deadlines, doorkeeper)
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
        self._context.drain()
        self.force_exit = self.should_exit
        self.should_exit = True
