"""Which methods a path has, and at which address clients find one.

FastAPI's own list of routes is the only list of endpoints; everything else is derived from it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.routing import Match

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

API = "/api/v1"

CLOCK = f"{API}/clock"
"""Where the clock is set, under `--dev`."""

BRANCH = "/b/"
"""What stands before the name of a branch, at the front of a path."""

_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")

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


def split_branch(path: str) -> tuple[str, str]:
    """Return the branch that a path begins with, and the rest of it; without one, an empty text and the path."""
    if not path.startswith(BRANCH):
        return "", path
    name, slash, rest = path[len(BRANCH) :].partition("/")
    return (name, slash + rest or "/") if name else ("", path)


def address(path: str) -> str:
    """Return the address at which clients find a path of this application, on the branch that they ask."""
    return _prefixes.get()[0] + path


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
