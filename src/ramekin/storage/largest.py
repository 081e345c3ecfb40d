"""The largest tables, found by looking at a few tables each time. Knows nothing of who asks for them."""

from __future__ import annotations

from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING

from ramekin.storage.forks import own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table

LARGEST = 100
"""Tables that are told apart."""

LOOKED_AT = 1000
"""Tables that one look takes in; 0.3 ms (CPython 3.11, November 2026)."""


class Largest:
    """The tables of a catalog that take the most memory.

    Each look takes in some tables more, in turn. So a table that has grown is found after as many looks as it takes to
    go round: with 10,000 tables, ten.
    """

    def __init__(self) -> None:
        self._found: list[str] = []
        self._following: Iterator[str] = iter(())

    def look(self, catalog: Catalog) -> list[Table]:
        """Return the largest tables that are known, the largest first. Cost: O(1), whatever tables there are."""
        following = list(islice(self._following, LOOKED_AT))
        if len(following) < LOOKED_AT:
            self._following = iter([table.name for table in own(catalog)])
            following += islice(self._following, LOOKED_AT - len(following))
        names = dict.fromkeys([*self._found, *following])
        known = [table for name in names if (table := catalog.find(name)) is not None]
        largest = nlargest(LARGEST, known, key=lambda table: table.memory_bytes)
        self._found = [table.name for table in largest]
        return largest
