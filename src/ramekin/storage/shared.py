"""Copy on write: a structure that readers pin as it is while writers go on.

A snapshot costs nothing when it is taken. The first write after it, if a reader still holds it, copies the structure
once and goes on with the copy; the reader keeps the old one. Knows nothing of what is in the structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ramekin.storage.garbage import Garbage


class Shared:
    """A structure with a count of the readers that must not see it change.

    Guarantee: whoever writes calls `writable` first and writes to what it returns.
    """

    __slots__ = ("garbage", "readers")

    def __init__(self) -> None:
        self.readers = 0
        self.garbage: Garbage | None = None
        """What takes it apart when its last reader goes; None while it is in use."""

    def copy(self) -> Self:
        """Return a copy that shares nothing which can change."""
        raise NotImplementedError

    def pin(self) -> Self:
        """Return self, which from now on no writer changes. Cost: O(1)."""
        self.readers += 1
        return self

    def unpin(self) -> None:
        """Give up one pin."""
        self.readers -= 1
        if self.garbage is not None and not self.readers:
            self.garbage.take(self)

    def pieces(self) -> list[Any]:
        """Return the dictionaries and lists in which what it holds lies, to be emptied: it is not used any more."""
        raise NotImplementedError

    def writable(self, garbage: Garbage) -> Self:
        """Return the structure to write to: self, or a copy while readers hold self."""
        if not self.readers:
            return self
        garbage.take(self)
        return self.copy()
