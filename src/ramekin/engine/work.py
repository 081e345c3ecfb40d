r"""The work of one request, done in turns: whoever does it rests between short stretches, so that others go on.

    begun ---a turn---> rest ---a turn---> rest ---> ... ---more in all than it may take---> Deadline
                                             \--- commit: from here on it is done to its end

A turn is measured by the clock and not by rows, since rows may be of any size. What counts for the deadline are the
turns, and the waits for an index that is being built: that is work too. What others do in between does not count, so
the same request is answered however busy the server is.

Whoever rests stands in one line, of which one goes on in each turn of the event loop: beside 64 sorts a short request
waits for a stretch of one of them, and not of all. Knows nothing of what is done; see ``embedded_view.py`` for who
rests most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ramekin.clock import stopwatch_s
from ramekin.errors import Deadline

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")

TURN_S = 0.002
"""Seconds after which others get their turn: what is done between two looks at the clock comes on top."""


class _Line:
    """Those who rest on one event loop, in order of coming."""

    def __init__(self) -> None:
        self._resting: deque[asyncio.Future[None]] = deque()

    async def rest(self) -> None:
        """Wait until all who came before have had their turns. Cost: O(1)."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._resting.append(turn)
        if len(self._resting) == 1:
            loop.call_soon(self._call_next, loop)
        await turn

    def _call_next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._resting.popleft()
        if not turn.done():  # whoever was cancelled has left
            turn.set_result(None)
        if self._resting:
            loop.call_soon(self._call_next, loop)


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

    __slots__ = ("_began_s", "_left_s")

    def __init__(self, limit_s: float = inf) -> None:
        """Begin a turn.

        Args:
            limit_s: seconds of work after which it is given up.
        """
        self._began_s, self._left_s = stopwatch_s(), limit_s

    async def rest(self) -> None:
        """Let others have their turns, if this one was long enough. Cost: 0.2 µs if not.

        Raises:
            Deadline: it took more than its limit.
        """
        if (spent_s := stopwatch_s() - self._began_s) >= TURN_S:
            self._left_s -= spent_s
            if self._left_s < 0:
                raise self._late()
            await _line().rest()
            self._began_s = stopwatch_s()

    def commit(self) -> None:
        """Forget the deadline: what is begun now is done to its end."""
        self._left_s = inf

    async def wait_for(self, task: asyncio.Task[T]) -> T:
        """Return what a task returns that others may wait for too; it goes on when this work ends. Raises Deadline."""
        if self._left_s == inf:
            return await asyncio.shield(task)
        left_s = self._left_s - (stopwatch_s() - self._began_s)
        done, _ = await asyncio.wait([task], timeout=max(0.0, left_s))
        if not done:
            raise self._late()
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
        """Return what comes of short steps, with rests between them."""
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # as the generator says
            await self.rest()
