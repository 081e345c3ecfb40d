"""What a snapshot's SQLite file looks like, and definitions and due times as text.

``docs/durability.md`` describes both for people. Knows no connection; see ``snapshot.py`` for who reads and writes.
"""

from __future__ import annotations

from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.values import codec

APPLICATION_ID = 0x52616D6B  # "Ramk"
FORMAT = 3
"""The version of snapshots, kept as ``user_version``, and of logs."""

WITHOUT_DUES = 2
"""The version before, which had no due times. It is read, and never written."""

FORMATS = (WITHOUT_DUES, FORMAT)

PAGE_BYTES = 4096

SCHEMA = {
    "snapshot": "CREATE TABLE snapshot (id TEXT NOT NULL, has_log INTEGER NOT NULL, checksum INTEGER NOT NULL)",
    "tables": "CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, "
    "checksum INTEGER NOT NULL, records INTEGER NOT NULL, digest INTEGER NOT NULL)",
    "records": "CREATE TABLE records (seq INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, key TEXT NOT NULL, "
    "body TEXT NOT NULL, due INTEGER, checksum INTEGER NOT NULL)",
}

SCHEMAS = {
    WITHOUT_DUES: SCHEMA | {"records": SCHEMA["records"].replace("due INTEGER, ", "")},
    FORMAT: SCHEMA,
}


def with_due(body: bytes, due: int | None) -> bytes:
    """Return a body with its record's due time in front, if it has one: ``1764230400{"id":7}``. A body begins with {.

    Cost: O(1) without one.
    """
    return body if due is None else b"%d%b" % (due, body)


def split_due(text: bytes) -> tuple[bytes, int | None]:
    """Return the body and the due time that `with_due` put together. Raises ValueError. Cost: O(1) without one."""
    if text[:1] == b"{":
        return text, None
    due, brace, body = text.partition(b"{")
    return brace + body, int(due)


def print_definition(definition: Definition) -> bytes:
    """Return a definition as files hold it: JSON."""
    return codec.dump(
        {
            "schema": definition.schema,
            "unique": list(definition.unique),
            "indexes": [{"field": index.field, "kind": index.kind} for index in definition.indexes],
            "require_if_match": definition.require_if_match,
            "model": definition.model,
            "expire_after_s": definition.expire_after_s,
            "max_records": definition.max_records,
            "max_bytes": definition.max_bytes,
        }
    )


def read_definition(text: bytes) -> Definition:
    """Return the definition that `print_definition` printed."""
    value = codec.parse(text, extra_depth=1)
    indexes = tuple(IndexDefinition(index["field"], index["kind"]) for index in value["indexes"])
    return Definition(
        value["schema"],
        tuple(value["unique"]),
        indexes,
        value["require_if_match"],
        value["model"],
        value.get("expire_after_s"),
        value.get("max_records"),
        value.get("max_bytes"),
    )
