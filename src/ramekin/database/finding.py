"""Lists and groups as the database answers them: one page, its cursor, its warnings, and how it was found.

``query/`` finds the rows; this module joins it to tables. Knows no HTTP; see ``database.py`` for who calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ramekin.clock import stopwatch_s
from ramekin.database.window import RECORD_ID, VALUE, Window
from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.errors import NO_WORDS, RamekinError
from ramekin.limits import MIB
from ramekin.query import execute
from ramekin.query.aggregate import GroupColumn, Grouping, Groups
from ramekin.query.cursor import encode_cursor, position_of
from ramekin.query.demands import Demand, read_demands
from ramekin.query.gather import drain, too_many_rows
from ramekin.query.order import FirstRows, Order
from ramekin.query.plan import Plan, Position, Query
from ramekin.query.predicate import EVERYTHING, Predicate, paths_in
from ramekin.values import codec
from ramekin.values.comparison import MISSING
from ramekin.values.paths import FieldPath, row_reader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ramekin.database.presence import Presence
    from ramekin.engine.tables import Tables
    from ramekin.query.steps import Steps
    from ramekin.query.view import Row, View

HELD_BYTES = MIB // 2
"""Bytes of groups that are held at once, before they are there."""

PLAIN_ROWS = 1000
"""Rows of a list that are gone through at once: 0.2 ms."""


@dataclass(frozen=True)
class FindRequest(Window):
    """What is asked of one table: which records, in which order, and which page.

    Raises:
        InvalidCursor: the cursor was made for another question.
    """

    table: str
    where: Predicate = EVERYTHING
    sort: tuple[Order, ...] = ()
    select: tuple[FieldPath, ...] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    """Names that a misspelt field may have meant, besides the fields: as `did_you_mean` takes them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.query

    @cached_property
    def question(self) -> str:
        """A text that is equal for equal questions, whichever page is asked for."""
        if self.where == EVERYTHING and not self.sort:
            return f"list\0{self.table}"
        return f"list\0{self.table}\0{self.where.rank}\0{self.sort!r}"

    @cached_property
    def access(self) -> Access:
        """What is needed of the table."""
        return Access.of(self.table, self.query)

    def read_demands(self) -> Steps[tuple[Demand, ...]]:
        """Return what the conditions ask of their fields; it is read once."""
        if "_demands" not in self.__dict__:
            self.__dict__["_demands"] = yield from read_demands(self.where)
        demands: tuple[Demand, ...] = self.__dict__["_demands"]
        return demands

    @cached_property
    def paths(self) -> list[FieldPath]:
        """Every path that the request names, once."""
        named = (*paths_in(self.where), *(order.field.path for order in self.sort), *(self.select or ()))
        return list(dict.fromkeys(named))

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is all records in id order, few enough to be found in one short step, with nothing said of how."""
        is_everything = self.where == EVERYTHING and not self.sort
        return is_everything and not self.with_count and not self.with_explain and self.limit <= PLAIN_ROWS

    @cached_property
    def query(self) -> Query:
        """The query of one page."""
        after = None
        if self.cursor is not None:
            *values, record_id = position_of(self.question, self.cursor, *[VALUE] * len(self.sort), RECORD_ID)
            after = Position(tuple(values), record_id)
        return Query(self.where, self.sort, self.limit, self.offset, after)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an answer was found. `access` is id, index or scan; `index` names the field."""

    access: str
    index: str | None
    rows_examined: int
    rows_returned: int
    microseconds: int


@dataclass(frozen=True, slots=True)
class FindPage:
    """The bodies of one page, and what is said about them."""

    rows: tuple[bytes, ...]
    cursor: str | None
    total: int | None
    warnings: tuple[str, ...]
    explain: Explanation | None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records, or groups, of the page as Python has them. Cost: O(length of the bodies)."""
        return [codec.parse(body) for body in self.rows]


@dataclass(frozen=True)
class GroupRequest(Window):
    """What is asked of one table's groups; `sort` and the page are theirs.

    Raises:
        InvalidCursor: the cursor was made for another question.
    """

    table: str
    grouping: Grouping
    where: Predicate = EVERYTHING
    sort: tuple[GroupColumn, ...] = ()
    hold: Callable[[int], Awaitable[None]] | None = None
    """Is told about how many bytes the groups take by now; it may wait, or refuse."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.after

    @property
    def question(self) -> str:
        """A text that is equal for equal questions, whichever page is asked for."""
        return f"groups\0{self.table}\0{self.where.rank}\0{self.grouping!r}\0{self.sort!r}"

    @property
    def columns(self) -> list[str]:
        """The columns that say where a group stands in the order."""
        return list(dict.fromkeys((*(column.name for column in self.sort), *(name for name, _ in self.grouping.by))))

    @property
    def after(self) -> dict[str, Any] | None:
        """The group after which the page begins, as far as the order looks at it."""
        if self.cursor is None:
            return None
        values = position_of(self.question, self.cursor, *[VALUE] * len(self.columns))
        return dict(zip(self.columns, values, strict=True))


async def find(tables: Tables, presence: Presence, request: FindRequest, max_sorted: int) -> FindPage:
    """Return a page of a table; see `Database.find`."""
    if request.is_plain:
        return await _find_plain(tables, presence, request)
    began, query, work = stopwatch_s(), request.query, presence.work or Work()
    demands = await work.through(request.read_demands())
    if request.is_strict:  # before an index is built for what is refused
        await _warnings(presence, request, request.paths, demands, request.words)
    async with tables.view([request.access], presence.work) as view:
        if query.where == EVERYTHING and not query.sort and query.after is None and query.offset:
            query = await _passed_over(tables, request.table, query)
        found = await execute.find(view, request.table, query, max_sorted)
        total, counted = None, 0
        if request.with_count:
            total, counted = await execute.count(view, request.table, request.query)
        await view.rest()
        open_demands = [demand for demand in demands if not (demand.is_proved and found.rows)]
    warnings = await _warnings(presence, request, request.paths, open_demands, request.words)
    explain = _explain(found.plan, found.examined + counted, len(found.rows), began) if request.with_explain else None
    cursor = _cursor_after(request, found.rows[-1]) if found.has_more and found.rows else None
    return FindPage(tuple(await _bodies(found.rows, work)), cursor, total, tuple(warnings), explain)


async def _bodies(rows: list[Row], work: Work) -> list[bytes]:
    """Return the bodies of rows, which are let go of in steps: both at once take 5 ms of 10,000."""
    bodies = list[bytes]()
    rows.reverse()
    while rows:
        bodies += [body for _, body in rows[: -PLAIN_ROWS - 1 : -1]]
        del rows[-PLAIN_ROWS:]
        await work.rest()
    return bodies


async def _find_plain(tables: Tables, presence: Presence, request: FindRequest) -> FindPage:
    query = request.query
    after = None if query.after is None else query.after.record_id
    page = await tables.find(request.table, after=after, offset=query.offset, limit=query.limit)
    warnings: Sequence[str] = ()
    if request.paths:
        warnings = await presence.missing(
            request.table, request.paths, is_strict=request.is_strict, words=request.words
        )
    cursor = _cursor_after(request, page.rows[-1]) if page.has_more and page.rows else None
    return FindPage(tuple([body for _, body in page.rows]), cursor, None, tuple(warnings), None)


async def find_groups(tables: Tables, presence: Presence, request: GroupRequest, max_sorted: int) -> FindPage:
    """Return a page of groups; see `Database.find_groups`."""
    began, groups, work = stopwatch_s(), Groups(request.grouping), presence.work or Work()
    query = Query(request.where)
    named = [*paths_in(request.where), *(field.path for _, field in request.grouping.by)]
    named += [aggregate.field.path for aggregate in request.grouping.aggregates if aggregate.field]
    demands = await work.through(read_demands(request.where))
    if request.is_strict:
        await _warnings(presence, request, named, demands)
    async with tables.view([Access.of(request.table, query, in_id_order=False)], work) as view:
        matching = execute.Matching(view, request.table, query)
        try:
            await _gather(matching, groups, request, max_sorted, work)
        except RamekinError:
            await Work().through(groups.emptied())
            raise
        rows, has_more = await _page_of_groups(view, groups, request)
    warnings = await _warnings(presence, request, named, demands)
    warnings += groups.warnings()
    cursor = None
    if has_more and rows:
        cursor = encode_cursor(request.question, [rows[-1][name] for name in request.columns])
    explain = _explain(matching.plan, matching.examined, len(rows), began) if request.with_explain else None
    total = len(groups) if request.with_count else None
    work, bodies = Work(), list[bytes]()
    rows.reverse()
    while rows:  # each is let go of: to free them at once takes as long
        bodies.append(codec.dump(rows.pop()))
        await work.rest()
    await work.through(groups.emptied())
    return FindPage(tuple(bodies), cursor, total, tuple(warnings), explain)


async def _warnings(
    presence: Presence,
    request: FindRequest | GroupRequest,
    paths: Sequence[FieldPath],
    demands: Sequence[Demand],
    words: Mapping[str, str] = NO_WORDS,
) -> list[str]:
    """Return what is to be said of fields that no record has, and of values that none can have; strictly an error."""
    found = await presence.missing(request.table, paths, is_strict=request.is_strict, words=words)
    return found + await presence.unmatched(request.table, demands, is_strict=request.is_strict)


async def _gather(
    matching: execute.Matching, groups: Groups, request: GroupRequest, max_sorted: int, work: Work
) -> None:
    """Put all that matches into groups. Raises TooManyRows, and as `GroupRequest.hold`."""
    held_bytes = 0
    async for bodies in matching.bodies():
        for body in bodies:
            groups.add(body)
            if request.hold is not None and groups.size_bytes > held_bytes:
                held_bytes = groups.size_bytes + HELD_BYTES
                await work.idle(request.hold(held_bytes))
            await work.rest()
        if len(groups) > max_sorted:
            raise too_many_rows(max_sorted, "add conditions, or group by fewer fields")


async def _passed_over(tables: Tables, table: str, query: Query) -> Query:
    """Return a plain list's query with its offset turned into a position: O(log n) whatever the offset."""
    page = await tables.find(table, offset=query.offset - 1, limit=1)
    if not page.rows:  # it lies behind the end
        return Query(limit=0)
    return Query(limit=query.limit, after=Position((), page.rows[0][0]))


async def _page_of_groups(view: View, groups: Groups, request: GroupRequest) -> tuple[list[dict[str, Any]], bool]:
    """Return the groups of one page, and whether more follow."""
    key_of, wanted = groups.sort_key_of(request.sort), request.offset + request.limit + 1
    after = None if request.after is None else key_of(request.after)
    first = FirstRows[dict[str, Any]](wanted)
    for _, row in groups.rows():
        key = key_of(row)
        if after is None or key > after:
            first.add(key, row)
        await view.rest()
    rows = [row async for part in drain(view, first) for row in part][request.offset :]
    return rows[: request.limit], len(rows) > request.limit


def _cursor_after(request: FindRequest, row: tuple[int | str, bytes]) -> str:
    """Return the cursor of the page after a row."""
    values: list[Any] = []
    if request.sort:
        read = row_reader(tuple(order.field.path for order in request.sort))
        values = [None if value is MISSING else value for value in read(row[1])]
    return encode_cursor(request.question, [*values, row[0]])


def _explain(plan: Plan, examined: int, returned: int, began: float) -> Explanation:
    return Explanation(plan.name, plan.index, examined, returned, round((stopwatch_s() - began) * 1e6))
