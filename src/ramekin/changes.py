"""What happens to tables, as frozen values: changes of records, and steps, of which a table's history is made.

Knows nothing of how steps are applied or kept; see ``engine/base.py`` and ``durability/journal.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ramekin.schema.definition import Definition


class Change(NamedTuple):
    """One record's step from a body to a body.

    `before` is the body that the change was computed from, None where there was no record; the engine applies a
    change only while that is still so. `after` is the body to store, None to delete.
    """

    table: str
    key: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """Changes of records that are committed together. Tables that are new are made."""

    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Defined:
    """A table was made, or given a definition."""

    table: str
    definition: Definition


@dataclass(frozen=True, slots=True)
class Dropped:
    """A table is gone, with its records."""

    table: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Whole tables were stored, over records with the same keys.

    With `replaces` it was instead of all that was there: then some other tables are emptied and the rest dropped.
    """

    tables: Mapping[str, dict[str, bytes]]
    replaces: bool = False
    emptied: Sequence[str] = ()
    dropped: Sequence[str] = ()


Step = Written | Defined | Dropped | Loaded
