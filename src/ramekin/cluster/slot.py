"""The slot that has a database's keys, and the node that may write there now: the slot's primary.

A cluster moves slots, and makes replicas primaries; a node alone, or a primary with replicas, has all slots. Whoever
is refused, or hears nothing, asks here again: all nodes that are known are asked in turn, the one that failed last.
Knows no commands of ours; see ``node_connection.py`` for how a node is spoken to.
"""

from __future__ import annotations

import logging
from binascii import crc_hqx
from typing import TYPE_CHECKING

from ramekin.cluster.address import Address
from ramekin.cluster.node_connection import Lost, NodeConnection, Refused

if TYPE_CHECKING:
    from typing import Any

    from ramekin.cluster.address import Servers

_log = logging.getLogger("ramekin")

SLOTS = 16_384

PROBE_S = 0.5
"""Seconds that a node may take to let us in, or to say who owns a slot: there may be another to ask."""

MAX_SHOWN = 3
"""Addresses that an error tells of."""

MAX_KNOWN = 1000
"""Addresses of nodes that are kept; a cluster has fewer."""


def slot_of(tag: str) -> int:
    """Return the slot of all keys that have a text in ``{}``: CRC-16 (XMODEM), as the servers take it."""
    return crc_hqx(tag.encode(), 0) % SLOTS


class Slot:
    """One slot, and those who may know where it is."""

    def __init__(self, servers: Servers, number: int) -> None:
        self.number = number
        self._login = servers.login
        self._known = dict.fromkeys(servers.addresses)
        self._owner: Address | None = None

    async def connect(self, name: str) -> NodeConnection:
        """Return a connection to the primary.

        Raises:
            Lost: no node answers. Refused: none lets us in, or none that answers knows a primary (CLUSTERDOWN).
        """
        refused: Refused | None = None
        lost: list[str] = []
        for address in sorted(self._known, key=lambda known: known == self._owner):  # else in the order they came
            try:
                owner = await self._ask(address, name)
                if owner is not None:
                    connection = await NodeConnection.open(owner, self._login, name, PROBE_S)
                    if self._owner not in (None, owner):
                        _log.warning("another node is the primary: %s; it was %s", owner, self._owner)
                    self._owner = owner
                    return connection
                refused = refused or Refused("CLUSTERDOWN Nobody knows a primary.")
            except Lost as error:
                lost.append(f"{address}: {error}")
            except Refused as error:
                refused = error
        raise refused or Lost(f"No node answers: {' '.join(lost[:MAX_SHOWN])}")

    async def _ask(self, address: Address, name: str) -> Address | None:
        """Return whom a node takes for the primary, None for nobody; take note of the nodes that it knows."""
        connection = await NodeConnection.open(address, self._login, name, PROBE_S)
        try:
            try:
                ranges = await connection.call("CLUSTER", "SLOTS", within_s=PROBE_S)
            except Refused:  # no cluster: it has all slots
                return _primary_of(await connection.call("ROLE", within_s=PROBE_S), address)
        finally:
            connection.close()
        found = None
        for low, high, *nodes in ranges:
            addresses = [_read_node(node, address) for node in nodes]
            for each in addresses:
                if len(self._known) < MAX_KNOWN:
                    self._known.setdefault(each)
            if low <= self.number <= high:
                found = addresses[0]
        return found


def _read_node(node: list[Any], asked: Address) -> Address:
    """Return the address in a node's description; a node that does not know its own name is the one that was asked."""
    return Address(node[0].decode() if node[0] else asked.host, int(node[1]))


def _primary_of(role: list[Any], asked: Address) -> Address:
    return asked if role[0] == b"master" else Address(role[1].decode(), int(role[2]))
