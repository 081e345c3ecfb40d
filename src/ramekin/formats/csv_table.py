"""A table as CSV is written: its columns, as they are met, and its rows. Knows nothing of HTTP.

How a value becomes a cell is said in ``schema/columns.py``; how CSV is read in ``record_text.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import NotAcceptable
from ramekin.formats.delimited import quoted, write_row
from ramekin.schema.columns import UNTYPED, Columns, Quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_COLUMNS = 10_000
"""Columns that a table has at the most: each row has a cell of each, so few records of many different members are a
text of any size."""

CELLS_AT_ONCE = 3000
"""Cells that are written at once, about: 1 to 2 ms."""


class CsvTable:
    """Columns in the order in which they were met, and how rows of them are written.

    Nested values are JSON text, null and missing are empty cells. Where a schema speaks of a column, a cell is written
    so that it is read as the same value again.
    """

    def __init__(self, names: Iterable[str] = (), declared: Columns = UNTYPED) -> None:
        """Make a table that has some columns already. Raises NotAcceptable, as `meet`."""
        self._declared, self._places = declared, dict[str, int]()
        self._writers: list[Callable[[Any], str]] = []
        self.meet(names)

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return list(self._places)

    @property
    def rows_at_once(self) -> int:
        """How many rows are written at once at the most."""
        return max(1, CELLS_AT_ONCE // max(1, len(self._places)))

    def meet(self, names: Iterable[str]) -> None:
        """Have a column for each of some names, new ones behind those that are there.

        Raises:
            NotAcceptable: they are too many.
        """
        for name in names:
            if name not in self._places:
                self._places[name] = len(self._places)
                self._writers.append(self._declared.column(name).write)
        if len(self._places) > MAX_COLUMNS:
            said = f"The records have more than {MAX_COLUMNS:,} different members, too many to be columns of CSV."
            raise NotAcceptable(said, hint="Choose some with `select`, where there is one, or accept JSON or NDJSON.")

    def header(self) -> bytes:
        """Return the header line; nothing without columns."""
        return write_row([quoted(name or Quoted()) for name in self._places]) if self._places else b""

    def rows(self, records: Iterable[dict[str, Any]]) -> bytes:
        """Return the rows of some records; members that are no columns are left out. Cost: O(members), O(columns)."""
        return b"".join([self._row(record) for record in records]) if self._places else b""

    def around(self, name: str, record: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return a record's row up to the cell of a column, and from behind that cell on."""
        cells, place = self._cells(record), self._places[name]
        before = "".join([f"{cell}," for cell in cells[:place]])
        behind = "".join([f",{cell}" for cell in cells[place + 1 :]])
        return before.encode(), f"{behind}\r\n".encode()

    def _row(self, record: dict[str, Any]) -> bytes:
        return write_row(self._cells(record))

    def _cells(self, record: dict[str, Any]) -> list[str]:
        cells = [""] * len(self._places)
        for name, value in record.items():
            place = self._places.get(name)
            if place is not None:
                cells[place] = quoted(self._writers[place](value))
        return cells
