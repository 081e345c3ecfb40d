"""Gathering: some ways give rows in no useful order. Their rows are taken some at a time, and then sorted.

    GatheredById      by the order of ids: the ids are sorted, and a row is made when it is its turn
    GatheredByFields  by fields: every row is decoded, and the first of them are kept

Knows no tables; see ``rows.py`` for who takes turns.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from sys import maxsize
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ramekin.errors import TooManyRows
from ramekin.query.match import body_matcher
from ramekin.query.order import FirstRows, Order
from ramekin.query.plan import AccessPath, Plan, Query, parts_of
from ramekin.query.predicate import EVERYTHING
from ramekin.values.ids import id_order, sort_ids
from ramekin.values.paths import row_reader

if TYPE_CHECKING:
    from ramekin.query.view import Row, View

T = TypeVar("T")

RUN_IDS = 2000
"""Ids that are put in order at once: 1.5 ms, where each is the only one of its value."""

DRAIN_ROWS = 256
"""Rows in order that are handed on at once."""


class Gathered(Protocol):
    """Rows that match, on their way into an order."""

    examined: int
    """Rows that were looked at."""
    pace: int
    """How many times as fast this is as rows that are decoded one by one."""
    is_cut: bool
    """Whether there are more rows than were kept."""

    async def take(self, most: int) -> bool:
        """Look at so many more rows, and say whether those were all."""

    def in_order(self, after: Row | None) -> Iterator[Sequence[Row]]:
        """Yield rows in order, some at a time; after a row, what follows it.

        All rows were taken; the caller rests between.
        """


class IdStream(Protocol):
    """Ids that a way gives."""

    async def more(self, most: int) -> tuple[int, list[int | str]]:
        """Return how many rows more were looked at, none at the end, and the ids that are new among them."""


class Ids:
    """The ids that a way gives, each once."""

    def __init__(self, view: View, table: str, access: AccessPath) -> None:
        parts = parts_of(access)
        self._ids = chain.from_iterable(view.ids(table, part) for part in parts)
        self._seen: set[int | str] | None = set() if len(parts) > 1 else None

    def take(self, most: int) -> tuple[int, list[int | str]]:
        """As `more`, at once."""
        found = list(islice(self._ids, most))
        if self._seen is None:
            return len(found), found
        fresh = [record_id for record_id in dict.fromkeys(found) if record_id not in self._seen]
        self._seen.update(fresh)
        return len(found), fresh

    async def more(self, most: int) -> tuple[int, list[int | str]]:
        return self.take(most)


class GatheredById:
    """Ids in sorted runs; only the first ones stay where no row is tested."""

    pace = 4

    def __init__(self, view: View, table: str, query: Query, plan: Plan, ids: IdStream, most: int) -> None:
        """Begin at the query's position.

        Args:
            ids: what the plan's way gives.
            most: rows that are wanted.
        """
        self.examined, self.is_cut = 0, False
        self._view, self._table, self._after = view, table, query.after
        self._ids = ids
        self._is_descending = bool(query.sort) and query.sort[0].is_descending
        self._matches = None if plan.rest == EVERYTHING else body_matcher(plan.rest)
        self._most = most if self._matches is None else maxsize
        self._wanted = query.wanted
        self._runs: list[list[int | str]] = []

    async def take(self, most: int) -> bool:
        end = self.examined + most
        while self.examined < end:
            count, ids = await self._ids.more(min(RUN_IDS, end - self.examined))
            if not count:
                return True
            self.examined += count
            run = sort_ids(ids)
            if self._after is not None:
                run = self._rest_of(run, self._after.record_id)
            if len(run) > self._most:
                self.is_cut = True
                run = run[-self._most :] if self._is_descending else run[: self._most]
            self._runs.append(run)
            await self._view.rest()
        return False

    def in_order(self, after: Row | None) -> Iterator[Sequence[Row]]:
        runs = self._runs if after is None else [self._rest_of(run, after[0]) for run in self._runs]
        sorted_runs = [reversed(run) if self._is_descending else iter(run) for run in runs]
        ids = merge(*sorted_runs, key=id_order, reverse=self._is_descending) if len(runs) > 1 else chain(*sorted_runs)
        at_once, size = self._view.rows_at_once(self._table), self._wanted
        while batch := list(islice(ids, min(size, at_once))):
            size *= 2
            rows, matches = self._view.rows(self._table, batch), self._matches
            yield rows if matches is None else [row for row in rows if matches(row[1])]

    def _rest_of(self, run: list[int | str], record_id: int | str) -> list[int | str]:
        if self._is_descending:
            return run[: bisect_left(run, id_order(record_id), key=id_order)]
        return run[bisect_right(run, id_order(record_id), key=id_order) :]


class GatheredByFields:
    """The first rows in the order of fields."""

    pace = 1

    def __init__(
        self, view: View, table: str, query: Query, plan: Plan, ids: IdStream, most: int, max_held: int
    ) -> None:
        """Begin at the query's position.

        Args:
            ids: what the plan's way gives.
            most: rows that are wanted.
            max_held: rows that may be held at once.
        """
        self.examined, self.is_cut = 0, False
        self._view, self._table, self._query = view, table, query
        self._ids = ids
        self._matches = None if plan.rest == EVERYTHING else body_matcher(plan.rest)
        self._key = row_key(query.sort)
        self._after = position_key(query)
        self._first = FirstRows["Row"](most)
        self._most, self._max_held, self._kept = most, max_held, 0

    async def take(self, most: int) -> bool:
        end, at_once, first = self.examined + most, self._view.rows_at_once(self._table), self._first
        matches, after = self._matches, self._after
        while self.examined < end:
            count, ids = await self._ids.more(min(at_once, end - self.examined))
            if not count:
                return True
            self.examined += count
            for row in self._view.rows(self._table, ids):
                if matches is None or matches(row[1]):
                    key = self._key(row)
                    if after is None or key > after:
                        self._kept += 1
                        first.add(key, row)
            await check_held(self._view, first, self._max_held, page_advice(self._query.offset))
            await self._view.rest()
        return False

    def in_order(self, after: Row | None) -> Iterator[Sequence[Row]]:
        self.is_cut = self._kept > self._most
        bound = None if after is None else self._key(after)
        rows = self._first.in_order()
        while part := list(islice(rows, DRAIN_ROWS)):
            if bound is not None:
                part = [row for row in part if self._key(row) > bound]
                bound = None if part else bound
            yield part


def sort_key_of(orders: Sequence[Order]) -> Callable[[Sequence[Any], int | str | None], tuple[Any, ...]]:
    """Return the function from the values of an order's fields, and an id, to what rows sort by."""
    keys = [order.key_of() for order in orders]

    def key(values: Sequence[Any], record_id: int | str | None) -> tuple[Any, ...]:
        return (*[key(value) for key, value in zip(keys, values, strict=True)], id_order(record_id))

    return key


def row_key(orders: Sequence[Order]) -> Callable[[Row], tuple[Any, ...]]:
    """Return the function from a row to what it sorts by."""
    read, key = row_reader(tuple(order.field.path for order in orders)), sort_key_of(orders)
    return lambda row: key(read(row[1]), row[0])


def position_key(query: Query) -> tuple[Any, ...] | None:
    """Return what a query's position sorts by, if it has one."""
    return None if query.after is None else sort_key_of(query.sort)(query.after.values, query.after.record_id)


async def drain(view: View, first: FirstRows[T]) -> AsyncIterator[list[T]]:
    """Yield the first rows of many in order, some at a time."""
    part: list[T] = []
    for row in first.in_order():
        part.append(row)
        if len(part) == DRAIN_ROWS:
            yield part
            await view.rest()
            part = []
    yield part
    for _ in first.let_go():
        await view.rest()


async def check_held(view: View, first: FirstRows[Any], most: int, advice: str) -> None:
    """See that a query holds no more rows than it may. Raises TooManyRows, once they are let go of in short steps."""
    if first.k > most and len(first) > most:
        for _ in first.let_go():
            await view.rest()
        raise too_many_rows(most, advice)


def too_many_rows(maximum: int, advice: str) -> TooManyRows:
    """Return the error of a query that would have to hold more rows than it may."""
    return TooManyRows(f"More than {maximum} rows would have to be held to put them in order: {advice}.")


def page_advice(offset: int) -> str:
    """Return what to do where a page lies too far down, or is too long."""
    instead = "follow 'next' instead of a large 'offset'" if offset else "ask for a smaller 'limit'"
    return f"add conditions, or {instead}"
