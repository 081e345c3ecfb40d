"""The edge as ASGI: every request passes it first, under whatever server.

Answers by itself what needs no endpoint: addresses that are not UTF-8, OPTIONS, limits and keys. Knows no tables; see
``edge/edge.py`` for what is asked, and ``app.py`` for where this stands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import ClientDisconnect

from ramekin import errors
from ramekin.access.roles import NOTHING
from ramekin.api.edge.edge import last_lines
from ramekin.api.edge.rates import Limited
from ramekin.api.http.answer import bodiless, header_pairs
from ramekin.api.http.heads import Head, id_line
from ramekin.api.http.problems import on_purpose, problem_answer
from ramekin.api.routes import API, BRANCH, CLOCK, SLASH, decoded, methods_of, mount_at, split_branch, unknown_route
from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ramekin.api.edge.edge import Edge
    from ramekin.api.edge.faults import Faults
    from ramekin.api.http.answer import Answer


class EdgeMiddleware:
    """Pure ASGI, in one pass: a `BaseHTTPMiddleware` costs 129 µs a request, this a few."""

    def __init__(self, inner: ASGIApp, *, app: FastAPI, edge: Edge) -> None:
        self._inner, self._app, self._edge = inner, app, edge
        self._has_branches = app.state.context.branches is not None
        self._faults: Faults | None = app.state.context.faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        _decode(scope)
        branch = _enter_branch(scope) if self._has_branches else ""
        mount_at(self._edge.root_path + scope.get("root_path", ""), branch)
        try:
            answer = await self._answer_here(scope, exchange)
            if answer is None and self._faults is not None and self._faults.are_any:
                await self._disturb(self._faults, scope, receive, exchange)
            else:
                await (answer or self._inner)(scope, receive, exchange.answer)
        except ClientDisconnect:
            pass
        except Exception as error:
            answer = self._edge.report_fault(exchange, error)
            if not exchange.status:
                await answer(scope, receive, exchange.answer)
            # One that has begun is left as it is: the server cuts the connection, so that nobody takes a part for the
            # whole. Raised on, the error would be printed by whatever server this is, with its words and variables.
        finally:
            self._note(scope, exchange)

    async def _disturb(self, faults: Faults, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        """Have a request answered, or what is to happen to it on purpose. Without an answer its connection ends."""
        path = exchange.path.removeprefix(scope.get("root_path", ""))
        struck = faults.strike(exchange.method, path)
        if struck is None:
            await self._inner(scope, receive, exchange.answer)
            return
        number, rule = struck
        exchange.extra = {**exchange.extra, "x-ramekin-fault": str(number)}
        await asyncio.sleep(rule.wait_s())
        if rule.after_commit or not rule.fails:
            await self._inner(scope, receive, _unsaid if rule.fails else exchange.answer)
        if rule.status is not None:
            answer = on_purpose(rule.status, number, exchange.request_id)
            await answer(scope, receive, exchange.answer)

    def _note(self, scope: Scope, exchange: _Exchange) -> None:
        """Note what came of a request: an answer, or nothing where its client went away."""
        operation = getattr(scope.get("endpoint"), "__name__", "none")
        status = exchange.status
        if not status:
            status, exchange.sent_bytes = scope.get("ramekin.refused", (0, 0))
        self._edge.note(exchange, operation, status)
        if (act := scope.get("ramekin.act")) is not None:
            client = self._edge.proxies.client_of(exchange.peer, exchange.headers)
            tables, branch = act
            self._edge.audit(exchange, operation, tables, branch, status, client)

    async def _answer_here(self, scope: Scope, exchange: _Exchange) -> Answer | None:
        """Return the answer of a request that needs no endpoint; None for all others."""
        try:
            head = scope.get("ramekin.head") or read_head(scope)
            scope["ramekin.head"] = head
        except errors.RamekinError as error:
            exchange.take_id(self._edge.new_id())
            self._edge.count_refused(_peer(scope))
            return problem_answer(error, exchange.request_id, {"connection": "close"})
        exchange.take_id(scope.get("ramekin.request_id") or head.request_id or self._edge.new_id())
        self._edge.greet(exchange, head.headers)
        try:
            self._admit(scope, head, exchange)
            scope["ramekin.grant"] = exchange.grant
            _check_path(scope)
            if scope["method"] == "OPTIONS":
                return self._options(scope, head.headers)
        except errors.RamekinError as error:
            return problem_answer(error, exchange.request_id)
        except Limited as limited:
            return problem_answer(limited.error, exchange.request_id, limited.headers)
        return None

    def _admit(self, scope: Scope, head: Head, exchange: _Exchange) -> None:
        """Ask the edge. One that no endpoint would answer keeps its 404 or 405, whatever the edge says."""
        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            state = self._app.state
            if method in ("GET", "HEAD") and (path in state.open_pages or path.startswith(state.open_below)):
                self._edge.origins.check(method, head.headers)
            else:
                is_counted = not self._has_branches or path != CLOCK  # one that stands still would lock out all
                needs_key = method != "OPTIONS"
                self._edge.admit(exchange, head, _peer(scope), asks_for_key=needs_key, is_counted=is_counted)
        except (Limited, errors.Unauthorized, errors.Forbidden, errors.Starting):
            if method in methods_of(self._app, scope):
                raise

    def _options(self, scope: Scope, headers: Mapping[str, str]) -> Answer:
        methods = methods_of(self._app, scope)
        if not methods:
            raise unknown_route(self._app, scope)
        return bodiless(204, {"allow": ", ".join(methods), **self._edge.preflight(headers, methods)})


class _Exchange:
    """One request: what the edge knows of it, and what was answered so far."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.began_s, self.method, self.path = stopwatch_s(), scope["method"], scope["path"]
        self.request_id, self._scope = "-", scope
        self.extra: Mapping[str, str] = {}
        self.grant, self.peer = NOTHING, _peer(scope)
        self.status, self.sent_bytes, self._send = 0, 0, send

    @property
    def headers(self) -> Mapping[str, str]:
        head = self._scope.get("ramekin.head")
        return {} if head is None else head.headers

    def take_id(self, request_id: str) -> None:
        """Take the id that the client gave to its request, or a new one."""
        self.request_id = self._scope["ramekin.request_id"] = request_id

    async def answer(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]} - {b"vary"}  # of which there may be several lines
            last = header_pairs(id_line(self.request_id) + last_lines(self.extra))
            added = [header for header in last if header[0] not in present]
            message["headers"] = [*message["headers"], *added]
        elif self.method != "HEAD":  # whose body the server leaves out
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)


def read_head(scope: Scope) -> Head:
    """Return the head of a request that another server has read, as far as that can still be told.

    Raises:
        MalformedRequest: among them a body behind an offer to upgrade, which some servers take for the next request.
        MethodNotAllowed.
    """
    if scope["method"] == "CONNECT":
        raise errors.MethodNotAllowed("This is no proxy.")
    head = Head([*scope["headers"]], scope["http_version"])
    if head.body_bytes and "upgrade" in head.headers:
        raise errors.MalformedRequest("A request that offers an upgrade has no body under this server.")
    return head


async def _unsaid(message: Message) -> None:
    """Leave a part of an answer unsent."""


def _decode(scope: Scope) -> None:
    """Decode the parts of a path of ours by themselves, where the server told how they were sent."""
    root, raw = scope.get("root_path", ""), scope.get("raw_path") or b""
    if b"%" in raw and raw.startswith((f"{root}{API}/".encode(), f"{root}{BRANCH}".encode())):
        scope["path"] = root + decoded(raw.decode("latin-1").removeprefix(root))


def _enter_branch(scope: Scope) -> str:
    """Take the branch off the front of a path, and return what was taken off; empty for one in no branch."""
    root = scope.get("root_path", "")
    name, rest = split_branch(scope["path"].removeprefix(root))
    raw = scope.get("raw_path") or quote(scope["path"], errors="replace").encode()
    if not name or not raw.startswith((root + BRANCH).encode()):
        return ""
    name, [_, _, _, *behind] = name.replace(SLASH, "/"), raw.removeprefix(root.encode()).split(b"/", 3)
    scope["ramekin.branch"], scope["path"] = name, root + rest
    scope["raw_path"] = b"/".join([root.encode(), *(behind or [b""])])
    return f"{BRANCH}{name}"


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _check_path(scope: Scope) -> None:
    """Refuse a path that is not UTF-8. Raises MalformedPath."""
    raw = scope.get("raw_path", b"")
    if b"%" in raw:
        try:
            unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            raise errors.MalformedPath("The path is not UTF-8 once its percent signs are decoded.") from None
