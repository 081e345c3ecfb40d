"""How many connections there may be, in all and from one address, and what becomes of one too many.

Beyond the limits a connection is a guest: it is told that there is no room (503 `overloaded`) and closed, unless it
asks for health or metrics, which always answer. Guests are few and have a second; who comes when there are enough of
them is told the same without being read. Knows no sockets; see ``channel.py`` for who asks.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ramekin.api.edge.proxies import Proxies
    from ramekin.api.edge.refusals import Refusals

GUESTS, GUESTS_OF_ONE, GUEST_S = 64, 8, 1.0
"""How many guests there may be at once, how many from one address, and how many seconds each has to ask."""

OPEN_TO_GUESTS = frozenset({b"/health", b"/health/live", b"/health/ready", b"/metrics"})


class Entry(Enum):
    """How somebody is let in."""

    INSIDE = "as a client"
    GUEST = "for one question"
    NONE = "not at all"


class Doorkeeper:
    """Counts connections. An address that a proxy has, whose word is taken, may have as many as there is room for.

    Guarantee: after as many `leave` as `enter`, nothing is counted, and no address is remembered.
    """

    def __init__(self, proxies: Proxies, refusals: Refusals, most: int = 10_000, most_of_one: int = 1_000) -> None:
        self._proxies, self._refusals, self._most, self._most_of_one = proxies, refusals, most, most_of_one
        self.inside = self._guests = 0
        self._inside_by_address, self._guests_by_address = Counter[str](), Counter[str]()

    def enter(self, peer: str) -> Entry:
        """Count a connection from an address, and say how it is let in. Cost: O(1)."""
        address = self._proxies.client_of(peer, {})
        is_one_of_many = self._inside_by_address[address] >= self._most_of_one and not self._proxies.trusts(peer)
        if self.inside < self._most and not is_one_of_many:
            self.inside += 1
            self._inside_by_address[address] += 1
            return Entry.INSIDE
        self._refusals.count("address" if is_one_of_many else "connections", peer)
        if self._guests < GUESTS and self._guests_by_address[address] < GUESTS_OF_ONE:
            self._guests += 1
            self._guests_by_address[address] += 1
            return Entry.GUEST
        return Entry.NONE

    def leave(self, peer: str, entry: Entry) -> None:
        """Count a connection no longer."""
        address = self._proxies.client_of(peer, {})
        if entry is Entry.INSIDE:
            self.inside -= 1
            _take_one(self._inside_by_address, address)
        elif entry is Entry.GUEST:
            self._guests -= 1
            _take_one(self._guests_by_address, address)


def _take_one(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if not counts[address]:
        del counts[address]
