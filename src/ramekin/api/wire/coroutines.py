"""Coroutines that are run by hand at first: most answers never wait, so most need no task.

CPython 3.12 has eager tasks for this, which begin by themselves; 3.11 has not. Knows nothing of what is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


class _Resumed:
    """A coroutine that ran up to something it waits for, as an awaitable that goes on from there."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], awaited: Any) -> None:
        self._coroutine, self._awaited = coroutine, awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        while True:
            try:
                try:
                    sent = yield awaited
                except BaseException as error:  # a cancellation, say: it belongs to the coroutine
                    awaited = self._coroutine.throw(error)
                else:
                    awaited = self._coroutine.send(sent)
            except StopIteration as done:
                return done.value


async def go_on(coroutine: Coroutine[Any, Any, T], awaited: Any) -> T:
    """Return what a coroutine returns that ran up to something it waits for already."""
    return await _Resumed(coroutine, awaited)  # type: ignore[no-any-return]  # as the coroutine says
