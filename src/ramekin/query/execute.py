"""Carrying out plans: rows out of a view, tested, in order, a page of them; and counting.

Work goes in steps of a few hundred rows, with a rest between. Knows no tables: it is given a `Source`; see
``plan.py`` for how the way is chosen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ramekin.errors import TooManyRows
from ramekin.fields import comparer
from ramekin.ids import id_order
from ramekin.paths import row_reader
from ramekin.query.match import body_matcher
from ramekin.query.order import FirstRows, Order
from ramekin.query.plan import (
    ById,
    Equal,
    Plan,
    Position,
    Query,
    Scan,
    Walk,
    choose_access_path,
    choose_counting_path,
    intersect,
    spans_behind,
)
from ramekin.query.predicate import EVERYTHING
from ramekin.values import MISSING

if TYPE_CHECKING:
    from ramekin.fields import Field
    from ramekin.values import OrderKey, Span

Row = tuple[int | str, bytes]
T = TypeVar("T")

DRAIN_ROWS = 256
"""Rows in order that are handed on at once."""


class Source(Protocol):
    """One moment of some tables; see `View` in ``engine/base.py``."""

    def count(self, table: str) -> int: ...
    def rows_at_once(self, table: str) -> int: ...
    def get(self, table: str, key: str) -> Row | None: ...
    async def scan(self, table: str, after: int | str | None, limit: int) -> Sequence[Row]: ...
    async def equal(self, table: str, field: Field, keys: Sequence[OrderKey]) -> Sequence[Row]: ...
    async def within(self, table: str, field: Field, spans: Sequence[Span]) -> Sequence[Row]: ...
    def walk(
        self,
        table: str,
        field: Field,
        spans: Sequence[Span],
        *,
        is_descending: bool = False,
        includes_absent: bool = False,
        behind: tuple[OrderKey | None, int | str] | None = None,
    ) -> Iterator[Row]: ...
    def estimate(self, table: str, field: Field, wanted: Sequence[OrderKey] | Sequence[Span]) -> int: ...
    def batches(self, table: str) -> AsyncIterator[Sequence[bytes]]: ...
    async def rest(self, rows: int) -> None: ...


@dataclass(slots=True)
class Found:
    """A page of rows, whether more follow, and how many were looked at."""

    rows: list[Row]
    has_more: bool
    examined: int
    plan: Plan


async def find(source: Source, table: str, query: Query, max_sorted: int) -> Found:
    """Return a page of a table.

    Args:
        max_sorted: rows that may be held at once to put them in order.

    Raises:
        TooManyRows: the page lies so far behind that more would have to be held.

    Cost: O(page) along an index that fits; else O(rows looked at), in steps.
    """
    plan = choose(source, table, query)
    rows = Rows(source, table, query, plan, max_sorted)
    page = await rows.page()
    return Found(page[: query.limit], len(page) > query.limit, rows.examined, plan)


def choose(source: Source, table: str, query: Query) -> Plan:
    """Return the cheapest plan for a query."""
    return choose_access_path(query, _estimates(source, table), source.count(table))


def choose_for_all(source: Source, table: str, query: Query) -> Plan:
    """Return the plan that finds all records that satisfy a query's predicate at the least cost, in no order."""
    return choose_counting_path(query, _estimates(source, table), source.count(table))


async def count(source: Source, table: str, query: Query) -> int:
    """Return how many records satisfy a query's predicate, whichever page of them is asked for.

    Cost: O(1) where an index says it all, else O(rows looked at).
    """
    if query.where == EVERYTHING:
        return source.count(table)
    plan = choose_for_all(source, table, query)
    if plan.rest == EVERYTHING and isinstance(plan.access, Equal):
        return len(await source.equal(table, plan.access.field, plan.access.keys))
    return sum([len(bodies) async for bodies in matching_bodies(source, table, query)])


async def matching_bodies(source: Source, table: str, query: Query) -> AsyncIterator[Sequence[bytes]]:
    """Yield the bodies of all records that satisfy a query's predicate, some at a time, in no order."""
    plan, where = choose_for_all(source, table, query), query.where
    if isinstance(plan.access, Scan):
        test = body_matcher(where)
        async for batch in source.batches(table):
            yield batch if where == EVERYTHING else [body for body in batch if test(body)]
        return
    async for rows in Rows(source, table, query, plan, 0).matching():
        yield [body for _, body in rows]


async def matching(source: Source, table: str, query: Query) -> AsyncIterator[Sequence[Row]]:
    """Yield all rows that satisfy a query's predicate, some at a time, in no order."""
    async for rows in Rows(source, table, query, choose_for_all(source, table, query), 0).matching():
        yield rows


def sort_key_of(orders: Sequence[Order]) -> Callable[[Sequence[Any], int | str | None], tuple[Any, ...]]:
    """Return the function from the values of an order's fields, and an id, to what rows sort by."""
    keys = [order.key_of() for order in orders]

    def key(values: Sequence[Any], record_id: int | str | None) -> tuple[Any, ...]:
        return (*[key(value) for key, value in zip(keys, values, strict=True)], id_order(record_id))

    return key


class Rows:
    """The rows of one plan, on their way from the table to the page."""

    def __init__(
        self, source: Source, table: str, query: Query, plan: Plan, max_sorted: int, *, is_whole: bool = False
    ) -> None:
        """Begin at the query's position.

        Args:
            max_sorted: rows that may be held at once to put them in order.
            is_whole: all rows are wanted, not one page; they come in several passes where they are more.
        """
        self.source, self.table, self.query, self.plan = source, table, query, plan
        self.examined = 0
        self._max_sorted = max_sorted
        self._is_whole = is_whole
        self._wanted = max(1, max_sorted) if is_whole else query.offset + query.limit + 1
        self._matches = None if plan.rest == EVERYTHING else body_matcher(plan.rest)
        self._at_once = source.rows_at_once(table)
        if plan.rest == EVERYTHING and plan.is_sorted:
            self._at_once = min(self._at_once, query.offset + query.limit + 1)
        self._read = row_reader(tuple(order.field.path for order in query.sort)) if query.sort else None
        self._key = sort_key_of(query.sort)

    async def page(self) -> list[Row]:
        """Return the rows of the query's page, and one more if there is one."""
        wanted, skip, page = self.query.limit + 1, self.query.offset, list[Row]()
        if self.plan.is_sorted and len(self.query.sort) <= 1:
            take = await self._open(is_behind=True)
            while len(page) < wanted and (rows := await take()):
                matching = self._test(rows)
                page.extend(matching[skip:] if skip else matching)
                skip = max(0, skip - len(matching))
                await self.source.rest(len(rows))
            return page[:wanted]
        async for batch in self.in_order():
            page.extend(batch[skip:])
            skip = max(0, skip - len(batch))
        return page[:wanted]

    def in_order(self) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows that match, behind the query's position, in the query's order, some at a time."""
        if self.plan.is_sorted and len(self.query.sort) <= 1:
            return self.matching(is_behind=True)
        return self._in_passes() if self._is_whole else self._in_one_pass()

    async def _in_passes(self) -> AsyncIterator[Sequence[Row]]:
        """Yield all rows in order; each pass over them gives as many as may be held, the next begins behind them."""
        count = self._wanted
        while count == self._wanted:
            count = 0
            async for part in self._in_one_pass():
                yield part
                count += len(part)
                if part:
                    self.query = replace(self.query, after=self._position(part[-1]))

    def _in_one_pass(self) -> AsyncIterator[list[Row]]:
        return self._sorted_by_rest() if self.plan.is_sorted else self._sorted(self.matching())

    async def matching(self, *, is_behind: bool = False) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows that match, as the plan gives them; with `is_behind` only those behind the position."""
        take = await self._open(is_behind=is_behind)
        while rows := await take():
            yield self._test(rows)
            await self.source.rest(len(rows))

    def _test(self, rows: Sequence[Row]) -> Sequence[Row]:
        self.examined += len(rows)
        matches = self._matches
        return rows if matches is None else [row for row in rows if matches(row[1])]

    async def _open(self, *, is_behind: bool) -> Callable[[], Awaitable[Sequence[Row]]]:
        """Return a function that gives the next rows of the plan each time, none at the end."""
        access, source, at_once = self.plan.access, self.source, self._at_once
        after = self.query.after if is_behind else None
        if isinstance(access, Scan):
            return _Scanned(source, self.table, None if after is None else after.record_id, at_once).take
        if isinstance(access, ById):
            return _Cut(
                [row for key in access.keys if (row := source.get(self.table, key)) is not None], 0, at_once
            ).take
        if isinstance(access, Walk):
            return _Walked(self._walk(access, after), at_once).take
        if isinstance(access, Equal):
            found = await source.equal(self.table, access.field, access.keys)
        else:
            found = await source.within(self.table, access.field, access.spans)
        return _Cut(found, 0 if after is None else _place_behind(found, after.record_id), at_once).take

    def _walk(self, access: Walk, after: Position | None) -> Iterator[Row]:
        """Yield the rows of an index by value, from the position's value on; behind its id if the order ends there."""
        order, spans, behind = access.order, access.spans, None
        if after is not None:
            value = comparer(order.field.reading)(after.values[0])
            spans = intersect(spans, spans_behind(order, value))
            behind = (value, after.record_id) if len(self.query.sort) == 1 else None
        return self.source.walk(
            self.table,
            order.field,
            spans,
            is_descending=order.is_descending,
            includes_absent=access.includes_absent,
            behind=behind,
        )

    async def _sorted(self, batches: AsyncIterator[Sequence[Row]]) -> AsyncIterator[list[Row]]:
        """Yield the first rows of many in order; the rest of them is not kept."""
        first = FirstRows[Row](self._wanted)
        after = self._after_key()
        async for batch in batches:
            for row in batch:
                key = self._key_of(row)
                if after is None or key > after:
                    first.add(key, row)
            self._check_held(first)
        async for part in drain(self.source, first):
            yield part

    async def _sorted_by_rest(self) -> AsyncIterator[list[Row]]:
        """Yield rows in the order of several fields, along the index of the first: those of each value are sorted."""
        test, after = self._matches, self._after_key()
        wanted, first, current = self._wanted, FirstRows[Row](self._wanted), None
        take = await self._open(is_behind=True)
        while batch := await take():
            self.examined += len(batch)
            for row in batch:
                key = self._key_of(row)
                if key[0] != current:
                    async for part in drain(self.source, first):
                        wanted -= len(part)
                        yield part
                    if wanted <= 0:
                        return
                    first, current = FirstRows[Row](wanted), key[0]
                if (after is None or key > after) and (test is None or test(row[1])):
                    first.add(key, row)
            self._check_held(first)
            await self.source.rest(len(batch))
        async for part in drain(self.source, first):
            yield part

    def _after_key(self) -> tuple[Any, ...] | None:
        after = self.query.after
        return None if after is None else self._key(after.values, after.record_id)

    def _position(self, row: Row) -> Position:
        values = () if self._read is None else self._read(row[1])
        return Position(tuple([None if value is MISSING else value for value in values]), row[0])

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return self._key(() if self._read is None else self._read(row[1]), row[0])

    def _check_held(self, first: FirstRows[Row]) -> None:
        if first.k > self._max_sorted and len(first) > self._max_sorted:
            raise too_many_rows(self._max_sorted, page_advice(self.query.offset))


class _Scanned:
    """A table's rows in id order, some at a time."""

    def __init__(self, source: Source, table: str, last: int | str | None, at_once: int) -> None:
        self._source, self._table, self._last, self._at_once = source, table, last, at_once

    async def take(self) -> Sequence[Row]:
        rows = await self._source.scan(self._table, self._last, self._at_once)
        if rows:
            self._last = rows[-1][0]
        return rows


class _Cut:
    """Rows that are known, some at a time."""

    def __init__(self, rows: Sequence[Row], start: int, at_once: int) -> None:
        self._rows, self._start, self._at_once = rows, start, at_once

    async def take(self) -> Sequence[Row]:
        start = self._start
        self._start += self._at_once
        return self._rows[start : self._start]


class _Walked:
    """Rows by value, some at a time."""

    def __init__(self, rows: Iterator[Row], at_once: int) -> None:
        self._rows, self._at_once = rows, at_once

    async def take(self) -> Sequence[Row]:
        return list(islice(self._rows, self._at_once))


async def drain(source: Source, first: FirstRows[T]) -> AsyncIterator[list[T]]:
    """Yield the first rows of many in order, some at a time."""
    part: list[T] = []
    for row in first.in_order():
        part.append(row)
        if len(part) == DRAIN_ROWS:
            yield part
            await source.rest(len(part))
            part = []
    yield part


def too_many_rows(maximum: int, advice: str) -> TooManyRows:
    """Return the error of a query that would have to hold more rows than it may."""
    return TooManyRows(f"More than {maximum} rows would have to be held to put them in order: {advice}.")


def page_advice(offset: int) -> str:
    """Return what to do where a page lies too far behind, or is too long."""
    instead = "follow 'next' instead of a large 'offset'" if offset else "ask for a smaller 'limit'"
    return f"add conditions, or {instead}"


def _estimates(source: Source, table: str) -> Callable[[Field, Sequence[OrderKey] | Sequence[Span]], int]:
    return lambda field, wanted: source.estimate(table, field, wanted)


def _place_behind(rows: Sequence[Row], record_id: int | str) -> int:
    """Return where rows in id order begin to lie behind an id. Cost: O(log rows)."""
    return bisect_right(rows, id_order(record_id), key=lambda row: id_order(row[0]))
