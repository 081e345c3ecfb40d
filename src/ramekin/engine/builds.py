"""Orders and indexes made ready: each is built once, in short steps, however many wait for it.

    absent --build--> growing --last step--> ready
       ^                 |                     |
       +---load, drop----+-----load, drop------+

A build is a task that goes on when whoever asked for it leaves. It is forgotten in the step that ends it, so what is
waited for is never finished already, and waiting gives up the turn. A load may throw away what was built, again and
again; so after a few attempts a reader takes the records as they are (`Frozen`) and has what it needs built for those.
Knows no requests; see ``tables.py`` for who asks.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeGuard
from weakref import WeakValueDictionary

from ramekin.changes import Step, Written
from ramekin.clock import Clock, stopwatch_s
from ramekin.engine.work import Work
from ramekin.errors import MemoryLimit
from ramekin.schema.fields import Field
from ramekin.stats import BuildStats
from ramekin.storage.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

    from ramekin.engine.access import Access
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.followers import Structure
    from ramekin.storage.indexed import Indexed
    from ramekin.storage.table import Table

ATTEMPTS = 3
"""Times that a reader has what it needs built before it takes the records as they are."""

LOOKED_AT = 1000
"""Changes whose tables are looked at between two looks at the clock."""

NoRoom = set[tuple[str, Field]]
"""Indexes of tables for which there is no room: a view does without."""


class Builds:
    """The builds under way, of the tables of one catalog."""

    catalog: Catalog

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[tuple[Indexed, Structure], asyncio.Task[None]] = {}
        self._frozen: WeakValueDictionary[str, Frozen] = WeakValueDictionary()
        self._needed: Counter[Field] = Counter()  # fields of readers that are being prepared
        self._count, self._seconds, self._hits = 0, 0.0, 0
        self._letting_go: asyncio.Task[None] | None = None

    def adopt(self, catalog: Catalog) -> None:
        """Build what is needed of the tables of another catalog from now on."""
        self.catalog, self._garbage = catalog, catalog.memory.garbage
        self._garbage.report(self.let_go)

    def stats(self) -> BuildStats:
        """Return how many orders and indexes were built, and how many queries found theirs. Cost: O(1)."""
        return BuildStats(self._count, self._seconds, len(self._tasks), self._hits)

    async def close(self) -> None:
        """End every build."""
        tasks = [*self._tasks.values(), *([] if self._letting_go is None else [self._letting_go])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self) -> None:
        """Forget every build under way: its event loop has stopped. Whoever needs one begins it anew."""
        self._tasks.clear()
        self._letting_go = None

    async def ready(self, accesses: Sequence[Access], work: Work) -> Sequence[Indexed]:
        """Return the tables of some accesses, as they are now, with all that is needed of them that there is room for.

        Whoever asked pins what it reads before it gives up its turn. Each `Frozen` among them is one use of it; see
        `Frozen.leave`. Raises UnknownTable.

        Cost: O(1) once all is there; else O(n log n) for each structure, in steps.
        """
        find, unfit = self.catalog.table, NoRoom()
        tables = [find(access.table) for access in accesses]
        if self._are_ready(tables, accesses, unfit):
            self._hits += any(access.equal or access.ordered for access in accesses)
            return tables
        with self._needing(accesses):
            for _ in range(ATTEMPTS):
                await self._make_ready(tables, accesses, unfit, work)
                find = self.catalog.table  # anew: a table may be dropped and made again meanwhile
                tables = [find(access.table) for access in accesses]
                if self._are_ready(tables, accesses, unfit):
                    return tables
            taken = [self._freeze(table) for table in tables]
            try:
                await self._make_ready(taken, accesses, unfit, work)
            except BaseException:
                for frozen in taken:
                    frozen.leave()
                raise
            return taken

    async def index(self, table: Indexed, field: Field, *, is_sorted: bool, work: Work | None = None) -> None:
        """Have an index of a table built, unless it is there. Raises MemoryLimit."""
        is_sorted = is_sorted or table.pinned.get(field, False)
        if table.use_index(field, is_sorted=is_sorted, now_s=self._clock.steady_s()) is None:
            is_sorted = is_sorted or (table, (field, True)) in self._tasks  # a sorted one answers for both kinds
            if (field, True) in table.followers:
                is_sorted = True  # it serves again when it has followed
            else:
                table.drop_spare_indexes(self._needed)
            await self._build(table, (field, is_sorted), work or Work())

    async def pinned(self, table: Indexed) -> None:
        """Have the indexes built that a table's definition names. Raises MemoryLimit."""
        for field, is_sorted in table.pinned.items():
            await self.index(table, field, is_sorted=is_sorted)

    async def unique(self, names: Collection[str], work: Work) -> None:
        """Have the indexes built that a write into some tables is checked against. When it returns, they are there."""
        for _ in range(ATTEMPTS):
            for table, field in self.missing_unique(names):
                await self.index(table, field, is_sorted=False, work=work)
        self._build_unique_at_once(names)

    def _build_unique_at_once(self, names: Iterable[str]) -> None:
        for table, field in self.missing_unique(names):
            table.build_index_at_once(field)  # as long a step as that of each load that threw the index away

    def lacks(self, step: Step) -> TypeGuard[Written]:
        """Say whether a step is checked against an index that is not there. Cost: O(1), O(changes) if any is unique."""
        if not self.catalog.has_unique or type(step) is not Written:
            return False
        return bool(self.missing_unique({change.table for change in step.changes}))

    async def for_step(self, step: Step, work: Work | None = None) -> None:
        """Have the indexes built that a step is checked against. When it returns, they are there."""
        if type(step) is Written and self.catalog.has_unique:
            names, work = set[str](), work or Work()
            for start in range(0, len(step.changes), LOOKED_AT):
                names.update(change.table for change in step.changes[start : start + LOOKED_AT])
                await work.rest()
            await self.unique(names, work)

    async def build_for(self, step: Written, work: Work | None, *, is_again: bool) -> bool:
        """Have the indexes built that a step is checked against; False: others had their turn, so look at all again.

        Args:
            is_again: it was False before, and until the step was looked at again a load threw them away. The next load
                may do so too, so they are built in this turn.
        """
        if not is_again:
            await self.for_step(step, work)
            return False
        self._build_unique_at_once({change.table for change in step.changes})
        return True

    def follow(self, table: Indexed) -> None:
        """Have what is behind in a table follow, while nobody waits for it; where no loop runs, who needs it will."""
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            for structure in [*table.followers]:
                self._begin(table, structure)

    def let_go(self) -> bool:
        """Take apart what is left, in steps; False where no loop runs."""
        if self._letting_go is not None and not self._letting_go.done():
            return True
        with suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self._letting_go = loop.create_task(self._let_go())
            return True
        return False

    async def _let_go(self) -> None:
        await Work().through(self._garbage.let_go())

    def missing_unique(self, names: Iterable[str]) -> list[tuple[Table, Field]]:
        """Return the indexes that `unique` would have built. Cost: O(unique fields)."""
        tables = [table for name in names if (table := self.catalog.find(name)) is not None]
        return [(table, field) for table in tables for field in table.unique_fields if field not in table.indexes]

    def _are_ready(self, tables: Sequence[Indexed], accesses: Sequence[Access], unfit: NoRoom) -> bool:
        """Say whether all that is needed is there, and mark it as used now."""
        now_s = self._clock.steady_s()
        for table, access in zip(tables, accesses, strict=True):
            if access.in_id_order and not table.is_in_order:
                return False
            for field, is_sorted in _indexes_of(access):
                is_there = table.use_index(field, is_sorted=is_sorted, now_s=now_s) is not None
                if not is_there and (access.table, field) not in unfit:
                    return False
        return True

    async def _make_ready(
        self, tables: Sequence[Indexed], accesses: Sequence[Access], unfit: NoRoom, work: Work
    ) -> None:
        for table, access in zip(tables, accesses, strict=True):
            if access.in_id_order and not table.is_in_order:
                await self._build(table, None, work)
            for field, is_sorted in _indexes_of(access):
                if (access.table, field) not in unfit:
                    try:
                        await self.index(table, field, is_sorted=is_sorted, work=work)
                    except MemoryLimit:
                        unfit.add((access.table, field))

    def _freeze(self, table: Table) -> Frozen:
        """Return the records of a table as they are now; the same for all who ask while nothing is written."""
        frozen = self._frozen.get(table.name)
        if frozen is None or not frozen.shows(table):
            frozen = self._frozen[table.name] = Frozen(table)
        frozen.users += 1
        return frozen

    @contextmanager
    def _needing(self, accesses: Sequence[Access]) -> Iterator[None]:
        """See that no index gives way to others while some accesses are prepared."""
        needed = [field for access in accesses for field, _ in _indexes_of(access)]
        self._needed.update(needed)
        try:
            yield
        finally:
            self._needed.subtract(needed)
            self._needed += Counter()  # forgets what nobody needs any more

    def _within_limit(self, table: Indexed, field: Field, *, is_sorted: bool) -> Generator[None, None, None]:
        """Build an index in short steps; one that nothing pins is given up where there is no room for it."""
        for _ in table.build_index(field, is_sorted=is_sorted):
            try:
                if field not in table.pinned:
                    self.catalog.make_room_to_read(self._needed)
            except MemoryLimit:
                table.give_up_index(field, is_sorted=is_sorted)
                raise
            yield

    def _order_within_limit(self, table: Indexed) -> Generator[None, None, None]:
        """Put ids in order in short steps; given up where a branch has no room for one beside what it shares."""
        for _ in table.build_order():
            try:
                if table.borrowed_bytes:
                    self.catalog.make_room_to_read(self._needed)
            except MemoryLimit:
                table.give_up_order()
                raise
            yield

    async def _build(self, table: Indexed, structure: Structure, work: Work) -> None:
        """Run a build to its end, or wait for the one that is under way."""
        await work.wait_for(self._begin(table, structure))

    def _begin(self, table: Indexed, structure: Structure) -> asyncio.Task[None]:
        """Return the task that builds something, or has it follow; begun now unless it is under way."""
        name = (table, structure)
        task = self._tasks.get(name)
        if task is None:
            steps = self._steps_of(table, structure)
            task = self._tasks[name] = asyncio.create_task(self._run(name, steps))
            task.add_done_callback(retrieve)
        return task

    def _steps_of(self, table: Indexed, structure: Structure) -> Generator[None, None, None]:
        if structure is None:
            return self._order_within_limit(table)
        field, is_sorted = structure
        return self._within_limit(table, field, is_sorted=is_sorted)

    async def _run(self, name: tuple[Indexed, Structure], steps: Generator[None, None, None]) -> None:
        began_s, work = stopwatch_s(), Work()
        try:
            await work.through(steps)
        finally:
            self._tasks.pop(name, None)  # in the step that ends the build: nobody can wait for what is over
            self._count += 1
            self._seconds += stopwatch_s() - began_s


def _indexes_of(access: Access) -> list[tuple[Field, bool]]:
    """Return the indexes that an access needs, each with whether it must be sorted."""
    equal = [(field, False) for field in access.equal if field not in access.ordered]
    return equal + [(field, True) for field in access.ordered]


def retrieve(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended, if nobody waits for it any more."""
    if not task.cancelled():
        task.exception()
