"""The short way below ASGI: a connection that answers whole requests for records by itself.

It calls the same endpoints as FastAPI's router does (``hot.py``), through the same edge (``edge.py``), and writes the
bytes that the long way would write. Everything else, and everything unusual, takes the long way. Knows no tables; see
``connection.py`` for what it stands on, ``short_way.py`` for what connections share.
"""

from __future__ import annotations

import asyncio
import re
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from ramekin.api.edge.edge import last_lines, new_id
from ramekin.api.http.heads import MAX_HEAD_BYTES
from ramekin.api.http.requests import NO_QUERY, WholeRequest
from ramekin.api.http.responses import STATUS_LINE, JsonText, Stream, header_lines
from ramekin.api.wire.connection import INCOMPLETE, Connection
from ramekin.api.wire.coroutines import go_on
from ramekin.api.wire.hot import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Response

    from ramekin.api.wire.hot import Endpoint

T = TypeVar("T")

_SIGNS = rb"A-Za-z0-9_.~!$&'()*+,;=:@-"  # a percent sign is unusual in a path
_LINE = re.compile(
    rb"([A-Z]++) %b([%b]++)(?:/([%b]++))?(?:\?([/?%%%b]*+))? HTTP/1\.1\r\n" % (PREFIX.encode(), _SIGNS, _SIGNS, _SIGNS)
)

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_CLOSE = b"connection: close\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n\r\n"

MAX_HELD_BYTES = 64 * 1024
"""Bytes of a request that are held until its body has arrived; a longer one goes the long way."""


class RecordProtocol(Connection):
    """A connection with the short way.

    1. It takes whole requests, of which the head arrived at once; what it does not take goes the long way.
    2. What it writes equals what the long way writes for the same answer.
    """

    __slots__ = ("_is_watched",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._is_watched = False  # the answer under way stops when the client goes away

    def _take(self, data: bytes) -> int:
        """Answer the request that the data begin with, and return its length; or what the long way takes of it."""
        line = None if self._seen_bytes else _LINE.match(data)
        if line is None:
            return super()._take(data)
        start = line.end()
        head_end = data.find(b"\r\n\r\n", start - 2, MAX_HEAD_BYTES)
        if head_end < 0:
            return super()._take(data)
        way, block = self._way, data[start : head_end + 2]
        head = way.heads.get(block) or way.read(block)
        end = head_end + 4 + head.body_bytes
        if not head.is_usual or end > MAX_HELD_BYTES:
            return super()._take(data)
        sent, table, record_id, query = line.groups()
        method = sent.decode()
        parts = (table.decode(),) if record_id is None else (table.decode(), record_id.decode())
        endpoint = way.endpoints.get((method, len(parts)))
        if endpoint is None or (head.body_bytes and method in _BODILESS):
            return super()._take(data)
        if len(data) < end:
            self._due_bytes = end
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
        self._task = task = self._loop.create_task(work)
        self.state.tasks.add(task)  # type: ignore[arg-type]  # what it returns is of no interest there
        task.add_done_callback(done)

    def _write_late(self, request: WholeRequest, endpoint: Endpoint, task: asyncio.Task[Response]) -> None:
        """Write the answer of a task, and go on with what arrived meanwhile."""
        self._task = None
        self.state.tasks.discard(task)
        if task.cancelled() or self.transport.is_closing():
            self.transport.close()
            self._way.edge.note(request, endpoint.__name__, 0, perf_counter())
            return
        error = task.exception()
        self._write(request, endpoint, self._way.refuse(request, error) if error else task.result())
        self._go_on()

    def _write(self, request: WholeRequest, endpoint: Endpoint, response: Response) -> None:
        """Write an answer as the long way writes it, and note it."""
        way, state, status = self._way, self.state, response.status_code
        if way.common is not state.default_headers:
            way.renew(state.default_headers)
        own = response.lines if isinstance(response, JsonText) else header_lines(response)
        last = last_lines(request)
        ends = self._closes or (status >= 400 and _CLOSE in own)
        if not ends:
            last += way.stay_lines
        elif self._closes:
            last += _CLOSE
        is_bodiless = request.method == "HEAD"
        if isinstance(response, Stream):
            head = (STATUS_LINE[status], way.common_lines, own, last, b"\r\n" if is_bodiless else _CHUNKED)
            self.transport.write(b"".join(head))
            self._is_watched = False  # whoever reads no more is noticed by the writing
            pieces = self._write_pieces(response, is_bodiless=is_bodiless)
            self._run(pieces, lambda task: self._end_stream(request, endpoint, task))
            return
        body = b"" if is_bodiless else response.body
        self.transport.write(b"".join((STATUS_LINE[status], way.common_lines, own, last, b"\r\n", body)))
        self._note(request, endpoint, status)
        if ends:
            self._end()

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
        self.state.tasks.discard(task)
        if task.cancelled() or task.exception() is not None or self._closes:
            self.transport.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._way.refuse(request, error)  # for the log: the answer has begun
        self._note(request, endpoint, 200)
        self._go_on()

    def _note(self, request: WholeRequest, endpoint: Endpoint, status: int) -> None:
        """Note an answer that is written, and wait for the next request."""
        self.state.total_requests += 1
        now_s = perf_counter()
        self._way.edge.note(request, endpoint.__name__, status, now_s)
        self._idle_until_s = now_s + self._way.idle_s
        if self._timer is None:
            self._close_after(self._way.idle_s)

    def eof_received(self) -> bool:
        """Answer what has been asked, but stop what an endpoint that watches has not answered yet."""
        if self._task is not None and self._is_watched:
            self._task.cancel()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop an answer that nobody waits for any more, if its endpoint is one that watches for that."""
        super().connection_lost(exc)
        if self._task is not None and self._is_watched:
            self._task.cancel()
