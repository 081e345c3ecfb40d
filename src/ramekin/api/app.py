"""Puts the HTTP door together: one FastAPI application around one `Database`.

Each feature has a list of its endpoints, which become routes straight on the app: a router between costs time on every
request. Knows no engines. See ``middleware.py`` for what happens to every request, and ``cli/serve.py`` for who starts
this.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ramekin import errors
from ramekin.access.keys import Keys, read_keys
from ramekin.api.context import Context
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.edge.cors import Cors
from ramekin.api.edge.edge import Edge
from ramekin.api.edge.metrics import Metrics
from ramekin.api.edge.origins import Origins
from ramekin.api.edge.proxies import Proxies
from ramekin.api.edge.rates import WRONG_KEYS, RateLimit
from ramekin.api.endpoints import (
    backup,
    batch,
    branches,
    by_condition,
    changes,
    checkpoints,
    clocks,
    console,
    dump,
    faults,
    health,
    joins,
    lists,
    metrics,
    problems,
    queries,
    records,
    tables,
)
from ramekin.api.http.answer import Reply, json_answer
from ramekin.api.http.problems import problem_answer
from ramekin.api.openapi import docs_pages as docs
from ramekin.api.openapi.document import document_of
from ramekin.api.routes import address, methods_of, read_root_path, unknown_route
from ramekin.api.wire.asgi import AsgiResponse, RecordEndpoints, ShortRoutes, add_routes
from ramekin.api.wire.middleware import EdgeMiddleware
from ramekin.database.branches import MAX_BRANCHES, Branches
from ramekin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ramekin.api.http.asked import Asked
    from ramekin.api.json_server.door import Door
    from ramekin.api.session import Session
    from ramekin.clock import Clock
    from ramekin.database.database import Database


FEATURES = (
    *(records, lists, by_condition, queries, joins, dump, batch, changes),
    *(tables, backup, health, metrics, problems),
)
"""The modules whose endpoints are served, in the order in which the document tells of them."""

DEV_FEATURES = (branches, checkpoints, faults, clocks)
"""Those for whoever tests or shows something; they are served only if that is asked for."""


def create_app(
    database: Database,
    *,
    keys: Keys | Sequence[str] = (),
    rate_limit: str | None = None,
    trusted_proxies: Sequence[str] = (),
    allowed_hosts: Collection[str] | None = None,
    takes_addresses: bool = False,
    cors_origins: Sequence[str] = (),
    root_path: str = "",
    has_docs: bool = True,
    has_console: bool = True,
    has_access_log: bool = False,
    has_short_ways: bool = True,
    json_server: Door | None = None,
    is_dev: bool = False,
    max_branches: int = MAX_BRANCHES,
    delay_ms: int = 0,
) -> FastAPI:
    """Return the application that serves a database, which the caller opens before and closes afterwards.

    Args:
        keys: bearer keys that requests must carry, made, or each as `--api-key` has it; none: everybody may ask.
        rate_limit: requests for each client, such as ``1000/second``; None: no limit.
        trusted_proxies: addresses or networks whose `X-Forwarded-For` or `Forwarded` says who the client is.
        allowed_hosts: further names that requests may be for, with `takes_addresses` any address; None: all there are.
        cors_origins: origins whose pages may read and send, such as ``https://app.example.com``, or ``*`` for all.
        root_path: what a proxy takes off the front of every path, such as ``/db``; addresses in answers begin with it.
        has_console: there is the console, which is the first page.
        has_short_ways, json_server: requests for records go past FastAPI's router; there are json-server's addresses.
        is_dev: there are branches, checkpoints and the like; pages of this machine may read and send as well.
        max_branches, delay_ms: how many branches there may be; how long every request is held up, on purpose.

    Raises:
        ValueError: one of these cannot be read, or a key is none that a request could send.
    """
    _check_lists(keys=keys, trusted_proxies=trusted_proxies, allowed_hosts=allowed_hosts, cors_origins=cors_origins)
    taken = keys if isinstance(keys, Keys) else Keys(read_keys(keys), database.clock)
    limits = _limits(rate_limit, database.clock)
    origins = Origins(allowed_hosts, Cors(cors_origins, with_loopback=is_dev), takes_addresses=takes_addresses)
    doors = (taken, *limits, Proxies(trusted_proxies), origins, Metrics())
    edge = Edge(*doors, database.ids, has_access_log=has_access_log, root_path=read_root_path(root_path))
    context = Context(database, edge, Branches(database, max_branches) if is_dev else None, delay_ms)
    pages = _pages(json_server, has_docs=has_docs, has_console=has_console)
    return _build(context, edge, json_server, pages, has_short_ways=has_short_ways)


def _limits(rate_limit: str | None, clock: Clock) -> tuple[RateLimit | None, RateLimit]:
    """Return the limit of requests, if there is one, and that of wrong keys."""
    limit = None if rate_limit is None else RateLimit(rate_limit, clock)
    return limit, RateLimit(WRONG_KEYS, clock, what="wrong keys")


def _check_lists(**lists: object) -> None:
    """Refuse a text in place of a list of texts, whose letters would each be one. Raises ValueError."""
    for name, several in lists.items():
        if isinstance(several, str | bytes):
            raise ValueError(f"{name} is a list of texts, and not one text")


def _pages(json_server: Door | None, *, has_docs: bool, has_console: bool) -> Endpoints:
    """Return the endpoints of pages. The first is json-server's, the console, or leads to the documentation."""
    found = (*docs.ENDPOINTS, openapi_document) if has_docs else ()
    has_home = json_server is None
    if has_console:
        return (*found, *(console.ENDPOINTS if has_home else console.PAGES))
    return (*found, health.home) if has_docs and has_home else found


def _build(
    context: Context, edge: Edge, json_server: Door | None, pages: Endpoints, *, has_short_ways: bool
) -> FastAPI:
    """Return the application of a database behind its edge."""
    app, database = _framework(), context.database
    app.state.context, app.state.edge = context, edge
    features = FEATURES if context.branches is None else FEATURES + DEV_FEATURES
    known = [found for feature in features for found in feature.ENDPOINTS]
    add_routes(app, context, known)
    if json_server is not None:
        json_server.attach(app, context)
    add_routes(app, context, pages)
    told = {"has_keys": edge.has_keys, "has_rate_limit": edge.has_rate_limit}
    document = cache(partial(document_of, app, known, database.models, database.limits, **told))
    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to have one's own
    context.describe(document)
    app.state.record_endpoints = RecordEndpoints(app, context)
    if has_short_ways:
        app.add_middleware(ShortRoutes, records=app.state.record_endpoints)
    app.add_middleware(EdgeMiddleware, app=app, edge=edge)
    return app


@endpoint("GET", "/openapi.json", role=None, problems=(400,), opens=("/openapi.json",))
def openapi_document(session: Session, asked: Asked[None]) -> Reply:
    """Return the OpenAPI document."""
    servers = {"servers": [{"url": prefix}]} if (prefix := address("")) else {}
    return json_answer({**session.server.document(), **servers})


def _framework() -> FastAPI:
    """Return the framework without pages of its own, and with our errors in place of its own."""
    app = FastAPI(
        title="Ramekin",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(ClientDisconnect, _disconnected)  # type: ignore[arg-type]  # None: Starlette sends nothing
    return app


async def _framework_error(request: Request, error: Exception) -> Response:
    """Turn the framework's own errors into ours."""
    assert isinstance(error, HTTPException), "registered for these only"
    ours: errors.RamekinError
    headers = None
    if error.status_code == 405:
        headers = {"allow": ", ".join(methods_of(request.app, request.scope))}
        ours = errors.MethodNotAllowed(f"This endpoint does not take {errors.shorten(request.method)}.")
    elif error.status_code == 404:
        ours = unknown_route(request.app, request.scope)
    else:
        ours = errors.BadRequest("The request cannot be understood.")
    return AsgiResponse(problem_answer(ours, request.scope["ramekin.request_id"], headers))


async def _disconnected(request: Request, error: Exception) -> None:
    """Answer nothing: nobody is there to read it."""
