"""Adding routes to the application, asking which methods a path has, and at which address clients find one.

Routes stand directly on the app: a router between costs time on every request. FastAPI's own list is the only list of
endpoints; everything else is derived from it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from starlette.routing import Match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from enum import Enum

    from fastapi import FastAPI
    from starlette.types import Scope

API = "/api/v1"

_prefix: ContextVar[str] = ContextVar("prefix", default="")  # of the request that is being answered


def mount_at(root_path: str) -> None:
    """Have the addresses of this request's answer begin with the path that the application is mounted below."""
    _prefix.set(quote(root_path))


def address(path: str) -> str:
    """Return the address at which clients find a path of this application."""
    return _prefix.get() + path


Endpoint = TypeVar("Endpoint", bound="Callable[..., Any]")


def hot(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that the short ways in ``hot.py`` may call: all it needs is its path's parts and the request."""
    endpoint.is_hot = True  # type: ignore[attr-defined]  # a mark for `HotTable` alone
    return endpoint


def watchful(endpoint: Endpoint) -> Endpoint:
    """Mark a hot endpoint that stops when its client goes away: it only reads, and may have to read much."""
    endpoint.is_watchful = True  # type: ignore[attr-defined]  # likewise
    return hot(endpoint)


@dataclass(frozen=True, slots=True)
class Document:
    """What the OpenAPI document says of an endpoint, besides what its route knows.

    `answers` are by status, `problems` the statuses of errors; parameters are those in the query and in headers.
    """

    answers: dict[int, Any]
    problems: tuple[int, ...]
    parameters: Sequence[dict[str, Any]] = ()
    request_body: dict[str, Any] | None = None


def add_route(
    app: FastAPI,
    method: str,
    path: str,
    endpoint: Callable[..., Any],
    *,
    document: Document | None = None,
    tags: list[str | Enum] | None = None,
    opens: Iterable[str] = (),
) -> None:
    """Add an endpoint; a GET answers HEAD too (the server leaves the body out).

    Args:
        opens: addresses of it that need no key and are not counted.
        document: what is said of it; None leaves it out. It does not pass through FastAPI, which drops every null.
    """
    name, is_shown = endpoint.__name__, document is not None
    app.add_api_route(path, endpoint, methods=[method], operation_id=name, tags=tags, include_in_schema=is_shown)
    app.state.open_pages = getattr(app.state, "open_pages", frozenset()) | {*opens}
    if document is not None:
        app.state.documents = getattr(app.state, "documents", {}) | {name: document}
    if method == "GET":
        app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def methods_of(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods that a path has, OPTIONS among them; nothing for a path that no route has.

    The path ``*`` stands for the whole server (RFC 9110, section 9.3.7).
    """
    found: set[str] = set()
    for route in app.routes:
        if scope["path"] == "*" or route.matches(scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted({*found, "OPTIONS"}) if found else []
