"""Records that are found by more than their keys: with an order of ids and indexes, built once something asks.

    absent --build--> growing --last step--> ready --many records are written--> behind --caught up--> ready
       ^                 |                     |                                   |
       +---give_up, load-+-----drop, load------+-------------- load ---------------+

A build takes many short steps, and writes go on between them. So a growing structure is kept in step from its first
step on, like one that is ready; only nobody reads it yet. So it is with one that is behind: many changes at once are
left for it to follow in short steps. Knows no definitions and who waits for a build; see ``table.py`` for how records
are written and ``engine/builds.py`` for who has what built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.stats import IndexStats
from ramekin.storage.absences import Absences
from ramekin.storage.collector import overlook
from ramekin.storage.counted import Counted
from ramekin.storage.followers import Followers, Structure, follow
from ramekin.storage.id_order import IdOrder
from ramekin.storage.indexes import FieldIndex
from ramekin.storage.memory import RECORD_BYTES, TABLE_BYTES, TEXT_KEY_BYTES, Memory
from ramekin.values.paths import print_path

if TYPE_CHECKING:
    from collections.abc import Container, Generator, Iterator, Sequence

    from ramekin.changes import Change
    from ramekin.schema.fields import Field
    from ramekin.storage.records import Records

BATCH = 100
"""Records that one step of a build handles at the most: 0.3 ms."""

BATCH_BYTES = 128 * 1024
"""Bytes of bodies that one step of a build reads, at about the most."""

MAX_INDEXES = 32
"""Indexes of one table besides those that its definition names; the one used least recently is dropped."""


class Indexed(Counted):
    """Records, their order and their indexes.

    1. The order and the indexes exist once something asked for them; until then they cost nothing.
    2. A pinned structure never changes; the next write copies it first.
    3. `memory_bytes` is counted with every change, here and in the catalog's `memory`.
    """

    def __init__(self, name: str, records: Records, memory: Memory) -> None:
        super().__init__(records, memory)
        self.name, self.revision = name, 0
        self.order: IdOrder | None = None
        self.indexes: dict[Field, FieldIndex] = {}
        self.absences = Absences()
        self.pinned: dict[Field, bool] = {}
        """The fields whose indexes the definition names, each with whether its index is sorted."""
        self._growing: dict[tuple[Field, bool], FieldIndex] = {}  # with whether they are sorted
        self.followers = Followers()
        self._used_s: dict[Field, float] = {}
        self._grow(TABLE_BYTES)

    @property
    def is_in_order(self) -> bool:
        """Whether the id order is there and finished."""
        return self.order is not None and self.order.is_ready

    def build_order(self) -> Generator[None, None, None]:
        """Build the id order in short steps; writes between the steps are in it. One build at a time."""
        order = self.order
        if order is None or not order.is_whole:
            self.followers.forget(None)
            if order is not None:
                self._grow_found(-order.size_bytes)
            order = self.order = IdOrder()
            for batch in _batches(self.records, self.size_bytes):
                if self.order is not order:
                    return  # dropped by a load: whoever needs it begins again
                found = order.size_bytes
                for key in batch:
                    if key in self.records.bodies:
                        order.add(self.records.id_of(key))
                self._grow_found(order.size_bytes - found)
                yield
            order.is_whole = True
        yield from self._follow(None, order)
        if self.order is order:
            order.is_ready = True

    def build_index(self, field: Field, *, is_sorted: bool) -> Generator[None, None, None]:
        """Build a field's index in short steps; writes between the steps are in it. The last build of its kind counts.

        A hash index that is there serves on until the sorted one that takes its place is ready.
        """
        name = field, is_sorted
        index = self._growing.get(name)
        if index is None or not index.is_whole:
            self.give_up_index(field, is_sorted=is_sorted)
            index = self._growing[name] = FieldIndex(field, is_sorted=is_sorted)
            self._grow_found(index.size_bytes)
            for batch in _batches(self.records, self.size_bytes):
                if self._growing.get(name) is not index:
                    return  # dropped, as above
                find, id_of = self.records.bodies.get, self.records.id_of
                found = index.size_bytes
                index.add_many([(id_of(key), body) for key in batch if (body := find(key)) is not None])
                self._grow_found(index.size_bytes - found)
                yield
            index.is_whole = True
        yield from self._follow(name, index)
        if self._growing.get(name) is index:
            self._adopt_index(field, self._growing.pop(name))

    def build_index_at_once(self, field: Field) -> None:
        """Build a field's hash index in one step. Cost: O(n), 2 ms for 1,000 records."""
        for _ in self.build_index(field, is_sorted=False):
            pass

    def _adopt_index(self, field: Field, index: FieldIndex) -> None:
        """Use an index that is built, unless a sorted one is there: that answers all that a hash index does."""
        replaced = self.indexes.get(field)
        if replaced is not None and replaced.is_sorted:
            self._grow_found(-index.size_bytes)
            self.memory.garbage.take(index, index.size_bytes)
            return
        if replaced is not None:
            self._grow_found(-replaced.size_bytes)
            self.memory.garbage.take(replaced, replaced.size_bytes)
        else:
            self.memory.indexes += 1
        self.indexes[field] = index

    def fall_behind(self, changes: list[Change], *, with_order: bool) -> None:
        """Have the indexes, and the order of ids, follow some changes later, in steps that empty the list at last."""
        for field, index in self.indexes.items():
            self._growing[field, index.is_sorted] = index
        self.memory.indexes -= len(self.indexes)
        self.indexes.clear()
        order = self.order if with_order else None
        if order is not None:
            order.is_ready = False
        self.followers.fall([*self._growing, *(() if order is None else (None,))], changes)

    def _follow(self, name: Structure, structure: IdOrder | FieldIndex) -> Iterator[None]:
        """Have a structure follow the changes that it has missed, in short steps, for as long as it is wanted."""

        def take(changes: Sequence[Change]) -> bool:
            wanted = self.order if name is None else self._growing.get(name)
            if wanted is not structure:
                return False
            found = self.finding_bytes()
            for change in changes:
                follow(structure, change, self.records)
            self._grow_found(self.finding_bytes() - found)
            return True

        return self.followers.follow(name, take)

    def give_up_index(self, field: Field, *, is_sorted: bool) -> None:
        """Drop an index that is being built, or is behind."""
        self.followers.forget((field, is_sorted))
        if (index := self._growing.pop((field, is_sorted), None)) is not None:
            self._grow_found(-index.size_bytes)
            self.memory.garbage.take(index, index.size_bytes)

    def give_up_order(self) -> None:
        """Drop the order of ids that is being built."""
        self.followers.forget(None)
        if self.order is not None:
            self._grow_found(-self.order.size_bytes)
            self.memory.garbage.take(self.order, self.order.size_bytes)
            self.order = None

    def drop_index(self, field: Field) -> None:
        """Drop an index."""
        index = self.indexes.pop(field)
        self._grow_found(-index.size_bytes)
        self._used_s.pop(field, None)
        self.memory.indexes -= 1
        self.memory.garbage.take(index, index.size_bytes)

    def use_index(self, field: Field, *, is_sorted: bool = False, now_s: float = 0.0) -> FieldIndex | None:
        """Return a finished index and mark it as used now; None if it must be built first."""
        index = self.indexes.get(field)
        if index is None or (is_sorted and not index.is_sorted):
            return None
        self._used_s[field] = now_s
        return index

    def drop_spare_indexes(self, needed: Container[Field]) -> None:
        """Make room for one more index: drop one that holds nothing, else the one used least recently.

        Args:
            needed: fields whose indexes somebody is about to use; they stay, and so do those that the definition names.
        """
        spare = [field for field in self.indexes if field not in self.pinned]
        excess = len(spare) - MAX_INDEXES + 1
        spare = [field for field in spare if field not in needed]
        spare.sort(key=lambda field: (self.indexes[field].count_values() > 0, self._used_s.get(field, 0.0)))
        for field in spare[: max(0, excess)]:
            self.drop_index(field)

    def drop_idle_indexes(self, before_s: float) -> None:
        """Drop the indexes that nothing has used since a moment; those that the definition names stay."""
        self.absences.drop_idle(before_s)
        for field in list(self.indexes):
            if self._used_s.get(field, 0.0) < before_s and field not in self.pinned:
                self.drop_index(field)

    def spare_indexes(self, needed: Container[Field]) -> Iterator[tuple[float, Field]]:
        """Yield when each index was last used, and its field; not those that are needed or pinned."""
        for field in self.indexes:
            if field not in needed and field not in self.pinned:
                yield self._used_s.get(field, 0.0), field

    def index_stats(self) -> tuple[IndexStats, ...]:
        """Return the statistics of the table's indexes: first those that its definition names, built or not.

        Cost: O(indexes).
        """
        sizes = {index.field: index.size_bytes for index in self._all_indexes()}
        late = {name[0]: name[1] for name in self.followers if name is not None}
        others = late | {field: index.is_sorted for field, index in self.indexes.items()}
        in_order = dict.fromkeys((*self._used_s, *others))  # as they came to be: one that was behind keeps its place
        others = {field: others[field] for field in in_order if field in others and field not in self.pinned}
        return tuple(
            IndexStats(
                print_path(field.path),
                "sorted" if is_sorted else "hash",
                sizes.get(field, 0),
                is_pinned=field in self.pinned,
            )
            for field, is_sorted in (self.pinned | others).items()
        )

    # Memory

    def finding_bytes_each(self) -> int:
        """Return about how many bytes the order and the indexes take for one record. Cost: O(indexes)."""
        found_bytes = self.finding_bytes() - sum(index.empty_bytes for index in self._all_indexes())
        return found_bytes // max(1, len(self.records.bodies))

    def recount(self) -> int:
        """Return what `memory_bytes` ought to be, counted anew. Cost: O(records)."""
        bodies, text_keys = self.records.bodies, self.records.text_keys
        records = len(bodies) * RECORD_BYTES + sum(map(len, bodies)) + self.size_bytes
        return TABLE_BYTES + records + len(text_keys) * TEXT_KEY_BYTES + self.finding_bytes()

    def _count(self, sign: int) -> None:
        """Add what there is to what all tables have together, or take it away again."""
        self.memory.indexes += sign * len(self.indexes)
        self.memory.found_bytes += sign * self.finding_bytes()

    def finding_bytes(self) -> int:
        """Return how many bytes the order and the indexes take. Cost: O(indexes)."""
        size = 0 if self.order is None else self.order.size_bytes
        if self.indexes or self._growing:
            size += sum([index.size_bytes for index in self._all_indexes()])
        return size

    def _all_indexes(self) -> list[FieldIndex]:
        return [*self.indexes.values(), *self._growing.values()]

    def _writable(self) -> Records:
        """Return the records to write to, and make the order and indexes writable too."""
        garbage = self.memory.garbage
        if self.records.readers:
            self._go_on()
        if self.order is not None and self.order.readers:
            self.order = self.order.writable(garbage)
        for field, index in self.indexes.items():
            if index.readers:
                self.indexes[field] = index.writable(garbage)
        return self.records

    def leave(self) -> None:
        """Give back all that is counted. Whatever still uses the records counts for itself."""
        self._count(-1)
        self.memory.used_bytes -= self.memory_bytes
        self._let_go()
        self.memory = Memory()

    def _let_go(self) -> None:
        """Leave the order and the indexes, which are not used any more, to be taken apart."""
        for structure in (self.order, *self._all_indexes()):
            if structure is not None:
                self.memory.garbage.take(structure, structure.size_bytes)
        self.order, self.indexes, self._growing, self._used_s, self.followers = None, {}, {}, {}, Followers()


def _batches(records: Records, size_bytes: int) -> Iterator[list[str]]:
    """Yield the keys of all records that are there now, as many at once as one step may look at."""
    size = max(1, min(BATCH, BATCH_BYTES * len(records.bodies) // max(1, size_bytes)))
    left = overlook([*records.bodies])
    left.reverse()
    while left:  # a key may have no other owner any more: to free them all at once takes as long
        batch = left[: -size - 1 : -1]
        del left[-size:]
        yield batch
