"""The client's address: the nearest hop that is not a trusted proxy.

Each proxy writes down whom it was called by, behind what it was told itself; so what the last trusted one wrote is
true, and whatever stands before it may be invented. Knows no limits; see ``edge.py`` and ``origins.py`` for who asks.

Source: RFC 7239 (Forwarded); for X-Forwarded-For, the common practice that it describes in section 7.4.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NODE = re.compile(r'\s*(?:"?\[([0-9A-Fa-f:.]+)\](?::\w+)?"?|"?([0-9.]+)(?::\w+)?"?|([0-9A-Fa-f:.]+))\s*')
_PAIR = re.compile(r"""\s*([!#$%&'*+.^_`|~\w-]+)=([^\s;,"=]+|"(?>(?:[^"\\]|\\.)*)")\s*""", re.ASCII)


class Proxies:
    """The proxies whose word is taken.

    Raises:
        ValueError: an address is none, or a network has bits behind its mask.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(text.strip("[]")) for text in trusted]

    def client_of(self, peer: str, headers: Mapping[str, str]) -> str:
        """Return who a client is, whose connection comes from `peer`: the right-most address that is not trusted.

        An IPv6 client is its first 64 bits, because one client owns that whole range.

        Args:
            headers: by their names in small letters; those that stand in several lines as one.
        """
        address = _read_peer(peer)
        if address is None or not self._trusts(address):
            return peer if address is None else _named(address)
        told = {name: self._walk(address, nodes) for name, nodes in _nodes(headers).items()}
        # A proxy writes one of the two headers and passes the other on as a client sent it. Which one it writes is not
        # known, so two that disagree leave the proxy itself.
        return _named(told.popitem()[1] if len(set(told.values())) == 1 else address)

    def trusts(self, peer: str) -> bool:
        """Say whether an address is that of a proxy whose word is taken."""
        address = _read_peer(peer)
        return address is not None and self._trusts(address)

    def _walk(self, address: IpAddress, nodes: list[str]) -> IpAddress:
        for node in reversed(nodes):
            before = _read(node)
            if before is None:  # unknown, or a name that the proxy made up
                break
            address = before
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: IpAddress) -> bool:
        return any(address in network for network in self._networks)


def _named(address: IpAddress) -> str:
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))


def _nodes(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """Return whom each header names, in the order of its hops."""
    found = {}
    if (sent := headers.get("x-forwarded-for")) is not None:
        found["x-forwarded-for"] = sent.split(",")
    if (sent := headers.get("forwarded")) is not None:
        found["forwarded"] = _read_forwarded(sent)
    return found


def _read_forwarded(text: str) -> list[str]:
    """Return whom `Forwarded` names; nobody if it breaks the rules anywhere, since a client may have begun it."""
    nodes, at, hop = [], 0, dict[str, str]()
    while found := _PAIR.match(text, at):
        name, at = found[1].lower(), found.end()
        if name in hop:
            break
        hop[name] = found[2]
        if text[at : at + 1] != ";":
            nodes.append(hop.get("for", ""))
            hop = {}
            if at == len(text):
                return nodes
            if text[at] != ",":
                break
        at += 1
    return []


def _read(node: str) -> IpAddress | None:
    """Return the address of a node, without its port; None for one that has no address."""
    found = _NODE.fullmatch(node)
    try:
        address = ipaddress.ip_address(next(filter(None, found.groups())) if found else node.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_read_peer = lru_cache(maxsize=1024)(_read)
"""As `_read`, for addresses that the kernel tells: they are short and come again with each connection."""
