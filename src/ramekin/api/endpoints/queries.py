"""Queries over HTTP: the same questions as lists ask, as a JSON body, and groups with their figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ramekin.api.declared.answers import READ, request_body, tabular
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import CURSOR, STRICT
from ramekin.api.declared.shapes import reference
from ramekin.api.edge.weights import page_bytes
from ramekin.api.endpoints.lists import page_of, read_window
from ramekin.api.http.asked import Asked, parsed
from ramekin.api.http.named_fields import in_body
from ramekin.api.http.pages import PageText, page_reply
from ramekin.api.routes import API
from ramekin.database.finding import FindRequest, GroupRequest
from ramekin.engine.work import Work
from ramekin.errors import (
    BadRequest,
    InvalidAggregate,
    InvalidSelect,
    InvalidSort,
    InvalidWhere,
    UnknownParameter,
    Unprocessable,
    at,
    check_members,
)
from ramekin.query.aggregate import parse_columns, parse_grouping
from ramekin.query.url import parse_select, parse_sort
from ramekin.query.where import read_where
from ramekin.values.paths import split_names

if TYPE_CHECKING:
    from ramekin.api.edge.flight import Room
    from ramekin.api.http.answer import Reply
    from ramekin.api.session import Session
    from ramekin.query.steps import Steps

MEMBERS = ("where", "sort", "select", "limit", "cursor", "offset", "count", "explain", "group_by", "aggregate")


@endpoint(
    "POST",
    f"{API}/query/{{table}}",
    role="read",
    tag="records",
    answers={
        200: tabular(
            "A page of records, or of groups.",
            reference("RowPage"),
            {"data": [{"city": "Paris", "n": 3}], "next": None},
            ["Vary", "Link", "X-Total-Count", "X-Warnings"],
        )
    },
    problems=(*READ, 408, 413, 415, 422),
    parameters=[CURSOR, STRICT],
    body=request_body(
        reference("Query"),
        {"where": {"id": {"exists": True}}, "sort": "-id", "limit": 10},  # any table can be asked so
    ),
    is_watchful=True,
)
async def query_table(session: Session, asked: Asked[None]) -> Reply:
    """Return a page of a table, or of its groups with their figures."""
    body: Any = {}
    try:
        body = await parsed(asked.body)
        return await _answer(session, asked, body)
    except BadRequest as error:
        raise in_body(error, body) from None
    except Unprocessable as error:
        raise error.within() from None  # in the body, where nothing says so


async def _answer(session: Session, asked: Asked[None], body: Any) -> Reply:
    [table] = asked.parts
    query = _read_members(body, asked.words.get("cursor"))
    window = read_window(query, session.limits, is_strict=asked.wishes.is_strict)
    async with session.flight.work() as room:
        work = Work(session.limits.query_s)
        if "group_by" in query or "aggregate" in query:
            groups = await work.through(_read_groups(session, table, query, window))
            page = await _page_of_groups(session, groups, room)
        else:
            request = await work.through(_read_find(session, table, query, window))
            page = await _page_of_records(session, request, room)
        return await page_reply(page, asked.wishes.accepts, {"vary": "Accept, Prefer"})


async def _page_of_groups(session: Session, request: GroupRequest, room: Room) -> PageText:
    request = replace(request, hold=room.hold)
    found = await room.in_turn(lambda: session.database.find_groups(request))
    size, following = sum(map(len, found.rows)), _following(request.table, found.cursor)
    told = (found.total, found.warnings, found.explain)
    return PageText(found.rows, size, following, *told, columns=[*request.grouping.names])


async def _page_of_records(session: Session, request: FindRequest, room: Room) -> PageText:
    records = session.database.record_count(request.table)
    await room.hold(page_bytes(records, request, is_sorted=bool(request.sort)))
    found = await session.database.find(request)
    return page_of(session, request, found, _following(request.table, found.cursor))


def _following(table: str, cursor: str | None) -> str | None:
    """Return the path of the next page, if there is one."""
    return None if cursor is None else f"{API}/query/{quote(table)}?{urlencode({'cursor': cursor})}"


def _read_members(value: Any, cursor: str | None) -> dict[str, Any]:
    """Return the members of a query; a cursor in the address says where the page begins, whatever the body says."""
    if not isinstance(value, dict):
        raise InvalidWhere("A query is a JSON object.")
    check_members(value, MEMBERS, UnknownParameter, "A query", "Conditions stand under 'where'.")
    if cursor is None:
        return value
    return {name: member for name, member in value.items() if name not in ("offset", "cursor")} | {"cursor": cursor}


def _read_find(session: Session, table: str, body: dict[str, Any], window: dict[str, Any]) -> Steps[FindRequest]:
    fields = session.database.fields(table)
    with at("where"):
        where = yield from read_where(body.get("where", {}), fields)
    with at("sort"):
        sort = parse_sort(_names(body, "sort"), fields)
    with at("select"):
        select = parse_select(_names(body, "select"), fields) if "select" in body else None
    return FindRequest(table, where, sort, select, **window)


def _read_groups(session: Session, table: str, body: dict[str, Any], window: dict[str, Any]) -> Steps[GroupRequest]:
    if "select" in body:
        raise InvalidAggregate(
            "'select' does not go with groups: 'group_by' and 'aggregate' name their columns."
        ).within("select")
    fields = session.database.fields(table)
    grouping = parse_grouping(body.get("group_by", []), body.get("aggregate", {}), fields)
    with at("where"):
        where = yield from read_where(body.get("where", {}), fields)
    with at("sort"):
        columns = parse_columns(_names(body, "sort"), grouping)
    return GroupRequest(table, grouping, where, columns, **window)


def _names(body: dict[str, Any], name: str) -> list[str]:
    """Return a list of fields, which may be written as one text with commas between."""
    value = body.get(name, [])
    if isinstance(value, str):
        return split_names(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        error = InvalidSelect if name == "select" else InvalidSort
        raise error(f"'{name}' is a text with commas between fields, or an array of fields.")
    return value


ENDPOINTS: Endpoints = (query_table,)
