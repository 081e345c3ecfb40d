"""Paths of json-server: those that begin with no address of ours.

Knows no endpoints; see ``door.py`` for what is answered at each.
"""

from __future__ import annotations

import re

from starlette.convertors import StringConvertor, register_url_convertor

OURS = frozenset({"api", "b", "console", "docs", "health", "metrics", "openapi.json", "problems", "redoc", "static"})
"""What addresses of our own begin with: a table of such a name is reached below ``/api/v1/data`` alone."""


_NOT_OURS = rf"(?!(?:{'|'.join(sorted(OURS)).replace('.', '[.]')})(?:/|$))"


class _Theirs(StringConvertor):
    """The first part of a path, if it is none of ours."""

    regex = f"{_NOT_OURS}[^/]+"


class _Last(StringConvertor):
    """The last part of a path; json-server takes no heed of a slash behind it."""

    regex = "[^/]+/?"

    def convert(self, value: str) -> str:
        """Return the part without the slash."""
        return value.removesuffix("/")


class _Only(_Last):
    """The only part of a path, if it is none of ours."""

    regex = f"{_NOT_OURS}{_Last.regex}"


class _Rest(StringConvertor):
    """A whole path that does not begin with one of ours."""

    regex = f"{_NOT_OURS}.*"


register_url_convertor("theirs", _Theirs())
register_url_convertor("only", _Only())
register_url_convertor("last", _Last())
register_url_convertor("rest", _Rest())

MANY, ONE, REST = "/{table:only}", "/{table:theirs}/{id:last}", "/{path:rest}"
NESTED = "/{table:theirs}/{id}/{table_inside:last}"

TABLES = re.compile(rf"/{_NOT_OURS}([^/]+)(?:/[^/]+(?:/([^/]+))?)?/?$")
"""The tables that such a path names, for faults on purpose."""
