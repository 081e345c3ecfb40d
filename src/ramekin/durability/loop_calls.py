"""What a thread has the event loop do, in order. What a loop left undone when it stopped, the next one does.

A callback of a loop that was closed never runs, so what is to be done stands in a list of ours, and a callback only
says "one more". Knows no journal; see ``journal.py`` for whose calls these are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class LoopCalls:
    """What is to be done on the loop. `follow` is called there, all else in the thread."""

    def __init__(self) -> None:
        self._todo: deque[Callable[[], None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def follow(self) -> None:
        """Go on in the loop that runs now, with all that was left undone."""
        self._loop = asyncio.get_running_loop()  # first: what is added meanwhile is either done below, or told to it
        while self._todo:
            self._do_one()

    def has_loop(self) -> bool:
        """Say whether the loop may still do something."""
        return self._loop is not None and not self._loop.is_closed()

    def call(self, work: Callable[..., None], *arguments: object) -> None:
        """Have the loop do something; the next one, if this one is closed."""
        self._todo.append(partial(work, *arguments))
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(self._do_one)

    def ask(self, question: Callable[[], T]) -> T:
        """Return what the loop answers. Raises as the question."""
        answer: Future[T] = Future()

        def ask() -> None:
            try:
                answer.set_result(question())
            except BaseException as error:
                answer.set_exception(error)

        self.call(ask)
        return answer.result()

    def _do_one(self) -> None:
        if self._todo:  # else another loop has done it
            self._todo.popleft()()
