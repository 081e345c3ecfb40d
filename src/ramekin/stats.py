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
    memory_bytes: int = 0
    expiring: int = 0
    """Records that have a due time."""
    evicted: int | None = None
    """Records that gave way to others: since the start, on nodes since the table was made. None: it is no cache."""
    hits: int | None = None
    misses: int | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What all tables have together; `index_bytes` has the orders of ids too."""

    tables: int
    records: int
    size_bytes: int
    indexes: int
    index_bytes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class BuildStats:
    """Orders and indexes that were built, the seconds that took, those under way, and queries that found theirs."""

    count: int
    seconds: float
    running: int
    hits: int


@dataclass(frozen=True, slots=True)
class JournalStats:
    """What a journal has still to do: steps to commit, and commits to sync, with the age of the oldest."""

    queued_steps: int
    unsynced_bytes: int
    unsynced_s: float


@dataclass(frozen=True, slots=True)
class LinkStats:
    """How a process is linked to the nodes that keep its tables.

    Steps that have happened elsewhere and not here yet, seconds since the nodes were heard, steps that happened here,
    calls and connections so far, how often everything was read; what is in the way now, empty where nothing is, and
    what else is amiss, a sentence each.
    """

    behind_steps: int
    silent_s: float
    steps: int
    calls: int
    connections: int
    readings: int
    trouble: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Bytes that all tables take, with their orders and indexes, and that they may take: None without a limit."""

    used_bytes: int
    limit_bytes: int | None
    own_bytes: int = 0
    """What no branch shares, nor the tables that this is a branch of."""
    passing_bytes: int = 0
    """What is beside the tables for a while: copies of large steps, and what views read or nobody needs any more."""
