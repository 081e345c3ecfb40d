"""Puts the HTTP door together: one FastAPI application around one `Database`.

Each feature registers its own endpoints, straight on the app; they close over the database. Knows no engines. See
``middleware.py`` for what happens to every request, and ``cli/serve.py`` for who starts this.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ramekin import errors
from ramekin.api import (
    backup,
    batch,
    by_condition,
    docs,
    dump,
    health,
    joins,
    lists,
    metrics,
    openapi,
    problems,
    queries,
    records,
    tables,
)
from ramekin.api.edge import Edge
from ramekin.api.hot import HotRoutes, HotTable
from ramekin.api.limits import Keys, RateLimit
from ramekin.api.middleware import EdgeMiddleware
from ramekin.api.origins import Origins
from ramekin.api.proxies import Proxies
from ramekin.api.requests import read_parameters, request_id
from ramekin.api.responses import json_response
from ramekin.api.routes import add_route, methods_of
from ramekin.clock import SYSTEM
from ramekin.columns import UNTYPED
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ramekin.clock import Clock
    from ramekin.columns import Columns
    from ramekin.database import Database


class Context:
    """What endpoints share: the database, and what is true of this run of the server."""

    def __init__(self, database: Database, *, has_docs: bool, clock: Clock = SYSTEM) -> None:
        self.database = database
        self.has_docs = has_docs
        self.metrics = metrics.Metrics()
        self.is_draining = False
        self._clock = clock
        self._started_s = clock.steady_s()
        self._run = token_hex(4)

    def uptime_s(self) -> float:
        """Return seconds since the server started."""
        return self._clock.steady_s() - self._started_s

    def weak_tag(self, revisions: Iterable[int], *parts: str) -> str:
        """Return the opaque part of a weak tag: equal while the tables stand still, different after a restart.

        Args:
            parts: what else the answer depends on, in characters that a tag may hold.
        """
        return "-".join([self._run, *map(str, revisions), *parts])

    def columns(self, table: str) -> Sequence[str]:
        """Return the columns that a table's model declares, none without a model."""
        schema = self.database.schemas.get(table)
        return () if schema is None else schema.fields

    def csv_columns(self, table: str) -> Columns:
        """Return what is said of a table's columns in CSV."""
        schema = self.database.schemas.get(table)
        return UNTYPED if schema is None else schema.columns


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
    app.add_exception_handler(ClientDisconnect, _disconnected)
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
        return json_response(app.openapi())

    add_route(app, "GET", "/openapi.json", openapi_document)


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
    return problems.problem_response(ours, request_id(request.scope), headers)


async def _disconnected(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody is there to read it
