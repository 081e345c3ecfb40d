"""Records as text: JSON arrays, NDJSON and CSV, read into values and written from bodies.

Every reader yields (line, parsed record) one by one and names the place of what it cannot read. Knows nothing of HTTP
or tables; see ``codec.py`` for JSON itself, ``delimited.py`` and ``columns.py`` for CSV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.columns import SILENT, UNTYPED, Columns, PlainOrText
from ramekin.delimited import DELIMITERS, Quoted, read_rows, write_rows
from ramekin.errors import RamekinError
from ramekin.splitter import Splitter
from ramekin.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Numbered = tuple[int, Any]
"""A parsed record, and the line that it stands on."""

AT_ONCE_BYTES = 256 * 1024
"""A JSON array up to this size is parsed in one go, in about 2 ms; a longer one is cut into records first."""

CSV_TYPES = ("auto", "text")
"""How columns are read of which no schema speaks: by what they hold, or always as text."""


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV text is to be read: the word for its delimiter, and one of `CSV_TYPES`."""

    delimiter: str = ","
    types: str = "auto"


def read_json_array(text: bytes, limit_bytes: int) -> Iterator[Numbered]:
    """Yield the elements of a JSON array; of a short one the line is 0. Raises MalformedJson with line and column."""
    if len(text) <= AT_ONCE_BYTES:
        for value in codec.parse(text, extra_depth=1):
            yield 0, value
        return
    splitter = Splitter(limit_bytes=limit_bytes, is_array=True)
    for _, record, at in splitter.records(text):
        if record is not None:
            yield at[0], record
    splitter.finish()


def read_ndjson(chunks: Iterable[bytes]) -> Iterator[Numbered]:
    """Yield one value a line; blank lines are passed over. Raises MalformedJson with line and column."""
    line, rest = 0, b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for text in lines:
            line += 1
            if text := text.strip(b" \t\r"):
                yield line, codec.parse(text, at=(line, 1))
    if text := rest.strip(b" \t\r"):
        yield line + 1, codec.parse(text, at=(line + 1, 1))


def read_csv(
    open_text: Callable[[], Iterable[bytes]], columns: Columns, limit_bytes: int, form: CsvForm
) -> Iterator[Numbered]:
    """Yield one record a row; the header names the members (a dot is just a character).

    Args:
        open_text: gives the text in chunks. It is called twice where a column has to be seen as a whole.
        columns: what the table's schema says of them.
        limit_bytes: how long an unfinished row may become.

    A text without any row, even without a header, has no records.

    Raises:
        MalformedCsv, BodyTooLarge: as ``read_rows`` says.
        MalformedJson, IntegerOutOfRange: a cell that must be JSON cannot be read.
    """
    sign = DELIMITERS[form.delimiter]
    rows = read_rows(open_text(), sign, limit_bytes)
    _, header = next(rows, (0, None))
    if header is None:
        return
    names = [str(name) for name in header]
    declared = [columns.column(name) for name in names]
    silent = {i: PlainOrText(names[i]) for i, column in enumerate(declared) if column is SILENT}
    if form.types == "text":
        silent = {i: PlainOrText(names[i], is_plain=False) for i in silent}
    elif silent:
        _see(silent, read_rows(open_text(), sign, limit_bytes))
    readers = [silent[i].read if i in silent else column.read for i, column in enumerate(declared)]
    for index, (line, cells) in enumerate(rows):
        try:
            values = [read(cell) for read, cell in zip(readers, cells, strict=True)]
        except RamekinError:
            raise _fault_in(index, line, zip(names, readers, cells, strict=True)) from None
        yield line, {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}


def _see(silent: dict[int, PlainOrText], rows: Iterator[tuple[int, list[str]]]) -> None:
    """Let each column of which no schema speaks see its cells."""
    next(rows)
    undecided = [(i, column.is_value) for i, column in silent.items()]
    for _, cells in rows:
        for i, is_value in undecided:
            if cells[i] and not is_value(cells[i]):
                silent[i].is_plain = False
                undecided = [known for known in undecided if known[0] != i]
        if not undecided:
            return


def _fault_in(index: int, line: int, cells: Iterable[tuple[str, Callable[[str], Any], str]]) -> RamekinError:
    """Return what is wrong with the first cell of a row that cannot be read."""
    for name, read, cell in cells:
        try:
            read(cell)
        except RamekinError as error:
            return error.within(index, name, index=index, line=line)
    raise AssertionError("a cell that could not be read can be read now")


def write_csv(names: Sequence[str], records: Iterable[dict[str, Any]], columns: Columns = UNTYPED) -> bytes:
    """Return rows of CSV, without a header: nested values as JSON text, null and missing as empty cells.

    Where a schema speaks of a column, a cell is written so that it is read as the same value again.
    """
    writers = [(name, columns.column(name).write) for name in names]
    if not names:
        return b""
    return write_rows([[write(record.get(name, MISSING)) for name, write in writers] for record in records])


def write_csv_header(names: Sequence[str]) -> bytes:
    """Return the header line; nothing without columns."""
    return write_rows([[name or Quoted() for name in names]] if names else [])
