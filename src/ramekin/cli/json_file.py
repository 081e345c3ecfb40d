r"""A file of json-server: read, watched for changes by others, and written back.

    what stands in the file <--- read, write ---> what is known of it
             \--- others write it: `is_changed` until it is read again

A file that others have changed since it was last taken or written is never overwritten: what was read is taken once all
of it could be used. Knows no server; see
``json_server.py`` for when it is read and written.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ramekin.cli.files import FileFault
from ramekin.cli.outputs import writing
from ramekin.errors import RamekinError
from ramekin.limits import MIB
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMA = "$schema"
"""A member that means nothing here, and stays."""

MAX_JSON5_BYTES = MIB
"""How long a file of JSON5 may be, which is read in Python: 15 s."""

Mark = tuple[int, int, int]


class ChangedByOthers(Exception):
    """Others have written the file since it was last taken or written; it was left as it is."""


class JsonFile:
    """One file, and what was last known of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: Mark | None = None
        self._known: Mark | None = None
        self._schema: Any = None
        self._names: list[str] = []

    def read(self, *, may_be_empty: bool = False) -> dict[str, Any]:
        """Return what the file holds, but for `$schema`. What cannot be read is not read again.

        Args:
            may_be_empty: whether a file without a text is an object without members; else it is about to be written.

        Raises:
            FileFault.
        """
        self._read = self._mark()
        try:
            text = self.path.read_bytes()
            read = _read_json5 if self.path.suffix.lower() == ".json5" else _read_json
            content = {} if may_be_empty and not text.strip() else read(text)
        except OSError as error:
            raise FileFault(f"{self.path.name or self.path}: {(error.strerror or 'cannot be read').lower()}") from None
        except RamekinError as error:
            raise FileFault(f"{self.path.name}: {told(error)}") from None
        except ValueError as error:
            raise FileFault(f"{self.path.name}: {str(error).replace('<string>:', 'line ')}") from None
        if not isinstance(content, dict):
            raise FileFault(f"{self.path.name}: an object of arrays is expected")
        self._schema = content.pop(SCHEMA, None)
        self._names = list(content)
        return content

    def take(self) -> None:
        """Say that what was read has been used: it may be overwritten from now on."""
        self._known = self._read

    def is_changed(self) -> bool:
        """Say whether others have written the file since it was read or written."""
        return self._is_other_than(self._read)

    def _is_other_than(self, mark: Mark | None) -> bool:
        """Say whether the file is not as it was. One that is gone is: it may be about to be replaced."""
        now = self._mark()
        return now is not None and now != mark

    def write(self, tables: Mapping[str, Sequence[bytes]], values: Mapping[str, bytes]) -> None:
        """Replace the file, its members in the order in which they were read. Long: to be called in a thread.

        Args:
            tables: the bodies of each table.
            values: what is no array, as JSON.

        Raises:
            ChangedByOthers; Refused: it cannot be written. The file is as it was.
        """
        with writing(self.path) as target:
            for line in self._lines(tables, values):
                target.write(line)
            if self._is_other_than(self._known):
                raise ChangedByOthers
        self._known = self._read = self._mark()

    def _lines(self, tables: Mapping[str, Sequence[bytes]], values: Mapping[str, bytes]) -> Iterator[bytes]:
        first = {SCHEMA: codec.dump(self._schema)} if self._schema is not None else {}
        values = {**values, **first}
        there = {**dict.fromkeys(first), **dict.fromkeys(self._names), **dict.fromkeys(tables), **dict.fromkeys(values)}
        opening = b"{"
        for name in there:
            if name not in tables and name not in values:
                continue  # it was dropped
            yield b"%b\n  %b: " % (opening, codec.dump(name))
            opening = b","
            if name in values:
                yield codec.indented(values[name], 2)
                continue
            yield b"["
            for place, body in enumerate(tables[name]):
                yield b"%b\n    %b" % (b"," if place else b"", codec.indented(body, 4))
            yield b"\n  ]" if tables[name] else b"]"
        yield b"{}\n" if opening == b"{" else b"\n}\n"

    def _mark(self) -> Mark | None:
        """Return what tells this state of the file from others, None where there is no file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _read_json(text: bytes) -> Any:
    return codec.parse(text, extra_depth=2, is_many=True)


def _read_json5(text: bytes) -> Any:
    """Return the value of a JSON5 text. Cost: 14 µs a byte. Raises ValueError, InvalidValue."""
    try:
        json5 = import_module("json5")
    except ImportError:
        raise ValueError("reading it needs `pip install 'ramekin[json5]'`") from None
    if len(text) > MAX_JSON5_BYTES:
        raise ValueError(f"a file of JSON5 has at most {MAX_JSON5_BYTES} bytes; make it JSON")
    try:
        value = json5.loads(text.decode(), allow_duplicate_keys=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    codec.check_value(value)
    return value


def told(error: RamekinError) -> str:
    """Return an error as one line, with the places that it is about."""
    parts = [error.message]
    for fault in error.faults[:3]:
        detail = "" if fault.detail == error.message else fault.detail
        parts.append(": ".join(filter(None, (fault.pointer, detail))))
    return " ".join(filter(None, parts))
