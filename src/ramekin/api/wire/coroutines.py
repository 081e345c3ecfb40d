"""Coroutines that are run by hand at first: most answers never wait, so most need no task.

CPython 3.12 has eager tasks for this, which begin by themselves; 3.11 has not. Knows nothing of what is run.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class GoneOn(Coroutine[Any, Any, T]):
    """A coroutine that ran up to something it waits for already, to go on from there as a task.

    Whatever becomes of the task reaches the coroutine, also a cancellation before the task's first step.
    """

    __slots__ = ("_awaited", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T], awaited: Any) -> None:
        """Go on with a coroutine.

        Args:
            awaited: what its first `send` returned.
        """
        self._coroutine, self._awaited = coroutine, [awaited]

    def send(self, value: Any) -> Any:
        """Go on up to the next wait, which at first is the one that it has come to."""
        return self._awaited.pop() if self._awaited else self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Go on with an error: a cancellation, say."""
        self._awaited.clear()
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """End it where it waits."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise NotImplementedError  # a task goes on with it, and nobody waits for it otherwise
