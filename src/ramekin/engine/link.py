"""The link of a process to its cluster: a line of calls, the feed that it follows, and how far both have come.

Knows no steps; see ``replicated.py`` for who asks, ``cluster/`` for how nodes are spoken to.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from ramekin.clock import Clock, stopwatch_s
from ramekin.cluster.admission import AGAIN, Unfit, admit, explain
from ramekin.cluster.feed import PAUSE_S, Feed
from ramekin.cluster.key_names import KeyNames
from ramekin.cluster.line import Line, deadline_s
from ramekin.cluster.memory_policy import MemoryPolicy
from ramekin.cluster.node_connection import Lost, NobodyAnswers, NodeRefused
from ramekin.cluster.replicas import Acknowledged, Replicas
from ramekin.cluster.slot import Slot, slot_of
from ramekin.engine.builds import retrieve
from ramekin.engine.foreign import Foreign
from ramekin.engine.replica import Replica
from ramekin.errors import OutcomeUnknown, RamekinError, Starting, Unavailable
from ramekin.stats import LinkStats
from ramekin.values.ids import SYSTEM_IDS

if TYPE_CHECKING:
    from ramekin.cluster.address import Servers
    from ramekin.engine.base import State
    from ramekin.engine.tables import Tables

_log = logging.getLogger("ramekin")

HEALS_S = 20.0
"""Seconds for which a start waits for nodes that are there and not ready."""

LOOK_S = 0.2
"""Seconds for which whoever asks how it is waits for a node that was in trouble, and may be well by now."""

SILENCE_S = 3.0
"""Seconds without a word from the node after which the engine says that it has failed."""


class Link:
    """What one process has of a database that a cluster keeps."""

    def __init__(
        self,
        servers: Servers,
        database: str,
        acknowledged_by: Acknowledged,
        tables: Tables,
        clock: Clock,
        *,
        is_fresh: bool,
    ) -> None:
        """Make one that `open` connects.

        Args:
            clock: says when the steps of this process happen.
            is_fresh: whether the tables show only what replicas have, where they are asked.

        Raises:
            ValueError: no database may have that name.
        """
        self.servers, self.keys = servers, KeyNames(database)
        self.foreign = Foreign()
        self.replica = Replica(tables, self.keys, self.foreign)
        self.slot = Slot(servers, slot_of(self.keys.tag))
        self.replicas = Replicas(self.keys, acknowledged_by)
        asked = self.replicas if is_fresh else None
        self.feed = Feed(self.slot, self.keys, "ramekin-feed", asked, self.replica.apply, self.replica.read_anew)
        self.policy = MemoryPolicy(self.slot)
        self._clock = clock
        self._latest = (0, 0)  # how often all had been read when the node told the number of the last step, and this
        self._looking: asyncio.Task[None] | None = None
        self._token, self._counter = SYSTEM_IDS.token(8), count()
        self._line: Line | None = None
        self._asking: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._fault = ""

    # Its life

    async def open(self) -> None:
        """Connect, and read everything. What time heals is waited for.

        Raises:
            Unavailable: nobody answers, or no node can keep the database; the text says why.
        """
        end_s = stopwatch_s() + HEALS_S
        while True:
            try:
                await self._open()
                return
            except Unfit as unfit:
                raise Unavailable(f"The cluster cannot be used: {unfit}.") from None
            except (Lost, NodeRefused) as error:
                if not _heals(error) or stopwatch_s() >= end_s:
                    raise _unusable(error) from None
            await asyncio.sleep(PAUSE_S)

    async def is_begun(self) -> bool:
        """Say whether the nodes hold anything of the database; nothing is written. Raises Unavailable."""
        try:
            connection = await self.slot.connect("ramekin")
            try:
                return bool(await connection.call("EXISTS", self.keys.of("head")))
            finally:
                connection.close()
        except (Lost, NodeRefused) as error:
            raise _unusable(error) from None

    async def _open(self) -> None:
        await admit(self.slot, self.keys)
        line = self._new_line()
        try:
            await line.open()
            await self.feed.begin()
        except (Lost, NodeRefused, Unfit, RamekinError):
            line.close()
            raise
        self._start(line)

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._line is not None

    def follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.feed.forget()
        self._asking = self._looking = None
        if self.is_open:
            self._start(self._new_line())

    async def close(self) -> None:
        """End the connections."""
        tasks = self._tasks if self._looking is None else [*self._tasks, self._looking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def lineage(self) -> str:
        """What tells the history of the database from all others; empty before it is open."""
        return self.feed.lineage if self.is_open else ""

    async def state(self) -> State:
        """Return how it is, as an engine does; and look whether what is in the way still is."""
        if not self.is_open:
            return "starting"
        looking = self._look()
        if self.line.trouble.why:
            await asyncio.wait((looking,), timeout=LOOK_S)
        is_well = not (self.line.trouble.why or self.feed.anew or self.policy.primary.why or self._fault)
        return "ok" if is_well and self.feed.silence_s < SILENCE_S else "failed"

    def stats(self) -> LinkStats:
        """Return how the process follows. What lies behind is as the node told when this was asked last."""
        line, feed = self._line, self.feed
        if line is None:
            return LinkStats(0, 0.0, 0, 0, 0, feed.readings, "")
        self._look()
        readings, latest = self._latest
        trouble = line.trouble.why or feed.anew or (feed.trouble.why if feed.silence_s >= SILENCE_S else "")
        return LinkStats(
            max(0, latest - feed.number) if readings == feed.readings else 0,  # of another history nothing is known
            feed.silence_s,
            feed.number,
            line.calls,
            line.connections,
            feed.readings,
            self._fault or trouble or self.policy.primary.why,
            tuple(filter(None, (self.policy.replicas.why, self.foreign.warning))),
        )

    def _look(self) -> asyncio.Task[None]:
        """Ask the node, beside all else, how far it is: so what was in the way is found to be there no more."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_once())
            self._looking.add_done_callback(retrieve)
        return self._looking

    async def _look_once(self) -> None:
        readings = self.feed.readings
        latest, _ = await self.line.ask(deadline_s())
        self._latest = (readings, latest)

    def _new_line(self) -> Line:
        line = Line(self.slot, self.keys, self._token, self.replicas, self._clock)
        line.feed, line.done = self.feed, self.replica.numbers
        return line

    def _start(self, line: Line) -> None:
        self._line = line
        looking = self.policy.run(line.read, lambda: line.connections)
        self._tasks = [asyncio.create_task(each) for each in (line.run(), self.feed.run(), looking)]
        for task in self._tasks:
            task.add_done_callback(self._note_fault)

    def _note_fault(self, task: asyncio.Task[None]) -> None:
        """Take note of a task that ended though nobody asked it to: nothing follows the nodes any more."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fault = "a fault of this server, which its log tells of: start it again"
            _log.error("the server follows the nodes no more", exc_info=fault)

    # Calls, and how far this process has come

    @property
    def line(self) -> Line:
        """The line of calls. Raises Starting."""
        if self._line is None:
            raise Starting("The database is not open.")
        return self._line

    def new_nonce(self) -> str:
        """Return what tells a step from all others."""
        return f"{self._token}-{next(self._counter)}"

    def forget(self, nonce: str) -> None:
        """Forget a step of this process: nobody waits for it any more."""
        self.replica.mine.pop(nonce, None)
        self.replica.numbers.pop(nonce, None)

    async def catch_up(self, end_s: float | None = None) -> int:
        """Wait until all that has happened anywhere is here, and return the number of the last step.

        Args:
            end_s: the moment up to which it may take.

        Raises:
            Unavailable: the cluster does not answer.
        """
        end_s = end_s or deadline_s()
        while True:
            seen = self.feed.number
            number, nonce = await self.line.ask(end_s)
            if number < seen:  # the node that was followed has told of what this one never heard of
                await self._look_again(end_s)
            elif await self.come_to(number, nonce, end_s):
                return number

    async def refresh(self) -> None:
        """Do what `catch_up` does, with one question for all who ask in the same turn. Raises Unavailable."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._refresh_soon())
            self._asking.add_done_callback(retrieve)
        await asyncio.shield(self._asking)

    async def _refresh_soon(self) -> None:
        await asyncio.sleep(0)
        self._asking = None  # whoever comes from now on has to ask again
        await self.catch_up()

    async def come_to(self, number: int, nonce: str, end_s: float) -> bool:
        """Wait until a step has happened here that a node tells of. Raises Unavailable.

        False: another one had happened here, and what is here now is the node's history again.
        """
        await self._reach(number, end_s)
        if self.feed.passed(number, nonce):
            return True
        await self._look_again(end_s)
        return False

    async def see(self, number: int, nonce: str, end_s: float) -> None:
        """Wait until a step of this process, which is done, has happened here.

        Raises:
            OutcomeUnknown: it takes too long.
        """
        try:
            await self._reach(number, end_s)
            while nonce not in self.replica.numbers:
                await self._look_again(end_s)
        except Unavailable:
            raise OutcomeUnknown("It is done, and has not come to this process in time.") from None

    async def _reach(self, number: int, end_s: float) -> None:
        if self.feed.number < number:
            await until(self.feed.reached(number), end_s)

    async def _look_again(self, end_s: float) -> None:
        await until(asyncio.shield(self.feed.look_again()), end_s)


def _heals(error: Lost | NodeRefused) -> bool:
    """Say whether time may heal it, as where a cluster elects another primary."""
    return error.code in AGAIN if isinstance(error, NodeRefused) else not isinstance(error, NobodyAnswers)


def _unusable(error: Lost | NodeRefused) -> Unavailable:
    """Return what says why a database cannot be begun: of one that nobody answers for with the addresses."""
    return Unavailable(f"The cluster cannot be used: {error if isinstance(error, Lost) else explain(error)}")


async def until(future: asyncio.Future[None], end_s: float) -> None:
    """Wait for something until a moment. Raises Unavailable. It may be called where there is no task."""
    late = asyncio.get_running_loop().call_later(max(0.0, end_s - stopwatch_s()), _give_up, future)
    try:
        await future
    finally:
        late.cancel()


def _give_up(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(Unavailable("The cluster does not answer in time."))
