"""Records whose memory is counted: once, however many tables share them.

    counted for its table ──a branch shares it──► still so; the branch borrows
            │                                              │
            │ its table goes on to a copy                  │ the branch goes on to a copy, which is its own
            ▼                                              ▼
    kept: counted for all who share it ──the last one lets go of it──► counted no more

Knows no order and no indexes; see ``indexed.py`` for both, ``memory.py`` for what all tables take together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ramekin.storage.memory import Memory
    from ramekin.storage.records import Records


class Counted:
    """Records, and the bytes that they take with all that finds them."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.size_bytes = 0
        """The sum of the bodies' sizes."""
        self.memory_bytes = 0
        """About the memory that records, order and indexes take."""
        self.borrowed_bytes = 0
        """What of it is counted elsewhere: the table shares all that it has with the one that it was made from."""

    def _grow(self, size_bytes: int) -> None:
        self.memory_bytes += size_bytes
        self.memory.used_bytes += size_bytes

    def _grow_found(self, size_bytes: int) -> None:
        """Count what the order or an index takes more, or gives back."""
        self._grow(size_bytes)
        self.memory.found_bytes += size_bytes
        if self.borrowed_bytes > self.memory_bytes:
            self._borrow(self.memory_bytes)

    @property
    def parting_bytes(self) -> int:
        """What the next write takes by itself, as others share the records: all of them count once more. Cost: O(1)."""
        if self.records.owners == 1:
            return 0
        return self.borrowed_bytes or (0 if self.records.kept_bytes else self.memory_bytes)

    def _part(self) -> None:
        """Settle who counts for the records, before this table lets go of them."""
        others = self.records.owners - 1
        if self.borrowed_bytes:
            self._borrow(0)
            if not others:
                self._keep(0)
        elif others and not self.records.kept_bytes:
            self._keep(self.memory_bytes)

    def _borrow(self, size_bytes: int) -> None:
        """Count so many bytes elsewhere."""
        self.memory.borrowed_bytes += size_bytes - self.borrowed_bytes
        self.borrowed_bytes = size_bytes

    def _keep(self, size_bytes: int) -> None:
        """Count so many bytes for all who share the records."""
        if self.memory.family is not None:
            self.memory.family.kept_bytes += size_bytes - self.records.kept_bytes
        self.records.kept_bytes = size_bytes
