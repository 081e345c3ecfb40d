"""What requests under way hold in memory besides tables: long bodies, sorts, groups, dumps. One budget for all.

    asks for room ──fits──► holds it ──► gives it back
          └── else waits its turn ──fits──► holds it
                     └── 30 s, 20 s before a body, or too many wait ──► 503 `overloaded`

    holds some and needs more ──fits──► holds it, before all who hold nothing
          └── else the first has the turn, and waits for the others to end
                     ├── others give back all that they hold, and begin again when they have the turn
                     └── a body, which cannot begin again, waits 2 s ──► 503

So many that grow end one after the other, where each would be stuck with a part of what it needs. Bytes are guessed
before the work begins, from figures that were measured, and never found out exactly. Requests for single records,
health and metrics ask for nothing and wait for nobody: whatever holds less than `SMALL_BYTES` has a reserve of its own.
Knows no endpoints and no bytes of requests; see ``wire/asgi.py`` for bodies and ``endpoints/`` for answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Self, TypeVar

from ramekin.clock import stopwatch_s
from ramekin.errors import MemoryLimit, Overloaded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.api.edge.refusals import Refusals
    from ramekin.stats import MemoryStats

T = TypeVar("T")

SMALL_BYTES = 64 * 1024
"""What a request may hold without being counted."""

FLOOR_BYTES = 8 * 1024 * 1024
"""What requests may hold however small the limit is."""

ALONE_BYTES = 16 * 1024 * 1024
"""What a request that goes alone may hold beyond the limit, however small that is."""

WAIT_S, BODY_WAIT_S, STUCK_S, WAITING = 30.0, 20.0, 2.0, 64
"""How long a request waits for room or its turn, before its long body is read, and with what it holds while others may
wait for that; how many may wait of each kind."""

WORKS = 128
"""Lists, queries and joins that may be under way at once. Each does a part of its work and holds what it has; the more
there are, the later each ends."""

SLOW_S, SLOW_BYTES_PER_S = 5.0, 128 * 1024
"""While others wait, a body that has taken so long and brings less loses its room."""


class _GaveWay(Overloaded):  # an error, so that what was begun is ended as after any
    """Others grow that came first: all is given back, to begin again."""


def _nobody() -> None:
    """Call nobody."""


class Flight:
    """The budget. Tables and requests have the limit together; requests have a quarter of it whatever the tables take.

    1. `taken_bytes` is the sum of what the rooms that are open hold.
    2. Whoever waits is served in order of coming: those that hold some and need more, then those that wait before a
       body and all others, in two lines.
    3. One has the turn to grow, the first of `_turns`. Those behind it hold nothing.
    4. A request that needs more than there is may go alone, if it fits into one and a half times the limit, or into the
       limit and `ALONE_BYTES`, which are a part of what is kept for the process.
    """

    def __init__(self, memory: Callable[[], MemoryStats], refusals: Refusals) -> None:
        self._memory, self._refusals = memory, refusals
        self.taken_bytes = self.works = 0
        self.buffered_bytes = 0
        """What connections hold: requests that wait or are not whole, answers that are not read; see ``Sweep``."""
        self._rooms = set[Room]()
        self._growing, self._waiting, self._before_bodies, self._turns = (deque[Room]() for _ in range(4))

    @property
    def held_bytes(self) -> int:
        """What requests hold, connections for them, and what is beside the tables for a while. Cost: O(1)."""
        return self.taken_bytes + self.buffered_bytes + self._memory().passing_bytes

    def begin(self, room: Room) -> None:
        """Take note that a work begins. Raises Overloaded, if there are enough."""
        if self.works >= WORKS:
            raise self._overloaded(room)
        self.works += 1

    def end(self) -> None:
        """Take note that a work has ended."""
        self.works -= 1

    def weigh(self, buffered_bytes: int) -> None:
        """Take note of what connections hold by now; what tables let go of is less by now too."""
        self.buffered_bytes = buffered_bytes
        self._call_next()

    def room(self, peer: str = "unknown") -> Room:
        """Return room of no bytes yet for one request, to be used in ``async with``."""
        return Room(self, peer)

    def work(self) -> Room:
        """Return room for a request that may take long. Raises Overloaded, where it is used, if there are enough."""
        return Room(self, "unknown", is_work=True)

    def fits(self, more_bytes: int, own_bytes: int = 0) -> bool:
        """Say whether so many bytes more may be held, by a request that holds some already. Cost: O(1)."""
        memory = self._memory()
        if memory.limit_bytes is None:
            return True
        free_bytes = max(memory.limit_bytes - memory.used_bytes, memory.limit_bytes // 4, FLOOR_BYTES)
        if self.taken_bytes + self.buffered_bytes + memory.passing_bytes + more_bytes <= free_bytes:
            return True
        return self.taken_bytes == own_bytes and own_bytes + more_bytes <= self.most_alone_bytes()

    def most_buffered_bytes(self) -> float:
        """Return how much connections may hold together: a quarter of the limit."""
        limit_bytes = self._memory().limit_bytes
        return inf if limit_bytes is None else max(limit_bytes // 4, FLOOR_BYTES)

    def most_alone_bytes(self) -> float:
        """Return what a request may hold if it goes alone."""
        memory = self._memory()
        if memory.limit_bytes is None:
            return inf
        beyond_bytes = max(memory.limit_bytes // 2, ALONE_BYTES)
        return max(memory.limit_bytes + beyond_bytes - memory.used_bytes, memory.limit_bytes // 4, FLOOR_BYTES)

    async def take(self, room: Room, more_bytes: int, *, is_before_body: bool = False) -> None:
        """Take more room for a request; wait for it. Raises Overloaded, MemoryLimit; nothing is taken then."""
        line, wait_s = self._waiting, WAIT_S
        if room.size_bytes:
            line = self._growing
        elif is_before_body:
            line, wait_s = self._before_bodies, BODY_WAIT_S
        is_behind = not room.size_bytes and bool(line or self._growing)
        if is_behind or not self.fits(more_bytes, room.size_bytes):
            if room.size_bytes + more_bytes > self.most_alone_bytes():
                raise MemoryLimit("The request needs more memory than the server may take. Send less, or ask for less.")
            if room.size_bytes and not self._has_turn(room):
                wait_s = STUCK_S
            await self._wait_in(line, room, more_bytes, wait_s)
        self.taken_bytes += more_bytes
        room.size_bytes += more_bytes
        self._rooms.add(room)

    def _has_turn(self, room: Room) -> bool:
        """Say whether a request has the turn to grow, which it takes if nobody has. Raises _GaveWay, if others have."""
        if room.begins_again:
            if not self._turns:
                self._turns.append(room)
            if self._turns[0] is not room:
                raise _GaveWay("Others grow that came first.")
        return room.begins_again

    async def wait_for_turn(self, room: Room) -> None:
        """Give back what a request holds, and wait until it has the turn. Raises Overloaded."""
        self.give_back(room)
        if len(self._turns) > WAITING:
            raise self._overloaded(room)
        self._turns.append(room)
        await self._wait(room, lambda: self._turns[0] is room, WAIT_S)

    async def _wait_in(self, line: deque[Room], room: Room, more_bytes: int, wait_s: float) -> None:
        """Wait in a line for so much room. Raises Overloaded."""
        if len(line) >= WAITING:
            raise self._overloaded(room)

        def is_served() -> bool:
            is_first = line[0] is room and (line is self._growing or not self._growing)
            return is_first and self.fits(more_bytes, room.size_bytes)

        line.append(room)
        try:
            await self._wait(room, is_served, wait_s)
        finally:
            line.remove(room)
            self._call_next()

    async def _wait(self, room: Room, is_so: Callable[[], bool], wait_s: float) -> None:
        """Wait until something is so, asked whenever somebody calls. Raises Overloaded."""
        until_s, turn = stopwatch_s() + wait_s, asyncio.Event()
        # No `asyncio.timeout`: it needs a task, and on the short way a coroutine begins without one.
        timer = asyncio.get_running_loop().call_later(wait_s, turn.set)
        room.call = turn.set
        try:
            while not is_so():
                if stopwatch_s() >= until_s:
                    raise self._overloaded(room)
                self._stop_slow_bodies()
                turn.clear()
                await turn.wait()
        finally:
            timer.cancel()

    def _overloaded(self, room: Room) -> Overloaded:
        self._refusals.count("memory", room.peer)
        return Overloaded("As many requests are under way as may be, or as there is memory for; nothing was applied.")

    def give_back(self, room: Room) -> None:
        """Take back what a request held, and let the next ones look whether they fit."""
        self.taken_bytes -= room.size_bytes
        room.size_bytes = 0
        self._rooms.discard(room)
        self._call_next()

    def leave(self, room: Room) -> None:
        """Take back what a request held, and its turn."""
        if room in self._turns:
            self._turns.remove(room)
        self.give_back(room)

    def _call_next(self) -> None:
        for line in (self._growing, self._waiting, self._before_bodies, self._turns):
            if line:
                line[0].call()

    def _stop_slow_bodies(self) -> None:
        now_s = stopwatch_s()
        for room in self._rooms:
            room.stop_if_slow(now_s)


class Room:
    """What one request holds of the budget, for as long as an ``async with`` lasts.

    Raises:
        Overloaded: at the end, where a body came so slowly that others got its room.
    """

    __slots__ = (
        "_flight",
        "_is_stopped",
        "_is_work",
        "arrived_bytes",
        "began_s",
        "begins_again",
        "call",
        "peer",
        "size_bytes",
        "task",
    )

    def __init__(self, flight: Flight, peer: str, *, is_work: bool = False) -> None:
        self._flight, self.peer, self._is_work = flight, peer, is_work
        self.size_bytes = 0
        self.began_s, self.arrived_bytes = 0.0, 0
        self.task: asyncio.Task[object] | None = None
        """That of a body on its way, which may be stopped."""
        self._is_stopped = False
        self.call = _nobody
        """To be called when it may be its turn, if it waits."""
        self.begins_again = False
        """Whether it may be told to give back what it holds, and to begin again."""

    async def __aenter__(self) -> Self:
        if self._is_work:
            self._flight.begin(self)
        return self

    async def __aexit__(self, cls: type[BaseException] | None, *_: object) -> None:
        if self._is_work:
            self._flight.end()
        self._flight.leave(self)
        if self._is_stopped and cls is asyncio.CancelledError:
            assert self.task is not None, "it was stopped"
            self.task.uncancel()
            raise self._flight._overloaded(self) from None  # the two are one

    async def hold(self, size_bytes: int, *, is_before_body: bool = False) -> None:
        """Hold so many bytes in all.

        Args:
            is_before_body: it is what a body will take that has not been read: its client waits with it.

        Raises:
            Overloaded, MemoryLimit.
        """
        if size_bytes > max(self.size_bytes, SMALL_BYTES):
            await self._flight.take(self, size_bytes - self.size_bytes, is_before_body=is_before_body)

    async def in_turn(self, answer: Callable[[], Awaitable[T]]) -> T:
        """Return what a function does that holds more and more. Before it ends it does nothing: it may begin twice.

        Raises:
            Overloaded, and as the function.
        """
        self.begins_again = True
        with suppress(_GaveWay):
            return await answer()
        await self._flight.wait_for_turn(self)
        return await answer()

    def give_back(self) -> None:
        """Hold nothing more. Cost: O(1)."""
        if self.size_bytes:
            self._flight.give_back(self)

    def most_bytes(self) -> float:
        """Return what a request may hold if it goes alone."""
        return self._flight.most_alone_bytes()

    def begin_body(self) -> None:
        """Take note that the body begins to arrive, in the task that runs now."""
        self.began_s, self.task = stopwatch_s(), asyncio.current_task()

    def end_body(self) -> None:
        """Take note that the body has arrived."""
        if not self._is_stopped:
            self.task = None

    def stop_if_slow(self, now_s: float) -> None:
        """Stop a body that others wait for and that takes its time."""
        spent_s = now_s - self.began_s
        if self.task is None or self._is_stopped or spent_s < SLOW_S:
            return
        if self.arrived_bytes < spent_s * SLOW_BYTES_PER_S:
            self._is_stopped = True
            self.task.cancel()
