"""Joins as the database answers them: the key resolved against two tables, one page, and its warnings.

``query/join.py`` walks the pairs; this module decides what the key means, makes the cursor and tells the reader what
may have gone wrong. Knows no HTTP; see ``database.py`` for who calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ramekin.engine.base import Access
from ramekin.errors import InvalidKey, KeyNotResolved, did_you_mean, shorten
from ramekin.paths import member_names, print_path, reader
from ramekin.query.cursor import encode_cursor, position_of
from ramekin.query.join import (
    ID,
    JoinPlan,
    On,
    Position,
    count_mixed,
    count_pairs,
    other_readings,
    parse_key,
    read_bare_key,
    row_ids,
    take_pairs,
    walk,
)
from ramekin.values import MISSING, join_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ramekin.engine.base import Engine, View
    from ramekin.paths import FieldPath
    from ramekin.query.join import JoinType, Pair
    from ramekin.schema import RecordSchema

SAMPLE_ROWS = 1000
"""Records in which a table without a model is searched for names of fields."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What is asked: two tables, a key, and which page. `names` are what the sides are called in the answer.

    Raises:
        InvalidKey, InvalidCursor: it cannot be understood, whatever the tables hold.
    """

    left: str
    right: str
    key: str
    kind: JoinType = "inner"
    names: tuple[str, str] | None = None
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    with_count: bool = False

    def __post_init__(self) -> None:
        if self.sides[0] == self.sides[1]:
            raise InvalidKey("Both sides have the same name; give two with as=, such as as=employee,manager.")
        parse_key(self.key)
        _ = self.position

    @property
    def sides(self) -> tuple[str, str]:
        """What the two sides are called."""
        return self.names or (self.left, self.right)

    @property
    def query(self) -> str:
        """A text that is equal for equal questions, whichever page is asked for."""
        return "\x00".join(("join", self.left, self.right, self.key, self.kind, *self.sides))

    @property
    def position(self) -> Position | None:
        """Where the page begins, if a cursor says so."""
        if self.cursor is None:
            return None
        kinds = (int, str, type(None))
        return Position(*position_of(self.query, self.cursor, kinds, kinds))


@dataclass(frozen=True, slots=True)
class JoinPage:
    """Pairs of bodies, and what is said about them. `on` is None where an empty table leaves the key open."""

    pairs: tuple[Pair, ...]
    names: tuple[str, str]
    on: str | None
    cursor: str | None
    total: int | None
    warnings: tuple[str, ...]


async def join(engine: Engine, schemas: Mapping[str, RecordSchema], request: JoinRequest) -> JoinPage:
    """Return a page of a join; see `Database.join`."""
    for table in (request.left, request.right):
        await engine.table_stats(table)
    joined = _Joined(engine, schemas, request)
    on, warnings = await joined.resolve()
    if on is None:
        return replace(await joined.page(On(ID, ID), []), on=None, warnings=())  # whatever it means, nothing matches
    return await joined.page(on, warnings)


class _Joined:
    """One join request on its way to a page."""

    def __init__(self, engine: Engine, schemas: Mapping[str, RecordSchema], request: JoinRequest) -> None:
        self.engine, self.schemas, self.request = engine, schemas, request

    async def resolve(self) -> tuple[On | None, list[str]]:
        """Return which fields are equal, with warnings; None if an empty table leaves that open.

        Raises:
            InvalidKey, KeyNotResolved.
        """
        left, right, key = self.request.left, self.request.right, parse_key(self.request.key)
        if isinstance(key, On):
            warnings = [
                warning
                for table, path in ((left, key.left), (right, key.right))
                if (warning := await self._missing_field(table, path))
            ]
            return key, warnings
        on = read_bare_key(key, in_left=await self._has_field(left, key), in_right=await self._has_field(right, key))
        if on is None and await self._count(left) and await self._count(right):
            fields = sorted({*await self._field_names(left), *await self._field_names(right)})
            hint = did_you_mean(print_path(key), fields)
            raise KeyNotResolved(
                f"Neither '{left}' nor '{right}' has a field '{shorten(print_path(key))}'.{hint} {_listing(fields)}"
            )
        return on, []

    async def page(self, on: On, warnings: list[str]) -> JoinPage:
        """Walk to the page and return it."""
        request, position = self.request, self.request.position
        plan = JoinPlan(request.left, request.right, on, request.kind)
        async with self.engine.snapshot(_accesses(plan)) as view:
            pairs, has_more, has_matched = await take_pairs(walk(view, plan, position), request.offset, request.limit)
            total = await count_pairs(walk(view, plan)) if request.with_count else None
        if mixed := count_mixed(pairs, on):
            warnings.append(f"{mixed} of these matches are of a number with a text; store the key in one type")
        if not has_matched and not has_more and position is None:
            warnings += await self._suggest(on)
        cursor = encode_cursor(request.query, row_ids(pairs[-1])) if has_more and pairs else None
        described = on.describe(*request.sides)
        return JoinPage(tuple(pairs), request.sides, described, cursor, total, tuple(warnings))

    async def _missing_field(self, table: str, path: FieldPath) -> str | None:
        if await self._has_field(table, path):
            return None
        name = shorten(print_path(path))
        hint = did_you_mean(print_path(path), await self._field_names(table)).strip()
        if table in self.schemas:
            raise KeyNotResolved(f"The model of '{table}' has no field '{name}'. {hint}".strip())
        if not await self._count(table):
            return None
        return f"no record in {table} has the field '{name}'" + (f"; {hint[0].lower()}{hint[1:]}" if hint else "")

    async def _has_field(self, table: str, path: FieldPath) -> bool:
        """Say whether a field is declared by the table's model or present in a record. Cost: O(n) where it is not."""
        schema = self.schemas.get(table)
        if path == ID or (schema is not None and schema.declares(path)):
            return True
        if schema is not None:
            return False
        read = reader(path)
        async with self.engine.snapshot([Access(table)]) as view:
            async for bodies in view.batches(table):
                if any(read(body) is not MISSING for body in bodies):
                    return True
        return False

    async def _count(self, table: str) -> int:
        return (await self.engine.table_stats(table)).records

    async def _field_names(self, table: str) -> list[str]:
        """Return the names of a table's outermost fields, as far as its model or its first records tell."""
        if (schema := self.schemas.get(table)) is not None:
            return list(schema.fields)
        page = await self.engine.find(table, limit=SAMPLE_ROWS)
        return list(dict.fromkeys(name for _, body in page.rows for name in member_names(body)))

    async def _suggest(self, chosen: On) -> list[str]:
        """Return a warning for each other reading of the key that would match something."""
        left, right = self.request.left, self.request.right
        readings = other_readings(
            parse_key(self.request.key), chosen, await self._field_names(left), await self._field_names(right)
        )
        async with self.engine.snapshot([Access(left), Access(right)]) as view:
            return [
                f"nothing matched; {on.key} would ({on.describe(*self.request.sides)})"
                for on in readings
                if await _would_match(view, left, right, on)
            ]


def _accesses(plan: JoinPlan) -> list[Access]:
    """Return what a walk reads: orders to walk in, and indexes to look up in."""
    left_paths = (plan.on.left,) if plan.keeps_right else ()
    return [
        Access(plan.left_table, in_id_order=True, paths=left_paths),
        Access(plan.right_table, in_id_order=plan.keeps_right, paths=(plan.on.right,)),
    ]


async def _would_match(view: View, left: str, right: str, on: On) -> bool:
    """Say whether a reading of the key matches anything. Cost: O(n + m), in batches."""
    read_left, read_right = reader(on.left), reader(on.right)
    keys: set[Any] = set()
    async for bodies in view.batches(right):
        keys.update((type(key), key) for body in bodies if (key := join_key(read_right(body))) is not None)
    async for bodies in view.batches(left):
        if any((type(key), key) in keys for body in bodies if (key := join_key(read_left(body))) is not None):
            return True
    return False


def _listing(fields: Sequence[str]) -> str:
    shown = ", ".join(shorten(name) for name in fields[:20])
    return f"Fields: {shown}{', …' if len(fields) > 20 else ''}."
