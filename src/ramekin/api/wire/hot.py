"""Short ways to the endpoints of records, past the framework's routing.

FastAPI's own list of routes stays the only list of endpoints: `HotTable` is read from it at start-up, and its
endpoints are the same functions. What is not in it, or is unusual, goes the long way. `HotRoutes` is the short way
under any ASGI server; see ``protocol.py`` for the one below ASGI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.routing import APIRoute, iter_route_contexts

from ramekin import errors
from ramekin.api.http.problems import problem_response
from ramekin.api.http.requests import request_id
from ramekin.api.routes import API

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import FastAPI, Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    Endpoint = Callable[..., Coroutine[Any, Any, Response]]

PREFIX = f"{API}/data/"
_PARTS = {f"{PREFIX}{{table}}": ["table"], f"{PREFIX}{{table}}/{{id}}": ["table", "id"]}


class HotTable:
    """The marked endpoints of an application, by method and number of path parts behind `PREFIX`.

    Raises:
        TypeError: a marked endpoint has something that a short way would skip, such as a dependency.
    """

    def __init__(self, app: FastAPI) -> None:
        self.endpoints: dict[tuple[str, int], Endpoint] = {}
        for context in iter_route_contexts(app.routes):
            route = context.original_route
            if isinstance(route, APIRoute) and getattr(route.endpoint, "is_hot", False):
                _check_plain(app, route)
                for method in route.methods or ():
                    self.endpoints[method, len(_PARTS[route.path])] = route.endpoint


def _check_plain(app: FastAPI, route: APIRoute) -> None:
    """Refuse an endpoint with anything that FastAPI would do for it and a short way does not. Raises TypeError."""
    needs = route.dependant
    found = {
        "dependencies": [*needs.dependencies, *route.dependencies, *app.router.dependencies],
        "parameters": [*needs.query_params, *needs.header_params, *needs.cookie_params, *needs.body_params],
        "a response model": [route.response_field] if route.response_field else [],
        "limits of its own": [route.max_body_size] if route.max_body_size else [],
        "another path": [] if [p.name for p in needs.path_params] == _PARTS.get(route.path) else [route.path],
    }
    if skipped := [name for name, things in found.items() if things]:
        raise TypeError(f"{route.name} is marked as hot, but has {', '.join(skipped)}.")


class HotRoutes:
    """The short way as ASGI, innermost: it answers through the table's endpoints, all else goes to FastAPI's router."""

    def __init__(self, inner: ASGIApp, *, table: HotTable) -> None:
        self._inner, self._table = inner, table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not path.startswith(PREFIX):
            await self._inner(scope, receive, send)
            return
        parts = path[len(PREFIX) :].split("/")
        endpoint = self._table.endpoints.get((scope["method"], len(parts)))
        if endpoint is None or not all(parts):
            await self._inner(scope, receive, send)
            return
        scope["endpoint"] = endpoint
        try:
            response = await endpoint(*parts, Request(scope, receive))
        except errors.RamekinError as error:
            response = problem_response(error, request_id(scope))
        await response(scope, receive, send)
