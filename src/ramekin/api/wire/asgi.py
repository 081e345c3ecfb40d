"""Endpoints as ASGI has them: FastAPI's routes, and a short way past its router, innermost in the application.

FastAPI's own list of routes stays the only list of endpoints: `RecordEndpoints` is read from it at start-up.
`ShortRoutes` is the short way under any ASGI server; see ``protocol.py`` for the one below ASGI. Both lead to
`Endpoint.ask`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.routing import APIRoute, iter_route_contexts

from ramekin.api.declared.endpoint import too_large
from ramekin.api.http.answer import Answer, Stream
from ramekin.api.http.asked import parsed
from ramekin.api.http.problems import problem_answer
from ramekin.api.routes import API, SLASH
from ramekin.api.wire.arrivals import chunks_of, whole_body
from ramekin.api.wire.departures import stopped_when_gone
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ramekin.api.context import Context
    from ramekin.api.declared.endpoint import Endpoint
    from ramekin.api.http.answer import Reply
    from ramekin.api.http.heads import Head

PREFIX = f"{API}/data/"
_PARTS = {f"{PREFIX}{{table}}": ["table"], f"{PREFIX}{{table}}/{{id}}": ["table", "id"]}


class AsgiResponse(Response):
    """An answer as FastAPI takes one."""

    background = None

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._reply(scope, receive, send)


def _tables_and_branch(endpoint: Endpoint[Any], parts: tuple[str, ...], scope: Scope) -> tuple[tuple[str, ...], str]:
    """Return the tables that an address names, and the branch: the one that it is about, or that it leads into."""
    return ((), parts[0]) if "{branch}" in endpoint.path else (parts, scope.get("ramekin.branch", ""))


async def reply_to(endpoint: Endpoint[Any], server: Context, parts: tuple[str, ...], request: Request) -> Reply:
    """Return an endpoint's reply to a request that has passed the edge. A body that is refused is not read."""
    head: Head = request.scope["ramekin.head"]
    grant, query = request.scope["ramekin.grant"], request.scope["query_string"]
    body, arriving = b"", None
    if endpoint.method != "GET" and endpoint.role_for(query) == "admin":
        request.scope["ramekin.act"] = _tables_and_branch(endpoint, parts, request.scope)  # for the edge's audit
    try:
        endpoint.permit(grant, parts, query)
        branch = "" if endpoint.is_page else request.scope.get("ramekin.branch", "")
        is_chosen_late = branch != "" and endpoint.may_resume_by_body(head, query)
        session = endpoint.enter(server, grant, "" if is_chosen_late else branch, head, query)
        wishes = endpoint.wishes_of(head)
        if endpoint.takes:
            limit_bytes = getattr(session.limits, endpoint.limit)
            if head.body_bytes > limit_bytes:
                raise too_large(limit_bytes)
            arriving = chunks_of(request, limit_bytes)
        async with server.flight.room(request.client.host if request.client else "unknown") as room:
            if arriving is not None and not endpoint.is_streamed:
                body = await whole_body(arriving, head.body_bytes, wishes.media, room)
            if is_chosen_late:
                session = endpoint.enter(server, grant, branch, head, query, await _value_of(body))
            watch = stopped_when_gone(request, arriving if endpoint.is_streamed else None)
            async with watch if endpoint.watches(head, body) else nullcontext():
                if endpoint.role is not None:
                    session.check_loop()
                ask = endpoint.ask_anew if server.reads_anew else endpoint.ask
                reply = ask(session, head, parts, query, body, watch.arriving)
                return reply if isinstance(reply, Answer | Stream) else await reply
    except RamekinError as error:
        return problem_answer(grant.veil(error), request.scope["ramekin.request_id"])


async def _value_of(body: bytes) -> Any:
    """Return the value of a body; None of one that is no JSON, which whoever reads it refuses."""
    try:
        return await parsed(body)
    except RamekinError:
        return None


def add_routes(app: FastAPI, context: Context, endpoints: Iterable[Endpoint[Any]]) -> None:
    """Add endpoints to FastAPI's routes; a GET answers HEAD too (the server leaves the body out)."""
    for endpoint in endpoints:
        methods = ["GET", "HEAD"] if endpoint.method == "GET" else [endpoint.method]
        route, is_shown = _as_route(endpoint, context), endpoint.tag is not None
        app.add_api_route(endpoint.path, route, methods=methods, include_in_schema=is_shown)
        app.state.open_pages = getattr(app.state, "open_pages", frozenset()) | {*endpoint.opens}
        app.state.open_below = (*getattr(app.state, "open_below", ()), *endpoint.opens_below)


def _as_route(endpoint: Endpoint[Any], context: Context) -> Any:
    """Return an endpoint as a function that FastAPI calls; what is declared of it the document tells by itself."""

    async def route(request: Request) -> Response:
        parts = tuple(request.path_params[name].replace(SLASH, "/") for name in endpoint.parts)
        return AsgiResponse(await reply_to(endpoint, context, parts, request))

    route.__name__, route.__doc__ = endpoint.name, endpoint.answer.__doc__
    route.endpoint = endpoint  # type: ignore[attr-defined]  # for `RecordEndpoints`
    return route


class RecordEndpoints:
    """The endpoints of records, by method and number of path parts behind `PREFIX`.

    Raises:
        TypeError: a route has something that a short way would skip, such as a dependency.
    """

    def __init__(self, app: FastAPI, context: Context) -> None:
        self.context = context
        self.endpoints: dict[tuple[str, int], Endpoint[Any]] = {}
        for found in iter_route_contexts(app.routes):
            route = found.original_route
            if isinstance(route, APIRoute) and route.path in _PARTS and hasattr(route.endpoint, "endpoint"):
                _check_plain(app, route)
                for method in route.methods or ():
                    self.endpoints[method, len(_PARTS[route.path])] = route.endpoint.endpoint


def _check_plain(app: FastAPI, route: APIRoute) -> None:
    """Refuse a route with anything that FastAPI would do for it and a short way does not. Raises TypeError."""
    needs = route.dependant
    found = {
        "dependencies": [*needs.dependencies, *route.dependencies, *app.router.dependencies],
        "parameters": [*needs.query_params, *needs.header_params, *needs.cookie_params, *needs.body_params],
        "a response model": [route.response_field] if route.response_field else [],
        "limits of its own": [route.max_body_size] if route.max_body_size else [],
    }
    if skipped := [name for name, things in found.items() if things]:
        raise TypeError(f"{route.name} is answered on a short way, but has {', '.join(skipped)}.")


class ShortRoutes:
    """The short way as ASGI, innermost: it answers through these endpoints, all else goes to FastAPI's router."""

    def __init__(self, inner: ASGIApp, *, records: RecordEndpoints) -> None:
        self._inner, self._records = inner, records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        parts = tuple(path[len(PREFIX) :].split("/")) if path.startswith(PREFIX) else ()
        endpoint = self._records.endpoints.get((scope.get("method", ""), len(parts)))
        if endpoint is None or not all(parts):
            await self._inner(scope, receive, send)
            return
        scope["endpoint"] = endpoint.answer
        parts = tuple(part.replace(SLASH, "/") for part in parts)
        reply = await reply_to(endpoint, self._records.context, parts, Request(scope, receive))
        await reply(scope, receive, send)
