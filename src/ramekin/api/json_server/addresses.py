"""Paths of json-server: those that begin with no address of ours.

Knows no endpoints; see ``door.py`` for what is answered at each.
"""

from __future__ import annotations

from starlette.convertors import StringConvertor, register_url_convertor

OURS = frozenset({"api", "b", "console", "docs", "health", "metrics", "openapi.json", "problems", "redoc", "static"})
"""What addresses of our own begin with: a table of such a name is reached below ``/api/v1/data`` alone."""


_NOT_OURS = rf"(?!(?:{'|'.join(sorted(OURS)).replace('.', '[.]')})(?:/|$))"


class _Theirs(StringConvertor):
    """The first part of a path, if it is none of ours."""

    regex = f"{_NOT_OURS}[^/]+"


class _Rest(StringConvertor):
    """A whole path that does not begin with one of ours."""

    regex = f"{_NOT_OURS}.*"


register_url_convertor("theirs", _Theirs())
register_url_convertor("rest", _Rest())

MANY, ONE, REST = "/{table:theirs}", "/{table:theirs}/{id}", "/{path:rest}"
NESTED = "/{table:theirs}/{id}/{table_inside}"
