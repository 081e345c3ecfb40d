"""All tables by name, and writes that touch several of them at once.

Knows no HTTP, engines or disks; see ``table.py`` for one table and ``engine/embedded.py`` for who calls this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.definitions import NOTHING_DEFINED, Change, check_table_name
from ramekin.errors import Fault, MemoryLimit, NotUnique, UnknownTable, did_you_mean, pointer, shorten
from ramekin.fields import join_reader
from ramekin.paths import print_path
from ramekin.storage.memory import TABLE_BYTES, Memory, record_growth
from ramekin.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from ramekin.definitions import Definition
    from ramekin.fields import Field
    from ramekin.values import JoinKey


class Catalog:
    """Tables by name, in the order in which they were made.

    Guarantee: `apply` and `load` do all or nothing, in one step.
    """

    def __init__(self, memory_limit_bytes: int | None = None) -> None:
        self._tables: dict[str, Table] = {}
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

    def find(self, name: str) -> Table | None:
        """Return a table, or None."""
        return self._tables.get(name)

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

    def apply(self, changes: Sequence[Change]) -> bool:
        """Apply changes that all still hold, and return True; or none of them, and return False.

        A change holds while the record's body is the one that it was computed from. Tables that are new are made.
        Cost: O(changes).

        Raises:
            NotUnique: a unique field would have one value in two records; nothing is applied.
            MemoryLimit: there is no room; nothing is applied.
        """
        if not self.holds(changes):
            return False
        self.check(changes)
        self.store(changes)
        return True

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

    def check(self, changes: Sequence[Change]) -> int:
        """See that changes that hold may be stored, and return the bytes that they add. Cost: O(changes).

        Raises:
            InvalidTableName, NotUnique, MemoryLimit: they may not.
        """
        for name in {change[0] for change in changes}:
            if name not in self._tables:
                check_table_name(name)
        if self.has_unique:
            self.check_unique(changes)
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

    def define(self, name: str, definition: Definition) -> None:
        """Give a table a definition, which its records satisfy; it is made if it is new.

        Raises:
            InvalidTableName: no table may have that name.
        """
        table = self.create(name)
        self._revision += 1
        table.define(definition)
        table.revision = self._revision
        self.has_unique = any(table.definition.unique for table in self)

    def load(self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, keep: frozenset[str]) -> bool:
        """Store whole tables in one step, and return True; or nothing, as `check_load` says, and return False.

        Room for them is held already.

        Args:
            tables: bodies by key, by table.
            replace: whether nothing else stays; tables that are not named are dropped, those in `keep` and those with
                a definition emptied.

        Raises:
            NotUnique: a unique field would have one value in two records; nothing is stored.
        """
        if not self.check_load(tables, replace=replace):
            return False
        self.store_load(tables, replace=replace, keep=keep)
        return True

    def store_load(self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, keep: frozenset[str]) -> None:
        """Store whole tables that are checked; as `load`."""
        self._revision += 1
        if replace:
            for name, stays in self.replaced_by(tables, keep).items():
                if stays:
                    self._load_one(name, {}, replace=True)
                else:
                    self.drop(name)
        for name, bodies in tables.items():
            self._load_one(name, bodies, replace=replace)

    def check_load(self, tables: Mapping[str, dict[str, bytes]], *, replace: bool) -> bool:
        """See that a load may be done; False where it would store a record's id in another type than the one it has.

        Raises InvalidTableName, NotUnique. Cost: O(records).
        """
        for name, bodies in tables.items():
            check_table_name(name)
            table = self._tables.get(name)
            if not replace and table is not None and not table.keeps_ids(bodies):
                return False
            self._check_unique_load(name, bodies, replace=replace)
        return True

    def replaced_by(self, tables: Container[str], keep: frozenset[str]) -> dict[str, bool]:
        """Return the tables that a load which replaces does not name, each with whether it stays, empty."""
        rest = {name: table for name, table in self._tables.items() if name not in tables}
        return {name: name in keep or table.definition != NOTHING_DEFINED for name, table in rest.items()}

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
        """See that there is room for some bytes; indexes that nothing pins give way, the one used least recently first.

        None gives way where all together would not be enough. Cost: O(1), O(tables) where room is lacking.

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
        """See that an index which is being built may go on; others give way. Raises MemoryLimit. Cost: as `make_room`.

        It may take an eighth more than the limit, so that those who read find room where writers took all.
        """
        self.make_room(-self.memory.reserve_bytes, needed)

    def _load_one(self, name: str, bodies: dict[str, bytes], *, replace: bool) -> None:
        table = self.create(name)
        table.load(bodies, replace=replace)
        table.revision = self._revision

    def check_unique(self, changes: Sequence[Change]) -> None:
        """See that no unique field would have one value in two records. Raises NotUnique. Cost: O(changes)."""
        for name in dict.fromkeys(change.table for change in changes):
            table = self._tables.get(name)
            if table is None or not table.definition.unique:
                continue
            if (taken := table.find_taken([change for change in changes if change.table == name])) is not None:
                raise _not_unique(taken[0], name, taken[1].key)

    def _check_unique_load(self, name: str, bodies: dict[str, bytes], *, replace: bool) -> None:
        """Check a load, in one step of O(records of the table)."""
        table = self._tables.get(name)
        if table is None or not table.definition.unique:
            return
        standing = {} if replace else {key: b for key, b in table.records.bodies.items() if key not in bodies}
        for field in table.unique_fields():
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
