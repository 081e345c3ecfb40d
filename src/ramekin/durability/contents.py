"""What a data directory holds, as frozen values: whole tables by name, and how soon a write is synced.

Knows nothing of files; see ``snapshot.py`` and ``log.py`` for those, and ``replay.py`` for how tables come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ramekin.schema.definition import Definition

Fsync = Literal["always", "everysec", "no"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole table as a file holds it, or is to hold it."""

    definition: Definition
    bodies: dict[str, bytes]


Contents = dict[str, Kept]
"""Whole tables by name."""
