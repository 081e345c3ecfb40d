"""Walking the pairs of a join in order.

A join is a nested walk: the left table in its order, for each of its records the right table's matches in id order,
then (for right and full joins) the right records that nothing matched. The walk can begin after any pair, so a page
costs what the page holds. Where a condition on the right side says which pairs are wanted, it may lead: its right
records are gathered first, and the left ones by their keys (`LedIds`), in turns with the walk as any other rival.
Knows no tables: it is given a `View`; see ``joining.py`` for who calls this.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ramekin.query import execute
from ramekin.query.gather import Ids
from ramekin.query.join import Group, On, PairPosition, field_of_row
from ramekin.query.match import body_matcher
from ramekin.query.plan import Equal, IdWalk, Led, Plan, Position, Query
from ramekin.query.predicate import EVERYTHING, Predicate
from ramekin.query.rows import Rows
from ramekin.schema.fields import ID, Field
from ramekin.values.ids import id_order, sort_ids
from ramekin.values.readings import Reading, join_keyer

if TYPE_CHECKING:
    from ramekin.query.view import Row, View
    from ramekin.values.comparison import JoinKey


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A join whose key is resolved, and what of it is wanted."""

    left_table: str
    right_table: str
    on: On
    left_query: Query = field(default_factory=Query)
    """Which left records are walked, and in which order; its page is a hint only."""
    reading: Reading = "plain"
    """How the values of both sides are read to be matched."""
    keeps_matched: bool = True
    """Whether pairs are in the answer."""
    keeps_left: bool = False
    """Whether left records without a match are in the answer."""
    keeps_right: bool = False
    """Whether right records without a match are in the answer."""
    leading: Predicate | None = None
    """What holds for the right record of every pair that is wanted, where it may lead to the left ones."""
    right_query: Query = field(default_factory=Query)
    """Which right records are in the answer if nothing matches them."""

    @property
    def left_field(self) -> Field:
        """The left side of the key."""
        return Field(self.on.left, self.reading)

    @property
    def right_field(self) -> Field:
        """The right side of the key."""
        return Field(self.on.right, self.reading)


class JoinWalk:
    """The groups of a join in order: by the left query's order, matches by the right id, right-only rows last.

    Cost: O(1) expected for each left row, whatever the number of its matches; after a position, only what follows is
    read.
    """

    def __init__(
        self,
        view: View,
        plan: JoinPlan,
        max_sorted: int,
        after: PairPosition | None = None,
        *,
        is_for_all: bool = False,
    ) -> None:
        """Begin after a position.

        Args:
            is_for_all: all groups are wanted, in whatever order.
        """
        self._view, self._plan, self._max_sorted, self._after = view, plan, max_sorted, after
        self._led: LedIds | None = None
        self._rights: Rows | None = None
        self._matches = Matches(view, plan.right_table, plan.left_field, plan.right_field)
        query, way = self._choose(is_for_all=is_for_all)
        self.lefts = Rows(view, plan.left_table, query, way, max_sorted, is_whole=True, led=self._begin_led)

    @property
    def examined(self) -> int:
        """Rows that were looked at on either side, without the matches of each left row."""
        return self.lefts.examined + (0 if self._rights is None else self._rights.examined)

    @property
    def plan(self) -> Plan:
        """How its left records are found, or the right ones that lead to them."""
        return self.lefts.plan

    @property
    def is_led(self) -> bool:
        """Whether the left rows were found by the right ones."""
        return isinstance(self.lefts.plan.access, Led)

    async def groups(self) -> AsyncIterator[list[Group]]:
        """Yield the groups, some at a time; those without a left row come in batches of their own."""
        plan, after = self._plan, self._after
        if (plan.keeps_matched or plan.keeps_left) and (after is None or after.left is not None):
            if after is not None and plan.keeps_matched and (rest := await self._rest_of(after)):
                yield [rest]
            async for batch in self.lefts.in_order():
                found = await (self._led.of(batch) if self.is_led and self._led else self._matches.of(batch))
                groups: list[Group] = [
                    (left, rights)
                    for left, rights in zip(batch, found, strict=True)
                    if (plan.keeps_matched if rights else plan.keeps_left)
                ]
                if groups:
                    yield groups
        if plan.keeps_right:
            async for rows in self._unmatched_right(after.right if after and after.left is None else None):
                yield [(None, (row,)) for row in rows]

    def _choose(self, *, is_for_all: bool) -> tuple[Query, Plan]:
        """Return which left rows are walked, and by which way."""
        view, plan, after = self._view, self._plan, self._after
        position = None if after is None or after.left is None else Position(after.values, after.left)
        query = replace(plan.left_query, after=position)
        query = execute.with_what_is_known(view, plan.left_table, query)
        led = self._led_plan()
        if is_for_all:
            way = execute.choose(view, plan.left_table, query, led, is_for_all=True)
            if not isinstance(way.access, IdWalk):
                return replace(query, sort=()), way
            led = None
        way = execute.choose(view, plan.left_table, query, led)
        return query, replace(way, rival=None) if is_for_all else way

    def _led_plan(self) -> Led | None:
        """Return the way that begins at the right side, if there is one."""
        view, plan = self._view, self._plan
        if plan.leading is None:
            return None
        if plan.left_field != ID and view.estimate(plan.left_table, Equal(plan.left_field, ())) > 0:
            return None  # there was no room for the index that leads from right rows to left ones
        query = execute.with_what_is_known(view, plan.right_table, Query(plan.leading))
        return Led(execute.choose(view, plan.right_table, query, is_for_all=True))

    def _begin_led(self) -> LedIds:
        led = self._led_plan()
        assert led is not None, self._plan
        self._led = LedIds(self._view, self._plan, led.plan)
        return self._led

    async def _rest_of(self, after: PairPosition) -> Group | None:
        """Return the left record at which the last page ended, with the matches after the one at which it ended."""
        found = self._view.get(self._plan.left_table, str(after.left))
        if found is None or after.right is None:
            return None
        if not body_matcher(self._plan.left_query.where)(found[1]):
            return None
        [rights] = await self._matches.of([found])
        rest = rights[bisect_right(rights, id_order(after.right), key=lambda row: id_order(row[0])) :]
        return (found, rest) if rest else None

    async def _unmatched_right(self, after: int | str | None) -> AsyncIterator[list[Row]]:
        view, plan = self._view, self._plan
        matches = Matches(view, plan.left_table, plan.right_field, plan.left_field)
        position = None if after is None else Position((), after)
        query = execute.with_what_is_known(view, plan.right_table, replace(plan.right_query, after=position))
        way = execute.choose(view, plan.right_table, query)
        self._rights = Rows(view, plan.right_table, query, way, self._max_sorted, is_whole=True)
        async for rows in self._rights.in_order():
            found = await matches.of(rows)
            if unmatched := [row for row, lefts in zip(rows, found, strict=True) if not lefts]:
                yield unmatched


class Matches:
    """Looks up rows' matches in the other table."""

    def __init__(self, view: View, table: str, own: Field, other: Field) -> None:
        self._view, self._table, self._field = view, table, other
        self._read, self._key_of = field_of_row(own.path), join_keyer(own.reading)

    async def of(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        """Return the matches of each row."""
        read, key_of = self._read, self._key_of
        keys = [key_of(read(row)) for row in rows]
        wanted = [key for key in keys if key is not None]
        found = await self._view.lookup(self._table, self._field, wanted)
        if len(found) == len(keys):
            return found
        matches = iter(found)
        return [() if key is None else next(matches) for key in keys]


class LedIds:
    """The ids of left rows that match right rows of a condition, and these matches."""

    def __init__(self, view: View, plan: JoinPlan, way: Plan) -> None:
        self._view, self._plan = view, plan
        self._ids = Ids(view, plan.right_table, way.access)
        self._matches = None if way.rest == EVERYTHING else body_matcher(way.rest)
        self._key_of = join_keyer(plan.reading)
        self._read_left, self._read_right = field_of_row(plan.on.left), field_of_row(plan.on.right)
        self._rights: dict[JoinKey, list[int | str]] = {}

    async def more(self, most: int) -> tuple[int, list[int | str]]:
        """Return how many rows more were looked at on both sides, and the left ids that are new among them."""
        view, plan = self._view, self._plan
        fresh: dict[JoinKey, None] = {}
        looked_at, ids = self._ids.take(min(most, view.rows_at_once(plan.right_table)))
        for row in view.rows(plan.right_table, ids):
            if self._matches is None or self._matches(row[1]):
                key = self._key_of(self._read_right(row))
                if key is not None:
                    if key not in self._rights:
                        self._rights[key], fresh[key] = [], None
                    self._rights[key].append(row[0])
        found = await view.lookup(plan.left_table, plan.left_field, list(fresh))
        lefts = [row[0] for rows in found for row in rows]
        await view.rest()
        return looked_at + len(lefts), lefts

    async def of(self, lefts: Sequence[Row]) -> list[Sequence[Row]]:
        """Return the matches of each left row that satisfy the condition. All ids were taken."""
        found = []
        for row in lefts:
            key = self._key_of(self._read_left(row))
            found.append(self._rights.get(key, ()) if key is not None else ())
        return [self._view.rows(self._plan.right_table, sort_ids(ids)) for ids in found]
