"""Records as text: JSON arrays, NDJSON and CSV, read into values.

Every reader yields records one by one, knows their lines, and names the place of what it cannot read. Knows nothing of
HTTP or tables; see ``codec.py`` for JSON itself, ``delimited.py`` and ``columns.py`` for CSV, and ``csv_table.py`` for
how that is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ramekin.errors import BodyTooLarge, Fault, RamekinError
from ramekin.formats.delimited import DELIMITERS, read_rows
from ramekin.formats.splitter import PAUSE, Splitter, paused
from ramekin.schema.columns import Column, Columns, PlainOrText
from ramekin.values import codec, places
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

AT_ONCE_BYTES = 16 * 1024
"""A JSON array up to this size is parsed in one go; a longer one is cut into records first."""

CHUNK_BYTES = 64 * 1024
"""Of a long text, how much is looked at between two rests: 4 ms if every third byte begins a string."""

CSV_TYPES = ("auto", "text")
"""How columns are read of which no schema says whether they are text: by what they hold, or always as text."""


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV text is to be read: the word for its delimiter, and one of `CSV_TYPES`."""

    delimiter: str = ","
    types: str = "auto"


class RecordText(Protocol):
    """The records of a text, one by one, each a parsed JSON value."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the records, and now and then a `PAUSE`.

        What is wrong with the text has an index, a pointer that begins with it, and a line.
        """

    def line_of(self, steps: Sequence[str]) -> int:
        """Return the line of a part of the record that was yielded last."""


class ArrayText:
    """The elements of a JSON array. Raises what `codec.parse` raises, and what a `Splitter` does of a long one."""

    def __init__(self, text: bytes, limit_bytes: int) -> None:
        self._text, self._limit, self._index = text, limit_bytes, 0
        self._splitter: Splitter | None = None  # of a long text

    def __iter__(self) -> Iterator[Any]:
        if len(self._text) > AT_ONCE_BYTES:
            self._splitter = splitter = Splitter(limit_bytes=self._limit, is_array=True)
            for chunk in chunks_of(self._text):
                for _, record, _ in splitter.records(chunk):
                    yield PAUSE if record is None else record
                yield PAUSE
            splitter.finish()
            return
        try:
            records = codec.parse(self._text, extra_depth=1)
        except RamekinError as error:
            raise error.within(index=error.index_behind()) from None
        for self._index, record in enumerate(records):
            yield record

    def line_of(self, steps: Sequence[str]) -> int:
        if self._splitter is not None:
            return self._splitter.line_of(steps)
        return places.line_of(self._text, [str(self._index), *steps], 1)


def chunks_of(text: bytes) -> Iterator[bytes]:
    """Yield a text in pieces, so that none of the steps in which it is read looks at all of it."""
    return (text[begin : begin + CHUNK_BYTES] for begin in range(0, len(text), CHUNK_BYTES))


class NdjsonText:
    """One JSON value a line; blank lines are passed over. Raises what `codec.parse` raises, and BodyTooLarge."""

    def __init__(self, open_text: Callable[[], Iterable[bytes]], limit_bytes: int) -> None:
        self._open, self._limit, self._line = open_text, limit_bytes, 0

    def __iter__(self) -> Iterator[Any]:
        index = self._line = 0
        try:
            for text in self._lines():
                self._line += 1
                if text.strip(b" \t\r"):
                    yield from paused(text, (self._line, 1))
                    index += 1
        except RamekinError as error:
            raise error.within(index, index=index, line=self._line) from None

    def line_of(self, steps: Sequence[str]) -> int:  # noqa: ARG002  # a record has one
        return self._line

    def _lines(self) -> Iterator[bytes]:
        pending: list[bytes] = []
        size = 0
        for chunk in self._open():
            first, *others = chunk.split(b"\n")
            pending.append(first)
            size += len(first)
            if others:
                yield b"".join(pending)
                yield from others[:-1]
                pending, size = others[-1:], len(others[-1])
            if size > self._limit:
                self._line += 1
                raise BodyTooLarge(f"A record has more than {self._limit} bytes.")
        yield b"".join(pending)


class CsvText:
    """One record a row; the header names the members (a dot is just a character).

    A text without any row, even without a header, has no records.

    Raises:
        MalformedCsv, BodyTooLarge: as ``read_rows`` says.
        MalformedJson, IntegerOutOfRange: a cell that must be JSON cannot be read.
    """

    def __init__(
        self, open_text: Callable[[], Iterable[bytes]], columns: Columns, limit_bytes: int, form: CsvForm
    ) -> None:
        """Take a text.

        Args:
            open_text: gives the text in chunks. It is called twice where a column has to be seen as a whole.
            columns: what the table's schema says of them.
            limit_bytes: how long an unfinished row may become.
        """
        self._open, self._columns, self._limit, self._form = open_text, columns, limit_bytes, form
        self._line = 0
        self._declared: list[Column] = []
        self._undecided: dict[int, PlainOrText] | None = None

    def look(self) -> Generator[None, None, None]:
        """See what the schema says of each column, then those that decide as a whole, row by row, in short steps."""
        rows = self._rows()
        _, header = next(rows, (0, None))
        self._declared = []
        for name in header or ():
            self._declared.append(self._columns.column(str(name)))
            yield
        undecided = self._open_columns([str(name) for name in header or ()])
        if undecided and self._form.types == "auto":
            yield from _see(undecided, rows)
        self._undecided = undecided

    def __iter__(self) -> Iterator[Any]:
        if self._undecided is None:
            for _ in self.look():
                pass
        rows = self._rows()
        _, header = next(rows, (0, None))
        if header is None:
            return
        names = [str(name) for name in header]
        readers = self._readers()
        for index, (self._line, cells) in enumerate(rows):
            try:
                values = [read(cell) for read, cell in zip(readers, cells, strict=True)]
            except RamekinError:
                raise _fault_in(index, self._line, zip(names, readers, cells, strict=True)) from None
            yield {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}

    def line_of(self, steps: Sequence[str]) -> int:  # noqa: ARG002  # that of the row
        return self._line

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        return read_rows(self._open(), DELIMITERS[self._form.delimiter], self._limit)

    def _open_columns(self, names: Sequence[str]) -> dict[int, PlainOrText]:
        """Return the columns that decide as a whole, by their places."""
        declared, is_plain = enumerate(self._declared), self._form.types == "auto"
        return {i: PlainOrText(names[i], each, is_plain=is_plain) for i, each in declared if each.is_open}

    def _readers(self) -> list[Callable[[str], Any]]:
        """Return how the cells of each column are read."""
        undecided = self._undecided or {}
        return [undecided[i].read if i in undecided else column.read for i, column in enumerate(self._declared)]


def with_lines(error: RamekinError, records: RecordText) -> Generator[None, None, RamekinError]:
    """Return an error with the lines of its faults. The records are read from their beginning, one a step."""
    missing = {fault: fault.steps for fault in error.faults if not fault.line}
    wanted = {steps[0] for steps in missing.values() if steps}
    lines: dict[Fault, int] = {}
    for index, _ in enumerate(each for each in (records if wanted else ()) if each is not PAUSE):
        if (place := str(index)) in wanted:
            wanted.remove(place)
            lines |= {fault: records.line_of(steps[1:]) for fault, steps in missing.items() if steps[:1] == [place]}
        if not wanted:
            break
        yield
    return error.on_lines(lines)


def _see(columns: dict[int, PlainOrText], rows: Iterator[tuple[int, list[str]]]) -> Iterator[None]:
    """Let each column that decides as a whole see its cells, in short steps."""
    undecided = [(i, column.is_value) for i, column in columns.items()]
    for _, cells in rows:
        for i, is_value in undecided:
            if cells[i] and not is_value(cells[i]):
                columns[i].is_plain = False
                undecided = [known for known in undecided if known[0] != i]
        if not undecided:
            return
        yield


def _fault_in(index: int, line: int, cells: Iterable[tuple[str, Callable[[str], Any], str]]) -> RamekinError:
    """Return what is wrong with the first cell of a row that cannot be read."""
    for name, read, cell in cells:
        try:
            read(cell)
        except RamekinError as error:
            return error.within(index, name, index=index, line=line)
    raise AssertionError("a cell that could not be read can be read now")
