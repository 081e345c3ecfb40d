"""How many connections there may be, in all and from one address, and what becomes of one too many.

Where all places are taken, a connection that asks for nothing gives way. Where none does, the new one is a guest: it is
told that there is no room (503 `overloaded`) and closed, unless it asks for health or metrics, which always answer.
Guests are few and have a second; who comes when there are enough of them is told the same without being read. Knows no
sockets; see ``channel.py`` for who asks.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ramekin.api.edge.proxies import Proxies
    from ramekin.api.edge.refusals import Refusals

GUESTS, GUESTS_OF_ONE, GUEST_S = 64, 8, 1.0
"""How many guests there may be at once, how many from one address, and how many seconds each has to ask."""

ASKED = 16
"""How many are asked to give way for one that comes."""

OPEN_TO_GUESTS = frozenset({b"/health", b"/health/live", b"/health/ready", b"/metrics"})


class Entrance(Enum):
    """How somebody is let in."""

    INSIDE = "as a client"
    GUEST = "for one question"
    NONE = "not at all"


class Inmate(Protocol):
    """A connection, as far as the doorkeeper knows it."""

    def gives_way(self) -> bool:
        """End, if it has asked for nothing for a while, and say whether it does."""


class Doorkeeper:
    """Counts connections. An address that a proxy has, whose word is taken, may have as many as there is room for.

    Guarantee: after as many `leave` as `enter`, nothing is counted, and no address is remembered.
    """

    def __init__(self, proxies: Proxies, refusals: Refusals, most: int = 10_000, most_of_one: int = 1_000) -> None:
        self._proxies, self._refusals, self._most, self._most_of_one = proxies, refusals, most, most_of_one
        self._guests = 0
        self._inside = OrderedDict[Inmate, None]()
        """In the order in which they are asked to give way: those that came first, or were not asked for long."""
        self._inside_by_address = dict[str, OrderedDict[Inmate, None]]()
        self._guests_by_address = Counter[str]()

    @property
    def inside(self) -> int:
        """How many are inside."""
        return len(self._inside)

    def enter(self, peer: str, inmate: Inmate) -> Entrance:
        """Count a connection from an address, and say how it is let in. Cost: O(1)."""
        address = self._proxies.client_of(peer, {})
        own = self._inside_by_address.get(address, OrderedDict())
        is_one_of_many = len(own) >= self._most_of_one and not self._proxies.trusts(peer)
        is_full = len(self._inside) >= self._most
        if not (is_one_of_many or is_full) or _one_gives_way(own if is_one_of_many else self._inside):
            self._inside[inmate] = self._inside_by_address.setdefault(address, own)[inmate] = None
            return Entrance.INSIDE
        self._refusals.count("address" if is_one_of_many else "connections", peer)
        if self._guests < GUESTS and self._guests_by_address[address] < GUESTS_OF_ONE:
            self._guests += 1
            self._guests_by_address[address] += 1
            return Entrance.GUEST
        return Entrance.NONE

    def leave(self, peer: str, inmate: Inmate, entry: Entrance) -> None:
        """Count a connection no longer."""
        address = self._proxies.client_of(peer, {})
        if entry is Entrance.INSIDE:
            del self._inside[inmate]
            own = self._inside_by_address[address]
            del own[inmate]
            if not own:
                del self._inside_by_address[address]
        elif entry is Entrance.GUEST:
            self._guests -= 1
            self._guests_by_address[address] -= 1
            if not self._guests_by_address[address]:
                del self._guests_by_address[address]


def _one_gives_way(inmates: OrderedDict[Inmate, None]) -> bool:
    """Ask some whether they give way; whoever stays is asked last the next time.

    One that gives way is counted until it has left, which is in the next turn of the loop.
    """
    for _ in range(min(ASKED, len(inmates))):
        inmate = next(iter(inmates))
        inmates.move_to_end(inmate)
        if inmate.gives_way():
            return True
    return False
