"""Taking out what is due, in short steps: when its second comes, and before anybody reads or writes.

    stored with a due time ---the second comes---> due: `get` and `ahead` pass it over ---swept---> gone
                                                     ^                                    |
                                  views, counts, tags and writes wait for a sweep of their tables

The promise: a record that is due is in no answer. A single record is looked at by its own due time. Whatever reads or
writes many waits until what is due is out of the tables that it concerns; so indexes, unique fields, counts and
revisions need not know that there are due times. A sweep is steps like all others, of a few records each.

Its limits: a view stays at its moment, however long it is read. Knows no journal; see ``storage/expiry.py`` for what
is due when.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ramekin.changes import Change, Defined, Dropped, Step, Written
from ramekin.engine.work import Work
from ramekin.errors import RamekinError
from ramekin.schema.definition import NOTHING_CHECKED, Checked
from ramekin.storage.followers import FEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ramekin.clock import Clock
    from ramekin.storage.catalog import Catalog

LOOK_S = 1.0
"""Seconds between two looks at the clock, which may be set, where nothing is due before."""


class Apply(Protocol):
    """How an engine takes out records: as `Engine.apply` does what happens."""

    async def __call__(
        self, step: Callable[[], Step | None], expecting: Checked, work: Work | None, /
    ) -> int | None: ...


class Expirations:
    """What takes out records that are due, of the tables of one catalog."""

    def __init__(self, apply: Apply, clock: Clock) -> None:
        self._apply, self._clock = apply, clock
        self._timer: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def adopt(self, catalog: Catalog) -> None:
        """Take out what is due of another catalog from now on."""
        expiring, self._find = catalog.memory.expiring, catalog.find
        self.tables = expiring.tables
        """The tables that have records with a due time."""
        expiring.report(self.begin)
        if self.tables:
            self.begin()

    def begin(self) -> None:
        """Look for what is due from now on, while there is anything to look for; where no loop runs, readers will."""
        if self._timer is None:
            with suppress(RuntimeError):
                self._timer = asyncio.get_running_loop().call_later(0, self._look)

    def follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self._timer = self._sweeping = None
        if self.tables:
            self.begin()

    async def close(self) -> None:
        """End what is under way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    def now_s(self) -> int:
        """Return the second that it is: what is due in it, or before, is not to be seen."""
        return self._clock.wall_ms() // 1000

    def due(self, table: str, key: str) -> int | None:
        """Return when a record is due (see ``changes.py``); None: never, or there is none. Cost: O(1)."""
        found = self._find(table)
        return None if found is None else found.records.dues.get(key)

    def concern(self, names: Iterable[str]) -> bool:
        """Say whether anything is due in some tables. Cost: O(1) where nothing ever is."""
        return bool(self.tables) and bool(self._late(names, self.now_s()))

    def precede(self, step: Step) -> bool:
        """Say whether anything is due in the tables of a step, so that it is taken out first. Cost: as `concern`."""
        if not self.tables or (type(step) is Written and step.reason != "write"):
            return False
        return self.concern(self._tables_of(step))

    async def sweep_before(self, step: Step, work: Work | None) -> None:
        """Take out what is due in the tables of a step. Raises as `Engine.apply`."""
        await self.sweep(self._tables_of(step), work)

    async def sweep(self, names: Iterable[str], work: Work | None = None) -> None:
        """Take out what is due in some tables. Raises as `Engine.apply`. Cost: O(records that are due), in steps."""
        if self.tables and (late := self._late(names, now_s := self.now_s())):
            work = work or Work()
            for name in late:
                while await self._apply(partial(self._next, name, now_s), NOTHING_CHECKED, work) is not None:
                    await work.rest()

    async def sweep_all(self) -> None:
        """Take out what is due in all tables, as `sweep`."""
        await self.sweep([table.name for table in self.tables])

    def _tables_of(self, step: Step) -> Iterable[str]:
        if type(step) is Written:
            return {change.table for change in step.changes}
        if isinstance(step, Defined | Dropped):
            return (step.table,)
        return [table.name for table in self.tables]

    def _late(self, names: Iterable[str], now_s: int) -> list[str]:
        """Return those of some tables in which something is due."""
        found = []
        for name in names:
            table = self._find(name)
            if table is not None and (first_s := table.expiry.first_s) is not None and first_s <= now_s:
                found.append(name)
        return found

    def _next(self, name: str, now_s: int) -> Written | None:
        """Return the step that takes out the next few records that are due; None: there are none."""
        table = self._find(name)
        keys = () if table is None else table.expiry.due(now_s, FEW)
        if table is None or not keys:
            return None
        return Written([Change(name, key, table.records.bodies[key], None) for key in keys], "expire")

    # By itself

    def _look(self) -> None:
        """See whether anything is due, and look again when something will be."""
        self._timer = None
        if self._sweeping is not None or not self.tables:
            return
        now_s = self._clock.wall_ms() / 1000
        firsts = [first_s for table in self.tables if (first_s := table.expiry.first_s) is not None]
        if min(firsts, default=now_s + 1) <= now_s:
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())
        else:
            pause_s = min(LOOK_S, min(firsts, default=now_s + 1) - now_s)
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._look)

    async def _sweep(self) -> None:
        pause_s = 0.0
        try:
            await self.sweep_all()
        except RamekinError:  # whoever writes is told what is wrong
            pause_s = LOOK_S
        finally:
            self._sweeping = None
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._look)
