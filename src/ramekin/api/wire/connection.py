"""A connection: bytes in, requests read strictly, answers out; every request takes the long way, through ASGI.

    between requests ──head──► body ──whole──► answer under way ──► between requests
           │                    │                    │
           └──── no request ────┴────── closes ──────┴──► last answer written, rest let go by ──► closed

One request at a time: what arrives while one is under way waits, unread. A connection that ends from this side is
closed gently: what was written must arrive, and a client that still sends would be told of a reset instead. Knows no
tables; see ``heads.py`` and ``bodies.py`` for the rules, ``protocol.py`` for the short way, which stands on this.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from ramekin.access.roles import NOTHING
from ramekin.api.edge.edge import last_lines, new_id
from ramekin.api.http.answer import STATUS_LINE
from ramekin.api.http.heads import MAX_HEAD_BYTES, check_unfinished, head_of, read_line
from ramekin.api.http.problems import problem_answer
from ramekin.api.wire.bodies import body_of
from ramekin.api.wire.cycle import Cycle
from ramekin.errors import BodyTooSlow, MethodNotAllowed, RamekinError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvicorn import Config
    from uvicorn._types import HTTPScope
    from uvicorn.server import ServerState

    from ramekin.api.http.heads import Head, Line
    from ramekin.api.wire.bodies import Body
    from ramekin.api.wire.short_way import ShortWay

INCOMPLETE = 0
"""What stands for the length of a request that has not arrived whole."""

MAX_SKIPPED_BYTES = 64 * 1024
"""Bytes of a body that nobody reads any more and that are let go by; if there are more, the connection ends."""

LINGER_BYTES, LINGER_S, LINGER_IDLE_S = 256 * 1024 * 1024, 30.0, 5.0
"""How much a client may go on sending after the last answer, how long, and how long it may pause."""

REST_S = 30.0
"""Seconds that the rest of a head may take."""

BODY_S, BODY_BYTES_PER_S = 30.0, 1024
"""How long a body may keep waiting, and what it must bring: each second's bytes let it wait for one second more."""

SOON_S = 0.1
"""Seconds in which a short body follows its head; what takes longer goes the long way, which answers before it."""

_METHODS = {"allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}


class _NoRequest:
    """What is noted of bytes that are no request."""

    method = path = "-"
    grant = NOTHING

    def __init__(self, request_id: str | None = None) -> None:
        self.request_id, self.began_s = request_id or new_id(), perf_counter()
        self.extra: Mapping[str, str] = {}


class Connection(asyncio.Protocol):
    """uvicorn's server makes one for each client. The application has a `ShortWay` at ``app.state.short_way``.

    1. A request begins where the one before ended, by one reading of its head, and nowhere else.
    2. Requests are answered in order, one at a time.
    3. What breaks a rule of HTTP ends the connection: what follows cannot be told.
    """

    # Slots, since an object with more than 30 attributes costs more to read.
    __slots__ = (
        "_app",
        "_app_state",
        "_body",
        "_closes",
        "_cycle",
        "_due_bytes",
        "_has_left",
        "_held",
        "_idle_until_s",
        "_is_ending",
        "_let_go_bytes",
        "_linger_until_s",
        "_loop",
        "_seen_bytes",
        "_task",
        "_timer",
        "_way",
        "client",
        "flow",
        "server",
        "state",
        "transport",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self._loop = _loop or asyncio.get_event_loop()
        self._app, self._app_state, self.state = config.loaded_app, app_state, server_state
        self._way: ShortWay = config.app.state.short_way  # type: ignore[union-attr]  # it is an application
        self._held = b""  # what arrived and has to wait, or is not whole
        self._body: Body | None = None  # of the request, until it is whole
        self._cycle: Cycle | None = None  # the request under way, and its answer
        self._task: asyncio.Task[Any] | None = None  # an answer under way on the short way
        self._has_left = False  # the client sends nothing more, but may read
        self._closes = False  # once the answers under way are written
        self._is_ending = False  # the last answer is written
        self._seen_bytes = 0  # of a head that is not whole: so many have been looked at
        self._due_bytes = 0  # so many there must be before it is worth looking at them again
        self._let_go_bytes = 0
        self._idle_until_s = self._linger_until_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # no other comes here
        self.transport, self.flow = transport, FlowControl(transport)
        self.server, self.client = get_local_addr(transport), get_remote_addr(transport)
        self.state.connections.add(self)  # type: ignore[arg-type]  # it does what the server asks of one
        self._close_after(self._way.idle_s)

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
            if len(data) < self._due_bytes:
                self._held = data
                return
            self._held = b""
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Take what arrived, as far as it goes."""
        try:
            while data:
                if self._is_ending:
                    self._let_go(len(data))
                    return
                if self._body is not None:
                    data = self._take_body(self._body, data)
                elif self._is_busy():
                    self._held = data
                    self.flow.pause_reading()
                    return
                else:
                    is_first = not self._seen_bytes
                    taken = self._take(data)
                    if taken == INCOMPLETE:
                        self._held = data
                        if is_first:  # what drips in has no longer
                            self._close_after(SOON_S if self._due_bytes else REST_S)
                        return
                    self._seen_bytes = self._due_bytes = 0
                    data = data[taken:]
        except RamekinError as error:
            self._refuse(error)

    def _is_busy(self) -> bool:
        """Say whether something is under way, so that what arrives must not be answered before it."""
        return self._cycle is not None or self._task is not None or self.flow.write_paused

    def _take(self, data: bytes) -> int:
        """Begin with the request that the data begin with, and return its head's length, or `INCOMPLETE`.

        Raises:
            MalformedRequest, MethodNotAllowed, AddressTooLong, HeadTooLarge.
        """
        start = 2 if data.startswith(b"\r\n") else 0  # one empty line is forgiven (RFC 9112, section 2.2)
        end = data.find(b"\r\n\r\n", max(start, self._seen_bytes - 3), start + MAX_HEAD_BYTES)
        if end < 0:
            check_unfinished(data[start:], max(0, self._seen_bytes - start))
            self._seen_bytes = len(data)
            return INCOMPLETE
        line_end = data.index(b"\r\n", start)
        line = read_line(data[start:line_end])
        block, way = data[line_end + 2 : end], self._way
        if line.host is None and not line.is_http_1_0:
            self._begin(line, way.heads.get(block) or way.read(block))
        else:
            self._begin(line, head_of(line, data[line_end + 2 : end + 2]))
        return end + 4

    def _begin(self, line: Line, head: Head) -> None:
        """Have the application answer a request, whose body may still be on its way. Raises MethodNotAllowed."""
        if line.method == "CONNECT":
            raise MethodNotAllowed("This is no proxy.")
        path = line.path.decode()
        scope: HTTPScope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.0" if line.is_http_1_0 else "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": "http",
            "method": line.method,
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": line.path,
            "query_string": line.query,
            "headers": [*head.pairs],
            "state": self._app_state.copy(),
            "ramekin.head": head,  # type: ignore[typeddict-unknown-key]  # for the edge: read already, and strictly
        }
        self._cycle = cycle = Cycle(self, scope, head)
        self._let_go_bytes = 0
        if head.body_bytes:
            self._body = body_of(head.body_bytes)
            self._close_after(BODY_S)
        else:
            cycle.feed(b"", is_last=True)
        task = self._loop.create_task(cycle.run(self._app))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    def _take_body(self, body: Body, data: bytes) -> bytes:
        """Take what belongs to the body under way, and return the rest. Raises MalformedRequest, HeadTooLarge."""
        content, rest = body.take(data)
        now_s = perf_counter()
        self._idle_until_s = min(self._idle_until_s + len(data) / BODY_BYTES_PER_S, now_s + BODY_S)
        if body.is_whole:
            self._body = None
        if self._cycle is not None:
            self._cycle.feed(content, is_last=body.is_whole)
        else:
            self._let_go_bytes += len(data) - len(rest)
            if self._let_go_bytes > MAX_SKIPPED_BYTES:
                self._end()
        return rest

    def ask_for_more(self) -> None:
        """Go on reading a body, for which its client has all its time anew if it was kept from sending."""
        if self.flow.read_paused:
            self._idle_until_s = perf_counter() + BODY_S
            self.flow.resume_reading()

    def _refuse(self, error: RamekinError) -> None:
        """Answer what is no request, and end the connection. One that is answered already is cut."""
        cycle, self._cycle = self._cycle, None
        if cycle is not None:
            cycle.cut()
            if cycle.is_begun:
                self.transport.close()
                return
        else:
            self._way.edge.count_refused(self.client[0] if self.client else "unknown")
        note = _NoRequest(None if cycle is None else cycle.request_id())
        extra = _METHODS if isinstance(error, MethodNotAllowed) else {}
        answer = problem_answer(error, note.request_id, {**extra, "connection": "close"})
        head = f"{STATUS_LINE[answer.status]}{self.common_lines()}{answer.lines}{last_lines(note)}\r\n"
        self.transport.write(head.encode("latin-1") + answer.body)
        if cycle is None:
            self._way.edge.note(note, "none", answer.status, perf_counter())
        else:
            cycle.scope["ramekin.refused"] = answer.status  # type: ignore[typeddict-unknown-key]  # for the edge
        self._end()

    def common_lines(self) -> str:
        """Return the headers that the server gives to every answer, as lines."""
        way, common = self._way, self.state.default_headers
        if way.common is not common:
            way.renew(common)
        return way.common_lines

    def stay_lines(self) -> str:
        """Return the headers of an answer behind which the connection stays open, as lines."""
        return self._way.stay_lines

    def keeps_open(self, cycle: Cycle) -> bool:
        """Say whether the connection stays open behind an answer that begins now: what still comes must be little."""
        if self._closes:
            return False
        is_asked_for = cycle.is_received or not cycle.expects_100
        return is_asked_for and (self._body is None or self._body.left_bytes <= MAX_SKIPPED_BYTES)

    def end_cycle(self, cycle: Cycle) -> None:
        """Go on behind an answer that is written; cut the connection behind one that is not whole."""
        if cycle is not self._cycle:
            return
        self._cycle = None
        self.state.total_requests += 1
        if not cycle.is_whole:
            self.transport.abort()  # or a client of HTTP/1.0 would take a part for the whole
        elif cycle.closes or self._closes:
            self._end()
        else:
            self._close_after(self._way.idle_s)
            self._go_on()

    def _go_on(self) -> None:
        """Take what arrived while an answer was under way."""
        if self._is_ending or self._is_busy() or self.transport.is_closing():
            return
        self.flow.resume_reading()
        held, self._held = self._held, b""
        self._read(held)
        if self._has_left and not self._is_busy():
            self._end()

    def _end(self) -> None:
        """Close the connection so that what was written arrives: what the client still sends is let go by.

        Source: RFC 9112, section 9.6.
        """
        self._is_ending, self._held, self._body = True, b"", None
        if self._has_left or self._closes or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._let_go_bytes, self._linger_until_s = 0, perf_counter() + LINGER_S
        self._close_after(LINGER_IDLE_S)

    def _let_go(self, size_bytes: int) -> None:
        """Let go by what arrives after the last answer, within bounds."""
        self._let_go_bytes += size_bytes
        self._idle_until_s = min(perf_counter() + LINGER_IDLE_S, self._linger_until_s)
        if self._let_go_bytes > LINGER_BYTES:
            self.transport.abort()

    def _close_after(self, idle_s: float) -> None:
        """Close the connection when nothing arrives for so long. One timer serves many answers."""
        self._idle_until_s = perf_counter() + idle_s
        if self._timer is not None and self._timer.when() > self._loop.time() + idle_s:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_later(idle_s, self._on_timer)

    def _on_timer(self) -> None:
        left_s = self._idle_until_s - perf_counter()
        if not self._is_ending and self._is_busy() and (self._body is None or self.flow.read_paused):
            left_s = self._way.idle_s
        self._timer = None
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._on_timer)
        elif self._due_bytes:
            held, self._held, self._due_bytes = self._held, b"", 0
            self._seen_bytes = 1  # so that it is no longer waited for
            self._read(held)
        elif self._body is not None and self._cycle is not None:
            self._refuse(BodyTooSlow("The body did not go on for 30 seconds, or brings less than 1 KiB a second."))
        else:
            self.transport.close()

    def eof_received(self) -> bool:
        """Answer what has been asked, if the client has sent its last byte; it may still read."""
        self._has_left = True
        if self._cycle is not None:
            if self._body is not None:
                self._cycle.cut()
                return False
            self._cycle.leave()
        return not self._is_ending and self._is_busy()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        self.state.connections.discard(self)
        if self._cycle is not None:
            self._cycle.cut()
        self.flow.resume_writing()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        self.flow.resume_writing()
        self._go_on()

    def shutdown(self) -> None:
        """Close the connection, after the answer that is under way or whose request is."""
        if not self._is_ending and (self._cycle is not None or self._task is not None or self._held):
            self._closes = True
        else:
            self.transport.close()
