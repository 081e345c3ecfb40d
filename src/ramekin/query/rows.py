"""The rows of one query, in its order, on their way from the table to the page.

The promise: the rows come in the query's order, after its position, each once. However the matches lie among the rows,
no more rows are looked at than a few times what the better of two ways looks at. Other tasks get their turn after every
few hundred rows.

How it works. A plan has one of three shapes:

    a walk alone        rows come in order, so it ends when the page is full
    a gathering alone   rows come in no useful order, so all are taken and then sorted (``gather.py``)
    a walk and a rival  nobody knows how soon the walk fills the page; the rival, a gathering, has a known cost

The last one takes turns, and whichever ends first has the answer:

    walk --head start is over--> rival --its turn is over--> walk --as much again--> rival ...
      |                            |
      page is full: done           all are gathered: they are sorted, and go on after the last row that the walk gave

Each turn is about as long as all turns before it. So neither way is far ahead of the other, and the sum is bounded.

An order of several fields walks along the index of the first. The rows of each of its values are sorted by the rest
(`_by_groups`), and the walk yields after each batch, if only nothing, so that turns can change.

Its limits: at most `max_sorted` rows are held in order to sort them. If all rows are wanted and there are more, they
come in several passes, each of which begins after the last row of the one before. Knows no tables; see ``choose.py``
for how a plan is chosen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from sys import maxsize
from typing import TYPE_CHECKING, Any

from ramekin.query.gather import (
    GatheredByFields,
    GatheredById,
    Ids,
    check_held,
    drain,
    page_advice,
    position_key,
    row_key,
)
from ramekin.query.match import body_matcher
from ramekin.query.order import FirstRows
from ramekin.query.plan import IdWalk, Led, Plan, Position, Query, Walk, intersect, spans_after
from ramekin.query.predicate import EVERYTHING
from ramekin.values.comparison import MISSING
from ramekin.values.paths import row_reader
from ramekin.values.readings import comparer

if TYPE_CHECKING:
    from ramekin.query.gather import Gathered, IdStream
    from ramekin.query.view import Row, View


class Rows:
    """The rows of a query, by a plan."""

    def __init__(
        self,
        view: View,
        table: str,
        query: Query,
        plan: Plan,
        max_sorted: int,
        *,
        is_whole: bool = False,
        led: Callable[[], IdStream] | None = None,
    ) -> None:
        """Begin at the query's position.

        Args:
            max_sorted: rows that may be held at once to put them in order.
            is_whole: all rows are wanted, not one page; they come in several passes where they are more.
            led: begins the way through another table, where the plan has one.
        """
        self.plan = plan
        """The way to the rows; of two, the one that led there."""
        self._view, self._table, self._query = view, table, query
        self._max_sorted, self._is_whole = max(1, max_sorted), is_whole
        self._walked = self._charged = 0
        self._led = led
        self._allowed = maxsize if plan.rival is None else plan.head_start
        self._gathered: list[Gathered] = []
        self._is_by_groups = len(query.sort) > 1 and not query.is_by_id

    @property
    def examined(self) -> int:
        """Rows that were looked at, whichever way."""
        return self._walked + sum(gathered.examined for gathered in self._gathered)

    def charge(self, rows: int) -> None:
        """Count rows that somebody else looked at because of rows from here: they shorten the walk's turn."""
        self._charged += rows

    async def page(self) -> list[Row]:
        """Return the rows of the query's page, and one more if there is one."""
        wanted, skip = self._query.limit + 1, self._query.offset
        page: list[Row] = []
        if self.plan.rival is None and not self._is_by_groups:
            for part in self._tested(self._query) if self.plan.is_sorted else await self._all_in_order():
                page.extend(part[skip:] if skip else part)
                skip = max(0, skip - len(part))
                if len(page) >= wanted:
                    break
                await self._view.rest()
            return page[:wanted]
        async with aclosing(self.in_order()) as parts:
            async for part in parts:
                page.extend(part[skip:])
                skip = max(0, skip - len(part))
                if len(page) >= wanted:
                    break
        return page[:wanted]

    async def _all_in_order(self) -> Iterator[Sequence[Row]]:
        gathered = self._gathering(self.plan, self._query)
        await gathered.take(maxsize)
        return gathered.in_order(None)

    async def in_order(self) -> AsyncGenerator[Sequence[Row], None]:
        """Yield the rows that match, after the query's position, in the query's order, some at a time."""
        plan, rival, last = self.plan, None, None
        turn = plan.first_turn
        if plan.is_sorted:
            async with aclosing(self._by_groups() if self._is_by_groups else self._one_by_one()) as parts:
                async for part in parts:
                    if part:
                        last = part[-1]
                        yield part
                    if plan.rival is not None and self._walked + self._charged >= self._allowed:
                        rival = rival or self._gathering(plan.rival, self._query)
                        if await rival.take(max(turn, (self._walked + self._charged) * rival.pace)):
                            break
                        self._allowed, turn = max(2 * (self._walked + self._charged), rival.examined // rival.pace), 0
                else:
                    return
            self.plan = plan = plan.rival or plan
        async for part in self._in_passes(plan, rival, last):
            yield part

    async def _in_passes(
        self, plan: Plan, gathered: Gathered | None, last: Row | None
    ) -> AsyncGenerator[Sequence[Row], None]:
        """Yield the rows of a way that must be put in order, as many at a time as may be held; those after one."""
        gathered = gathered or self._gathering(plan, self._query)
        while True:
            await gathered.take(maxsize)
            for part in gathered.in_order(last):
                if part:
                    last = part[-1]
                    yield part
                await self._view.rest()
            if last is None or not (self._is_whole and gathered.is_cut):
                return
            gathered, last = self._gathering(plan, replace(self._query, after=self._position(last))), None

    def _gathering(self, plan: Plan, query: Query) -> Gathered:
        gathered: Gathered
        view, table, most = self._view, self._table, query.wanted
        ids = self._led() if isinstance(plan.access, Led) and self._led else Ids(view, table, plan.access)
        if query.is_by_id:
            gathered = GatheredById(view, table, query, plan, ids, maxsize if self._is_whole else most)
        else:
            most = self._max_sorted if self._is_whole else most
            gathered = GatheredByFields(view, table, query, plan, ids, most, self._max_sorted)
        self._gathered.append(gathered)
        return gathered

    async def _one_by_one(self) -> AsyncGenerator[Sequence[Row], None]:
        """Yield what matches of each batch of rows that come in order."""
        for part in self._tested(self._query):
            yield part
            await self._view.rest()

    def _tested(self, query: Query) -> Iterator[Sequence[Row]]:
        """Yield the rows that match, of so many at first as are wanted, then of more."""
        ids, rest = self._walk(query.after), self.plan.rest
        matches = None if rest == EVERYTHING else body_matcher(rest)
        at_once = self._view.rows_at_once(self._table)
        size = min(at_once, query.wanted)
        while batch := list(islice(ids, max(1, min(size, self._allowed - self._walked - self._charged)))):
            size = min(at_once, 2 * size)
            self._walked += len(batch)
            rows = self._view.rows(self._table, batch)
            yield rows if matches is None else [row for row in rows if matches(row[1])]

    async def _by_groups(self) -> AsyncGenerator[Sequence[Row], None]:
        """Yield rows in the order of several fields, along the index of the first: those of each value are sorted.

        After each batch that was looked at something is yielded, if only nothing. A value may have more rows than may
        be held: then the next pass begins after the last row.
        """
        query, most = self._query, self._max_sorted if self._is_whole else self._query.wanted
        while True:
            given, last = 0, None
            async for part in self._groups(query, most):
                if part:
                    given, last = given + len(part), part[-1]
                yield part
            if last is None or given < most or not self._is_whole:
                return
            query = replace(query, after=self._position(last))

    async def _groups(self, query: Query, most: int) -> AsyncGenerator[Sequence[Row], None]:
        """Yield so many rows at the most, of one value after the other."""
        after, key_of = position_key(query), row_key(query.sort)
        first, current = FirstRows["Row"](most), None
        for part in self._tested(query):
            for row in part:
                key = key_of(row)
                if key[0] != current:
                    async for done in drain(self._view, first):
                        most -= len(done)
                        yield done
                    if most <= 0:
                        return
                    first, current = FirstRows["Row"](most), key[0]
                if after is None or key > after:
                    first.add(key, row)
            await check_held(self._view, first, self._max_sorted, page_advice(query.offset))
            yield ()
            await self._view.rest()
        async for done in drain(self._view, first):
            yield done

    def _walk(self, position: Position | None) -> Iterator[int | str]:
        """Yield ids in the order of the plan, from a position's value on; after its id if the order ends there."""
        access = self.plan.access
        if isinstance(access, IdWalk):
            return self._view.walk_ids(self._table, access, None if position is None else position.record_id)
        assert isinstance(access, Walk), access
        order, spans, after = access.order, access.spans, None
        if position is not None:
            value = comparer(order.field.reading)(position.values[0])
            spans = intersect(spans, spans_after(order, value))
            after = None if self._is_by_groups else (value, position.record_id)
        return self._view.walk(
            self._table,
            order.field,
            spans,
            is_descending=order.is_descending,
            includes_absent=access.includes_absent,
            after=after,
        )

    def _position(self, row: Row) -> Position:
        orders = self._query.sort
        values: Sequence[Any] = row_reader(tuple(order.field.path for order in orders))(row[1]) if orders else ()
        return Position(tuple([None if value is MISSING else value for value in values]), row[0])
