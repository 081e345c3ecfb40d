"""Carrying out queries: a page of rows, all that match, and how many there are; each with how many rows were looked at.

Knows no tables: it is given a `View`. See ``choose.py`` for how the way is chosen and ``rows.py`` for how it is carried
out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ramekin.query.choose import choose_access_path, choose_counting_path
from ramekin.query.decide import without_fields
from ramekin.query.gather import RUN_IDS, Ids
from ramekin.query.match import body_matcher
from ramekin.query.plan import MOST_COUNTED, Equal, IdWalk, Led, Plan, Query
from ramekin.query.predicate import EVERYTHING
from ramekin.query.rows import Rows

if TYPE_CHECKING:
    from ramekin.query.view import Row, View


@dataclass(slots=True)
class Found:
    """A page of rows, whether more follow, how they were found, and how many were looked at."""

    rows: list[Row]
    has_more: bool
    examined: int
    plan: Plan


async def find(view: View, table: str, query: Query, max_sorted: int) -> Found:
    """Return a page of a table.

    Args:
        max_sorted: rows that may be held at once to put them in order.

    Raises:
        TooManyRows: the page lies so far down that more would have to be held.

    Cost: O(page) along an index that fits; else O(rows looked at), in steps.
    """
    query = with_what_is_known(view, table, query)
    rows = Rows(view, table, query, choose(view, table, query), max_sorted)
    await view.rest()
    page = await rows.page()
    return Found(page[: query.limit], len(page) > query.limit, rows.examined, rows.plan)


def with_what_is_known(view: View, table: str, query: Query) -> Query:
    """Return a query without the conditions on fields that no record of the table has."""
    absent = view.absent(table)
    return replace(query, where=without_fields(query.where, absent)) if absent else query


def choose(view: View, table: str, query: Query, led: Led | None = None, *, is_for_all: bool = False) -> Plan:
    """Return the plan for a page of a query, or for all its rows in no order; perhaps through another table."""
    choose_path = choose_counting_path if is_for_all else choose_access_path
    return choose_path(query, lambda part: view.estimate(table, part), view.count(table), led)


async def count(view: View, table: str, query: Query) -> tuple[int, int]:
    """Return how many records satisfy a query's predicate, whichever page is asked for, and how many were looked at.

    Cost: O(1) where an index says it all, O(matches) ids where it leads to them, else O(rows looked at).
    """
    if query.where == EVERYTHING:
        return view.count(table), 0
    all_rows = Matching(view, table, query)
    total = await all_rows.count()
    return total, all_rows.examined


class Matching:
    """All records that satisfy a query's predicate, in no order, by the way that looks at the fewest rows."""

    def __init__(self, view: View, table: str, query: Query) -> None:
        query = with_what_is_known(view, table, query)
        self.plan = choose(view, table, query, is_for_all=True)
        self.examined = 0
        """Rows that were looked at."""
        self._view, self._table, self._where = view, table, query.where

    async def rows(self) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows, some at a time."""
        matches = None if self.plan.rest == EVERYTHING else body_matcher(self.plan.rest)
        at_once = self._view.rows_at_once(self._table)
        for ids in self._ids(at_once):
            rows = self._view.rows(self._table, ids)
            yield rows if matches is None else [row for row in rows if matches(row[1])]
            await self._view.rest()

    async def bodies(self) -> AsyncIterator[Sequence[bytes]]:
        """Yield the bodies, some at a time."""
        if self.plan.access != IdWalk():
            async for rows in self.rows():
                yield [body for _, body in rows]
            return
        matches = None if self._where == EVERYTHING else body_matcher(self._where)
        async for bodies in self._view.batches(self._table):
            self.examined += len(bodies)
            yield bodies if matches is None else [body for body in bodies if matches(body)]

    async def count(self) -> int:
        """Return how many there are."""
        access, total = self.plan.access, 0
        if self.plan.rest != EVERYTHING:
            return sum([len(bodies) async for bodies in self.bodies()])
        if isinstance(access, IdWalk) or (isinstance(access, Equal) and len(access.keys) <= MOST_COUNTED):
            return self._view.estimate(self._table, access)  # which is exact for these
        for ids in self._ids(RUN_IDS):
            total += len(ids)
            await self._view.rest()
        return total

    def _ids(self, at_once: int) -> Iterator[Sequence[int | str]]:
        """Yield the ids that the way gives, some at a time."""
        ids = Ids(self._view, self._table, self.plan.access)
        looked_at, found = ids.take(at_once)
        while looked_at:
            self.examined += looked_at
            yield found
            looked_at, found = ids.take(at_once)
