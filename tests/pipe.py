"""A connection without a socket: bytes are handed to the server's protocol exactly as they are cut."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from ramekin.api.app import create_app
from ramekin.api.wire.connection import Connection
from ramekin.api.wire.protocol import RecordProtocol
from ramekin.api.wire.short_way import ShortWay
from tests.conftest import start_database

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ramekin.clock import Clock
    from ramekin.values.ids import IdSource

WAYS = {"FastAPI alone": (False, Connection), "short way in ASGI": (True, Connection), "below ASGI": (True, RecordProtocol)}  # fmt: skip


class Threads(ThreadPoolExecutor):
    """The threads of an event loop, which say how much they have to do."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: set[Future[Any]] = set()

    def submit(self, *called: Any, **words: Any) -> Future[Any]:
        future = super().submit(*called, **words)
        self.under_way.add(future)
        # The loop is told first, which asks for that when this returns: else nothing would seem to be under way before.
        asyncio.get_running_loop().call_soon(future.add_done_callback, self.under_way.discard)
        return future


class Service:
    """The application and its protocol, one of the three ways to an endpoint."""

    def __init__(self, way: str, clock: Clock | None = None, ids: IdSource | None = None, **options: Any) -> None:
        has_short_ways, self._protocol = WAYS[way]
        self.loop, self.threads = asyncio.new_event_loop(), Threads()
        self.loop.set_default_executor(self.threads)
        self.context = copy_context()  # a server has one of its own too, in which it is told its root path
        self.database = start_database(clock=clock, ids=ids)
        self.app = create_app(self.database, has_short_ways=has_short_ways, **options)
        self.app.state.short_way = ShortWay(self.app.state.record_endpoints, self.app.state.edge)
        self.config = uvicorn.Config(self.app, http=self._protocol, lifespan="off", log_config=None, ws="none", proxy_headers=False)  # fmt: skip
        self.config.load()

    def connect(self) -> Pipe:
        return Pipe(self, self._protocol(self.config, ServerState(), {}, self.loop))

    def close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.run(asyncio.sleep(0))
        self.loop.close()
        self.threads.shutdown()

    def run(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)


class Pipe(asyncio.Transport):
    """The transport of one connection; `written` is what the client would have got."""

    def __init__(self, service: Service, protocol: Connection) -> None:
        super().__init__({"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 50_000)})
        self._service, self._protocol = service, protocol
        self.written, self._is_paused, self._is_lost = b"", False, False
        self.is_ended = self.is_closed = self.is_cut = False  # by the server: its own side, both sides, at once
        self.unread_bytes = 0  # what was written and the client has not taken
        self._queue: list[bytes] = []
        protocol.connection_made(self)

    def send(self, pieces: Iterable[bytes], *, is_last: bool = False) -> None:
        """Hand over what arrives, each piece by itself; none while the server does not read."""
        for piece in pieces:
            self._queue.append(piece)
            self._hand_over()
        if is_last:
            assert not self._queue, "the end comes after what was sent"
            if not self._protocol.eof_received():
                self.close()
        while self._service.run(self._settle()):
            self._hand_over()

    async def _settle(self) -> bool:
        """Let the server work until it can go on no further, and return whether it then takes what came."""
        threads, protocol = self._service.threads, self._protocol
        still = 0  # turns in which nothing was under way; what is due now begins in the next one
        for _ in range(1500):
            await asyncio.sleep(0)
            for _ in range(1000):
                if not threads.under_way:
                    break
                await asyncio.sleep(0.001)
            if self._queue and not self._is_paused:
                return True
            is_busy = protocol._cycle is not None or protocol._task is not None or protocol._waits
            still = 0 if is_busy else still + 1
            if still == 9:
                break
        return False

    def _hand_over(self) -> None:
        asyncio._set_running_loop(self._service.loop)  # as it is where a server calls it
        try:
            while self._queue and not self._is_paused:
                self._service.context.run(self._protocol.data_received, self._queue.pop(0))
        finally:
            asyncio._set_running_loop(None)

    def end(self) -> None:
        """The client goes away."""
        self._lose()
        self._service.run(asyncio.sleep(0))

    def _lose(self) -> None:
        """Tell the protocol, once, that the connection is over."""
        if not self._is_lost:
            self._is_lost = True
            self._protocol.connection_lost(None)

    def answers(self) -> list[str]:
        """Return of each answer its status and, if it is an error, its code."""
        return read_answers(self.written)

    def write(self, data: bytes) -> None:
        assert not self.is_ended, "written behind the end"
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_ended = True

    def close(self) -> None:
        self.is_ended = self.is_closed = True

    def abort(self) -> None:
        self.is_ended = self.is_closed = self.is_cut = True
        self._service.loop.call_soon(self._lose)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False


def read_answers(data: bytes) -> list[str]:
    """Return of each answer its status and, if it is an error, its code; interim answers (1xx) are left out."""
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"half an answer: {head!r}"
        status = head[9:12].decode()
        assert re.match(rb"HTTP/1\.1 \d{3} [^\r\n]*\r\n", head + end), head
        if status.startswith("1"):
            continue
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        size = 0 if length is None or status == "204" else int(length[1])
        body, data = data[:size], data[size:]
        assert len(body) == size, f"half a body behind {head!r}"
        if status >= "400":
            assert b"\r\ncontent-type: application/problem+json\r\n" in head, head
            problem = json.loads(body)
            assert str(problem["status"]) == status
            assert problem["instance"].encode() in head
            status += " " + problem["code"]
        found.append(status)
    return found
