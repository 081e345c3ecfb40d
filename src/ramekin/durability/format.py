"""What a snapshot's SQLite file looks like, and definitions as text.

``docs/durability.md`` describes both for people. Knows no connection; see ``snapshot.py`` for who reads and writes.
"""

from __future__ import annotations

from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.values import codec

APPLICATION_ID = 0x52616D6B  # "Ramk"
FORMAT = 2
"""The version of snapshots, kept as ``user_version``, and of logs."""

PAGE_BYTES = 4096

SCHEMA = {
    "snapshot": "CREATE TABLE snapshot (id TEXT NOT NULL, has_log INTEGER NOT NULL, checksum INTEGER NOT NULL)",
    "tables": "CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, "
    "checksum INTEGER NOT NULL, records INTEGER NOT NULL, digest INTEGER NOT NULL)",
    "records": "CREATE TABLE records (seq INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, key TEXT NOT NULL, "
    "body TEXT NOT NULL, checksum INTEGER NOT NULL)",
}


def print_definition(definition: Definition) -> bytes:
    """Return a definition as files hold it: JSON."""
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
