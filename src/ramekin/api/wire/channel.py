"""A connection as bytes and time: what waits to be read, how long the other end is waited for, how both part.

    open ──last answer written──► ending: what still comes is let go by ──► closed
      └─────── late ─────────────────────────┴──────── late ────────────────┘

A connection that ends from this side is closed gently: what was written must arrive, and a client that still sends
would be told of a reset instead. Every moment up to which something is waited for is `due_s`; a sweep calls `expire`
behind it. Knows no requests; see ``connection.py`` for what stands on this, and ``deadlines.py`` for the sweep.

Source: RFC 9112, section 9.6.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from ramekin.api.wire.deadlines import BYTES_PER_S, PARTING_S
from ramekin.api.wire.doorkeeper import Entrance
from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from uvicorn import Config
    from uvicorn.server import ServerState

    from ramekin.api.wire.backlog import Backlog
    from ramekin.api.wire.short_way import ShortWay

T = TypeVar("T")

LINGER_BYTES, LINGER_S, LINGER_IDLE_S = 256 * 1024 * 1024, 30.0, 5.0
"""How much a client may go on sending after the last answer, how long, and how long it may pause."""

STAY_S = 1.0
"""Seconds for which a connection that asks for nothing keeps its place although others want one."""


class Channel(asyncio.Protocol):
    """uvicorn's server makes one for each client. The application has a `ShortWay` at ``app.state.short_way``.

    1. Whatever the other end does or leaves undone, the channel is closed in the end.
    2. Nobody but the sweep acts on time that has passed.
    """

    # Slots, since an object with more than 30 attributes costs more to read.
    __slots__ = (
        "_asked_by_s",
        "_closes",
        "_entry",
        "_has_left",
        "_held",
        "_held_at",
        "_is_ending",
        "_let_go_bytes",
        "_linger_until_s",
        "_loop",
        "_unread_bytes",
        "_unread_until_s",
        "_waits",
        "_way",
        "client",
        "due_s",
        "flow",
        "server",
        "state",
        "transport",
    )

    def __init__(self, config: Config, server_state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.state = loop, server_state
        self._way: ShortWay = config.app.state.short_way  # type: ignore[union-attr]  # it is an application
        self._held, self._held_at = b"", 0  # what arrived and has to wait from there, or is not whole
        self._waits = False  # for others to have their turn
        self._has_left = False  # the client sends nothing more, but may read
        self._closes = False  # once the answers under way are written
        self._is_ending = False  # the last answer is written
        self._let_go_bytes = 0
        self._linger_until_s = 0.0
        self._unread_bytes, self._unread_until_s = 0, 0.0  # what the reader had left, and how long it is waited for
        self.due_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # no other comes here
        self.transport, self.flow = transport, FlowControl(transport)
        self.server, self.client = get_local_addr(transport), get_remote_addr(transport)
        self.state.connections.add(self)  # type: ignore[arg-type]  # it does what the server asks of one
        self._asked_by_s = self.due_s = stopwatch_s() + self._way.deadlines.head_s
        self._way.sweep.watch(self, self._loop)
        self._entry = self._way.doorkeeper.enter(self.peer, self)
        if self._entry is not Entrance.INSIDE:
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        self.state.connections.discard(self)
        self._way.sweep.forget(self)
        self._way.doorkeeper.leave(self.peer, self, self._entry)
        self.flow.resume_writing()

    def expire(self, now_s: float) -> None:
        """Do what is due: wait on for a reader that goes on, end what does not go on."""
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes:
            self._press(unread_bytes, now_s)
        elif self._is_ending or self.transport.is_closing():
            self.transport.abort()
        else:
            self._give_up(now_s)

    def _press(self, unread_bytes: int, now_s: float) -> None:
        """Cut a connection whose reader takes too little; it has all its time from when it was first kept waiting."""
        wait_s = self._way.deadlines.reader_s
        if not self._unread_bytes:
            self._unread_bytes, self._unread_until_s = unread_bytes, now_s + wait_s
        elif now_s >= self._unread_until_s:
            if self._unread_bytes - unread_bytes < wait_s * BYTES_PER_S:
                self._way.refusals.count("reader-too-slow", self.peer)
                self.transport.abort()
                return
            self._unread_bytes, self._unread_until_s = unread_bytes, now_s + wait_s
        self.due_s = self._unread_until_s

    def pause_writing(self) -> None:
        """Take note that more was written than the reader takes at once."""
        self.flow.pause_writing()
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread_until_s = stopwatch_s() + self._way.deadlines.reader_s

    def resume_writing(self) -> None:
        """Go on: the reader has taken nearly all."""
        self._unread_bytes = 0
        self.flow.resume_writing()
        self._go_on()

    def held_bytes(self) -> int:
        """Return how many bytes it holds of what was sent to it, and of what its other end has not read."""
        return len(self._held) + self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """End at once, for what it holds."""
        self._way.refusals.count("memory", self.peer)
        self.transport.abort()

    def gives_way(self) -> bool:
        """End, if it has asked for nothing for a while, and say whether it does."""
        is_new = self.due_s == self._asked_by_s  # it never sent a byte
        idle_s = stopwatch_s() - (self.due_s - (self._way.deadlines.head_s if is_new else self._way.idle_s))
        if idle_s < STAY_S or not self._is_idle() or self._is_ending or self.transport.is_closing():
            return False
        self._way.refusals.count("gave-way", self.peer)
        self.transport.close()
        return True

    @property
    def peer(self) -> str:
        """Return the address of the other end."""
        return self.client[0] if self.client else "unknown"

    def first_lines(self, status: int) -> bytes:
        """Return the lines that an answer begins with: its status, and the headers that the server gives to all."""
        way, common = self._way, self.state.default_headers
        if way.common is not common:
            way.renew(common)
        return way.first_lines[status]

    def stay_lines(self) -> bytes:
        """Return the headers of an answer behind which the connection stays open, as lines."""
        return self._way.stay_lines

    def shutdown(self) -> None:
        """Close the connection after the next answer; one that asks nothing more, soon.

        Who has something to send or to read is waited for anew, and not for long: see `ShortWay.hurry`.
        """
        self._closes, now_s, deadlines = True, stopwatch_s(), self._way.deadlines
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread_until_s = now_s + deadlines.reader_s
        is_idle = self._is_idle() and not self._unread_bytes
        self.due_s = min(self.due_s, now_s + (PARTING_S if is_idle else deadlines.body_s))

    def _end(self) -> None:
        """Close the connection so that what was written arrives: what the client still sends is let go by."""
        self._is_ending, self._held = True, b""
        if self._has_left or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        now_s = stopwatch_s()
        self._let_go_bytes, self._linger_until_s, self.due_s = 0, now_s + LINGER_S, now_s + LINGER_IDLE_S
        if self._closes or self._entry is not Entrance.INSIDE:
            self.due_s = self._linger_until_s = now_s + PARTING_S

    def _let_go(self, size_bytes: int) -> None:
        """Let go by what arrives after the last answer, within bounds."""
        self._let_go_bytes += size_bytes
        self.due_s = min(stopwatch_s() + LINGER_IDLE_S, self._linger_until_s)
        if self._let_go_bytes > LINGER_BYTES:
            self.transport.abort()

    def _wait(self, data: bytes, at: int, backlog: Backlog | None, *, is_new: bool = False) -> None:
        """Keep what cannot be taken yet: an answer is under way, or it is the turn of others in a backlog."""
        self._held, self._held_at = data, at
        self.flow.pause_reading()
        if backlog is not None and not self._waits:
            self._waits = True
            backlog.add(self, self._loop, is_new=is_new)

    def _take_held(self, most: int) -> None:
        """Take what was kept, so many requests at the most."""
        held, self._held = self._held, b""
        self._read(held, self._held_at, most)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Return a task that a stop of the server waits for."""
        task = self._loop.create_task(work)
        self.state.tasks.add(task)  # type: ignore[arg-type]  # what it returns is of no interest there
        task.add_done_callback(self.state.tasks.discard)
        return task

    def go_on(self, most: int) -> None:
        """Take a few of the requests, or chunks of one, that wait for others to have their turn."""
        raise NotImplementedError

    def _read(self, data: bytes, at: int, left: int) -> None:
        """Take what arrived from a place on, so many requests of it at the most."""
        raise NotImplementedError

    def _is_idle(self) -> bool:
        """Say whether nothing has been asked that is not answered."""
        raise NotImplementedError

    def _turn_away(self) -> None:
        """Do what becomes of a connection that is one too many."""
        raise NotImplementedError

    def _give_up(self, now_s: float) -> None:
        """Do what is due where nothing is left to be read by the other end."""
        raise NotImplementedError

    def _go_on(self) -> None:
        """Take what arrived while nothing could be taken."""
        raise NotImplementedError
