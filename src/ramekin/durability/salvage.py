"""Checking a data directory, and saving what is right in one that is damaged. Neither changes anything in it.

A row is right when its checksum is. See ``sqlite.py`` for the file, and ``cli/directories.py`` for the commands.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ramekin.definitions import NOTHING_DEFINED
from ramekin.durability import sqlite, wal
from ramekin.durability.directory import Directory
from ramekin.durability.faults import Damaged, Unusable
from ramekin.durability.format import read_definition
from ramekin.durability.steps import Contents, Kept
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Report:
    """What was found: `fault` is the first thing that is wrong, in one line; None if all is right."""

    file: Path
    log: wal.Scan = field(default_factory=wal.Scan)
    records: dict[str, int] = field(default_factory=dict)
    fault: str | None = None


def check(path: Path) -> Report:
    """Verify every checksum of a data directory, number and sum. Raises Unusable."""
    directory = Directory(path)
    directory.take(may_create=False)
    try:
        report = Report(directory.file())
        if not report.file.exists():
            raise Unusable(f"{path}: holds no database")
        try:
            report.log = sqlite.check_before_opening(report.file, "no", directory.noted_log())
            if report.log.hole_at is not None:
                report.fault = (
                    f"{report.file}-wal: damaged at byte {report.log.hole_at}, and commits follow that are whole"
                )
            file = sqlite.SqliteFile(report.file, "no")
            try:
                file.prepare()
                report.records = {name: len(kept.bodies) for name, kept in file.read().items()}
            finally:
                file.leave()
        except Damaged as fault:
            report.fault = report.fault or str(fault)
        return report
    finally:
        directory.release()


def salvage(path: Path) -> tuple[Contents, list[str]]:
    """Return what is right in a data directory, and a line for each thing that is not. Raises Unusable.

    Rows are read one by one along the file's own order, and from both ends where a page in the middle is lost.
    """
    directory = Directory(path)
    directory.take(may_create=False)
    try:
        file = directory.file()
        if not file.exists():
            raise Unusable(f"{path}: holds no database")
        lost: list[str] = []
        connection = sqlite.connect_to_sqlite(str(file))
        source = _Source(connection, lost)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            return source.contents(), lost
        except sqlite.SqliteError as error:
            lost.append(f"{file}: {error}; nothing can be read")
            return {}, lost
        finally:
            sqlite.leave(connection)
    finally:
        directory.release()


class _Source:
    def __init__(self, connection: Any, lost: list[str]) -> None:
        self._connection, self._lost = connection, lost

    def contents(self) -> Contents:
        names: dict[int, str] = {}
        kept: Contents = {}
        for number, name, text, checksum in self._rows(
            "SELECT id, name, CAST(definition AS BLOB), checksum FROM tables", "id"
        ):
            definition = NOTHING_DEFINED
            with suppress(RamekinError, KeyError, TypeError, ValueError):
                if checksum == crc32(text, crc32(name.encode())):
                    definition = read_definition(text)
                else:
                    self._lost.append(f"table '{name}': its definition has a wrong checksum, and is left out")
            names[number] = name
            kept[name] = Kept(definition, {})
        columns = "SELECT table_id, key, CAST(body AS BLOB), checksum, seq FROM records"
        for number, key, body, checksum, seq in self._rows(columns, "seq"):
            name = names.get(number)
            if name is None or not isinstance(key, str) or not isinstance(body, bytes):
                self._lost.append(f"record {seq}: belongs to no table")
            elif crc32(body, crc32(key.encode(), crc32(name.encode()))) != checksum:
                self._lost.append(f"record {seq} of table '{name}': wrong checksum")
            else:
                kept[name].bodies[key] = body
        return kept

    def _rows(self, statement: str, order: str) -> list[tuple[Any, ...]]:
        """Return the rows that can be read, from the start and, behind a page that cannot, from the end."""
        found: dict[int, tuple[Any, ...]] = {}
        where = {"id": 0, "seq": 4}[order]
        for direction in ("ASC", "DESC"):
            try:
                for row in self._connection.execute(f"{statement} ORDER BY {order} {direction}"):
                    found[row[where]] = row
            except (sqlite.SqliteError, UnicodeError) as error:
                self._lost.append(f"reading {'forwards' if direction == 'ASC' else 'backwards'} ended: {error}")
            else:
                break
        return [found[place] for place in sorted(found)]
