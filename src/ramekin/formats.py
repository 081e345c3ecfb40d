"""Records as text: JSON arrays, NDJSON and CSV, read into values and written from bodies.

Every reader yields (line, parsed record) one by one and names the line of what it cannot read. Knows nothing of HTTP or
tables; see ``codec.py`` for JSON itself.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.errors import MalformedCsv, shorten
from ramekin.splitter import Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

CellTypes = dict[str, frozenset[str]]
"""The JSON Schema types that a model gives to each column."""

Numbered = tuple[int, Any]
"""A parsed record, and the line that it stands on."""

AT_ONCE_BYTES = 256 * 1024
"""A JSON array up to this size is parsed in one go, in about 2 ms; a longer one is cut into records first."""

_PLAIN = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
csv.field_size_limit(1024**3)  # a cell is limited by the body's own limit


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


def read_csv(text: bytes, types: CellTypes | None = None, *, as_text: bool = False) -> Iterator[Numbered]:
    """Yield one record a row; the header names the members (a dot is just a character).

    Args:
        text: UTF-8, with or without a byte order mark.
        types: what a model says of its columns; without it, a column in which every cell that is not empty is a plain
            JSON number, true or false is read as such.
        as_text: every cell is text.

    An empty cell is an absent member.

    Raises:
        MalformedCsv: a ragged row, an open quote, a name twice, no header, invalid UTF-8.

    Source: RFC 4180.
    """
    rows = _csv_rows(text)
    header = next(rows, None)
    if header is None:
        raise MalformedCsv("The text is empty; a header line was expected.")
    if len(set(header[1])) < len(header[1]):
        twice = next(name for name in header[1] if header[1].count(name) > 1)
        raise MalformedCsv(f"The header names '{shorten(twice)}' twice (line 1).")
    names = header[1]
    body = list(rows)
    readers = [_cell_reader(name, [row[i] for _, row in body], types, as_text) for i, name in enumerate(names)]
    for line, row in body:
        cells = zip(names, readers, row, strict=True)
        yield line, {name: read(cell) for name, read, cell in cells if cell}


def write_csv(columns: Sequence[str], records: Iterable[dict[str, Any]]) -> bytes:
    """Return rows of CSV, without a header: nested values as JSON text, null and missing as empty cells."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    for record in records:
        writer.writerow([write_cell(record.get(name)) for name in columns])
    return target.getvalue().encode()


def write_csv_header(columns: Sequence[str]) -> bytes:
    """Return the header line."""
    target = io.StringIO(newline="")
    csv.writer(target).writerow(columns)
    return target.getvalue().encode()


def write_cell(value: object) -> str:
    """Return a value as a cell's text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else codec.dump(value).decode()


def _csv_rows(text: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it ends on."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise MalformedCsv(f"The text is not UTF-8 (line {line}).") from None
    rows = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    width = None
    try:
        for row in rows:
            if not row:
                continue  # a blank line
            if width is not None and len(row) != width:
                raise MalformedCsv(f"The row has {len(row)} cells, the header {width} (line {rows.line_num}).")
            width = len(row)
            yield rows.line_num, row
    except csv.Error:
        raise MalformedCsv(f"The quotes do not match (line {rows.line_num}).") from None


def _cell_reader(name: str, cells: list[str], types: CellTypes | None, as_text: bool) -> Callable[[str], Any]:
    if types is not None and name in types:
        return _typed_reader(types[name])
    if not as_text and types is None and all(_PLAIN.fullmatch(cell) for cell in cells if cell):
        return _read_json
    return str


def _typed_reader(types: frozenset[str]) -> Callable[[str], Any]:
    """Return how a model's column is read: what is plainly of its type becomes that, all else is left to the model."""

    def read(cell: str) -> Any:
        if types & {"integer", "number", "boolean"} and _PLAIN.fullmatch(cell):
            return _read_json(cell)
        if types & {"object", "array"} and cell[0] in "{[":
            return _read_json(cell)
        return cell

    return read


def _read_json(cell: str) -> Any:
    return codec.parse(cell.encode())
