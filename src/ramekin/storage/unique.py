"""Unique fields: no two records of a table have one value, however a step would write them.

Knows no steps and no engines; see ``catalog.py`` for who asks before it stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.errors import Fault, NotUnique, pointer, shorten
from ramekin.schema.fields import join_reader
from ramekin.values.paths import print_path

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from ramekin.changes import Change
    from ramekin.schema.fields import Field
    from ramekin.storage.table import Table
    from ramekin.values.keys import JoinKey

    Others = Callable[[str], Container[str]]


def no_others(_: str) -> Container[str]:
    """Return the keys of no records."""
    return ()


def check_changes(find: Callable[[str], Table | None], changes: Sequence[Change], others: Others) -> None:
    """See that changes leave unique fields so.

    Args:
        others: gives the keys of a table's records that are about to change too; others look at their values.

    Raises:
        NotUnique: `place` says which change. Cost: O(changes).
    """
    for name in dict.fromkeys(change.table for change in changes):
        table = find(name)
        if table is None or not table.definition.unique:
            continue
        of_table = [change for change in changes if change.table == name]
        if (taken := table.find_taken(of_table, others(name))) is not None:
            raise _not_unique(taken[0], name, taken[1].key)


def check_load(table: Table | None, bodies: Mapping[str, bytes], *, replaces: bool) -> None:
    """See that a load leaves unique fields so. Raises NotUnique. Cost: O(records of the table), in one step."""
    if table is None or not table.definition.unique:
        return
    standing = {} if replaces else {key: b for key, b in table.records.bodies.items() if key not in bodies}
    for field in table.unique_fields:
        key_of = join_reader(field)
        taken: set[JoinKey | None] = set()
        for key, body in {**standing, **bodies}.items():
            value = key_of(body)
            if value is not None and value in taken:
                raise _not_unique(field, table.name, key)
            taken.add(value)


def _not_unique(field: Field, table: str, key: str) -> NotUnique:
    name = shorten(print_path(field.path))
    said = f"In the table '{table}' the field '{name}' is unique, and another record has this value."
    error = NotUnique(said, faults=[Fault(pointer(field.path), "Another record has this value.")])
    error.place = (table, key)
    return error
