"""Lists as json-server gives them: whole arrays, in the order of its file, each record as it is stored.

That order is the one in which records came, which no index knows. So a list is one pass over its table, in short turns,
at one moment; what is sorted is held as keys. What is asked is read by the dialects; see ``dialect.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from sys import maxsize
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.api.edge.weights import BODY_TIMES, SORTED_BYTES
from ramekin.api.http.answer import array_reply
from ramekin.api.json_server.relations import put_inside, tables_of
from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.query.gather import too_many_rows
from ramekin.query.order import FirstRows, descending
from ramekin.values import codec
from ramekin.values.paths import parse_path, walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ramekin.api.http.answer import Reply
    from ramekin.api.json_server.relations import Relation
    from ramekin.api.session import Session
    from ramekin.query.view import View
    from ramekin.values.comparison import OrderKey
    from ramekin.values.paths import FieldPath

Record = dict[str, Any]
Row = bytes | Record
"""A record as it is stored, or with others inside."""

HELD_BYTES = 16
"""What a row takes that is only named: its body is the table's own."""


class Window(NamedTuple):
    """Which rows are shown of all that were found, and what is said around them."""

    start: int
    stop: int
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed
    members: dict[str, Any] | None = None
    """What stands in an object before the rows; None: the rows stand alone."""


def everything(count: int) -> Window:
    """Return the window on all rows."""
    return Window(0, count)


@dataclass(frozen=True, slots=True)
class Listing:
    """What an address asks of a table."""

    keeps: Callable[[Record], bool] | None = None
    """Whether a record is meant; None: all are."""
    order: Callable[[Record], tuple[OrderKey, ...]] | None = None
    """What a record is sorted by; None: as they stand."""
    window: Callable[[int], Window] = everything
    most: int = maxsize
    """How many of the first rows any window may show: of what is sorted no more are held."""
    relations: Sequence[Relation] = field(default=())
    looks_inside: bool = False
    """Whether conditions or the order look into the records that are put inside."""


async def list_reply(session: Session, table: str, listing: Listing) -> Reply:
    """Return the rows of a table that an address asks for.

    Raises:
        UnknownTable, Forbidden, TooManyRows, Deadline.

    Cost: O(n), in turns.
    """
    known = session.database.engine.tables
    relations = [each for each in listing.relations if each.table in known]
    session.grant.check("read", tables_of(relations))
    work = Work(session.database.limits.query_s)
    async with session.server.flight.work() as room:
        await room.hold(_weight(session, table, listing, relations))
        async with known.view([Access(name) for name in (table, *tables_of(relations))], work) as view:
            early = relations if listing.looks_inside else []
            rows, count = await _rows(view, table, listing, early, session.database.limits.sorted_rows)
            window = listing.window(count)
            rows = rows[window.start : window.stop]
            if relations and not early:
                rows = await _with_inside(view, relations, rows)
        opening, closing = b"[", b"]"
        if window.members is not None:
            opening, closing = b'%b,"data":[' % codec.dump(window.members)[:-1], b"]}"
        return await array_reply(rows, _text, work, opening=opening, closing=closing, headers=window.headers)


async def with_inside(session: Session, relations: Sequence[Relation], record: Record) -> Record:
    """Return a record with others inside. Raises Forbidden, Deadline. Cost: O(the other tables)."""
    known = session.database.engine.tables
    relations = [each for each in relations if each.table in known]
    session.grant.check("read", tables_of(relations))
    accesses = [Access(name) for name in tables_of(relations)]
    work = Work(session.database.limits.query_s)
    async with session.server.flight.work(), known.view(accesses, work) as view:
        for relation in relations:
            await put_inside(view, relation, [record])
    return record


async def _rows(
    view: View, table: str, listing: Listing, inside: Sequence[Relation], most_sorted: int
) -> tuple[list[Row], int]:
    """Return the rows that are meant, in order, and how many they are; of those that are sorted the first ones."""
    keeps, order, rows, count = listing.keeps, listing.order, list[Row](), 0
    first = FirstRows[Row](min(listing.most, view.count(table)))
    async for row in _each(view, table, inside):
        if keeps is None and order is None:
            rows.append(row)
            continue
        record = codec.read_body(row) if isinstance(row, bytes) else row
        if keeps is not None and not keeps(record):
            continue
        count += 1
        if order is None:
            rows.append(row)
        else:
            first.add((*order(record), count), row)
            if len(first) > most_sorted:
                raise too_many_rows(most_sorted, "add conditions")
    if order is None:
        return rows, len(rows)
    for row in first.in_order():
        rows.append(row)
        await view.rest()
    return rows, count


async def _each(view: View, table: str, inside: Sequence[Relation]) -> AsyncIterator[Row]:
    """Yield every row of a table as it stands, or with others inside."""
    bodies: list[Row] = []
    async for batch in view.batches(table):
        if inside:
            bodies += batch
            continue
        for body in batch:
            yield body
            await view.rest()
    if inside:
        for row in await _with_inside(view, inside, bodies):
            yield row
            await view.rest()


async def _with_inside(view: View, relations: Iterable[Relation], rows: Iterable[Row]) -> list[Row]:
    records: list[Record] = []
    for row in rows:
        records.append(codec.read_body(row) if isinstance(row, bytes) else row)
        await view.rest()
    for relation in relations:
        await put_inside(view, relation, records)
    return [*records]


def _text(row: Row) -> bytes:
    return row if isinstance(row, bytes) else codec.dump(row)


def _weight(session: Session, table: str, listing: Listing, relations: Sequence[Relation]) -> int:
    """Return how many bytes a list may hold while it is answered."""
    tables = session.database.engine.tables
    stats = tables.table_stats(table)
    size_bytes = stats.records * (HELD_BYTES if listing.order is None else SORTED_BYTES)
    if relations:
        inside = [tables.table_stats(each.table).size_bytes for each in relations]
        size_bytes += BODY_TIMES * (stats.size_bytes + sum(inside))
    return size_bytes


def order_by(
    names: Iterable[tuple[str, bool]], key: Callable[[Any], OrderKey]
) -> Callable[[Record], tuple[OrderKey, ...]]:
    """Return the function from a record to what it is sorted by.

    Args:
        names: paths of fields, and whether each is descending.
        key: what a value is sorted by.
    """
    fields = [(parse_path(name), is_descending) for name, is_descending in names]

    def keys(path: FieldPath, is_descending: bool, record: Record) -> OrderKey:
        found = key(walk(record, path))
        return descending(found) if is_descending else found

    return lambda record: tuple([keys(path, is_descending, record) for path, is_descending in fields])
