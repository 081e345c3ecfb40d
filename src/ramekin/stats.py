"""Statistics of tables, of their indexes and of the memory that all take, at one moment, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from ramekin.schema.definition import NOTHING_DEFINED, Definition


@dataclass(frozen=True, slots=True)
class IndexStats:
    """One index: the field's path as text, its kind, and the bytes that it takes."""

    field: str
    kind: str
    size_bytes: int
    is_pinned: bool = False


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
