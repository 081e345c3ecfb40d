"""Records whose memory is counted: once, however many tables share them.

    counted for its table ──a branch shares it──► still so; the branch borrows
            │                                              │
            │ its table goes on to a copy                  │ the branch goes on to a copy: that counts for its table,
            ▼                                              ▼ but for the bodies that it borrows from what it was made of
    shared: counted for all who have it ──the last one lets go of it──► counted no more; who borrowed counts for itself

A copy takes a dictionary, the order and the indexes. Its bodies are those of its *lender* until they are written: what
it takes out counts from then on, as the lender may have it yet. So a table that was written all over counts as if all
of it had been copied, never for more. When the lender is written to, or goes, its borrowers count for what they
borrowed: for too much, where several of them have it.

Knows no order and no indexes; see ``indexed.py`` for both, ``memory.py`` for what all tables take together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ramekin.storage.memory import Memory
    from ramekin.storage.records import Records

    Loan = tuple[Records | None, int]
    """Who lends to a copy of records, and how much."""


class Counted:
    """Records, and the bytes that they take with all that finds them."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.size_bytes = 0
        """The sum of the bodies' sizes."""
        self.memory_bytes = 0
        """About the memory that records, order and indexes take."""
        self.borrowed_bytes = 0
        """What of it is counted elsewhere."""
        self.is_sharing = False
        """Whether all of it was, when the table was made: it has the records of another one, which counts for them."""

    def finding_bytes(self) -> int:
        """Return how many bytes the order and the indexes take."""
        return 0

    def _grow(self, size_bytes: int) -> None:
        self.memory_bytes += size_bytes
        self.memory.used_bytes += size_bytes

    def _grow_found(self, size_bytes: int) -> None:
        """Count what the order or an index takes more, or gives back."""
        self._grow(size_bytes)
        self.memory.found_bytes += size_bytes
        if self.borrowed_bytes > self.memory_bytes:
            self.borrow(self.memory_bytes)

    def copied(self) -> Records:
        """Return a copy of the records that is to take their place; it is counted from now on."""
        copy = self.records.copy()
        self.memory.garbage.expect(copy)
        return copy

    @property
    def parting_bytes(self) -> int:
        """What the next write takes by itself, because of others who have the records, or count on them. Cost: O(1)."""
        if self.records.owners > 1:
            return min(self.memory_bytes, self._copy_bytes())
        return sum([copy.lent_bytes for copy in self.records.borrowers])

    def _copy_bytes(self) -> int:
        return self.records.copy_bytes + self.finding_bytes()

    def hand_on(self) -> None:
        """Give each fork that shows this very table one of its own: it is about to change. See ``forks.py``."""
        if self.records.owners > 1 and self.memory.family is not None:
            for member in self.memory.family.members:
                member.when_changing(self)

    def share(self) -> None:
        """Count for nothing: another table does."""
        self.is_sharing = True
        self.borrow(self.memory_bytes)

    def _take_over(self) -> None:
        """Count for the records, if those who did have left them to this table alone."""
        if self.is_sharing and self.records.owners == 1:
            self.is_sharing, self.records.counter = False, self
            self._keep(0)
            self.borrow(self.records.lent_bytes)

    def _part(self) -> None:
        """Settle who counts for the records, before this table lets go of them."""
        self.hand_on()
        records, others = self.records, self.records.owners - 1
        if others and not self.is_sharing:
            records.counter = None
            self._keep(self.memory_bytes - self.borrowed_bytes)
        elif not others:
            self._end_loans()
            self._keep(0)
            records.give_back()
        self.is_sharing = False
        self.borrow(0)

    def _go_on(self) -> None:
        """Go on with records that are this table's own: a copy, where others have them or read them."""
        before = self.records
        if before.readers == len(before.borrowers):
            self._end_loans()
            return
        loan = self._leave_for_copy()
        self.records = before.writable(self.memory.garbage)
        self._take_loan(*loan)

    def _leave_for_copy(self, taken_bytes: int = 0) -> Loan:
        """Settle as `_part`, and return who lends to a copy of the records, and how much.

        Args:
            taken_bytes: what is in the records and not in the copy.
        """
        self.hand_on()
        records = self.records
        loan: Loan = records.lender, max(0, records.lent_bytes - taken_bytes)
        if records.owners > 1:
            loan = records, max(0, self.memory_bytes - self._copy_bytes() - taken_bytes)
        self._part()
        return loan

    def _take_loan(self, lender: Records | None, size_bytes: int) -> None:
        if lender is not None:
            lender.lend(self.records, size_bytes, self)
            self.borrow(size_bytes)

    def _take_out(self, size_bytes: int) -> None:
        """Count for bytes that leave the table: the lender may have them yet."""
        self._take_over()
        records = self.records
        records.lent_bytes = max(0, records.lent_bytes - size_bytes)
        self.borrow(records.lent_bytes)

    def _end_loans(self) -> None:
        """Have those who count on these records count for themselves."""
        for copy in [*self.records.borrowers]:
            counter, lent_bytes = copy.counter, copy.lent_bytes
            copy.give_back()
            if counter is not None:
                counter.borrow(0)
            elif self.memory.family is not None:
                self.memory.family.shared_bytes += lent_bytes
                copy.shared_bytes += lent_bytes

    def borrow(self, size_bytes: int) -> None:
        """Count so many bytes elsewhere."""
        self.memory.borrowed_bytes += size_bytes - self.borrowed_bytes
        self.borrowed_bytes = size_bytes

    def _keep(self, size_bytes: int) -> None:
        """Count so many bytes for all who share the records."""
        if self.memory.family is not None:
            self.memory.family.shared_bytes += size_bytes - self.records.shared_bytes
        self.records.shared_bytes = size_bytes
