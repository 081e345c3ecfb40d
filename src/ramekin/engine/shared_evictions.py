r"""Taking records out of caches that several processes write: whoever wrote too much asks the node, and one is heard.

    a step is here, and over a limit ---whoever asked for it---> what gives way here ---> node ---> in the feed
                 \---everybody else, a second later: whoever wrote may have ended-----^

The promise: no two processes have records give way to the same excess, and all hold the same after each step. Each step
of what gives way carries how many of the table's records have given way before, as this process knows it, and a node
takes it only while that is so, and while each record still stands as it was read. Whoever is refused catches up, and
looks again whether there is anything to do.

Its limits: the queue, and what was read, are each process's own, so a record gives way although another process reads
it. Between a write and what gives way to it a table is over its limits, for one call to the node. Where others delete
at that moment, a few records more go than had to. See ``evictions.py`` for tables of one process, ``cells.py`` for
what is sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from ramekin.changes import Change, Loaded, Step, Stored, Together, Written
from ramekin.engine.evictions import Evictions, keys_of, names_of
from ramekin.engine.work import Work
from ramekin.errors import RamekinError
from ramekin.schema.definition import NOTHING_CHECKED, Checked
from ramekin.storage.memory import RECORD_BYTES
from ramekin.storage.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ramekin.storage.table import Table

MANY = 200
"""Records that one step takes out at the most: it holds a node for about 1 ms."""

OTHERS_S = 1.0
"""Seconds after which a table is taken care of that others left over its limits."""


class LetHappen(Protocol):
    """How an engine lets a step of what gives way happen, without a look at caches behind it; None: none was made."""

    async def __call__(
        self, step: Callable[[], Written | None], expecting: Checked, /
    ) -> tuple[int | None, Step | None]: ...


class SharedEvictions(Evictions):
    """What takes records out of the caches of one process's copy, and so of all."""

    def __init__(self, let_happen: LetHappen) -> None:
        super().__init__(_never, lambda: False)
        self._let_happen = let_happen
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def follow(self) -> None:
        super().follow()
        self._turns.clear()

    def after(self, step: Stored | Together) -> None:
        super().after(step)
        if type(step) is Written and step.reason == "evict":
            for name in names_of(step):
                if (table := self.catalog.find(name)) is not None and table.sieve is not None:
                    table.sieve.end_step()  # what has come by now may give way to what comes

    def look_after(self, table: Table) -> None:
        """Take note that a cache was written, here or elsewhere: whoever wrote it takes care, or this process will."""
        if not table.is_over:
            if table.sieve is not None:
                table.sieve.end_step()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._go_on())

    async def _go_on(self) -> None:
        """Take care of tables that others left over their limits."""
        while over := [table.name for table in self.catalog if table.is_over]:
            await asyncio.sleep(OTHERS_S)
            for name in over:
                await self._bring_within(name)

    async def within_limits(self, step: Step | Together) -> None:
        """Have records give way where a step of this process wrote; where nodes fail, that is left for later."""
        if self.catalog.has_caches:
            for name in names_of(step):
                await self._bring_within(name)

    async def _bring_within(self, name: str) -> None:
        """Have so many records give way as a table is over its limits by now; one call at a time, for all who wrote."""
        if (table := self.catalog.find(name)) is None or not table.is_over:
            return
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            with suppress(RamekinError):
                while len(await self._few_give_way(name)) == MANY:
                    pass

    # Where there is no room, here or on the nodes

    async def give_way_to(self, step: Step) -> bool:
        """Have records give way to a step that found no room; False: none could. Cost: O(records)."""
        if not self.catalog.has_caches:
            return False
        if type(step) is Written:
            brought_bytes = _size_bytes((change.key, change.after) for change in step.changes)
            return await self._some_give_way(keys_of(step.changes), brought_bytes)
        if type(step) is Loaded:
            brought_bytes = sum(_size_bytes(bodies.items()) for bodies in step.tables.values())
            return await self._some_give_way(step.tables, brought_bytes)
        return False

    async def make_room(self, spared: Mapping[str, Collection[str]], grown_bytes: int, work: Work) -> bool:
        await work.rest()
        return await self._some_give_way(spared, grown_bytes)

    async def _some_give_way(self, spared: Mapping[str, Collection[str]], wanted_bytes: int) -> bool:
        """Have records of some caches give way to so many bytes; False: none could, or all would not be enough."""
        caches = self.caches_of(spared)
        if self.catalog.memory.lacking_bytes(wanted_bytes) >= sum(table.memory_bytes for table in caches):
            return False
        left_bytes = wanted_bytes
        for name in [table.name for table in caches]:
            while left_bytes > 0 and (gone := await self._few_give_way(name, spared[name], left_bytes)):
                left_bytes -= _size_bytes((change.key, change.before) for change in gone)
        return left_bytes < wanted_bytes

    async def _few_give_way(self, name: str, spared: Collection[str] = (), wanted_bytes: int = 0) -> Sequence[Change]:
        """Have the next few records of a cache give way, and return them; none where there is nothing to do."""

        def next_few() -> Written | None:
            table = self.catalog.find(name)
            changes = [] if table is None else table.give_way(MANY, spared, wanted_bytes)
            return Written(changes, "evict") if changes else None

        _, made = await self._let_happen(next_few, NOTHING_CHECKED)
        return made.changes if type(made) is Written else ()

    async def prepared(self, step: Step) -> Staging:
        """Return a large step, prepared. While it holds others back nothing gives way to it: that comes before."""
        staging = Staging(self.catalog, step)
        await Work().through(staging.prepare())
        return staging


def _never(_: Written) -> None:
    raise AssertionError("what gives way is asked of a node")


def _size_bytes(records: Iterable[tuple[str, bytes | None]]) -> int:
    """Return about what records take, those that are gone apart."""
    return sum(len(key) + len(body) + RECORD_BYTES for key, body in records if body is not None)
