"""What the SQLite file looks like: its schema, its statements, and definitions as it holds them.

``docs/durability.md`` describes it for people. Knows no connection; see ``sqlite.py`` for who writes, ``replay.py`` for
who reads.
"""

from __future__ import annotations

from typing import Any

from ramekin import codec
from ramekin.definitions import Definition, IndexDefinition

APPLICATION_ID = 0x52616D6B  # "Ramk"
FORMAT = 1
"""The version of the schema, kept as ``user_version``."""

PAGE_BYTES = 4096
SHAPES = (1, 4, 16, 64, 128)
"""Rows of one statement. A row's values are bound at once and SQLite loops over the rows without the interpreter's
lock: `executemany` takes and gives it for every row, and a loop beside it starves (see ``benchmarks/journal.py``)."""

SCHEMA = {
    "tables": "CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, "
    "checksum INTEGER NOT NULL, records INTEGER NOT NULL DEFAULT 0, digest INTEGER NOT NULL DEFAULT 0)",
    "records": "CREATE TABLE records (seq INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, key TEXT NOT NULL, "
    "body TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "record_key": "CREATE UNIQUE INDEX record_key ON records (table_id, key)",
    "record_added": "CREATE TRIGGER record_added AFTER INSERT ON records BEGIN UPDATE tables SET "
    "records = records + 1, digest = digest + new.checksum WHERE id = new.table_id; END",
    "record_changed": "CREATE TRIGGER record_changed AFTER UPDATE ON records BEGIN UPDATE tables SET "
    "digest = digest - old.checksum + new.checksum WHERE id = new.table_id; END",
    "record_removed": "CREATE TRIGGER record_removed AFTER DELETE ON records BEGIN UPDATE tables SET "
    "records = records - 1, digest = digest - old.checksum WHERE id = old.table_id; END",
}


def print_definition(definition: Definition) -> bytes:
    """Return a definition as the file holds it: JSON."""
    return codec.dump(
        {
            "schema": definition.schema,
            "unique": list(definition.unique),
            "indexes": [{"field": index.field, "kind": index.kind} for index in definition.indexes],
            "require_if_match": definition.require_if_match,
            "model": definition.model,
        }
    )


def read_definition(text: bytes) -> Definition:
    """Return the definition that `print_definition` printed."""
    value = codec.parse(text, extra_depth=1)
    indexes = tuple(IndexDefinition(index["field"], index["kind"]) for index in value["indexes"])
    return Definition(value["schema"], tuple(value["unique"]), indexes, value["require_if_match"], value["model"])


def _storing_rows(count: int) -> str:
    rows = ",".join(["(?,?,?,?)"] * count)
    return (
        "INSERT INTO records (table_id, key, body, checksum) SELECT column1, column2, CAST(column3 AS TEXT), column4 "  # noqa: S608
        f"FROM (VALUES {rows}) WHERE column1 IS NOT NULL ON CONFLICT (table_id, key) DO UPDATE SET "
        "body = excluded.body, checksum = excluded.checksum"
    )


STORE = {count: _storing_rows(count) for count in SHAPES}


def shape(count: int) -> int:
    """Return the rows of the smallest statement that takes some rows."""
    return next(shape for shape in SHAPES if shape >= count)


def filled(values: list[Any], count: int, width: int) -> list[Any]:
    """Return the values of a statement whose last rows are nothing."""
    return values + [None] * (width * (shape(count) - count))
