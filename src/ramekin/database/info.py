"""What is told of tables: their statistics, those of their indexes, their schemas; and whole tables at one moment.

Knows no engines but by their tables; see ``database.py`` for who asks.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ramekin.engine.work import Work
from ramekin.errors import UnknownTable
from ramekin.stats import IndexStats, TableStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.database.schemas import Schemas
    from ramekin.engine.tables import Tables
    from ramekin.query.view import View


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's statistics, those of its indexes, and its JSON Schema if a model or a definition gives it one."""

    stats: TableStats
    indexes: tuple[IndexStats, ...]
    schema: dict[str, Any] | None
    model: str | None = None
    """The name of the model that types it."""

    @classmethod
    def of(cls, schemas: Schemas, stats: TableStats, indexes: tuple[IndexStats, ...]) -> Self:
        """Return what is told of a table that has these statistics."""
        schema = schemas.get(stats.name)
        return cls(stats, indexes, None if schema is None else schema.json_schema, schemas.model(stats.name))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tables at one moment; `view.batches(name)` gives the bodies of one, some at a time.

    They come in the order in which they were stored; of tables that processes share, which each may have stored in
    another order, by id.
    """

    tables: tuple[str, ...]
    view: View


def info_of(tables: Tables, schemas: Schemas, name: str) -> TableInfo:
    """Return what is told of a table. Raises UnknownTable."""
    return TableInfo.of(schemas, tables.table_stats(name), tables.index_stats(name))


async def infos_of(
    tables: Tables, schemas: Schemas, reaches: Callable[[str], bool], work: Work | None
) -> list[TableInfo]:
    """Return what is told of every table.

    Args:
        reaches: says which are meant; no name is empty, so `bool` means all.
        work: what this is a part of.

    Cost: O(tables), in steps of 2 ms, which is 200 tables: beyond that each is told as it is when its turn comes.
    """
    work, infos = work or Work(), list[TableInfo]()
    for name in filter(reaches, tables.names()):
        if name in tables:  # others may drop it meanwhile
            infos.append(info_of(tables, schemas, name))
        await work.rest()
    return infos


def indexes_of(tables: Tables, stats: TableStats) -> tuple[IndexStats, ...]:
    """Return the statistics of a table's indexes; those that its definition names where it has another one by now."""
    with suppress(UnknownTable):
        if tables.table_stats(stats.name).definition is stats.definition:
            return tables.index_stats(stats.name)
    pinned = stats.definition.pinned().items()
    return tuple(IndexStats(name, "sorted" if sorts else "hash", 0, is_pinned=True) for name, sorts in pinned)
