"""The slot that has a database's keys, and the node that may write there now: the slot's primary.

A cluster moves slots, and makes replicas primaries; a node alone, or a primary with replicas, has all slots. Whoever
is refused, or hears nothing, asks here again.

    ask a node ---> it names a primary ---> that one lets us in ---> found
      |                                       |
      +---> the next one: nothing came of it, or it hangs; and all once more while any of it hangs

So a node that hangs is waited for beside all others, and who takes its place is found meanwhile.
Knows no commands of ours; see ``node_connection.py`` for how a node is spoken to.
"""

from __future__ import annotations

import asyncio
import logging
from binascii import crc_hqx
from collections import deque
from typing import Any, TypeVar

from ramekin.cluster.address import Address, Servers
from ramekin.cluster.node_connection import Lost, NobodyAnswers, NodeConnection, NodeRefused

_Outcome = TypeVar("_Outcome")

_log = logging.getLogger("ramekin")

SLOTS = 16_384

PROBE_S = 2.0
"""Seconds that a node may take to let us in, or to say who owns a slot; others are asked meanwhile."""

NEXT_S = 0.05
"""Seconds without news after which one more node is asked, beside those that have not answered."""

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
            Lost: the primary does not answer. NobodyAnswers: nobody does. NodeRefused: none lets us in, or none that
                answers knows a primary (CLUSTERDOWN).
        """
        search = _Search(self, name)
        try:
            owner, connection = await search.found()
        finally:
            search.end()
        if self._owner not in (None, owner):
            _log.warning("another node is the primary: %s; it was %s", owner, self._owner)
        self._owner = owner
        return connection

    def in_order(self) -> list[Address]:
        """Return all that are known, in the order they came; the one that was the primary last, since it failed."""
        return sorted(self._known, key=lambda known: known == self._owner)

    async def enter(self, owner: Address, name: str) -> NodeConnection:
        """Return a connection to a node. Raises Lost, NodeRefused."""
        return await NodeConnection.open(owner, self._login, name, PROBE_S)

    async def ask(self, address: Address, name: str) -> Address | None:
        """Return whom a node takes for the primary, None for nobody; take note of the nodes that it knows."""
        connection = await self.enter(address, name)
        try:
            try:
                ranges = await connection.call("CLUSTER", "SLOTS", within_s=PROBE_S)
            except NodeRefused:  # no cluster: it has all slots
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


class _Search:
    """One search for the primary."""

    def __init__(self, slot: Slot, name: str) -> None:
        self._slot, self._name = slot, name
        self._to_ask = deque(slot.in_order())
        self._asked: dict[asyncio.Task[Address | None], Address] = {}
        self._entered: dict[asyncio.Task[NodeConnection], Address] = {}
        self._named = set[Address]()
        """Who was taken for the primary by anybody: each is tried once."""
        self._refused: NodeRefused | None = None
        self._lost: dict[Address, str] = {}

    async def found(self) -> tuple[Address, NodeConnection]:
        """Return the primary, and a connection to it. Raises as `Slot.connect`."""
        self._ask_next()
        while under_way := {*self._asked, *self._entered}:
            done, _ = await asyncio.wait(under_way, timeout=NEXT_S, return_when=asyncio.FIRST_COMPLETED)
            if not done and not self._to_ask:
                self._to_ask.extend(each for each in self._slot.in_order() if each not in self._asked.values())
            for entered in [task for task in self._entered if task in done]:
                owner = self._entered.pop(entered)
                if (connection := self._outcome(entered, owner)) is not None:
                    return owner, connection
            named = [self._outcome(task, self._asked.pop(task)) for task in [*self._asked] if task in done]
            are_new = [self._enter(owner) for owner in named]
            if not any(are_new):
                self._ask_next()
        shown = " ".join(f"{address}: {why}" for address, why in [*self._lost.items()][:MAX_SHOWN])
        if self._refused is None and not self._named:
            raise NobodyAnswers(f"No node answers: {shown}")
        raise self._refused or Lost(f"The primary does not answer: {shown}")

    def _ask_next(self) -> None:
        """Ask one more node, if there is any."""
        if self._to_ask:
            address = self._to_ask.popleft()
            self._asked[asyncio.create_task(self._slot.ask(address, self._name))] = address

    def _enter(self, owner: Address | None) -> bool:
        """Try a node that somebody named; False: nobody was named, or that was tried."""
        if owner is None or owner in self._named:
            return False
        self._named.add(owner)
        self._entered[asyncio.create_task(self._slot.enter(owner, self._name))] = owner
        return True

    def _outcome(self, task: asyncio.Task[_Outcome], address: Address) -> _Outcome | None:
        """Return what came of something, or take note of why nothing did."""
        try:
            found = task.result()
        except Lost as error:
            self._lost[address] = str(error)
            return None
        except NodeRefused as error:
            self._refused = error
            return None
        if found is None:
            self._refused = self._refused or NodeRefused("CLUSTERDOWN Nobody knows a primary.")
        return found

    def end(self) -> None:
        """Let go of all that is under way."""
        for task in (*self._asked, *self._entered):
            task.cancel()
            task.add_done_callback(_let_go)


def _let_go(task: asyncio.Task[Any]) -> None:
    """Close a connection that came too late."""
    if not task.cancelled() and task.exception() is None and isinstance(connection := task.result(), NodeConnection):
        connection.close()


def _read_node(node: list[Any], asked: Address) -> Address:
    """Return the address in a node's description; a node that does not know its own name is the one that was asked."""
    return Address(node[0].decode() if node[0] else asked.host, int(node[1]))


def _primary_of(role: list[Any], asked: Address) -> Address:
    return asked if role[0] == b"master" else Address(role[1].decode(), int(role[2]))
