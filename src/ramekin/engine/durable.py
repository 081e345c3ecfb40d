"""The engine in this process with a journal: a write is committed to the disk first and applied to the tables after.

Where the journal takes a write at once, it is checked, committed and applied in one go. Else it is checked against the
tables with what is pending laid over them, queued, and applied when its commit is done. Readers see committed states
only. Steps that concern whole tables stand alone: they wait for what is pending and hold other writes back until they
are done. Knows no files; see ``durability/journal.py`` for commits and ``embedded.py`` for everything that only reads.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from ramekin.clock import SYSTEM
from ramekin.definitions import NOTHING_DEFINED, Change, check_table_name
from ramekin.durability.journal import DIRECT_CHANGES, Journal
from ramekin.durability.steps import Defined, Dropped, Loaded, Written
from ramekin.durability.store import rest
from ramekin.engine.base import Guarantees
from ramekin.engine.embedded import EmbeddedEngine
from ramekin.engine.pending import Pending
from ramekin.errors import RamekinError, Starting
from ramekin.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ramekin.clock import Clock
    from ramekin.definitions import Definition
    from ramekin.durability.log import LogFile
    from ramekin.durability.steps import Step
    from ramekin.durability.store import Store
    from ramekin.engine.base import State


class DurableEngine(EmbeddedEngine):
    """Tables in this process's memory, and in a journal that outlives it."""

    guarantees = Guarantees("durable", is_durable=True, has_atomic_batches=True, has_snapshots=True)

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
        self._memory_limit_bytes = memory_limit_bytes
        self._store, self._advance = store, advance
        self._catalog = cast("Catalog", _Starting())  # until the journal is read
        self._pending = Pending()
        self._alone = asyncio.Lock()  # held by a step that stands alone
        self._journal: Journal | None = None

    async def open(self) -> None:
        file, catalog = await asyncio.to_thread(self._replay)
        for table in catalog:
            await self.builds.pinned(table)
        self._journal = Journal(
            file, self._store, apply=self._apply, refuse=self._refuse, contents=self.contents, clock=self._clock
        )
        self._journal.start()
        self._catalog = catalog

    def _replay(self) -> tuple[LogFile, Catalog]:
        """Read the journal into tables, in a thread: nobody else knows them yet. The collector need not look on.

        What is on the disk is served, also where it takes more than the limit: it may be read and deleted.
        """
        file, contents = self._store.read(self._advance)
        catalog = Catalog(self._memory_limit_bytes)
        for name, kept in contents.items():
            catalog.define(name, kept.definition)
            catalog.load({name: kept.bodies}, replace=False, keep=frozenset())
        return file, catalog

    async def close(self) -> None:
        if self._journal is not None:
            await self._journal.stop()
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

    async def create_table(self, name: str) -> None:
        async with self._standing_alone():
            if self._catalog.find(name) is None:
                check_table_name(name)
                self._catalog.check_definition(name, NOTHING_DEFINED)
                await self._commit(Defined(name, NOTHING_DEFINED))

    async def drop_table(self, name: str) -> None:
        async with self._standing_alone():
            self._catalog.table(name)
            await self._commit(Dropped(name))

    async def define(self, name: str, definition: Definition, *, revision: int | None) -> bool:
        async with self._standing_alone():
            table = self._catalog.find(name)
            if (None if table is None else table.revision) != revision:
                return False
            check_table_name(name)
            self._catalog.check_definition(name, definition)
            await self._commit(Defined(name, definition))
            table = self._catalog.table(name)
        await self.builds.pinned(table)  # others write meanwhile
        return True

    async def change(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> None:
        self._drop_idle_indexes()
        while True:
            if self._catalog.has_unique or self._alone.locked():
                await self._may_write([table])
            if (journal := self._journal) is not None and journal.takes_at_once:
                self._change_at_once(journal, table, key, step)
                return
            [before] = self._pending.bodies(self._catalog, [(table, key)])
            try:
                after = step(before)
            except Exception:
                await self.settled()  # what the answer rests on may still be on its way to the disk
                raise
            if after is before:
                await self.settled()
                return
            if (done := self._queue([Change(table, key, before, after)])) is not None:
                await done
                return
            await self._quietly_settled()

    async def write(self, changes: Sequence[Change]) -> bool:
        self._drop_idle_indexes()
        if await self._may_write({change.table for change in changes}):
            return False  # others had their turn: the caller looks again
        if not changes:
            await self.settled()
            return True
        if len(changes) <= DIRECT_CHANGES and self._running().takes_at_once:
            return self._write_at_once(self._running(), changes)
        places = [(change.table, change.key) for change in changes]
        holds = self._pending.bodies(self._catalog, places) == [change.before for change in changes]
        if not holds or (done := self._queue(changes)) is None:
            await self._quietly_settled()
            return False
        await done
        return True

    def _change_at_once(
        self, journal: Journal, table: str, key: str, step: Callable[[bytes | None], bytes | None]
    ) -> None:
        catalog = self._catalog
        found = catalog.find(table)
        before = None if found is None else found.records.bodies.get(key)
        after = step(before)
        if after is not before:
            catalog.check_one(table, key, before, after)
            journal.commit_one(table, key, after)
            catalog.store_one(table, key, before, after)

    def _write_at_once(self, journal: Journal, changes: Sequence[Change]) -> bool:
        if not self._catalog.holds(changes):
            return False
        self._catalog.check(changes)
        journal.commit(changes)
        self._catalog.store(changes)
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
        grown = catalog.check(changes)
        done = self._running().append(Written(changes))
        self._pending.add(catalog, changes, grown)
        return done

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, keep: frozenset[str] = frozenset()
    ) -> bool:
        async with self._standing_alone():
            if not self._catalog.check_load(tables, replace=replace):
                return False
            others = self._catalog.replaced_by(tables, keep) if replace else {}
            emptied, dropped = (
                [n for n, stays in others.items() if stays],
                [n for n, stays in others.items() if not stays],
            )
            await self._commit(Loaded(tables, replace, emptied, dropped))
        await self._build_again(tables)
        return True

    @asynccontextmanager
    async def _standing_alone(self) -> AsyncIterator[None]:
        """Let a step see, and change, what nothing else is about to change."""
        async with self._alone:
            await self._quietly_settled()
            yield

    async def _quietly_settled(self) -> None:
        """Wait for what is pending; whether it was refused is told to others."""
        with suppress(RamekinError):
            await self.settled()

    async def _commit(self, step: Step) -> None:
        """Commit and apply a step. Whoever asked may leave; the step is done to its end before others begin."""
        done = self._running().append(step)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            raise

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
                if definition is NOTHING_DEFINED:
                    catalog.create(name)
                else:
                    catalog.define(name, definition)
            case Dropped(name):
                catalog.drop(name)
            case Loaded(tables, replaces, emptied, _):
                catalog.store_load(tables, replace=replaces, keep=frozenset(emptied))


class _Starting:
    """Stands for the tables until they are read: whatever is asked of it, it says so."""

    def __getattr__(self, name: str) -> Any:
        raise Starting("The server is reading its data directory; nothing was applied.")

    def __iter__(self) -> Any:
        raise Starting("The server is reading its data directory; nothing was applied.")
