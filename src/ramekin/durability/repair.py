"""Checking a data directory, and finding what is right in one that is damaged. Neither changes anything in it.

A row or a line is right when its checksum is. See ``snapshot.py`` and ``log.py`` for the files, ``replay.py`` for a
start, and ``cli/directories.py`` for the commands.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ramekin.durability import replay, snapshot
from ramekin.durability.contents import Contents, TableContents
from ramekin.durability.directory import Directory, Files
from ramekin.durability.failures import Damaged, Unusable
from ramekin.durability.fitting import fit
from ramekin.durability.format import read_definition, with_due
from ramekin.errors import RamekinError
from ramekin.schema.definition import NOTHING_DEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ramekin.durability.replay import Recovered


@dataclass
class Report:
    """What was found: `fault` is the first thing that is wrong, in one line; None if all is right."""

    files: list[Path]
    records: dict[str, int] = field(default_factory=dict)
    recovered: Recovered | None = None
    fault: str | None = None
    unread: tuple[str, ...] = ()


def check(path: Path) -> Report:
    """Verify every checksum of a data directory, number and sum. Raises Unusable."""
    with _files(path) as files:
        logs = [log for _, log in sorted(files.logs.items())]
        report = Report([files.snapshot, *logs] if files.snapshot else logs)
        report.unread = tuple(path.name for path in files.unread)
        try:
            report.recovered = replay.recover(files)
        except Damaged as fault:
            report.fault = str(fault)
        else:
            report.records = {name: len(whole.bodies) for name, whole in report.recovered.contents.items()}
            report.fault = report.recovered.fault
        return report


def what_is_right(path: Path) -> tuple[Contents, list[str]]:
    """Return what is right in a data directory, and a line for each thing that is not. Raises Unusable.

    Rows of the snapshot are read along the file's own order, and from both ends where a page in the middle is lost.
    Then every right line of the logs is applied, also after one that is wrong, but for those of a step that lacks one.
    What the records do not satisfy is taken off their table's definition.
    """
    with _files(path) as files:
        lost: list[str] = []
        contents: Contents = {}
        if files.snapshot is not None:
            try:
                with snapshot.opened(files.snapshot) as run:
                    contents = _Source(run, lost).contents()
            except Damaged as fault:
                lost.append(f"{fault}; nothing of it can be read")
        for _, log in sorted(files.logs.items()):
            lost += replay.apply_right_lines(log, contents)
        return contents, [*fit(contents), *lost]


@contextmanager
def _files(path: Path) -> Iterator[Files]:
    """Give the files of a data directory that no other process uses. Raises Unusable."""
    directory = Directory(path)
    directory.lock(is_read_only=True)
    try:
        files = directory.files()
        if files.snapshot is None and not files.logs:
            raise Unusable(f"{path}: holds no database")
        yield files
    except OSError as error:
        raise Unusable(f"{error.filename or path}: {(error.strerror or 'cannot be read').lower()}") from None
    finally:
        directory.release()


class _Source:
    def __init__(self, run: Any, lost: list[str]) -> None:
        self._run, self._lost = run, lost

    def contents(self) -> Contents:
        names: dict[int, str] = {}
        found: Contents = {}
        for number, name, text, checksum in self._rows(
            "SELECT id, name, CAST(definition AS BLOB), checksum FROM tables", "id"
        ):
            definition = NOTHING_DEFINED
            with suppress(RamekinError, KeyError, TypeError, ValueError):
                if checksum == snapshot.definition_checksum(name, text):
                    definition = read_definition(text)
                else:
                    self._lost.append(f"table '{name}': its definition has a wrong checksum, and is left out")
            names[number] = name
            found[name] = TableContents(definition, {})
        columns = f"SELECT {snapshot.record_columns(self._run)}, seq FROM records"  # noqa: S608
        for number, key, body, due, checksum, seq in self._rows(columns, "seq"):
            name = names.get(number)
            if name is None or not (isinstance(key, str) and isinstance(body, bytes) and isinstance(due, int | None)):
                self._lost.append(f"record {seq}: belongs to no table")
            elif crc32(with_due(body, due), crc32(key.encode(), crc32(name.encode()))) != checksum:
                self._lost.append(f"record {seq} of table '{name}': wrong checksum")
            else:
                found[name].put(key, body, due)
        return found

    def _rows(self, statement: str, order: str) -> list[tuple[Any, ...]]:
        """Return the rows that can be read: from the start, and after a page that is lost, from the end."""
        found: dict[int, tuple[Any, ...]] = {}
        where = {"id": 0, "seq": 5}[order]
        for direction in ("ASC", "DESC"):
            try:
                for row in self._run(f"{statement} ORDER BY {order} {direction}"):
                    found[row[where]] = row
            except (snapshot.SqliteError, UnicodeError) as error:
                self._lost.append(f"reading {'forwards' if direction == 'ASC' else 'backwards'} ended: {error}")
            else:
                break
        return [found[place] for place in sorted(found)]
