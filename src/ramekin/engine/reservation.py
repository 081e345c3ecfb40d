"""Room for records that are on their way into tables, such as a load that is being read.

See ``tables.py`` for what reserving means, and ``database/loading.py`` for who loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ramekin.errors import MemoryLimit
from ramekin.storage.memory import RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ramekin.engine.tables import Tables
    from ramekin.engine.work import Work


class Reservation:
    """Room that is reserved in steps, for as long as a ``with`` lasts: then the records are in tables, or gone."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reserved_bytes = 0

    async def add(self, records: int, size_bytes: int, tables: Iterable[str], work: Work) -> None:
        """Reserve room for some more records, whose keys and bodies have so many bytes.

        Args:
            tables: which of them are caches, their records give way where there is no room.

        Raises:
            MemoryLimit: all of that would not be enough.
        """
        more_bytes = records * RECORD_BYTES + size_bytes
        while True:
            try:
                self._tables.reserve(more_bytes)
            except MemoryLimit:
                if not await self._tables.evictions.make_room(dict.fromkeys(tables, ()), more_bytes, work):
                    raise
            else:
                self._reserved_bytes += more_bytes
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reserved_bytes:
            self._tables.reserve(-self._reserved_bytes)
