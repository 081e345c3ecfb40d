r"""The work of one request, done in turns: whoever does it rests between short stretches, so that others go on.

    begun ---a turn---> rest ---a turn---> rest ---> ... ---more in all than it may take---> Deadline
                                             \--- commit: from here on it is done to its end

A turn is measured by the clock and not by rows, since rows may be of any size. A work begins at its first rest, so all
works that follow each other in one turn of the loop have its time together. What counts for the deadline are the turns,
and the waits for an index that is being built: that is work too. What others do in between does not count, nor the time
for which others have the machine's processors, so the same request is answered however busy both are.

All works of a loop stand in one line, of which one goes on in each turn of the event loop: beside 64 sorts a short
request waits for a stretch of one of them, and not of all. Works that have not begun get every second turn, so what is
short is soon done. Of the others the first stays in front until it has worked for a while: of 64 sorts one after the
other ends, and not all at the end. Knows nothing of what is done; see ``embedded_view.py`` for who rests most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing, contextmanager
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ramekin.clock import processor_s, stopwatch_s
from ramekin.errors import Deadline
from ramekin.storage import collector

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator, Iterator

T = TypeVar("T")

TURN_S = 0.002
"""Seconds after which others get their turn: what is done between two looks at the clock comes on top."""

LONG_BYTES = 16 * 1024
"""Of a question that waits for its turn before it is read: 0.3 ms."""

FRONT_S = 0.1
"""Seconds of work for which one stays in front of those who have begun."""


class _Line:
    """Those who want a turn on one event loop.

    1. Of those who wait, one goes on in each turn of the loop.
    2. Whoever has not begun may begin at once while nobody waits and the turn of the loop has time left.
    """

    def __init__(self) -> None:
        self._new = deque[asyncio.Future[None]]()
        self._resting: list[tuple[int, int, asyncio.Future[None]]] = []
        """A heap: in front is the lowest place, and of those who have none yet who came first."""
        self._arrivals = count()
        self._places = count()
        self._until_s = 0.0
        """When this turn of the loop has no time left for whoever begins; 0 while nobody has."""
        self._is_for_new = False
        """Whose turn is next, if there are both."""

    def place(self) -> int:
        """Return a place at the end."""
        return next(self._places)

    async def begin(self) -> None:
        """Wait for a first turn. Cost: O(1)."""
        if not self._until_s:
            self._until_s = stopwatch_s() + TURN_S
            loop = asyncio.get_running_loop()
            loop.call_soon(self._call_next, loop)
        elif self._new or self._resting or stopwatch_s() >= self._until_s:
            turn = asyncio.get_running_loop().create_future()
            self._new.append(turn)
            await turn

    async def rest(self, place: int) -> None:
        """Wait for another turn. Cost: O(log n)."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heappush(self._resting, (place, next(self._arrivals), turn))
        if not self._until_s:
            self._until_s = stopwatch_s()
            loop.call_soon(self._call_next, loop)
        await turn

    def _call_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let one go on in the next turn of the loop; this one is the collector's."""
        collector.look()
        while self._new or self._resting:
            self._is_for_new = bool(self._new) and not (self._is_for_new and self._resting)
            turn = self._new.popleft() if self._is_for_new else heappop(self._resting)[2]
            if not turn.done():  # whoever was cancelled has left
                turn.set_result(None)
                loop.call_soon(self._call_next, loop)
                return
        self._until_s = 0.0


_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()


def _line() -> _Line:
    """Return the line of the event loop that runs."""
    loop = asyncio.get_running_loop()
    line = _lines.get(loop)
    if line is None:
        line = _lines[loop] = _Line()
    return line


class Work:
    """The work of one request."""

    __slots__ = ("_began_s", "_front_s", "_left_s", "_place", "_since_s")

    def __init__(self, limit_s: float = inf) -> None:
        """Make a work that begins when it first rests.

        Args:
            limit_s: seconds of work after which it is given up.
        """
        self._began_s, self._left_s = -inf, limit_s
        self._since_s: float | None = None  # as `_began_s`, by the processor; None in a first turn, which may be short
        self._place, self._front_s = -1, 0.0  # in the line, and how long it may stay there

    async def begin(self) -> None:
        """Begin when it is its turn, which is at once while others leave time for it."""
        await _line().begin()
        self._began_s, self._since_s = stopwatch_s(), None

    @property
    def is_due(self) -> bool:
        """Whether it is to rest by now. Cost: 0.1 µs."""
        return stopwatch_s() - self._began_s >= TURN_S

    async def rest(self) -> None:
        """Begin, or let others have their turns, if this one was long enough. Cost: 0.2 µs if not.

        Raises:
            Deadline: it took more than its limit.
        """
        if (spent_s := stopwatch_s() - self._began_s) >= TURN_S:
            if spent_s == inf:
                await self.begin()
                return
            if self._since_s is not None:
                spent_s = min(spent_s, processor_s() - self._since_s)
            self._left_s -= spent_s
            if self._left_s < 0:
                raise self._late()
            line = _line()
            self._front_s -= spent_s
            if self._front_s < 0:
                self._place, self._front_s = line.place(), FRONT_S
            await line.rest(self._place)
            self._began_s, self._since_s = stopwatch_s(), processor_s()

    async def idle(self, waiting: Awaitable[T]) -> T:
        """Return what others do. The wait for them is no work."""
        with self._left_out():
            return await waiting

    @contextmanager
    def _left_out(self) -> Iterator[None]:
        """Have what is done meanwhile not count."""
        began_s, since_s = stopwatch_s(), None if self._since_s is None else processor_s()
        try:
            yield
        finally:
            self._began_s += stopwatch_s() - began_s
            if since_s is not None and self._since_s is not None:
                self._since_s += processor_s() - since_s

    async def fed(self, arriving: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield what others send, with a rest behind each, since much may have come. The wait for them is no work."""
        while (item := await self.idle(anext(arriving, None))) is not None:
            yield item
            await self.rest()

    async def taken(self, made: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """Yield what is made for others. The wait until they have taken it is no work."""
        async with aclosing(made):
            async for item in made:
                with self._left_out():
                    yield item
                    del item  # or it is kept while the next one is made

    def commit(self) -> None:
        """Forget the deadline: what is begun now is done to its end."""
        self._left_s = inf

    async def wait_for(self, task: asyncio.Task[T]) -> T:
        """Return what a task returns that others may wait for too; it goes on when this work ends. Raises Deadline."""
        await self.rest()
        self._left_s -= stopwatch_s() - self._began_s
        self._began_s = stopwatch_s()
        timeout = None if self._left_s == inf else max(0.0, self._left_s)
        done, _ = await asyncio.wait([task], timeout=timeout)
        if not done:
            raise self._late()
        self._left_s -= stopwatch_s() - self._began_s
        await self.begin()  # many may have waited for the same
        return task.result()

    def _late(self) -> Deadline:
        return Deadline("The request takes more work than the server gives to one; nothing was applied.")

    async def let_go(self, *containers: list[Any] | dict[Any, Any]) -> None:
        """Empty what is not needed any more: to free 100,000 records at once takes 50 ms."""
        for container in containers:
            while container:
                if isinstance(container, dict):
                    container.popitem()
                else:
                    container.pop()
                await self.rest()

    async def through(self, steps: Generator[None, None, T]) -> T:
        """Return what comes of short steps, with a rest before each."""
        while True:
            await self.rest()
            try:
                next(steps)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # as the generator says
