"""Unique fields: no two records of a table have one value, however a step would write them.

Knows no steps and no engines; see ``catalog.py`` for who asks before it stores.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ramekin.errors import Fault, NotUnique, pointer, shorten
from ramekin.schema.fields import Field, join_reader
from ramekin.storage.spread import let_go, set_for
from ramekin.values.paths import print_path

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from ramekin.changes import Change
    from ramekin.storage.table import Table

    Others = Callable[[str], Container[str]]


def no_others(_: str) -> Container[str]:
    """Return the keys of no records."""
    return ()


def check_changes(find: Callable[[str], Table | None], changes: Sequence[Change], others: Others = no_others) -> None:
    """Check that the changes keep unique fields unique.

    Args:
        others: gives the keys of a table's records that are about to change too; others look at their values.

    Raises:
        NotUnique: `place` says which change. Cost: O(changes).
    """
    moving: dict[str, list[Change]] = {}
    for change in changes:
        table = find(change.table)
        if table is not None and table.unique_fields and _moves(table, change):
            moving.setdefault(change.table, []).append(change)
    for name, some in moving.items():
        if (table := find(name)) is not None:
            for _ in taken_by(table, some, others(name)):
                pass


def _moves(table: Table, change: Change) -> bool:
    """Say whether a change may give a unique field another value, or its value to others: most leave it as it is."""
    before, after = change.before, change.after
    if before is None or after is None:
        return True
    return any(key_of(before) != key_of(after) for key_of in map(join_reader, table.unique_fields))


def taken_by(table: Table, changes: Sequence[Change], others: Container[str] = ()) -> Iterator[None]:
    """See that changes of one table leave unique fields so, one a step. Raises NotUnique. Cost: O(1) each."""
    for taken in table.takings(changes, others):
        if taken is not None:
            raise _not_unique(taken[0], table.name, taken[1].key)
        yield


def check_load(table: Table | None, bodies: Mapping[str, bytes], *, replaces: bool) -> None:
    """See that a load leaves unique fields so, in one step. Raises NotUnique."""
    for _ in () if table is None else taken_by_load(table, bodies, replaces=replaces):
        pass


def taken_by_load(table: Table, bodies: Mapping[str, bytes], *, replaces: bool) -> Iterator[None]:
    """See that a load leaves unique fields so, one record a step. Raises NotUnique. Cost: O(records of the table)."""
    standing = {} if replaces else table.records.bodies
    for field in table.unique_fields:
        key_of = join_reader(field)
        taken = set_for(len(standing) + len(bodies))
        for key, body in chain(((key, body) for key, body in standing.items() if key not in bodies), bodies.items()):
            value = key_of(body)
            if value is not None:
                if value in taken:
                    raise _not_unique(field, table.name, key)
                taken.add(value)
            yield
        yield from let_go(taken)


def _not_unique(field: Field, table: str, key: str) -> NotUnique:
    name = shorten(print_path(field.path))
    said = f"In the table '{table}' the field '{name}' is unique, and another record has this value."
    fault = Fault(pointer(field.path), "Another record has this value.")
    return NotUnique(said, place=(table, key), faults=[fault])
