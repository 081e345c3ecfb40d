"""The engine in memory: what happens is kept nowhere but in the tables, and is gone when the process ends.

Between checking a step and applying it there is no ``await``, so the event loop is what puts steps in order. A large
step is prepared in many turns, and holds other steps back meanwhile; readers go on (``storage/staging.py``). Knows no
files and no HTTP; see ``base.py`` for what each method promises.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ramekin.clock import SYSTEM, Clock
from ramekin.engine.backups import Backups
from ramekin.engine.base import Guarantees, Making, State
from ramekin.engine.evictions import Evictions
from ramekin.engine.owner import Owner
from ramekin.engine.shield import until_free
from ramekin.engine.tables import Tables, follow_up
from ramekin.engine.way import AGAIN, Way
from ramekin.errors import Unavailable
from ramekin.errors.stacks import Misuse
from ramekin.schema.definition import NOTHING_CHECKED, Checked
from ramekin.storage.catalog import Catalog
from ramekin.storage.forks import Fork, let_go, restore
from ramekin.storage.staging import is_large
from ramekin.storage.unique import check_changes
from ramekin.storage.watch import TableWatch

if TYPE_CHECKING:
    from pathlib import Path

    from ramekin.changes import Change, Step
    from ramekin.engine.work import Work
    from ramekin.storage.table import Table


class Embedded:
    """Tables in this process's memory."""

    guarantees = Guarantees("embedded", is_durable=False)

    def __init__(
        self,
        *,
        index_idle_s: float = 3600.0,
        memory_limit_bytes: int | None = None,
        clock: Clock = SYSTEM,
        catalog: Catalog | None = None,
    ) -> None:
        """Make an engine.

        Args:
            index_idle_s: seconds after which an index that nothing used is dropped.
            memory_limit_bytes: what the tables may take; without it, all that there is.
            clock: what it takes for the time.
            catalog: tables that it is to have, and to let go of at the end; without them it is empty.
        """
        self.clock, self._lent = clock, catalog
        catalog = Catalog(memory_limit_bytes) if catalog is None else catalog
        evictions = Evictions(catalog.store, lambda: self._is_held)
        self.tables = Tables(catalog, self.apply, evictions, index_idle_s=index_idle_s, clock=clock)
        self._way = Way(self.tables, self._free, is_large, self._stand_alone, self._happen)
        self._alone = asyncio.Lock()  # held by a large step
        self.owner = Owner(self._follow)
        self._backups = Backups()
        self._is_closed = False
        self._is_held = False  # nothing may be stored in this turn: a large step is on its way, or all is over

    def _follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.tables.follow()
        self._alone = asyncio.Lock()  # the old one waits for nobody
        self._is_held = self._is_closed

    async def open(self) -> None:
        if self._is_closed:
            raise Misuse("The database is closed; make another one.")

    async def close(self) -> None:
        self._is_closed = self._is_held = True
        self.tables.history.end()
        await self._backups.close()
        await self.tables.expirations.close()
        await self.tables.evictions.close()
        await self.tables.builds.close()
        if self._lent is not None:
            let_go(self._lent)

    async def state(self) -> State:
        return "ok"

    def journal_stats(self) -> None:
        return None

    async def backup(self) -> Path:
        return await self._backups.run(self.tables.contents)

    def ahead(self, table: str, key: str) -> bytes | None:
        found = self.tables.catalog.find(table)
        if found is None or key not in found.records.bodies:
            return None
        if found.records.dues and found.is_due(key, self.tables.expirations.now_s()):
            return None
        return found.records.bodies[key]

    def due(self, table: str, key: str) -> int | None:
        return self.tables.expirations.due(table, key)

    def watch(self, table: str) -> TableWatch:
        return TableWatch(self.tables.catalog.table(table))

    async def flushed(self) -> None:
        pass

    async def apply(
        self, step: Step | Making, expecting: Checked = NOTHING_CHECKED, work: Work | None = None
    ) -> int | None:
        self._check_open()
        return await self._way.go(step, expecting, work)

    async def _free(self, work: Work | None) -> None:
        if self._alone.locked():
            await until_free(self._alone, work)

    async def _happen(self, step: Step, expecting: Checked) -> int | None:
        catalog = self.tables.catalog
        if (rest := catalog.fit(step, expecting)) is None:
            return None
        if not self.tables.evictions.let_in(rest):
            return AGAIN
        catalog.store(rest)
        return await follow_up(self.tables, rest)

    async def _stand_alone(self, step: Step | Making, expecting: Checked) -> int | None:
        """Let a large step happen, in turns of its own in which nobody else writes."""
        async with self._alone:
            self._is_held = True
            try:
                await asyncio.sleep(0)  # to make the step once more is a turn of its own
                now = step() if callable(step) else step
                staging = None if now is None else await self.tables.stage(now, expecting)
                if staging is None:
                    return None
                staging.store()
            finally:
                self._is_held = self._is_closed
        return await follow_up(self.tables, staging.step)

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("The database is closed; nothing was applied.")

    async def restore(self, checkpoint: Catalog) -> None:
        if self._alone.locked():
            checkpoint = Fork(checkpoint)  # another state may be kept meanwhile
            try:
                await until_free(self._alone)
                await self.restore(checkpoint)
            finally:
                let_go(checkpoint)
            return
        self._check_open()
        step = restore(self.tables.catalog, checkpoint)
        self.tables.history.tell(self.tables.catalog.revision, step)
        await self.tables.build_after(step)

    def at_once(self, name: str, key: str, most_bytes: int) -> Table | None:
        return None if self._is_held else self.tables.at_once(name, key, most_bytes)

    def store_at_once(self, change: Change) -> None:
        catalog = self.tables.catalog
        if catalog.has_unique:  # a call less
            check_changes(catalog.find, (change,))
        catalog.store(change)
        if catalog.has_caches:  # a call less
            self.tables.evictions.after(change)
