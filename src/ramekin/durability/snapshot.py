"""Whole tables in a SQLite file that is written once and never changed: the only module that speaks to SQLite.

One row holds one record, with a checksum over its table, key, due time and body; each table states the number of its
records and the sum of their checksums, so that rows which vanish with a damaged page are missed. A file has its name
only once it is whole and synced. Nothing is written to it after that, so it needs no log and no lock of SQLite's own.

Knows no threads and no event loop; see ``format.py`` for the schema, ``log.py`` for what was written since.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ramekin.durability.contents import Contents, TableContents
from ramekin.durability.disk import SYSTEM_DISK, Disk
from ramekin.durability.failures import Damaged, DiskFault, Unusable, fault_of
from ramekin.durability.format import (
    APPLICATION_ID,
    FORMAT,
    PAGE_BYTES,
    SCHEMA,
    SCHEMAS,
    WITHOUT_DUES,
    print_definition,
    read_definition,
    with_due,
)
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ramekin.schema.definition import Definition

SqliteError = sqlite3.Error

ROWS = 64
"""Rows of one statement. SQLite loops over them without the interpreter's lock; `executemany` takes and gives it for
every row, and an event loop beside it starves (see ``benchmarks/journal.py``)."""

ROWS_BYTES = 256 * 1024
"""Bytes of records after which a statement takes no more: SQLite copies all that it is given."""

READ_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """Which snapshot it is, in hexadecimal digits; and whether a log goes with it, as with all but backups."""

    id: str
    has_log: bool


# Writing


def write(
    path: Path,
    contents: Contents,
    identity: Identity,
    *,
    pause: Callable[[], None] | None = None,
    disk: Disk = SYSTEM_DISK,
) -> None:
    """Write whole tables into a new file, sync it, and give it its name when it is whole. Raises DiskFault.

    Args:
        pause: called after every few rows; it may rest, or raise to give the file up.

    Cost: about 2 µs a record, half of it without the interpreter's lock.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    with suppress(OSError):
        disk.unlink(unfinished)
    try:
        with _failing():
            disk.close(disk.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with closing(sqlite3.connect(unfinished, isolation_level=None, check_same_thread=False)) as connection:
                _write(connection, contents, identity, pause)
            _sync_and_name(unfinished, path, disk)
    except BaseException:
        with suppress(OSError):
            disk.unlink(unfinished)
        raise


def _write(connection: Any, contents: Contents, identity: Identity, pause: Callable[[], None] | None) -> None:
    run = connection.execute
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = OFF",  # who fails here removes the file
        "synchronous = OFF",  # it is synced at the end
        "locking_mode = EXCLUSIVE",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {FORMAT}",
    ):
        run(f"PRAGMA {pragma}")
    run("BEGIN")
    for statement in SCHEMA.values():
        run(statement)
    run("INSERT INTO snapshot VALUES (?, ?, ?)", [identity.id, identity.has_log, _identity_checksum(identity)])
    for number, (name, whole) in enumerate(contents.items(), 1):
        digest = _write_records(run, number, name, whole, pause)
        text = print_definition(whole.definition)
        run(
            "INSERT INTO tables VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?)",
            [number, name, text, definition_checksum(name, text), len(whole.bodies), digest],
        )
    run("COMMIT")


def _write_records(run: Any, number: int, name: str, whole: TableContents, pause: Callable[[], None] | None) -> int:
    """Store a table's records and return the sum of their checksums."""
    seed, digest, due_of = crc32(name.encode()), 0, whole.dues.get
    rest = iter(whole.bodies.items())
    statement, count = "", 0
    while batch := _next_rows(rest):
        if len(batch) != count:
            count = len(batch)
            rows = ",".join([f"({number},?,CAST(? AS TEXT),?,?)"] * count)
            statement = f"INSERT INTO records (table_id, key, body, due, checksum) VALUES {rows}"  # noqa: S608
        values: list[Any] = []
        for key, body in batch:
            due = due_of(key)
            checksum = crc32(with_due(body, due), crc32(key.encode(), seed))
            digest += checksum
            values += (key, body, due, checksum)
        run(statement, values)
        if pause is not None:
            pause()
    return digest


def _next_rows(rest: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the keys and bodies of the next statement; none where nothing is left."""
    batch, size_bytes = [], 0
    for row in islice(rest, ROWS):
        batch.append(row)
        size_bytes += len(row[1])
        if size_bytes >= ROWS_BYTES:
            break
    return batch


def _sync_and_name(unfinished: Path, path: Path, disk: Disk) -> None:
    disk.sync_file(unfinished, os.O_RDWR)
    disk.rename(unfinished, path)
    disk.sync_directory(path.parent)


# Reading


def read(path: Path, advance: Callable[[int, int], None] = lambda *_: None) -> tuple[Identity, Contents]:
    """Return whole tables, records in the order in which they came, after checking all of it.

    Args:
        advance: called now and then with the records that are read, and that there are.

    Raises:
        Unusable: it is of another program, of another version, or cannot be read.
        Damaged: something was not written so; it says what and where.

    Cost: about 1.5 µs a record.
    """
    with opened(path) as run:
        identity = read_identity(path, run)
        tables = _read_tables(path, run)
        expected = sum(table.records for table in tables.values())
        _read_records(path, run, tables, lambda done: advance(done, expected))
        for table in tables.values():
            if (table.records, table.digest) != (len(table.whole.bodies), table.total):
                raise Damaged(
                    f"{path}: table '{table.name}': {len(table.whole.bodies)} records are there, {table.records} were "
                    "written; some are missing or of an earlier time"
                )
        for (said,) in run("PRAGMA integrity_check(1)"):  # pages, and what holds them together
            if said != "ok":
                raise Damaged(f"{path}: {' '.join(str(said).split())}")
    return identity, {table.name: table.whole for table in tables.values()}


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Give what runs a statement on a file that nobody changes. What SQLite says of it is one line of ours."""
    _check_head(path)
    connection = None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        yield connection.execute
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "OperationalError", "SQLITE_FORMAT")):
            raise Damaged(f"{path}: {error} (found by SQLite)") from None
        raise Unusable(f"{path}: {error}") from None
    except (RamekinError, UnicodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{path}: a definition or a key cannot be read ({type(error).__name__})") from None
    finally:
        if connection is not None:
            connection.close()


def definition_checksum(table: str, text: bytes) -> int:
    """Return the checksum of a table's definition."""
    return crc32(text, crc32(table.encode()))


def _check_head(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise Unusable(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise Damaged(f"{path}: is not a SQLite file (byte 0)")
    if (size := int.from_bytes(head[16:18], "big")) != PAGE_BYTES:
        raise Damaged(f"{path}: has pages of {size} bytes, where Ramekin writes {PAGE_BYTES} (byte 16)")


def _check_schema(path: Path, run: Any) -> None:
    [(application,)] = run("PRAGMA application_id")
    if application != APPLICATION_ID:
        raise Unusable(f"{path}: is a SQLite file of another program")
    [(version,)] = run("PRAGMA user_version")
    if version not in SCHEMAS:
        raise Unusable(f"{path}: has format {version}, and this version of Ramekin reads {FORMAT}")
    found = {name: sql for name, sql in run("SELECT name, sql FROM sqlite_schema") if sql is not None}
    if found != SCHEMAS[version]:
        raise Damaged(f"{path}: the schema in it (page 1) is not the one that Ramekin writes")


def read_identity(path: Path, run: Any) -> Identity:
    """Return which snapshot a file is. Raises Unusable, Damaged: it is none."""
    _check_schema(path, run)
    rows = list(run("SELECT id, has_log, checksum FROM snapshot"))
    if len(rows) == 1:
        identity = Identity(str(rows[0][0]), bool(rows[0][1]))
        if _identity_checksum(identity) == rows[0][2]:
            return identity
    raise Damaged(f"{path}: which snapshot it is has a wrong checksum (table 'snapshot')")


def _identity_checksum(identity: Identity) -> int:
    return crc32(f"{identity.id} {int(identity.has_log)}".encode())


def _read_tables(path: Path, run: Any) -> dict[int, _Table]:
    tables = {}
    for number, name, text, checksum, records, digest in run(
        "SELECT id, name, CAST(definition AS BLOB), checksum, records, digest FROM tables ORDER BY id"
    ):
        if checksum != definition_checksum(name, text):
            raise Damaged(f"{path}: the definition of table '{name}' has a wrong checksum")
        tables[number] = _Table(name, read_definition(text), records, digest)
    return tables


def record_columns(run: Any) -> str:
    """Return what to select of a record: its table, key, body, due time and checksum."""
    [(version,)] = run("PRAGMA user_version")
    due = "NULL" if version == WITHOUT_DUES else "due"
    return f"table_id, key, CAST(body AS BLOB), {due}, checksum"


def _read_records(path: Path, run: Any, tables: dict[int, _Table], advance: Callable[[int], None]) -> None:
    """Read all records into their tables. The loop is as bare as it can be: its cost is that of a start."""
    crc, done = crc32, 0
    known, bodies, dues, total, seed = None, dict[str, bytes](), dict[str, int](), 0, 0
    rows = run(f"SELECT {record_columns(run)} FROM records ORDER BY seq")  # noqa: S608
    while batch := rows.fetchmany(READ_ROWS):
        for number, key, body, due, checksum in batch:
            if number != known:
                if known is not None:
                    tables[known].total += total
                if number not in tables:
                    raise Damaged(f"{path}: record '{key}' belongs to no table")
                known, bodies, dues, total = number, tables[number].whole.bodies, tables[number].whole.dues, 0
                seed = crc(tables[number].name.encode())
            stated = body
            if due is not None:
                stated, dues[key] = with_due(body, due), due
            if crc(stated, crc(key.encode(), seed)) != checksum:
                raise Damaged(f"{path}: record '{key}' of table '{tables[number].name}' has a wrong checksum")
            total += checksum
            bodies[key] = body
        done += len(batch)
        advance(done)
    if known is not None:
        tables[known].total += total


class _Table:
    """A table while it is read: what was written of it, and what is found."""

    def __init__(self, name: str, definition: Definition, records: int, digest: int) -> None:
        self.name, self.records, self.digest = name, records, digest
        self.whole = TableContents(definition, {})
        self.total = 0


@contextmanager
def _failing() -> Iterator[None]:
    """Turn what SQLite and the system say of a write into a fault of the disk."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        raise DiskFault(f"{name}: {error}", is_full=name == "SQLITE_FULL") from None
    except OSError as error:
        raise fault_of(error) from None
