"""The documentation pages: Swagger UI at `/docs`, ReDoc at `/redoc`, and the files that they are made of.

They work with no network: every script, style and picture is in this package (`scripts/vendor-docs` brings them), no
validator is asked, and the pages' own policy forbids other hosts. They name each other relatively, so they work below
whatever path they are served. Knows no endpoints; see ``openapi/document.py`` for
what the pages show.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import IF_MATCH, IF_NONE_MATCH
from ramekin.api.http.answer import Reply, body_answer, file_answer
from ramekin.errors import UnknownRoute
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

MEDIA_TYPES = {
    "favicon.svg": "image/svg+xml",
    "redoc-init.js": "text/javascript",
    "redoc.standalone.js": "text/javascript",
    "swagger-init.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}

# Both pages style their elements from scripts, and ReDoc searches in a worker made of a blob.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ramekin</title>
<link rel="icon" href="static/favicon.svg">
{styles}</head>
<body style="margin: 0">
<div id="{element}"></div>
{scripts}</body>
</html>
"""


@endpoint("GET", "/docs", role=None, opens=("/docs",))
def swagger_page(session: Session, asked: Asked[None]) -> Reply:
    """Return the page that tries requests out."""
    return _page("swagger-ui", ["swagger-ui.css"], ["swagger-ui-bundle.js", "swagger-init.js"])


@endpoint("GET", "/redoc", role=None, opens=("/redoc",))
def redoc_page(session: Session, asked: Asked[None]) -> Reply:
    """Return the page that is read."""
    return _page("redoc", [], ["redoc.standalone.js", "redoc-init.js"])


@endpoint(
    "GET",
    "/static/{name}",
    role=None,
    parameters=[IF_MATCH, IF_NONE_MATCH],
    opens=tuple(f"/static/{name}" for name in MEDIA_TYPES),
)
def static_file(session: Session, asked: Asked[None]) -> Reply:
    """Return a file that the pages are made of."""
    [name] = asked.parts
    if name not in MEDIA_TYPES:
        raise UnknownRoute("There is no file of this name.")
    content, digest = _read(name)
    return file_answer(content, digest, MEDIA_TYPES[name], asked.wishes.precondition, "public, max-age=86400")


ENDPOINTS: Endpoints = (swagger_page, redoc_page, static_file)


@cache
def _read(name: str) -> tuple[bytes, str]:
    """Return a file and its digest, read when it is first asked for."""
    content = (files("ramekin.api") / "static" / name).read_bytes()
    return content, codec.digest(content)


def _page(element: str, styles: list[str], scripts: list[str]) -> Reply:
    html = _PAGE.format(
        element=element,
        styles="".join(f'<link rel="stylesheet" href="static/{name}">\n' for name in styles),
        scripts="".join(f'<script src="static/{name}"></script>\n' for name in scripts),
    )
    return body_answer(html.encode(), headers={"content-security-policy": POLICY}, media="text/html")
