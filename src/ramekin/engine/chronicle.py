"""What is known of each table besides what it holds: the steps that made it, defined it, and changed it last.

Steps have numbers, and names too: a primary that fails may take some with it that others had seen, and then other steps
get their numbers. A name is made of all names before it, so it comes again only where the whole history does. The node
makes names as this does; see ``cluster/library.lua``.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from ramekin.changes import Defined, Dropped, Loaded, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


NAME_LENGTH = 8

EVICTED = "evicted:"
"""What stands before a table's name in the head, where the number of its records is kept that gave way to others."""


class Chronicle:
    """The steps of all tables, up to one of them."""

    def __init__(self, births: Mapping[str, bytes], revisions: Mapping[str, bytes], head: Mapping[str, bytes]) -> None:
        """Read what the nodes keep.

        Args:
            births: of each table "<step that made it>:<its place there> <step that defined it, or 0>".
            revisions: of each table "<number of its last step> <name of that step>".
            head: of it, name: that of the last step; evicted:<table>: how many records of a table gave way to others.
        """
        self.births = {table: birth.decode() for table, birth in births.items()}
        self.name = head.get("name", b"").decode()
        self.evicted = {
            name.removeprefix(EVICTED): int(told) for name, told in head.items() if name.startswith(EVICTED)
        }
        """Of each table that was a cache how many of its records gave way to others, since it was made."""
        self.names: dict[str, str] = {}
        """Of each table the name of its last step."""
        self.revisions: dict[str, int] = {}
        """Of each table the number of its last step, as it was when this was read."""
        for table, told in revisions.items():
            number, _, self.names[table] = told.decode().partition(" ")
            self.revisions[table] = int(number)

    def in_order(self) -> list[str]:
        """Return the tables in the order in which they were made. Cost: O(n log n)."""
        return sorted(self.births, key=lambda table: _place_of(self.births[table]))

    def definer_of(self, table: str) -> str:
        """Return the number of the step that defined a table; 0 where none did."""
        return self.births.get(table, "0").rpartition(" ")[2]

    def note(self, step: Step, number: int, nonce: str, written: Sequence[str] = ()) -> None:
        """Take note of the next step.

        Args:
            written: tables whose records it has written, if others than its changes tell.
        """
        self.name = sha1((self.name + nonce).encode(), usedforsecurity=False).hexdigest()[:NAME_LENGTH]
        if isinstance(step, Defined):
            made = self.births.get(step.table, f"{number}:0").partition(" ")[0]
            self.births[step.table] = f"{made} {number}"
            self.names[step.table] = self.name
        elif isinstance(step, Dropped):
            self._forget([step.table])
        elif isinstance(step, Loaded):
            self._forget(step.dropped)
            self._note_written((*step.tables, *step.emptied), number)
        else:
            self._note_written(written or (change.table for change in step.changes), number)

    def note_evicted(self, table: str, count: int) -> None:
        """Take note of records of a cache that gave way."""
        self.evicted[table] = self.evicted.get(table, 0) + count

    def _note_written(self, tables: Iterable[str], number: int) -> None:
        for place, table in enumerate(dict.fromkeys(tables)):
            self.births.setdefault(table, f"{number}:{place} 0")
            self.names[table] = self.name

    def _forget(self, tables: Iterable[str]) -> None:
        for table in tables:
            self.births.pop(table, None)
            self.names.pop(table, None)
            self.evicted.pop(table, None)


def _place_of(birth: str) -> tuple[int, int]:
    """Return what tables are ordered by: the step that made them, and the place there."""
    number, _, place = birth.partition(" ")[0].partition(":")
    return int(number), int(place)
