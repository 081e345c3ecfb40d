"""Catalogs that share all that their tables hold, until one of them writes: branches, and the way back to a moment.

    a catalog ──Fork──► another one, which has the same records, order and indexes        O(tables), whatever they hold
        │                  │
      write              write: whichever comes first goes on with a copy of that table   O(records), once
        │
        └──restore──► has again what the other one has                                    O(tables), whatever they hold

Knows no databases; see ``shared.py`` for how a structure is shared, ``counted.py`` for who counts for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Change, Loaded
from ramekin.storage.catalog import Catalog
from ramekin.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ramekin.schema.definition import Definition
    from ramekin.storage.memory import Memory


class Fork(Catalog):
    """A catalog that has all tables of another one as they are at its making, which takes 0.2 µs for each.

    In the place of a table stands the other one's very table, until somebody looks for it here or it is about to change
    there (`Counted.hand_on`): then there is one of its own, that shares all it has. So what nobody needs is never made.
    """

    def __init__(self, catalog: Catalog, when_short: Callable[[], None] = lambda: None) -> None:
        """Make one.

        Args:
            when_short: called where room is lacking for another one: whoever has a catalog too many may let go of it.
        """
        super().__init__()
        self.memory, self.find = catalog.memory.fork(when_short, self._take), self._find
        self.revision, self.has_unique, self.has_caches = catalog.revision, catalog.has_unique, catalog.has_caches
        self._tables |= catalog._tables
        self.definitions |= catalog.definitions
        for table in self._tables.values():
            table.records.share()

    def __iter__(self) -> Iterator[Table]:
        return filter(None, map(self.find, self.names()))

    def leave(self) -> None:
        memory = self.memory
        for table in self._tables.values():
            if table.memory is memory:
                table.leave()
            else:
                memory.garbage.take(table.records)
        memory.records = memory.body_bytes = 0
        memory.expiring.tables.clear()

    def _drop(self, name: str) -> None:
        self._find(name)
        super()._drop(name)

    def _write(self, change: Change, is_late: bool = False) -> None:
        self._find(change.table)
        super()._write(change, is_late)

    def _find(self, name: str) -> Table | None:
        table = self._tables.get(name)
        return table if table is None or table.memory is self.memory else self._make_own(table)

    def _take(self, table: Table) -> None:
        if table.memory is not self.memory and self._tables.get(table.name) is table:
            self._make_own(table)

    def _make_own(self, table: Table) -> Table:
        _leave(table, self.memory)
        made = self._tables[table.name] = _share(table, self.memory)
        made.revision = min(made.revision, self.revision)  # the other one may have that of the step that changes it
        return made


def own(catalog: Catalog) -> Iterator[Table]:
    """Yield the tables that count in a catalog: all but those that a fork has not needed yet."""
    memory = catalog.memory
    return (table for table in catalog._tables.values() if table.memory is memory)


def bodies_of(catalog: Catalog, name: str) -> Mapping[str, bytes]:
    """Return the bodies of a table's records to read, of none where there is no table. In a fork they stay so."""
    table = catalog._tables.get(name)
    return {} if table is None else table.records.bodies


def restore(catalog: Catalog, checkpoint: Catalog) -> Loaded:
    """Have the tables that another catalog has, which was forked from this one, and return what that comes to.

    A table that has not changed since stays as it is.
    """
    catalog.revision += 1
    tables, changed, gone = dict[str, Table](), dict[str, Table](), list[str]()
    before = catalog._tables.copy()
    for name, then in checkpoint._tables.items():
        table = before.get(name)
        if table is None or (table is not then and not _is_unchanged(table, then)):
            table = changed[name] = _share(then, catalog.memory)
            table.revision = catalog.revision
        tables[name] = table
    for name, table in before.items():
        if (stays := tables.get(name)) is not table:
            _leave(table, catalog.memory)
            if stays is None:
                gone.append(name)
    _put(catalog, tables, checkpoint.definitions)
    dues = {name: table.records.dues for name, table in changed.items()}
    bodies = {name: table.records.bodies for name, table in changed.items()}
    return Loaded(bodies, replaces=True, dropped=gone, dues=dues)


def let_go(catalog: Catalog) -> None:
    """Let go of every table: nobody is to use the catalog any more. Cost: O(tables)."""
    catalog.leave()
    _put(catalog, {}, {})
    catalog.memory.leave()


def _put(catalog: Catalog, tables: dict[str, Table], definitions: Mapping[str, Definition]) -> None:
    """Put tables, which count already, and definitions in place of all that are there; who looks there knows them."""
    catalog._tables.clear()
    catalog._tables.update(tables)
    catalog.definitions.clear()
    catalog.definitions.update(definitions)
    catalog._note_definitions()


def _leave(table: Table, memory: Memory) -> None:
    """Let go of a table that stands in a catalog of some memory, and may be another one's."""
    if table.memory is memory:
        table.leave()
        return
    memory.garbage.take(table.records)
    memory.records -= len(table.records.bodies)
    memory.body_bytes -= table.size_bytes
    memory.expiring.note(table, is_any=False)


def _share(table: Table, memory: Memory) -> Table:
    """Return a table that has all that another one has. Its memory is counted already. Cost: O(indexes)."""
    table._take_over()
    twin = Table(table.name, memory)
    twin.revision, twin.definition, twin.unique_fields = table.revision, table.definition, table.unique_fields
    twin.bound(table.definition)
    twin.pinned, twin._used_s = table.pinned, table._used_s.copy()
    twin.records, twin.size_bytes = table.records.share(), table.size_bytes
    if table.order is not None and table.order.is_ready:
        twin.order = table.order.share()
    twin.indexes = {field: index.share() for field, index in table.indexes.items()}
    twin._adopt_expiry(table.expiry.share())
    twin._count(1)
    own_bytes = table.memory_bytes - table.finding_bytes() - table.sieve_bytes
    twin._grow(own_bytes + twin.finding_bytes() - twin.memory_bytes)
    twin.share()
    return twin


def differing(now: Catalog, then: Catalog) -> Iterator[str]:
    """Yield the names of tables of which two catalogs do not share all. Cost: O(tables), 0.2 µs each."""
    for name in dict.fromkeys([*then.names(), *now.names()]):
        table, other = now._tables.get(name), then._tables.get(name)
        if table is None or other is None or not _is_unchanged(table, other):
            yield name


def _is_unchanged(table: Table, then: Table) -> bool:
    """Say whether a table still shares all that another one has. Cost: O(1)."""
    return table is then or (table.records is then.records and table.definition is then.definition)
