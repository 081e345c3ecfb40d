"""Queries over HTTP: the same questions as lists ask, as a JSON body, and groups with their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.endpoints.lists import columns_of
from ramekin.api.http.headers import FORMATS, JSON, accepted, media_type, preferences
from ramekin.api.http.pages import Page, page_response, selected
from ramekin.api.http.preconditions import refuse_preconditions
from ramekin.api.http.requests import read_body, read_parameters, stopped_when_gone
from ramekin.api.routes import API, add_route
from ramekin.database.finding import FindRequest, GroupRequest
from ramekin.errors import (
    ConflictingParameters,
    InvalidAggregate,
    InvalidParameter,
    InvalidSelect,
    InvalidSort,
    InvalidWhere,
    LimitTooLarge,
    UnknownParameter,
    did_you_mean,
    shorten,
)
from ramekin.query.aggregate import parse_columns, parse_grouping
from ramekin.query.url import parse_select, parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.columns import UNTYPED
from ramekin.values import codec
from ramekin.values.paths import split_names

if TYPE_CHECKING:
    from ramekin.api.context import Context
    from ramekin.api.endpoints.lists import Words
    from ramekin.limits import Limits

MEMBERS = ("where", "sort", "select", "limit", "cursor", "offset", "count", "explain", "group_by", "aggregate")


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of queries."""
    database, limits = context.database, context.database.limits

    async def query_table(table: str, request: Request) -> Response:
        """Return a page of a table, or of its groups with their figures."""
        media_type(request, (JSON,))
        text = await read_body(request, limits.record_bytes)
        cursor = read_parameters(request, ("cursor",)).get("cursor")
        kind = accepted(request, tuple(FORMATS))
        refuse_preconditions(request)
        body = _read_members(codec.parse(text), cursor)
        words = _read_words(body, request, limits)
        async with stopped_when_gone(request):
            if "group_by" in body or "aggregate" in body:
                grouped = _read_groups(context, table, body, words)
                found, columns, chosen = await database.find_groups(grouped), [*grouped.grouping.names], None
                declared = UNTYPED
            else:
                asked = _read_find(context, table, body, words)
                found, columns, chosen = await database.find(asked), columns_of(context, asked), asked.select
                declared = context.csv_columns(table)
        path = f"{API}/query/{quote(table)}"
        following = None if found.cursor is None else f"{path}?{urlencode({'cursor': found.cursor})}"
        rows, size = selected(found.rows, chosen), sum(map(len, found.rows))
        page = Page(
            rows, size, following, found.total, found.warnings, found.explain, columns=columns, declared=declared
        )
        return await page_response(page, kind, {"vary": "Accept, Prefer"})

    add_route(app, "POST", f"{API}/query/{{table}}", query_table, **descriptions.QUERY)


def _read_members(value: Any, cursor: str | None) -> dict[str, Any]:
    """Return the members of a query; a cursor in the address says where the page begins, whatever the body says."""
    if not isinstance(value, dict):
        raise InvalidWhere("A query is a JSON object.")
    for name in value:
        if name not in MEMBERS:
            raise UnknownParameter(
                f"A query has no member '{shorten(name)}'.{did_you_mean(name, MEMBERS)} Conditions stand under 'where'."
            )
    if cursor is None:
        return value
    return {name: member for name, member in value.items() if name not in ("offset", "cursor")} | {"cursor": cursor}


def _read_words(body: dict[str, Any], request: Request, limits: Limits) -> Words:
    if "cursor" in body and "offset" in body:
        raise ConflictingParameters("'cursor' and 'offset' are two ways to say where to begin; send one.")
    cursor = body.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidParameter("'cursor' is text.")
    limit = _whole(body, "limit", min(100, limits.page_rows))
    if limit > limits.page_rows:
        raise LimitTooLarge(f"'limit' is at most {limits.page_rows}.")
    return {
        "limit": limit,
        "offset": _whole(body, "offset", 0),
        "cursor": cursor,
        "with_count": _flag(body, "count"),
        "with_explain": _flag(body, "explain"),
        "is_strict": "handling=strict" in preferences(request),
    }


def _read_find(context: Context, table: str, body: dict[str, Any], words: Words) -> FindRequest:
    fields = context.database.fields(table)
    return FindRequest(
        table,
        parse_where(body.get("where", {}), fields),
        parse_sort(_names(body, "sort"), fields),
        parse_select(_names(body, "select"), fields) if "select" in body else None,
        **words,
    )


def _read_groups(context: Context, table: str, body: dict[str, Any], words: Words) -> GroupRequest:
    if "select" in body:
        raise InvalidAggregate("'select' does not go with groups: 'group_by' and 'aggregate' name their columns.")
    fields = context.database.fields(table)
    grouping = parse_grouping(body.get("group_by", []), body.get("aggregate", {}), fields)
    return GroupRequest(
        table,
        grouping,
        parse_where(body.get("where", {}), fields),
        parse_columns(_names(body, "sort"), grouping),
        **words,
    )


def _names(body: dict[str, Any], name: str) -> list[str]:
    """Return a list of fields, which may be written as one text with commas between."""
    value = body.get(name, [])
    if isinstance(value, str):
        return split_names(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        error = InvalidSelect if name == "select" else InvalidSort
        raise error(f"'{name}' is a text with commas between fields, or an array of fields.")
    return value


def _whole(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if type(value) is not int or value < 0:
        raise InvalidParameter(f"'{name}' is a whole number of 0 or more.")
    return value


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidParameter(f"'{name}' is true or false.")
    return value
