"""The engine in this process: a catalog of dictionaries, used from one event loop at a time.

Between checking a write and applying it there is no ``await``. Long work (building an index, reading a whole table)
is cut into batches of a few milliseconds. Knows no HTTP; see ``base.py`` for what each method promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.clock import SYSTEM
from ramekin.durability.contents import Contents, Kept
from ramekin.engine.backups import Backups
from ramekin.engine.base import Access, Guarantees, Page
from ramekin.engine.builds import Builds
from ramekin.engine.owner import Owner
from ramekin.engine.view import EmbeddedView, page_of
from ramekin.schema.definition import NOTHING_CHECKED, check_table_name
from ramekin.schema.fields import Field, Trait
from ramekin.storage.catalog import Catalog
from ramekin.storage.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ramekin.changes import Change
    from ramekin.clock import Clock
    from ramekin.engine import base
    from ramekin.engine.base import State
    from ramekin.schema.definition import Checked, Definition
    from ramekin.stats import IndexStats, MemoryStats, TableStats
    from ramekin.values.ids import RecordId

SWEEP_S = 30.0
"""Seconds between two looks for indexes that nothing uses."""


class EmbeddedEngine:
    """Tables in this process's memory. One process owns them; they are gone when it ends."""

    guarantees = Guarantees("embedded", is_durable=False)

    def __init__(
        self, *, index_idle_s: float = 3600.0, memory_limit_bytes: int | None = None, clock: Clock = SYSTEM
    ) -> None:
        """Make an empty engine.

        Args:
            index_idle_s: seconds after which an index that nothing used is dropped.
            memory_limit_bytes: what the tables may take; without it, all that there is.
        """
        self.owner = Owner(self._follow)
        self._catalog = Catalog(memory_limit_bytes)
        self._backups = Backups()
        self.definitions: Mapping[str, Definition] = self._catalog.definitions
        self.builds = Builds(lambda: self._catalog, clock)
        self._clock, self._index_idle_s = clock, index_idle_s
        self._sweep_every_s = min(SWEEP_S, index_idle_s)
        self._sweep_at_s = clock.steady_s() + self._sweep_every_s

    def _follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.builds.forget()

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        await self._backups.close()
        await self.builds.close()

    async def state(self) -> State:
        return "ok"

    def contents(self) -> Contents:
        """Return whole tables as they are now, which nothing changes any more. Cost: O(tables).

        The records stay pinned, so that the next write to each table copies them once.
        """
        return {table.name: Kept(table.definition, table.records.pin().bodies) for table in self._catalog}

    async def backup(self) -> Path:
        from ramekin.durability.store import backup_to_temporary, rest  # SQLite is loaded by those who use it

        self._backups.admit()
        contents = self.contents()
        return await self._backups.run(lambda pause: backup_to_temporary(contents, pause), rest)

    def memory(self) -> MemoryStats:
        return self._catalog.memory.stats()

    def hold(self, size_bytes: int) -> None:
        if size_bytes > 0:
            self._catalog.make_room(size_bytes)
        self._catalog.memory.held_bytes += size_bytes

    async def drop_table(self, name: str, *, keeps_definition: bool = False) -> None:
        self._catalog.table(name)
        if keeps_definition:
            self._catalog.store_load({}, emptied=[name])
        else:
            self._catalog.drop(name)

    async def stats(self) -> list[TableStats]:
        return [table.stats() for table in self._catalog]

    async def table_stats(self, name: str) -> TableStats:
        return self._catalog.table(name).stats()

    async def index_stats(self, name: str) -> tuple[IndexStats, ...]:
        return self._catalog.table(name).index_stats()

    async def get(self, table: str, key: str) -> bytes | None:
        bodies = self._catalog.table(table).records.bodies
        return bodies[key] if key in bodies else None  # noqa: SIM401  # a call less

    def get_now(self, table: str, key: str) -> bytes | None:
        found = self._catalog.find(table) or self._catalog.table(table)  # which says what is wrong
        return found.records.bodies.get(key)

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[bytes | None]:
        find = self._catalog.find
        return [None if (table := find(name)) is None else table.get(key) for name, key in pairs]

    async def settled(self) -> None:
        pass

    async def define(
        self, name: str, definition: Definition, *, revision: int | None, review: Callable[[], bool] | None = None
    ) -> TableStats | None:
        if not self._may_define(name, definition, revision, review):
            return None
        table = self._catalog.define(name, definition)
        stats = table.stats()
        await self.builds.pinned(table)  # others write meanwhile
        return stats

    def _may_define(
        self, name: str, definition: Definition, revision: int | None, review: Callable[[], bool] | None
    ) -> bool:
        """Say whether the table's records satisfy a definition. Raises as `define` and its `review`."""
        table = self._catalog.find(name)
        if (None if table is None else table.revision) != revision and (review is None or not review()):
            return False
        check_table_name(name)
        self._catalog.check_definition(name, definition)
        return True

    def watch(self, table: str) -> Watch:
        return Watch(self._catalog.table(table))

    async def change(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> None:
        while not self.change_now(table, key, step):
            await self.builds.unique([table])  # the last thing that it does is to have all that is missing

    def change_now(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> bool:
        if self._clock.steady_s() >= self._sweep_at_s:
            self._drop_idle_indexes()
        catalog = self._catalog
        if catalog.has_unique and self.builds.missing_unique([table]):
            return False
        found = catalog.find(table)
        before = found.records.bodies[key] if found is not None and key in found.records.bodies else None
        after = step(before)
        if after is not before:
            catalog.put(table, key, before, after)
        return True

    async def write(self, changes: Sequence[Change], checked_by: Checked = NOTHING_CHECKED) -> bool:
        self._drop_idle_indexes()
        if self._catalog.has_unique and await self.builds.unique(change.table for change in changes):
            return False  # others had their turn: the caller looks again
        return self._catalog.apply(changes, checked_by)

    async def change_watched(
        self, table: str, watch: base.Watch, step: Callable[[Mapping[str, bytes | None]], Sequence[Change]]
    ) -> bool:
        self._drop_idle_indexes()
        if self._catalog.has_unique:
            await self.builds.unique([table])
        if watch.is_over:
            return False
        return self._catalog.apply(step(watch.take()))

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, checked_by: Checked = NOTHING_CHECKED
    ) -> bool:
        if not self._catalog.load(tables, replace=replace, checked_by=checked_by):
            return False
        await self._build_again(tables)
        return True

    async def _build_again(self, tables: Iterable[str]) -> None:
        """Build the indexes that definitions name of tables that were loaded, if they are still there."""
        for name in tables:
            if (table := self._catalog.find(name)) is not None:
                await self.builds.pinned(table)

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int) -> Page:
        found = self._catalog.table(table)
        if found.order is not None and found.order.is_ready:
            return page_of(found.order, found.records, after, offset, limit)
        async with self.snapshot([Access(table, in_id_order=True)]) as view:
            return view.page(table, after, offset, limit)

    async def holders(self, table: str, traits: Sequence[Trait]) -> list[str | None]:
        now_s, found = self._clock.steady_s(), dict[Trait, str]()
        known = self._catalog.table(table)
        unknown = []
        for trait in dict.fromkeys(traits):
            if (index := known.indexes.get(Field(trait.path))) is not None and index.holds(trait.kinds):
                if (record_id := index.holder(trait.kinds)) is not None:
                    found[trait] = str(record_id)
            elif not known.absences.are_known(trait, now_s):
                unknown.append(trait)
        if unknown:
            async with self.snapshot([Access(table)]) as view:
                absences = self._catalog.table(table).absences
                absences.watch(unknown, now_s)  # in one step with the view: nothing is written in between
                there = await view.holders(table, unknown)
            absences.drop(there)
            absences.confirm(trait for trait in unknown if trait not in there)
            found |= there
        return [found.get(trait) for trait in traits]

    def snapshot(self, accesses: Sequence[Access]) -> AbstractAsyncContextManager[EmbeddedView]:
        return _Snapshot(self, accesses)

    async def view(self, accesses: Sequence[Access]) -> EmbeddedView:
        """Return a view once all that it needs is ready. Whoever asked releases it."""
        self._drop_idle_indexes()
        view = EmbeddedView()
        for table, access in zip(await self.builds.ready(accesses), accesses, strict=True):
            view.pin(table, access)
        return view

    def _drop_idle_indexes(self) -> None:
        """Drop the indexes that nothing has used for long, if it is time to look."""
        now_s = self._clock.steady_s()
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + self._sweep_every_s
            for table in self._catalog:
                table.drop_idle_indexes(now_s - self._index_idle_s)


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
