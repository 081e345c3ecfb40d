"""What requests under way hold in memory besides tables: long bodies, sorts, groups, dumps. One budget for all.

    asks for room ──fits──► holds it ──► gives it back
          └── else waits its turn ──fits──► holds it
                     └── 2 s, 20 s before a body, or too many wait ──► 503 `overloaded`
                                of those that hold some and need more the one that holds least

Bytes are guessed before the work begins, from figures that were measured, and never found out exactly. Requests for
single records, health and metrics ask for nothing and wait for nobody: whatever holds less than `SMALL_BYTES` has a
reserve of its own. Knows no endpoints and no bytes of requests; see ``wire/asgi.py`` for bodies and ``endpoints/`` for
answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Self

from ramekin.clock import stopwatch_s
from ramekin.errors import MemoryLimit, Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.api.edge.refusals import Refusals
    from ramekin.stats import MemoryStats

SMALL_BYTES = 64 * 1024
"""What a request may hold without being counted."""

FLOOR_BYTES = 8 * 1024 * 1024
"""What requests may hold however small the limit is."""

ALONE_BYTES = 16 * 1024 * 1024
"""What a request that goes alone may hold beyond the limit, however small that is."""

WAIT_S, BODY_WAIT_S, WAITING = 2.0, 20.0, 64
"""How long a request waits for room, and before its long body is read; how many may wait of either kind."""

WORKS = 128
"""Lists, queries and joins that may be under way at once. Each does a part of its work and holds what it has; the more
there are, the later each ends."""

SLOW_S, SLOW_BYTES_PER_S = 5.0, 128 * 1024
"""While others wait, a body that has taken so long and brings less loses its room."""


class _Waiter:
    """One who waits for room."""

    __slots__ = ("is_refused", "room", "turn")

    def __init__(self, room: Room) -> None:
        self.room, self.turn, self.is_refused = room, asyncio.Event(), False


class Flight:
    """The budget. Tables and requests have the limit together; requests have a quarter of it whatever the tables take.

    1. `taken_bytes` is the sum of what the rooms that are open hold.
    2. Whoever waits is served in order of coming, among those that wait before a body and among all others.
    3. A request that needs more than there is may go alone, if it fits into one and a half times the limit, or into the
       limit and `ALONE_BYTES`, which are a part of what is kept for the process.
    """

    def __init__(self, memory: Callable[[], MemoryStats], refusals: Refusals) -> None:
        self._memory, self._refusals = memory, refusals
        self.taken_bytes = self.works = 0
        self.buffered_bytes = 0
        """What connections hold: requests that wait or are not whole, answers that are not read; see ``Sweep``."""
        self._rooms, self._leaving = set[Room](), set[Room]()
        self._waiting, self._before_bodies = deque[_Waiter](), deque[_Waiter]()

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
        line, wait_s = (self._before_bodies, BODY_WAIT_S) if is_before_body else (self._waiting, WAIT_S)
        if line or not self.fits(more_bytes, room.size_bytes):
            await self._wait(room, more_bytes, line, wait_s)
        self.taken_bytes += more_bytes
        room.size_bytes += more_bytes
        self._rooms.add(room)

    async def _wait(self, room: Room, more_bytes: int, line: deque[_Waiter], wait_s: float) -> None:
        if room.size_bytes + more_bytes > self.most_alone_bytes():
            raise MemoryLimit("The request needs more memory than the server may take. Send less, or ask for less.")
        if len(line) >= WAITING:
            raise self._overloaded(room)
        waiter, until_s, loop = _Waiter(room), stopwatch_s() + wait_s, asyncio.get_running_loop()
        # No `asyncio.timeout`: it needs a task, and on the short way a coroutine begins without one.
        timer = loop.call_later(wait_s, waiter.turn.set)
        line.append(waiter)
        try:
            while waiter.is_refused or line[0] is not waiter or not self.fits(more_bytes, room.size_bytes):
                if waiter.is_refused:
                    raise self._overloaded(room)
                if stopwatch_s() >= until_s:
                    self._refuse_one(line, waiter)
                    until_s, timer = stopwatch_s() + wait_s / 10, loop.call_later(wait_s / 10, waiter.turn.set)
                    continue
                self._stop_slow_bodies()
                waiter.turn.clear()
                await waiter.turn.wait()
        finally:
            timer.cancel()
            line.remove(waiter)
            self._call_next()

    def _refuse_one(self, line: deque[_Waiter], late: _Waiter) -> None:
        """Refuse one who has waited for too long; of those who hold some room, whoever holds least: so the others end.

        Many that grow would each hold a part, and be refused all at the same moment. One is refused, and has to have
        given its room back before the next one is.
        """
        if not late.room.size_bytes:
            late.is_refused = True
        elif not self._leaving:
            least = min((each for each in line if each.room.size_bytes), key=lambda each: each.room.size_bytes)
            least.is_refused = True
            least.turn.set()
            self._leaving.add(least.room)

    def _overloaded(self, room: Room) -> Overloaded:
        self._refusals.count("memory", room.peer)
        return Overloaded("As many requests are under way as may be, or as there is memory for; nothing was applied.")

    def give_back(self, room: Room) -> None:
        """Take back what a request held, and let the next ones look whether they fit."""
        self.taken_bytes -= room.size_bytes
        room.size_bytes = 0
        self._rooms.discard(room)
        self._leaving.discard(room)
        self._call_next()

    def _call_next(self) -> None:
        for line in (self._waiting, self._before_bodies):
            if line:
                line[0].turn.set()

    def _stop_slow_bodies(self) -> None:
        now_s = stopwatch_s()
        for room in self._rooms:
            room.stop_if_slow(now_s)


class Room:
    """What one request holds of the budget, for as long as an ``async with`` lasts.

    Raises:
        Overloaded: at the end, where a body came so slowly that others got its room.
    """

    __slots__ = ("_flight", "_is_stopped", "_is_work", "arrived_bytes", "began_s", "peer", "size_bytes", "task")

    def __init__(self, flight: Flight, peer: str, *, is_work: bool = False) -> None:
        self._flight, self.peer, self._is_work = flight, peer, is_work
        self.size_bytes = 0
        self.began_s, self.arrived_bytes = 0.0, 0
        self.task: asyncio.Task[object] | None = None
        """That of a body on its way, which may be stopped."""
        self._is_stopped = False

    async def __aenter__(self) -> Self:
        if self._is_work:
            self._flight.begin(self)
        return self

    async def __aexit__(self, cls: type[BaseException] | None, *_: object) -> None:
        if self._is_work:
            self._flight.end()
        self._flight.give_back(self)
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
