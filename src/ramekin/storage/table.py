"""One table in memory: records by key, with their order and indexes in step.

Knows nothing of HTTP, engines or disks; see ``catalog.py`` for tables by name and ``shared.py`` for
reading a table as it was at one moment.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Self

from ramekin.schema.declarations import declared_field
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.schema.fields import join_reader
from ramekin.stats import IndexStats, TableStats
from ramekin.storage.absences import Absences
from ramekin.storage.id_order import IdOrder
from ramekin.storage.indexes import FieldIndex
from ramekin.storage.memory import INDEX_ESTIMATE_BYTES, RECORD_BYTES, TABLE_BYTES, TEXT_KEY_BYTES, Memory
from ramekin.storage.shared import Shared
from ramekin.values.ids import looks_like_integer
from ramekin.values.paths import parse_path, print_path, reader

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from ramekin.changes import Change
    from ramekin.schema.definition import Definition
    from ramekin.schema.fields import Field
    from ramekin.storage.watch import Watch
    from ramekin.values.ids import RecordId
    from ramekin.values.keys import JoinKey

BATCH = 400
"""Records that one step of a build handles: about 1 ms."""

MAX_INDEXES = 32
"""Indexes of one table besides those that its definition names; the one used least recently gives way."""

_read_id = reader(("id",))


_QUOTE = ord('"')


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
    5. `memory_bytes` is counted with every change, here and in the catalog's `memory`.
    6. Watches are told of every record that is written.
    """

    def __init__(self, name: str, memory: Memory | None = None) -> None:
        self.name = name
        self.revision = 0
        self.size_bytes = 0
        self.memory_bytes = 0
        """About the memory that records, order and indexes take."""
        self.records = Records()
        self.order: IdOrder | None = None
        self.indexes: dict[Field, FieldIndex] = {}
        self.definition = NOTHING_DEFINED
        self.absences = Absences()
        self._unique: list[Field] = []
        self._pinned: dict[Field, bool] = {}  # indexes that the definition names, each with whether it is sorted
        self._growing: dict[tuple[Field, bool], FieldIndex] = {}  # with whether they are sorted
        self._used_s: dict[Field, float] = {}
        self.watches: list[Watch] = []
        self.is_gone = False
        """Whether it was dropped."""
        self.memory = Memory() if memory is None else memory
        self._grow(TABLE_BYTES)

    def define(self, definition: Definition) -> None:
        """Give the table a definition, which its records satisfy."""
        before, schema = self._pinned, definition.schema
        self.definition = definition
        self._unique = [declared_field(schema, parse_path(name)) for name in definition.unique]
        self._pinned = dict.fromkeys(self._unique, False)
        for index in definition.indexes:
            field = declared_field(schema, parse_path(index.field))
            self._pinned[field] = self._pinned.get(field, False) or index.kind == "sorted"
        paths = {field.path for field in self._pinned}
        for field in before:
            if field not in self._pinned and field.path in paths and field in self.indexes:
                self.drop_index(field)  # its values are read in another way from now on

    def get(self, key: str) -> bytes | None:
        """Return a record's body. Cost: O(1)."""
        return self.records.bodies.get(key)

    def put(self, key: str, body: bytes) -> None:
        """Store a body, over the one that was there. Cost: O(1), O(log n) with an order, O(body) for each index."""
        if self.absences.watched:
            self.absences.note(body)
        is_found = self.order is not None or self.indexes or self._growing or self.watches
        records = self._writable() if is_found or self.records.readers else self.records
        bodies = records.bodies
        before = bodies.get(key)
        bodies[key] = body
        grown = len(body)
        self.size_bytes += grown
        found = self._finding_bytes() if is_found else 0
        if before is None:
            grown += RECORD_BYTES + len(key)
            if (key.isdecimal() or key[0] == "-") and _has_text_id(body) and looks_like_integer(key):
                records.text_keys.add(key)
                grown += TEXT_KEY_BYTES
            if self.order is not None:
                self.order.add(records.id_of(key))
        else:
            self.size_bytes -= len(before)
            grown -= len(before)
        if self.indexes or self._growing:
            record_id = records.id_of(key)
            for index in self._all_indexes():
                if before is not None:
                    index.remove(record_id, before)
                index.add(record_id, body)
        if is_found:
            grown += self._finding_bytes() - found
            if self.watches:
                self._tell((key,))
        self.memory_bytes += grown
        self.memory.used_bytes += grown

    def remove(self, key: str) -> None:
        """Delete a record that is there. Cost: as `put`."""
        records = self._writable()
        before = records.bodies.pop(key)
        self.size_bytes -= len(before)
        grown, found = -RECORD_BYTES - len(key) - len(before), self._finding_bytes()
        record_id = records.id_of(key)
        if self.order is not None:
            self.order.remove(record_id)
        for index in self._all_indexes():
            index.remove(record_id, before)
        if key in records.text_keys:
            records.text_keys.remove(key)
            grown -= TEXT_KEY_BYTES
        self._grow(grown + self._finding_bytes() - found)
        self._tell((key,))

    def load(self, bodies: dict[str, bytes], *, replace: bool) -> None:
        """Store many bodies in one step, over those with the same keys; with `replace` nothing else stays.

        A few records are put one by one. For many the order and the indexes are dropped, and built again when they are
        next asked for, so that the step stays short: 10 ms for 100,000 records.
        """
        if not replace and len(bodies) <= BATCH and self.records.bodies:
            for key, body in bodies.items():
                self.put(key, body)
            return
        self.absences.clear()
        self._tell(bodies)
        if replace:
            self._tell(self.records.bodies)
            self.records = Records()
        records = self.records = self.records.writable()
        if records.text_keys:
            records.text_keys.difference_update(bodies)
        records.text_keys |= _text_keys(bodies)
        records.bodies.update(bodies)
        self.size_bytes = sum(map(len, records.bodies.values()))
        self.order, self.indexes, self._growing = None, {}, {}
        self._grow(self.recount() - self.memory_bytes)

    def _tell(self, keys: Iterable[str]) -> None:
        for watch in self.watches:
            watch.note(keys)

    def keeps_ids(self, bodies: Mapping[str, bytes]) -> bool:
        """Say whether each of some bodies has its id in the type of the record that stands under its key, if any does.

        Cost: O(bodies).
        """
        standing = self.records.bodies
        if not standing:
            return True
        differing = _text_keys(bodies) ^ self.records.text_keys
        return not any(key in standing and key in bodies for key in differing)

    # The order and the indexes

    @property
    def is_in_order(self) -> bool:
        """Whether the id order is there and finished."""
        return self.order is not None and self.order.is_ready

    def build_order(self) -> Iterator[None]:
        """Build the id order in short steps; writes between the steps are in it. One build at a time."""
        if self.order is not None:
            self._grow(-self.order.size_bytes)
        order = self.order = IdOrder()
        for batch in _batches(list(self.records.bodies)):
            if self.order is not order:
                return  # dropped by a load: whoever needs it begins again
            found = order.size_bytes
            for key in batch:
                if key in self.records.bodies:
                    order.add(self.records.id_of(key))
            self._grow(order.size_bytes - found)
            yield
        if self.order is order:
            order.is_ready = True

    def build_index(self, field: Field, *, is_sorted: bool) -> Iterator[None]:
        """Build a field's index in short steps; writes between the steps are in it. The last build of its kind counts.

        A hash index that is there serves on until the sorted one that takes its place is ready.
        """
        self.give_up_index(field, is_sorted=is_sorted)
        index = self._growing[field, is_sorted] = FieldIndex(field, is_sorted=is_sorted)
        for batch in _batches(list(self.records.bodies)):
            if self._growing.get((field, is_sorted)) is not index:
                return  # dropped, as above
            find, id_of = self.records.bodies.get, self.records.id_of
            found = index.size_bytes
            index.add_many([(id_of(key), body) for key in batch if (body := find(key)) is not None])
            self._grow(index.size_bytes - found)
            yield
        if self._growing.get((field, is_sorted)) is index:
            self._adopt_index(field, self._growing.pop((field, is_sorted)))

    def build_index_at_once(self, field: Field) -> None:
        """Build a field's hash index in one step. Cost: O(n), 2 ms for 1,000 records."""
        for _ in self.build_index(field, is_sorted=False):
            pass

    def _adopt_index(self, field: Field, index: FieldIndex) -> None:
        """Take an index that is built, unless a sorted one is there, which answers for both kinds."""
        replaced = self.indexes.get(field)
        if replaced is not None and replaced.is_sorted:
            self._grow(-index.size_bytes)
            return
        if replaced is not None:
            self._grow(-replaced.size_bytes)
        index.is_ready = True
        self.indexes[field] = index

    def give_up_index(self, field: Field, *, is_sorted: bool) -> None:
        """Let go of an index that is being built."""
        if (index := self._growing.pop((field, is_sorted), None)) is not None:
            self._grow(-index.size_bytes)

    def drop_index(self, field: Field) -> None:
        """Let go of an index."""
        self._grow(-self.indexes.pop(field).size_bytes)

    def use_index(self, field: Field, *, is_sorted: bool = False, now_s: float = 0.0) -> FieldIndex | None:
        """Return a finished index and mark it as used now; None if it must be built first."""
        index = self.indexes.get(field)
        if index is None or (is_sorted and not index.is_sorted):
            return None
        self._used_s[field] = now_s
        return index

    def drop_spare_indexes(self, needed: Container[Field]) -> None:
        """Make room for one more index: one that holds nothing gives way first, then the one used least recently.

        Args:
            needed: fields whose indexes somebody is about to use; they stay, and so do those that the definition names.
        """
        spare = [field for field in self.indexes if not self.is_pinned(field)]
        excess = len(spare) - MAX_INDEXES + 1
        spare = [field for field in spare if field not in needed]
        spare.sort(key=lambda field: (self.indexes[field].count_values() > 0, self._used_s.get(field, 0.0)))
        for field in spare[: max(0, excess)]:
            self.drop_index(field)

    def drop_idle_indexes(self, before_s: float) -> None:
        """Drop the indexes that nothing has used since a moment; those that the definition names stay."""
        self.absences.drop_idle(before_s)
        for field in list(self.indexes):
            if self._used_s.get(field, 0.0) < before_s and not self.is_pinned(field):
                self.drop_index(field)

    def spare_indexes(self, needed: Container[Field]) -> Iterator[tuple[float, Field]]:
        """Yield when each index was last used, and its field; not those that are needed or pinned."""
        for field in self.indexes:
            if field not in needed and not self.is_pinned(field):
                yield self._used_s.get(field, 0.0), field

    # Memory

    def finding_bytes_each(self) -> int:
        """Return about what the order and the indexes take for one record. Cost: O(indexes)."""
        if self.order is None and not self.indexes and not self._growing:
            return 0
        return self._finding_bytes() // max(1, len(self.records.bodies))

    def definition_growth(self, definition: Definition) -> int:
        """Return about how many bytes the indexes would add that a definition names and that are not there."""
        named = {*definition.unique, *(index.field for index in definition.indexes)}
        missing = named - {print_path(field.path) for field in self.indexes}
        return len(missing) * len(self.records.bodies) * INDEX_ESTIMATE_BYTES

    def recount(self) -> int:
        """Return what `memory_bytes` ought to be, counted anew. Cost: O(records)."""
        bodies, text_keys = self.records.bodies, self.records.text_keys
        records = len(bodies) * RECORD_BYTES + sum(map(len, bodies)) + self.size_bytes
        return TABLE_BYTES + records + len(text_keys) * TEXT_KEY_BYTES + self._finding_bytes()

    def leave(self) -> None:
        """Give back all that is counted; what is still done with the table counts for itself."""
        self.is_gone = True
        self.memory.used_bytes -= self.memory_bytes
        self.memory = Memory()

    def _grow(self, size_bytes: int) -> None:
        self.memory_bytes += size_bytes
        self.memory.used_bytes += size_bytes

    def _finding_bytes(self) -> int:
        """Return what the order and the indexes take. Cost: O(indexes)."""
        size = 0 if self.order is None else self.order.size_bytes
        if self.indexes or self._growing:
            size += sum(index.size_bytes for index in self._all_indexes())
        return size

    def unique_fields(self) -> list[Field]:
        """Return the fields that the definition says are unique, each read as its schema says."""
        return self._unique

    def find_taken(self, changes: Sequence[Change], others: Container[str] = ()) -> tuple[Field, Change] | None:
        """Return the first change that would give a unique field a value that another record has, or None.

        What the changes leave behind counts, not what they pass through. The unique fields' indexes are ready.

        Args:
            others: keys of records that are about to change too, and whose values are looked at elsewhere.

        Cost: O(changes).
        """
        changing = {change.key for change in changes}
        for field in self.unique_fields():
            index, key_of = self.indexes[field], join_reader(field)
            taken: set[JoinKey] = set()
            for change in changes:
                key = None if change.after is None else key_of(change.after)
                if key is None:
                    continue
                holders = (str(record_id) for ids in index.find_joined(key) for record_id in ids)
                if key in taken or any(holder not in changing and holder not in others for holder in holders):
                    return field, change
                taken.add(key)
        return None

    def stats(self) -> TableStats:
        """Return the table's figures. Cost: O(1)."""
        return TableStats(self.name, len(self.records.bodies), self.size_bytes, self.revision, self.definition)

    def index_stats(self) -> tuple[IndexStats, ...]:
        """Return the figures of the table's indexes, those first that its definition names, built or not yet.

        Cost: O(indexes).
        """
        named = self._pinned
        others = {field: index.is_sorted for field, index in self.indexes.items() if field not in named}
        return tuple(
            IndexStats(
                print_path(field.path),
                "sorted" if is_sorted else "hash",
                self.indexes[field].size_bytes if field in self.indexes else 0,
                is_pinned=self.is_pinned(field),
            )
            for field, is_sorted in (named | others).items()
        )

    def is_pinned(self, field: Field) -> bool:
        """Say whether the definition names the field's index."""
        return field in self._pinned

    def pinned(self) -> dict[Field, bool]:
        """Return the fields whose indexes the definition names, each with whether its index is sorted."""
        return self._pinned

    def is_pinned_sorted(self, field: Field) -> bool:
        """Say whether the definition names a sorted index of the field."""
        return self._pinned.get(field, False)

    def _all_indexes(self) -> Iterator[FieldIndex]:
        yield from self.indexes.values()
        yield from self._growing.values()

    def _writable(self) -> Records:
        """Return the records to write to, and make the order and indexes writable too."""
        if self.records.readers:
            self.records = self.records.copy()
        if self.order is not None and self.order.readers:
            self.order = self.order.copy()
        for field, index in self.indexes.items():
            if index.readers:
                self.indexes[field] = index.copy()
        return self.records


class Still(Table):
    """The records of a table as they were at one moment, never written to, with an order and indexes of its own.

    It is for readers of a table that is loaded anew faster than its order and indexes can be built.
    """

    def __init__(self, table: Table) -> None:
        super().__init__(table.name, table.memory)
        self.records, self.size_bytes = table.records.pin(), table.size_bytes
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


def _batches(keys: list[str]) -> Iterator[list[str]]:
    iterator = iter(keys)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _text_keys(bodies: Mapping[str, bytes]) -> set[str]:
    """Return the keys that look like integers although their records' ids are texts. Cost: O(bodies)."""
    texts = [key for key, body in bodies.items() if _has_text_id(body)]
    return {key for key in texts if looks_like_integer(key)}


def _has_text_id(body: bytes) -> bool:
    """Say whether a record's id is text. Cost: O(1) where the id comes first, as it does in most records."""
    if body.startswith(b'{"id":'):
        return body[6] == _QUOTE
    return isinstance(_read_id(body), str)
