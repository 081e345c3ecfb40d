"""One table in memory: how its records are written, with their order and indexes in step.

Knows nothing of HTTP, engines or disks; see ``indexed.py`` for how the order and the indexes come to be, ``catalog.py``
for tables by name, and ``shared.py`` for reading a table as it was at one moment.
"""

from __future__ import annotations

from sys import maxsize
from typing import TYPE_CHECKING

from ramekin.changes import NO_DUES, Change, Dues
from ramekin.schema.declarations import declared_field
from ramekin.schema.definition import NOTHING_DEFINED, Definition
from ramekin.schema.fields import Field, join_reader
from ramekin.stats import TableStats
from ramekin.storage.bounded import Bounded
from ramekin.storage.expiry import Expiry
from ramekin.storage.memory import BODY_BYTES, INDEX_ESTIMATE_BYTES, RECORD_BYTES, TABLE_BYTES, TEXT_KEY_BYTES, Memory
from ramekin.storage.records import Records
from ramekin.storage.spread import let_go, set_for
from ramekin.values.ids import looks_like_integer
from ramekin.values.paths import has_text_id, parse_path, print_path

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator, Sequence

    from ramekin.storage.watch import TableWatch


class Table(Bounded):
    """Records under their keys.

    1. Only `Table` writes records, and it writes them, the order and the indexes in one step.
    2. A body is immutable. Nothing here parses one except to read the field that an index needs.
    3. Watches are told of every record that is written.
    """

    def __init__(self, name: str, memory: Memory | None = None) -> None:
        super().__init__(name, Records(), Memory() if memory is None else memory)
        self.definition = NOTHING_DEFINED
        self.unique_fields: list[Field] = []
        """The fields that the definition says are unique, each read as its schema says."""
        self.watches: list[TableWatch] = []
        self.is_gone = False
        """Whether it was dropped."""

    def define(self, definition: Definition) -> None:
        """Give the table a definition, which its records satisfy."""
        self.hand_on()
        before, schema = self.pinned, definition.schema
        self.definition, self.unique_fields = definition, unique_fields(definition)
        self.bound(definition)
        self.pinned = dict.fromkeys(self.unique_fields, False)
        for index in definition.indexes:
            field = declared_field(schema, parse_path(index.field))
            self.pinned[field] = self.pinned.get(field, False) or index.kind == "sorted"
        paths = {field.path for field in self.pinned}
        for field in before:
            if field not in self.pinned and field.path in paths and field in self.indexes:
                self.drop_index(field)  # its values are read in another way from now on

    def get(self, key: str) -> bytes | None:
        """Return a record's body. Cost: O(1)."""
        return self.records.bodies.get(key)

    # How a write keeps everything in step
    #
    # The promise: when `put` returns, all that finds records (the order, each index, ready or growing, and each watch)
    # knows the new body and no longer the old one, and no reader that pinned any of them sees a difference.
    #
    # How it works: all of it is one step of the event loop, so nobody can look in between.
    #
    #     pinned by a reader ── a copy takes its place (`_writable`) ──┐
    #     pinned by nobody ────────────────────────────────────────────┴─► dictionary ─► order ─► indexes ─► watches
    #
    # The order is told of keys that are new; of each index the old body's value goes out, and the new one's comes in.
    # A table without order, indexes and watches is a dictionary and no more.
    #
    # Its limits: nothing is checked. Whoever calls has seen to it that the body fits its schema, that unique fields
    # stay unique and that there is room; see ``Catalog.check``.

    def put(self, key: str, body: bytes, due: int | None = None, is_late: bool = False) -> None:
        """Store a body, over the one that was there. Cost: O(1), O(log n) with an order, O(body) for each index.

        Args:
            due: when the record is due from now on.
            is_late: the indexes follow later; see `leave_behind`.
        """
        if self.absences.watched:
            self.absences.note(body)
        records = self._writable() if self.records.readers else self.records
        bodies = records.bodies
        before = bodies.get(key)
        bodies[key] = body
        found, longer = 0, len(body) if before is None else len(body) - len(before)
        grown = longer + self._keep_due(key, due) if due is not None or records.dues else longer
        if self.borrowed_bytes:
            self._take_out(0 if before is None else len(before) + BODY_BYTES)
        if before is None:
            self.memory.records += 1
            grown += RECORD_BYTES + len(key)
            may_be_integer = key.isdecimal() or key[0] == "-"
            is_text = not may_be_integer or has_text_id(body)
            if may_be_integer and is_text and looks_like_integer(key):
                records.text_keys.add(key)
                grown += TEXT_KEY_BYTES
            if self.order is not None:
                if self.order.readers:
                    self._writable()
                found = self.order.add(key if is_text else int(key))
        grown += 0 if self.sieve is None else self.sieve.write(key, is_new=before is None)
        if (self.indexes or self._growing) and not is_late:
            found += self._index(key, before, body)
        if self.watches:
            self._tell((key,))
        if grown or found or longer:  # what is written over often keeps its size
            grown += found
            memory = self.memory
            self.size_bytes += longer
            memory.body_bytes += longer
            memory.found_bytes += found
            self.memory_bytes += grown
            memory.used_bytes += grown

    def _index(self, key: str, before: bytes | None, body: bytes) -> int:
        """Tell the indexes of a body that was stored; return by how many bytes they have grown."""
        record_id, found = self._writable().id_of(key), self.finding_bytes()
        for index in self._all_indexes():
            if before is not None:
                index.change(record_id, before, body)
            else:
                index.add(record_id, body)
        return self.finding_bytes() - found

    def remove(self, key: str, is_late: bool = False) -> None:
        """Delete a record that is there. Cost: as `put`."""
        records = self._writable()
        before = records.bodies.pop(key)
        self.size_bytes -= len(before)
        self.memory.body_bytes -= len(before)
        self.memory.records -= 1
        grown, found = -RECORD_BYTES - len(key) - len(before), self.finding_bytes()
        if self.borrowed_bytes:
            self._take_out(-grown)
        if records.dues:
            grown += self._keep_due(key, None)
        if self.sieve is not None:
            grown += self.sieve.remove(key)
        record_id = records.id_of(key)
        if self.order is not None:
            self.order.remove(record_id)
        for index in () if is_late else self._all_indexes():
            index.remove(record_id, before)
        if key in records.text_keys:
            records.text_keys.remove(key)
            grown -= TEXT_KEY_BYTES
        found = self.finding_bytes() - found
        self.memory.found_bytes += found
        self._grow(grown + found)
        self._tell((key,))

    def leave_behind(self, changes: list[Change]) -> bool:
        """Have the indexes follow changes later that are about to be stored; False: there are none. See `put`."""
        has_any = bool(self.indexes or self._growing)
        if has_any:
            self._writable()
            self.fall_behind(changes, with_order=False)
        return has_any

    def load(self, bodies: dict[str, bytes], dues: Dues = NO_DUES, *, replace: bool) -> None:
        """Store a few bodies, over those with the same keys; with `replace` nothing else stays. See ``staging.py``."""
        if replace:
            self.adopt(Records(), Expiry(), 0, TABLE_BYTES, list(self.records.bodies) if self.watches else ())
        for key, body in bodies.items():
            self.put(key, body, dues.get(key))

    def adopt(
        self,
        records: Records,
        expiry: Expiry,
        size_bytes: int,
        memory_bytes: int,
        written: Collection[str],
        changes: list[Change] | None = None,
        taken_bytes: int = maxsize,
    ) -> None:
        """Take other records in place of these, in one short step.

        Args:
            expiry: when they are due.
            size_bytes: the sum of their bodies' sizes.
            memory_bytes: what they take, without an order and indexes.
            written: the keys of those that are other ones than before, for whoever watches.
            changes: what the order and the indexes have to follow; None: they are dropped, to be built again.
            taken_bytes: of what is there, what is not in them: all of it, if nothing is said.

        Cost: O(indexes).
        """
        loan = self._leave_for_copy(taken_bytes)
        parting_bytes = min(self.records.copy_bytes + taken_bytes, self.memory_bytes - self.finding_bytes())
        self._count(-1)
        if self.sieve is not None:
            self.sieve.forget()
        before, self.records, self.size_bytes = self.records, records, size_bytes
        self._grow(memory_bytes + self.finding_bytes() - self.memory_bytes)
        self._count(1)
        self.memory.garbage.take(before, parting_bytes)
        self.memory.garbage.arrived(records)
        self._take_loan(*loan)
        self._adopt_expiry(expiry)
        if changes is None:
            self.memory.indexes -= len(self.indexes)
            self._grow_found(-self.finding_bytes())
            self._let_go()
        else:
            self._writable()
            self.fall_behind(changes, with_order=True)
        self.absences.clear()
        self._tell(written)

    def _tell(self, keys: Collection[str]) -> None:
        for watch in self.watches:
            watch.note(keys)

    # The order and the indexes

    def definition_growth(self, definition: Definition) -> int:
        """Return about how many bytes the indexes would add that a definition names and that are not there."""
        named = {*definition.unique, *(index.field for index in definition.indexes)}
        missing = named - {print_path(field.path) for field in self.indexes}
        return len(missing) * len(self.records.bodies) * INDEX_ESTIMATE_BYTES

    def takings(self, changes: Sequence[Change], others: Container[str] = ()) -> Iterator[tuple[Field, Change] | None]:
        """Yield each change that would give a unique field a value that another record has, and None for the others.

        Only the end of the changes counts, not what they pass through. The unique fields' indexes are ready.

        Args:
            others: keys of records that are about to change too, and whose values are looked at elsewhere.

        Cost: O(1) for each.
        """
        changing = set_for(len(changes))
        for change in changes if self.unique_fields else ():
            changing.add(change.key)
            yield None
        for field in self.unique_fields:
            key_of, taken = join_reader(field), set_for(len(changes))
            for change in changes:
                key = None if change.after is None else key_of(change.after)
                if key is None:
                    continue
                found = self.indexes[field].find_joined(key)  # each time: another one may take its place between turns
                holders = (str(record_id) for ids in found for record_id in ids)
                if key in taken or any(holder not in changing and holder not in others for holder in holders):
                    yield field, change
                taken.add(key)
                yield None
            yield from let_go(taken)
        yield from let_go(changing)

    def stats(self) -> TableStats:
        """Return the table's statistics. Cost: O(1)."""
        records = len(self.records.bodies)
        told = (self.size_bytes, self.revision, self.definition, self.memory_bytes, len(self.records.dues))
        read = () if (sieve := self.sieve) is None else (sieve.evicted, sieve.hits, sieve.misses)
        return TableStats(self.name, records, *told, *read)

    def _count(self, sign: int) -> None:
        super()._count(sign)
        self.memory.records += sign * len(self.records.bodies)
        self.memory.body_bytes += sign * self.size_bytes

    def leave(self) -> None:
        """Give back all that is counted, and tell whoever watches that the table is gone."""
        self.is_gone = True
        self._part()
        self.memory.garbage.take(self.records, self.memory_bytes - self.finding_bytes())
        super().leave()


def unique_fields(definition: Definition) -> list[Field]:
    """Return the fields that a definition says are unique, each read as its schema says."""
    return [declared_field(definition.schema, parse_path(name)) for name in definition.unique]
