"""Pages of other origins that may read answers: which they are, and what the headers of CORS tell their browser.

A browser lets a page read an answer from another origin only if the answer names the page's. Before a request that an
HTML form could not send it asks first, with OPTIONS: a preflight. Nothing is shared unless an operator names an origin,
or serves for development, which pages of this machine take part in; and cookies never count, so no answer says that it
takes credentials. See ``origins.py`` for what is refused.

Source: the Fetch standard, section 3.3 (CORS protocol).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ramekin.api.edge.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EVERY = "*"

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
_EXPOSED = {
    "access-control-expose-headers": "Content-Disposition, ETag, Link, Location, Preference-Applied, Retry-After, "
    "X-Ramekin-Fault, X-Ramekin-Grant, X-Request-Id, X-Total-Count, X-Warnings, RateLimit, RateLimit-Policy"
}
_NOTHING: Mapping[str, str] = {}
_FOR_ALL: Mapping[str, str] = {"access-control-allow-origin": EVERY, **_EXPOSED}
_VARY = {"vary": "Origin"}  # or a cache would give one origin what is for another

PREFLIGHT_S = 600
"""Seconds for which a browser need not ask again."""


class Cors:
    """The origins that may read answers.

    Raises:
        ValueError: one is none, such as ``https://app.example.com``.
    """

    def __init__(self, origins: Sequence[str] = (), *, with_loopback: bool = False) -> None:
        """Take the origins, of which `*` stands for all there are.

        Args:
            with_loopback: pages of this machine's own addresses may read too, whatever their port.
        """
        self._named = frozenset(_read(origin) for origin in origins if origin != EVERY)
        self._is_for_all, self._with_loopback = EVERY in origins, with_loopback
        self._for_others = _VARY if self._named or with_loopback else _NOTHING

    def __bool__(self) -> bool:
        return self._is_for_all or self._with_loopback or bool(self._named)

    def shares_with(self, sent: Mapping[str, str]) -> bool:
        """Say whether the page that sent these headers may do what our own may."""
        return (origin := sent.get("origin")) is not None and self._shares_with(origin)

    def _shares_with(self, origin: str) -> bool:
        return self._is_for_all or origin in self._named or (self._with_loopback and _is_of_this_machine(origin))

    def headers(self, sent: Mapping[str, str]) -> Mapping[str, str]:
        """Return what every answer to a request with these headers says of it. Cost: O(1)."""
        if self._is_for_all:
            return _FOR_ALL
        origin = sent.get("origin")
        return self._for_others if origin is None or not self._shares_with(origin) else _for_one(origin)

    def preflight(self, sent: Mapping[str, str], methods: Sequence[str]) -> dict[str, str]:
        """Return what a preflight is told besides; nothing for any other OPTIONS, or for an origin that is not named.

        All headers are allowed: what no endpoint knows is not looked at, and `*` does not stand for Authorization.
        """
        if "access-control-request-method" not in sent or not self.shares_with(sent):
            return {}
        return {
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": "*, Authorization",
            "access-control-max-age": str(PREFLIGHT_S),
        }


NO_OTHERS = Cors()
"""Nobody but our own pages."""


def _read(text: str) -> str:
    """Return an origin as browsers write it: in small letters, without a port that its scheme has anyway."""
    origin = text.lower().removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("not an origin")
    scheme, _, rest = origin.partition("://")
    return f"{scheme}://{rest.removesuffix({'http': ':80', 'https': ':443'}.get(scheme, ' '))}"


@lru_cache(maxsize=64)
def _for_one(origin: str) -> Mapping[str, str]:
    return {"access-control-allow-origin": origin, **_VARY, **_EXPOSED}


def _is_of_this_machine(origin: str) -> bool:
    found = _ORIGIN.fullmatch(origin)
    return origin.startswith(("http://", "https://")) and found is not None and is_loopback(found[1].strip("[]"))
