"""Taking records out of caches that hold too much: after each step that wrote to them, the first few in the same turn.

    a step is stored ---> over a limit? ---> a few records give way at once ---still over---> the rest, in turns
    a step finds no memory ---> records of the caches that it writes to give way ---> it is checked again

What gives way is a step like any other, told with the reason ``evict``. Whoever wrote waits until its tables are within
their limits. Knows no journal; see ``storage/bounded.py`` for what gives way.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ramekin.changes import Change, Loaded, Step, Stored, Together, Written
from ramekin.engine.work import Work
from ramekin.errors import MemoryLimit
from ramekin.storage.followers import FEW
from ramekin.storage.staging import Staging
from ramekin.storage.unique import no_others

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table
    from ramekin.storage.unique import Others

PAUSE_S = 0.01
"""Seconds between two looks while nothing may be taken out."""


class Evictions:
    """What takes records out of the caches of one catalog."""

    catalog: Catalog

    def __init__(
        self,
        take_out: Callable[[Written], None],
        is_held: Callable[[], bool],
        spared: Callable[[str], Collection[str]] = lambda _: (),
    ) -> None:
        """Make one, for the tables that it is to `adopt`.

        Args:
            take_out: stores the step of what gives way in the same turn, and keeps it.
            is_held: says whether nothing may be stored now, since a large step is on its way.
            spared: returns the keys of a table's records that are about to be written, and so stay.
        """
        self._take_out, self._is_held, self._spared = take_out, is_held, spared
        self._over: dict[str, None] = {}  # tables that are taken care of in turns
        self._task: asyncio.Task[None] | None = None

    def adopt(self, catalog: Catalog) -> None:
        """Take records out of the caches of another catalog from now on."""
        self.catalog = catalog

    def follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self._task = None
        self._over.clear()

    async def close(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def begin(self) -> None:
        """Have records give way in the tables that a start has found."""
        for table in self.catalog if self.catalog.has_caches else ():
            self.look_after(table)

    def after(self, step: Stored | Together) -> None:
        """Have records give way where a step wrote that is stored. Cost: O(1) without caches, else as `look_after`."""
        if self.catalog.has_caches:
            for name in names_of(step):
                if (table := self.catalog.find(name)) is not None and table.sieve is not None:
                    self.look_after(table)

    def look_after(self, table: Table) -> None:
        """Have records of a cache give way that was written. Cost: O(1); O(`FEW`) where it is over its limits."""
        if table.is_over and not self._is_held():
            self._take_few(table)
        if table.sieve is not None:
            table.sieve.end_step()
        if table.is_over and table.name not in self._over:
            self._over[table.name] = None
            if self._task is None or self._task.done():
                self._task = asyncio.get_running_loop().create_task(self._go_on())

    async def within_limits(self, step: Step | Together) -> None:
        """Wait until no table of a step is over its limits. Cost: O(1) where none is."""
        if self._over:
            names = names_of(step)
            while self._task is not None and not self._task.done() and any(name in self._over for name in names):
                await asyncio.wait((self._task,), timeout=PAUSE_S)

    async def _go_on(self) -> None:
        work = Work()
        while self._over:
            for name in [*self._over]:
                table = self.catalog.find(name)
                if table is None or not table.is_over:
                    del self._over[name]
                elif self._is_held() or not self._take_few(table):
                    await asyncio.sleep(PAUSE_S)
                await work.rest()

    def _take_few(self, table: Table, spared: Collection[str] = (), lacking_bytes: int = 0) -> int:
        """Take out the next few records that give way, and return how many these were."""
        about = self._spared(table.name)
        stay = {*spared, *about} if spared and about else spared or about
        changes = table.give_way(FEW, stay, lacking_bytes)
        if changes and table.sieve is not None:
            self._take_out(Written(changes, "evict"))
            table.sieve.evicted += len(changes)
        return len(changes)

    def let_in(self, step: Step, others: Others = no_others) -> bool:
        """Check a step that fits, as `Catalog.check`; False: a few records gave way to it, so it is looked at again.

        Only caches that the step writes to give way, and not what they share with branches. Cost: O(changes).

        Raises:
            MemoryLimit: none can give way, or all would not be enough. What else `Catalog.check` raises.
        """
        try:
            self.catalog.check(step, others)
        except MemoryLimit:
            if type(step) is not Written or not self.catalog.has_caches:
                raise
            if not self._make_room(keys_of(step.changes), self.catalog.growth(step.changes)):
                raise
            return False
        return True

    async def prepared(self, step: Step) -> Staging:
        """Return a large step, prepared; records of caches that it writes to give way where it finds no memory.

        Raises as `Catalog.check`.
        """
        work = Work()
        while True:
            staging = Staging(self.catalog, step)
            try:
                await work.through(staging.prepare())
            except MemoryLimit:
                if not await self._make_much_room(step, work):
                    raise
            else:
                return staging

    async def _make_much_room(self, step: Step, work: Work) -> bool:
        """Have records give way to a large step that finds no memory, in turns; False where that is not enough.

        Cost: O(changes).
        """
        if type(step) is not Written or not self.catalog.has_caches:
            return False
        keys, grown_bytes = dict[str, set[str]](), 0
        for start in range(0, len(step.changes), FEW):
            some = step.changes[start : start + FEW]
            grown_bytes += self.catalog.growth(some)
            for table, more in keys_of(some).items():
                keys.setdefault(table, set()).update(more)
            await work.rest()
        while self._make_room(keys, grown_bytes):
            await work.rest()
        return self.catalog.memory.lacking_bytes(grown_bytes) <= 0

    async def make_room(self, spared: Mapping[str, Collection[str]], grown_bytes: int, work: Work) -> bool:
        """Have records of some caches give way until there is room for some bytes; False: all would not be enough.

        Args:
            spared: by table the keys of records that stay.

        Cost: O(records that give way), in turns.
        """
        while (is_held := self._is_held()) or self._make_room(spared, grown_bytes):
            await (asyncio.sleep(PAUSE_S) if is_held else work.rest())
        return self.catalog.memory.lacking_bytes(grown_bytes) <= 0

    def _make_room(self, keys: Mapping[str, Collection[str]], grown_bytes: int) -> int:
        """Have a few records give way to those of some keys, by table; return how many: 0 where there is room."""
        caches, lacking_bytes = self.caches_of(keys), self.catalog.memory.lacking_bytes(grown_bytes)
        if not 0 < lacking_bytes < sum(table.memory_bytes for table in caches):
            return 0
        return next((few for table in caches if (few := self._take_few(table, keys[table.name], lacking_bytes))), 0)

    def caches_of(self, names: Iterable[str]) -> list[Table]:
        """Return those of some tables that are caches, and whose records no branch has too. Cost: O(names)."""
        tables = [table for name in names if (table := self.catalog.find(name)) is not None]
        return [table for table in tables if table.sieve is not None and table.records.owners == 1]


def keys_of(changes: Sequence[Change]) -> dict[str, set[str]]:
    """Return the keys of records that change, by table."""
    keys: dict[str, set[str]] = {}
    for change in changes:
        keys.setdefault(change.table, set()).add(change.key)
    return keys


def names_of(step: Stored | Together) -> Iterable[str]:
    """Return the tables in which a step leaves records; a way back leaves what was within limits."""
    if isinstance(step, Change):
        return (step.table,)
    if isinstance(step, Written):
        return {change.table for change in step.changes}
    if isinstance(step, Together):
        return ()
    return step.tables if isinstance(step, Loaded) else (step.table,)
