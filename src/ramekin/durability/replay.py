"""Reading a file back into tables, and checking everything on the way: it gives what was written, or says what is not.

Knows no connection: it is given a function that runs a statement. See ``format.py`` for the schema, ``sqlite.py`` for
the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from ramekin.durability.faults import Damaged
from ramekin.durability.format import read_definition
from ramekin.durability.steps import Contents, Kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ramekin.definitions import Definition

    Run = Callable[[str], Any]

READ_ROWS = 1000


def read(path: Path, run: Run, advance: Callable[[int, int], None]) -> Contents:
    """Return whole tables, records in the order in which they came, after checking all of it.

    Raises:
        Damaged: something was not written so; it says what and where.

    Cost: about 1.8 µs a record.
    """
    tables = _read_tables(path, run)
    expected = sum(table.records for table in tables.values())
    _read_records(path, run, tables, lambda done: advance(done, expected))
    for table in tables.values():
        if (table.records, table.digest) != (len(table.bodies), table.total):
            raise Damaged(
                f"{path}: table '{table.name}': {len(table.bodies)} records are there, {table.records} were written; "
                "some are missing or of an earlier time"
            )
    for (said,) in run("PRAGMA integrity_check(1)"):  # pages, and that the index is right
        if said != "ok":
            raise Damaged(f"{path}: {' '.join(str(said).split())}")
    return {table.name: Kept(table.definition, table.bodies) for table in tables.values()}


def _read_tables(path: Path, run: Run) -> dict[int, _Table]:
    tables = {}
    for number, name, text, checksum, records, digest in run(
        "SELECT id, name, CAST(definition AS BLOB), checksum, records, digest FROM tables ORDER BY id"
    ):
        if checksum != crc32(text, crc32(name.encode())):
            raise Damaged(f"{path}: the definition of table '{name}' has a wrong checksum")
        tables[number] = _Table(name, read_definition(text), records, digest)
    return tables


def _read_records(path: Path, run: Run, tables: dict[int, _Table], advance: Callable[[int], None]) -> None:
    """Read all records into their tables. The loop is as bare as it can be: its cost is that of a start."""
    crc, done = crc32, 0
    seeds = {number: crc(table.name.encode()) for number, table in tables.items()}
    known, bodies, total, seed = None, dict[str, bytes](), 0, 0
    rows = run("SELECT table_id, key, CAST(body AS BLOB), checksum FROM records ORDER BY seq")
    while batch := rows.fetchmany(READ_ROWS):
        for number, key, body, checksum in batch:
            if number != known:
                if known is not None:
                    tables[known].total += total
                if number not in tables:
                    raise Damaged(f"{path}: record '{key}' belongs to no table")
                known, bodies, total, seed = number, tables[number].bodies, 0, seeds[number]
            if crc(body, crc(key.encode(), seed)) != checksum:
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
        self.name, self.definition, self.records, self.digest = name, definition, records, digest
        self.bodies: dict[str, bytes] = {}
        self.total = 0
