"""Lists over HTTP: which records of a table, in which order, and which page of them.

The words of every list are read here, for joins and queries too. Knows no engines; see ``ramekin/query/url.py`` for
conditions and ``database/finding.py`` for how a page is found.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote, unquote_plus

from ramekin.api.declared.answers import READ, tabular, unless_known
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import CONDITIONS, LIST
from ramekin.api.declared.shapes import RECORD_PAGE, USER
from ramekin.api.edge.weights import page_bytes
from ramekin.api.http.answer import Reply, not_modified
from ramekin.api.http.headers import FORMATS
from ramekin.api.http.named_fields import in_address
from ramekin.api.http.pages import PageText, page_reply, selected
from ramekin.api.http.query_string import WORDS_OF, flag, integer, meant, split_query
from ramekin.api.routes import API
from ramekin.database.finding import FindPage, FindRequest
from ramekin.database.join_request import JoinRequest
from ramekin.database.joining import JoinPage
from ramekin.database.window import window_of
from ramekin.errors import (
    BadRequest,
    ConflictingParameters,
    InvalidWhere,
    LimitTooLarge,
    MalformedJson,
    UnknownTable,
    at,
)
from ramekin.query.predicate import EVERYTHING, Predicate, all_of
from ramekin.query.steps import at_once
from ramekin.query.url import parse_select, parse_sort, read_conditions
from ramekin.query.where import read_where
from ramekin.values import codec
from ramekin.values.paths import FieldPath, split_names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ramekin.api.http.asked import Asked, Wishes
    from ramekin.api.session import Session
    from ramekin.limits import Limits
    from ramekin.query.order import Order
    from ramekin.query.steps import Steps
    from ramekin.schema.fields import Fields

WORDS = WORDS_OF["lists"]
MEANT = meant(WORDS)
WINDOW = ("limit", "cursor", "offset", "count", "explain")

_QUERY_SIGNS = "%-._~!$&'()*+,;=:@/?"
"""What may stand in a query as it is (RFC 3986, section 3.4), and the percent sign."""

PAGE_HEADERS = ["ETag", "Vary", "Link", "X-Total-Count", "X-Warnings"]
"""The headers of a page."""

R = TypeVar("R", FindRequest, JoinRequest)
P = TypeVar("P", FindPage, JoinPage)


class Listing(NamedTuple, Generic[R]):
    """What the address of a list asks for."""

    request: R
    path: str
    """Path of the next page, without its cursor."""
    digest: str
    """That of the address."""
    declared: tuple[Fields, ...]
    """By what its conditions were read, of each table."""


def _read_list(session: Session, asked: Asked[Listing[FindRequest]]) -> Listing[FindRequest]:
    """Return what is asked of a table. Raises as ``query/`` says; InvalidParameter, LimitTooLarge."""
    [table], query, database = asked.parts, asked.query, session.database
    return _read_again(table, query, asked.wishes.is_strict, database.fields(table), database.limits)


def _read_long_list(session: Session, asked: Asked[Listing[FindRequest]]) -> Steps[Listing[FindRequest]]:
    [table], database = asked.parts, session.database
    return _read(table, asked.query, asked.wishes.is_strict, database.fields(table), database.limits)


@endpoint(
    "GET",
    f"{API}/data/{{table}}",
    role="read",
    tag="records",
    reads=_read_list,
    reads_long=_read_long_list,
    answers=unless_known(
        tabular("A page; in id order without `sort`.", RECORD_PAGE, {"data": [USER], "next": None}, PAGE_HEADERS)
    ),
    problems=(*READ, 422),
    parameters=[CONDITIONS, *LIST],
    is_watchful=True,
)
def list_records(session: Session, asked: Asked[Listing[FindRequest]]) -> Reply | Awaitable[Reply]:
    """Return a page of a table: the records that satisfy all conditions, in the order asked for."""
    return answer_list(session, asked.wishes, asked.meant, asked.parts, session.database.find, page_of)


async def answer_list(
    session: Session,
    wishes: Wishes,
    listing: Listing[R],
    tables: Sequence[str],
    find: Callable[[R], Awaitable[P]],
    page: Callable[[Session, R, P, str | None], PageText],
) -> Reply:
    """Return a page of a list or a join; or 304, to a client that knows it and is not to be told what is wrong.

    A page has no tag where a table was defined anew since its conditions were read: they may mean others by now.
    """
    request, path, digest, declared = listing
    versions = []
    for place, name in enumerate(tables, 1):
        try:
            versions.append(await session.database.version(name))
        except UnknownTable as error:
            raise error.of("path", f"table{place}" if tables[1:] else "table") from None
    tag = session.weak_tag(versions, digest, FORMATS[wishes.accepts])
    headers = {"vary": "Accept, Prefer"}
    is_as_declared = declared == tuple(map(session.database.fields, tables))
    if is_as_declared and not request.with_explain:  # how long it took to find a page is never the same again
        headers = {"etag": f'W/"{tag}"', **headers}
    if tag in wishes.known and not wishes.is_strict:
        return not_modified(headers)
    async with session.flight.work() as room:
        records = max([session.database.record_count(name) for name in tables])
        await room.hold(page_bytes(records, request, is_sorted=bool(request.sort)))
        try:
            found = await find(request)
        except BadRequest as error:
            raise in_address(error, path.partition("?")[2], ("where", "sort", "select")) from None
        if wishes.knows(tag):
            return not_modified(headers)
        following = None if found.cursor is None else path + found.cursor  # a cursor needs no quoting
        return await page_reply(page(session, request, found, following), wishes.accepts, headers)


def _read(table: str, query: bytes, is_strict: bool, fields: Fields, limits: Limits) -> Steps[Listing[FindRequest]]:
    words, conditions = split_query(query, WORDS)
    request = FindRequest(
        table,
        (yield from read_conditions_of(words, conditions, fields)),
        read_sort(words, fields),
        read_select(words, fields),
        words=MEANT,
        **read_parameters(words, limits, is_strict=is_strict),
    )
    path = path_without_cursor(f"{API}/data/{quote(table)}", query)
    return Listing(request, path, codec.digest(query)[:12], (fields,))


@lru_cache(maxsize=256)
def _read_again(table: str, query: bytes, is_strict: bool, fields: Fields, limits: Limits) -> Listing[FindRequest]:
    """Do as `_read`, at once, and remember the last ones."""
    return at_once(_read(table, query, is_strict, fields, limits))


def read_parameters(words: dict[str, str], limits: Limits, *, is_strict: bool) -> dict[str, Any]:
    """Return the window that an address asks for. Raises InvalidParameter, LimitTooLarge, ConflictingParameters."""
    given: dict[str, Any] = {name: integer(words, name) for name in ("limit", "offset") if name in words}
    given |= {name: flag(words, name) for name in ("count", "explain")}
    given |= {name: words[name] for name in ("cursor",) if name in words}
    return read_window(given, limits, is_strict=is_strict)


def read_window(words: Mapping[str, Any], limits: Limits, *, is_strict: bool) -> dict[str, Any]:
    """Return the members of a `Window` that words ask for. Raises LimitTooLarge, ConflictingParameters."""
    given = {name: words[name] for name in WINDOW if name in words}
    limit = given.setdefault("limit", min(100, limits.page_rows))
    if type(limit) is int and limit > limits.page_rows:
        raise LimitTooLarge(f"'limit' is at most {limits.page_rows}.").within("limit")
    if "cursor" in given and "offset" in given:
        raise ConflictingParameters("'cursor' and 'offset' are two ways to say where to begin; send one.").within(
            "cursor"
        )
    return window_of(**given, strict=is_strict)


def read_conditions_of(
    words: dict[str, str], conditions: Sequence[tuple[str, str]], fields: Fields, known: Mapping[str, str] = MEANT
) -> Steps[Predicate]:
    """Return the predicate of a query's conditions and of its `where`. Raises as ``query/`` says."""
    if not conditions and "where" not in words:
        return EVERYTHING
    parts = [(yield from read_conditions(conditions, fields, known))]
    if "where" in words:
        with at("where"):
            parts.append((yield from read_where(read_json_word(words["where"]), fields)))
    return all_of(parts)


def read_json_word(text: str) -> Any:
    """Return the value of a reserved word that is JSON. Raises InvalidWhere."""
    try:
        return codec.parse(text.encode())
    except MalformedJson as error:
        raise InvalidWhere(f"'where' is a JSON object. {error.message}") from None


def read_sort(words: dict[str, str], fields: Fields) -> tuple[Order, ...]:
    """Return the order that is asked for. Raises InvalidSort, UnknownField."""
    with at("sort"):
        return parse_sort(split_names(words["sort"]), fields) if "sort" in words else ()


def read_select(words: dict[str, str], fields: Fields) -> tuple[FieldPath, ...] | None:
    """Return the fields that are asked for, None for all. Raises InvalidSelect, UnknownField."""
    with at("select"):
        return parse_select(split_names(words["select"]), fields) if "select" in words else None


def path_without_cursor(path: str, query: bytes, words: Sequence[str] = ("cursor", "offset")) -> str:
    """Return a path with the same query but for where the page begins, ready for a cursor at its end.

    Args:
        words: what says where a page begins, first that which says so in the path.

    The query is taken as it was sent, so that it grows by no more than the cursor.
    """
    pieces = [piece for piece in query.decode("ascii").split("&") if piece]
    kept = [piece for piece in pieces if unquote_plus(piece.partition("=")[0]) not in words]
    return f"{path}?{quote('&'.join([*kept, f'{words[0]}=']), safe=_QUERY_SIGNS)}"


def _columns(session: Session, asked: FindRequest, found: FindPage) -> list[str]:
    """Return the declared columns of a page, which come first in CSV; without rows those chosen, declared or not."""
    declared = session.columns(asked.table)
    if asked.select is None:
        return list(declared)
    chosen = dict.fromkeys(path[0] for path in asked.select)
    return [name for name in declared if name in chosen] or ([] if found.rows else list(chosen))


def page_of(session: Session, asked: FindRequest, found: FindPage, following: str | None) -> PageText:
    """Return the page of a list as text; `following` is the path of the next one."""
    return PageText(
        selected(found.rows, asked.select),
        sum(map(len, found.rows)),
        following,
        found.total,
        found.warnings,
        found.explain,
        columns=_columns(session, asked, found),
        declared=session.csv_columns(asked.table),
    )


ENDPOINTS: Endpoints = (list_records,)
