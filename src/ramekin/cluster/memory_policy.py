"""What nodes do when their memory is short: one that throws records away then is told of, before and while it does.

    the primary ---> refused at the start; later the engine has failed
    a replica of it ---> refused at the start, since it may be the primary next; later a warning

Looked at now and then, and once there is another connection, since that may be to another primary. A node that does not
tell is believed, and a replica that cannot be reached is left out. Policies that touch keys with a time to live alone
are no danger: no key has one but chunks of steps that have been carried out. Knows no tables.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from ramekin.cluster.address import Address
from ramekin.cluster.node_connection import Lost, NodeRefused, Word
from ramekin.cluster.telling import Trouble
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.cluster.slot import Slot

LOOKS, PAUSE_S = 10, 1.0
"""How many pauses lie between two looks, where the connection stays the same; seconds of each."""

_EVICTING = re.compile(rb"maxmemory_policy:(allkeys\S+)")


class Ask(Protocol):
    """Returns the reply of a node to a command."""

    def __call__(self, *words: Word) -> Awaitable[Any]: ...


async def of_primary(ask: Ask) -> str:
    """Say how the primary throws records away; nothing if it keeps them. Raises Lost, Unavailable."""
    policy = await _evicting(ask)
    return policy and _told("the primary", policy)


async def of_replicas(slot: Slot, ask: Ask) -> str:
    """Say the same of the first of the primary's replicas that does so. Raises as `of_primary`."""
    role, _, followers, *_ = await ask("ROLE")
    addresses = [Address(host.decode(), int(port)) for host, port, _ in followers] if role == b"master" else []
    policies = await asyncio.gather(*(_of_replica(slot, address) for address in addresses if address.port))
    return next((_told("a replica", policy) for policy in policies if policy), "")


def _told(who: str, policy: str) -> str:
    return f"{who} throws records away when its memory is short (maxmemory-policy {policy}): set noeviction there"


async def _of_replica(slot: Slot, address: Address) -> str:
    try:
        connection = await slot.enter(address, "ramekin-look")
        try:
            return await _evicting(connection.call)
        finally:
            connection.close()
    except (Lost, NodeRefused):
        return ""


async def _evicting(ask: Ask) -> str:
    try:
        found = _EVICTING.search(await ask("INFO", "memory"))
    except NodeRefused:
        return ""
    return "" if found is None else found[1].decode()


class MemoryPolicy:
    """What the primary and its replicas do, as far as they were looked at."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self.primary = Trouble("records may be lost", "the primary keeps all records again")
        self.replicas = Trouble("records may be lost by the next primary", "replicas keep all records again")

    async def run(self, ask: Ask, connections: Callable[[], int]) -> None:
        """Look until cancelled.

        Args:
            ask: asks the primary. connections: returns how many there have been to it.
        """
        while True:
            seen = connections()
            for _ in range(LOOKS):
                await asyncio.sleep(PAUSE_S)
                if connections() != seen:
                    break
            with suppress(RamekinError):  # the nodes do not answer, which is told elsewhere
                _note(self.primary, await of_primary(ask))
                _note(self.replicas, await of_replicas(self._slot, ask))


def _note(trouble: Trouble, why: str) -> None:
    if why:
        trouble.note(why, 0)
    else:
        trouble.over()
