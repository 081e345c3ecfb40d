"""One table in memory: records by key, with their order and indexes in step.

Knows nothing of HTTP, engines or disks; see ``catalog.py`` for tables by name and ``shared.py`` for
reading a table as it was at one moment.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Self

from ramekin.definitions import IndexStats, TableStats
from ramekin.ids import id_order, looks_like_integer
from ramekin.paths import print_path, reader
from ramekin.storage.indexes import HashIndex, IdOrder
from ramekin.storage.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ramekin.definitions import RecordId
    from ramekin.ids import IdSortKey
    from ramekin.paths import FieldPath

BATCH = 1000
"""Records that one step of a build handles: 1 to 2 ms."""

MAX_INDEXES = 32
"""Hash indexes of one table; the one that was used least recently gives way."""

_read_id = reader(("id",))


class Records(Shared):
    """Bodies by key, in the order in which they arrived."""

    __slots__ = ("bodies", "text_keys")

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[str, bytes] = {}
        self.text_keys: set[str] = set()
        """The few keys whose ids were sent as text although they look like integers."""

    def id_of(self, key: str) -> RecordId:
        """Return the id that a record has, in the type it was sent in."""
        return int(key) if looks_like_integer(key) and key not in self.text_keys else key

    def order_of(self, key: str) -> IdSortKey:
        """Return what keys are sorted by: integers by value, then texts by code point."""
        return id_order(key, is_text=key in self.text_keys)

    def copy(self) -> Self:
        twin = type(self)()
        twin.bodies, twin.text_keys = self.bodies.copy(), self.text_keys.copy()
        return twin


class Table:
    """Records under their keys.

    1. Only `Table` writes records, the order and the indexes, and it writes all of them in one step.
    2. The order and the indexes exist once something asked for them; until then they cost nothing.
    3. A body is immutable. Nothing here parses one except to read the field that an index needs.
    4. A pinned structure never changes; the next write copies it first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.revision = 0
        self.size_bytes = 0
        self.records = Records()
        self.order: IdOrder | None = None
        self.indexes: dict[FieldPath, HashIndex] = {}

    def __len__(self) -> int:
        return len(self.records.bodies)

    def get(self, key: str) -> bytes | None:
        """Return a record's body. Cost: O(1)."""
        return self.records.bodies.get(key)

    def put(self, key: str, body: bytes) -> None:
        """Store a body, over the one that was there. Cost: O(1), O(log n) with an order, O(body) for each index."""
        records = self._writable()
        before = records.bodies.get(key)
        records.bodies[key] = body
        self.size_bytes += len(body)
        if before is None:
            if looks_like_integer(key) and isinstance(_read_id(body), str):
                records.text_keys.add(key)
            if self.order is not None:
                self.order.add(records.id_of(key))
        else:
            self.size_bytes -= len(before)
        for index in self.indexes.values():
            if before is not None:
                index.remove(key, before)
            index.add(key, body)

    def remove(self, key: str) -> None:
        """Delete a record that is there. Cost: as `put`."""
        records = self._writable()
        before = records.bodies.pop(key)
        self.size_bytes -= len(before)
        if self.order is not None:
            self.order.remove(records.id_of(key))
        for index in self.indexes.values():
            index.remove(key, before)
        records.text_keys.discard(key)

    def load(self, bodies: dict[str, bytes], *, replace: bool) -> None:
        """Store many bodies in one step, over those with the same keys; with `replace` nothing else stays.

        The order and the indexes are dropped and built again when they are next asked for, so that the step stays
        short: 10 ms for 100,000 records.
        """
        if replace:
            self.records = Records()
        records = self.records = self.records.writable()
        for key, body in bodies.items():
            if looks_like_integer(key):
                (records.text_keys.add if isinstance(_read_id(body), str) else records.text_keys.discard)(key)
        records.bodies.update(bodies)
        self.size_bytes = sum(map(len, records.bodies.values()))
        self.order, self.indexes = None, {}

    def build_order(self) -> Iterator[None]:
        """Build the id order in short steps; writes between the steps are in it. One build at a time."""
        if self.order is None:
            self.order = IdOrder()
        for batch in _batches(list(self.records.bodies)):
            if self.order is None:
                return  # dropped by a load: whoever needs it begins again
            for key in batch:
                if key in self.records.bodies:
                    self.order.add(self.records.id_of(key))
            yield
        if self.order is not None:
            self.order.is_ready = True

    def build_index(self, path: FieldPath) -> Iterator[None]:
        """Build the hash index of a field in short steps; writes between the steps are in it. One build at a time."""
        self.indexes.setdefault(path, HashIndex(path))
        for batch in _batches(list(self.records.bodies)):
            if path not in self.indexes:
                return  # dropped, as above
            for key in batch:
                if (body := self.records.bodies.get(key)) is not None:
                    self.indexes[path].add(key, body)
            yield
        if path in self.indexes:
            self.indexes[path].is_ready = True

    def use_index(self, path: FieldPath) -> HashIndex | None:
        """Return a finished index and mark it as the one used last; None if it must be built first."""
        index = self.indexes.get(path)
        if index is None or not index.is_ready:
            return None
        self.indexes[path] = self.indexes.pop(path)
        return index

    def drop_spare_indexes(self) -> None:
        """Make room for one more index: one that holds nothing gives way first, then the one used least recently."""
        while len(self.indexes) >= MAX_INDEXES:
            empty = (path for path, index in self.indexes.items() if index.is_ready and not index.postings)
            del self.indexes[next(empty, next(iter(self.indexes)))]

    def stats(self) -> TableStats:
        """Return the table's figures. Cost: O(indexes)."""
        indexes = tuple(
            IndexStats(print_path(path), "hash", index.size_bytes())
            for path, index in self.indexes.items()
            if index.is_ready
        )
        return TableStats(self.name, len(self), self.size_bytes, self.revision, indexes)

    def _writable(self) -> Records:
        """Return the records to write to, and make the order and indexes writable too."""
        self.records = self.records.writable()
        if self.order is not None:
            self.order = self.order.writable()
        for path, index in self.indexes.items():
            if index.readers:
                self.indexes[path] = index.copy()
        return self.records


def _batches(keys: list[str]) -> Iterator[list[str]]:
    iterator = iter(keys)
    while batch := list(islice(iterator, BATCH)):
        yield batch
