"""The engine in this process: a catalog of dictionaries, used from one event loop.

Between checking a write and applying it there is no ``await``. Long work (building an index, reading a whole table)
is cut into batches of a few milliseconds. Knows no HTTP; see ``base.py`` for what each method promises.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from ramekin.clock import SYSTEM
from ramekin.definitions import NOTHING_DEFINED, check_table_name
from ramekin.durability.faults import DiskFault
from ramekin.durability.steps import Contents, Kept
from ramekin.engine.base import Guarantees, Page
from ramekin.engine.view import EmbeddedView
from ramekin.errors import MemoryLimit, StorageFull, Unavailable
from ramekin.fields import Field
from ramekin.paths import parse_path
from ramekin.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ramekin.clock import Clock
    from ramekin.definitions import Change, Definition, IndexStats, MemoryStats, RecordId, TableStats
    from ramekin.engine.base import Access, State
    from ramekin.storage.indexes import IdOrder
    from ramekin.storage.table import Table

SWEEP_S = 30.0
"""Seconds between two looks for indexes that nothing uses."""


class EmbeddedEngine:
    """Tables in this process's memory. One process owns them; they are gone when it ends."""

    guarantees = Guarantees("embedded", is_durable=False, has_atomic_batches=True, has_snapshots=True)

    def __init__(
        self, *, index_idle_s: float = 3600.0, memory_limit_bytes: int | None = None, clock: Clock = SYSTEM
    ) -> None:
        """Make an empty engine.

        Args:
            index_idle_s: seconds after which an index that nothing used is dropped.
            memory_limit_bytes: what the tables may take; without it, all that there is.
        """
        self._catalog = Catalog(memory_limit_bytes)
        self._needed: Counter[Field] = Counter()  # fields of snapshots that are being prepared
        self._builds: dict[tuple[int, Field | None], asyncio.Task[None]] = {}
        self._clock, self._index_idle_s = clock, index_idle_s
        self.when_built: Callable[[], None] = lambda: None
        """Called when an index is built: what it holds stays, so a collector need not look at it again."""
        self._sweep_every_s = min(SWEEP_S, index_idle_s)
        self._sweep_at_s = clock.steady_s() + self._sweep_every_s

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        builds = list(self._builds.values())
        for build in builds:
            build.cancel()
        await asyncio.gather(*builds, return_exceptions=True)

    async def state(self) -> State:
        return "ok"

    def contents(self) -> Contents:
        """Return whole tables as they are now, which nothing changes any more. Cost: O(tables).

        The records stay pinned, so that the next write to each table copies them once.
        """
        return {table.name: Kept(table.definition, table.records.pin().bodies) for table in self._catalog}

    async def backup(self) -> Path:
        from ramekin.durability.store import backup_to_temporary  # SQLite is loaded by those who use it

        return await self._write_backup(backup_to_temporary)

    async def _write_backup(self, write: Callable[[Contents], Path]) -> Path:
        try:
            return await asyncio.to_thread(write, self.contents())
        except DiskFault as fault:
            raise (StorageFull if fault.is_full else Unavailable)("The backup cannot be written.") from None

    def memory(self) -> MemoryStats:
        return self._catalog.memory.stats()

    def hold(self, size_bytes: int) -> None:
        if size_bytes > 0:
            self._catalog.make_room(size_bytes)
        self._catalog.memory.held_bytes += size_bytes

    async def create_table(self, name: str) -> None:
        if self._catalog.find(name) is None:
            check_table_name(name)
            self._catalog.check_definition(name, NOTHING_DEFINED)
            self._catalog.create(name)

    async def drop_table(self, name: str) -> None:
        self._catalog.drop(name)

    async def stats(self) -> list[TableStats]:
        return [table.stats() for table in self._catalog]

    async def table_stats(self, name: str) -> TableStats:
        return self._catalog.table(name).stats()

    async def index_stats(self, name: str) -> tuple[IndexStats, ...]:
        return self._catalog.table(name).index_stats()

    async def get(self, table: str, key: str) -> bytes | None:
        return self._catalog.table(table).records.bodies.get(key)

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[bytes | None]:
        find = self._catalog.find
        return [None if (table := find(name)) is None else table.get(key) for name, key in pairs]

    async def settled(self) -> None:
        pass

    async def define(self, name: str, definition: Definition, *, revision: int | None) -> bool:
        table = self._catalog.find(name)
        if (None if table is None else table.revision) != revision:
            return False
        check_table_name(name)
        self._catalog.check_definition(name, definition)
        self._catalog.define(name, definition)
        await self._make_pinned_ready(self._catalog.table(name))
        return True

    async def change(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> None:
        self._drop_idle_indexes()
        catalog = self._catalog
        if catalog.has_unique:
            await self._make_unique_ready([table])
        found = catalog.find(table)
        before = None if found is None else found.records.bodies.get(key)
        after = step(before)
        if after is not before:
            catalog.put(table, key, before, after)

    async def write(self, changes: Sequence[Change]) -> bool:
        self._drop_idle_indexes()
        if self._catalog.has_unique and await self._make_unique_ready(change.table for change in changes):
            return False  # others had their turn: the caller looks again
        return self._catalog.apply(changes)

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, keep: frozenset[str] = frozenset()
    ) -> None:
        self._catalog.load(tables, replace=replace, keep=keep)

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int) -> Page:
        found = self._catalog.table(table)
        order = await self._order_of(found)
        start = offset if after is None else order.place_behind(after)
        ids = order[start : start + limit]
        bodies = map(found.records.bodies.__getitem__, map(str, ids))
        return Page(tuple(zip(ids, bodies, strict=True)), has_more=start + limit < len(order))

    def snapshot(self, accesses: Sequence[Access]) -> AbstractAsyncContextManager[EmbeddedView]:
        return _Snapshot(self, accesses)

    async def view(self, accesses: Sequence[Access]) -> EmbeddedView:
        """Return a view once all that it needs is ready. Whoever asked releases it."""
        self._drop_idle_indexes()
        if not all(self._is_ready(access) for access in accesses):
            await self._make_all_ready(accesses)
        view = EmbeddedView()
        for access in accesses:
            view.pin(self._catalog.table(access.table), access)
        return view

    def _is_ready(self, access: Access, unfit: Container[tuple[str, Field]] = ()) -> bool:
        table = self._catalog.table(access.table)
        if access.in_id_order and (table.order is None or not table.order.is_ready):
            return False
        return all(
            table.use_index(field, is_sorted=is_sorted, now_s=self._clock.steady_s()) is not None
            or (access.table, field) in unfit
            for field, is_sorted in _indexes_of(access)
        )

    async def _make_all_ready(self, accesses: Sequence[Access]) -> None:
        needed = [field for access in accesses for field, _ in _indexes_of(access)]
        unfit: set[tuple[str, Field]] = set()  # indexes for which there is no room: the view does without
        self._needed.update(needed)
        try:
            while not all(self._is_ready(access, unfit) for access in accesses):
                # Each table is looked up anew: it may be dropped and made again while others are built.
                for access in accesses:
                    await self._make_ready(self._catalog.table(access.table), access, unfit)
        finally:
            self._needed.subtract(needed)
            self._needed += Counter()  # forgets what nobody needs any more

    async def _make_ready(self, table: Table, access: Access, unfit: set[tuple[str, Field]]) -> None:
        if access.in_id_order:
            await self._order_of(table)
        for field, is_sorted in _indexes_of(access):
            if (access.table, field) not in unfit:
                try:
                    await self._index_of(table, field, is_sorted=is_sorted)
                except MemoryLimit:
                    unfit.add((access.table, field))

    async def _make_pinned_ready(self, table: Table) -> None:
        """Build the indexes that a table's definition names."""
        for field in table.unique_fields():
            await self._index_of(table, field, is_sorted=False)
        for index in table.definition.indexes:
            await self._index_of(table, Field(parse_path(index.field)), is_sorted=index.kind == "sorted")

    async def _make_unique_ready(self, names: Iterable[str]) -> bool:
        """Build the indexes that a write into some tables is checked against, and say whether that was needed."""
        has_waited = False
        tables = {name: table for name in names if (table := self._catalog.find(name)) and table.definition.unique}
        while missing := [(t, f) for t in tables.values() for f in t.unique_fields() if f not in t.indexes]:
            has_waited = True
            for table, field in missing:
                await self._index_of(table, field, is_sorted=False)
        return has_waited

    async def _index_of(self, table: Table, field: Field, *, is_sorted: bool) -> None:
        if table.use_index(field, is_sorted=is_sorted, now_s=self._clock.steady_s()) is None:
            table.drop_spare_indexes(self._needed)
            await self._build(table, field, lambda: self._within_limit(table, field, is_sorted=is_sorted))

    def _within_limit(self, table: Table, field: Field, *, is_sorted: bool) -> Iterator[None]:
        """Build an index in short steps; one that nothing pins is given up where there is no room for it."""
        for _ in table.build_index(field, is_sorted=is_sorted):
            try:
                if not table.is_pinned(field):
                    self._catalog.make_room_to_read(self._needed)
            except MemoryLimit:
                table.give_up_index(field)
                raise
            yield

    def _drop_idle_indexes(self) -> None:
        now_s = self._clock.steady_s()
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + self._sweep_every_s
            for table in self._catalog:
                table.drop_idle_indexes(now_s - self._index_idle_s)

    async def _order_of(self, table: Table) -> IdOrder:
        while table.order is None or not table.order.is_ready:
            await self._build(table, None, table.build_order)
        return table.order

    async def _build(self, table: Table, field: Field | None, steps: Callable[[], Iterator[None]]) -> None:
        """Run a build to its end, or join the one that is under way."""
        name = (id(table), field)
        build = self._builds.get(name)
        if build is None:
            build = self._builds[name] = asyncio.create_task(_run(steps()))
            build.add_done_callback(lambda build: self._finish(name, build))
        await asyncio.shield(build)

    def _finish(self, name: tuple[int, Field | None], build: asyncio.Task[None]) -> None:
        self._builds.pop(name, None)
        self.when_built()
        if not build.cancelled():
            build.exception()  # told to those who wait, if anybody still does


class _Snapshot:
    """A view for as long as an ``async with`` lasts; a class, since a generator would cost a short query a tenth."""

    __slots__ = ("_accesses", "_engine", "_view")

    def __init__(self, engine: EmbeddedEngine, accesses: Sequence[Access]) -> None:
        self._engine, self._accesses = engine, accesses

    async def __aenter__(self) -> EmbeddedView:
        self._view = await self._engine.view(self._accesses)
        return self._view

    async def __aexit__(self, *_: object) -> None:
        self._view.release()


def _indexes_of(access: Access) -> list[tuple[Field, bool]]:
    """Return the indexes that an access needs, each with whether it must be sorted."""
    equal = [(field, False) for field in access.equal if field not in access.ordered]
    return equal + [(field, True) for field in access.ordered]


async def _run(steps: Iterator[None]) -> None:
    for _ in steps:
        await asyncio.sleep(0)
