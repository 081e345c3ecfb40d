"""Files as tables: ``db.json`` (an object of arrays), or ``users.json``, ``.ndjson`` and ``.csv`` named after a table.

A file is read in chunks, and the place that is being read is known, so that a fault names its file and line. Knows
no server and no database.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramekin import formats
from ramekin.definitions import MIB, check_table_name
from ramekin.errors import RamekinError
from ramekin.schema import column_types
from ramekin.splitter import Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ramekin.schema import RecordSchema

CHUNK_BYTES = MIB
SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv")


class FileFault(Exception):
    """A file that cannot be loaded; the text is one line for the terminal."""


@dataclass(slots=True)
class Source:
    """One file, or one text that stands for a file. `line` is the line that is being read."""

    name: str
    size_bytes: int
    read: Callable[[], Iterator[bytes]]
    line: int = field(default=0)

    @property
    def table(self) -> str:
        """The table that a file of records is named after."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of the name, which says what the file holds."""
        return Path(self.name).suffix.lower()


def open_file(path: Path) -> Source:
    """Return a file as a source.

    Raises:
        FileFault: it is not there, cannot be read, or has an ending that says nothing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FileFault(f"{path.name}: the name must end in {', '.join(SUFFIXES)}")
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileFault(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None
    return Source(path.name, size, lambda: _chunks(path))


def from_bytes(name: str, text: bytes) -> Source:
    """Return a text as a source, under a file's name."""
    return Source(name, len(text), lambda: iter([text]))


def read_records(
    source: Source, limit_bytes: int, schemas: Mapping[str, RecordSchema] | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield (table, parsed record) of a source; (table, None) names a table, which may be empty.

    Raises:
        RamekinError: what is wrong; `source.line` says where.
    """
    chunks = source.read()
    if source.suffix != ".json":
        check_table_name(source.table)
        yield source.table, None
        numbered = formats.read_ndjson(chunks)
        if source.suffix == ".csv":
            schema = (schemas or {}).get(source.table)
            types = None if schema is None else column_types(schema.json_schema)
            numbered = formats.read_csv(b"".join(chunks), types)
        for line, record in numbered:
            source.line = line
            yield source.table, record
        return
    yield from _read_json(source, chunks, limit_bytes)


def _read_json(source: Source, chunks: Iterator[bytes], limit_bytes: int) -> Iterator[tuple[str, Any]]:
    """Yield the records of an array, or of an object of arrays."""
    first = next(chunks, b"")
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
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def naming_faults(place: Callable[[], Source | None]) -> Iterator[None]:
    """Turn an error of ours into one line: file, line, what is wrong."""
    try:
        yield
    except RamekinError as error:
        source = place()
        where = "" if source is None else f"{source.name}:{source.line}: " if source.line else f"{source.name}: "
        faults = "".join(f" {fault.pointer}: {fault.detail}" for fault in error.faults[:3])
        raise FileFault(f"{where}{error.message}{faults}") from None
