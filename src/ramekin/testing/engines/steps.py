"""Steps and records as tests of engines ask for them, in a word."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.engine.access import Access
from ramekin.query.plan import ALL_SPANS, IdWalk
from ramekin.schema.fields import Field
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ramekin.engine.base import Engine
    from ramekin.query.view import Row, View
    from ramekin.schema.definition import Definition
    from ramekin.values.ids import RecordId


def body(record_id: RecordId, **members: Any) -> bytes:
    """Return the body of a record."""
    return codec.dump({"id": record_id, **members})


async def write(engine: Engine, changes: Sequence[Change]) -> bool:
    """Ask for changes, and say whether they happened."""
    return await engine.apply(Written(changes)) is not None


async def put(engine: Engine, table: str, *bodies: bytes) -> None:
    """Store records that are new."""
    assert await write(engine, [Change(table, str(codec.parse(each)["id"]), None, each) for each in bodies])


async def change(engine: Engine, table: str, key: str, make: Callable[[bytes | None], bytes | None]) -> None:
    """Store what a function makes of a record's body, as it is in the moment in which that happens."""

    def step() -> Written:
        before = engine.ahead(table, key)
        return Written([Change(table, key, before, make(before))])

    assert await engine.apply(step) is not None


async def define(engine: Engine, table: str, definition: Definition) -> None:
    """Give a table a definition."""
    assert await engine.apply(Defined(table, definition)) is not None


async def drop(engine: Engine, table: str) -> None:
    """Drop a table."""
    assert await engine.apply(Dropped(table)) is not None


async def load(engine: Engine, tables: Mapping[str, dict[str, bytes]], *, replace: bool = False) -> bool:
    """Ask for a load, and say whether it happened."""
    return await engine.apply(Loaded(tables, replace)) is not None


async def ids(engine: Engine, table: str, **words: Any) -> list[RecordId]:
    """Return the ids that a table finds."""
    return [row[0] for row in (await engine.tables.find(table, limit=1000, **words)).rows]


def by_id(view: View, table: str, after: RecordId | None = None, most: int = 1000) -> list[Row]:
    """Return the next rows after an id, in the order of ids."""
    return [*view.rows(table, [*islice(view.walk_ids(table, IdWalk(), after), most)])]


async def read_sorted(engine: Engine, name: str) -> list[tuple[RecordId, Any]]:
    """Return the ids of a table "t" and the values of one field, in their order."""
    field = Field((name,))
    async with engine.tables.view([Access("t", ordered=(field,))]) as view:
        rows = view.rows("t", list(view.walk("t", field, ALL_SPANS, is_descending=False, includes_absent=True)))
        return [(row[0], codec.parse(row[1]).get(name)) for row in rows]
