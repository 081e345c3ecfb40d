"""What tables are made of, as frozen values: names, changes, statistics, limits.

Every layer speaks in these; none of them does anything. See ``engine/base.py`` for the contract that uses them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ramekin.errors import InvalidTableName

RecordId = int | str
"""An id in the type it was sent in."""

MIB = 1024 * 1024

_TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


def check_table_name(name: str) -> None:
    """Refuse a name that no table may have.

    Raises:
        InvalidTableName: it is not 1 to 63 of ``A-Z a-z 0-9 _ -``, beginning with a letter or ``_``.
    """
    if not _TABLE_NAME.fullmatch(name):
        raise InvalidTableName(
            "A table's name is 1 to 63 letters, digits, '_' or '-', and begins with a letter or '_'."
        )


class Change(NamedTuple):
    """One record's step from a body to a body.

    `before` is the body that the change was computed from, None where there was no record; the engine applies a
    change only while that is still so. `after` is the body to store, None to delete.
    """

    table: str
    key: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class IndexStats:
    """One index: the field's path as text, its kind, and the bytes that it takes."""

    field: str
    kind: str
    size_bytes: int
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index that a table's definition pins: the field's path as text, and ``hash`` or ``sorted``."""

    field: str
    kind: str = "hash"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a client has said of a table: a JSON Schema, fields that are unique, indexes that stay, and caution.

    `schema` holds a parsed JSON Schema; it is never changed.
    """

    schema: dict[str, Any] | None = None
    unique: tuple[str, ...] = ()
    indexes: tuple[IndexDefinition, ...] = ()
    require_if_match: bool = False
    model: str | None = None
    """The fingerprint of the model that the records were last found to satisfy."""

    def pinned(self) -> dict[str, bool]:
        """Return the fields whose indexes stay, the unique ones first, each with whether its index is sorted."""
        found = dict.fromkeys(self.unique, False)
        for index in self.indexes:
            found[index.field] = found.get(index.field, False) or index.kind == "sorted"
        return found


NOTHING_DEFINED = Definition()

Checked = Mapping[str, Definition | None]
"""The definitions that records were checked by, by table: the very objects, None where nothing was defined."""

NOTHING_CHECKED: Checked = {}


@dataclass(frozen=True, slots=True)
class TableStats:
    """A table at one moment. `size_bytes` is the sum of its bodies; `revision` grows with every write to it."""

    name: str
    records: int
    size_bytes: int
    revision: int
    definition: Definition = NOTHING_DEFINED


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Bytes that all tables take, with their orders and indexes, and that they may take: None without a limit."""

    used_bytes: int
    limit_bytes: int | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may send or ask for. Bytes, and rows of a page."""

    record_bytes: int = MIB
    bulk_bytes: int = 16 * MIB
    load_bytes: int = 1024 * MIB
    page_rows: int = 10_000
    sorted_rows: int = 100_000
    """Rows or groups that one request may hold at once to put them in order."""
