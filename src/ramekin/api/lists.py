"""Lists over HTTP: pages of a table in id order. Knows no engines; see ``query/cursor.py`` for how pages connect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from ramekin import codec, formats
from ramekin.api import openapi
from ramekin.api.requests import CSV, JSON, NDJSON, accepted, flag, integer, none_match, read_parameters
from ramekin.api.responses import body_response, envelope, list_headers, not_modified
from ramekin.api.routes import API, add_route
from ramekin.errors import InvalidParameter
from ramekin.query.cursor import encode_cursor, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.api.app import Context
    from ramekin.engine.base import Page


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of lists."""
    database, limits = context.database, context.database.limits

    async def list_records(table: str, request: Request) -> Response:
        """Return a page of a table, in id order."""
        parameters = read_parameters(request, ("limit", "cursor", "offset", "count"))
        limit = integer(parameters, "limit", min(100, limits.page_rows), maximum=limits.page_rows)
        offset = integer(parameters, "offset", 0)
        with_count = flag(parameters, "count")
        kind = accepted(request, (JSON, NDJSON, CSV))
        if "cursor" in parameters and "offset" in parameters:
            raise InvalidParameter("'cursor' and 'offset' are two ways to say where to begin; send one.")
        query = f"list\0{table}"
        after = position_of(query, parameters["cursor"], (int, str))[0] if "cursor" in parameters else None
        stats = (await database.table(table)).stats
        tag = context.weak_tag(stats.revision)
        if none_match(request, tag):
            return not_modified(f'W/"{tag}"')
        page = await database.find(table, after=after, offset=offset, limit=limit)
        following = _next_path(table, page, query, limit, with_count=with_count)
        total = stats.records if with_count else None
        headers = {"etag": f'W/"{tag}"', "vary": "Accept"} | list_headers(following, total, (), is_bare=kind != JSON)
        bodies = [body for _, body in page.rows]
        if kind == JSON:
            return body_response(envelope(codec.splice_array(bodies), following, {"total": total}), headers=headers)
        return Response(_write_rows(context, table, bodies, kind), 200, headers, kind)

    add_route(app, "GET", f"{API}/data/{{table}}", list_records, **openapi.RECORDS["list_records"])


def _next_path(table: str, page: Page, query: str, limit: int, *, with_count: bool) -> str | None:
    if not page.has_more or not page.rows:
        return None
    words = {"limit": limit, "cursor": encode_cursor(query, [page.rows[-1][0]])}
    if with_count:
        words["count"] = "true"
    return f"{API}/data/{quote(table)}?{urlencode(words)}"


def _write_rows(context: Context, table: str, bodies: Sequence[bytes], kind: str) -> bytes:
    if kind == NDJSON:
        return b"".join(b"%b\n" % body for body in bodies)
    records = [codec.parse(body) for body in bodies]
    columns = list(dict.fromkeys([*context.columns(table), *(name for record in records for name in record)]))
    return formats.write_csv_header(columns) + formats.write_csv(columns, records)
