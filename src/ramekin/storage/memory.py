"""How much memory tables take, counted as they change, and how much they may take.

The figures below were fitted to what the kernel counted (RSS) on CPython 3.11, 64 bits, November 2026;
`python -m benchmarks.accounting` compares them again. Knows no tables; see ``table.py`` for who counts and
``catalog.py`` for who makes room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.stats import MemoryStats
from ramekin.storage.expiry import Expiring
from ramekin.storage.garbage import Garbage, Loose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from ramekin.storage.garbage import Held

RECORD_BYTES = 142
"""A record besides the text of its key and of its body: two objects' heads and a place in a dictionary."""

BODY_BYTES = 49
"""What of that the object of a body takes."""

TEXT_KEY_BYTES = 40
"""A key in the set of those that look like integers and are none."""

DUE_BYTES = 150
"""A due time: a number, and a key's place in two dictionaries."""

QUEUED_BYTES = 160
"""A record in the queue of a cache: in two dictionaries (81 bytes), and often in the set of those that were read."""

TABLE_BYTES = 1500
"""A table without records."""

_NEW_BYTES = TABLE_BYTES + RECORD_BYTES

HASH_INDEX_BYTES, SORTED_INDEX_BYTES = 2000, 4000
"""An index without values. Readers cause some in each table, so they count."""

VALUE_BYTES = 68
"""A number's place in an index: an entry of a dictionary and the number."""

SORTED_BYTES = 9
"""What a value takes more where values are kept in order."""

DECIMAL_BYTES = 76
"""What a decimal takes more than another number."""

MANY_BYTES = 144
"""A posting of several ids, without them."""

ID_BYTES: dict[type, int] = {int: 42, str: 10}
"""An id in an order or a posting; a text is the record's own key."""

INDEX_ESTIMATE_BYTES = 100
"""What an index takes for a record, before it is built."""

_TEXT_BYTES = 57
_TUPLE_BYTES = 56


class Family:
    """What the catalogs of a database and of its branches take together.

    Records that several of them have are counted once: by the catalog that had them first, which the others borrow
    from, or as `shared_bytes` when that has gone on to others.
    """

    __slots__ = ("_left", "members", "shared_bytes")

    def __init__(self, member: Memory) -> None:
        self.members = [member]
        self.shared_bytes = 0
        self._left: list[Garbage] = []  # of members that are no more, until it is taken apart

    def leave(self, member: Memory) -> None:
        """Count a member no longer, but what it leaves behind."""
        self.members.remove(member)
        self._left.append(member.garbage)

    @property
    def passing_bytes(self) -> int:
        """What is there beside the tables for a while. Cost: O(members)."""
        self._left = [garbage for garbage in self._left if garbage.size_bytes]
        return sum([garbage.size_bytes for garbage in (*self._left, *(member.garbage for member in self.members))])

    def give_way(self, asking: Memory) -> None:
        """Let members go that may, as room is lacking; not the one that asks, as it is at work. Cost: O(members)."""
        for member in [*self.members]:
            if member is not asking:
                member.when_short()

    @property
    def size_bytes(self) -> int:
        """All of it. Cost: O(members)."""
        return self.shared_bytes + sum([member.own_bytes + member.reserved_bytes for member in self.members])


class Memory:
    """What all tables of a catalog take together.

    Guarantee: each figure is the sum of the tables' own, whatever was done with them; nobody has to add them up.
    """

    __slots__ = (
        "body_bytes",
        "borrowed_bytes",
        "expiring",
        "family",
        "found_bytes",
        "garbage",
        "indexes",
        "limit_bytes",
        "records",
        "reserved_bytes",
        "used_bytes",
        "when_changing",
        "when_short",
    )

    def __init__(
        self,
        limit_bytes: int | None = None,
        when_short: Callable[[], None] = lambda: None,
        when_changing: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self.limit_bytes, self.when_short = limit_bytes, when_short
        self.when_changing = when_changing
        """Called with a table of another catalog of the family before it changes."""
        self.used_bytes = 0
        """All of it: the tables' `memory_bytes`."""
        self.records = self.body_bytes = 0
        self.indexes = 0
        """Indexes that are ready."""
        self.found_bytes = 0
        """What orders and indexes take, those that are being built too."""
        self.reserved_bytes = 0
        """What is on its way into tables, such as a load that is being read."""
        self.garbage = Garbage()
        """What is on its way out of memory; it is not counted any more."""
        self.expiring = Expiring()
        """What will leave it by itself."""
        self.borrowed_bytes = 0
        """What of `used_bytes` is counted elsewhere: tables of a branch that nobody has written."""
        self.family: Family | None = None
        """The database and its branches; None where there are none."""

    @property
    def own_bytes(self) -> int:
        """What the tables take that no other catalog is counted for."""
        return self.used_bytes - self.borrowed_bytes

    def leaving(self, held: Callable[[], Iterable[Held]], *, is_begun: bool = False) -> AbstractContextManager[None]:
        """Have what is held taken apart bit by bit where an error leaves it; see `Garbage.leaving`."""
        return self.garbage.leaving(held, is_begun=is_begun)

    def leave_behind(self, *containers: Held) -> None:
        """Have containers taken apart in turns that nobody uses any more."""
        self.garbage.take(Loose(*containers))

    def anew(self) -> Memory:
        """Return that of other tables with as much room; what both let go of is taken apart together."""
        twin = Memory(self.limit_bytes)
        twin.garbage = self.garbage
        return twin

    def fork(self, when_short: Callable[[], None], when_changing: Callable[[Any], None]) -> Memory:
        """Return that of a branch, which counts in the same limit, and has all records from its first moment on."""
        twin = Memory(self.limit_bytes, when_short, when_changing)
        twin.records, twin.body_bytes = self.records, self.body_bytes
        twin.expiring.tables.update(self.expiring.tables)
        twin.family = self.family = self.family or Family(self)
        twin.family.members.append(twin)
        return twin

    def leave(self) -> None:
        """Count by itself from now on: the branch is gone."""
        if self.family is not None:
            self.family.leave(self)
            self.family, self.limit_bytes = None, None

    @property
    def size_bytes(self) -> int:
        """All that counts in the limit. Cost: O(1), O(branches) where there are any."""
        return self.used_bytes + self.reserved_bytes if self.family is None else self.family.size_bytes

    @property
    def passing_bytes(self) -> int:
        """What is there beside the tables for a while, and in no limit: see ``garbage.py``. Cost: as `size_bytes`."""
        return self.garbage.size_bytes if self.family is None else self.family.passing_bytes

    @property
    def spare_bytes(self) -> int:
        """What indexes may take beyond the limit, so that readers find room when writers took all."""
        return 0 if self.limit_bytes is None else self.limit_bytes // 8

    def lacking_bytes(self, growth_bytes: int = 0) -> int:
        """Return how much room is missing for some growth; 0 or less if it fits."""
        if self.limit_bytes is None:
            return 0
        return self.size_bytes + growth_bytes - self.limit_bytes

    def is_ample(self, size_bytes: int) -> bool:
        """Say whether a key and body of that size surely fit, with a table for them and what finds them.

        The order and the indexes never take more for one record than all tables take together. So nothing needs
        counting until half of the limit is used.
        """
        limit_bytes, used_bytes = self.limit_bytes, self.used_bytes
        if limit_bytes is None:
            return True
        taken = used_bytes + self.reserved_bytes if self.family is None else self.family.size_bytes
        return taken + used_bytes + size_bytes + _NEW_BYTES <= limit_bytes

    def stats(self) -> MemoryStats:
        """Return the statistics of this moment."""
        return MemoryStats(self.size_bytes, self.limit_bytes, self.own_bytes, self.passing_bytes)


def record_growth(key: str, before: bytes | None, after: bytes | None, due: int | None = None) -> int:
    """Return what a change of a record adds, less than 0 where it gives some back; indexes apart. Cost: O(1).

    Args:
        due: a due time that it gets.
    """
    if due is not None:
        return DUE_BYTES + record_growth(key, before, after)
    if before is None:
        return 0 if after is None else RECORD_BYTES + len(key) + len(after)
    return len(after) - len(before) if after is not None else -RECORD_BYTES - len(key) - len(before)


def value_bytes(value: Any) -> int:
    """Return about what a value of an index takes beyond a number. Cost: O(1), O(size) for arrays and objects."""
    cls = type(value)
    if cls is str:
        return _TEXT_BYTES - 32 + (len(value) if value.isascii() else 2 * len(value))
    if cls is tuple:
        return _TUPLE_BYTES + sum(map(value_bytes, value)) + 40 * len(value)
    return 0
