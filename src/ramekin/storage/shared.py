"""Copy on write: a structure that readers pin as it is while writers go on, and that several tables may share.

A snapshot costs nothing when it is taken. The first write after it, if a reader still holds it, copies the structure
once and goes on with the copy; the reader keeps the old one. So it is with a table and its branches: to share a
structure costs nothing, and whichever table writes first goes on with a copy. The last one that has it writes to it as
it is. Knows nothing of what is in the structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ramekin.storage.garbage import Garbage


class Shared:
    """A structure with a count of those that must not see it change.

    Guarantee: whoever writes calls `writable` first and writes to what it returns.
    """

    __slots__ = ("__weakref__", "garbage", "owners", "readers")

    def __init__(self) -> None:
        self.owners = 1
        """The tables that have it."""
        self.readers = 0
        """Whoever would see it change, besides one table that writes to it: readers, and the other tables."""
        self.garbage: Garbage | None = None
        """What takes it apart when its last reader goes; None while it is in use."""

    @property
    def copy_bytes(self) -> int:
        """What a copy takes besides what it shares, where that is much. Cost: O(1)."""
        return 0

    def copy(self) -> Self:
        """Return a copy that shares nothing which can change."""
        raise NotImplementedError

    def share(self) -> Self:
        """Return self, for one more table. A table lets go of it by `Garbage.take`. Cost: O(1)."""
        self.owners += 1
        self.readers += 1
        return self

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
