"""What tables are made of, as frozen values: names, changes, statistics, limits.

Every layer speaks in these; none of them does anything. See ``engine/base.py`` for the contract that uses them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Change:
    """One record's step from a body to a body.

    `before` is the body that the change was computed from, None where there was no record; the engine applies a
    change only while that is still so. `after` is the body to store, None to delete.
    """

    table: str
    key: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class TableStats:
    """A table at one moment. `size_bytes` is the sum of its bodies; `revision` grows with every write to it."""

    name: str
    records: int
    size_bytes: int
    revision: int
    indexes: tuple[IndexStats, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexStats:
    """One index: the field's path as text, its kind, and the bytes that it takes."""

    field: str
    kind: str
    size_bytes: int
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may send or ask for. Bytes, and rows of a page."""

    record_bytes: int = MIB
    bulk_bytes: int = 16 * MIB
    load_bytes: int = 1024 * MIB
    page_rows: int = 10_000
