"""The feed: every step of a database, in order, as each process reads it from the node that has the slot.

    entries --> do replicas have them? --> does each follow the one before? --yes--> apply --> whoever waits goes on
                                                      |
                     read all anew <--no: the node has another history, or has forgotten too much

The promise: entries are given in order, each once; and where replicas are asked, none is given that they do not have,
so that nothing is shown that can be lost with its node. Most are confirmed for somebody else, and the feed is told.
A node that was cut off may tell of steps that no other has: whoever was told of a step by another one asks whether it
has `passed` here. Knows no tables; see ``engine/replicated.py`` for who applies.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.clock import stopwatch_s
from ramekin.cluster.admission import Unfit, explain
from ramekin.cluster.node_connection import ANSWER_S, Lost, NodeConnection, NodeRefused
from ramekin.cluster.replicas import Replicas, read_step
from ramekin.cluster.telling import Seldom, Trouble
from ramekin.errors import RamekinError
from ramekin.values.ids import SYSTEM_IDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ramekin.cluster.key_names import KeyNames
    from ramekin.cluster.slot import Slot

_log = logging.getLogger("ramekin")

ENTRIES = 100
"""Entries that are read at once."""

WAIT_S = 0.5
"""Seconds that the node waits for an entry before it says that there is none."""

PAUSE_S = 0.05
"""Seconds before a node is looked for again."""

PACE_S = 0.002
"""Seconds for which steps of others come together, so that many are read at once, where nobody here waits for any. With
1,300 to 2,600 changes a second by 32 writers a server that follows took 38 to 41 us of its core for each, and without
45 to 53; the node 48 to 51, and 55 to 62 (rounds in turn, busy machine, November 2026)."""

PATIENCE_S = 0.02
"""Seconds for which entries that nobody waits for lie before the feed itself asks whether replicas have them."""

UNFIT_PAUSE_S = 1.0
"""Seconds before everything is read again, where something in it could not be: it does not get well by itself."""

ANOTHER = "the nodes were emptied, or hold another database now"
LOST_STEPS = "the nodes have lost steps that had happened here"
BEHIND = "this server had fallen behind further than the nodes keep"
"""Why everything is read anew."""

RECENT = 2000
"""Steps whose nonces are known: what is asked for is hardly ever older."""


class Gap(Exception):  # no fault of whoever reads
    """What an entry names is there no more."""


class FeedEntry(NamedTuple):
    """A step as the feed tells it: its number, letter, nonce, the nonce of the one before, when, and words in pairs."""

    number: int
    letter: bytes
    nonce: str
    before: str
    at_ms: int
    words: list[bytes]

    @classmethod
    def read(cls, told: list[Any]) -> FeedEntry:
        """Return the entry that a node has told. Raises Unfit: it is none."""
        place, words = told
        try:
            number = int(place.partition(b"-")[0])
            return cls(number, words[1], words[3].decode(), words[5].decode(), int(words[7]), words[8:])
        except (ValueError, IndexError):
            said = f"the feed has the entry {place.decode()}, which Ramekin has not written: XDEL it there"
            raise Unfit(said) from None


async def read_entries(connection: NodeConnection, keys: KeyNames, after: int, last: int) -> list[FeedEntry]:
    """Return the next entries behind a step, up to another one. Raises Gap: there are none. Lost, NodeRefused."""
    told = await connection.call("XRANGE", keys.of("feed"), f"({after}-0", f"{last}-0", "COUNT", ENTRIES)
    if not told:
        raise Gap
    return [FeedEntry.read(each) for each in told]


async def is_told(connection: NodeConnection, keys: KeyNames, number: int, nonce: str) -> bool | None:
    """Say whether a node's feed has an entry of that number and nonce, or of another nonce; None: it has none.

    Raises:
        Lost, NodeRefused.
    """
    found = await connection.call("XRANGE", keys.of("feed"), f"{number}-0", f"{number}-0")
    return FeedEntry.read(found[0]).nonce == nonce if found else None


class Feed:
    """Where this process is in the history of a database."""

    def __init__(
        self,
        slot: Slot,
        keys: KeyNames,
        name: str,
        replicas: Replicas | None,
        apply: Callable[[FeedEntry, NodeConnection], Awaitable[None]],
        read_anew: Callable[[NodeConnection], Awaitable[tuple[int, str]]],
    ) -> None:
        """Make one that `run` follows.

        Args:
            replicas: those that have each step before it happens here, if they are asked; None: nobody is.
            apply: lets an entry happen here; the connection may be asked for what the entry names.
            read_anew: reads everything, and returns the number and the nonce of the step from which on to follow.
        """
        self.number = -1
        """The number of the last step that happened here; -1 before the first reading."""
        self.trouble = Trouble("the nodes are not heard", "the nodes are heard again")
        """Why nothing is heard now."""
        self.readings, self.anew = 0, ""
        """How often everything was read; and why it is read again right now, empty while it is not."""
        self._slot, self._keys, self._name, self._replicas = slot, keys, name, replicas
        self._confirmed = (-1, "")
        """The number and the nonce of the last step that replicas are known to have."""
        self._news, self._wanted = asyncio.Event(), asyncio.Event()
        self._apply, self._read_anew = apply, read_anew
        self.lineage = ""
        """What tells the history that is here from all others."""
        self._nonce = ""
        self._heard_s = -1e9
        self._recent: dict[int, str] = {}
        """The last steps that happened here, each with its nonce."""
        self._seldom = Seldom()
        self._connection: NodeConnection | None = None
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
            self._wanted.set()
            if number > self._confirmed[0]:
                self._news.set()
        return reached

    def expect(self) -> None:
        """Read at once what comes next: something of this process is on its way."""
        self._wanted.set()

    def confirm(self, number: int, nonce: str) -> None:
        """Take note that replicas have a step, and all before it."""
        if number > self._confirmed[0]:
            self._confirmed = (number, nonce)
            self._news.set()

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
        self._checked, self._news, self._wanted = None, asyncio.Event(), asyncio.Event()

    async def begin(self) -> None:
        """Read everything for the first time. Raises Lost, NodeRefused."""
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
            except (Lost, NodeRefused) as error:
                self.trouble.note(explain(error))
                await asyncio.sleep(PAUSE_S)
            except (Unfit, RamekinError) as error:
                self.trouble.note(str(error))
                await asyncio.sleep(UNFIT_PAUSE_S)

    async def _follow(self, connection: NodeConnection) -> None:
        await self._compare(connection)
        if self._checked is not None and not self._checked.done():
            self._checked.set_result(None)
        feed = self._keys.of("feed")
        while True:
            words = ("COUNT", ENTRIES, "BLOCK", int(WAIT_S * 1000), "STREAMS", feed, f"{self.number}-0")
            told = await connection.call("XREAD", *words, within_s=WAIT_S + ANSWER_S)
            entries = [FeedEntry.read(each) for each in told[0][1]] if told else []
            self._heard_s = stopwatch_s()
            self.trouble.over()
            is_all = len(entries) < ENTRIES
            while entries:
                count = await self._count_confirmed(entries, connection)
                for entry in entries[:count]:
                    await self._take(entry, connection)
                del entries[:count]
            if not told:
                await self._compare(connection)
            elif is_all:
                await self._pace()

    async def _pace(self) -> None:
        """Let more steps of others come, unless something here waits for one, or is on its way."""
        if not self._wanted.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_S):
                    await self._wanted.wait()
        self._wanted.clear()

    async def _compare(self, connection: NodeConnection) -> None:
        """Read everything anew where the node has another history than the one here. Raises Lost, NodeRefused."""
        if why := await self._why_not_ours(connection):
            await self._begin_anew(connection, why)

    async def _why_not_ours(self, connection: NodeConnection) -> str:
        """Say why the node's last step does not come behind the last one here, and is not that; nothing if it is so."""
        head = self._keys.of("head")
        *told, lineage = await connection.call("HMGET", head, "rev", "nonce", "lineage")
        if _read_lineage(lineage) != self.lineage:
            return ANOTHER
        number, nonce = read_step(told, head)
        if number == self.number:
            return "" if nonce == self._nonce else LOST_STEPS
        if number < self.number:
            return LOST_STEPS
        if self.number == 0 or (is_there := await is_told(connection, self._keys, self.number, self._nonce)):
            return ""
        return BEHIND if is_there is None else LOST_STEPS

    async def was_kept(self, number: int, nonce: str, connection: NodeConnection) -> bool | None:
        """Say whether a step that happened here is in a node's history; both have come further, to the same step.

        None: it cannot be told, since both have forgotten.

        Raises:
            Lost, NodeRefused.
        """
        return self.passed(number, nonce) or await is_told(connection, self._keys, number, nonce)

    async def _count_confirmed(self, entries: Sequence[FeedEntry], connection: NodeConnection) -> int:
        """Wait until replicas have the first of some entries, and return how many of them they have. Raises Lost."""
        if self._replicas is None or not self._replicas.are_asked:
            return len(entries)
        while True:
            number, nonce = self._confirmed
            for count, entry in enumerate(entries, 1):
                if entry.number == number:
                    if entry.nonce != nonce:
                        raise Lost("The node has another history than the one that replicas have.")
                    return count
            if number > entries[-1].number and await is_told(connection, self._keys, number, nonce):
                return len(entries)
            await self._hear_more(self._replicas, connection)

    async def _hear_more(self, replicas: Replicas, connection: NodeConnection) -> None:
        """Wait until others tell what is confirmed; ask where somebody waits, or nobody tells. Raises Lost."""
        self._news.clear()
        if not any(number > self._confirmed[0] and not reached.done() for number, reached in self._waiting):
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._news.wait()
                return
        self._confirmed = await replicas.last_step(connection)

    async def _take(self, entry: FeedEntry, connection: NodeConnection) -> None:
        if (entry.number, entry.before) != (self.number + 1, self._nonce):
            await self._begin_anew(connection, LOST_STEPS if entry.number == self.number + 1 else BEHIND)
            raise Lost("The node has another history, or has forgotten too much of it.")  # what was read is of no use
        try:
            await self._apply(entry, connection)
        except Gap:
            await self._begin_anew(connection, BEHIND)
            raise Lost("The node has forgotten too much.") from None
        self._stand_at(entry.number, entry.nonce)

    async def _begin_anew(self, connection: NodeConnection, why: str = "") -> None:
        """Read everything.

        Args:
            why: what the log is told of it, where that is not the beginning.
        """
        began_s, self.anew = stopwatch_s(), why and f"all tables are read anew: {why}"
        try:
            lineage = await self._lineage_of(connection)
            place = await self._read_anew(connection)
        except Gap:
            raise Lost("The node forgets faster than this process reads.") from None
        finally:
            self.anew = ""
        self._recent.clear()
        self._confirmed = (-1, "")
        self.lineage = lineage
        self._stand_at(*place)
        self.readings += 1
        self._heard_s = stopwatch_s()
        if why and self._seldom.may():
            _log.warning("%s: all tables were read anew, in %.1f s", why, self._heard_s - began_s)

    async def _lineage_of(self, connection: NodeConnection) -> str:
        """Return what the node calls its history, which is given a name if it has none: all was taken from it."""
        head = self._keys.of("head")
        found: bytes | None = await connection.call("HGET", head, "lineage")
        if found is None:
            await connection.call("HSETNX", head, "lineage", SYSTEM_IDS.token(8))
            found = await connection.call("HGET", head, "lineage")
        return _read_lineage(found)

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


def _read_lineage(told: bytes | None) -> str:
    """Return what a history is called, whoever has called it so."""
    return (told or b"").decode(errors="replace")
