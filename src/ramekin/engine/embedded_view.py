"""A view of tables in this process: pinned structures, read in short steps.

A write that meets a pinned structure copies it first, so a view sees one moment. Knows no HTTP; see
``query/view.py`` for what each method promises.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from typing import TYPE_CHECKING, overload

from ramekin.engine.work import Work
from ramekin.errors import MemoryLimit, shorten
from ramekin.query.plan import ALL_IDS, MOST_COUNTED, ById, Equal, IdWalk, Part, Range
from ramekin.query.sought import Sought
from ramekin.query.view import Page, Row
from ramekin.schema.fields import ID, Field, Trait
from ramekin.storage.frozen import Frozen
from ramekin.storage.id_order import IdOrder, count_ids, walk_ids
from ramekin.values.comparison import ARRAY, NUMBER, TEXT, JoinKey, OrderKey, Span
from ramekin.values.ids import RecordId, id_order, sort_ids
from ramekin.values.paths import FieldPath, print_path, read_id

if TYPE_CHECKING:
    from ramekin.engine.access import Access
    from ramekin.storage.indexed import Indexed
    from ramekin.storage.indexes import FieldIndex
    from ramekin.storage.records import Records

BATCH_ROWS = 256
"""Bodies that a whole-table read hands out at once at the most."""

SCAN_ROWS = 256
"""Rows of one step of a scan at the most."""

BATCH_BYTES = 128 * 1024
"""Bytes of bodies that are handed out at once, at about the most: 1 ms where all of them are parsed."""

SHORT_LIST = 1000
"""Ids of several postings that are put in order at once."""


_NONE: frozenset[str] = frozenset()


class EmbeddedView:
    """Pinned structures of some tables; see `View` in ``query/view.py``."""

    def __init__(self, work: Work | None = None) -> None:
        self._records: dict[str, Records] = {}
        self._orders: dict[str, IdOrder] = {}
        self._indexes: dict[tuple[str, Field], FieldIndex] = {}
        self._at_once: dict[str, int] = {}
        self._absent: dict[str, frozenset[FieldPath]] = {}
        self._frozen: list[Frozen] = []
        self._whole_by_id = _NONE
        self._work = Work() if work is None else work

    def pin(self, table: Indexed, access: Access) -> None:
        """Hold what one access needs. The caller has seen to it that it is ready."""
        name = access.table
        if isinstance(table, Frozen):
            self._frozen.append(table)
        if name not in self._records:
            self._records[name] = table.records.pin()
            self._absent[name] = table.absences.known
            self._at_once[name] = max(
                1, min(SCAN_ROWS, BATCH_BYTES * len(table.records.bodies) // max(1, table.size_bytes))
            )
        if access.in_id_order and name not in self._orders and table.order is not None:
            self._orders[name] = table.order.pin()
        if access.whole_by_id:
            self._whole_by_id |= {name}
        for field in dict.fromkeys((*access.equal, *access.ordered)):
            if field in table.indexes and (name, field) not in self._indexes:
                self._indexes[name, field] = table.indexes[field].pin()

    def release(self) -> None:
        """Let go of everything."""
        for held in (self._records, self._orders, self._indexes):
            for structure in held.values():
                structure.unpin()
            held.clear()
        for frozen in self._frozen:
            frozen.leave()
        self._frozen.clear()

    def page(self, table: str, after: RecordId | None, offset: int, limit: int) -> Page:
        """Return a page of a table in id order. Cost: O(log n + limit)."""
        return page_of(self._orders[table], self._records[table], after, offset, limit)

    def count(self, table: str) -> int:
        return len(self._records[table].bodies)

    def absent(self, table: str) -> frozenset[FieldPath]:
        return self._absent[table]

    def rows_at_once(self, table: str) -> int:
        return self._at_once[table]

    def get(self, table: str, key: str) -> Row | None:
        records = self._records[table]
        body = records.bodies.get(key)
        return None if body is None else (records.id_of(key), body)

    async def lookup(self, table: str, field: Field, keys: Sequence[JoinKey]) -> list[Sequence[Row]]:
        await self.rest()
        if field == ID:
            rows = [self.get(table, key) if isinstance(key, str) else None for key in keys]
            return [() if row is None else (row,) for row in rows]
        index, bodies = self._index(table, field), self._records[table].bodies
        found = [index.find_joined(key) for key in keys]
        matches: list[Sequence[Row]] = [LazyRows(bodies, postings[0]) if postings else () for postings in found]
        for place, postings in enumerate(found):
            if len(postings) > 1:
                matches[place] = await self._rows_of(table, postings)
        return matches

    def estimate(self, table: str, part: Part) -> int:
        if isinstance(part, ById):
            return len(part.keys)
        if isinstance(part, IdWalk) and part.of is None:
            return self.count(table) if part.spans == ALL_IDS else count_ids(self._orders[table], part.spans)
        of = part.of if isinstance(part, IdWalk) else part
        assert of is not None, part
        index = self._indexes.get((table, of.field))
        if index is None or (isinstance(of, Range) and not index.is_sorted):
            return self.count(table) + 1  # there was no room for it: looking at every record is less
        if isinstance(of, Range):
            return index.estimate(of.spans, includes_absent=of.includes_absent)
        if isinstance(part, IdWalk):
            return count_ids(index.find(of.keys[0]), part.spans)
        step = -(-len(of.keys) // MOST_COUNTED) or 1
        return step * index.count(of.keys[::step])

    def ids(self, table: str, part: Part) -> Iterator[RecordId]:
        if isinstance(part, ById):
            records = self._records[table]
            return (records.id_of(key) for key in part.keys if key in records.bodies)
        if isinstance(part, Equal):
            return self._index(table, part.field).find_all(part.keys)
        if isinstance(part, Range):
            index = self._index(table, part.field, is_sorted=True)
            return index.walk(part.spans, includes_absent=part.includes_absent)
        if part == IdWalk():
            return map(self._records[table].id_of, self._records[table].bodies)
        return self.walk_ids(table, part)

    def rows(self, table: str, ids: Sequence[RecordId]) -> Sequence[Row]:
        return LazyRows(self._records[table].bodies, ids)

    def walk_ids(self, table: str, walk: IdWalk, after: RecordId | None = None) -> Iterator[RecordId]:
        ids = self._orders[table] if walk.of is None else self._index(table, walk.of.field).find(walk.of.keys[0])
        return walk_ids(ids, walk.spans, is_descending=walk.is_descending, after=after)

    def walk(
        self,
        table: str,
        field: Field,
        spans: Sequence[Span],
        *,
        is_descending: bool = False,
        includes_absent: bool = False,
        after: tuple[OrderKey | None, RecordId] | None = None,
    ) -> Iterator[RecordId]:
        index = self._index(table, field, is_sorted=True)
        return index.walk(spans, is_descending=is_descending, includes_absent=includes_absent, after=after)

    def kinds(self, table: str, field: Field) -> frozenset[int]:
        if field == ID:
            return frozenset({NUMBER, TEXT})
        postings = self._index(table, field).postings
        return frozenset(kind for kind in range(ARRAY) if postings[kind])

    async def batches(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        by_key = self._records[table].bodies
        bodies = iter(by_key.values())
        if table in self._whole_by_id:
            bodies = map(by_key.__getitem__, map(str, self._orders[table].after(None)))
        for first in bodies:
            batch, size = [first], len(first)
            for body in islice(bodies, BATCH_ROWS - 1):
                batch.append(body)
                size += len(body)
                if size > BATCH_BYTES:
                    break
            yield batch
            await self.rest()

    async def holders(self, table: str, traits: Sequence[Trait]) -> dict[Trait, str]:
        """Return the key of a record that has a trait, for those of some traits that any record has. Cost: O(n)."""
        found: dict[Trait, str] = {}
        sought = Sought(traits)
        async for bodies in self.batches(table):
            for body in bodies:
                await self.rest()
                if has := sought.take(body):
                    found |= dict.fromkeys(has, str(read_id(body)))
                    if not sought:
                        return found
        return found

    async def rest(self) -> None:
        await self._work.rest()

    def _index(self, table: str, field: Field, *, is_sorted: bool = False) -> FieldIndex:
        index = self._indexes.get((table, field))
        if index is None or (is_sorted and not index.is_sorted):
            raise MemoryLimit(f"There is no room for an index of '{shorten(print_path(field.path))}' in '{table}'.")
        return index

    async def _rows_of(self, table: str, found: Sequence[Sequence[RecordId]]) -> Sequence[Row]:
        """Return the rows of several postings together, in id order."""
        bodies = self._records[table].bodies
        if sum(map(len, found)) <= SHORT_LIST:
            return LazyRows(bodies, sort_ids(chain(*found)))
        merged: list[RecordId] = []
        in_order = merge(*found, key=id_order)
        while part := list(islice(in_order, BATCH_ROWS)):
            merged += part
            await self.rest()
        return LazyRows(bodies, merged)


def page_of(order: IdOrder, records: Records, after: RecordId | None, offset: int, limit: int) -> Page:
    """Return a page of records in id order, after an id or from an offset. Cost: O(log n + limit)."""
    start = offset if after is None else order.place_after(after)
    ids = order[start : start + limit]
    bodies = map(records.bodies.__getitem__, map(str, ids))
    return Page(tuple(zip(ids, bodies, strict=True)), has_more=start + limit < len(order))


class LazyRows(Sequence["Row"]):
    """The rows of some ids, each made when it is looked at: a page of many costs what the page holds.

    A slice, in steps of 1, is another window on the same ids. Cost: O(1), whatever it holds.
    """

    __slots__ = ("_bodies", "_ids", "_window")

    def __init__(self, bodies: dict[str, bytes], ids: Sequence[RecordId], window: range | None = None) -> None:
        self._bodies, self._ids = bodies, ids
        self._window = range(len(ids)) if window is None else window

    def __len__(self) -> int:
        return len(self._window)

    def __iter__(self) -> Iterator[Row]:
        ids, window = self._ids, self._window
        if len(window) < len(ids):
            ids = ids[window.start : window.stop]
        return zip(ids, map(self._bodies.__getitem__, map(str, ids)), strict=True)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return LazyRows(self._bodies, self._ids, self._window[place.start : place.stop])
        record_id = self._ids[self._window[place]]
        return record_id, self._bodies[str(record_id)]
