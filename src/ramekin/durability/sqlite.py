"""Tables in a SQLite file: the only module that speaks to SQLite.

One connection writes and checkpoints, in WAL mode, under an exclusive lock; one row holds one record, with a checksum
over its table, key and body; triggers keep for each table the number of its records and the sum of their checksums, in
the same commit, so that rows which vanish with a damaged page are missed. ``docs/durability.md`` describes the schema.

1. `commit` does all or nothing.
2. What `read` gives was written so: every checksum, number and sum is right, and so is the index.
3. Errors are those of ``faults.py``.

Knows no threads and no event loop; see ``journal.py`` for who calls it.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import time
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ramekin.definitions import NOTHING_DEFINED
from ramekin.durability import replay, wal
from ramekin.durability.directory import sync_directory, sync_file
from ramekin.durability.faults import Damaged, DiskFault, Unusable
from ramekin.durability.format import (
    APPLICATION_ID,
    FORMAT,
    PAGE_BYTES,
    SCHEMA,
    SHAPES,
    STORE,
    filled,
    print_definition,
    shape,
)
from ramekin.durability.steps import Contents, Defined, Dropped, Loaded, Written
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ramekin.definitions import Change, Definition
    from ramekin.durability.steps import Fsync, Step

CACHE_KIB = 32 * 1024
READ_CACHE_KIB = 256 * 1024
"""Pages that a start may hold: with random keys SQLite's check of the index visits them in no order."""

SqliteError = sqlite3.Error
_LASTING = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_READONLY")


class SqliteFile:
    """The file of a database, open for writing.

    Make one with `open_file`, then call `read` once, then `commit` as often as there is something.
    """

    def __init__(
        self,
        path: Path,
        fsync: Fsync,
        *,
        note_log: Callable[[str], None] = lambda _: None,
        rest_s: float = 0.0,
        connect: Callable[[str], Any] | None = None,
    ) -> None:
        self._rest_s = rest_s  # between two statements of a load, for who is not in a hurry
        self.path, self._fsync, self._note_log = path, fsync, note_log
        self._connect = connect or connect_to_sqlite
        self._ids: dict[str, int] = {}
        with _telling(path):
            self._connection = self._connect(str(path))
        self._log: int | None = None

    # Opening and reading

    def prepare(self) -> None:
        """Take the file for this process alone, and make what is in it if it is new.

        Raises:
            Unusable: it is of another program, of a newer version, or cannot be used.
            Damaged: it is no SQLite file, or its schema is not ours.
        """
        with _telling(self.path):
            self._run("PRAGMA locking_mode = EXCLUSIVE")
            is_new = not self._value("SELECT count(*) FROM sqlite_schema")
            if not is_new:
                self._check_schema()
            self._run(f"PRAGMA page_size = {PAGE_BYTES}")
            self._run(f"PRAGMA synchronous = {'FULL' if self._fsync == 'always' else 'NORMAL'}")
            for pragma in (
                "wal_autocheckpoint = 0",
                "secure_delete = OFF",
                f"cache_size = -{CACHE_KIB}",
                "temp_store = MEMORY",
            ):
                self._run(f"PRAGMA {pragma}")
            if is_new:
                self._run("PRAGMA journal_mode = WAL")
                self._make_schema()
            self._ids = {name: number for number, name in self._rows("SELECT id, name FROM tables")}

    def read(self, advance: Callable[[int, int], None] = lambda *_: None) -> Contents:
        """Return whole tables, records in the order in which they came, after checking all of it.

        Args:
            advance: called now and then with the records that are read, and that there are.

        Raises:
            Damaged: something was not written so; it says what and where.

        Cost: about 1.5 µs a record.
        """
        with _telling(self.path):
            self._run(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
            contents = replay.read(self.path, self._run, advance)
            self._run(f"PRAGMA cache_size = -{CACHE_KIB}")
            return contents

    def begin(self) -> None:
        """Make the file ready for commits, now that what is in it is known to be right. Raises DiskFault."""
        with _failing():
            self._run("PRAGMA journal_mode = WAL")  # a backup is not in this mode
            self.probe()
            self.sync()
            sync_directory(self.path.parent)  # the log may be new
            self._note_log(self.path.name)

    def leave(self) -> None:
        """Close without changing anything."""
        leave(self._connection)

    # Writing

    def commit(self, steps: Sequence[Step]) -> None:
        """Commit steps in order, all or nothing. Raises DiskFault.

        Cost: about 4 µs a record, and a sync with `always`.
        """
        with _failing():
            if (single := self._as_one_statement(steps)) is not None:
                self._run(*single)
                return
            self._run("BEGIN IMMEDIATE")
            try:
                for step in _merged(steps):
                    self._write(step)
                self._run("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def sync(self) -> None:
        """Make what is committed outlive a power loss. Raises DiskFault.

        A thread of its own may call this while another commits.
        """
        try:
            if self._log is None:
                self._log = os.open(f"{self.path}-wal", os.O_RDONLY | os.O_CLOEXEC)
            sync_file(self._log)
        except OSError as error:
            raise DiskFault(f"sync: {error.strerror}", is_lasting=True) from None

    def probe(self) -> None:
        """Try whether the disk takes a commit. Raises DiskFault."""
        with _failing():
            self._run(f"PRAGMA user_version = {FORMAT}")

    def log_bytes(self) -> int:
        """Return the length of the log."""
        with suppress(OSError):
            return self.path.with_name(f"{self.path.name}-wal").stat().st_size
        return 0

    def checkpoint(self) -> None:
        """Write the log back into the file, so that it begins anew. Raises DiskFault."""
        with _failing():
            self._note_log("")  # a log without commits may be taken for one that was cut
            self._run("PRAGMA wal_checkpoint(TRUNCATE)")
            self.probe()
            self.sync()
            self._note_log(self.path.name)

    def close(self) -> None:
        """Write the log back and close. Raises DiskFault; what was committed stays so."""
        if self._log is not None:
            os.close(self._log)
            self._log = None
        with _failing():
            try:
                self._note_log("")
            except OSError:
                self.leave()  # the log stays where it is noted
                raise
            self._connection.close()

    def abandon(self) -> None:
        """Close a file that another one has taken the place of; what SQLite still writes to it is nobody's."""
        if self._log is not None:
            os.close(self._log)
            self._log = None
        with suppress(sqlite3.Error):
            self._connection.close()

    # The statements

    def _as_one_statement(self, steps: Sequence[Step]) -> tuple[str, list[Any]] | None:
        """Return the statement for a group that needs only one: it commits itself, with fewer calls."""
        changes = [change for step in steps if type(step) is Written for change in step.changes]
        if len(steps) > SHAPES[-1] or len(changes) > SHAPES[-1] or not all(type(step) is Written for step in steps):
            return None
        stored: dict[tuple[str, str], bytes] = {}
        for change in changes:
            if change.after is None or change.table not in self._ids:
                return None
            stored[change.table, change.key] = change.after
        return self._storing(stored) if stored else None

    def _write(self, step: Step) -> None:
        match step:
            case Written(changes):
                self._write_changes(changes)
            case Defined(table, definition):
                self._define(table, definition)
            case Dropped(table):
                self._drop(table)
            case Loaded(tables, replaces, emptied, dropped):
                for name in dropped:
                    self._drop(name)
                for name in [*emptied, *(tables if replaces else ())]:
                    self._empty(name)
                for name, bodies in tables.items():
                    self._id_of(name)
                    self._store(((name, key), body) for key, body in bodies.items())

    def _write_changes(self, changes: Sequence[Change]) -> None:
        stored: dict[tuple[str, str], bytes] = {}
        gone: dict[tuple[str, str], None] = {}
        for change in changes:
            place = (change.table, change.key)
            if change.after is None:
                gone[place] = None
                stored.pop(place, None)
            else:
                stored[place] = change.after
        for name in dict.fromkeys(change.table for change in changes):
            self._id_of(name)
        for batch in _batches(list(gone)):
            marks = ",".join(["(?,?)"] * shape(len(batch)))
            values = [value for name, key in batch for value in (self._ids[name], key)]
            self._run(f"DELETE FROM records WHERE (table_id, key) IN (VALUES {marks})", filled(values, len(batch), 2))  # noqa: S608
        self._store(stored.items())

    def _store(self, bodies: Iterable[tuple[tuple[str, str], bytes]]) -> None:
        rest = iter(bodies)
        while batch := dict(islice(rest, SHAPES[-1])):
            self._run(*self._storing(batch))
            if self._rest_s:
                time.sleep(self._rest_s)

    def _storing(self, bodies: Mapping[tuple[str, str], bytes]) -> tuple[str, list[Any]]:
        ids = self._ids
        seeds = {name: crc32(name.encode()) for name, _ in bodies}
        values = [
            value
            for (name, key), body in bodies.items()
            for value in (ids[name], key, body, crc32(body, crc32(key.encode(), seeds[name])))
        ]
        return STORE[shape(len(bodies))], filled(values, len(bodies), 4)

    def _id_of(self, name: str) -> int:
        if name not in self._ids:
            self._define(name, NOTHING_DEFINED)
        return self._ids[name]

    def _define(self, name: str, definition: Definition) -> None:
        text = print_definition(definition)
        self._run(
            "INSERT INTO tables (name, definition, checksum) VALUES (?, CAST(? AS TEXT), ?) "
            "ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, checksum = excluded.checksum",
            [name, text, crc32(text, crc32(name.encode()))],
        )
        self._ids[name] = self._value("SELECT id FROM tables WHERE name = ?", [name])

    def _drop(self, name: str) -> None:
        self._empty(name)
        self._run("DELETE FROM tables WHERE name = ?", [name])
        self._ids.pop(name, None)

    def _empty(self, name: str) -> None:
        self._run("DELETE FROM records WHERE table_id = ?", [self._ids.get(name)])

    def _roll_back(self) -> None:
        with suppress(Exception):
            self._run("ROLLBACK")
        with suppress(Exception):
            self._ids = {name: number for number, name in self._rows("SELECT id, name FROM tables")}

    # Checks

    def _make_schema(self) -> None:
        self._run("BEGIN IMMEDIATE")
        for statement in SCHEMA.values():
            self._run(statement)
        self._run(f"PRAGMA application_id = {APPLICATION_ID}")
        self._run(f"PRAGMA user_version = {FORMAT}")
        self._run("COMMIT")

    def _check_schema(self) -> None:
        if self._value("PRAGMA application_id") != APPLICATION_ID:
            raise Unusable(f"{self.path}: is a SQLite file of another program")
        version = self._value("PRAGMA user_version")
        if version > FORMAT:
            raise Unusable(f"{self.path}: has format {version}, and this version of Ramekin reads up to {FORMAT}")
        found = {name: sql for name, sql in self._rows("SELECT name, sql FROM sqlite_schema") if sql is not None}
        if version != FORMAT or found != SCHEMA:
            raise Damaged(f"{self.path}: the schema in it (page 1) is not the one that Ramekin writes")

    # SQLite

    def _run(self, statement: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(statement, values)

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._run(statement, values))

    def _value(self, statement: str, values: Sequence[Any] = ()) -> Any:
        rows = self._rows(statement, values)
        return rows[0][0] if rows else None


def check_before_opening(path: Path, fsync: Fsync, noted_log: str = "") -> wal.Scan:
    """See that a file and its log may be opened, without changing either, and return what the log holds.

    Args:
        noted_log: the name of the file that was written to last, and not closed.

    Raises:
        Unusable, Damaged: they may not.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        if os.path.lexists(f"{path}-wal"):
            raise Damaged(f"{path}: is not there, but its write-ahead log is") from None
        return wal.Scan()
    except OSError as error:
        raise Unusable(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if head and (len(head) < 100 or not head.startswith(b"SQLite format 3\0")):
        raise Damaged(f"{path}: is no SQLite file (byte 0)")
    page_size = int.from_bytes(head[16:18], "big") if head else PAGE_BYTES
    if page_size != PAGE_BYTES:
        raise Damaged(f"{path}: has pages of {page_size} bytes, where Ramekin writes {PAGE_BYTES} (byte 16)")
    log = path.with_name(f"{path.name}-wal")
    if noted_log == path.name and (not log.exists() or log.stat().st_size < wal.HEADER + wal.FRAME + PAGE_BYTES):
        raise Damaged(f"{log}: is not there, or cut short, and {path.name} was not closed")
    found = wal.scan(log, PAGE_BYTES, must_hold=noted_log == path.name)
    if found.hole_at is not None and fsync == "always":
        raise Damaged(f"{path}-wal: damaged at byte {found.hole_at}, and commits follow that are whole")
    return found


def open_file(path: Path, fsync: Fsync, note_log: Callable[[str], None] = lambda _: None) -> SqliteFile:
    """Return the file, made if it is not there, for this process alone. Raises Unusable, Damaged."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise Unusable(f"{path}: {(error.strerror or 'cannot be opened').lower()}") from None
    file = SqliteFile(path, fsync, note_log=note_log)
    try:
        file.prepare()
    except BaseException:
        file.leave()
        raise
    return file


def write_file(path: Path, contents: Contents, *, rest_s: float = 0.0) -> None:
    """Write whole tables into a new file, sync it, and give it its name when it is whole. Raises DiskFault.

    Cost: about 4 µs a record, without the interpreter's lock for most of it.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    _remove(unfinished)
    try:
        with _failing():
            os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            file = SqliteFile(unfinished, "no", rest_s=rest_s)
            try:
                file.prepare()
                file.begin()
                for name, table in contents.items():
                    file.commit([Defined(name, table.definition), Loaded({name: table.bodies})])
                    file.checkpoint()
                if file._value("PRAGMA journal_mode = DELETE") != "delete":
                    raise DiskFault("the fresh file cannot be finished", is_lasting=True)
            finally:
                file.close()
            handle = os.open(unfinished, os.O_RDWR | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            unfinished.rename(path)
            sync_directory(path.parent)
    except Unusable as error:
        _remove(unfinished)
        raise DiskFault(str(error), is_lasting=True) from None
    except BaseException:
        _remove(unfinished)
        raise


def leave(connection: Any) -> None:
    """Close a connection without changing anything, where SQLite would write the log back: no file may grow meanwhile.

    Python 3.12 has ``setconfig(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)`` for this; 3.11 has not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with suppress(sqlite3.Error):
            connection.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def connect_to_sqlite(path: str) -> sqlite3.Connection:
    """Return a connection whose transactions are ours to begin and end, and that never waits for a lock."""
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=64)


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), SHAPES[-1]):
        yield items[start : start + SHAPES[-1]]


def _merged(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps, with changes that follow each other as one."""
    changes: list[Change] = []
    for step in steps:
        if type(step) is Written:
            changes += step.changes
            continue
        if changes:
            yield Written(changes)
            changes = []
        yield step
    if changes:
        yield Written(changes)


def _remove(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")):
        with suppress(OSError):
            name.unlink()


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file that is opened or read into one line of ours."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Unusable(f"{path}: another process uses this file") from None
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "OperationalError", "SQLITE_FORMAT")):
            raise Damaged(f"{path}: {error} (found by SQLite)") from None
        raise Unusable(f"{path}: {error}") from None
    except (RamekinError, UnicodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{path}: a definition or a key cannot be read ({type(error).__name__})") from None


@contextmanager
def _failing() -> Iterator[None]:
    """Turn what SQLite and the system say of a write into a fault of the disk."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        raise DiskFault(
            f"{name}: {error}", is_full=name == "SQLITE_FULL", is_lasting=name.startswith(_LASTING)
        ) from None
    except OSError as error:
        is_full = error.errno in (28, 122)  # ENOSPC, EDQUOT
        raise DiskFault(f"{error.strerror}", is_full=is_full, is_lasting=True) from None
