"""The console over HTTP: one page for all of its views, and the files that it is made of. See ``console/``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ramekin import console
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import IF_MATCH, IF_NONE_MATCH
from ramekin.api.http.answer import Reply, body_answer, file_answer
from ramekin.api.routes import API, address, page_address, split_branch
from ramekin.errors import UnknownRoute
from ramekin.version import __version__

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

VIEWS = "/console/"
ASSETS = "/console/assets/"
FOR_EVER = "public, max-age=31536000, immutable"
_VERSION = re.compile("v[0-9a-f]{12}")


@endpoint("GET", "/", role=None, opens=("/",), is_page=True)
def console_home(session: Session, asked: Asked[None]) -> Reply:
    """Return the console where somebody opens the server's own address."""
    return _page(session)


@endpoint("GET", "/console", role=None, opens=("/console",), is_page=True)
def console_page(session: Session, asked: Asked[None]) -> Reply:
    """Return the console."""
    return _page(session)


@endpoint(
    "GET",
    f"{ASSETS}{{path:path}}",
    role=None,
    parameters=[IF_MATCH, IF_NONE_MATCH],
    opens_below=(ASSETS,),
)
def console_file(session: Session, asked: Asked[None]) -> Reply:
    """Return a file that the console is made of. A browser keeps it, and asks again for an address without its version.

    A page that is open while the server is replaced by another version gets the files of that one, for once.
    """
    [path] = asked.parts
    version, _, name = path.partition("/")
    asset = console.assets().get(name if _VERSION.fullmatch(version) else path)
    if asset is None:
        raise UnknownRoute("There is no file of this name.")
    lifetime = FOR_EVER if version == console.version() else "no-cache"
    return file_answer(asset.content, asset.digest, asset.media, asked.wishes.precondition, lifetime)


@endpoint("GET", f"{VIEWS}{{view:path}}", role=None, opens_below=(VIEWS,), is_page=True)
def console_view(session: Session, asked: Asked[None]) -> Reply:
    """Return the console, which reads from its own address what it is to show."""
    return _page(session)


def _page(session: Session) -> Reply:
    server = session.server
    branch, _ = split_branch(address("/").removeprefix(page_address("")))
    is_lost = bool(branch) and server.branches is not None and server.branches.find(branch) is None
    facts = {
        "root": page_address(""),
        "api": address(API),
        "console": address("/console"),
        "version": __version__,
        "rows": str(session.limits.page_rows),
        "bulk": str(session.limits.bulk_bytes),
        **({"dev": "yes"} if server.branches is not None else {}),
        **({"keys": "yes"} if server.has_keys else {}),
        **({"lost": "yes"} if is_lost else {}),
    }
    content, policy = console.page(page_address(""), tuple(facts.items()))
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer", "cache-control": "no-cache"}
    return body_answer(content, 404 if is_lost else 200, headers=headers, media="text/html")


ENDPOINTS: Endpoints = (console_home, console_page, console_file, console_view)
PAGES: Endpoints = ENDPOINTS[1:]
"""Those where the first page is another's."""
