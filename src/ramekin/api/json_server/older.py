"""What an address means in json-server 0.17: `_start`, `_end`, `_limit`, `_order`, `_expand`, `q`, `views_gte=10`.

A condition on a field that no record has is paid no heed to, as json-server does. See ``current.py`` for 1.x.
"""

from __future__ import annotations

import re
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Any

from ramekin.api.json_server.listing import JsonList, Record, Slice, everything, order_by
from ramekin.api.json_server.relations import Relation, many, one
from ramekin.api.json_server.words import Words, is_least, text_of, whole_number
from ramekin.api.routes import address
from ramekin.values.comparison import MISSING, OrderKey, order_key
from ramekin.values.paths import parse_path, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.api.session import Session
    from ramekin.values.ids import IdSource

RESERVED = ("q", "_start", "_end", "_sort", "_order", "_limit", "_page", "_embed", "_expand", "_delay", "callback", "_")
LIMIT = 10
NULL_LAST, MISSING_LAST = (9, 0), (9, 1)
ID_BYTES = 4

_INDEX = re.compile(r"\[[0-9]*\]\Z")
"""What clients put behind the name of a list: ``id[]=1&id[]=2``."""

_SUFFIX = re.compile(r"(.*)_(lte|gte|ne|like)", re.DOTALL)


class Older:
    """The dialect of json-server 0.17."""

    nothing: Record = {}  # noqa: RUF012  # never changed
    takes_new_objects = True
    reads_forms = True
    has_nested = True

    async def read_list(
        self, session: Session, table: str, query: bytes, also: Sequence[tuple[str, str]] = ()
    ) -> JsonList:
        """Return what the address of a list asks for; `also` are conditions that its path says."""
        words = Words(query)
        tests = await _tests(session, table, words.others(RESERVED))
        tests += [_test(name, [text]) for name, text in also]
        if sought := words.first("q"):
            tests.append(_search(sought.lower()))
        return JsonList(
            (lambda record: all(test(record) for test in tests)) if tests else None,
            _order(words),
            *_window(words, table, query),
            self.read_relations(table, query),
        )

    def read_relations(self, table: str, query: bytes) -> list[Relation]:
        """Return what an address asks to have put inside."""
        words = Words(query)
        return [*(many(table, name) for name in words.all("_embed")), *(one(name) for name in words.all("_expand"))]

    def as_kept(self, record: Record, ids: IdSource) -> Record:  # noqa: ARG002  # as dialects are
        """Return a record of a file as it is stored: as it is."""
        return record

    async def as_created(self, session: Session, table: str, sent: Record) -> Record:
        """Return what is sent with its id, or the next number; with one by chance where ids are texts."""
        if sent.get("id") not in (None, "", 0, False):
            return sent
        tables, ids = session.tables, session.database.ids
        if not (count := tables.table_stats(table).records):
            return {**sent, "id": 1}
        [(last, _)] = (await tables.find(table, offset=count - 1, limit=1)).rows
        return {**sent, "id": last + 1 if isinstance(last, int) else ids.token(ID_BYTES)}

    def dependents(self, query: bytes) -> list[str] | None:  # noqa: ARG002  # as dialects are
        """Return the tables whose records go with the one whose id they hold: all."""
        return None

    def deleted(self, body: bytes) -> bytes:  # noqa: ARG002  # as dialects are
        """Return what is told of a deleted record."""
        return b"{}"


async def _tests(session: Session, table: str, pairs: Sequence[tuple[str, str]]) -> list[Callable[[Record], bool]]:
    """Return the conditions of an address on fields that some record has, or that have an operator."""
    values: dict[str, list[str]] = {}
    for name, text in pairs:
        values.setdefault(_INDEX.sub("", name), []).append(text)
    tests = []
    for name, texts in values.items():
        known = _SUFFIX.fullmatch(name) or not await session.database.missing(
            table, [parse_path(name)], is_strict=False
        )
        if known:
            tests.append(_test(name, texts))
    return tests


def _test(name: str, texts: Sequence[str]) -> Callable[[Record], bool]:
    """Return the condition that a field has one of some values, or with `_ne` none of them."""
    found = _SUFFIX.fullmatch(name)
    path, op = parse_path(found[1] if found else name), found[2] if found else ""
    compare = _COMPARE[op]
    choose = all if op == "ne" else any

    def test(record: Record) -> bool:
        value = walk(record, path)
        return value is not MISSING and value is not None and choose(compare(text, value) for text in texts)

    return test


def _is_like(pattern: str, value: Any) -> bool:
    """Say whether a text holds another, whatever the case; `^` and `$` at its ends are those of the text."""
    text, sought = text_of(value).lower(), pattern.lower()
    begins, ends = sought.startswith("^"), sought.endswith("$")
    sought = sought[begins : len(sought) - ends]
    if begins and ends:
        return text == sought
    return text.startswith(sought) if begins else text.endswith(sought) if ends else sought in text


_COMPARE: dict[str, Callable[[str, Any], bool]] = {
    "": lambda text, value: text == text_of(value),
    "ne": lambda text, value: text != text_of(value),
    "gte": lambda text, value: is_least(text, value),
    "lte": lambda text, value: is_least(value, text),
    "like": _is_like,
}


def _search(sought: str) -> Callable[[Record], bool]:
    """Return the condition that a text stands anywhere in a record."""

    def holds(value: Any) -> bool:
        if isinstance(value, list):
            return any(map(holds, value))
        if isinstance(value, dict):
            return any(map(holds, value.values()))
        return bool(value) and sought in text_of(value).lower()

    return holds


def _order(words: Words) -> Callable[[Record], tuple[OrderKey, ...]] | None:
    names = (words.first("_sort") or "").split(",")
    if names == [""]:
        return None
    orders = [order.lower() == "desc" for order in (words.first("_order") or "").split(",")]
    orders += [False] * (len(names) - len(orders))
    return order_by(list(zip(names, orders, strict=False)), _key)


def _key(value: Any) -> OrderKey:
    return MISSING_LAST if value is MISSING else order_key(value) or NULL_LAST


def _window(words: Words, table: str, query: bytes) -> tuple[Callable[[int], Slice], int]:
    """Return the window of `_page`, `_end` or `_limit`, the first of them that is there, and where it ends."""
    page, end, limit = (words.first(name) for name in ("_page", "_end", "_limit"))
    if page:
        number, per_page = max(1, whole_number(page) or 1), max(1, whole_number(limit) or LIMIT)
        return partial(_page, number, per_page, table, query.decode("ascii")), number * per_page
    if not (end or limit):
        return everything, maxsize
    start = max(0, whole_number(words.first("_start")) or 0)
    stop = max(0, whole_number(end) or 0) if end else start + max(0, whole_number(limit) or 0)
    return lambda count: Slice(start, stop, _counted(count)), stop


def _counted(count: int) -> dict[str, str]:
    return {"x-total-count": str(count)}


def _page(page: int, per_page: int, table: str, query: str, count: int) -> Slice:
    """Return the window of a page, with links to the others."""
    start, stop, last = (page - 1) * per_page, page * per_page, -(-count // per_page)
    headers = _counted(count)
    if start < count and last > 1:
        pages = {"first": 1, "prev": page - 1, "next": page + 1 if page < last else 0, "last": last}
        links = [
            f'<{address(f"/{table}?{query}").replace(f"page={page}", f"page={to}", 1)}>; rel="{name}"'
            for name, to in pages.items()
            if to
        ]
        headers["link"] = ", ".join(links)
    return Slice(start, stop, headers)
