"""Which methods a path has, and at which address clients find one.

FastAPI's own list of routes is the only list of endpoints; everything else is derived from it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from starlette.routing import Match, Route

from ramekin.errors import UnknownRoute, did_you_mean

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

API = "/api/v1"

CLOCK = f"{API}/clock"
"""Where the clock is set, under `--dev`."""

BRANCH = "/b/"
"""What stands before the name of a branch, at the front of a path."""

SLASH = "\udc2f"
"""Stands for a slash inside a part of a path, of which routes know nothing; no UTF-8 is read as this."""

_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")

_PREFIX_PART = re.compile(r"api|v\d+", re.IGNORECASE)
"""What may be meant as a part of `API`."""

PAGES = ("/docs", "/redoc", "/openapi.json")
"""What people look for and no document tells of: the documents themselves."""

OF_DEV = frozenset(("branches", "checkpoint", "clock", "diff", "faults", "reset"))
"""What only a server for tests has behind `API`."""

LIKENESS = 0.75
"""How much of a part of a path and a known one is the same where the one is taken for the other."""

_prefixes: ContextVar[tuple[str, str]] = ContextVar("prefixes", default=("", ""))
"""What stands before the paths of the request that is being answered: of its branch, and of the whole server."""


def read_root_path(text: str) -> str:
    """Return a path that a proxy takes off, without a slash at its end. Raises ValueError: it is no path."""
    path = text.removesuffix("/")
    if path and (not _ROOT_PATH.fullmatch(path) or {".", ".."} & {*path.split("/")}):
        raise ValueError("not a path")
    return path


@lru_cache(maxsize=256)
def _quoted(root_path: str, branch: str) -> tuple[str, str]:
    return quote(root_path + branch), quote(root_path)


def mount_at(root_path: str, branch: str = "") -> None:
    """Have the addresses of this request's answer begin with the path that the application is mounted below.

    Args:
        root_path: this path.
        branch: that of a branch behind it, as ``/b/one``.
    """
    _prefixes.set(_quoted(root_path, branch))


def decoded(raw: str) -> str:
    """Return a path of which each part is decoded by itself, so that a slash inside one (`%2F`) ends no part."""
    return "/".join([unquote(part).replace("/", SLASH) for part in raw.split("/")])


def split_branch(path: str) -> tuple[str, str]:
    """Return the branch that a path begins with, and the rest of it; without one, an empty text and the path."""
    if not path.startswith(BRANCH):
        return "", path
    name, slash, rest = path[len(BRANCH) :].partition("/")
    return (name, slash + rest or "/") if name else ("", path)


def address(path: str) -> str:
    """Return the address at which clients find a path of this application, on the branch that they ask."""
    return _prefixes.get()[0] + path


_NO_HYPHENS = bytes.maketrans(b"-", b"0")


def record_address(table: str, key: str) -> str:
    """Return the address at which clients find a record. A table's name needs no quoting."""
    is_plain = key.encode().translate(_NO_HYPHENS).isalnum()  # as most are; `quote` takes ten times as long
    return f"{_prefixes.get()[0]}{API}/data/{table}/{key if is_plain else quote(key, safe='')}"


def page_address(path: str) -> str:
    """Return the address at which clients find a page that is the same on every branch, and without any."""
    return _prefixes.get()[1] + path


def methods_of(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods that a path has, OPTIONS among them; nothing for a path that no route has.

    The path ``*`` stands for the whole server (RFC 9110, section 9.3.7).
    """
    found: set[str] = set()
    for route in app.routes:
        if scope["path"] == "*" or route.matches(scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted({*found, "OPTIONS"}) if found else []


def unknown_route(app: FastAPI, scope: Scope) -> UnknownRoute:
    """Return the error of a path that no route has, with the nearest one that there is."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    routes = [route for route in app.routes if isinstance(route, Route)]
    shown = [route.path for route in routes if route.include_in_schema or route.path in PAGES]
    known = [known.split("/")[1:] for known in shown if not known.startswith("/{")]
    parts, prefix = [part for part in path.split("/") if part], API.split("/")[1:]
    inner = [part for place, part in enumerate(parts) if place > 1 or not _PREFIX_PART.fullmatch(part)]
    if inner[:1] and inner[0] in OF_DEV and not any(inner[0] in route for route in known):
        return UnknownRoute("No endpoint has this path.", hint="It is served where the server was started with --dev.")
    ways = [parts, [*prefix, *inner], inner] if inner else []
    if inner and inner != parts:
        ways.append([*prefix, "data", *inner])
    found = next(filter(None, (_nearest_route(way, known) for way in ways)), "")
    return UnknownRoute("No endpoint has this path.", hint=did_you_mean(found, [found]) if found else "")


def _nearest_route(parts: list[str], known: list[list[str]]) -> str:
    """Return the route to which some parts lead, each taken for the nearest one that is there; empty if to none."""
    for place, part in enumerate(parts):
        longer = [route for route in known if len(route) > place]
        if not longer:
            break  # more parts than any route has
        names = {route[place] for route in longer}
        name = part if part in names else next((name for name in names if name.startswith("{")), None)
        name = name or next(iter(get_close_matches(part.lower(), sorted(names), 1, LIKENESS)), None)
        known = [route for route in longer if route[place] == name]
    nearest = min(known, key=lambda route: abs(len(route) - len(parts)), default=None)
    return f"/{'/'.join(nearest)}" if nearest else ""
