"""The short way below ASGI: a connection that answers requests for records by itself.

The promise:

1. No client can tell which way its request took: status, headers and bytes are those of the long way, and so is what
   the edge makes of it (keys, limits, figures, the log).
2. What comes on one connection is answered in order, one request at a time.
3. Nothing is guessed. What this way does not know for certain goes the long way, from its first byte.

How it works. Clients send the same heads again and again. So what a header block says, and what a request line asks for
up to its last slash, is read once and remembered by its bytes (``short_way.py``). A request whose two parts are known
costs two look-ups, or one where it ends as the request before on its connection did, and then its endpoint is called,
which is a plain function:

    what arrived ── alone, whole, both parts known ────────────────────────► asked at once
        └── else it is held until it is whole ── a record's address ───────► asked, and remembered
                                                   └── anything else ──────► the long way, through ASGI

What the endpoint returns says how it goes on. Most answers need no task, no coroutine and no request object:

    between requests ──asked──► an answer: written in the call that brought the request ──► between requests
                       ├──────► a coroutine: run by hand as far as it goes; the rest is a task ──┐
                       ├──────► a stream: a task writes it, no faster than it is read ───────────┤
                       └──────► an error: the answer that tells of it                            │
                                                                                                 │
    between requests ◄── what arrived meanwhile is taken ◄── answer written ◄── task done ───────┤
                                                        closed ◄── the client went away ─────────┘

Its limits: a percent sign in the path, chunks, a body beyond 64 KiB, `Expect`, HTTP/1.0, `Connection: close` and the
like take the long way. Up to its first wait an endpoint runs in no task, so it must not ask for one. An endpoint that
goes on when its client went away is the rule: only one that watches is cancelled. Knows no tables; see
``connection.py`` for what this stands on, ``declared/endpoint.py`` for who is asked.
"""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec import Struct

from ramekin.access.roles import EVERYBODY, Grant
from ramekin.api.edge.edge import last_lines
from ramekin.api.http.answer import Answer, Stream
from ramekin.api.http.heads import MAX_HEAD_BYTES, NO_HEAD, id_in
from ramekin.api.routes import BRANCH, mount_at
from ramekin.api.session import Session
from ramekin.api.wire.asgi import PREFIX
from ramekin.api.wire.connection import Connection, out_of_time
from ramekin.api.wire.coroutines import GoneOn
from ramekin.api.wire.short_way import Target
from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from ramekin.api.declared.endpoint import Endpoint
    from ramekin.api.http.answer import Reply
    from ramekin.api.http.heads import Head

T = TypeVar("T")

_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~!$&'()*+,;=:@-"
"""What a part of a path may hold on this way: a percent sign is unusual."""

_LINE = re.compile(
    rb"(([A-Z]++) (?>(?:%b([%b]++))?)%b(?>(?:([%b]++)/)?))([%b]++)(?:\?([/?%%%b]*+))? HTTP/1\.1\r\n"
    % (BRANCH.encode(), re.escape(_SIGNS), PREFIX.encode(), *[re.escape(_SIGNS)] * 3)
)

_MARK_UNUSUAL = bytes(sign if sign in _SIGNS else ord("/") for sign in range(256))
"""Makes of a path's part another one if it holds anything unusual."""

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_CLOSE = b"connection: close\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n"
_NOTHING: Mapping[str, str] = MappingProxyType({})  # of an empty dictionary each request would get a copy

MAX_PART_BYTES = 512
"""Bytes of a path's last part up to which a request is answered at once; no id is that long, percent signs apart."""


class _Exchange(Struct, gc=False):
    """One request, as far as the edge knows it."""

    began_s: float
    method: str
    parts: tuple[str, ...]
    id_line: bytes
    client: tuple[str, int] | None
    head: Head
    extra: Mapping[str, str] = _NOTHING
    grant: Grant = EVERYBODY
    branch: str = ""
    sent_bytes: int = 0

    @property
    def path(self) -> str:
        """Return the path, which the access log alone reads."""
        return f"{BRANCH * bool(self.branch)}{self.branch}{PREFIX}{'/'.join(self.parts)}"

    @property
    def request_id(self) -> str:
        return id_in(self.id_line)

    @property
    def peer(self) -> str:
        return self.client[0] if self.client else "unknown"

    @property
    def headers(self) -> Mapping[str, str]:
        return self.head.headers


class RecordProtocol(Connection):
    """A connection with the short way.

    1. It takes whole requests, of which the head arrived at once; what it does not take goes the long way.
    2. What it writes equals what the long way writes for the same answer.
    """

    __slots__ = ("_head", "_is_watched")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = NO_HEAD  # of the last request without a body; none while anything is under way or held
        self._is_watched = False  # the answer under way stops when the client goes away

    def data_received(self, data: bytes) -> None:
        """Answer a request at once that arrived alone and whole and is like one before; else read what arrived."""
        way = self._way
        head = self._head
        body = b""
        if not head.tail or (line := data.removesuffix(head.tail)) is data:  # with another head than the one before
            line, _, rest = data.partition(b" HTTP/1.1\r\n")
            block, end, body = rest.partition(b"\r\n\r\n")
            head = way.heads.get(sha256(block).digest() if way.has_keys else block, NO_HEAD)
            if (
                not end
                or not head.is_usual
                or len(body) != head.body_bytes
                or self._held
                or self._body is not None
                or self._is_ending
                or self._cycle is not None
                or self._task is not None
                or self.flow.write_paused
            ):
                self._take_long(data)
                return
            if head.tail:
                self._head = head
        address, _, last = line.rpartition(b"/")
        target = way.targets.get(address)
        if (
            target is None
            or (body and target.method in _BODILESS)
            or len(last) > MAX_PART_BYTES
            or not (last.isalnum() or (last and last.translate(_MARK_UNUSUAL) == last))
        ):
            self._take_long(data)
            return
        name = last.decode()
        table = target.table
        self._ask(target, head, (name,) if table is None else (table, name), b"", body)

    def _take_long(self, data: bytes) -> None:
        """Read what arrived bit by bit."""
        self._head = NO_HEAD
        super().data_received(data)

    def _take(self, data: bytes, at: int) -> int:
        """Answer the request at a place of the data, and return its length; or what the long way takes of it."""
        line = None if self._seen_bytes else _LINE.match(data, at)
        if line is None:
            return super()._take(data, at)
        start = line.end()
        head_end = data.find(b"\r\n\r\n", start - 2, at + MAX_HEAD_BYTES)
        if head_end < start:
            return super()._take(data, at)
        way, block = self._way, data[start:head_end]
        head = way.heads.get(block) or way.read(block)
        end = head_end + 4 + head.body_bytes
        address, sent, branch, table, last, query = line.groups()
        method, name = sent.decode(), None if table is None else table.decode()
        endpoint = way.endpoints.get((method, 1 if name is None else 2))
        if (
            not head.is_usual
            or endpoint is None
            or (head.body_bytes and method in _BODILESS)
            or (branch is not None and way.server.branches is None)
            or len(data) < end
        ):
            return super()._take(data, at)
        target = way.targets.get(address[:-1])
        if target is None:
            target = Target(method, endpoint, name, "" if branch is None else branch.decode())
            way.keep(address[:-1], target)
        parts = (last.decode(),) if name is None else (name, last.decode())
        self._ask(target, head, parts, query or b"", data[head_end + 4 : end])
        return end - at

    def _ask(self, target: Target, head: Head, parts: tuple[str, ...], query: bytes, body: bytes) -> None:
        """Ask an endpoint, and write its reply; one that has to wait for something becomes a task."""
        way, endpoint = self._way, target.endpoint
        id_line = head.id_line or next(way.edge.id_lines)
        exchange = _Exchange(stopwatch_s(), target.method, parts, id_line, self.client, head)
        try:
            session = way.session
            if way.has_prefix or not way.edge.is_open:
                branch = exchange.branch = target.branch
                if way.has_prefix:
                    mount_at(way.edge.root_path, f"{BRANCH}{branch}" if branch else "")
                if not way.edge.is_open:
                    way.edge.greet(exchange, head.headers)
                    way.edge.admit(exchange, head, exchange.peer)
                    endpoint.permit(exchange.grant, parts, query)
                if branch:
                    session = endpoint.enter(way.server, exchange.grant, branch, head, query)
                elif exchange.grant is not EVERYBODY:
                    session = Session(way.server, exchange.grant)
            owner = session.database.owner
            if owner.loop is not self._loop:  # which runs: to ask asyncio for it is a call of the kernel
                owner.check()
            ask = way.ask  # called as a method, it would be sought in the class first
            reply: Reply | Awaitable[Reply] = ask(endpoint, session, head, parts, query, body)
            if type(reply) is Answer:
                self._write(exchange, endpoint, reply)
            elif type(reply) is Stream:
                self._write_stream(exchange, endpoint, reply)
            else:
                self._await(exchange, endpoint, body, cast("Coroutine[Any, Any, Reply]", reply))
        except Exception as error:  # whatever it is, the client gets an answer
            self._write(exchange, endpoint, way.refuse(exchange, error))

    def _await(
        self, exchange: _Exchange, endpoint: Endpoint[Any], body: bytes, coroutine: Coroutine[Any, Any, Reply]
    ) -> None:
        """Run a coroutine as far as it goes at once; the rest of it is a task."""
        try:
            awaited = coroutine.send(None)
        except StopIteration as done:
            self._write_either(exchange, endpoint, done.value)
        else:
            self._is_watched = endpoint.watches(exchange.head, body)
            self._run(GoneOn(coroutine, awaited), lambda task: self._write_late(exchange, endpoint, task))

    def _run(self, work: Coroutine[Any, Any, T], done: Callable[[asyncio.Task[T]], None]) -> None:
        """Run what has to wait as a task; what arrives meanwhile is held back."""
        self._head = NO_HEAD
        self._task = task = self._start(work)
        task.add_done_callback(done)

    def _write_late(self, exchange: _Exchange, endpoint: Endpoint[Any], task: asyncio.Task[Reply]) -> None:
        """Write the answer of a task, and go on with what arrived meanwhile."""
        self._task = None
        if self.transport.is_closing() or (task.cancelled() and not self._closes):
            self.transport.close()
            self._way.edge.note(exchange, endpoint.name, 0)
            return
        error = out_of_time(exchange.method) if task.cancelled() else task.exception()
        self._write_either(exchange, endpoint, self._way.refuse(exchange, error) if error else task.result())
        self._go_on()

    def _write_either(self, exchange: _Exchange, endpoint: Endpoint[Any], reply: Reply) -> None:
        if isinstance(reply, Stream):
            self._write_stream(exchange, endpoint, reply)
        else:
            self._write(exchange, endpoint, reply)

    def _write(self, exchange: _Exchange, endpoint: Endpoint[Any], reply: Answer) -> None:
        """Write an answer as the long way writes it, and note it."""
        way, status = self._way, reply.status
        if way.common is not self.state.default_headers:
            way.renew(self.state.default_headers)
        end, ends = way.usual_end, self._closes or (status >= 400 and _CLOSE in reply.lines)
        if ends or exchange.extra:
            how = way.stay_lines if not ends else _CLOSE if self._closes else b""
            end = b"%b%b\r\n" % (last_lines(exchange.extra), how)
        body = b"" if exchange.method == "HEAD" else reply.body
        self.transport.write(b"".join((way.first_lines[status], reply.lines, exchange.id_line, end, body)))
        if way.edge.has_access_log:
            exchange.sent_bytes = len(body)
        self.due_s = way.edge.note(exchange, endpoint.name, status) + way.idle_s
        if ends:
            self._end()

    def _write_stream(self, exchange: _Exchange, endpoint: Endpoint[Any], stream: Stream) -> None:
        """Write the head of an answer that is made while it is sent, and have the rest written by a task."""
        ends = self._closes
        last = last_lines(exchange.extra) + (_CLOSE if ends else self._way.stay_lines)
        how = _CHUNKED if exchange.method != "HEAD" else b""
        lines = (self.first_lines(stream.status), stream.lines, exchange.id_line, last, how, b"\r\n")
        self.transport.write(b"".join(lines))
        self._is_watched = False  # whoever reads no more is noticed by the writing
        pieces = self._write_pieces(exchange, stream)
        self._run(pieces, lambda task: self._end_stream(exchange, endpoint, task, ends=ends))

    async def _write_pieces(self, exchange: _Exchange, stream: Stream) -> None:
        """Write what a stream makes, piece by piece, no faster than the client reads."""
        try:
            if exchange.method == "HEAD":
                return
            while self._write_chunk(exchange, await stream.take()):
                if self.flow.write_paused:
                    await self.flow.drain()
                if self.transport.is_closing():
                    return
        finally:
            await stream.chunks.aclose()
        self.transport.write(b"0\r\n\r\n")

    def _write_chunk(self, exchange: _Exchange, piece: bytes | None) -> bool:
        """Write a piece, and say whether there was one."""
        if piece:
            exchange.sent_bytes += len(piece)
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        return piece is not None

    def _end_stream(
        self, exchange: _Exchange, endpoint: Endpoint[Any], task: asyncio.Task[None], *, ends: bool
    ) -> None:
        """Note a stream that is written, and go on, unless its head says otherwise; cut the connection of a part."""
        self._task = None
        if task.cancelled() or task.exception() is not None:
            self.transport.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._way.edge.report_fault(exchange, error)  # for the log: the answer has begun
        self.due_s = self._way.edge.note(exchange, endpoint.name, 200) + self._way.idle_s
        if ends:
            self._end()
        self._go_on()

    def _end(self) -> None:
        self._head = NO_HEAD
        super()._end()

    def pause_writing(self) -> None:
        """Hold back what arrives until the reader goes on."""
        self._head = NO_HEAD
        super().pause_writing()

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
