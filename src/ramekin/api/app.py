"""Puts the HTTP door together: one FastAPI application around one `Database`.

Each feature registers its own endpoints, straight on the app; they close over the database. Knows no engines. See
``middleware.py`` for what happens to every request, and ``cli/serve.py`` for who starts this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ramekin import errors
from ramekin.api.context import Context
from ramekin.api.edge.edge import Edge
from ramekin.api.edge.middleware import EdgeMiddleware
from ramekin.api.edge.origins import Origins
from ramekin.api.edge.proxies import Proxies
from ramekin.api.edge.rates import Keys, RateLimit
from ramekin.api.endpoints import (
    backup,
    batch,
    by_condition,
    dump,
    health,
    joins,
    lists,
    metrics,
    problems,
    queries,
    records,
    tables,
)
from ramekin.api.http.problems import problem_response
from ramekin.api.http.requests import read_parameters, request_id
from ramekin.api.http.responses import json_response
from ramekin.api.openapi import document as openapi
from ramekin.api.openapi import pages as docs
from ramekin.api.routes import add_route, address, methods_of
from ramekin.api.wire.hot import HotRoutes, HotTable
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ramekin.database.database import Database


def create_app(
    database: Database,
    *,
    keys: Sequence[str] = (),
    rate_limit: str | None = None,
    trusted_proxies: Sequence[str] = (),
    allowed_hosts: Collection[str] | None = None,
    has_docs: bool = True,
    has_access_log: bool = False,
    has_hot_routes: bool = True,
) -> FastAPI:
    """Return the application that serves a database, which the caller opens before and closes afterwards.

    Args:
        keys: bearer keys that requests must carry; none: everybody may ask.
        rate_limit: requests for each client, such as ``1000/second``; None: no limit.
        trusted_proxies: addresses or networks whose `X-Forwarded-For` or `Forwarded` says who the client is.
        allowed_hosts: names that requests may be for besides those of this machine; None: whatever they are for.
        has_hot_routes: requests for records go past FastAPI's router, to the same endpoints.

    Raises:
        ValueError: one of these cannot be read, or a key is none that a request could send.
    """
    context = Context(database, has_docs=has_docs)

    app = FastAPI(
        title="Ramekin",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    for feature in (records, lists, by_condition, queries, joins, dump, batch, tables, backup, health, metrics):
        feature.register(app, context)
    problems.register(app)
    if has_docs:
        docs.register(app)
        _register_document(app)
    openapi.install(app, database.models, database.limits, has_keys=bool(keys), has_rate_limit=rate_limit is not None)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(ClientDisconnect, _disconnected)  # type: ignore[arg-type]  # None: Starlette sends nothing
    limit = None if rate_limit is None else RateLimit(rate_limit)
    doors = (Keys(keys), limit, Proxies(trusted_proxies), Origins(allowed_hosts))
    app.state.edge = Edge(*doors, context.metrics, has_access_log=has_access_log)
    app.state.hot_table = HotTable(app)
    if has_hot_routes:
        app.add_middleware(HotRoutes, table=app.state.hot_table)
    app.add_middleware(EdgeMiddleware, app=app, edge=app.state.edge)
    return app


def _register_document(app: FastAPI) -> None:
    async def openapi_document(request: Request) -> Response:
        """Return the OpenAPI document."""
        read_parameters(request)
        servers = {"servers": [{"url": prefix}]} if (prefix := address("")) else {}
        return json_response({**app.openapi(), **servers})

    add_route(app, "GET", "/openapi.json", openapi_document, opens=["/openapi.json"])


async def _framework_error(request: Request, error: Exception) -> Response:
    """Turn the framework's own errors into ours."""
    assert isinstance(error, HTTPException), "registered for these only"
    ours: errors.RamekinError
    headers = None
    if error.status_code == 405:
        headers = {"allow": ", ".join(methods_of(request.app, request.scope))}
        ours = errors.MethodNotAllowed(f"This endpoint does not take {errors.shorten(request.method)}.")
    elif error.status_code == 404:
        ours = errors.UnknownRoute("No endpoint has this path.")
    else:
        ours = errors.BadRequest("The request cannot be understood.")
    return problem_response(ours, request_id(request.scope), headers)


async def _disconnected(request: Request, error: Exception) -> None:
    """Answer nothing: nobody is there to read it."""
