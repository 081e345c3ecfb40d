"""Changes over HTTP: what has happened since a position, as a list, or as events while it happens.

Knows no engines; see ``database/following.py`` for what is told, and how positions are written, and
``broadcast.py`` for how many follow at once.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.api.declared.answers import answer, content
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import (
    CONDITIONS,
    LIMIT,
    STRICT,
    TABLE_NAME,
    WHERE,
    header_parameter,
    query_parameter,
    word,
)
from ramekin.api.declared.shapes import USER, reference
from ramekin.api.edge.weights import ROW_BYTES
from ramekin.api.endpoints.lists import path_without_cursor, read_conditions_of, read_parameters
from ramekin.api.http.answer import Reply, Stream, ascii_json
from ramekin.api.http.events import HEADERS
from ramekin.api.http.headers import EVENTS
from ramekin.api.http.named_fields import in_address
from ramekin.api.http.pages import PageText, page_reply
from ramekin.api.http.query_string import meant, split_query
from ramekin.api.routes import API
from ramekin.database.following import ChangesRequest
from ramekin.errors import (
    ConflictingParameters,
    InvalidParameter,
    Unavailable,
    UnknownField,
    UnknownTable,
    did_you_mean,
)
from ramekin.query.predicate import EVERYTHING, Predicate, paths_in
from ramekin.query.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

PATH = f"{API}/changes"
WORDS = ("table", "since", "limit", "where")
MEANT = meant(WORDS)

_TABLES = {"type": "array", "items": TABLE_NAME}
_CHANGE = {
    "position": "19ac4f2e0b1-1",
    "at": "2026-11-27T08:00:00.000Z",
    "table": "users",
    "op": "create",
    "id": "ada",
    "record": USER,
}
_PAGE = {"data": [_CHANGE], "next": f"{PATH}?since=19ac4f2e0b1-1", "latest": "19ac4f2e0b1-1"}


_ANSWER = answer(
    "What has happened, in order; as server-sent events also what happens from now on, until either side ends it.",
    *(reference("ChangesPage"), _PAGE, ["Link", "X-Warnings"]),
)
_ANSWER["content"] |= content({"type": "string"}, media=EVENTS)
_LAST_EVENT = header_parameter(
    "Last-Event-ID", "Of a stream: where to go on, in place of `since`.", {"type": "string"}, "19ac4f2e0b1-1"
)


class ChangesAsked(NamedTuple):
    """What the address asks for."""

    request: ChangesRequest
    path: str
    """Path of the next page, without its position."""


def _read(session: Session, asked: Asked[ChangesAsked]) -> Steps[ChangesAsked]:
    """Return what is asked. Raises Forbidden, for a table that the key does not reach; else as ``query/`` says."""
    words, others = split_query(asked.query, WORDS[1:])
    tables = list(dict.fromkeys(value for name, value in others if name == "table"))
    session.grant.check("read", tables)
    conditions = [pair for pair in others if pair[0] != "table"]
    where: Predicate = EVERYTHING
    if conditions or "where" in words:
        only = _only(tables, [name for name, _ in conditions])
        where = yield from read_conditions_of(words, conditions, session.database.fields(only), MEANT)
    if "limit" in words and asked.wishes.accepts == EVENTS:
        raise ConflictingParameters("'limit' is of a list; a stream of events goes on.").within("limit")
    given = {name: words[name] for name in ("limit",) if name in words}
    limit = read_parameters(given, session.limits, is_strict=False)["limit"]
    request = ChangesRequest(tuple(tables) or None, where, words.get("since"), limit, session.grant)
    return ChangesAsked(request, path_without_cursor(PATH, asked.query, ("since",)))


def _only(tables: Sequence[str], fields: Sequence[str]) -> str:
    """Return the one table that conditions on some fields are about. Raises ConflictingParameters."""
    if len(tables) != 1:
        told = "Conditions choose among the records of one table: name exactly one as 'table'."
        hints = [did_you_mean(field, (), MEANT) for field in fields]  # a word that is mistyped is a condition
        place = "table" if tables else [*fields, "where"][0]
        raise ConflictingParameters(told, hint=next(filter(None, hints), "")).within(place)
    return tables[0]


@endpoint(
    "GET",
    PATH,
    role="read",
    tag="changes",
    reads_long=_read,
    answers={200: _ANSWER},
    problems=(400, 404, 406, 410, 503, 507),
    parameters=[
        query_parameter("table", "Tables to follow; all without. It may stand several times.", _TABLES),
        word("since", "A position: from `next`, `latest` or a change. Without, from now on.", minLength=1),
        CONDITIONS,
        WHERE,
        LIMIT,
        STRICT,
        _LAST_EVENT,
    ],
    is_watchful=True,
)
async def list_changes(session: Session, asked: Asked[ChangesAsked]) -> Reply:
    """Return what has happened to records and tables since a position.

    Conditions choose among the records of the one table that is named; a deleted record is chosen by what it was.
    """
    request, path = asked.meant
    if asked.wishes.accepts == EVENTS:
        return await _stream(session, asked)
    async with session.flight.work() as room:
        await room.hold(ROW_BYTES * request.limit)
        with _of_the_query():
            found = await session.database.changed(request)
        warnings = await _warnings(session, asked)
        size_bytes = sum([len(change.body or b"") for change in found.changes])
        members: dict[str, Any] = {"latest": found.latest}
        page = PageText(
            lambda _: (change.json() for change in found.changes),
            size_bytes,
            path + found.next,
            warnings=warnings,
            members=members,
        )
        return await page_reply(page, asked.wishes.accepts, {})


@contextmanager
def _of_the_query() -> Iterator[None]:
    """Have what is wrong with a request for changes point at the word of the address that it is in."""
    try:
        yield
    except UnknownTable as error:
        raise error.of("query", "table") from None
    except InvalidParameter as error:
        raise error.of("query") from None


async def _stream(session: Session, asked: Asked[ChangesAsked]) -> Reply:
    """Return what happens as a stream of events, which begins with where it stands."""
    request, server = asked.meant.request, session.server
    if server.is_draining:
        raise Unavailable("The server is being stopped.")
    warnings = await _warnings(session, asked)
    headers = HEADERS | ({"x-warnings": ascii_json(warnings)} if warnings else {})
    if asked.wishes.last_event is not None:
        request = replace(request, since=asked.wishes.last_event)
    with _of_the_query():
        seat = server.broadcast(session.database).take_seat(request)
    return await Stream(seat.texts(), None, EVENTS, headers, when_gone=seat.end).prime()


async def _warnings(session: Session, asked: Asked[ChangesAsked]) -> list[str]:
    """Return a warning for each field that no record has. Raises UnknownField, if it is strict."""
    request = asked.meant.request
    if request.where == EVERYTHING or request.tables is None or request.tables[0] not in session.tables:
        return []
    named, is_strict = paths_in(request.where), asked.wishes.is_strict
    try:
        return await session.database.missing(request.tables[0], named, is_strict=is_strict, words=MEANT)
    except UnknownField as error:
        raise in_address(error, asked.query.decode("ascii"), ("where",)) from None


ENDPOINTS: Endpoints = (list_changes,)
