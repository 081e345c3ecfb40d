"""Joins as the database answers them: the key resolved against two tables, one page, and its warnings.

This module decides what the key means, and warns of what may have gone wrong. Knows no HTTP; see
``join_request.py`` for what is asked, ``join_rows.py`` for how the page is filled and ``database.py`` for who calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ramekin.clock import stopwatch_s
from ramekin.database.finding import Explanation
from ramekin.database.join_readings import MAX_READINGS, readings_that_match
from ramekin.database.join_rows import JoinRows
from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.errors import InvalidValue, KeyNotResolved, UnknownField, did_you_mean, listing, shorten
from ramekin.query.choose import is_led
from ramekin.query.decide import NOTHING
from ramekin.query.join import On, Pair, other_readings, parse_key, read_bare_key
from ramekin.query.join_walk import JoinPlan, JoinWalk
from ramekin.query.pairs import Tree, strip_order
from ramekin.query.plan import Query
from ramekin.query.predicate import EVERYTHING
from ramekin.schema.fields import ID, Field, common_reading
from ramekin.values import codec
from ramekin.values.paths import ID_PATH, FieldPath, print_path, split_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.database.join_request import JoinRequest
    from ramekin.database.presence import Presence
    from ramekin.engine.tables import Tables
    from ramekin.query.demands import Demand
    from ramekin.query.view import Row
    from ramekin.values.readings import Reading


@dataclass(frozen=True, slots=True)
class JoinPage:
    """Pairs of rows, or trees, and what is said about them. `on` is None where an empty table leaves the key open."""

    pairs: tuple[Pair, ...]
    trees: tuple[Tree, ...]
    is_single: bool
    """Whether a record can have one match at most, so that trees hold it bare."""
    on: str | None
    cursor: str | None
    total: int | None
    warnings: tuple[str, ...]
    explain: Explanation | None

    @property
    def records(self) -> list[tuple[Any, Any]]:
        """The page as Python has it: pairs of records, None where a side is missing; in trees a list on the right."""
        pairs = [(_parsed(left), _parsed(right)) for left, right in self.pairs]
        return pairs + [(_parsed(tree.left), [_parsed(right) for right in tree.rights]) for tree in self.trees]


def _parsed(row: Row | None) -> Any:
    return None if row is None else codec.parse(row[1])


async def join(tables: Tables, presence: Presence, request: JoinRequest, max_sorted: int) -> JoinPage:
    """Return a page of a join; see `Database.join`."""
    for table in (request.left, request.right):
        tables.table_stats(table)
    joined = _Joined(tables, presence, request, max_sorted)
    on, warnings = await joined.resolve()
    warnings += await joined.missing_fields()
    if on is None:
        page = await joined.page(On(ID_PATH, ID_PATH), [])  # nothing matches anyway
        return replace(page, on=None, is_single=False, warnings=tuple(warnings))
    return await joined.page(on, warnings)


class _Joined:
    """One join request on its way to a page."""

    def __init__(self, tables: Tables, presence: Presence, request: JoinRequest, max_sorted: int) -> None:
        self.tables, self.presence, self.request, self.max_sorted = tables, presence, request, max_sorted

    async def resolve(self) -> tuple[On | None, list[str]]:
        """Return which fields are equal, with warnings; None if an empty table leaves that open.

        Raises:
            InvalidKey, KeyNotResolved.
        """
        left, right, key = self.request.left, self.request.right, parse_key(self.request.key)
        has = self.presence.has
        if isinstance(key, On):
            sides = ((left, key.left), (right, key.right))
            return key, [told for table, path in sides if (told := await self._missing_key(table, path))]
        on = read_bare_key(key, in_left=await has(left, key), in_right=await has(right, key))
        if on is None and await self._count(left) and await self._count(right):
            fields = sorted({*await self._outer_names(left), *await self._outer_names(right)})
            hint = f"{did_you_mean(print_path(key), fields)} {listing(fields)}".lstrip()
            raise KeyNotResolved(f"Neither '{left}' nor '{right}' has a field '{shorten(print_path(key))}'.", hint=hint)
        return on, []

    async def missing_fields(self) -> list[str]:
        """Return a warning for each field of a condition, an order or a selection that no record has."""
        warnings: list[str] = []
        demands = await (self.presence.work or Work()).through(self.request.read_demands())
        for name, table in zip(self.request.sides, (self.request.left, self.request.right), strict=True):
            paths = [path[1:] for path in self.request.paths if path[0] == name and len(path) > 1]
            is_strict, own = self.request.is_strict, _demands_on(name, demands)
            try:
                warnings += await self.presence.missing(table, paths, is_strict=is_strict)
                warnings += await self.presence.unmatched(table, own, is_strict=is_strict)
            except (UnknownField, InvalidValue) as error:
                raise error.but(path=(name, *error.path)) from None
        return warnings

    async def page(self, on: On, warnings: list[str]) -> JoinPage:
        """Walk to the page and return it."""
        began, request = stopwatch_s(), self.request
        plan = self._plan(on)
        async with self.tables.view(_accesses(plan), self.presence.work) as view:
            is_single = await self._is_single(on)  # at the moment of the view
            rows = JoinRows(view, plan, request, self.max_sorted)
            pairs, trees, has_more = await rows.page()
            total = await rows.count() if request.with_count else None
            mixed = 0 if plan.reading == "decimal" else await rows.count_mixed(pairs, trees)  # whose texts are numbers
        if mixed:
            warnings.append(f"{mixed} of these matches are of a number with a text; store the key in one type")
        is_first = request.position is None and not request.offset
        if is_first and (pairs or trees or not has_more) and not _has_match(pairs, trees):
            warnings += await self._suggest(on)
        explain = None
        if request.with_explain:
            returned, spent = len(pairs) + len(trees), round((stopwatch_s() - began) * 1e6)
            explain = Explanation(rows.access, rows.index, rows.examined, returned, spent)
        return JoinPage(
            tuple(pairs),
            tuple(trees),
            is_single,
            on.describe(*request.sides),
            rows.cursor_after(pairs, trees) if has_more else None,
            total,
            tuple(warnings),
            explain,
        )

    def _plan(self, on: On) -> JoinPlan:
        """Return the plan, with the conditions and the order that one table can see to by itself."""
        request, parts = self.request, self.request.phases
        sort = tuple(strip_order(order) for order in request.ordered_by) if request.is_sorted_by_left else ()
        reading = self._reading(on)
        keeps_left = parts.unmatched != NOTHING
        may_lead = is_led(parts.leading) or Field(on.left, reading) == ID
        return JoinPlan(
            request.left,
            request.right,
            on,
            Query(parts.left, sort, request.limit, request.offset),
            reading,
            keeps_matched=parts.matched != NOTHING,
            keeps_left=keeps_left,
            keeps_right=request.type in ("right", "full") and NOTHING not in (parts.right, parts.alone),
            leading=parts.leading if may_lead and parts.matched != NOTHING and not keeps_left else None,
            right_query=Query(parts.right, limit=request.limit),
        )

    def _reading(self, on: On) -> Reading:
        """Return how the values of both sides are read to be matched, by what is declared of them."""
        left, right = (self.presence.fields(table) for table in (self.request.left, self.request.right))
        return common_reading(left.type_of(on.left), right.type_of(on.right))

    async def _missing_key(self, table: str, path: FieldPath) -> str | None:
        """Return a warning if no record has a side of an explicit key; raise if a schema says so."""
        if await self.presence.has(table, path):
            return None
        name = shorten(print_path(path))
        hint = did_you_mean(print_path(path), await self.presence.names(table))
        if self.presence.fields(table).type_of(path) is None:
            raise KeyNotResolved(f"The schema of '{table}' has no field '{name}'.", hint=hint)
        if not await self._count(table):
            return None
        return f"no record in {table} has the field '{name}'" + (f"; {hint[0].lower()}{hint[1:]}" if hint else "")

    async def _count(self, table: str) -> int:
        return self.tables.table_stats(table).records

    async def _outer_names(self, table: str) -> list[str]:
        return [name for name in await self.presence.names(table) if len(split_path(name)) == 1]

    async def _is_single(self, on: On) -> bool:
        definition = self.tables.table_stats(self.request.right).definition
        return on.right == ID_PATH or print_path(on.right) in definition.unique

    async def _suggest(self, chosen: On) -> list[str]:
        """Return a warning for each other reading of the key that would match something, if this one does not."""
        left, right = self.request.left, self.request.right
        readings = other_readings(
            parse_key(self.request.key), chosen, await self._outer_names(left), await self._outer_names(right)
        )
        if await self._matches_anything(chosen):
            return []  # the conditions, or the page, left the matches out
        possible = {on: self._reading(on) for on in readings[:MAX_READINGS]}
        async with self.tables.view([Access(left), Access(right)], self.presence.work) as view:
            found = await readings_that_match(view, left, right, possible)
        return [f"nothing matched; {on.key} would ({on.describe(*self.request.sides)})" for on in found]

    async def _matches_anything(self, on: On) -> bool:
        """Say whether any records match. Cost: O(records of one side before the first that does)."""
        reading = self._reading(on)
        leading = EVERYTHING if Field(on.left, reading) == ID else None  # else it would need one more index
        plan = JoinPlan(self.request.left, self.request.right, on, Query(limit=0), reading, leading=leading)
        async with self.tables.view(_accesses(plan), self.presence.work) as view:
            async for _ in JoinWalk(view, plan, self.max_sorted).groups():
                return True
        return False


def _demands_on(side: str, demands: Sequence[Demand]) -> list[Demand]:
    """Return what is asked of the fields of one side of pairs."""
    own = [demand for demand in demands if demand.trait.path[0] == side and len(demand.trait.path) > 1]
    return [replace(demand, trait=replace(demand.trait, path=demand.trait.path[1:])) for demand in own]


def _has_match(pairs: Sequence[Pair], trees: Sequence[Tree]) -> bool:
    return any(left and right for left, right in pairs) or any(tree.rights for tree in trees)


def _accesses(plan: JoinPlan) -> list[Access]:
    """Return what a walk reads: orders to walk in, and indexes to look up in."""
    left, right = Access.of(plan.left_table, plan.left_query), Access(plan.right_table)
    if plan.keeps_right:
        right = Access.of(plan.right_table, plan.right_query)
    if plan.leading is not None:
        right |= Access.of(plan.right_table, Query(plan.leading), in_id_order=False)
    if plan.left_field != ID and (plan.keeps_right or plan.leading is not None):
        left |= Access(plan.left_table, equal=(plan.left_field,))
    if plan.right_field != ID:
        right |= Access(plan.right_table, equal=(plan.right_field,))
    return [left, right]
