"""The console: a page that shows tables, records and what the server does, and the modules that it is made of.

Modules are served as they lie here: nothing is built or bundled. The libraries in `vendor/` are as published
(`scripts/vendor_console.py`), and the page's policy forbids all that is from elsewhere. Knows no HTTP; see
``api/endpoints/console.py`` for who serves it, ``main.js`` for where it begins.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from posixpath import dirname, normpath
from typing import TYPE_CHECKING

from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""What is served, by the end of its name; nothing else is."""

LIBRARIES = {
    "preact": "vendor/preact.mjs",
    "preact/hooks": "vendor/hooks.mjs",
    "htm": "vendor/htm.mjs",
    "@preact/signals-core": "vendor/signals-core.mjs",
    "@preact/signals": "vendor/signals.mjs",
    "uplot": "vendor/uplot.js",
}
"""The names by which modules import libraries, and where these lie."""

FIRST = ("main.js", "tables/view.js")
"""Modules that are fetched with the page, and all that they import; others when a view needs them."""

STYLE = "style.css"
"""All sheets, one behind the other: a browser draws nothing before it has them, and one is soon there."""

_IMPORTED = re.compile(r"""\b(?:from|import)\s*["']([@\w./-]+)["']""")

POLICY = (
    "default-src 'none'; script-src 'self' 'sha256-{map}'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    content: bytes
    media: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return all files that are served, by their paths; they are read when one is first asked for."""
    found = dict(sorted(_read(files("ramekin.console"), "")))
    sheets = [path for path in found if path.endswith(".css")]
    found[STYLE] = b"\n".join(found.pop(path) for path in sheets)
    return {
        path: Asset(content, MEDIA_TYPES[path[path.rindex(".") :]], codec.digest(content))
        for path, content in found.items()
    }


@cache
def version() -> str:
    """Return what stands in the addresses of all files: another where one has changed, so a browser keeps them."""
    return f"v{codec.digest(''.join(asset.digest for asset in assets().values()).encode())[:12]}"


@cache
def first_modules() -> tuple[str, ...]:
    """Return the modules that the first view is made of, those before others that these import."""
    found: dict[str, None] = {}
    waiting = [*FIRST]
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found[path] = None
            names = _IMPORTED.findall(assets()[path].content.decode())
            waiting += [LIBRARIES.get(name) or normpath(f"{dirname(path)}/{name}".lstrip("/")) for name in names]
    return tuple(found)


def _read(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(tuple(MEDIA_TYPES)):
            yield path + entry.name, entry.read_bytes()


@lru_cache(maxsize=16)  # the branches' names are anybody's
def page(root: str, facts: tuple[tuple[str, str], ...]) -> tuple[bytes, str]:
    """Return the page, and the policy that it is sent with.

    Args:
        root: what stands before the path of every address.
        facts: what the page's scripts are told of the server, as names and values of ``data-`` attributes.
    """
    base = f"{root}/console/assets/{version()}"
    imports = codec.dump({"imports": {name: f"{base}/{path}" for name, path in LIBRARIES.items()}}).decode()
    told = dict(facts)
    early = f'<link rel="preload" as="fetch" crossorigin href="{escape(told["api"])}/tables">'
    parts = {
        "early": "" if "keys" in told or "lost" in told else early,
        "facts": " ".join(f'data-{name}="{escape(value)}"' for name, value in facts),
        "base": escape(base),
        "imports": imports.replace("<", "\\u003c"),
        "modules": "\n".join(f'<link rel="modulepreload" href="{escape(base)}/{path}">' for path in first_modules()),
    }
    template = (files("ramekin.console") / "index.html").read_text("utf-8")
    html = re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)
    policy = POLICY.format(map=b64encode(sha256(parts["imports"].encode()).digest()).decode())
    return html.encode(), policy
