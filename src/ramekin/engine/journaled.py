"""The engine with a journal: a step is committed to the disk first, and seen in the tables after.

    at once     check ---> commit (append, 2 µs) ---> store                          one turn of the event loop

    queued      check against the tables with `Pending` laid over them
                  ---> queue ---> a thread commits what is queued ---> store         the caller waits, others go on

    alone       hold others back ---> wait for what is pending ---> check ---> queue ---> store ---> let others go on

A small step happens *at once* while the disk takes it so. Else it is *queued*: a writer that comes behind is checked
against what is queued and need not wait for it, readers see what is committed, and when a commit fails, its group and
all that queued behind it are refused, since they were computed from it. A step of whole tables stands *alone*.

The limits: an answer that rests on something pending waits for it (`flushed`); a unique value that is on its way to
another record is waited for too. Knows no files; see ``writes.py`` for what does not stand alone, and
``durability/journal.py`` for commits.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ramekin.changes import Change, Defined, Loaded, Step, Together, Written
from ramekin.clock import SYSTEM, Clock
from ramekin.durability.contents import Fsync
from ramekin.durability.disk import SYSTEM_DISK, Disk
from ramekin.durability.journal import Journal
from ramekin.durability.store import Store
from ramekin.engine.backups import Backups
from ramekin.engine.base import Guarantees, Making, State
from ramekin.engine.evictions import Evictions
from ramekin.engine.owner import Owner
from ramekin.engine.pending import Pending, PendingWatch
from ramekin.engine.restoring import Restoration
from ramekin.engine.shield import though_left, to_its_end, until_free
from ramekin.engine.tables import Tables, Unread, follow_up
from ramekin.engine.way import Way
from ramekin.engine.writes import Writes
from ramekin.errors import Starting
from ramekin.errors.stacks import Misuse
from ramekin.schema.definition import NOTHING_CHECKED, Checked
from ramekin.storage.catalog import Catalog
from ramekin.storage.forks import Fork, let_go
from ramekin.storage.staging import Staging, is_large, store_at_once
from ramekin.storage.unique import check_changes
from ramekin.storage.watch import TableWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.durability.log import LogFile
    from ramekin.engine import base
    from ramekin.engine.work import Work
    from ramekin.stats import JournalStats
    from ramekin.storage.table import Table

    Logged = Step | Together
    Ready = Staging | Restoration | Step | None
    """A step that may be committed; None: nothing is to happen."""
    Preparing = Callable[[], Awaitable[Ready]]


class Journaled:
    """Tables in this process's memory, and a journal that outlives it."""

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
            store: where the journal is kept; where it is not taken yet, `open` takes it.
            index_idle_s, memory_limit_bytes, clock: as for ``Embedded``.
            advance: called in a thread, while the journal is read, with the records that are read and that there are.
        """
        kept_by: Literal["disk", "system"] = "disk" if store.fsync == "always" else "system"
        self.guarantees = Guarantees("durable", is_durable=True, acknowledged_by=kept_by)
        self._pending = Pending()
        evictions = Evictions(
            lambda step: self._writes.take_out(step), lambda: self._alone.locked(), self._pending.keys
        )
        self.tables = Tables(
            Unread(memory_limit_bytes), self._expire, evictions, index_idle_s=index_idle_s, clock=clock
        )
        self._writes = Writes(self.tables, self._pending, self._running)
        self._way = Way(self.tables, self._free, _stands_alone, self._apply_alone, self._writes.happen, self._flushed)
        self.owner = Owner(self._follow, is_at_home=store.is_locked)
        self.clock, self._memory_limit_bytes = clock, memory_limit_bytes
        self._store, self._advance = store, advance
        self._backups = Backups()
        self._alone = asyncio.Lock()  # held by a step that stands alone
        self._staging: Staging | Restoration | None = None  # the large step that is on its way to the disk
        self._journal: Journal | None = None
        self._is_closed = False

    def _follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.tables.follow()
        self._alone = asyncio.Lock()  # the old one waits for nobody
        if self._journal is not None:
            self._journal.follow()

    async def open(self) -> None:
        await to_its_end(self._open())  # a thread has the directory meanwhile

    async def _open(self) -> None:
        async with self._alone:  # another database on this engine may open it too
            if self._is_closed:
                raise Misuse("The database is closed; to open its directory again, make another one.")
            if self._journal is None:
                await self._begin()

    async def _begin(self) -> None:
        file, catalog = await asyncio.to_thread(_replay, self._store, self._advance, self._memory_limit_bytes)
        for table in catalog:
            await self.tables.builds.pinned(table)
        self._journal = Journal(
            file, self._store, apply=self._store_step, refuse=self._writes.refuse, contents=self.tables.contents
        )
        self._journal.start()
        self.tables.adopt(catalog)
        self.tables.evictions.begin()

    async def close(self) -> None:
        if self._journal is not None:
            self._is_closed = True
            self._journal.queue.take_no_more()  # in this turn: what comes from now on is refused
        await to_its_end(self._close())  # else nobody would let go of the directory

    async def _close(self) -> None:
        await asyncio.gather(self.tables.expirations.close(), self.tables.evictions.close())
        self.tables.history.end()
        await self._backups.close()  # first: a stop may take longer than what is left of a backup
        try:
            if self._journal is not None:
                await self._journal.stop()
        finally:
            async with self._alone:  # what stood alone is told that it was refused
                pass
            self._store.release()
            await self.tables.builds.close()

    async def state(self) -> State:
        if self._journal is None:
            return "starting"
        return "ok" if self._journal.queue.fault is None else "failed"

    def journal_stats(self) -> JournalStats | None:
        return None if self._journal is None else self._journal.stats()

    async def backup(self) -> Path:
        return await self._backups.run(self.tables.contents, self._store.backup)

    def ahead(self, table: str, key: str) -> bytes | None:
        return self._writes.ahead(table, key)

    def due(self, table: str, key: str) -> int | None:
        return self._pending.standing(self.tables.catalog, table, key)[1]

    def watch(self, table: str) -> base.Watch:
        watch = TableWatch(self.tables.catalog.table(table))
        return PendingWatch(watch, self._pending, table, partial(self.ahead, table))

    async def flushed(self) -> None:
        if self._journal is not None:
            await self._journal.queue.flush()

    # Steps

    def at_once(self, name: str, key: str, most_bytes: int) -> Table | None:
        journal = self._journal
        if journal is None or not journal.takes_at_once or self._alone.locked():
            return None
        return self.tables.at_once(name, key, most_bytes)

    def store_at_once(self, change: Change) -> None:
        catalog = self.tables.catalog
        if catalog.has_unique:  # a call less
            check_changes(catalog.find, (change,))
        self._journal.commit(change)  # type: ignore[union-attr]  # `at_once` returned the table
        catalog.store(change)
        if catalog.has_caches:  # a call less
            self.tables.evictions.after(change)

    async def apply(
        self, step: Step | Making, expecting: Checked = NOTHING_CHECKED, work: Work | None = None
    ) -> int | None:
        self._running()
        return await self._way.go(step, expecting, work)

    async def _free(self, work: Work | None) -> None:
        if self._alone.locked():
            await until_free(self._alone, work)

    async def _flushed(self) -> bool:
        await self.flushed()  # what an error rests on may still be on its way to the disk
        return False

    async def _apply_alone(self, step: Step | Making, expecting: Checked) -> int | None:
        return await self._stand_alone(partial(_prepared, self.tables, step, expecting))

    async def _expire(self, step: Making, _: Checked, work: Work | None) -> int | None:
        """Take out records that are due, and have that committed when the disk comes to it; None where none may go.

        Nobody waits for the disk: the log says when they are due. One that is about to be written is left to that.
        """
        await self._free(work)
        now = step()
        return self._writes.take_out_quiet(now) if type(now) is Written else None

    async def restore(self, checkpoint: Catalog) -> None:
        self._running()
        await though_left(self._restored(Fork(checkpoint)))  # another state may be kept meanwhile

    async def _restored(self, checkpoint: Catalog) -> None:
        try:
            await self._stand_alone(partial(Restoration.prepared, self.tables, checkpoint))
        finally:
            let_go(checkpoint)

    async def _stand_alone(self, prepare: Preparing) -> int | None:
        """Let a step happen that nothing comes between. Whoever asked may leave: nothing is done then, or all of it."""
        await self._alone.acquire()
        number, now = await though_left(self._to_its_end(prepare))
        if now is not None:
            await follow_up(self.tables, now)  # others write meanwhile
        return number

    async def _to_its_end(self, prepare: Preparing) -> tuple[int | None, Logged | None]:
        try:
            await self._writes.emptied()
            await asyncio.sleep(0)  # to make the step once more is a turn of its own
            ready = await prepare()
            self._staging = ready if isinstance(ready, Staging | Restoration) else None
            step = ready.step if isinstance(ready, Staging | Restoration) else ready
            if step is not None:
                await self._running().queue.append(step)
            return None if step is None else self.tables.catalog.revision, step
        finally:
            self._staging = None
            self._alone.release()

    def _running(self) -> Journal:
        if self._journal is None:
            raise Starting("The database is not open.")
        return self._journal

    # Called by the journal

    def _store_step(self, step: Logged) -> None:
        """Apply a step that is committed."""
        if self._staging is not None and self._staging.step is step:
            self._staging.store()
            return
        assert not isinstance(step, Together), "it is staged"
        self._writes.store(step)


def _stands_alone(step: Step) -> bool:
    return type(step) is not Written or is_large(step)


async def _prepared(tables: Tables, step: Step | Making, expecting: Checked) -> Ready:
    """Return what a step comes to now, ready to be committed; None where it does not fit."""
    now = step() if callable(step) else step
    if now is not None and is_large(now):
        return await tables.stage(now, expecting)
    rest = None if now is None else tables.catalog.fit(now, expecting)
    if rest is not None:
        tables.catalog.check(rest)
    return rest


def _replay(
    store: Store, advance: Callable[[int, int], None], memory_limit_bytes: int | None
) -> tuple[LogFile, Catalog]:
    """Read the journal into tables, in a thread: nobody else knows them yet. The collector need not look on.

    What is on the disk is served, also where it takes more than the limit: it may be read and deleted.
    """
    if not store.is_locked:
        store.lock()
    file, contents = store.read(advance)
    catalog = Catalog(memory_limit_bytes)
    for name, whole in contents.items():
        catalog.store(Defined(name, whole.definition))
        store_at_once(catalog, Loaded({name: whole.bodies}, dues={name: whole.dues}))
    return file, catalog


def in_directory(directory: str | Path, fsync: Fsync, clock: Clock = SYSTEM, disk: Disk | None = None) -> Journaled:
    """Return an engine with a journal in a directory, which it takes when it is opened. Raises ValueError.

    A directory without a name is refused, or a variable that is not set would fill the current one.
    """
    if not (directory.strip() if isinstance(directory, str) else directory.parts):
        raise ValueError("'directory' is empty; the current one is Path.cwd().")
    if fsync not in get_args(Fsync):
        raise ValueError(f"'fsync' is one of {', '.join(get_args(Fsync))}.")
    return Journaled(Store(Path(directory), fsync, disk or SYSTEM_DISK), clock=clock)
