"""Files as tables: ``db.json`` (an object of arrays), or ``users.json``, ``.ndjson``, ``.csv``... named after a table.

Files are read in chunks, one after the other, and the place that is being read is known, so that a fault names its file
and line. Knows no server and no database.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramekin.errors import Fault, InvalidRecord, MalformedCsv, RamekinError
from ramekin.formats.record_text import CsvForm, CsvText, NdjsonText, RecordText, records_in
from ramekin.formats.splitter import Splitter
from ramekin.limits import MIB
from ramekin.schema.columns import UNTYPED, Columns
from ramekin.schema.definition import check_table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


CHUNK_BYTES = MIB
SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv", ".tsv")
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z")


class FileFault(Exception):
    """A file that cannot be loaded; the text is one line for the terminal."""


@dataclass(slots=True)
class Source:
    """One file, or one text that stands for a file."""

    name: str
    size_bytes: int
    read: Callable[[], Iterator[bytes]]
    form: CsvForm = field(default_factory=CsvForm)
    read_bytes: int = 0
    """How far it has been read, at the furthest."""

    @property
    def table(self) -> str:
        """The table that a file of records is named after."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of the name, which says what the file holds."""
        return Path(self.name).suffix.lower()


def open_file(path: Path, form: CsvForm) -> Source:
    """Return a file as a source; `form` says how CSV is read, but ``.tsv`` always has tabs.

    Raises:
        FileFault: it is not there, cannot be read, or has an ending that says nothing.
    """
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileFault(f"{path.name or path}: {(error.strerror or 'cannot be read').lower()}") from None
    return Source(path.name, size, lambda: _chunks(path), _form_of(path, form))


def _form_of(path: Path, form: CsvForm) -> CsvForm:
    """Return how CSV is read in a file of this name. Raises FileFault."""
    suffix = path.suffix.lower()
    if suffix in PACKED:
        raise FileFault(f"{path.name}: is packed; unpack it first")
    if suffix not in SUFFIXES:
        raise FileFault(f"{path.name}: the name must end in {', '.join(SUFFIXES)}")
    return CsvForm("tab", form.types) if suffix == ".tsv" else form


def from_bytes(name: str, text: bytes, form: CsvForm | None = None) -> Source:
    """Return a text that did not come from a file as a source, under the name that a file would have.

    Raises:
        FileFault: the name has an ending that says nothing.
    """
    return Source(name, len(text), lambda: iter([text]), _form_of(Path(name), form or CsvForm()))


class FileRecords:
    """The records of several sources, one after the other.

    `source` is the one that is being read, None before and after.

    Args:
        limit_bytes: how long a record may be.
        columns_of: what is said of a table's columns in CSV.
        advance: is told how many bytes more have been read; those that are read twice count once.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        limit_bytes: int,
        columns_of: Callable[[str], Columns] = lambda _: UNTYPED,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._sources, self._limit, self._columns_of = sources, limit_bytes, columns_of
        self._advance = advance
        self.source: Source | None = None
        self._text: RecordText | Splitter | None = None
        self._place = ("", "")  # the table and index of the record that was yielded last

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield (table, parsed record); (table, None) names a table, which may be empty.

        Raises:
            RamekinError: what is wrong; `source` is where.
        """
        counts: dict[str, int] = {}
        last = None
        for source in self._sources:
            self.source = source
            for table, record in self._records(source):
                if record is None:
                    if table in counts and table != last:
                        said = f"The table '{table}' is in two files, and others between"
                        raise RamekinError(f"{said}; name them one after the other.")
                    last = table
                    counts.setdefault(table, 0)
                else:
                    self._place = table, str(counts[table])
                    counts[table] += 1
                yield table, record
        self.source = None

    def where(self, fault: Fault) -> str:
        """Return the file and line of a fault, as ``users.csv:3``; nothing if it is in none."""
        if fault.line and self.source is not None:
            return f"{self.source.name}:{fault.line}"
        if fault.steps[:2] != [*self._place] or self.source is None:
            self._go_to(fault.steps[:2])
        if self.source is None or self._text is None:
            return ""
        return f"{self.source.name}:{self._text.line_of(fault.steps[2:])}"

    def _go_to(self, place: Sequence[str]) -> None:
        """Read again, up to a record. Cost: O(records before it)."""
        self._advance = lambda _: None
        with suppress(RamekinError):
            for _, record in self:
                if record is not None and self._place == (*place,):
                    return

    def _records(self, source: Source) -> Iterator[tuple[str, Any]]:
        if source.suffix == ".json":
            yield from self._json(source)
            return
        check_table_name(source.table)
        yield source.table, None
        if source.suffix in (".csv", ".tsv"):
            columns = self._columns_of(source.table)
            text: RecordText = CsvText(lambda: self._chunks(source), columns, self._limit, source.form)
        else:
            text = NdjsonText(lambda: self._chunks(source), self._limit)
        self._text = text
        try:
            for index, record in enumerate(records_in(text)):
                if record is None:  # which would name the table
                    fault = Fault("", "null is none.", text.line_of(()))
                    raise InvalidRecord("A record is a JSON object.", faults=[fault]).within(index, index=index)
                yield source.table, record
        except RamekinError as error:
            raise error.within(source.table) from None

    def _json(self, source: Source) -> Iterator[tuple[str, Any]]:
        """Yield the records of an array, or of an object of arrays."""
        chunks, first = self._chunks(source), b""
        while not first.strip(b" \t\r\n") and (chunk := next(chunks, b"")):
            first += chunk
        is_array = first.lstrip(b" \t\r\n")[:1] == b"["
        self._text = splitter = Splitter(limit_bytes=self._limit, is_array=is_array)
        if is_array:
            check_table_name(source.table)
            yield source.table, None
        try:
            for chunk in chain([first], chunks):
                for table, record, _ in splitter.records(chunk):
                    yield table or source.table, record
            splitter.finish()
        except RamekinError as error:
            raise (error.within(source.table) if is_array else error) from None

    def _chunks(self, source: Source) -> Iterator[bytes]:
        at = 0
        for chunk in source.read():
            at += len(chunk)
            self._advance(max(0, at - source.read_bytes))
            source.read_bytes = max(at, source.read_bytes)
            yield chunk


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise FileFault(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None


@contextmanager
def naming_faults(files: FileRecords) -> Iterator[None]:
    """Turn an error of ours into one line: file, line, what is wrong."""
    try:
        yield
    except RamekinError as error:
        raise FileFault(told(files, error)) from None


def told(files: FileRecords, error: RamekinError) -> str:
    """Return an error as one line, with the file and line of its first fault."""
    if isinstance(error, MalformedCsv):
        error = error.but(hint="")  # which is for who sends it
    source = files.source
    where = (files.where(error.faults[0]) if error.faults else "") or (source.name if source else "")
    parts = [f"{where}:" if where else "", error.message]
    for fault in error.faults[:3]:
        if fault.detail not in (error.said, error.but(faults=()).message):
            parts.append(f"{fault.pointer}: {fault.detail}")
        elif ":" not in where and not fault.part:
            parts.append(fault.pointer)
    return " ".join(filter(None, parts))
