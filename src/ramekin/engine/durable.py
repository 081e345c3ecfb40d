"""The engine in this process with a journal: a write is committed to the disk first and applied to the tables after.

Where the journal takes a write at once, it is checked, committed and applied in one go. Else it is checked against the
tables with what is pending laid over them, queued, and applied when its commit is done. Readers see committed states
only. Steps that concern whole tables stand alone: they wait for what is pending and hold other writes back until they
are done. Knows no files; see ``durability/journal.py`` for commits and ``embedded.py`` for everything that only reads.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.clock import SYSTEM
from ramekin.durability.journal import DIRECT_CHANGES, Journal
from ramekin.durability.store import rest
from ramekin.engine.base import Guarantees
from ramekin.engine.builds import retrieve
from ramekin.engine.embedded import EmbeddedEngine
from ramekin.engine.ends import to_its_end
from ramekin.engine.owner import Owner
from ramekin.engine.pending import Pending
from ramekin.errors import RamekinError, Starting
from ramekin.schema.definition import NOTHING_CHECKED
from ramekin.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ramekin.changes import Step
    from ramekin.clock import Clock
    from ramekin.durability.log import LogFile
    from ramekin.durability.store import Store
    from ramekin.engine.base import State, Watch
    from ramekin.schema.definition import Checked, Definition
    from ramekin.stats import TableStats

T = TypeVar("T")


class DurableEngine(EmbeddedEngine):
    """Tables in this process's memory, and in a journal that outlives it."""

    guarantees = Guarantees("durable", is_durable=True)

    def __init__(
        self,
        store: Store,
        *,
        index_idle_s: float = 3600.0,
        memory_limit_bytes: int | None = None,
        clock: Clock = SYSTEM,
        advance: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """Make an engine; `open` fills it.

        Args:
            store: where the journal is kept; it is taken already.
            advance: called in a thread, while the journal is read, with the records that are read and that there are.
        """
        super().__init__(index_idle_s=index_idle_s, memory_limit_bytes=memory_limit_bytes, clock=clock)
        self.owner = Owner(self._follow, is_at_home=True)  # whose directory is taken
        self._memory_limit_bytes = memory_limit_bytes
        self._store, self._advance = store, advance
        self._catalog = cast("Catalog", _Starting())  # until the journal is read
        self.definitions = cast("Mapping[str, Definition]", _Starting())
        self._pending = Pending()
        self._alone = asyncio.Lock()  # held by a step that stands alone
        self._journal: Journal | None = None

    def _follow(self) -> None:
        super()._follow()
        self._alone = asyncio.Lock()  # the old one waits for nobody
        if self._journal is not None:
            self._journal.follow()

    async def open(self) -> None:
        await to_its_end(self._open())  # a thread has the directory meanwhile

    async def _open(self) -> None:
        file, catalog = await asyncio.to_thread(self._replay)
        for table in catalog:
            await self.builds.pinned(table)
        self._journal = Journal(
            file, self._store, apply=self._apply, refuse=self._refuse, contents=self.contents, clock=self._clock
        )
        self._journal.start()
        self._catalog, self.definitions = catalog, catalog.definitions

    def _replay(self) -> tuple[LogFile, Catalog]:
        """Read the journal into tables, in a thread: nobody else knows them yet. The collector need not look on.

        What is on the disk is served, also where it takes more than the limit: it may be read and deleted.
        """
        file, contents = self._store.read(self._advance)
        catalog = Catalog(self._memory_limit_bytes)
        for name, kept in contents.items():
            catalog.define(name, kept.definition)
            catalog.store_load({name: kept.bodies})
        return file, catalog

    async def close(self) -> None:
        if self._journal is not None:
            self._journal.take_no_more()
        await to_its_end(self._close())  # else nobody would let go of the directory

    async def _close(self) -> None:
        if self._journal is not None:
            await self._journal.stop()
            async with self._alone:  # what stood alone is told that it was refused
                pass
        self._store.release()
        await super().close()

    async def state(self) -> State:
        if self._journal is None:
            return "starting"
        return "ok" if self._journal.fault is None else "failed"

    async def backup(self) -> Path:
        self._backups.admit()
        contents = self.contents()
        return await self._backups.run(lambda pause: self._store.backup(contents, pause), rest)

    # Writing

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[bytes | None]:
        return self._pending.bodies(self._catalog, pairs)

    async def settled(self) -> None:
        if self._journal is not None:
            await self._journal.flush()

    async def drop_table(self, name: str, *, keeps_definition: bool = False) -> None:
        async def drop() -> None:
            self._catalog.table(name)
            await self._commit(Loaded({}, emptied=[name]) if keeps_definition else Dropped(name))

        await self._stand_alone(drop)

    async def define(
        self, name: str, definition: Definition, *, revision: int | None, review: Callable[[], bool] | None = None
    ) -> TableStats | None:
        async def define() -> TableStats | None:
            if not self._may_define(name, definition, revision, review):
                return None
            await self._commit(Defined(name, definition))
            return self._catalog.table(name).stats()

        stats = await self._stand_alone(define)
        if stats is not None:
            await self._build_again([name])  # others write meanwhile
        return stats

    async def change(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> None:
        while not self.change_now(table, key, step):
            if await self._may_write([table]):
                continue  # others had their turn
            [before] = self._pending.bodies(self._catalog, [(table, key)])
            try:
                after = step(before)
            except RamekinError:
                await self.settled()  # what the answer rests on may still be on its way to the disk
                raise
            if after is before:
                await self.settled()
                return
            if (done := self._queue([Change(table, key, before, after)])) is not None:
                await done
                return
            await self._quietly_settled()

    async def write(self, changes: Sequence[Change], checked_by: Checked = NOTHING_CHECKED) -> bool:
        self._drop_idle_indexes()
        if await self._may_write({change.table for change in changes}):
            return False  # others had their turn: the caller looks again
        catalog = self._catalog
        places = [(change.table, change.key) for change in changes]
        if not catalog.are_in_force(checked_by) or (
            self._pending.bodies(catalog, places) != [change.before for change in changes]
        ):
            await self._quietly_settled()
            return False
        return await self._apply_all([change for change in changes if change.after is not change.before])

    async def change_watched(
        self, table: str, watch: Watch, step: Callable[[Mapping[str, bytes | None]], Sequence[Change]]
    ) -> bool:
        self._drop_idle_indexes()
        looked_at = dict[str, None]()  # records that were pending, and may be refused yet
        while True:
            await self._may_write([table])
            if watch.is_over:
                return False
            looked_at.update(dict.fromkeys(self._pending.keys(table)))
            places = [(table, key) for key in looked_at]
            ahead = dict(zip(looked_at, self._pending.bodies(self._catalog, places), strict=True))
            try:
                changes = step(watch.take() | ahead)
            except RamekinError:
                await self.settled()
                raise
            if await self._apply_all(changes):
                return True

    async def _apply_all(self, changes: Sequence[Change]) -> bool:
        """Commit and apply changes that hold; False where a unique value is on its way to another record."""
        if not changes:
            await self.settled()  # what the answer rests on may still be on its way to the disk
            return True
        if len(changes) <= DIRECT_CHANGES and self._running().takes_at_once:
            self._catalog.check(changes)
            self._running().commit(changes)
            self._catalog.store(changes)
            return True
        if (done := self._queue(changes)) is None:
            await self._quietly_settled()
            return False
        await done
        return True

    def change_now(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> bool:
        if self._clock.steady_s() >= self._sweep_at_s:
            self._drop_idle_indexes()
        catalog, journal = self._catalog, self._journal
        if catalog.has_unique and self.builds.missing_unique([table]):
            return False
        if journal is None or not journal.takes_at_once or self._alone.locked():
            return False
        found = catalog.find(table)
        before = None if found is None else found.records.bodies.get(key)
        after = step(before)
        if after is not before:
            catalog.check_one(table, key, before, after)
            journal.commit_one(table, key, after)
            catalog.store_one(table, key, before, after)
        return True

    async def _may_write(self, tables: Iterable[str]) -> bool:
        """Wait until writes into some tables can be checked and queued, and say whether there was a need to wait."""
        has_waited = False
        while True:
            if self._catalog.has_unique and await self.builds.unique(tables):
                has_waited = True
            if not self._alone.locked():
                return has_waited
            async with self._alone:
                has_waited = True

    def _queue(self, changes: Sequence[Change]) -> asyncio.Future[None] | None:
        """Queue changes that hold; None where a unique value is on its way to another record.

        Raises:
            InvalidTableName, NotUnique, MemoryLimit, StorageFull, JournalFailed: nothing is queued.
        """
        catalog = self._catalog
        if catalog.has_unique and self._pending.takes(catalog, changes):
            self._running().admit()  # else nothing may be waited for, and whoever tries again would do so for ever
            return None
        grown = catalog.check(changes, self._pending.keys)
        done = self._running().append(Written(changes))
        self._pending.add(catalog, changes, grown)
        return done

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, checked_by: Checked = NOTHING_CHECKED
    ) -> bool:
        async def load() -> bool:
            if not self._catalog.check_load(tables, replace=replace, checked_by=checked_by):
                return False
            emptied, dropped = self._catalog.replaced_by(tables) if replace else ([], [])
            await self._commit(Loaded(tables, replace, emptied, dropped))
            return True

        if not await self._stand_alone(load):
            return False
        await self._build_again(tables)
        return True

    async def _stand_alone(self, step: Callable[[], Awaitable[T]]) -> T:
        """Carry out a step that sees, and changes, what nothing else is about to change.

        Whoever asked may leave: then nothing is done, or all of it before anything else begins.
        """
        await self._alone.acquire()
        task = asyncio.create_task(self._to_the_end(step))
        task.add_done_callback(retrieve)
        return await asyncio.shield(task)

    async def _to_the_end(self, step: Callable[[], Awaitable[T]]) -> T:
        try:
            await self._quietly_settled()
            return await step()
        finally:
            self._alone.release()

    async def _quietly_settled(self) -> None:
        """Wait for what is pending; whether it was refused is told to others."""
        with suppress(RamekinError):
            await self.settled()

    async def _commit(self, step: Step) -> None:
        await self._running().append(step)

    def _running(self) -> Journal:
        if self._journal is None:
            raise Starting("The server is starting.")
        return self._journal

    def _refuse(self) -> None:
        """Forget all that is pending: the disk refused it."""
        self._pending.clear(self._catalog)

    def _apply(self, step: Step) -> None:
        """Apply a step that is committed."""
        catalog = self._catalog
        match step:
            case Written(changes):
                catalog.store(changes)
                self._pending.remove(catalog, changes)
            case Defined(name, definition):
                catalog.define(name, definition)
            case Dropped(name):
                catalog.drop(name)
            case Loaded(tables, replaces, emptied, dropped):
                catalog.store_load(tables, replace=replaces, emptied=emptied, dropped=dropped)


class _Starting:
    """Stands for the tables until they are read: whatever is asked of it, it says so."""

    def __getattr__(self, name: str) -> Any:
        raise Starting("The server is reading its data directory; nothing was applied.")

    def __iter__(self) -> Any:
        raise Starting("The server is reading its data directory; nothing was applied.")
