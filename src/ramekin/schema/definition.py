"""Definitions of tables: what a client has said of one, as a frozen value, and what a table may be called.

Knows nothing of records; see ``database/defining.py`` for how a definition is read and checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ramekin.errors import InvalidTableName

TABLE_NAME = "[A-Za-z_][A-Za-z0-9_-]{0,62}"
"""The regular expression of what a table may be called."""

_TABLE_NAME = re.compile(TABLE_NAME)


def is_table_name(name: object) -> bool:
    """Say whether a table may have that name."""
    return isinstance(name, str) and _TABLE_NAME.fullmatch(name) is not None


def check_table_name(name: object) -> None:
    """Refuse a name that no table may have.

    Raises:
        InvalidTableName: it is not 1 to 63 of ``A-Z a-z 0-9 _ -``, beginning with a letter or ``_``.
    """
    if not is_table_name(name):
        raise InvalidTableName(
            "A table's name is 1 to 63 letters, digits, '_' or '-', and begins with a letter or '_'."
        )


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index that a table's definition pins: the field's path as text, and ``hash`` or ``sorted``."""

    field: str
    kind: str = "hash"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a client has said of a table: a JSON Schema, unique fields, indexes that stay, caution, a lifetime, limits.

    `schema` holds a parsed JSON Schema; it is never changed.
    """

    schema: dict[str, Any] | None = None
    unique: tuple[str, ...] = ()
    indexes: tuple[IndexDefinition, ...] = ()
    require_if_match: bool = False
    model: str | None = None
    """The fingerprint of the model that the records were last found to satisfy, or `SEVERAL`."""
    expire_after_s: int | None = None
    """Seconds after its last write in which a record is gone; None: it stays."""
    max_records: int | None = None
    max_bytes: int | None = None
    """How many records, and bytes of their JSON, there may be: others give way to new ones; None: any number."""

    @property
    def is_cache(self) -> bool:
        """Whether records give way to others."""
        return self.max_records is not None or self.max_bytes is not None

    def pinned(self) -> dict[str, bool]:
        """Return the fields whose indexes stay, the unique ones first, each with whether its index is sorted."""
        found = dict.fromkeys(self.unique, False)
        for index in self.indexes:
            found[index.field] = found.get(index.field, False) or index.kind == "sorted"
        return found


NOTHING_DEFINED = Definition()

SEVERAL = "several"
"""Takes a fingerprint's place once several versions of a model may write: none of them vouches for the records."""

Checked = Mapping[str, Definition | None]
"""The definitions that records were checked by, by table: the very objects, None where nothing was defined."""

NOTHING_CHECKED: Checked = {}
