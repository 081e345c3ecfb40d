"""A connection's requests: bytes in, read strictly, answers out; every request takes the long way, through ASGI.

    between requests ──head──► body ──whole──► answer under way ──► between requests
           │                    │                    │
           └──── no request ────┴────── closes ──────┴──► last answer written: `_end` (``channel.py``)

One request at a time: what arrives while one is under way waits, unread. Knows no tables; see ``heads.py`` and
``bodies.py`` for the rules, ``protocol.py`` for the short way, which stands on this.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ramekin.access.roles import NOTHING
from ramekin.api.edge.edge import LAST_LINES
from ramekin.api.http.heads import MAX_HEAD_BYTES, check_unfinished, head_of, id_line, read_line
from ramekin.api.http.problems import problem_answer
from ramekin.api.wire.backlog import AT_ONCE
from ramekin.api.wire.bodies import awaited_bytes, body_of
from ramekin.api.wire.channel import Channel
from ramekin.api.wire.cycle import Cycle, scope_of
from ramekin.api.wire.deadlines import BYTES_PER_S
from ramekin.api.wire.doorkeeper import GUEST_S, OPEN_TO_GUESTS, Entrance
from ramekin.clock import stopwatch_s
from ramekin.errors import (
    BodyTooSlow,
    HeadTooSlow,
    MethodNotAllowed,
    OutcomeUnknown,
    Overloaded,
    RamekinError,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvicorn import Config
    from uvicorn.server import ServerState

    from ramekin.api.http.answer import Answer
    from ramekin.api.http.heads import Head, RequestLine
    from ramekin.api.wire.bodies import Body

INCOMPLETE, LATER = 0, -1
"""What stands for the length of a request that has not arrived whole; and of one that must wait for its turn."""

MAX_SKIPPED_BYTES = 64 * 1024
"""Bytes of a body that nobody reads any more and that are let go by; if there are more, the connection ends."""

SOON_S = 0.1
"""Seconds in which a short body follows its head; what takes longer goes the long way, which answers before it."""

CHUNKS_AS_ONE = 8
"""Chunks of a body that take as long as a request, 40 µs."""

_REASONS = {HeadTooSlow: "head-too-slow", BodyTooSlow: "body-too-slow"}
_FULL = "The server has as many connections as it takes, or as it takes from one address."
_METHODS = {"allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}


class _NoRequest:
    """What is noted of bytes that are no request."""

    method = path = "-"
    grant = NOTHING

    def __init__(self, request_id: str, peer: str) -> None:
        self.request_id, self.peer, self.began_s, self.sent_bytes = request_id, peer, stopwatch_s(), 0
        self.extra: Mapping[str, str] = {}
        self.headers: Mapping[str, str] = {}

    def answer(self, error: RamekinError) -> Answer:
        """Return the answer that tells of an error, behind which the connection ends."""
        extra = _METHODS if isinstance(error, MethodNotAllowed) else {}
        return problem_answer(error, self.request_id, {**extra, "connection": "close"})


class Connection(Channel):
    """A channel with requests.

    1. A request begins where the one before ended, by one reading of its head, and nowhere else.
    2. Requests are answered in order, one at a time.
    3. What breaks a rule of HTTP ends the connection: what follows cannot be told.
    """

    __slots__ = ("_app", "_app_state", "_body", "_cycle", "_due_bytes", "_seen_bytes", "_task")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, _loop or asyncio.get_event_loop())
        self._app, self._app_state = config.loaded_app, app_state
        self._body: Body | None = None  # of the request, until it is whole
        self._cycle: Cycle | None = None  # the request under way, and its answer
        self._task: asyncio.Task[Any] | None = None  # an answer under way on the short way
        self._seen_bytes = self._due_bytes = 0  # what has been looked at, and what there must be to look at it again

    def data_received(self, data: bytes) -> None:
        if self._held:
            data, self._held_at = self._held[self._held_at :] + data, 0
            if len(data) < self._due_bytes:
                self._held = data
                return
            self._held = b""
        self._read(data, 0, self._way.backlog.share)

    def _read(self, data: bytes, at: int, left: int) -> None:
        """Take what arrived, so many requests of it at the most. Cost: what is taken, however much arrived."""
        is_new = not left
        try:
            while at < len(data):
                if self._is_ending:
                    self._let_go(len(data) - at)
                    return
                if self._body is not None:
                    at = self._take_body(self._body, data, at, CHUNKS_AS_ONE * left)
                    if self._body is not None and at < len(data):
                        self._wait(data, at, self._way.backlog, is_new=is_new)
                        return
                elif self._is_busy() or not left:
                    self._wait(data, at, None if left else self._way.backlog, is_new=is_new)
                    return
                else:
                    is_first = not (self._seen_bytes or self._due_bytes)
                    taken = self._take(data, at)
                    if taken == LATER:
                        self._wait(data, at, self._way.long_ways)
                        return
                    if taken == INCOMPLETE:
                        self._held, self._held_at = data[at:], 0
                        if is_first:  # what drips in has no longer
                            self.due_s = stopwatch_s() + (SOON_S if self._due_bytes else self._way.deadlines.head_s)
                        return
                    self._seen_bytes = self._due_bytes = 0
                    at, left = at + taken, left - 1
        except RamekinError as error:
            self._refuse(error)

    def go_on(self, most: int) -> None:
        """Take a few of the requests, or chunks of one, that wait for others to have their turn."""
        self._waits = False
        if self._body is None or self._cycle is None or self.transport.is_closing():
            self._go_on(most)
        else:
            self._take_held(most)

    def _is_busy(self) -> bool:
        """Say whether something is under way, so that what arrives must not be answered before it."""
        return self._cycle is not None or self._task is not None or self._waits or self.flow.write_paused

    def _is_idle(self) -> bool:
        return not (self._is_busy() or self._held or self._body is not None)

    def _take(self, data: bytes, at: int) -> int:
        """Begin with the request at a place of the data, and return its head's length, or `INCOMPLETE` or `LATER`.

        Raises MalformedRequest, MethodNotAllowed, AddressTooLong, HeadTooLarge.
        """
        start = at + 2 * data.startswith(b"\r\n", at)  # one empty line is forgiven (RFC 9112, section 2.2)
        end = data.find(b"\r\n\r\n", max(start, at + self._seen_bytes - 3), start + MAX_HEAD_BYTES)
        if end < 0:
            check_unfinished(data[start:], max(0, at + self._seen_bytes - start))
            self._seen_bytes = len(data) - at
            return INCOMPLETE
        line_end, way = data.index(b"\r\n", start), self._way
        line, block = read_line(data[start:line_end]), data[line_end + 2 : end]
        is_usual = line.host is None and not line.is_http_1_0
        head = (way.heads.get(block) or way.read(block)) if is_usual else head_of(line, data[line_end + 2 : end + 2])
        is_short = max(head.body_bytes, len(data) - end - 3) <= way.held_bytes
        awaited = awaited_bytes(data, end + 4, head.body_bytes) if is_short else 0
        if awaited and not (head.expects_100 or self._seen_bytes):
            self._due_bytes = len(data) + awaited - at  # or a proxy that hands it on a little later closes then
            return INCOMPLETE
        if line.path not in OPEN_TO_GUESTS and not way.long_ways.takes(self._loop):
            return LATER
        self._begin(line, head)
        return end + 4 - at

    def _begin(self, line: RequestLine, head: Head) -> None:
        """Have the application answer a request, whose body may still be on its way. Raises MethodNotAllowed."""
        if line.method == "CONNECT":
            raise MethodNotAllowed("This is no proxy.")
        if self._entry is Entrance.GUEST and not (line.path in OPEN_TO_GUESTS and line.method in ("GET", "HEAD")):
            raise Overloaded(_FULL)
        self._cycle = cycle = Cycle(self, scope_of(line, head, self.server, self.client, {**self._app_state}), head)
        self._let_go_bytes = 0
        if head.body_bytes:
            self._body = body_of(head.body_bytes)
            self.due_s = stopwatch_s() + self._way.deadlines.body_s
        else:
            cycle.feed(b"", is_last=True)
        self._start(cycle.run(self._app))

    def _take_body(self, body: Body, data: bytes, at: int, most: int) -> int:
        """Take what belongs to the body under way, and return where it ends. Raises MalformedRequest, HeadTooLarge."""
        content, end = body.take(data, at, most)
        self.due_s = min(self.due_s + (end - at) / BYTES_PER_S, stopwatch_s() + self._way.deadlines.body_s)
        if body.is_whole:
            self._body = None
        if self._cycle is not None:
            self._cycle.feed(content, is_last=body.is_whole)
        else:
            self._let_go_bytes += end - at
            if self._let_go_bytes > MAX_SKIPPED_BYTES:
                self._end()
        return end

    def ask_for_more(self) -> None:
        """Go on reading a body, for which its client has all its time anew if it was kept from sending."""
        if self.flow.read_paused and not self._held:
            self.due_s = self.due_s if self._body is None else stopwatch_s() + self._way.deadlines.body_s
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
            self._way.edge.count_refused(self.peer)
        if self._entry is Entrance.INSIDE:
            self._way.refusals.count(_REASONS.get(type(error), "malformed"), self.peer)
        note = _NoRequest((cycle and cycle.request_id()) or self._way.edge.new_id(), self.peer)
        answer = note.answer(error)
        lines = (self.first_lines(answer.status), answer.lines, id_line(note.request_id), LAST_LINES, b"\r\n")
        self.transport.write(b"".join((*lines, answer.body)))
        if cycle is None:
            note.sent_bytes = len(answer.body)
            self._way.edge.note(note, "none", answer.status)
        else:
            cycle.note_refusal(note.request_id, answer)
        self._end()

    def keeps_open(self, cycle: Cycle) -> bool:
        """Say whether the connection stays open behind an answer that begins now: what still comes must be little."""
        is_sent = cycle.is_received or not cycle.expects_100
        is_little = self._body is None or self._body.left_bytes <= MAX_SKIPPED_BYTES
        return is_sent and is_little and not self._closes and self._entry is not Entrance.GUEST

    def end_cycle(self, cycle: Cycle) -> None:
        """Go on behind an answer that is written; cut the connection behind one that is not whole."""
        if cycle is not self._cycle:
            return
        self._cycle = None
        if not cycle.is_whole:
            self.transport.abort()  # or a client of HTTP/1.0 would take a part for the whole
        elif cycle.closes:
            self._end()
        else:
            self.due_s = stopwatch_s() + self._way.idle_s
            self._go_on()

    def _go_on(self, most: int = AT_ONCE) -> None:
        """Take what arrived while an answer was under way."""
        if self._is_ending or self._is_busy() or self.transport.is_closing():
            return
        self.flow.resume_reading()
        self._take_held(most)
        if self._has_left and not self._is_busy():
            self._end()

    def _end(self) -> None:
        self._body = None
        super()._end()

    def _turn_away(self) -> None:
        """Let a guest ask, a second long; end any other connection with a word."""
        self._way = self._way.for_guests()
        self.due_s = stopwatch_s() + GUEST_S
        if self._entry is not Entrance.GUEST:
            self._refuse(Overloaded(_FULL))
            self.transport.close()

    def _give_up(self, now_s: float) -> None:
        """End what does not go on; have a request whose body does not follow its head at once answered as it is."""
        if self._is_busy() and (self._body is None or self.flow.read_paused):
            self.due_s = now_s + self._way.idle_s  # nobody waits for the client
        elif self._due_bytes:
            self._due_bytes, self._seen_bytes = 0, 1  # so that it is no longer waited for
            self._take_held(AT_ONCE)
        elif self._body is not None and self._cycle is not None:
            self._refuse(BodyTooSlow("The body did not arrive in time, or brought less than 1 KiB a second."))
        elif self._entry is Entrance.GUEST:
            is_silent = not self._held
            self._refuse(Overloaded(_FULL))
            if is_silent:  # nothing of it is unread, so it is told of no reset
                self.transport.close()
        elif self._seen_bytes:
            self._refuse(HeadTooSlow("The first line and the headers did not arrive in time."))
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

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._cycle is not None:
            self._cycle.cut()

    def give_up(self) -> None:
        """End, since the server has no time left and cancels all it does: a request not answered is told so."""
        cycle = self._cycle
        if self._held if cycle is None else not cycle.is_begun:
            self._refuse(out_of_time(None if cycle is None or self._body is not None else cycle.scope["method"]))
        elif self._task is None and not self._is_ending:
            (self._end if cycle is None else self.transport.abort)()


def out_of_time(method: str | None) -> RamekinError:
    """Return what is told of a request for which a server that stops has no time; None: it did not begin with it."""
    if method in (None, "GET", "HEAD"):
        return Unavailable("The server stops, and has no time for the request; nothing was applied.")
    return OutcomeUnknown("The server stopped in the midst of the request; whether it was applied is not known.")
