"""Room for records that are on their way into tables, such as a load that is being read.

See ``tables.py`` for what reserving means, and ``database/loading.py`` for who loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ramekin.storage.memory import RECORD_BYTES

if TYPE_CHECKING:
    from ramekin.engine.tables import Tables


class Reservation:
    """Room that is reserved in steps, for as long as a ``with`` lasts: then the records are in tables, or gone."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reserved_bytes = 0

    def add(self, records: int, size_bytes: int) -> None:
        """Reserve room for some more records, whose keys and bodies have so many bytes. Raises MemoryLimit."""
        more_bytes = records * RECORD_BYTES + size_bytes
        self._tables.reserve(more_bytes)
        self._reserved_bytes += more_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reserved_bytes:
            self._tables.reserve(-self._reserved_bytes)
