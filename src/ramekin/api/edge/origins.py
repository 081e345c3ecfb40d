"""For whom a request is, and whose page sent it: what keeps pages of other sites out of a server on this machine.

A page can have a browser send requests to any address. Two ways lead from it to a server that only its own machine
reaches: a name of the page's own that stands for 127.0.0.1 for a while (DNS rebinding), which `Host` gives away, and a
request to our address whose answer the page may not read but which is carried out, which `Origin` and
`Sec-Fetch-Site` give away. A page can forge none of the three. Knows no routes and no keys; see ``edge.py``.

Source: the Fetch standard, section 3.2 (Origin); W3C Fetch Metadata.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from ramekin.api.edge.cors import NO_OTHERS, Cors
from ramekin.api.edge.loopback import is_address, is_loopback
from ramekin.errors import ForeignHost, ForeignOrigin

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, and whose answers a browser keeps from pages of other sites. See ``Endpoint.enter`` for
branches, which a request may make by naming them: none of such a page does."""

_NAME = re.compile(r"[a-z0-9._-]+")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?")
_ORIGIN = re.compile(r"(https?)://([^/]+)")
_PORTS = {"http": "80", "https": "443"}


class Origins:
    """Which hosts and origins requests may name.

    Raises:
        ValueError: a host is no name or address, or has a port.
    """

    def __init__(self, hosts: Collection[str] | None, cors: Cors = NO_OTHERS, *, takes_addresses: bool = False) -> None:
        """Take the names that requests may be for besides those of this machine; None: whatever they are for.

        Args:
            cors: the origins whose pages may do what our own may.
            takes_addresses: any address will do, as whoever looks after many servers asks them: only a name can be made
                to stand for another machine.
        """
        self.cors, self._takes_addresses = cors, takes_addresses
        self._hosts = None if hosts is None else frozenset(map(_read_name, hosts))

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Refuse a request for another host, or of a page of another origin. Raises ForeignHost, ForeignOrigin."""
        if not self._is_for_us(headers):
            these = "any address, and localhost" if self._takes_addresses else "those of its own machine"
            raise ForeignHost(
                f"'Host' is none of the names that this server answers to: {these}, and those of --allow-host."
            )
        if method not in SAFE and self._is_from_elsewhere(headers):
            raise ForeignOrigin("A page of another origin sent this request, and it would change something.")

    def lets_in(self, headers: Mapping[str, str]) -> bool:
        """Say whether requests with these headers pass `check` whatever their method."""
        return self._is_for_us(headers) and not self._is_from_elsewhere(headers)

    def _is_for_us(self, headers: Mapping[str, str]) -> bool:
        if self._hosts is None or (host := headers.get("host")) is None:
            return True
        name = _split(host)[0]
        return name in self._hosts or is_loopback(name) or (self._takes_addresses and is_address(name))

    def _is_from_elsewhere(self, headers: Mapping[str, str]) -> bool:
        return _is_foreign(headers) and not self.cors.shares_with(headers)


def _is_foreign(headers: Mapping[str, str]) -> bool:
    if headers.get("sec-fetch-site", "").lower() == "cross-site":
        return True
    if (sent := headers.get("origin")) is None:
        return False
    found = _ORIGIN.fullmatch(sent)
    if found is None:  # null, or no address that a browser could have from us
        return True
    scheme, port = found[1], _PORTS[found[1]]
    (name, its_port), (host, our_port) = _split(found[2]), _split(headers.get("host", ""))
    # Whether a proxy in front speaks TLS is not known here, so the host's port may be the origin's, said or unsaid.
    return name != host or (its_port or port) != (our_port or _PORTS[scheme])


def _split(host: str) -> tuple[str, str]:
    """Return the name or address of a host, in the form in which names are compared, and its port, if it is said."""
    found = _HOST.fullmatch(host)
    if found is None:
        return host, ""
    return found[1].strip("[]").lower().removesuffix("."), found[2] or ""


def _read_name(text: str) -> str:
    if ":" in text:
        return str(ipaddress.IPv6Address(text.strip("[]")))
    name = text.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError("not a name or an address")
    return name
