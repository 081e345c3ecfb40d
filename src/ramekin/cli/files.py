"""Files as tables: ``db.json`` (an object of arrays), or ``users.json``, ``.ndjson``, ``.csv``... named after a table.

Files are read in chunks, one after the other, and the place that is being read is known, so that a fault names its file
and line. Knows no server and no database.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramekin import formats
from ramekin.columns import UNTYPED
from ramekin.definitions import MIB, check_table_name
from ramekin.errors import RamekinError
from ramekin.formats import CsvForm
from ramekin.splitter import Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ramekin.columns import Columns

CHUNK_BYTES = MIB
SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv", ".tsv")
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z")


class FileFault(Exception):
    """A file that cannot be loaded; the text is one line for the terminal."""


@dataclass(slots=True)
class Source:
    """One file, or one text that stands for a file. `line` is the line that is being read."""

    name: str
    size_bytes: int
    read: Callable[[], Iterator[bytes]]
    form: CsvForm = field(default_factory=CsvForm)
    line: int = field(default=0)

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
    suffix = path.suffix.lower()
    if suffix in PACKED:
        raise FileFault(f"{path.name}: is packed; unpack it first")
    if suffix not in SUFFIXES:
        raise FileFault(f"{path.name}: the name must end in {', '.join(SUFFIXES)}")
    return Source(path.name, size, lambda: _chunks(path), CsvForm("tab", form.types) if suffix == ".tsv" else form)


def from_bytes(name: str, text: bytes) -> Source:
    """Return a text as a source, under a file's name."""
    return Source(name, len(text), lambda: iter([text]))


class Reading:
    """The records of several sources, one after the other; `source` is the one that is being read, if any is.

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
        self._advance, self._furthest = advance, 0
        self.source: Source | None = None

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield (table, parsed record); (table, None) names a table, which may be empty.

        Raises:
            RamekinError: what is wrong; `source` says where.
        """
        homes: dict[str, Source] = {}
        for source in self._sources:
            self.source, self._furthest = source, 0
            for table, record in self._records(source):
                if homes.setdefault(table, source) is not source:
                    raise RamekinError(f"The table '{table}' is in two files; load them one after the other.")
                yield table, record
        self.source = None

    def _records(self, source: Source) -> Iterator[tuple[str, Any]]:
        if source.suffix == ".json":
            yield from _read_json(source, self._chunks(source), self._limit)
            return
        check_table_name(source.table)
        yield source.table, None
        if source.suffix in (".csv", ".tsv"):
            columns = self._columns_of(source.table)
            numbered = formats.read_csv(lambda: self._chunks(source), columns, self._limit, source.form)
        else:
            numbered = formats.read_ndjson(self._chunks(source))
        for source.line, record in numbered:
            yield source.table, record

    def _chunks(self, source: Source) -> Iterator[bytes]:
        at = 0
        for chunk in source.read():
            at += len(chunk)
            self._advance(max(0, at - self._furthest))
            self._furthest = max(at, self._furthest)
            yield chunk


def _read_json(source: Source, chunks: Iterator[bytes], limit_bytes: int) -> Iterator[tuple[str, Any]]:
    """Yield the records of an array, or of an object of arrays."""
    first = b""
    while not first.strip(b" \t\r\n") and (chunk := next(chunks, b"")):
        first += chunk
    is_array = first.lstrip(b" \t\r\n")[:1] == b"["
    splitter = Splitter(limit_bytes=limit_bytes, is_array=is_array)
    if is_array:
        check_table_name(source.table)
    try:
        for chunk in chain([first], chunks):
            for table, record, at in splitter.records(chunk):
                source.line = at[0]
                yield table or source.table, record
        splitter.finish()
    except RamekinError:
        source.line = splitter.line
        raise


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise FileFault(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None


@contextmanager
def naming_faults(reading: Reading) -> Iterator[None]:
    """Turn an error of ours into one line: file, line, what is wrong."""
    try:
        yield
    except RamekinError as error:
        source = reading.source
        line = next((fault.line for fault in error.faults if fault.line), 0 if source is None else source.line)
        where = "" if source is None else f"{source.name}:{line}: " if line else f"{source.name}: "
        told = [fault for fault in error.faults[:3] if fault.detail != error.message]
        faults = "".join(f" {fault.pointer}: {fault.detail}" for fault in told)
        raise FileFault(f"{where}{error.message}{faults}") from None
