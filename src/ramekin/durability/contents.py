"""What a data directory holds, as frozen values: whole tables by name, and how soon a write is synced.

Knows nothing of files; see ``snapshot.py`` and ``log.py`` for those, and ``replay.py`` for how tables come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ramekin.schema.definition import Definition

Fsync = Literal["always", "everysec", "no"]


@dataclass(frozen=True, slots=True)
class TableContents:
    """A whole table as a file holds it, or is to hold it."""

    definition: Definition
    bodies: dict[str, bytes]
    dues: dict[str, int] = field(default_factory=dict)
    """When records are due, of those that are some time; see ``changes.py``."""

    def put(self, key: str, body: bytes, due: int | None) -> None:
        """Keep a record with its due time, in place of the one that had the key."""
        self.bodies[key] = body
        if due is not None:
            self.dues[key] = due
        elif self.dues:
            self.dues.pop(key, None)

    def remove(self, key: str) -> None:
        """Keep a record no longer, if it is there."""
        self.bodies.pop(key, None)
        self.dues.pop(key, None)


Contents = dict[str, TableContents]
"""Whole tables by name."""
