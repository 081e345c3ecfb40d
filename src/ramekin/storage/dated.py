"""Records of which some have a due time: kept by key for whoever reads one, and by second for whoever takes them out.

Knows no clock; see ``expiry.py`` for what is due when, and ``table.py`` for how records are written.
"""

from __future__ import annotations

from ramekin.storage.expiry import Expiry
from ramekin.storage.indexed import Indexed
from ramekin.storage.memory import DUE_BYTES, Memory
from ramekin.storage.records import Records


class Dated(Indexed):
    """Records with their due times.

    Guarantee: `expiry` has the due times that `records` has, and the catalog's `memory` knows whether there are any.
    """

    def __init__(self, name: str, records: Records, memory: Memory) -> None:
        super().__init__(name, records, memory)
        self.expiry = Expiry()

    def is_due(self, key: str, now_s: int) -> bool:
        """Say whether a record is due, so that nobody is to see it any more. Cost: O(1)."""
        due = self.records.dues.get(key)
        return due is not None and due <= now_s

    def recount(self) -> int:
        return super().recount() + len(self.records.dues) * DUE_BYTES

    def _keep_due(self, key: str, due: int | None) -> int:
        """Keep when a record is due, and return by how many bytes that has grown. The records are writable."""
        dues = self.records.dues
        was = dues.get(key)
        if was == due:
            return 0
        self.expiry = self.expiry.writable(self.memory.garbage)
        self.expiry.note(key, was, due)
        if due is None:
            del dues[key]
        else:
            dues[key] = due
        self._note_dues()
        return DUE_BYTES * ((due is not None) - (was is not None))

    def _adopt_expiry(self, expiry: Expiry) -> None:
        """Take the due times of other records, which are in place."""
        if expiry is not self.expiry:
            self.memory.garbage.take(self.expiry)
            self.expiry = expiry
        self._note_dues()

    def _note_dues(self) -> None:
        self.memory.expiring.note(self, is_any=bool(self.records.dues))

    def leave(self) -> None:
        self.memory.expiring.note(self, is_any=False)
        self.memory.garbage.take(self.expiry)
        super().leave()
