"""Lists over HTTP: which records of a table, in which order, and which page of them.

The words of every list are read here, for joins and queries too. Knows no engines; see ``ramekin/query/url.py`` for
conditions and ``database/finding.py`` for how a page is found.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote, unquote_plus

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.http.headers import FORMATS, accepted, preferences
from ramekin.api.http.pages import Page, page_response, selected
from ramekin.api.http.preconditions import ANY, read_known
from ramekin.api.http.requests import flag, integer, split_query, stopped_when_gone
from ramekin.api.http.responses import not_modified
from ramekin.api.routes import API, add_route, watchful
from ramekin.database.finding import FindRequest
from ramekin.errors import ConflictingParameters, InvalidWhere, MalformedJson
from ramekin.query.predicate import Predicate, all_of
from ramekin.query.url import parse_conditions, parse_select, parse_sort
from ramekin.query.where import parse_where
from ramekin.values import codec
from ramekin.values.paths import split_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.api.context import Context
    from ramekin.database.finding import FindPage
    from ramekin.database.join_request import JoinRequest
    from ramekin.limits import Limits
    from ramekin.query.order import Order
    from ramekin.schema.fields import Fields
    from ramekin.values.paths import FieldPath

WORDS = ("sort", "select", "limit", "cursor", "offset", "count", "where", "explain")

_QUERY_SIGNS = "%-._~!$&'()*+,;=:@/?"
"""What may stand in a query as it is (RFC 3986, section 3.4), and the percent sign."""

MAX_REMEMBERED = 1000
"""Characters of a list's address beyond which it is read anew each time."""


class Words(TypedDict):
    """Which page, and what is said about it; the reserved words that every list has."""

    limit: int
    offset: int
    cursor: str | None
    with_count: bool
    with_explain: bool
    is_strict: bool


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of lists."""
    database, limits = context.database, context.database.limits

    @watchful
    async def list_records(table: str, request: Request) -> Response:
        """Return a page of a table: the records that satisfy all conditions, in the order asked for."""
        query, is_strict = request.scope["query_string"], "handling=strict" in preferences(request)
        read = _read if len(table) + len(query) <= MAX_REMEMBERED else _read.__wrapped__
        asked, path, digest = read(table, query, is_strict, database.fields(table), limits)
        kind, known = accepted(request, tuple(FORMATS)), read_known(request)
        tag = context.weak_tag((await database.revision(table),), digest, FORMATS[kind])
        headers = page_headers(tag, asked)
        if tag in known and not is_strict:
            return not_modified(headers)
        async with stopped_when_gone(request):
            found = await database.find(asked)
        if tag in known or known == ANY:
            return not_modified(headers)
        page = _page(context, asked, found, next_page(path, found.cursor))
        return await page_response(page, kind, headers)

    add_route(app, "GET", f"{API}/data/{{table}}", list_records, **descriptions.RECORDS["list_records"])


@lru_cache(maxsize=256)
def _read(table: str, query: bytes, is_strict: bool, fields: Fields, limits: Limits) -> tuple[FindRequest, str, str]:
    """Return what is asked for, the path of the page behind it but for the cursor, and the address's digest.

    Remembers the last ones.
    """
    words, conditions = split_query(query, WORDS)
    asked = FindRequest(
        table,
        read_where(words, conditions, fields),
        read_sort(words, fields),
        read_select(words, fields),
        words=WORDS,
        **read_words(words, limits, is_strict=is_strict),
    )
    return asked, path_without_cursor(f"{API}/data/{quote(table)}", query), codec.digest(query)[:12]


def page_headers(tag: str, asked: FindRequest | JoinRequest) -> dict[str, str]:
    """Return the headers of a page and of its 304; how long it took to find one is never the same again."""
    return {"vary": "Accept, Prefer"} if asked.with_explain else {"etag": f'W/"{tag}"', "vary": "Accept, Prefer"}


def read_words(words: dict[str, str], limits: Limits, *, is_strict: bool) -> Words:
    """Return which page is asked for.

    Raises:
        InvalidParameter, LimitTooLarge, ConflictingParameters.
    """
    found: Words = {
        "limit": integer(words, "limit", min(100, limits.page_rows), maximum=limits.page_rows),
        "offset": integer(words, "offset", 0),
        "cursor": words.get("cursor"),
        "with_count": flag(words, "count"),
        "with_explain": flag(words, "explain"),
        "is_strict": is_strict,
    }
    if "cursor" in words and "offset" in words:
        raise ConflictingParameters("'cursor' and 'offset' are two ways to say where to begin; send one.")
    return found


def read_where(
    words: dict[str, str], conditions: Sequence[tuple[str, str]], fields: Fields, reserved: Sequence[str] = WORDS
) -> Predicate:
    """Return the predicate of a query's conditions and of its `where`. Raises as ``query/`` says."""
    if not conditions and "where" not in words:
        return parse_conditions((), fields)
    parts = [parse_conditions(conditions, fields, reserved)]
    if "where" in words:
        parts.append(parse_where(read_json_word(words["where"]), fields))
    return all_of(parts)


def read_json_word(text: str) -> Any:
    """Return the value of a reserved word that is JSON. Raises InvalidWhere."""
    try:
        return codec.parse(text.encode())
    except MalformedJson as error:
        raise InvalidWhere(f"'where' is a JSON object. {error.message}") from None


def read_sort(words: dict[str, str], fields: Fields) -> tuple[Order, ...]:
    """Return the order that is asked for. Raises InvalidSort, UnknownField."""
    return parse_sort(split_names(words["sort"]), fields) if "sort" in words else ()


def read_select(words: dict[str, str], fields: Fields) -> tuple[FieldPath, ...] | None:
    """Return the fields that are asked for, None for all. Raises InvalidSelect, UnknownField."""
    return parse_select(split_names(words["select"]), fields) if "select" in words else None


def path_without_cursor(path: str, query: bytes) -> str:
    """Return a path with the same query but for where the page begins, ready for a cursor at its end.

    The query is taken as it was sent, so that it grows by no more than the cursor.
    """
    pieces = [piece for piece in query.decode("ascii").split("&") if piece]
    kept = [piece for piece in pieces if unquote_plus(piece.partition("=")[0]) not in ("cursor", "offset")]
    return f"{path}?{quote('&'.join([*kept, 'cursor=']), safe=_QUERY_SIGNS)}"


def next_page(path: str, cursor: str | None) -> str | None:
    """Return the path of the page at a cursor, None without one. A cursor needs no quoting."""
    return None if cursor is None else path + cursor


def columns_of(context: Context, asked: FindRequest) -> list[str]:
    """Return the declared columns of a page, which come first in CSV."""
    chosen = None if asked.select is None else {path[0] for path in asked.select}
    return [name for name in context.columns(asked.table) if chosen is None or name in chosen]


def _page(context: Context, asked: FindRequest, found: FindPage, following: str | None) -> Page:
    return Page(
        selected(found.rows, asked.select),
        sum(map(len, found.rows)),
        following,
        found.total,
        found.warnings,
        found.explain,
        columns=columns_of(context, asked),
        declared=context.csv_columns(asked.table),
    )
