"""The edge: what happens to every request before its endpoint and after it, in one pass.

Request id, addresses that are not UTF-8, OPTIONS, 404 and 405, the rate limit, keys, faults of our own, the access
log. Knows no tables; see ``app.py`` for where it stands.
"""

from __future__ import annotations

import re
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import Response
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from ramekin import errors
from ramekin.api.limits import Limited, client_of, is_open
from ramekin.api.problems import problem_response
from ramekin.api.routes import methods_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ramekin.api.limits import Keys, RateLimit

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = structlog.get_logger("ramekin")


class Edge:
    """An ASGI middleware (pure ASGI: a `BaseHTTPMiddleware` costs 129 µs a request, this a few)."""

    def __init__(
        self, inner: ASGIApp, *, app: FastAPI, keys: Keys, rate_limit: RateLimit | None, has_access_log: bool
    ) -> None:
        self._inner, self._app, self._keys, self._rate_limit = inner, app, keys, rate_limit
        self._has_access_log = has_access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            answer = await self._answer_here(scope, exchange)
            await (answer or self._inner)(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception:
            _log.exception("request failed", request_id=exchange.request_id, method=scope["method"])
            if exchange.status:
                raise  # the answer has begun: the server cuts the connection, so that nobody takes a part for the whole
            fault = errors.InternalError("The server met a fault of its own; its log has more under this request id.")
            await problem_response(fault, exchange.request_id)(scope, receive, exchange.send)
        if self._has_access_log:
            exchange.log(scope)

    async def _answer_here(self, scope: Scope, exchange: _Exchange) -> Response | None:
        """Return the answer of a request that needs no endpoint; None for all others."""
        try:
            self._check_path(scope)
            if scope["method"] == "OPTIONS":
                return self._options(scope)
            if not is_open(scope["path"]):
                headers = Headers(scope=scope)
                await self._check_limit(scope, headers, exchange)
                self._check_key(scope, headers)
        except errors.RamekinError as error:
            return problem_response(error, exchange.request_id)
        except Limited as limited:
            return problem_response(limited.error, exchange.request_id, limited.headers)
        return None

    def _check_path(self, scope: Scope) -> None:
        raw = scope.get("raw_path", b"")
        if b"%" in raw:
            try:
                unquote_to_bytes(raw).decode()
            except UnicodeDecodeError:
                raise errors.MalformedPath("The path is not UTF-8 once its percent signs are decoded.") from None

    def _options(self, scope: Scope) -> Response:
        methods = methods_of(self._app, scope)
        if not methods:
            raise errors.UnknownRoute("No endpoint has this path.")
        return Response(status_code=204, headers={"allow": ", ".join(methods)})

    async def _check_limit(self, scope: Scope, headers: Headers, exchange: _Exchange) -> None:
        """Count the request. One that no endpoint would answer keeps its 404 or 405, also over the limit."""
        if self._rate_limit is None:
            return
        try:
            exchange.extra = await self._rate_limit.count(client_of(scope, headers))
        except Limited:
            if scope["method"] in methods_of(self._app, scope):
                raise

    def _check_key(self, scope: Scope, headers: Headers) -> None:
        """Ask for a key, but say first that an address does not exist."""
        try:
            self._keys.check(headers)
        except errors.Unauthorized:
            if scope["method"] in methods_of(self._app, scope):
                raise


class _Exchange:
    """One request and what was answered so far."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self.began = perf_counter()
        self.status = 0
        self.extra: dict[str, str] = {}
        sent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        self.request_id = sent if _REQUEST_ID.fullmatch(sent) else token_hex(12)
        scope["ramekin.request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            extra = [(name.encode(), value.encode()) for name, value in self.extra.items()]
            added = [(b"x-request-id", self.request_id.encode()), (b"x-content-type-options", b"nosniff"), *extra]
            present = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(item for item in added if item[0] not in present)]
        await self._send(message)

    def log(self, scope: Scope) -> None:
        _log.info(
            "request",
            request_id=self.request_id,
            method=scope["method"],
            path=scope["path"][:200],
            status=self.status,
            milliseconds=round((perf_counter() - self.began) * 1000, 3),
        )
