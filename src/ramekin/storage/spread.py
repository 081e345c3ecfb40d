"""A large set made of small ones, so that it grows and is freed in short steps. Knows nothing of what is in it.

Python enlarges one set of 200,000 texts in 6 to 13 ms, and frees it in 13, in which nobody else is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = 64

FEW = 10_000
"""Values of which one set is enlarged in 0.3 ms."""


class SpreadSet:
    """Hashable values, in sets of which each has about as many."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[set[Any]] = [set() for _ in range(PARTS)]

    def __contains__(self, value: object) -> bool:
        return value in self._parts[hash(value) % PARTS]

    def add(self, value: Any) -> None:
        self._parts[hash(value) % PARTS].add(value)

    def emptied(self) -> Iterator[None]:
        """Let go of all values, some in each step; of nothing else can be asked then."""
        while self._parts:
            self._parts.pop()
            yield


def let_go(values: set[Any] | SpreadSet) -> Iterator[None]:
    """Let go of a set that `set_for` made and nobody needs any more, in short steps."""
    return values.emptied() if type(values) is SpreadSet else iter(())


def set_for(count: int) -> set[Any] | SpreadSet:
    """Return an empty set that is to hold so many values."""
    return set() if count <= FEW else SpreadSet()
