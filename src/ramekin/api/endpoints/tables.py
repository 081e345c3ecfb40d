"""Tables over HTTP: their figures, schemas and indexes, and definitions of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.http.headers import JSON, accepted, media_type
from ramekin.api.http.preconditions import ANY, read_known, refuse_preconditions
from ramekin.api.http.requests import check_no_body, read_body, read_parameters, stopped_when_gone
from ramekin.api.http.responses import body_response, json_response, not_modified
from ramekin.api.routes import API, add_route, address
from ramekin.database.defining import parse_definition
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.context import Context
    from ramekin.database.database import TableInfo


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints of tables."""
    database = context.database

    async def list_tables(request: Request) -> Response:
        """Return every table with its figures."""
        read_parameters(request)
        accepted(request, (JSON,))
        return _tagged(request, {"tables": [describe(info) for info in await database.tables()]})

    async def get_table(table: str, request: Request) -> Response:
        """Return one table with its figures."""
        read_parameters(request)
        accepted(request, (JSON,))
        return _tagged(request, describe(await database.table(table)))

    async def put_table(table: str, request: Request) -> Response:
        """Give a table a definition, in place of the one it has; the table is made if it is new."""
        media_type(request, (JSON,))
        body = await read_body(request, database.limits.record_bytes)
        read_parameters(request)
        accepted(request, (JSON,))
        refuse_preconditions(request)
        definition = parse_definition(codec.parse(body, extra_depth=1))
        async with stopped_when_gone(request):
            info, is_new = await database.define(table, definition)
        location = {"location": address(f"{API}/tables/{quote(table)}")} if is_new else {}
        return json_response(describe(info), 201 if is_new else 200, location)

    async def drop_table(table: str, request: Request) -> Response:
        """Drop a table with its records; a table with a model is emptied and stays."""
        check_no_body(request)
        read_parameters(request)
        refuse_preconditions(request)
        await database.drop(table)
        return Response(status_code=204)

    add_route(app, "GET", f"{API}/tables", list_tables, **descriptions.TABLES["list_tables"])
    add_route(app, "GET", f"{API}/tables/{{table}}", get_table, **descriptions.TABLES["get_table"])
    add_route(app, "PUT", f"{API}/tables/{{table}}", put_table, **descriptions.TABLES["put_table"])
    add_route(app, "DELETE", f"{API}/tables/{{table}}", drop_table, **descriptions.TABLES["drop_table"])


def _tagged(request: Request, value: object) -> Response:
    """Return a value as JSON with a weak tag of it, or 304 to a client that knows it."""
    known, body = read_known(request), codec.dump(value)
    tag = codec.digest(body)
    headers = {"etag": f'W/"{tag}"'}
    return not_modified(headers) if tag in known or known == ANY else body_response(body, headers=headers)


def describe(info: TableInfo) -> dict[str, Any]:
    """Return a table as the API shows it."""
    stats = info.stats
    return {
        "name": stats.name,
        "records": stats.records,
        "bytes": stats.size_bytes,
        "revision": stats.revision,
        "schema": info.schema,
        "unique": list(stats.definition.unique),
        "indexes": [
            {"field": index.field, "kind": index.kind, "pinned": index.is_pinned, "bytes": index.size_bytes}
            for index in info.indexes
        ],
        "require_if_match": stats.definition.require_if_match,
    }
