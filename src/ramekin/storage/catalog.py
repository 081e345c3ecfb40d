"""All tables by name, and writes that touch several of them at once.

Knows no HTTP, engines or disks; see ``table.py`` for one table and ``engine/embedded.py`` for who calls this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Change
from ramekin.errors import Fault, MemoryLimit, NotUnique, UnknownTable, did_you_mean, pointer, shorten
from ramekin.schema.definition import NOTHING_CHECKED, NOTHING_DEFINED, check_table_name
from ramekin.schema.fields import join_reader
from ramekin.storage.memory import TABLE_BYTES, Memory, record_growth
from ramekin.storage.table import Table
from ramekin.values.paths import print_path

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from ramekin.schema.definition import Checked, Definition
    from ramekin.schema.fields import Field
    from ramekin.values.keys import JoinKey


def no_others(_: str) -> Container[str]:
    """Return the keys of no records."""
    return ()


class Catalog:
    """Tables by name, in the order in which they were made.

    Guarantee: `apply` and `load` do all or nothing, in one step.
    """

    def __init__(self, memory_limit_bytes: int | None = None) -> None:
        self._tables: dict[str, Table] = {}
        self.find: Callable[[str], Table | None] = self._tables.get
        """Return a table, or None."""
        self.definitions: dict[str, Definition] = {}
        """The definitions in force, of the tables that have any; what is in force is the very object."""
        self.memory = Memory(memory_limit_bytes)
        self._revision = 0  # one count for all tables, so that a table made again never repeats one
        self.has_unique = False
        """Whether any table may have unique fields; a write looks for them only then."""

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            UnknownTable: there is none of that name.
        """
        try:
            return self._tables[name]
        except KeyError:
            hint = did_you_mean(name, self._tables)
            raise UnknownTable(f"There is no table '{shorten(name)}'.{hint}") from None

    def create(self, name: str) -> Table:
        """Return the table of that name, made if it is new.

        Raises:
            InvalidTableName: no table may have that name.
        """
        table = self._tables.get(name)
        if table is None:
            check_table_name(name)
            table = self._tables[name] = Table(name, self.memory)
        return table

    def drop(self, name: str) -> None:
        """Remove a table and its records.

        Raises:
            UnknownTable: there is none of that name.
        """
        self.table(name)
        self._tables.pop(name).leave()
        self.definitions.pop(name, None)

    def apply(self, changes: Sequence[Change], checked_by: Checked = NOTHING_CHECKED) -> bool:
        """Apply changes that all still hold, and return True; or none of them, and return False.

        A change holds while the record's body is the one that it was computed from, and the definition of its table
        the one that it was checked by. Tables that are new are made. Cost: O(changes).

        Raises:
            NotUnique: a unique field would have one value in two records; nothing is applied.
            MemoryLimit: there is no room; nothing is applied.
        """
        if not (self.are_in_force(checked_by) and self.holds(changes)):
            return False
        if changing := [change for change in changes if change.after is not change.before]:
            self.check(changing)
            self.store(changing)
        return True

    def are_in_force(self, definitions: Checked) -> bool:
        """Say whether some definitions are those in force. Cost: O(definitions)."""
        return all(self.definitions.get(name) is definition for name, definition in definitions.items())

    def holds(self, changes: Sequence[Change]) -> bool:
        """Say whether each change's record still has the body that it was computed from. Cost: O(changes)."""
        found, bodies = None, dict[str, bytes]()
        for name, key, before, _ in changes:
            if name != found:
                found, table = name, self._tables.get(name)
                bodies = {} if table is None else table.records.bodies
            if bodies.get(key) != before:
                return False
        return True

    def check(self, changes: Sequence[Change], others: Callable[[str], Container[str]] = no_others) -> int:
        """See that changes that hold may be stored, and return the bytes that they add. Cost: O(changes).

        Args:
            others: gives the keys of a table's records that are about to change too; others look at their values.

        Raises:
            InvalidTableName, NotUnique, MemoryLimit: they may not.
        """
        for name in {change[0] for change in changes}:
            if name not in self._tables:
                check_table_name(name)
        if self.has_unique:
            self.check_unique(changes, others)
        return self.check_room(changes)

    def store(self, changes: Sequence[Change]) -> None:
        """Apply changes that are known to hold, to tables with proper names; new ones are made. Cost: O(changes)."""
        self._revision += 1
        for change in changes:
            self._put(*change)

    def put(self, table: str, key: str, before: bytes | None, after: bytes | None) -> None:
        """Apply the change of one record whose body is `before`. Raises as `apply`. Cost: O(1)."""
        self.check_one(table, key, before, after)
        self._revision += 1
        self._put(table, key, before, after)

    def check_one(self, table: str, key: str, before: bytes | None, after: bytes | None) -> None:
        """See that the change of one record may be stored; as `check`, with less ado. Cost: O(1)."""
        if table not in self._tables:
            check_table_name(table)
        if self.has_unique:
            self.check_unique([Change(table, key, before, after)])
        if after is not None and not self.memory.is_ample(len(key) + len(after)):
            self.check_room(((table, key, before, after),))

    def store_one(self, table: str, key: str, before: bytes | None, after: bytes | None) -> None:
        """Apply the change of one record that is known to hold; as `store`. Cost: O(1)."""
        self._revision += 1
        self._put(table, key, before, after)

    def _put(self, name: str, key: str, before: bytes | None, after: bytes | None) -> None:
        table = self._tables.get(name)
        if table is None:
            table = self.create(name)
        table.revision = self._revision
        if after is not None:
            table.put(key, after)
        elif before is not None:
            table.remove(key)

    def define(self, name: str, definition: Definition) -> Table:
        """Give a table a definition, which its records satisfy, and return it; it is made if it is new.

        Raises:
            InvalidTableName: no table may have that name.
        """
        table = self.create(name)
        self._revision += 1
        table.define(definition)
        table.revision = self._revision
        self.definitions.pop(name, None)
        if definition != NOTHING_DEFINED:
            self.definitions[name] = definition
        self.has_unique = any(definition.unique for definition in self.definitions.values())
        return table

    def load(self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, checked_by: Checked) -> bool:
        """Store whole tables in one step, and return True; or nothing, as `check_load` says, and return False.

        Room for them is held already.

        Args:
            tables: bodies by key, by table.
            replace: whether nothing else stays; other tables are dropped, those with a definition emptied.

        Raises:
            NotUnique: a unique field would have one value in two records; nothing is stored.
        """
        if not self.check_load(tables, replace=replace, checked_by=checked_by):
            return False
        emptied, dropped = self.replaced_by(tables) if replace else ([], [])
        self.store_load(tables, replace=replace, emptied=emptied, dropped=dropped)
        return True

    def store_load(
        self,
        tables: Mapping[str, dict[str, bytes]],
        *,
        replace: bool = False,
        emptied: Iterable[str] = (),
        dropped: Iterable[str] = (),
    ) -> None:
        """Store whole tables that are checked, empty some and drop some others, in one step."""
        self._revision += 1
        for name in dropped:
            self.drop(name)
        for name in emptied:
            self._load_one(name, {}, replace=True)
        for name, bodies in tables.items():
            self._load_one(name, bodies, replace=replace)

    def check_load(self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, checked_by: Checked) -> bool:
        """See that a load may be done.

        Returns:
            False where another definition is in force, or it would store a record's id in another type than it has.

        Raises InvalidTableName, NotUnique. Cost: O(records).
        """
        if not self.are_in_force(checked_by):
            return False
        for name, bodies in tables.items():
            check_table_name(name)
            table = self._tables.get(name)
            if not replace and table is not None and not table.keeps_ids(bodies):
                return False
            self._check_unique_load(name, bodies, replace=replace)
        return True

    def replaced_by(self, tables: Container[str]) -> tuple[list[str], list[str]]:
        """Return which tables a load that replaces all empties, and which it drops."""
        rest = [name for name in self._tables if name not in tables]
        return [n for n in rest if n in self.definitions], [n for n in rest if n not in self.definitions]

    def check_room(self, changes: Iterable[tuple[str, str, bytes | None, bytes | None]]) -> int:
        """Make room for what changes add together, and return it in bytes. Cost: O(changes).

        Raises:
            MemoryLimit: there is no room; nothing is applied.
        """
        if self.memory.limit_bytes is None:
            return 0
        grown, new = 0, {}
        for name, key, before, after in changes:
            grown += record_growth(key, before, after)
            if before is None and after is not None:
                if (table := self._tables.get(name)) is not None:
                    grown += table.finding_bytes_each()
                else:
                    new[name] = TABLE_BYTES
        if new:
            grown += sum(new.values())
        if grown > 0:
            self.make_room(grown)
        return grown

    def check_definition(self, name: str, definition: Definition) -> None:
        """Make room for what a definition adds: a table, or its indexes. Raises MemoryLimit. Cost: O(indexes).

        The table of a model is always made: a server has the tables of its models.
        """
        if definition.model is not None:
            return
        table = self._tables.get(name)
        if grown := TABLE_BYTES if table is None else table.definition_growth(definition):
            self.make_room(grown)

    def make_room(self, grown_bytes: int, needed: Container[Field] = ()) -> None:
        """See that there is room for some bytes. If not, indexes that nothing pins are dropped, the least used first.

        Indexes are only dropped if dropping them all would free enough. Cost: O(1); O(tables) where room is lacking.

        Args:
            needed: fields whose indexes somebody is about to use; they stay.

        Raises:
            MemoryLimit: there is no room.
        """
        memory = self.memory
        if memory.limit_bytes is None or memory.used_bytes + memory.held_bytes + grown_bytes <= memory.limit_bytes:
            return
        spare = [(used_s, table, field) for table in self for used_s, field in table.spare_indexes(needed)]
        if sum(table.indexes[field].size_bytes for _, table, field in spare) < memory.lacking_bytes(grown_bytes):
            raise MemoryLimit("The tables have no room for this; nothing was applied.")
        spare.sort(key=lambda each: each[0])
        for _, table, field in spare:
            table.drop_index(field)
            if memory.lacking_bytes(grown_bytes) <= 0:
                return

    def make_room_to_read(self, needed: Container[Field]) -> None:
        """See that there is room to go on building an index; others are dropped for it. Raises MemoryLimit.

        Indexes may take an eighth more than the limit, so that readers find room where writers took all.
        """
        self.make_room(-self.memory.reserve_bytes, needed)

    def _load_one(self, name: str, bodies: dict[str, bytes], *, replace: bool) -> None:
        table = self.create(name)
        table.load(bodies, replace=replace)
        table.revision = self._revision

    def check_unique(self, changes: Sequence[Change], others: Callable[[str], Container[str]] = no_others) -> None:
        """See that no unique field would have one value in two records. Raises NotUnique. Cost: O(changes)."""
        for name in dict.fromkeys(change.table for change in changes):
            table = self._tables.get(name)
            if table is None or not table.definition.unique:
                continue
            of_table = [change for change in changes if change.table == name]
            if (taken := table.find_taken(of_table, others(name))) is not None:
                raise _not_unique(taken[0], name, taken[1].key)

    def _check_unique_load(self, name: str, bodies: dict[str, bytes], *, replace: bool) -> None:
        """Check a load, in one step of O(records of the table)."""
        table = self._tables.get(name)
        if table is None or not table.definition.unique:
            return
        standing = {} if replace else {key: b for key, b in table.records.bodies.items() if key not in bodies}
        for field in table.unique_fields:
            key_of = join_reader(field)
            taken: set[JoinKey | None] = set()
            for key, body in {**standing, **bodies}.items():
                value = key_of(body)
                if value is not None and value in taken:
                    raise _not_unique(field, name, key)
                taken.add(value)


def _not_unique(field: Field, table: str, key: str) -> NotUnique:
    name = shorten(print_path(field.path))
    said = f"In the table '{table}' the field '{name}' is unique, and another record has this value."
    error = NotUnique(said, faults=[Fault(pointer(field.path), "Another record has this value.")])
    error.place = (table, key)
    return error
