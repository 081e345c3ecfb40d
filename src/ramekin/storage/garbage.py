"""What nobody needs any more, taken apart bit by bit: to free a million records at once holds everybody for 0.1 s.

It counts what is in memory beside the tables for a while: that, what a view reads yet, and copies on their way in.
Knows nothing of what it is; see ``shared.py`` for structures, ``engine/builds.py`` for who does it in steps.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from sys import getrefcount
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    Held = list[Any] | dict[Any, Any]
    """What may be taken apart bit by bit."""

AT_ONCE = 200
"""Entries that one step lets go of."""

SHARED_AT_ONCE = 50_000
"""Entries that one step lets go of where somebody else has what they hold, as of a copy: 6 ns each, and 50 one by one
(CPython 3.11, November 2026)."""

PART_BYTES = 150
"""What a part of something takes that is let go of with an error or behind a step, about: an operation, a change."""

SAMPLED = 16
"""Entries by which it is guessed whether somebody has all of them."""


class Left(Protocol):
    """What is left: it may have readers yet."""

    owners: int
    readers: int
    garbage: Garbage | None

    @property
    def copy_bytes(self) -> int:
        """About what it takes where somebody else has what it holds."""

    def pieces(self) -> list[Any]: ...


class Loose:
    """Containers that are no part of anything."""

    def __init__(self, *containers: Held) -> None:
        self._containers = [*containers]
        self.copy_bytes = PART_BYTES * sum(map(len, containers))
        self.owners, self.readers = 1, 0
        self.garbage: Garbage | None = None

    def pieces(self) -> list[Any]:
        return self._containers


class Garbage:
    """Structures that nobody uses; without somebody to take them apart they are freed at once."""

    def __init__(self) -> None:
        self._left: list[Left] = []
        self._weights = WeakKeyDictionary[Left, int]()
        self._when_left: Callable[[], bool] = lambda: False

    def report(self, when_left: Callable[[], bool]) -> None:
        """Call something when anything is left; it says whether somebody will go through `let_go`."""
        self._when_left = when_left

    @property
    def size_bytes(self) -> int:
        """About what all of it takes, copies on their way into tables among it. Cost: O(structures), a few."""
        return sum(self._weights.values())

    def expect(self, copy: Left) -> None:
        """Count a copy that is being made for a table, until it has `arrived` there or is given up."""
        self._weights[copy] = copy.copy_bytes

    def arrived(self, copy: Left) -> None:
        """Count something no longer, if it was: it is in its table, or gone."""
        self._weights.pop(copy, None)

    def take(self, structure: Left, size_bytes: int = 0) -> None:
        """Take a structure that a table lets go of, once nobody has it any more.

        Args:
            size_bytes: what it takes, if that is more than a copy: nobody else has what it holds.
        """
        if structure.owners > 1:
            structure.owners -= 1
            structure.readers -= 1
            return
        self._weights.setdefault(structure, max(size_bytes, structure.copy_bytes))
        if structure.readers:
            structure.garbage = self
            return
        self._left.append(structure)
        if not self._when_left():
            while self._left:
                self.arrived(self._left.pop())

    @contextmanager
    def leaving(self, held: Callable[[], Iterable[Held]], *, is_begun: bool = False) -> Iterator[None]:
        """Have what is held taken apart bit by bit where an error leaves it: to free 100,000 records takes 50 ms.

        Args:
            is_begun: a step may be on its way that needs it, though whoever asked was cancelled: then it stays.
        """
        try:
            yield
        except BaseException as error:
            containers = [*held()]
            is_much = sum(map(len, containers)) > AT_ONCE
            if is_much and (isinstance(error, Exception) or not is_begun):
                self.take(Loose(*containers))
            raise

    def let_go(self) -> Generator[None, None, None]:
        """Take apart all that is left, in short steps."""
        while self._left:
            structure = self._left.pop()
            for piece in structure.pieces():
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
            self.arrived(structure)  # though somebody may have it yet, empty as it is


def _is_shared(piece: dict[Any, Any]) -> bool:
    """Say whether somebody else has what a dictionary holds, by a few of its entries. Cost: O(n), 5 ns each."""
    sample = islice(piece.values(), 0, None, len(piece) // SAMPLED + 1)
    alone = 3  # the dictionary, the variable and the argument
    return all(getrefcount(value) > alone for value in sample)
