"""The work of one request, done in turns: whoever does it rests between short stretches, so that others go on.

A stretch is measured by the clock and not by rows, since rows may be of any size. Knows nothing of what is done; see
``view.py`` for who rests most.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")

TURN_S = 0.002
"""Seconds after which others get their turn: what is done between two looks at the clock comes on top."""


class Work:
    """The work of one request."""

    __slots__ = ("_began_s",)

    def __init__(self) -> None:
        """Begin a turn."""
        self._began_s = stopwatch_s()

    async def rest(self) -> None:
        """Let others have their turns, if this one was long enough. Cost: 0.2 µs if not."""
        if stopwatch_s() - self._began_s >= TURN_S:
            await asyncio.sleep(0)
            self._began_s = stopwatch_s()

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
