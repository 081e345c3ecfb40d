"""All tables by name, and writes that touch several of them at once.

Knows no HTTP, engines or disks; see ``table.py`` for one table and ``engine/embedded.py`` for who lets steps happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import NO_DUES, Change, Defined, Dropped, Dues, Loaded, Step, Stored, Written, changes_by_table
from ramekin.errors import TooManyTables, UnknownTable, did_you_mean, shorten
from ramekin.schema.definition import NOTHING_CHECKED, NOTHING_DEFINED, Checked, Definition, check_table_name
from ramekin.stats import Totals
from ramekin.storage.followers import FEW
from ramekin.storage.history import History
from ramekin.storage.memory import TABLE_BYTES, Memory, record_growth
from ramekin.storage.room import free
from ramekin.storage.table import Table
from ramekin.storage.unique import check_changes, check_load, no_others

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence

    from ramekin.schema.fields import Field
    from ramekin.storage.unique import Others


MAX_TABLES = 10_000
"""Tables that there may be. More that are on a disk are served, but no new one is made."""


class Catalog:
    """Tables by name, in the order in which they were made.

    A step goes through `fit`, `check` and `store` with no wait between them; where it is kept elsewhere too, that comes
    before it is stored. The first two change nothing, and the last one cannot fail.
    """

    def __init__(self, memory_limit_bytes: int | None = None) -> None:
        self._tables: dict[str, Table] = {}
        self.find: Callable[[str], Table | None] = self._tables.get
        """Return a table, or None."""
        self.definitions: dict[str, Definition] = {}
        """The definitions in force, of the tables that have any; what is in force is the very object."""
        self.memory = Memory(memory_limit_bytes)
        self.revision = 0
        """The number of the last step: one count for all tables, so that a table made again never repeats one."""
        self.history = History()
        self.when_behind: Callable[[Table], None] = lambda _: None
        self.has_unique = self.has_caches = False
        """Whether any table may have unique fields, and whether any is a cache; a write looks for them only then."""

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def names(self) -> list[str]:
        """Return the name of every table, in the order in which they were made. Cost: O(tables), 0.01 µs each."""
        return [*self._tables]

    def anew(self) -> Catalog:
        """Return another one without tables, with as much room; what both let go of is taken apart together."""
        twin = Catalog()
        twin.memory = self.memory.anew()
        return twin

    def leave(self) -> None:
        """Let go of all tables: nobody uses them any more. Cost: O(tables)."""
        for table in [*self._tables.values()]:
            table.leave()

    def report(self, history: History, *, when_behind: Callable[[Table], None]) -> None:
        """Report to whoever takes care of the tables from now on.

        Args:
            history: is told of each step that is stored.
            when_behind: called with a table whose indexes may have changes to follow.
        """
        self.history, self.when_behind = history, when_behind

    def totals(self) -> Totals:
        """Return what all tables have together. Cost: O(1)."""
        memory = self.memory
        found = (memory.indexes, memory.found_bytes, memory.used_bytes)
        return Totals(len(self._tables), memory.records, memory.body_bytes, *found)

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            UnknownTable: there is none of that name.
        """
        if (table := self.find(name)) is None:
            hint = did_you_mean(name, self._tables)
            raise UnknownTable(f"There is no table '{shorten(name)}'.", hint=hint)
        return table

    def fit(self, step: Step, expecting: Checked = NOTHING_CHECKED) -> Step | None:
        """Return what a step comes to now; None where it does not fit what is there. Cost: O(records of the step).

        It fits where the definitions in force are those that are expected; where each change's record has the body that
        the change was computed from; and where no record that a load stores has its id in another type. Changes that
        change nothing are left out, and a load that replaces all says which tables it empties and drops.
        """
        for name in expecting:
            if self.definitions.get(name) is not expecting[name]:
                return None
        if type(step) is Written:
            tables, is_idle = self._tables, False
            for change in step.changes:
                before = tables[change.table].records.bodies.get(change.key) if change.table in tables else None
                if before != change.before:
                    return None
                if change.after is change.before:
                    is_idle = True
            return step.without_idle() if is_idle else step
        return self._fit_load(step) if type(step) is Loaded else step

    def _fit_load(self, step: Loaded) -> Loaded | None:
        for name, bodies in () if step.replaces else step.tables.items():
            table = self.find(name)
            if table is not None and not all(table.records.keeps_id(key, body) for key, body in bodies.items()):
                return None
        return self.with_others(step)

    def with_others(self, step: Loaded) -> Loaded:
        """Return a load with the tables that it empties and drops now, if it replaces all."""
        if not step.replaces:
            return step
        rest = [name for name in self._tables if name not in step.tables]
        emptied = [name for name in rest if name in self.definitions]
        dropped = [name for name in rest if name not in self.definitions]
        return Loaded(step.tables, True, emptied, dropped, step.dues)

    def check(self, step: Step, others: Others = no_others) -> None:
        """See that a step that fits may be stored. Cost: O(records of the step).

        Args:
            others: gives the keys of a table's records that are about to change too; others look at their values.

        Raises:
            InvalidTableName, TooManyTables: no table may have that name; none may be made.
            UnknownTable: there is none to drop, or to empty.
            NotUnique: a unique field would have one value in two records.
            MemoryLimit: there is no room; that for the records of a load is held already.
        """
        if type(step) is Written:
            self._check_changes(step.changes, others)
            return
        match step:
            case Defined(name, definition):
                _check_names([name], self._tables)
                if grown := _definition_growth(self.find(name), definition):
                    self.make_room(grown)
            case Dropped(name):
                self.table(name)
            case Loaded(tables, replaces, emptied):
                for name in emptied:
                    self.table(name)
                _check_names(tables, emptied if replaces else self._tables)
                if not replaces and (grown := parting_bytes(self, tables)):
                    self.make_room(grown)
                for name, bodies in tables.items():
                    check_load(self.find(name), bodies, replaces=replaces)

    def _check_changes(self, changes: Sequence[Change], others: Others) -> None:
        _check_names({change.table for change in changes}, self._tables)
        if self.has_unique:
            check_changes(self.find, changes, others)
        if (grown := self.growth(changes)) > 0:
            self.make_room(grown)

    def store(self, step: Stored) -> None:
        """Apply a step that fits and was checked; one of no changes is none. Cost: O(changes), O(records) of a load."""
        if type(step) is Change:
            self.revision += 1
            self._write(step)
        elif type(step) is Written:
            if not step.changes:
                return
            self.revision += 1
            late = _leave_behind(self, step.changes) if len(step.changes) > FEW else ()
            for change in step.changes:
                self._write(change, change.table in late)
            for name in late:
                self.when_behind(self._tables[name])
        else:
            self.revision += 1
            self._store_whole(step)
        if self.history.is_kept:  # a call less
            self.history.tell(self.revision, step)

    def _write(self, change: Change, is_late: bool = False) -> None:
        try:
            table = self._tables[change.table]
        except KeyError:
            table = self.made(change.table)
        table.revision = self.revision
        if (body := change.after) is not None:
            table.put(change.key, body, change.due, is_late)
        else:
            table.remove(change.key, is_late)

    def _store_whole(self, step: Stored) -> None:
        match step:
            case Defined(name, definition):
                self._define(name, definition)
            case Dropped(name):
                self._drop(name)
            case Loaded(tables, replaces):
                self.store_rest(step)
                for name, bodies in tables.items():
                    self._load(name, bodies, step.dues_of(name), replaces=replaces)

    def made(self, name: str) -> Table:
        """Return the table of that name, made if it is new."""
        if (table := self.find(name)) is None:
            table = self._tables[name] = Table(name, self.memory)
        return table

    def _define(self, name: str, definition: Definition) -> None:
        table = self.made(name)
        table.define(definition)
        table.revision = self.revision
        self.definitions.pop(name, None)
        if definition != NOTHING_DEFINED:
            self.definitions[name] = definition
        self._note_definitions()

    def _drop(self, name: str) -> None:
        self._tables.pop(name).leave()
        self.definitions.pop(name, None)
        self._note_definitions()

    def _note_definitions(self) -> None:
        self.has_unique = any(definition.unique for definition in self.definitions.values())
        self.has_caches = any(definition.is_cache for definition in self.definitions.values())

    def store_rest(self, step: Loaded) -> None:
        """Drop and empty the tables that a load does not name, as it says."""
        for name in step.dropped:
            self._drop(name)
        for name in step.emptied:
            self._load(name, {}, NO_DUES, replaces=True)

    def _load(self, name: str, bodies: dict[str, bytes], dues: Dues, *, replaces: bool) -> None:
        table = self.made(name)
        table.load(bodies, dues, replace=replaces)
        table.revision = self.revision

    def growth(self, changes: Sequence[Change]) -> int:
        """Return the bytes that changes add together; 0 without a limit. Cost: O(changes)."""
        if self.memory.limit_bytes is None:
            return 0
        grown, new = parting_bytes(self, (change.table for change in changes)), set[str]()
        for change in changes:
            grown += record_growth(change.key, change.before, change.after, change.due)
            if change.before is None and change.after is not None:
                if (table := self._tables.get(change.table)) is not None:
                    grown += table.finding_bytes_each()
                else:
                    new.add(change.table)
        return grown + len(new) * TABLE_BYTES

    def make_room(self, grown_bytes: int, needed: Container[Field] = ()) -> None:
        """See that there is room for some bytes. If not, what can give way does: see ``room.py``.

        Args:
            needed: fields whose indexes somebody is about to use; they stay.

        Raises:
            MemoryLimit: there is no room. Cost: O(1); O(tables) where room is lacking.
        """
        if self.memory.lacking_bytes(grown_bytes) > 0:
            free(self._tables.values(), self.memory, self.history, grown_bytes, needed)

    def make_room_to_read(self, needed: Container[Field]) -> None:
        """See that there is room to go on building an index; others are dropped for it. Raises MemoryLimit.

        Indexes may take an eighth more than the limit, so that readers find room where writers took all.
        """
        self.make_room(-self.memory.spare_bytes, needed)


def _leave_behind(catalog: Catalog, changes: Sequence[Change]) -> list[str]:
    """Have indexes follow later that would take long to follow so many changes; return their tables' names.

    Cost: O(changes).
    """
    by_table = changes_by_table(changes)
    tables = [(catalog.find(name), some) for name, some in by_table.items() if len(some) > FEW]
    return [table.name for table, some in tables if table is not None and table.leave_behind(some)]


def parting_bytes(catalog: Catalog, names: Iterable[str]) -> int:
    """Return what a write to some tables takes by itself, as branches share them. Cost: O(names) with branches."""
    if catalog.memory.family is None:
        return 0
    return sum([table.parting_bytes for name in {*names} if (table := catalog.find(name)) is not None])


def _definition_growth(table: Table | None, definition: Definition) -> int:
    """Return the bytes that a definition adds: a table, or its indexes. Cost: O(indexes).

    The table of a model is always made: a server has the tables of its models.
    """
    if definition.model is not None:
        return 0
    return TABLE_BYTES if table is None else table.definition_growth(definition)


def _check_names(names: Iterable[str], staying: Collection[str]) -> None:
    """Refuse names that no table may have, and new tables that would be too many beside those that stay.

    Raises:
        InvalidTableName, TooManyTables.
    """
    new = [name for name in names if name not in staying]
    for name in new:
        check_table_name(name)
    if new and len(staying) + len(new) > MAX_TABLES:
        raise TooManyTables(f"There are at most {MAX_TABLES:,} tables; nothing was applied.")
