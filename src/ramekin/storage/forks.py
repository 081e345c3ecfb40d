"""Catalogs that share all that their tables hold, until one of them writes: branches, and the way back to a moment.

    a catalog ──fork──► another one, which has the same records, order and indexes        O(tables), whatever they hold
        │                  │
      write              write: whichever comes first goes on with a copy of that table   O(records), once
        │
        └──restore──► has again what the other one has                                    O(tables), whatever they hold

Knows no databases; see ``shared.py`` for how a structure is shared, ``counted.py`` for who counts for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Loaded
from ramekin.storage.catalog import Catalog
from ramekin.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ramekin.schema.definition import Definition
    from ramekin.storage.memory import Memory


def fork(catalog: Catalog, when_short: Callable[[], None] = lambda: None) -> Catalog:
    """Return a catalog with tables that share all that these have; each is its own from its next write on.

    Args:
        when_short: called where room is lacking for another one: whoever has a catalog too many may let go of it.
    """
    twin = Catalog()
    twin.memory, twin.revision = catalog.memory.fork(when_short), catalog.revision
    _put(twin, {table.name: _share(table, twin.memory) for table in catalog}, catalog.definitions)
    return twin


def restore(catalog: Catalog, checkpoint: Catalog) -> Loaded:
    """Have the tables that another catalog has, which was forked from this one, and return what that comes to.

    A table that has not changed since stays as it is.
    """
    catalog.revision += 1
    tables, changed = dict[str, Table](), dict[str, Table]()
    for then in checkpoint:
        table = catalog.find(then.name)
        if table is None or not _is_unchanged(table, then):
            table = changed[then.name] = _share(then, catalog.memory)
            table.revision = catalog.revision
        tables[then.name] = table
    for table in catalog:
        if tables.get(table.name) is not table:
            table.leave()
    gone = [table.name for table in catalog if table.name not in tables]
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


def _is_unchanged(table: Table, then: Table) -> bool:
    """Say whether a table still shares all that another one has. Cost: O(1)."""
    return table.records is then.records and table.definition is then.definition
