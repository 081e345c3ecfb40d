"""What each call sends, and how its answer is read. Pure; see ``exchange.py`` for when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Generic, Optional, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, Field, create_model

from ramekin.client.batch import Batch, Result, Ttl
from ramekin.client.exchange import Call
from ramekin.client.fitting import check_changes, check_record
from ramekin.client.following import Following
from ramekin.client.replies import Page, Reply, as_typed, member, nothing, reader
from ramekin.client.sent import as_body, as_record, each_of, id_text, names_of, words_of
from ramekin.errors import InvalidHeader, InvalidParameter, InvalidRecord
from ramekin.query.predicate import EVERYTHING, Predicate, all_of
from ramekin.query.where import print_where

R = TypeVar("R")
S = TypeVar("S")

API = "/api/v1"
PAGE_RECORDS = 1000
"""Records that are asked for at once where the caller says nothing."""

BULK_BYTES = 8 * 1024 * 1024
"""Bytes of records that are sent in one request, half of what a server takes by default."""

NDJSON, PATCH = "application/x-ndjson", "application/merge-patch+json"

STRICT = {"Prefer": "handling=strict"}
"""An unknown field is refused: a condition on it would find nothing, and nobody would be told."""

Names = str | Sequence[str]
Row = dict[str, Any]

Paging = Callable[[str | None], Call[Page[R]]]
"""Makes the call for a page, given where the page before said that it is; None for the first."""


class Changed(BaseModel):
    """What a change by condition did: how many records satisfied it, and how many are others now."""

    matched: int
    changed: int


_row, _changed = reader(Row), reader(Changed)
_count, _total = member("count", int), member("total", int)
_loaded, _tables = member("loaded", dict[str, int]), member("tables", list[Row])
_results = member("results", list[Result])


def _where(conditions: Iterable[Predicate]) -> Row:
    """Return the JSON form of conditions that must all hold. Raises InvalidParameter: something is no condition."""
    for each in (held := [*conditions]):
        if not isinstance(each, Predicate):
            raise InvalidParameter("A condition is a field compared with something, as in Field('age') >= 18.")
    predicate = all_of(held)
    return {} if predicate == EVERYTHING else print_where(predicate)


def _window(sort: Names, limit: int | None) -> Row:
    """Return the words of a list of which the first `limit` records are wanted, or all of them."""
    if isinstance(limit, bool) or not isinstance(limit, int | None):
        raise InvalidParameter("'limit' is a whole number, or None for all.")
    words: Row = {"limit": PAGE_RECORDS if limit is None else min(limit, PAGE_RECORDS)}
    if names := names_of("sort", sort):
        words["sort"] = ",".join(names)
    return words


def _without_limit(words: Row) -> Row:
    """Return the words of a list whose pages are as long as the server has them."""
    return {name: value for name, value in words.items() if name != "limit"}


def _address(*parts: object, **words: Any) -> str:
    given = {
        name: (str(value).lower() if isinstance(value, bool) else value)
        for name, value in words.items()
        if value is not None
    }
    path = "/".join([API, *map(_part, parts)])
    return f"{path}?{words_of(given.items())}" if given else path


def _part(name: object) -> str:
    """Return a name or an id as a part of a path. Clients and proxies take `.` and `..` for ways to other paths."""
    text = id_text(name)
    return "%2E" * len(text) if text in (".", "..") else quote(text, safe="")


class TableCalls(Generic[R]):
    """The calls about one table, of whose records `type_` is the type, and `selected` what lists show; none: all."""

    def __init__(self, name: str, type_: Any, selected: Sequence[str] = ()) -> None:
        if not isinstance(name, str):
            raise InvalidParameter("A table's name is text.")
        self.name, self.type, self._selected = name, type_, selected
        self._record: Callable[[Reply], R] = reader(type_)

    def selecting(self, paths: Sequence[str]) -> TableCalls[Row]:
        """Return the calls whose lists show some members of records."""
        return TableCalls(self.name, Row, names_of("select", paths))

    def create(self, record: R | Row, ttl: Ttl) -> Call[R]:
        return Call("POST", _address("data", self.name, ttl=ttl), self._record, self._body(record))

    def get(self, id: object) -> Call[R]:
        return Call("GET", _address("data", self.name, id), self._record, is_repeatable=True)

    def tagged(self, id: object) -> Call[tuple[R, str]]:
        def read(reply: Reply) -> tuple[R, str]:
            return self._record(reply), reply.headers["etag"]

        return Call("GET", _address("data", self.name, id), read, is_repeatable=True)

    def put(self, id: object, record: R | Row, *, upsert: bool, if_match: str | None, ttl: Ttl) -> Call[R]:
        path = _address("data", self.name, id, upsert=upsert or None, ttl=ttl)
        return Call(
            "PUT", path, self._record, self._body(record), headers=_expecting(if_match), is_repeatable=if_match is None
        )

    def patch(self, id: object, changes: Any, *, if_match: str | None, ttl: Ttl) -> Call[R]:
        path = _address("data", self.name, id, ttl=ttl)
        body, is_repeatable = self._body(changes, is_part=True), if_match is None
        return Call("PATCH", path, self._record, body, PATCH, _expecting(if_match), is_repeatable=is_repeatable)

    def delete(self, id: object, *, if_match: str | None = None) -> Call[None]:
        return Call("DELETE", _address("data", self.name, id), nothing, headers=_expecting(if_match))

    def bulks(
        self, records: Iterable[R | Row] | R | Row, on_conflict: str, ttl: Ttl
    ) -> Iterator[tuple[int, Call[int]]]:
        """Yield a call for each part of many records, or of one, behind how many there are up to its end.

        What is wrong with a record is told with its index in its part.
        """
        lines: list[bytes] = []
        size = before = 0
        for index, record in enumerate(each_of(records)):
            try:
                line = self._body(record, is_part=on_conflict == "merge")
            except InvalidRecord as error:
                raise error.within(index - before, index=index - before) from error.__cause__
            if lines and size + len(line) >= BULK_BYTES:
                yield index, self._bulk(lines, on_conflict, ttl)
                before, lines, size = index, [], 0
            lines.append(line)
            size += len(line) + 1
        if lines:
            yield before + len(lines), self._bulk(lines, on_conflict, ttl)

    def _bulk(self, lines: Sequence[bytes], on_conflict: str, ttl: Ttl) -> Call[int]:
        path = _address("data", self.name, on_conflict=on_conflict, ttl=ttl)
        body = b"\n".join(lines) + b"\n"
        is_repeatable = on_conflict != "error"
        return Call("POST", path, _count, body, NDJSON, {"Prefer": "return=minimal"}, is_repeatable)

    def dump(self) -> Call[None]:
        headers = {"Accept": NDJSON}
        return Call("GET", _address("dump", self.name), nothing, headers=headers, is_repeatable=True, is_streamed=True)

    def find(self, conditions: Sequence[Predicate], sort: Names, limit: int | None) -> Paging[R]:
        selected = {"select": self._selected} if self._selected else {}
        return self._paging(self.type, _window(sort, limit) | {"where": _where(conditions)} | selected)

    def groups(
        self,
        conditions: Sequence[Predicate],
        group_by: Names,
        aggregate: Mapping[str, str] | None,
        sort: Names,
        limit: int | None,
    ) -> Paging[Row]:
        names = names_of("group_by", group_by)
        query = _window(sort, limit) | {"where": _where(conditions), "group_by": names, "aggregate": aggregate or {}}
        return self._paging(Row, query)

    def count(self, conditions: Sequence[Predicate]) -> Call[int]:
        return self._query({"where": _where(conditions), "limit": 0, "count": True}, _total)

    def _paging(self, type_: Any, query: Row) -> Paging[Any]:
        return lambda following: self._query(query, reader(Page[type_]), following)

    def _query(self, query: Row, read: Callable[[Reply], S], following: str | None = None) -> Call[S]:
        path = following or _address("query", self.name)
        call = Call("POST", path, read, as_body(query), headers=STRICT, is_repeatable=True)
        smaller = replace(call, body=as_body(_without_limit(query)))
        return replace(call, smaller=smaller) if query["limit"] else call

    def patch_where(
        self, conditions: Sequence[Predicate], changes: Any, most: int | None, *, all: bool
    ) -> Call[Changed]:
        """Patch all records that conditions mean."""
        return Call(
            "PATCH", self._matching(conditions, most, all=all), _changed, self._body(changes, is_part=True), PATCH
        )

    def delete_where(self, conditions: Sequence[Predicate], most: int | None, *, all: bool) -> Call[Changed]:
        """Delete all records that conditions mean."""
        return Call("DELETE", self._matching(conditions, most, all=all), _changed)

    def _matching(self, conditions: Sequence[Predicate], most: int | None, *, all: bool) -> str:
        where = as_body(_where(conditions)).decode() if conditions else None
        return _address("data", self.name, where=where, all=all or None, max_affected=most)

    def join(
        self,
        other: TableCalls[S],
        key: str,
        conditions: Sequence[Predicate],
        type: str,
        names: tuple[str, str] | None,
        sort: Names,
        limit: int | None,
    ) -> Paging[Any]:
        """Return what asks for pages of pairs, each a tuple of a record of this table and one of the other.

        Raises:
            InvalidParameter: `names` are not two.
        """
        where = as_body(_where(conditions)).decode() if conditions else None
        pair = names_of("names", names or ())
        if len(pair) not in (0, 2):
            raise InvalidParameter("'names' are two: what each table is called in the pairs.")
        sides = {"type": type, "as": ",".join(pair) or None, "where": where}
        window = _window(sort, limit)
        first, smaller = (
            _address("join", self.name, other.name, key, **sides, **words) for words in (window, _without_limit(window))
        )
        pairs = _pages_of_pairs(*(pair or (self.name, other.name)), self.type, other.type)

        def read(reply: Reply) -> Page[Any]:
            page = as_typed(pairs, reply.body)
            return Page.model_construct(**dict(page) | {"data": [(pair.left, pair.right) for pair in page.data]})

        def ask(following: str | None) -> Call[Page[Any]]:
            call = Call("GET", following or first, read, headers=STRICT, is_repeatable=True)
            return call if following else replace(call, smaller=replace(call, path=smaller))

        return ask

    def changes(self, conditions: Sequence[Predicate], since: str | None) -> Following[R]:
        words = [("table", self.name)]
        if conditions:
            words.append(("where", as_body(_where(conditions)).decode()))
        return Following(_address("changes"), words, self.type, STRICT, since)

    def describe(self) -> Call[Row]:
        return Call("GET", _address("tables", self.name), _row, is_repeatable=True)

    def define(self, definition: Row) -> Call[Row]:
        return Call("PUT", _address("tables", self.name), _row, as_body(definition), is_repeatable=True)

    def drop(self) -> Call[None]:
        return Call("DELETE", _address("tables", self.name), nothing)

    def _body(self, record: Any, *, is_part: bool = False) -> bytes:
        """Return a record, or changes of one, as it is sent. Raises InvalidRecord: it does not fit the table's type."""
        body = as_body(record, is_part=is_part)
        if self.type is not Row:
            (check_changes if is_part else check_record)(self.type, record, body)
        return body


def of(table: Any) -> TableCalls[Any]:
    """Return the calls of a table. Raises TypeError where it is none."""
    found = getattr(table, "_calls", None)
    if not isinstance(found, TableCalls):
        raise TypeError("The other table is one of a client, as client.table('orders') gives it.")
    return found


def changes(tables: Sequence[str], since: str | None, where: str | None = None) -> Following[Row]:
    """Return a way through what happens to tables, all of them where none is named; `where` is a condition as JSON."""
    words = [("table", table) for table in tables] + ([] if where is None else [("where", where)])
    return Following(_address("changes"), words, Row, {}, since)


def batch(operations: Batch) -> Call[list[Result]]:
    """Return the call that applies a batch. Raises InvalidParameter."""
    if not isinstance(operations, Batch):
        raise InvalidParameter("Operations are a Batch: Batch().create('users', {'id': 1}).delete('orders', 7).")
    return Call("POST", _address("batch"), _results, operations.body())


def load(tables: Mapping[str, Iterable[Any]], is_replacing: bool) -> Call[dict[str, int]]:
    """Return the call that stores whole tables; answered with how many records each got. Raises InvalidParameter."""
    if not isinstance(tables, Mapping):
        raise InvalidParameter("Tables are a dictionary: the name of each, and its records.")
    body = as_body({name: [*map(as_record, each_of(records))] for name, records in tables.items()})
    path = _address("load", mode="replace" if is_replacing else "merge")
    return Call("POST", path, _loaded, body, is_repeatable=True)


def load_text(body: Iterable[bytes], mode: str, ttl: str | None) -> Call[dict[str, int]]:
    """Return the call that stores whole tables, of a text that comes in pieces; see `load`, and `Call.body`."""
    return Call("POST", _address("load", mode=mode, ttl=ttl), _loaded, body, is_repeatable=True)


def dump_text(table: str | None, media: str) -> Call[None]:
    """Return the call for every record of a table, or of every table, as a text that comes in pieces."""
    path = _address("dump") if table is None else _address("dump", table)
    return Call("GET", path, nothing, headers={"Accept": media}, is_repeatable=True, is_streamed=True)


def dump() -> Call[dict[str, list[Row]]]:
    """Return the call for every record of every table."""
    return Call("GET", _address("dump"), reader(dict[str, list[Row]]), is_repeatable=True)


def backup() -> Call[None]:
    """Return the call for a backup, a file as SQLite reads it."""
    return Call("POST", _address("backup"), nothing, is_repeatable=True, is_streamed=True)


def tables() -> Call[list[Row]]:
    """Return the call for the tables with their figures."""
    return Call("GET", _address("tables"), _tables, is_repeatable=True)


def health() -> Call[Row]:
    """Return the call for what the server says of itself."""
    return Call("GET", "/health", _row, is_repeatable=True)


def _expecting(tag: str | None) -> dict[str, str]:
    if tag is None:
        return {}
    if not (isinstance(tag, str) and tag.isascii() and tag.isprintable()):
        raise InvalidHeader("A tag is text, of no characters but those of ASCII that are printed.")
    return {"If-Match": tag.strip()}


@lru_cache(maxsize=256)
def _pages_of_pairs(left: str, right: str, left_type: Any, right_type: Any) -> Any:
    """Return the type of a page of a join, made as it runs: each pair has a member by the name of each table."""
    sides: Any = {
        "left": (Optional[left_type], Field(alias=left)),  # noqa: UP045  # `|` is not for every type
        "right": (Optional[right_type], Field(alias=right)),  # noqa: UP045  # likewise
    }
    pair = create_model("Pair", **sides)
    return Page[pair]
