"""The short way below ASGI: uvicorn's HTTP protocol, which answers whole requests for records by itself.

It calls the same endpoints as FastAPI's router does (``hot.py``), through the same edge (``edge.py``), and writes the
bytes that uvicorn would write. Everything else, and everything unusual, goes on to uvicorn's own parser, untouched.
Knows no tables; see ``short_way.py`` for what connections share.
"""

from __future__ import annotations

import asyncio
import re
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ramekin.api.coroutines import go_on
from ramekin.api.edge import last_lines, new_id
from ramekin.api.hot import PREFIX
from ramekin.api.requests import NO_QUERY, WholeRequest
from ramekin.api.responses import JsonText, Stream, header_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Response

    from ramekin.api.hot import Endpoint
    from ramekin.api.short_way import ShortWay

T = TypeVar("T")

_SIGNS = rb"A-Za-z0-9_.~!$&'()*+,;=:@-"  # a percent sign is unusual in a path
_LINE = re.compile(
    rb"([A-Z]+) %b([%b]+)(?:/([%b]+))?(?:\?([/?%%%b]*))? HTTP/1\.1\r\n" % (PREFIX.encode(), _SIGNS, _SIGNS, _SIGNS)
)

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_CLOSE = b"connection: close\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n\r\n"

LONG_WAY, INCOMPLETE = 0, -1
"""What stands for the length of a request that the parser gets, and of one whose body is still on its way."""

MAX_HELD_BYTES = 64 * 1024
"""Bytes of a request that are held until its body has arrived; a longer one goes the long way."""

BODY_S = 30.0
"""Seconds that the rest of such a body may take."""


class RecordProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way. The application has a `ShortWay` at ``app.state.short_way``.

    1. The short way is taken between messages only: while the parser is inside one, or an answer is under way, all
       bytes go to the parser, or wait.
    2. It takes whole requests, of which the head arrived at once. What it does not take reaches the parser, byte for
       byte.
    3. What it writes equals what uvicorn writes for the same answer.
    """

    # Slots, since uvicorn's own attributes are as many as an object can have before each costs more to read.
    __slots__ = ("_closes", "_held", "_idle_until_s", "_is_parsing", "_is_watched", "_task", "_way")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._way: ShortWay = self.config.app.state.short_way  # type: ignore[union-attr]  # it is an application
        self._is_parsing = False
        self._task: asyncio.Task[Any] | None = None  # an answer that had to wait, or is written in pieces
        self._is_watched = False  # it stops when the client goes away
        self._held = b""  # what arrived meanwhile, or of a request so far
        self._closes = False  # once an answer is written
        self._idle_until_s = 0.0

    def data_received(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        while not self._is_busy():
            taken = self._take(data)
            if taken == len(data):
                return
            if taken == LONG_WAY:
                super().data_received(data)
                return
            if taken == INCOMPLETE:
                self._held = data
                self._close_after(BODY_S)
                return
            data = data[taken:]
        if self._task is not None:
            self._held = data
            self.flow.pause_reading()
        else:
            super().data_received(data)

    def _is_busy(self) -> bool:
        """Say whether something is under way, so that what arrives must not be answered before it."""
        return (
            self._is_parsing
            or self._task is not None
            or self.flow.write_paused
            or (self.cycle is not None and not self.cycle.response_complete)
        )

    def _take(self, data: bytes) -> int:
        """Answer the request that the data begin with, and return its length, or one of the words above."""
        line = _LINE.match(data)
        if line is None:
            return LONG_WAY
        start = line.end()
        head_end = data.find(b"\r\n\r\n", start - 2)
        if head_end < 0:
            return LONG_WAY
        way, block = self._way, data[start : head_end + 2]
        head = way.heads.get(block) or way.head(block)
        end = head_end + 4 + head.body_bytes
        if not head.is_usual or end > MAX_HELD_BYTES:
            return LONG_WAY
        sent, table, record_id, query = line.groups()
        method = sent.decode()
        parts = (table.decode(),) if record_id is None else (table.decode(), record_id.decode())
        endpoint = way.endpoints.get((method, len(parts)))
        if endpoint is None or (head.body_bytes and method in _BODILESS):
            return LONG_WAY
        if len(data) < end:
            return INCOMPLETE
        scope = {"query_string": query} if query else NO_QUERY
        content, name = data[head_end + 4 : end], head.request_id or new_id()
        request = WholeRequest(perf_counter(), method, parts, scope, head.headers, content, name)
        answer = endpoint(*parts, request)
        if not way.edge.is_open:
            answer = way.admit(request, answer, self.client[0] if self.client else "unknown")
        self._start(request, endpoint, answer)
        return end

    def _start(self, request: WholeRequest, endpoint: Endpoint, answer: Coroutine[Any, Any, Response]) -> None:
        """Run an answer at once as far as it goes; one that has to wait for something becomes a task."""
        try:
            awaited = answer.send(None)
        except StopIteration as done:
            self._write(request, endpoint, done.value)
        except Exception as error:  # whatever it is, the client gets an answer
            self._write(request, endpoint, self._way.refuse(request, error))
        else:
            self._is_watched = getattr(endpoint, "is_watchful", False)
            self._run(go_on(answer, awaited), lambda task: self._write_late(request, endpoint, task))

    def _run(self, work: Coroutine[Any, Any, T], done: Callable[[asyncio.Task[T]], None]) -> None:
        """Run what has to wait as a task; what arrives meanwhile is held back."""
        self._task = task = self.loop.create_task(work)
        self.tasks.add(task)  # type: ignore[arg-type]  # what it returns is of no interest there
        task.add_done_callback(done)

    def _write_late(self, request: WholeRequest, endpoint: Endpoint, task: asyncio.Task[Response]) -> None:
        """Write the answer of a task, and go on with what arrived meanwhile."""
        self._task = None
        self.tasks.discard(task)
        if task.cancelled() or self.transport.is_closing():
            self.transport.close()
            self._way.edge.note(request, endpoint.__name__, 0, perf_counter())
            return
        error = task.exception()
        self._write(request, endpoint, self._way.refuse(request, error) if error else task.result())
        self._go_on()

    def _go_on(self) -> None:
        """Take what arrived while an answer was under way."""
        if self._held and self._task is None and not self._closes:
            held, self._held = self._held, b""
            self.flow.resume_reading()
            self.data_received(held)

    def _write(self, request: WholeRequest, endpoint: Endpoint, response: Response) -> None:
        """Write an answer as uvicorn writes it, and note it."""
        way, state, status = self._way, self.server_state, response.status_code
        if way.common is not state.default_headers:
            way.renew(state.default_headers)
        own = response.lines if isinstance(response, JsonText) else header_lines(response)
        last = last_lines(request)
        if self._closes:
            last += _CLOSE
        is_bodiless = request.method == "HEAD"
        if isinstance(response, Stream):
            head = (STATUS_LINE[status], way.common_lines, own, last, b"\r\n" if is_bodiless else _CHUNKED)
            self.transport.write(b"".join(head))
            pieces = self._write_pieces(response, is_bodiless=is_bodiless)
            self._run(pieces, lambda task: self._end_stream(request, endpoint, task))
            return
        body = b"" if is_bodiless else response.body
        self.transport.write(b"".join((STATUS_LINE[status], way.common_lines, own, last, b"\r\n", body)))
        if self._closes or (status >= 400 and _CLOSE in own):
            self.transport.close()
        self._note(request, endpoint, status)

    async def _write_pieces(self, stream: Stream, *, is_bodiless: bool) -> None:
        """Write what a stream makes, piece by piece, no faster than the client reads."""
        try:
            if is_bodiless or stream.first is None:
                return
            self._write_chunk(stream.first)
            async for piece in stream.chunks:
                if self.flow.write_paused:
                    await self.flow.drain()
                if self.transport.is_closing():
                    return
                self._write_chunk(piece)
        finally:
            await stream.chunks.aclose()  # type: ignore[attr-defined]  # every stream is made by a generator
        self.transport.write(b"0\r\n\r\n")

    def _write_chunk(self, piece: bytes) -> None:
        if piece:
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _end_stream(self, request: WholeRequest, endpoint: Endpoint, task: asyncio.Task[None]) -> None:
        """Note a stream that is written, and go on; cut the connection if it is not whole."""
        self._task = None
        self.tasks.discard(task)
        if task.cancelled() or task.exception() is not None or self._closes:
            self.transport.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._way.refuse(request, error)  # for the log: the answer has begun
        self._note(request, endpoint, 200)
        self._go_on()

    def _note(self, request: WholeRequest, endpoint: Endpoint, status: int) -> None:
        """Note an answer that is written, and wait for the next request."""
        self.server_state.total_requests += 1
        now_s = perf_counter()
        self._way.edge.note(request, endpoint.__name__, status, now_s)
        self._idle_until_s = now_s + self.timeout_keep_alive
        if self.timeout_keep_alive_task is None:
            self._close_after(self.timeout_keep_alive)

    def _close_after(self, idle_s: float) -> None:
        """Close the connection when nothing arrives for so long. One timer serves many answers."""
        self._idle_until_s = perf_counter() + idle_s
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(idle_s, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, if it has been idle for long enough; uvicorn's own timer comes here too."""
        left_s = self._idle_until_s - perf_counter()
        if self._task is not None:
            left_s = self.timeout_keep_alive
        if left_s > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop an answer that nobody waits for any more, if its endpoint is one that watches for that."""
        super().connection_lost(exc)
        if self._task is not None and self._is_watched:
            self._task.cancel()

    def shutdown(self) -> None:
        """Close the connection, after the answer that is under way or whose request is."""
        if self._task is not None or self._held:
            self._closes = True
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        self._is_parsing = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._is_parsing = False
        super().on_message_complete()
