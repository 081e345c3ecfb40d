"""What nobody needs any more, taken apart bit by bit: to free a million records at once holds everybody for 0.1 s.

Knows nothing of what it is; see ``shared.py`` for structures, ``engine/builds.py`` for who does it in steps.
"""

from __future__ import annotations

from itertools import islice
from sys import getrefcount
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

AT_ONCE = 200
"""Entries that one step lets go of."""

SHARED_AT_ONCE = 50_000
"""Entries that one step lets go of where somebody else has what they hold, as of a copy: 6 ns each, and 50 one by one
(CPython 3.11, November 2026)."""

SAMPLED = 16
"""Entries by which it is guessed whether somebody has all of them."""


class Left(Protocol):
    """What is left: it may have readers yet."""

    owners: int
    readers: int
    garbage: Garbage | None

    def pieces(self) -> list[Any]: ...


class Loose:
    """Containers that are no part of anything."""

    def __init__(self, *containers: list[Any] | dict[Any, Any]) -> None:
        self._containers = [*containers]
        self.owners, self.readers = 1, 0
        self.garbage: Garbage | None = None

    def pieces(self) -> list[Any]:
        return self._containers


class Garbage:
    """Structures that nobody uses; without somebody to take them apart they are freed at once."""

    def __init__(self) -> None:
        self._left: list[Left] = []
        self._when_left: Callable[[], bool] = lambda: False

    def report(self, when_left: Callable[[], bool]) -> None:
        """Call something when anything is left; it says whether somebody will go through `let_go`."""
        self._when_left = when_left

    def take(self, structure: Left) -> None:
        """Take a structure that a table lets go of, once nobody has it any more."""
        if structure.owners > 1:
            structure.owners -= 1
            structure.readers -= 1
            return
        if structure.readers:
            structure.garbage = self
            return
        self._left.append(structure)
        if not self._when_left():
            self._left.clear()

    def let_go(self) -> Generator[None, None, None]:
        """Take apart all that is left, in short steps."""
        while self._left:
            for piece in self._left.pop().pieces():
                if isinstance(piece, dict):
                    if len(piece) <= SHARED_AT_ONCE and _is_shared(piece):
                        piece.clear()
                    while piece:
                        for _ in range(min(AT_ONCE, len(piece))):
                            piece.popitem()
                        yield
                while piece:
                    piece.pop()
                    yield


def _is_shared(piece: dict[Any, Any]) -> bool:
    """Say whether somebody else has what a dictionary holds, by a few of its entries. Cost: O(n), 5 ns each."""
    sample = islice(piece.values(), 0, None, len(piece) // SAMPLED + 1)
    alone = 3  # the dictionary, the variable and the argument
    return all(getrefcount(value) > alone for value in sample)
