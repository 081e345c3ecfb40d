"""The line of calls to the node that has the slot: those that came together leave in one packet, one packet at a time.

    ask ---> line ---one packet---> node ---> each is done, or is refused for a reason of its own
               ^                      |
               +---- again, in a new epoch, after the node was lost: what the feed tells was done, the rest was not

The promise: a call is done once, or never, whatever fails in between. Each process stands in an *epoch*, and each call
carries it, as it is when the packet is made. Whoever connects again begins another, so what was sent before is refused
from then on. Then the process reads up to the last step: a nonce of ours that is there was done, and no other will be.
The feed forgets, so a nonce that it does not have may have been done all the same: what has happened here since tells,
and where all was read anew meanwhile, nobody does.

Its limit: who has waited for `DEADLINE_S` is told so, and a write that was sent may have happened. Knows no tables.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from ramekin.clock import Clock, stopwatch_s
from ramekin.cluster.admission import AGAIN, DAMAGED, Unfit, explain, is_damage
from ramekin.cluster.call import Call
from ramekin.cluster.key_names import FORMAT, LIBRARY, KeyNames, function
from ramekin.cluster.node_connection import ANSWER_S, Lost, NodeConnection, NodeRefused, Word
from ramekin.cluster.replicas import CONFIRM_MS, Replicas, told_step
from ramekin.cluster.telling import Trouble
from ramekin.errors import OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.cluster.feed import Feed
    from ramekin.cluster.slot import Slot

STALE, DONE, FENCED, HELD, COMMITTED = range(5)
"""What functions reply first; see ``library.lua``."""

NAME = "ramekin"
"""What nodes call the connection."""

UNKNOWN = -1
"""Stands for the number of a step whose entry was not read: all was read anew meanwhile."""

DEADLINE_S = 5.0
"""Seconds after which whoever asked is told that the cluster does not answer."""

PACKET_CALLS, PACKET_BYTES = 256, 1 << 20
"""Calls, and bytes, after which a packet is full."""

PAUSE_S = 0.02
"""Seconds before a call is sent again."""


def deadline_s() -> float:
    """Return the moment up to which whoever asks now waits."""
    return stopwatch_s() + DEADLINE_S


class Line:
    """The calls of one process, in one event loop."""

    def __init__(self, slot: Slot, keys: KeyNames, token: str, replicas: Replicas, clock: Clock) -> None:
        """Make one that `run` carries out.

        Args:
            token: tells this process from all others.
            clock: says when steps happen.
        """
        self.feed: Feed
        """What tells which calls were done, after a node was lost."""
        self.done: dict[str, int] = {}
        """The numbers of steps of this process that have happened, by nonce; UNKNOWN where that cannot be told."""
        self.replicas = replicas
        self.trouble = Trouble("the nodes take no writes", "the nodes take writes again")
        """Why calls do not come through now."""
        self.calls = self.connections = 0
        """Calls that were sent, and connections over which they were."""
        self._slot, self._keys, self._token, self._clock = slot, keys, token, clock
        self._epoch = b""
        self._connection: NodeConnection | None = None
        self._waiting = deque[Call]()
        self._wake = asyncio.Event()
        self._fresh: asyncio.Task[None] | None = None

    # Asking

    async def read(self, *words: Word) -> Any:
        """Return the reply to a command that reads. Raises Unavailable."""
        return await self._ask(Call("", "", (), words))

    async def call(
        self,
        function: str,
        nonce: str,
        keys: Sequence[str],
        words: Sequence[Word],
        end_s: float | None = None,
        *,
        frees: bool = False,
    ) -> list[Any]:
        """Return what a function of the library replies.

        Args:
            end_s: the moment up to which it may take.

        Raises:
            Unavailable, MemoryLimit: it was not done. OutcomeUnknown: nobody knows.
        """
        return cast("list[Any]", await self._ask(Call(function, nonce, keys, words, frees=frees), end_s))

    async def _ask(self, call: Call, end_s: float | None = None) -> Any:
        self._put(call)
        left_s = DEADLINE_S if end_s is None else max(0.0, end_s - stopwatch_s())
        late = asyncio.get_running_loop().call_later(left_s, call.give_up)
        try:
            return await call.reply
        finally:
            late.cancel()

    def _put(self, call: Call) -> None:
        if not call.reply.done():
            self._waiting.append(call)
            self._wake.set()

    async def ask(self, end_s: float) -> tuple[int, str]:
        """Return the number and the nonce of the last step that has happened anywhere. Raises Unavailable."""
        if self.replicas.are_asked:
            _, *told = await self.call("ask", "?", (), (), end_s)
        else:
            told = await self._ask(Call("", "", (), ("HMGET", self._keys.of("head"), "rev", "nonce")), end_s)
        return told_step(told, self._keys.of("head"))

    async def bring_all(self) -> None:
        """Bring what is committed into its hashes, chunk by chunk; others may do so beside us. Raises Unavailable."""
        while chunk := await self.read("LRANGE", self._keys.of("applying"), 0, 1):
            await self.call("bring", "", [each.decode() for each in chunk], ())

    # Sending

    async def run(self) -> None:
        """Carry out calls until cancelled, through every failure of nodes."""
        calls: list[Call] = []
        try:
            while True:
                calls = [call for call in calls if not call.reply.done()] or await self._next()
                try:
                    if self._connection is None or not self._connection.is_open:
                        calls = await self._connect(calls)
                    calls = await self._send(self._connection, calls) if self._connection and calls else []
                    if not calls:
                        continue
                except (Lost, NodeRefused, TimeoutError, Unfit) as error:
                    self.trouble.note(explain(error))  # whoever waits is told when it takes too long
                    if isinstance(error, NodeRefused) and error.code in AGAIN:
                        calls = [call for call in calls if call.is_sent or not self._tell_refusal(call, error)]
                self.close()
                await asyncio.sleep(PAUSE_S)
        finally:
            self.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _next(self) -> list[Call]:
        """Return the calls of the next packet; wait for one."""
        calls: list[Call] = []
        size_bytes = 0
        while not calls:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            while self._waiting and len(calls) < PACKET_CALLS and size_bytes < PACKET_BYTES:
                call = self._waiting.popleft()
                if not call.reply.done():
                    calls.append(call)
                    size_bytes += call.size_bytes
        return calls

    async def open(self) -> NodeConnection:
        """Connect and begin an epoch. Raises Lost, NodeRefused."""
        self._connection = connection = await self._slot.connect(NAME)
        self.connections += 1
        await self._begin_session(connection)
        return connection

    async def _connect(self, calls: list[Call]) -> list[Call]:
        """Connect and begin an epoch; return the calls that were not done in the one before, and never will be."""
        connection = await self.open()
        if steps := [call for call in calls if call.is_sent and call.is_step]:
            async with asyncio.timeout(DEADLINE_S):
                last = await self._follow_to_the_end(connection)
            for call in steps:
                await self._tell_if_done(call, last, connection)
            for call in calls:
                call.is_sent = False
        return [call for call in calls if not call.reply.done()]

    async def _tell_if_done(self, call: Call, last: int, connection: NodeConnection) -> None:
        """Tell whoever asked for a step if the node has it, which was followed to its last one. Raises Lost."""
        if (done := self.done.get(call.nonce)) is None or done > last:
            return
        is_kept = None if done == UNKNOWN else await self.feed.was_kept(done, call.nonce, connection)
        if is_kept is not False:
            call.answer([DONE, done] if is_kept else OutcomeUnknown("Whether the change was kept cannot be told."))

    async def _follow_to_the_end(self, connection: NodeConnection) -> int:
        """Wait until this process has all that the node has; return the number of the last step. Raises Lost."""
        while True:
            number, nonce = await self.replicas.last_step(connection)
            self.feed.confirm(number, nonce)
            await self.feed.reached(number)
            if self.feed.passed(number, nonce):
                return number
            await asyncio.shield(self.feed.look_again())

    async def _begin_session(self, connection: NodeConnection) -> None:
        keys = self._keys.of_every_call
        words: list[Word] = ["FCALL", function("session"), len(keys), *keys, self._token, self._token, FORMAT]
        try:
            told = await connection.call(*words)
        except NodeRefused as refused:
            if "unction not found" not in str(refused):
                raise
            await connection.call("FUNCTION", "LOAD", "REPLACE", LIBRARY)
            told = await connection.call(*words)
        self._epoch = b"%d" % told[0]
        await self.replicas.look(connection)

    async def _send(self, connection: NodeConnection, calls: list[Call]) -> list[Call]:
        """Send calls in one packet, tell what comes of them, and return those that are to be sent in a new epoch."""
        confirms = self.replicas.are_asked and any(call.is_confirmed for call in calls)
        if confirms:
            await self.replicas.keep_count(connection)
        if confirms and not self.replicas.count:
            self.close()  # this may be a primary no more
            self.trouble.note("no replica is there to confirm changes")
            if self.replicas.may_come():
                return calls
            return [call for call in calls if not (call.is_confirmed and call.lack())]
        self.feed.expect()
        calls = [call for call in calls if not call.reply.done()]  # who was told that nothing was applied meanwhile
        who = self._token, self._epoch, self._clock.wall_ms()
        asked = [connection.send(*call.command(self._keys.of_every_call, *who)) for call in calls]
        if confirms:
            asked.append(connection.send("WAIT", self.replicas.count, CONFIRM_MS))
        for call in calls:
            call.is_sent = True
        async with asyncio.timeout(ANSWER_S + CONFIRM_MS / 1000):
            replies = await asyncio.gather(*asked, return_exceptions=True)
        if any(isinstance(reply, Lost) for reply in replies):
            raise Lost("The node was lost.")
        is_confirmed = not confirms or self.replicas.have_confirmed(replies.pop())
        if not is_confirmed:
            self.trouble.note("too few replicas confirm changes", 0)
        elif confirms or not self.replicas.are_asked:  # what nobody confirms says nothing of replicas
            self.trouble.over()
        self.calls += len(calls)
        return [call for call, reply in zip(calls, replies, strict=True) if not self._tell(call, reply, is_confirmed)]

    def _tell(self, call: Call, reply: Any, is_confirmed: bool) -> bool:
        """Tell whoever asked what has come of a call; False: it is to be sent again."""
        if isinstance(reply, NodeRefused):
            return self._tell_refusal(call, reply)
        if not call.nonce:
            return call.answer(reply)
        if len(reply) < 2:
            raise Unfit(DAMAGED)  # the number of the last step is none
        if reply[0] == FENCED:
            return False
        if reply[0] in (HELD, COMMITTED):
            if reply[0] == COMMITTED:
                self._help()
            call.is_sent = False
            asyncio.get_running_loop().call_later(PAUSE_S, self._put, call)
            return True
        if reply[0] == DONE and call.is_confirmed:
            if not is_confirmed:
                return call.doubt()
            self.replicas.note_taken()
            self.feed.confirm(int(reply[1]), call.nonce if call.is_step else reply[2].decode(errors="replace"))
        return call.answer(reply)

    def _tell_refusal(self, call: Call, refused: NodeRefused) -> bool:
        if refused.code in AGAIN or "unction not found" in str(refused):
            call.is_sent, call.refusal = False, explain(refused)
            is_final = refused.code == "NOREPLICAS" and not self.replicas.may_return()
            return is_final and call.lack()
        if refused.code == "OOM" and call.frees:
            call.function, call.frees = f"{call.function}_freeing", False
            self._put(call)
            return True
        if call.function and is_damage(refused):
            self.trouble.note(DAMAGED, 0)
        return call.refuse(refused)

    def _help(self) -> None:
        """Go on with what another process has committed: it may have ended meanwhile."""
        if self._fresh is None or self._fresh.done():
            self._fresh = asyncio.create_task(self._quietly_bring())

    async def _quietly_bring(self) -> None:
        with suppress(Unavailable):
            await self.bring_all()
