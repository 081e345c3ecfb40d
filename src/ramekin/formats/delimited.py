"""Rows of delimited text (CSV): cut out of bytes while they arrive, and written.

Cells in quotes are marked as such, so that the text `"1"` and the number `1` can be kept apart.
Knows nothing of what cells mean; see ``columns.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ramekin.errors import BodyTooLarge, Fault, MalformedCsv, RamekinError, shorten
from ramekin.schema.columns import Quoted
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

DELIMITERS = {",": ",", ";": ";", "tab": "\t", "|": "|"}
"""What may stand between cells, by the words for it."""

MAX_CELLS = codec.MAX_PARTS
"""How many cells a row may have: each becomes a member of its record."""

FEW_CELLS = 1000
"""How many cells in quotes are cut out between two rests."""

BLANK_BYTES = 64 * 1024
"""How much of blank lines is passed over between two rests."""

CsvRow = tuple[int, list[str]]
"""The line that a row begins on, and its cells."""

_Cut = tuple[list[str], int]
"""The cells of a row, and where it ends."""

_CALLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK = re.compile(rb"[\r\n]*+")
_ROW_END = re.compile(rb"\r\n|\n|\r")
_INSIDE = r'[^"]*+(?>(?>(?:""[^"]*+){1,999})*)'
"""What stands between quotes. Each 999 of them the search forgets where it could go back: 60 bytes each."""

_QUOTED = re.compile(rb'"(%b)"' % _INSIDE.encode())
_NEEDS_QUOTES = re.compile('[",;|\t\r\n\ufeff]')  # with any of the delimiters, the header is read as what it is


def read_rows(chunks: Iterable[bytes], delimiter: str, limit_bytes: int) -> Iterator[CsvRow | None]:
    """Yield the rows of a text, the header first, and None where none ends for long; blank lines are passed over.

    Args:
        chunks: UTF-8, with or without a byte order mark, cut anywhere.
        limit_bytes: how long an unfinished row may become.

    Raises:
        MalformedCsv: a ragged row, an open quote, UTF-16, invalid UTF-8, no line end; a header with a name twice, one
            that is empty or holds NUL, or another delimiter.
        BodyTooLarge: a row is over the limit, or has more than MAX_CELLS cells.

    Cost: O(length). Source: RFC 4180; besides, LF or CR alone end a row, and a quote inside a cell that does not begin
    with one is a character like others.
    """
    header, index = None, -1
    try:
        for row in _Cutter(delimiter, limit_bytes).rows(chunks):
            if row is not None:
                line, cells = row
                if header is None:
                    header = cells
                    yield from _check_header(line, cells, delimiter)
                elif len(cells) != len(header):
                    raise _wrong(f"The row has {len(cells)} cells, the header {len(header)}", line)
                index += 1
            yield row
    except RamekinError as error:
        raise (error if index < 0 else error.within(index, index=index)) from None


def write_row(cells: Sequence[str]) -> bytes:
    """Return cells as a row of CSV, each as `quoted` returns it; an empty one is as it is."""
    return ((",".join(cells) or '""') + "\r\n").encode()


def quoted(cell: str) -> str:
    """Return a cell as it stands in CSV: a `Quoted` one in quotes, others only where they need them."""
    if type(cell) is Quoted or _NEEDS_QUOTES.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _check_header(line: int, cells: Sequence[str], delimiter: str) -> Iterator[None]:
    """Refuse a header that cannot be right. It may have many names, so the looks at all of them are steps."""
    if "\0" in "".join(cells):
        raise _wrong("The header holds a NUL character, as UTF-16 does, which is not read; save it as UTF-8", line)
    bare = [cell for cell in cells if type(cell) is not Quoted]
    yield
    text = "\0".join(["", *bare])
    if "\0\ufeff" in text:
        raise _wrong("A name in the header begins with a byte order mark: one stands before the text, or none", line)
    for word, sign in DELIMITERS.items():
        others = text.count(sign)
        is_likelier = others > len(cells) - 1 or (
            others == len(cells) - 1 > 0 and delimiter == ","
        )  # which nobody said
        if sign != delimiter and is_likelier:
            said = f"The header has {_CALLED[sign]} where {_CALLED[delimiter]} are expected"
            raise _wrong(f"{said}: say '{word}' as the delimiter, or put names that hold them into quotes", line)
    yield
    if "" in bare:
        place = next(i for i, cell in enumerate(cells, 1) if cell == "" and type(cell) is not Quoted)
        cure = 'name it, leave it out, or write "" where the name is to be empty'
        raise _wrong(f"The header has no name for column {place}: {cure}", line)
    yield
    if len(set(cells)) < len(cells):
        twice = next(name for name, times in Counter(cells).items() if times > 1)
        raise _wrong(f"The header names '{shorten(twice)}' twice", line)


def _row_end(text: bytes, at: int) -> re.Match[bytes] | None:
    """Return what ends the row that goes on at a place. To search for the pattern takes ten times as long."""
    newline = text.find(b"\n", at)
    carriage = text.find(b"\r", at, newline if newline >= 0 else len(text))
    begin = newline if carriage < 0 else carriage
    return None if begin < 0 else _ROW_END.match(text, begin)


def _wrong(said: str, line: int, hint: str = "") -> MalformedCsv:
    """Return what is wrong on a line; the hint is for who sends the text, and not for who has a file of it."""
    return MalformedCsv(f"{said}.", hint=hint, faults=[Fault("", f"{said}.", line)])


class _Cutter:
    """Cuts rows out of a buffer, which holds the unfinished row and what came last.

    1. `_at` is where the next row begins, and `_line` its line.
    2. An unfinished row is looked at again once the buffer has doubled, so that long ones cost O(length) too.
    """

    def __init__(self, delimiter: str, limit_bytes: int) -> None:
        self._delimiter, self._sign, self._limit = delimiter, delimiter.encode(), limit_bytes
        plain, quoted = rb"[^\r\n%b]*+" % re.escape(self._sign), rb'"%b"' % _INSIDE.encode()
        cell = rb'(?:%b|(?!")%b)' % (quoted, plain)
        self._plain = re.compile(plain)
        self._row = re.compile(rb"%b(?>(?:%b%b){0,%d})(?=[\r\n])" % (cell, re.escape(self._sign), cell, FEW_CELLS - 1))
        self._cells = re.compile(f'(?:(")({_INSIDE})"|([^{re.escape(delimiter)}]*+)){re.escape(delimiter)}')
        self._buffer, self._at, self._line = b"", 0, 1
        self._has_begun = self._is_whole = False

    def rows(self, chunks: Iterable[bytes]) -> Iterator[CsvRow | None]:
        pending: list[bytes] = []
        size = 0
        for chunk in chunks:
            pending.append(chunk)
            size += len(chunk)
            unfinished = len(self._buffer) - self._at
            if size >= max(len(_MARK), min(unfinished, self._limit - unfinished + 1)):
                yield from self._take(pending)
                pending, size = [], 0
            yield None
        self._is_whole = True
        yield from self._take(pending)

    def _take(self, pending: list[bytes]) -> Iterator[CsvRow | None]:
        self._buffer, self._at = b"".join([self._buffer[self._at :], *pending]), 0
        if not self._has_begun:
            self._begin()
        if self._is_whole and self._line == 1 and self._buffer[self._at :] and _row_end(self._buffer, 0) is None:
            hint = "curl's -d takes them out, --data-binary keeps them."
            raise _wrong("The text has no line end, with which every row ends", 1, hint)
        while self._at < len(self._buffer):
            if self._buffer[self._at] in b"\r\n" and (end := self._end_of_blank()) > self._at:
                self._line, self._at = self._line_at(end), end
                yield None
                continue
            found = yield from self._cut_row()
            if found is None:
                self._check_size()
                return
            cells, end = found
            line, self._line = self._line, self._line_at(end)
            self._at = end
            yield line, cells

    def _begin(self) -> None:
        """Pass over a byte order mark."""
        self._has_begun = True
        if self._buffer.startswith(_UTF16) or b"\0" in self._buffer[:2]:
            raise _wrong("The text is UTF-16; save it as UTF-8", 1)
        if self._buffer.startswith(_MARK):
            self._at = len(_MARK)

    def _end_of_blank(self) -> int:
        """Return where a stretch of blank lines ends: before a CR that is or may be the first half of CR LF."""
        blank = _BLANK.match(self._buffer, self._at, self._at + BLANK_BYTES)
        assert blank is not None, "the pattern matches nothing too"
        end = blank.end()
        last = self._buffer[end - 1 : end + 1]
        return end - 1 if last == b"\r\n" or (last == b"\r" and not self._is_whole) else end

    def _cut_row(self) -> Generator[None, None, _Cut | None]:
        """Return the cells of the next row and where it ends; None if the rest has not arrived yet."""
        found = _row_end(self._buffer, self._at)
        end = len(self._buffer) if found is None else found.start()
        if self._buffer.find(b'"', self._at, end) >= 0:
            return self._cut_quoted() or (yield from self._cut_cells(self._at))
        if not self._is_whole and (found is None or self._is_split(found)):
            return None
        if self._buffer.count(self._sign, self._at, end) >= MAX_CELLS:
            raise self._too_many()
        cells = self._decode(self._at, end).split(self._delimiter)
        return cells, end if found is None else found.end()

    def _cut_quoted(self) -> _Cut | None:
        """Return what `_cut_row` does of a row that has quotes, if it is whole, right and short: at once."""
        row = self._row.match(self._buffer, self._at)
        end = None if row is None else _ROW_END.match(self._buffer, row.end())
        if row is None or end is None or self._is_split(end):
            return None
        text = self._decode(*row.span()) + self._delimiter
        found = self._cells.findall(text)
        return [Quoted(cell.replace('""', '"')) if quote else plain for quote, cell, plain in found], end.end()

    def _cut_cells(self, at: int) -> Generator[None, None, _Cut | None]:
        """Return what `_cut_row` does of a row that may go on, be wrong or long, cell by cell."""
        cells: list[str] = []
        while True:
            is_quoted = self._buffer[at : at + 1] == b'"'
            found = (_QUOTED if is_quoted else self._plain).match(self._buffer, at)
            end = len(self._buffer) if found is None else found.end()
            if end == len(self._buffer) and not self._is_whole:
                return None
            behind = self._buffer[end : end + 1]
            if found is None:
                raise _wrong("The quotes that open here are never closed", self._line_at(at))
            if behind not in (b"", b"\r", b"\n", self._sign):
                raise _wrong("More text follows the quotes that open here", self._line_at(at))
            cell = self._decode(*found.span(1 if is_quoted else 0))
            cells.append(Quoted(cell.replace('""', '"')) if is_quoted else cell)
            if behind != self._sign:
                break
            if len(cells) == MAX_CELLS:
                raise self._too_many()
            at = end + 1
            if len(cells) % FEW_CELLS == 0:
                yield
        row_end = _ROW_END.match(self._buffer, end)
        if row_end is None:
            return cells, end
        return None if self._is_split(row_end) else (cells, row_end.end())

    def _is_split(self, found: re.Match[bytes]) -> bool:
        """Say whether what ends a row may be the first half of CR LF."""
        return not self._is_whole and found[0] == b"\r" and found.end() == len(self._buffer)

    def _decode(self, begin: int, end: int) -> str:
        try:
            return self._buffer[begin:end].decode()
        except UnicodeDecodeError as error:
            raise _wrong("The text is not UTF-8", self._line_at(begin + error.start)) from None

    def _line_at(self, at: int) -> int:
        """Return the line of a place in the row that begins at `_at`."""
        count, begin = self._buffer.count, self._at
        return self._line + count(b"\n", begin, at) + count(b"\r", begin, at) - count(b"\r\n", begin, at)

    def _too_many(self) -> BodyTooLarge:
        said = f"The row has more than {MAX_CELLS} cells."
        return BodyTooLarge(said, faults=[Fault("", said, self._line)])

    def _check_size(self) -> None:
        if len(self._buffer) - self._at > self._limit:
            said = f"The row has more than {self._limit} bytes: are quotes left open?"
            raise BodyTooLarge(said, faults=[Fault("", said, self._line)])
