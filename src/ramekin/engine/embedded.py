"""The engine in this process: a catalog of dictionaries, used from one event loop.

Between checking a write and applying it there is no ``await``. Long work (building an index, reading a whole table)
is cut into batches of a few milliseconds. Knows no HTTP; see ``base.py`` for what each method promises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, overload

from ramekin.engine.base import Guarantees, Page
from ramekin.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from ramekin.definitions import Change, RecordId, TableStats
    from ramekin.engine.base import Access, Row
    from ramekin.paths import FieldPath
    from ramekin.storage.indexes import HashIndex, IdOrder
    from ramekin.storage.table import Records, Table
    from ramekin.values import JoinKey

BATCH_ROWS = 1000
"""Bodies that a whole-table read hands out at once."""

LONG_POSTING = 1000
"""Keys of one posting that are sorted at each look-up; more are sorted once and kept."""

ID: FieldPath = ("id",)


class EmbeddedEngine:
    """Tables in this process's memory. One process owns them; they are gone when it ends."""

    guarantees = Guarantees("embedded", is_durable=False, has_atomic_batches=True, has_snapshots=True)

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._builds: dict[tuple[int, FieldPath | None], asyncio.Task[None]] = {}

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        builds = list(self._builds.values())
        for build in builds:
            build.cancel()
        await asyncio.gather(*builds, return_exceptions=True)

    async def is_healthy(self) -> bool:
        return True

    async def create_table(self, name: str) -> None:
        self._catalog.create(name)

    async def drop_table(self, name: str) -> None:
        self._catalog.drop(name)

    async def stats(self) -> list[TableStats]:
        return [table.stats() for table in self._catalog]

    async def table_stats(self, name: str) -> TableStats:
        return self._catalog.table(name).stats()

    async def get(self, table: str, key: str) -> bytes | None:
        return self._catalog.table(table).get(key)

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[bytes | None]:
        find = self._catalog.find
        return [None if (table := find(name)) is None else table.get(key) for name, key in pairs]

    async def write(self, changes: Sequence[Change]) -> bool:
        return self._catalog.apply(changes)

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, keep: frozenset[str] = frozenset()
    ) -> None:
        self._catalog.load(tables, replace=replace, keep=keep)

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int) -> Page:
        found = self._catalog.table(table)
        order = await self._order_of(found)
        ids = order.after(after) if after is not None else order.from_offset(offset)
        bodies = found.records.bodies
        rows = tuple((record_id, bodies[str(record_id)]) for record_id in islice(ids, limit))
        return Page(rows, has_more=next(ids, None) is not None)

    @asynccontextmanager
    async def snapshot(self, accesses: Sequence[Access]) -> AsyncIterator[EmbeddedView]:
        while not all(self._is_ready(access) for access in accesses):
            for (
                access
            ) in accesses:  # each table looked up anew: it may be dropped and made again while others are built
                await self._make_ready(self._catalog.table(access.table), access)
        view = EmbeddedView()
        for access in accesses:
            view.pin(self._catalog.table(access.table), access)
        try:
            yield view
        finally:
            view.release()

    def _is_ready(self, access: Access) -> bool:
        table = self._catalog.table(access.table)
        if access.in_id_order and (table.order is None or not table.order.is_ready):
            return False
        return all(path == ID or table.use_index(path) is not None for path in access.paths)

    async def _make_ready(self, table: Table, access: Access) -> None:
        if access.in_id_order:
            await self._order_of(table)
        for path in access.paths:
            if path != ID and table.use_index(path) is None:
                table.drop_spare_indexes()
                await self._build(table, path, lambda path=path: table.build_index(path))  # type: ignore[misc]

    async def _order_of(self, table: Table) -> IdOrder:
        while table.order is None or not table.order.is_ready:
            await self._build(table, None, table.build_order)
        return table.order

    async def _build(self, table: Table, path: FieldPath | None, steps: Callable[[], Iterator[None]]) -> None:
        """Run a build to its end, or join the one that is under way."""
        name = (id(table), path)
        build = self._builds.get(name)
        if build is None:
            build = self._builds[name] = asyncio.create_task(_run(steps()))
            build.add_done_callback(lambda _: self._builds.pop(name, None))
        await asyncio.shield(build)


async def _run(steps: Iterator[None]) -> None:
    for _ in steps:
        await asyncio.sleep(0)


class EmbeddedView:
    """Pinned structures of some tables; see `View` in ``base.py``."""

    def __init__(self) -> None:
        self._records: dict[str, Records] = {}
        self._orders: dict[str, IdOrder] = {}
        self._indexes: dict[tuple[str, FieldPath], HashIndex] = {}
        self._rows = 0

    def pin(self, table: Table, access: Access) -> None:
        """Hold what one access needs. The caller has seen to it that it is ready."""
        name = access.table
        if name not in self._records:
            self._records[name] = table.records.pin()
        if access.in_id_order and name not in self._orders and table.order is not None:
            self._orders[name] = table.order.pin()
        for path in access.paths:
            index = table.use_index(path) if path != ID else None
            if index is not None and (name, path) not in self._indexes:
                self._indexes[name, path] = index.pin()

    def release(self) -> None:
        """Let go of everything."""
        for held in (self._records, self._orders, self._indexes):
            for structure in held.values():
                structure.unpin()
            held.clear()

    async def scan(self, table: str, after: RecordId | None, limit: int) -> Sequence[Row]:
        bodies = self._records[table].bodies
        rows = [(record_id, bodies[str(record_id)]) for record_id in islice(self._orders[table].after(after), limit)]
        await self._rest(len(rows))
        return rows

    async def lookup(self, table: str, path: FieldPath, key: JoinKey) -> Sequence[Row]:
        await self._rest(1)
        records = self._records[table]
        if path == ID:
            body = records.bodies.get(key) if isinstance(key, str) else None
            return [] if body is None else [(records.id_of(str(key)), body)]
        index = self._indexes[table, path]
        keys = index.ordered.get(key) or index.find(key)
        if len(keys) <= LONG_POSTING:
            return [(records.id_of(key), records.bodies[key]) for key in sorted(keys, key=records.order_of)]
        if key not in index.ordered:
            index.ordered[key] = await self._in_id_order(keys, records)
        return Rows(records, index.ordered[key])

    async def _in_id_order(self, keys: list[str], records: Records) -> list[str]:
        """Return many keys sorted, in steps of a few milliseconds."""
        runs = []
        for start in range(0, len(keys), BATCH_ROWS):
            runs.append(sorted(keys[start : start + BATCH_ROWS], key=records.order_of))
            await asyncio.sleep(0)
        merged: list[str] = []
        for key in merge(*runs, key=records.order_of):
            merged.append(key)
            await self._rest(1)
        return merged

    async def _rest(self, rows: int) -> None:
        """Give other tasks a turn after every batch of rows."""
        self._rows += rows
        if self._rows >= BATCH_ROWS:
            self._rows = 0
            await asyncio.sleep(0)

    async def batches(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        bodies = iter(self._records[table].bodies.values())
        while batch := list(islice(bodies, BATCH_ROWS)):
            yield batch
            await asyncio.sleep(0)


class Rows(Sequence["Row"]):
    """The rows of many keys, each made when it is looked at: a page of a long posting costs what the page holds."""

    def __init__(self, records: Records, keys: list[str]) -> None:
        self._records, self._keys = records, keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return Rows(self._records, self._keys[place])
        key = self._keys[place]
        return self._records.id_of(key), self._records.bodies[key]
