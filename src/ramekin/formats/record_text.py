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
from ramekin.schema.columns import PlainOrText
from ramekin.values import codec, places
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from ramekin.formats.delimited import CsvRow
    from ramekin.schema.columns import Columns

    _Stretch = tuple[int, list[str], list[Callable[[str], Any]]]
    """Some columns that stand together: the first one's place, their names, and how the cells of each are read."""

AT_ONCE_BYTES = 16 * 1024
"""A JSON array up to this size is parsed in one go; a longer one is cut into records first."""

CHUNK_BYTES = 64 * 1024
"""Of a long text, how much is looked at between two rests: 4 ms if every third byte begins a string."""

BLANK_LINES = 1000
"""Of lines of NDJSON, how many are passed over between two rests."""

STRETCH_CELLS = 1000
"""How many cells of a row of CSV are read between two rests."""

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
                if text is None:
                    yield PAUSE
                    continue
                self._line += 1
                if len(text) > CHUNK_BYTES or _holds(text):
                    yield from paused(text, (self._line, 1))
                    index += 1
                elif self._line % BLANK_LINES == 0:
                    yield PAUSE
        except RamekinError as error:
            raise error.within(index, index=index, line=self._line) from None

    def line_of(self, steps: Sequence[str]) -> int:  # noqa: ARG002  # a record has one
        return self._line

    def _lines(self) -> Iterator[bytes | None]:
        """Yield the lines, nothing of one that is blank and in several chunks, and None behind each chunk."""
        pending: list[bytes] = []
        size, holds = 0, False
        for chunk in self._open():
            first, *others = chunk.split(b"\n")
            pending.append(first)
            size, holds = size + len(first), holds or _holds(first)
            if others:
                yield b"".join(pending) if holds else b""
                last = others.pop()
                yield from others
                pending, size, holds = [last], len(last), _holds(last)
            if size > self._limit:
                self._line += 1
                raise BodyTooLarge(f"A record has more than {self._limit} bytes.")
            yield None
        yield b"".join(pending) if holds else b""


def _holds(line: bytes) -> bool:
    """Say whether a part of a line is not blank."""
    return bool(line.strip(b" \t\r"))


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
        self._stretches: list[_Stretch] | None = None  # None until the columns have been looked at

    def __iter__(self) -> Iterator[Any]:
        if self._stretches is None:
            yield from self._look()
        stretches, index = self._stretches or (), -1  # the header's
        for row in self._rows():
            if row is None:
                yield PAUSE
                continue
            if index >= 0:
                self._line, cells = row
                record: dict[str, Any] = {}
                for begin, names, readers in stretches:
                    if begin:
                        yield PAUSE
                    part = cells[begin : begin + STRETCH_CELLS]
                    try:
                        record |= {
                            name: value
                            for name, read, cell in zip(names, readers, part, strict=True)
                            if (value := read(cell)) is not MISSING
                        }
                    except RamekinError:
                        raise _fault_in(index, self._line, zip(names, readers, part, strict=True)) from None
                yield record
            index += 1

    def line_of(self, steps: Sequence[str]) -> int:  # noqa: ARG002  # that of the row
        return self._line

    def _rows(self) -> Iterator[CsvRow | None]:
        return read_rows(self._open(), DELIMITERS[self._form.delimiter], self._limit)

    def _look(self) -> Iterator[Any]:
        """See what the schema says of each column, then those that decide as a whole, row by row."""
        rows, is_auto = self._rows(), self._form.types == "auto"
        while (row := next(rows, (0, []))) is None:
            yield PAUSE
        _, header = row
        undecided: dict[int, PlainOrText] = {}
        stretches: list[_Stretch] = []
        for i, name in enumerate(map(str, header)):
            column = self._columns.column(name)
            if column.is_open:
                undecided[i] = PlainOrText(name, column, is_plain=is_auto)
            if i % STRETCH_CELLS == 0:
                stretches.append((i, [], []))
            stretches[-1][1].append(name)
            stretches[-1][2].append(undecided[i].read if i in undecided else column.read)
            yield PAUSE
        if is_auto:
            yield from _see(undecided, rows)
        self._stretches = stretches


def records_in(text: RecordText) -> Iterator[Any]:
    """Yield the records of a text alone, for who has nobody to let go on."""
    return (record for record in text if record is not PAUSE)


def with_lines(error: RamekinError, records: RecordText) -> Generator[None, None, RamekinError]:
    """Return an error with the lines of its faults. The records are read from their beginning, one a step."""
    missing = {fault: fault.steps for fault in error.faults if not fault.line}
    wanted = {steps[0] for steps in missing.values() if steps}
    lines: dict[Fault, int] = {}
    index = 0
    for record in records if wanted else ():
        if record is not PAUSE:
            if (place := str(index)) in wanted:
                wanted.remove(place)
                lines |= {fault: records.line_of(steps[1:]) for fault, steps in missing.items() if steps[:1] == [place]}
            if not wanted:
                break
            index += 1
        yield
    return error.on_lines(lines)


def _see(columns: dict[int, PlainOrText], rows: Iterator[CsvRow | None]) -> Iterator[Any]:
    """Let each column that decides as a whole see its cells."""
    undecided = [(i, column.is_value) for i, column in columns.items()]
    for row in rows if undecided else ():
        yield PAUSE
        if row is None:
            continue
        _, cells = row
        kept: list[tuple[int, Callable[[str], bool]]] = []
        for begin in range(0, len(undecided), STRETCH_CELLS):
            if begin:
                yield PAUSE
            for known in undecided[begin : begin + STRETCH_CELLS]:
                i, is_value = known
                if not cells[i] or is_value(cells[i]):
                    kept.append(known)
                else:
                    columns[i].is_plain = False
        undecided = kept
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
