"""What a journal records, as frozen values: changes of records, and steps that concern whole tables.

Knows nothing of how they are kept; see ``journal.py`` for the order in which they are, ``sqlite.py`` for the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ramekin.definitions import Change, Definition

Fsync = Literal["always", "everysec", "no"]


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


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole table as a file holds it, or is to hold it."""

    definition: Definition
    bodies: dict[str, bytes]


Contents = dict[str, Kept]
"""Whole tables by name."""
