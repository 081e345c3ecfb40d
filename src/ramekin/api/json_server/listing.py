"""Lists as json-server gives them: whole arrays, in the order of its file, each record as it is stored.

That order is the one in which records came, which no index knows. So a list is one pass over its table, in short turns,
at one moment; what is sorted is held as keys. What is asked is read by the dialects; see ``dialect.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.api.edge.weights import SORTED_BYTES
from ramekin.api.http.answer import Reply, array_reply
from ramekin.api.json_server.relations import Fill, Relation, filler, tables_of
from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.query.gather import too_many_rows
from ramekin.query.order import FirstRows, descending
from ramekin.values import codec
from ramekin.values.paths import FieldPath, parse_path, walk

if TYPE_CHECKING:
    from ramekin.api.session import Session
    from ramekin.query.view import View
    from ramekin.values.comparison import OrderKey

Record = dict[str, Any]

HELD_BYTES = 16
"""What a row takes that is only named: its body is the table's own."""

INSIDE_BYTES = 200
"""What a record takes that others go into, or that goes into others: its key, and where it stands."""


class Slice(NamedTuple):
    """Which rows are shown of all that were found, and what is said around them."""

    start: int
    stop: int
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed
    members: dict[str, Any] | None = None
    """What stands in an object before the rows; None: the rows stand alone."""


def everything(count: int) -> Slice:
    """Return the window on all rows."""
    return Slice(0, count)


@dataclass(frozen=True, slots=True)
class JsonList:
    """What an address asks of a table."""

    keeps: Callable[[Record], bool] | None = None
    """Whether a record is meant; None: all are."""
    order: Callable[[Record], tuple[OrderKey, ...]] | None = None
    """What a record is sorted by; None: as they stand."""
    window: Callable[[int], Slice] = everything
    most: int = maxsize
    """How many of the first rows any window may show: of what is sorted no more are held."""
    relations: Sequence[Relation] = field(default=())
    looks_inside: bool = False
    """Whether conditions or the order look into the records that are put inside."""


async def list_reply(session: Session, table: str, listing: JsonList) -> Reply:
    """Return the rows of a table that an address asks for.

    Raises:
        UnknownTable, Forbidden, TooManyRows, Deadline.

    Cost: O(n), in turns.
    """
    relations = known_relations(session, listing.relations)
    work = Work(session.limits.query_s)
    accesses = [Access(name) for name in (table, *tables_of(relations))]
    async with session.flight.work() as room:
        await room.hold(_weight(session, table, listing, relations))
        async with session.tables.view(accesses, work) as view:
            early: list[Fill] = []
            if listing.looks_inside and relations:
                bodies = [body async for batch in view.batches(table) for body in batch]
                early = [await filler(view, relation, bodies) for relation in relations]
            rows, count = await _rows(view, table, listing, early, session.limits.sorted_rows)
            window = listing.window(count)
            rows = rows[window.start : window.stop]
            fills = early or [await filler(view, relation, rows) for relation in relations]
        opening, closing = b"[", b"]"
        if window.members is not None:
            opening, closing = b'%b,"data":[' % codec.dump(window.members)[:-1], b"]}"
        text_of = partial(_filled, fills) if fills else bytes
        return await array_reply(rows, text_of, work, opening=opening, closing=closing, headers=window.headers)


async def record_with_inside(session: Session, known: Sequence[Relation], body: bytes) -> bytes:
    """Return a record with others inside. Raises Deadline. Cost: O(the other tables)."""
    accesses, work = [Access(name) for name in tables_of(known)], Work(session.limits.query_s)
    async with session.flight.work(), session.tables.view(accesses, work) as view:
        return _filled([await filler(view, relation, [body]) for relation in known], body)


def known_relations(session: Session, relations: Iterable[Relation]) -> list[Relation]:
    """Return the relations whose tables are there. Raises Forbidden: one may not be read, there or not."""
    asked = [*relations]
    session.grant.check("read", tables_of(asked))
    return [each for each in asked if each.table in session.tables]


async def _rows(
    view: View, table: str, listing: JsonList, inside: Sequence[Fill], most_sorted: int
) -> tuple[list[bytes], int]:
    """Return the rows that are meant, in order, and how many they are; of those that are sorted the first ones."""
    keeps, order, rows, count = listing.keeps, listing.order, list[bytes](), 0
    first = FirstRows[bytes](min(listing.most, view.count(table)))
    async for batch in view.batches(table):
        if keeps is None and order is None:
            rows += batch
            continue
        for body in batch:
            await view.rest()
            record = codec.read_body(body)
            for fill in inside:
                fill(record)
            if keeps is not None and not keeps(record):
                continue
            count += 1
            if order is None:
                rows.append(body)
                continue
            first.add((*order(record), count), body)
            if len(first) > most_sorted:
                raise too_many_rows(most_sorted, "add conditions")
    if order is None:
        return rows, len(rows)
    for body in first.in_order():
        rows.append(body)
        await view.rest()
    return rows, count


def _filled(fills: Iterable[Fill], body: bytes) -> bytes:
    """Return a record as JSON, with others inside."""
    record = codec.read_body(body)
    for fill in fills:
        fill(record)
    return codec.dump(record)


def _weight(session: Session, table: str, listing: JsonList, relations: Sequence[Relation]) -> int:
    """Return how many bytes a list may hold while it is answered."""
    tables = session.tables
    records = tables.table_stats(table).records
    held = sum(tables.table_stats(each.table).records for each in relations) + (records if relations else 0)
    return records * (HELD_BYTES if listing.order is None else SORTED_BYTES) + INSIDE_BYTES * held


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
