"""The list of tables over HTTP, with their figures and schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from ramekin.api import openapi
from ramekin.api.requests import JSON, accepted, check_no_body, read_parameters
from ramekin.api.responses import json_response
from ramekin.api.routes import API, add_route

if TYPE_CHECKING:
    from ramekin.api.app import Context
    from ramekin.database import TableInfo


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints of tables."""
    database = context.database

    async def list_tables(request: Request) -> Response:
        """Return every table with its figures."""
        read_parameters(request)
        accepted(request, (JSON,))
        return json_response({"tables": [describe(info) for info in await database.tables()]})

    async def get_table(table: str, request: Request) -> Response:
        """Return one table with its figures."""
        read_parameters(request)
        accepted(request, (JSON,))
        return json_response(describe(await database.table(table)))

    async def drop_table(table: str, request: Request) -> Response:
        """Drop a table with its records; a table with a model is emptied and stays."""
        check_no_body(request)
        read_parameters(request)
        await database.drop(table)
        return Response(status_code=204)

    add_route(app, "GET", f"{API}/tables", list_tables, **openapi.TABLES["list_tables"])
    add_route(app, "GET", f"{API}/tables/{{table}}", get_table, **openapi.TABLES["get_table"])
    add_route(app, "DELETE", f"{API}/tables/{{table}}", drop_table, **openapi.TABLES["drop_table"])


def describe(info: TableInfo) -> dict[str, Any]:
    """Return a table as the API shows it."""
    stats = info.stats
    return {
        "name": stats.name,
        "records": stats.records,
        "bytes": stats.size_bytes,
        "revision": stats.revision,
        "schema": info.schema,
        "unique": [],
        "indexes": [
            {"field": index.field, "kind": index.kind, "pinned": index.is_pinned, "bytes": index.size_bytes}
            for index in stats.indexes
        ],
        "require_if_match": False,
    }
