"""The tables of this process, as everybody reads them: the reading half of every engine.

What is shown has happened: it was checked, and is kept where the engine keeps it. What needs no waiting is a plain
function. What may have to build an order or an index first is a coroutine, and builds in steps of a few milliseconds
between which others have their turn. Many records are read on a `View` (``query/view.py``), which stays at one moment
however much is written meanwhile.

Every method that is given a table's name raises UnknownTable where there is none; Starting until the engine is open.
Bodies are JSON text. They are never changed, and never parsed but to read the field that an index or a join needs.

Knows no journal; see ``base.py`` for how tables change, ``builds.py`` for what is built, ``embedded_view.py`` for
views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Defined, Dropped, Loaded, Step, Together, Written
from ramekin.clock import SYSTEM, Clock
from ramekin.durability.contents import Contents, TableContents
from ramekin.engine.access import Access
from ramekin.engine.builds import Builds
from ramekin.engine.embedded_view import EmbeddedView, page_of
from ramekin.engine.expirations import Apply, Expirations
from ramekin.engine.moments import Moments
from ramekin.engine.work import Work
from ramekin.errors import Starting
from ramekin.schema.fields import Field, Trait
from ramekin.storage.catalog import Catalog
from ramekin.storage.forks import own
from ramekin.storage.frozen import Frozen
from ramekin.storage.history import History
from ramekin.storage.largest import Largest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from ramekin.engine.evictions import Evictions
    from ramekin.query.view import Page
    from ramekin.schema.definition import Checked, Definition
    from ramekin.schema.models import ModelSchema
    from ramekin.stats import IndexStats, LinkStats, MemoryStats, TableStats, Totals
    from ramekin.storage.indexed import Indexed
    from ramekin.storage.staging import Staging
    from ramekin.storage.table import Table
    from ramekin.values.ids import RecordId

SWEEP_S = 30.0
"""Seconds between two looks for indexes that nothing uses."""

SWEEP_STEPS = 64
"""Look for idle indexes after this many direct writes, if it is time for that."""


class Tables:
    """All tables of an engine, with their orders and indexes."""

    catalog: Catalog
    """The tables themselves: for the engine alone, which lets steps happen to them."""

    definitions: Mapping[str, Definition]
    """The definitions in force, of the tables that have any.

    What is in force is the object itself: it changes in the step that applies another one, for all readers and writers
    at once. A definition that is on its way to a disk is not here yet.
    """

    lineage = ""
    """What tells the history of the tables from all others; with it a table's revision says what is in it, anywhere."""

    def __init__(
        self, catalog: Catalog, expire: Apply, evictions: Evictions, *, index_idle_s: float, clock: Clock = SYSTEM
    ) -> None:
        """Show the tables of a catalog.

        Args:
            expire, evictions: what takes records out that are due, and those of caches.
            index_idle_s: seconds after which an index that nothing used is dropped.
        """
        self.builds, self.expirations = Builds(clock), Expirations(expire, clock)
        self.evictions, self.moments = evictions, Moments()
        self.models: dict[str, ModelSchema] = {}
        """The models that databases on this engine were made with, by table; what they type is theirs to define."""
        self.when_defined: list[Callable[[], None]] = []  # called when another process may have defined a table
        self.history = History(clock)  # the last steps, for whoever follows them
        self._clock, self.index_idle_s, self._largest = clock, index_idle_s, Largest()
        self._sweep_every_s = min(SWEEP_S, index_idle_s)
        self._sweep_at_s = clock.steady_s() + self._sweep_every_s
        self.adopt(catalog)

    def adopt(self, catalog: Catalog) -> None:
        """Show the tables of another catalog from now on: what is kept was read."""
        self.catalog, self.definitions, self.leaving = catalog, catalog.definitions, catalog.memory.leaving
        self.history.count_in(catalog.memory)
        for each in (self.builds, self.evictions, self.expirations):
            each.adopt(catalog)
        catalog.report(self.history, when_behind=self.builds.follow)

    def follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.builds.forget()
        self.moments = Moments()
        self.expirations.follow()
        self.evictions.follow()

    def name_lineage(self, name: str) -> None:
        """Give the history a name, if it has none."""
        self.lineage = self.lineage or name

    def know(self, models: Mapping[str, ModelSchema]) -> None:
        """Know the models of one more database on the engine."""
        self.models |= models

    def version(self, name: str) -> str:
        """Return what names the contents of a table among all that it has had. Raises UnknownTable. Cost: O(1)."""
        return str(self.catalog.table(name).revision)

    def __contains__(self, name: str) -> bool:
        """Say whether there is a table of that name."""
        return self.catalog.find(name) is not None

    def is_typed(self, name: str) -> bool:
        """Say whether a table is a model's: it is emptied where others are dropped. Cost: O(1)."""
        return name in self.models

    async def refresh(self) -> None:
        """Wait until the tables show all that happened before the call, in other processes too.

        Cost: nothing where nobody else writes; else a question to a node, one for all who ask in the same turn.

        Raises:
            Unavailable: the node does not answer.
        """

    def link_stats(self) -> LinkStats | None:
        """Return how this process follows others that write the tables; None where there are none. Cost: O(1)."""
        return None

    # Figures

    def names(self) -> list[str]:
        """Return the name of every table, in the order in which they were made. Cost: O(tables), 0.01 µs each."""
        return self.catalog.names()

    def table_stats(self, name: str) -> TableStats:
        """Return the statistics of one table. Cost: O(1)."""
        return self.catalog.table(name).stats()

    def index_stats(self, name: str) -> tuple[IndexStats, ...]:
        """Return the statistics of a table's indexes. Cost: O(indexes)."""
        return self.catalog.table(name).index_stats()

    def totals(self) -> Totals:
        """Return what all tables have together. Cost: O(1)."""
        return self.catalog.totals()

    def largest(self) -> list[TableStats]:
        """Return the statistics of the largest tables, as far as they are found yet (`Largest`). Cost: O(1)."""
        return [table.stats() for table in self._largest.look(self.catalog)]

    def memory(self) -> MemoryStats:
        """Return how many bytes the tables take, and may take. Cost: O(1)."""
        return self.catalog.memory.stats()

    def reserve(self, size_bytes: int) -> None:
        """Count bytes that are on their way into tables by a load, or give them back where the number is below 0.

        Raises:
            MemoryLimit: there is no room; nothing is counted.
        """
        if size_bytes > 0:
            self.catalog.make_room(size_bytes)
        self.catalog.memory.reserved_bytes += size_bytes

    # Records

    def get(self, table: str, key: str) -> bytes | None:
        """Return a record's body, or None. Cost: O(1)."""
        found = self.catalog.find(table) or self.catalog.table(table)  # which says what is wrong
        is_due = found.records.dues and found.is_due(key, self.expirations.now_s())
        body = None if is_due else found.records.bodies.get(key)
        if found.sieve is not None:
            found.sieve.look(key, body)
        return body

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int) -> Page:
        """Return a page of a table in id order, behind an id (which need not exist) or from an offset.

        Cost: O(log n + limit), after the first call on a table, which puts its ids in order.
        """
        found = self.catalog.table(table)
        if found.order is not None and found.order.is_ready and not self.expirations.concern((table,)):
            return page_of(found.order, found.records, after, offset, limit)
        async with self.view([Access(table, in_id_order=True)]) as view:
            return view.page(table, after, offset, limit)

    async def holders(self, table: str, traits: Sequence[Trait], work: Work | None = None) -> list[str | None]:
        """Return for each of some traits the key of a record that has it, or None.

        Cost: O(1) where an index of the field tells, or where it is known that none has, which writes keep so; else one
        pass over the records for all of the traits, in steps, until each was found.
        """
        now_s, found = self._clock.steady_s(), dict[Trait, str]()
        known = self.catalog.table(table)
        unknown = []
        for trait in dict.fromkeys(traits):
            if (index := known.indexes.get(Field(trait.path))) is not None and index.holds(trait.kinds):
                if (record_id := index.holder(trait.kinds)) is not None:
                    found[trait] = str(record_id)
            elif not known.absences.are_known(trait, now_s):
                unknown.append(trait)
        if unknown:
            async with self.view([Access(table)], work) as view:
                absences = self.catalog.table(table).absences
                look = absences.watch(unknown, now_s)  # in one step with the view: nothing is written in between
                there = await view.holders(table, unknown)
            absences.drop(there)
            absences.confirm((trait for trait in unknown if trait not in there), look)
            found |= there
        return [found.get(trait) for trait in traits]

    def view(self, accesses: Sequence[Access], work: Work | None = None) -> AbstractAsyncContextManager[EmbeddedView]:
        """Return a view of tables at one moment, to be used in ``async with``.

        Args:
            work: what is read is a part of this; None: of work of its own.

        Where there is no room for an index, `estimate` says that it is of no use, and what reads it raises MemoryLimit.

        Cost: O(1) once the indexes that it needs exist; a write while the view is held copies what it changes, once.
        """
        return _Viewing(self, accesses, work)

    async def ready(self, accesses: Sequence[Access], work: Work) -> Sequence[Indexed]:
        """Return as `Builds.ready` the tables of some accesses, of which nothing is due."""
        if not self.expirations.tables:
            return await self.builds.ready(accesses, work)
        names = [access.table for access in accesses]
        await self.expirations.sweep(names, work)
        tables = await self.builds.ready(accesses, work)
        if self.expirations.concern(names):  # a build took long
            _leave(tables)
            await self.expirations.sweep(names, work)
            tables = await self.builds.ready(accesses, work)
        return tables

    async def swept(self, names: Iterable[str] | None = None) -> None:
        """Wait until nothing is due in some tables, or in all. Raises as `Engine.apply`.

        Cost: O(1) where nothing is; else O(records that are due), in steps.
        """
        if self.expirations.tables:
            await (self.expirations.sweep_all() if names is None else self.expirations.sweep(names))

    # For the engine

    def contents(self) -> Contents:
        """Return whole tables as they are now, which nothing changes any more. Cost: O(tables).

        The records stay pinned, so that the next write to each table copies them once.
        """
        pinned = [(table, table.records.pin()) for table in self.catalog]
        return {table.name: TableContents(table.definition, records.bodies, records.dues) for table, records in pinned}

    async def build_after(self, step: Step | Together) -> None:
        """Have the indexes built that definitions name, of the tables of a step that has happened."""
        for each in step.steps if isinstance(step, Together) else ():
            await self.build_after(each)
        names = [step.table] if type(step) is Defined else step.tables if type(step) is Loaded else ()
        for name in names:
            if (table := self.catalog.find(name)) is not None:
                await self.builds.pinned(table)

    async def stage(self, step: Step, expecting: Checked) -> Staging | None:
        """Return a large step, prepared; None if it does not fit, or what it expects is not so any more.

        Raises as `Catalog.check`. Nobody else writes.
        """
        if self.catalog.fit(Written(()), expecting) is None:
            return None
        await self.builds.for_step(step)
        staging = await self.evictions.prepared(step)
        return staging if staging.fits else None

    def sweep(self) -> None:
        """Drop the indexes that nothing has used for long, if it is time to look."""
        now_s = self._clock.steady_s()
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + self._sweep_every_s
            for table in own(self.catalog):
                table.drop_idle_indexes(now_s - self.index_idle_s)

    def at_once(self, name: str, key: str, most_bytes: int) -> Table | None:
        """Return a table as `Engine.at_once` does, as far as the tables know. For engines alone."""
        if self.catalog.revision % SWEEP_STEPS == 0:
            self.sweep()
        table = self.catalog.find(name)
        if table is None or not self.catalog.memory.is_ample(most_bytes):
            return None
        records, unique, names = table.records, table.unique_fields, (name,)
        is_shared = records.readers and (records.owners > 1 or records.borrowers)
        is_unready = unique and (self.builds.missing_unique(names) or self.expirations.concern(names))
        is_due = records.dues and table.is_due(key, self.expirations.now_s())
        return None if is_shared or is_unready or is_due else table


def drop_of(tables: Tables, name: str) -> Step:
    """Return the step that drops a table, or empties it where it is a model's."""
    return Loaded({}, emptied=(name,)) if tables.is_typed(name) else Dropped(name)


async def follow_up(tables: Tables, step: Step | Together) -> int:
    """Do all that follows from the step that was stored last, and return its number.

    Others give way to it where tables are caches, and the indexes are built that definitions name.
    """
    number = tables.catalog.revision
    tables.evictions.after(step)
    await tables.evictions.within_limits(step)
    await tables.build_after(step)
    return number


class Unread(Catalog):
    """Stands for tables that are kept elsewhere, until they are read: to ask for one, or for all, is too early."""

    def __iter__(self) -> Iterator[Table]:
        raise Starting("The database is not open.")

    def names(self) -> list[str]:
        raise Starting("The database is not open.")

    def totals(self) -> Totals:
        raise Starting("The database is not open.")

    def table(self, name: str) -> Table:  # noqa: ARG002  # as a catalog has it
        raise Starting("The database is not open.")


def _leave(tables: Iterable[Indexed]) -> None:
    """Let go of tables that are ready, unused."""
    for table in tables:
        if isinstance(table, Frozen):
            table.leave()


class _Viewing:
    """A view for as long as an ``async with`` lasts; a class, since a generator would cost a short query a tenth."""

    __slots__ = ("_accesses", "_tables", "_view", "_work")

    def __init__(self, tables: Tables, accesses: Sequence[Access], work: Work | None) -> None:
        self._tables, self._accesses, self._work = tables, accesses, work

    async def __aenter__(self) -> EmbeddedView:
        tables, accesses, work = self._tables, self._accesses, self._work or Work()
        await work.rest()
        tables.sweep()
        ready = await tables.ready(accesses, work)
        if accesses and accesses[0].is_whole:
            while not tables.moments.is_now(ready, tables.catalog.revision):
                _leave(ready)
                await work.idle(tables.moments.next())
                ready = await tables.ready(accesses, work)
        self._view = EmbeddedView(work)
        for table, access in zip(ready, accesses, strict=True):
            self._view.pin(table, access)
        return self._view

    async def __aexit__(self, *_: object) -> None:
        self._view.release()
