"""The feed: every step of a database, in order, as each process reads it from the node that has the slot.

    entries ---> does each follow the one before? ---yes---> apply ---> whoever waits for it goes on
                                |
                                no: the node has another history, or has forgotten too much ---> read all anew

The promise: entries are given in order, each once. A node that was cut off may tell of steps that no other has: whoever
was told of a step by another one asks whether it has `passed` here. Knows no tables; see ``engine/replicated.py`` for
who applies.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.clock import stopwatch_s
from ramekin.cluster.admission import explain
from ramekin.cluster.connection import ANSWER_S, Lost, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.cluster.connection import Connection
    from ramekin.cluster.keys import Keys
    from ramekin.cluster.slot import Slot

ENTRIES = 100
"""Entries that are read at once."""

WAIT_S = 1.0
"""Seconds that the node waits for an entry before it says that there is none."""

PAUSE_S = 0.05
"""Seconds before a node is looked for again."""

RECENT = 2000
"""Steps whose nonces are known: what is asked for is hardly ever older."""


class Gap(Exception):  # no fault of whoever reads
    """What an entry names is there no more."""


class Entry(NamedTuple):
    """A step as the feed tells it: its number, kind, nonce, the nonce of the one before, and words in pairs."""

    number: int
    kind: bytes
    nonce: str
    before: str
    words: list[bytes]

    @classmethod
    def read(cls, told: list[Any]) -> Entry:
        """Return the entry that a node has told."""
        place, words = told
        return cls(int(place.partition(b"-")[0]), words[1], words[3].decode(), words[5].decode(), words[6:])


class Feed:
    """Where this process is in the history of a database."""

    def __init__(
        self,
        slot: Slot,
        keys: Keys,
        name: str,
        apply: Callable[[Entry, Connection], Awaitable[None]],
        read_anew: Callable[[Connection], Awaitable[tuple[int, str]]],
    ) -> None:
        """Make one that `run` follows.

        Args:
            apply: lets an entry happen here; the connection may be asked for what the entry names.
            read_anew: reads everything, and returns the number and the nonce of the step from which on to follow.
        """
        self.number = -1
        """The number of the last step that happened here; -1 before the first reading."""
        self.trouble = ""
        """Why nothing is heard now; empty while something is."""
        self.readings = 0
        """How often everything was read."""
        self._slot, self._keys, self._name = slot, keys, name
        self._apply, self._read_anew = apply, read_anew
        self._nonce = ""
        self._heard_s = -1e9
        self._recent: dict[int, str] = {}
        """The last steps that happened here, each with its nonce."""
        self._connection: Connection | None = None
        self._checked: asyncio.Future[None] | None = None
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()

    @property
    def silence_s(self) -> float:
        """Seconds since the node was heard last."""
        return stopwatch_s() - self._heard_s

    def reached(self, number: int) -> asyncio.Future[None]:
        """Return what ends when a step has happened here. Cost: O(1)."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.number >= number:
            reached.set_result(None)
        else:
            self._waiting.append((number, reached))
        return reached

    def passed(self, number: int, nonce: str) -> bool:
        """Say whether a step that a node tells of is one of the last that happened here. Cost: O(1)."""
        return self._recent.get(number) == nonce

    def look_again(self) -> asyncio.Future[None]:
        """Look for the node anew, and return what ends when that was found, and what is here is its history."""
        if self._checked is None or self._checked.done():
            self._checked = asyncio.get_running_loop().create_future()
            if self._connection is not None:
                self._connection.close()
        return self._checked

    def forget(self) -> None:
        """Forget whoever waits: their event loop has stopped."""
        self._waiting.clear()
        self._checked = None

    async def begin(self) -> None:
        """Read everything for the first time. Raises Lost, Refused."""
        connection = await self._slot.connect(self._name)
        try:
            await self._begin_anew(connection)
        finally:
            connection.close()

    async def run(self) -> None:
        """Follow until cancelled, through every failure of nodes."""
        while True:
            try:
                self._connection = connection = await self._slot.connect(self._name)
                try:
                    await self._follow(connection)
                finally:
                    self._connection = None
                    connection.close()
            except (Lost, Refused) as error:
                self.trouble = explain(error)
                await asyncio.sleep(PAUSE_S)

    async def _follow(self, connection: Connection) -> None:
        if not await self._is_our_history(connection):
            await self._begin_anew(connection)
        if self._checked is not None and not self._checked.done():
            self._checked.set_result(None)
        feed = self._keys.of("feed")
        while True:
            words = ("COUNT", ENTRIES, "BLOCK", int(WAIT_S * 1000), "STREAMS", feed, f"{self.number}-0")
            told = await connection.call("XREAD", *words, within_s=WAIT_S + ANSWER_S)
            self._heard_s, self.trouble = stopwatch_s(), ""
            for each in told[0][1] if told else ():
                await self._take(Entry.read(each), connection)
            if not told and not await self._is_our_history(connection):
                await self._begin_anew(connection)

    async def _is_our_history(self, connection: Connection) -> bool:
        """Say whether the node's last step is the last one here, or comes behind one that is in the feed."""
        number, nonce = await connection.call("HMGET", self._keys.of("head"), "rev", "nonce")
        self._heard_s = stopwatch_s()
        if int(number or 0) == self.number:
            return (nonce or b"").decode() == self._nonce
        if int(number or 0) < self.number:
            return False
        return self.number == 0 or await self.has(self.number, self._nonce, connection)

    async def has(self, number: int, nonce: str, connection: Connection) -> bool:
        """Say whether a node still has an entry of that number and nonce. Raises Lost, Refused."""
        found = await connection.call("XRANGE", self._keys.of("feed"), f"{number}-0", f"{number}-0")
        return bool(found) and Entry.read(found[0]).nonce == nonce

    async def _take(self, entry: Entry, connection: Connection) -> None:
        if (entry.number, entry.before) != (self.number + 1, self._nonce):
            await self._begin_anew(connection)
            raise Lost("The node has another history, or has forgotten too much of it.")  # what was read is of no use
        try:
            await self._apply(entry, connection)
        except Gap:
            await self._begin_anew(connection)
            raise Lost("The node has forgotten too much.") from None
        self._stand_at(entry.number, entry.nonce)

    async def _begin_anew(self, connection: Connection) -> None:
        place = await self._read_anew(connection)
        self._recent.clear()
        self._stand_at(*place)
        self.readings += 1
        self._heard_s = stopwatch_s()

    def _stand_at(self, number: int, nonce: str) -> None:
        self.number, self._nonce = number, nonce
        self._recent[number] = nonce
        self._recent.pop(number - RECENT, None)
        for _ in range(len(self._waiting)):
            wanted, reached = self._waiting.popleft()
            if reached.done():
                continue
            if wanted <= number:
                reached.set_result(None)
            else:
                self._waiting.append((wanted, reached))
