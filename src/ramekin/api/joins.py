"""Joins over HTTP. Knows nothing of how pairs are found; see ``ramekin/joining.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from ramekin import codec, formats
from ramekin.api import openapi
from ramekin.api.requests import CSV, JSON, NDJSON, accepted, choice, flag, integer, none_match, read_parameters
from ramekin.api.responses import body_response, envelope, list_headers, not_modified
from ramekin.api.routes import API, add_route
from ramekin.errors import InvalidParameter
from ramekin.joining import JoinRequest
from ramekin.query.join import JOIN_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.api.app import Context
    from ramekin.joining import JoinPage
    from ramekin.query.join import Pair

PATH = f"{API}/join/{{table1}}/{{table2}}/{{key}}"
WORDS = ("limit", "cursor", "offset", "count", "type", "as")


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of joins."""
    database = context.database

    async def join_tables(table1: str, table2: str, key: str, request: Request) -> Response:
        """Return pairs of records from two tables that have a field in common."""
        parameters = read_parameters(request, WORDS)
        asked = _read_request(parameters, table1, table2, key, database.limits.page_rows)
        kind = accepted(request, (JSON, NDJSON, CSV))
        tag = context.weak_tag(*[(await database.table(name)).stats.revision for name in (table1, table2)])
        if none_match(request, tag):
            return not_modified(f'W/"{tag}"')
        page = await database.join(asked)
        following = _next_path(asked, parameters, page)
        headers = {"etag": f'W/"{tag}"', "vary": "Accept"}
        headers |= list_headers(following, page.total, page.warnings, is_bare=kind != JSON)
        if kind == CSV:
            return Response(_write_csv(context, asked, page), 200, headers, CSV)
        rows = _splice(page.pairs, page.names)
        if kind == NDJSON:
            return Response(b"".join(b"%b\n" % row for row in rows), 200, headers, NDJSON)
        members = {
            "total": page.total,
            "join": {"on": page.on, "type": asked.kind},
            "warnings": list(page.warnings) or None,
        }
        return body_response(envelope(codec.splice_array(rows), following, members), headers=headers)

    add_route(app, "GET", PATH, join_tables, **openapi.JOIN)


def _read_request(parameters: dict[str, str], table1: str, table2: str, key: str, page_rows: int) -> JoinRequest:
    if "cursor" in parameters and "offset" in parameters:
        raise InvalidParameter("'cursor' and 'offset' are two ways to say where to begin; send one.")
    return JoinRequest(
        table1,
        table2,
        key,
        choice(parameters, "type", JOIN_TYPES),
        _read_names(parameters.get("as")),
        limit=integer(parameters, "limit", min(100, page_rows), maximum=page_rows),
        offset=integer(parameters, "offset", 0),
        cursor=parameters.get("cursor"),
        with_count=flag(parameters, "count"),
    )


def _read_names(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = text.split(",")
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InvalidParameter("'as' is two different names with a comma between, such as as=employee,manager.")
    return names[0], names[1]


def _next_path(asked: JoinRequest, parameters: dict[str, str], page: JoinPage) -> str | None:
    if page.cursor is None:
        return None
    kept = {name: value for name, value in parameters.items() if name not in ("cursor", "offset")}
    path = "/".join(quote(part, safe="") for part in (asked.left, asked.right, asked.key))
    return f"{API}/join/{path}?{urlencode(kept | {'cursor': page.cursor})}"


def _splice(pairs: Sequence[Pair], names: tuple[str, str]) -> list[bytes]:
    """Return each pair as an object with a member per table; a side without a match is null."""
    left_name, right_name = codec.dump(names[0]), codec.dump(names[1])
    return [
        b"{%b:%b,%b:%b}" % (left_name, left[1] if left else b"null", right_name, right[1] if right else b"null")
        for left, right in pairs
    ]


def _write_csv(context: Context, asked: JoinRequest, page: JoinPage) -> bytes:
    """Return flat rows: ``users.id,orders.id``."""
    sides = [[codec.parse(pair[side][1]) if pair[side] else {} for pair in page.pairs] for side in (0, 1)]  # type: ignore[index]
    columns: list[list[str]] = []
    for table, records in zip((asked.left, asked.right), sides, strict=True):
        names = [*context.columns(table), *(name for record in records for name in record)]
        columns.append(list(dict.fromkeys(names)))
    header = [f"{name}.{column}" for name, side in zip(page.names, columns, strict=True) for column in side]
    rows: list[dict[str, Any]] = [
        dict(zip(header, [left.get(c) for c in columns[0]] + [right.get(c) for c in columns[1]], strict=True))
        for left, right in zip(*sides, strict=True)
    ]
    return formats.write_csv_header(header) + formats.write_csv(header, rows)
