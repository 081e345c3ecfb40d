"""The records of a table as they were at one moment.

They are for readers of a table that is loaded anew faster than its order and indexes can be built. Knows nothing of
who reads; see ``engine/builds.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.storage.indexed import Indexed

if TYPE_CHECKING:
    from ramekin.storage.table import Table


class Frozen(Indexed):
    """Records that are never written to, with an order and indexes of their own."""

    def __init__(self, table: Table) -> None:
        super().__init__(table.name, table.records.pin(), table.memory)
        self.size_bytes = table.size_bytes
        self.users = 0

    def shows(self, table: Table) -> bool:
        """Say whether the table's records are still the same, and somebody sees to it that they stay as they are."""
        return self.users > 0 and self.records is table.records

    def leave(self) -> None:
        """Let go of one use; after the last one all is given back."""
        self.users -= 1
        if self.users == 0:
            self.records.unpin()
            super().leave()
