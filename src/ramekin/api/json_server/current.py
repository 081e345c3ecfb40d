"""What an address means in json-server 1.x, as of its beta 15: `_sort`, `_page`, `_per_page`, `_embed`, `_where`.

What it does not know it pays no heed to, as json-server does. See ``older.py`` for 0.17.
"""

from __future__ import annotations

from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Any

from ramekin.api.json_server.collation import text_key
from ramekin.api.json_server.conditions import matches, read_conditions, read_where
from ramekin.api.json_server.listing import JsonList, Record, Slice, everything, order_by
from ramekin.api.json_server.relations import Relation, many, one, singular
from ramekin.api.json_server.words import Words, whole_number
from ramekin.query.order import LAST
from ramekin.values.comparison import MISSING, TEXT, OrderKey, order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.api.session import Session
    from ramekin.values.ids import IdSource

RESERVED = ("_sort", "_page", "_per_page", "_embed", "_where")
PER_PAGE = 10
ID_BYTES = 8


class Current:
    """The dialect of json-server 1.x."""

    nothing: Record = {"error": "Not Found"}  # noqa: RUF012  # never changed
    """What an address answers that leads to nothing."""

    takes_new_objects = False
    reads_forms = False
    has_nested = False

    async def read_list(
        self, session: Session, table: str, query: bytes, also: Sequence[tuple[str, str]] = ()
    ) -> JsonList:
        """Return what the address of a list asks for. Raises InvalidParameter, MalformedPath, PathTooLong."""
        assert not also, f"{session}: there are no nested lists"
        words = Words(query)
        said = words.first("_where")
        where = None if said is None else read_where(said)
        if where is None:
            where = read_conditions(words.others(RESERVED))
        window, most = _window(words)
        names = _fields(words.first("_sort"))
        relations = _relations(table, words)
        inside = {relation.member for relation in relations}
        return JsonList(
            (lambda record: matches(record, where)) if where else None,
            order_by(names, _key) if names else None,
            window,
            most,
            relations,
            looks_inside=bool(inside & {*where, *(name.partition(".")[0] for name, _ in names)}) or "or" in where,
        )

    def read_relations(self, table: str, query: bytes) -> list[Relation]:
        """Return what the address of a record asks to have put inside. Raises as `read_list`."""
        return _relations(table, Words(query))

    def as_kept(self, record: Record, ids: IdSource) -> Record:
        """Return a record of a file as it is stored: its id is text, and it has one."""
        found = record.get("id", MISSING)
        if found is MISSING:
            return {**record, "id": new_id(ids)}
        if isinstance(found, bool) or not isinstance(found, int | float):
            return record
        return {**record, "id": str(int(found) if found == int(found) else found)}

    async def as_created(self, session: Session, table: str, sent: Record) -> Record:
        """Return what is sent with an id by chance; a table with a schema makes its own, or takes the one sent."""
        if session.database.schemas.get(table) is not None:
            return sent
        return {**sent, "id": new_id(session.database.ids)}

    def dependents(self, query: bytes) -> list[str] | None:
        """Return the tables whose records go with the one whose id they hold: those in `_dependent`."""
        return Words(query).all("_dependent")

    def deleted(self, body: bytes) -> bytes:
        """Return what is told of a deleted record: what it was."""
        return body


def new_id(ids: IdSource) -> str:
    """Return an id by chance."""
    return ids.token(ID_BYTES)


def _relations(table: str, words: Words) -> list[Relation]:
    return [one(name) if singular(name) == name else many(table, name) for name in words.all("_embed")]


def _fields(sort: str | None) -> list[tuple[str, bool]]:
    """Return the fields of an order, and whether each is descending."""
    return [(name.removeprefix("-"), name.startswith("-")) for name in sort.split(",")] if sort else []


def _key(value: Any) -> OrderKey:
    """Return what a value is sorted by: false, null and the empty text come last, all of them first if descending."""
    if isinstance(value, str) and value:
        return TEXT, text_key(value)
    return LAST if value is False or value == "" else order_key(value) or LAST


def _window(words: Words) -> tuple[Callable[[int], Slice], int]:
    """Return the window of `_page`, and how many of the first rows it may show."""
    page = whole_number(words.first("_page"))
    if page is None:
        return everything, maxsize
    per_page = whole_number(words.first("_per_page"))
    page, per_page = max(1, page), PER_PAGE if per_page is None else max(1, per_page)
    return partial(_page, page, per_page), page * per_page


def _page(page: int, per_page: int, count: int) -> Slice:
    """Return the window of a page; one that is not there gives way to the nearest."""
    last = max(1, -(-count // per_page))
    page = max(1, min(page, last))
    members = {
        "first": 1,
        "prev": page - 1 if page > 1 else None,
        "next": page + 1 if page < last else None,
        "last": last,
        "pages": last,
        "items": count,
    }
    return Slice((page - 1) * per_page, page * per_page, members=members)
