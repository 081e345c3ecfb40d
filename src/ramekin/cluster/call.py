"""A call of the line: what is asked of the node, who waits for it, and what it is told when it fails.

Knows no node; see ``line.py`` for who sends calls.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ramekin.cluster.admission import DAMAGED, is_damage
from ramekin.cluster.key_names import function
from ramekin.errors import MemoryLimit, OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.cluster.node_connection import NodeRefused, Word

_DAMAGED = f"The outcome is not known: {DAMAGED}."
_DOUBTFUL = "It is not certain that this is kept: too few replicas have said so."
_NO_REPLICA = "There is no replica to confirm the change; nothing was applied."
_NOT_LAST = "Too few replicas answer, so what the last change is cannot be told; nothing was applied."


class Call:
    """A function with its keys and words, or a command that only reads; and what comes of it."""

    __slots__ = (
        *("frees", "function", "is_confirmed", "is_sent", "is_step", "keys", "nonce", "refusal", "reply", "size_bytes"),
        "words",
    )

    def __init__(
        self, function: str, nonce: str, keys: Sequence[str], words: Sequence[Word], *, frees: bool = False
    ) -> None:
        self.function, self.nonce, self.keys, self.words = function, nonce, keys, words
        self.frees = frees  # it takes away, and adds nothing
        self.size_bytes = sum(len(word) for word in words if not isinstance(word, int))
        self.is_sent, self.is_step = False, function in ("write", "commit")
        self.is_confirmed = self.is_step or function == "ask"  # by replicas, where they are asked
        self.refusal = ""  # why it was not begun, when it was sent last
        self.reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def command(self, keys: Sequence[str], process: str, epoch: bytes, now_ms: int) -> Sequence[Word]:
        """Return the words that a node is sent: the keys of every call come first, and who asks, and when."""
        if not self.function:
            return self.words
        who: Sequence[Word] = (process, epoch, self.nonce, now_ms) if self.nonce else ()
        return ("FCALL", function(self.function), len(keys) + len(self.keys), *keys, *self.keys, *who, *self.words)

    def give_up(self) -> None:
        """Tell whoever waits that it takes too long."""
        if self.is_step and self.is_sent:
            self.answer(OutcomeUnknown("The cluster did not answer in time."))
        else:
            why = f"takes no calls now: {self.refusal}" if self.refusal else "does not answer"
            self.answer(Unavailable(f"The cluster {why}; nothing was applied."))

    def answer(self, reply: Any) -> bool:
        """Tell whoever waits what has come of it, which may be an exception. Return True."""
        if not self.reply.done():
            if isinstance(reply, Exception):
                self.reply.set_exception(reply)
                self.reply.exception()
            else:
                self.reply.set_result(reply)
        return True

    def doubt(self) -> bool:
        """Tell whoever waits that it was done, and that too few replicas have it. Return True."""
        return self.answer(OutcomeUnknown(_DOUBTFUL) if self.is_step else Unavailable(_NOT_LAST))

    def lack(self) -> bool:
        """Tell whoever waits that it was not sent, for want of replicas. Return True."""
        return self.answer(Unavailable(_NO_REPLICA if self.is_step else _NOT_LAST))

    def refuse(self, refused: NodeRefused) -> bool:
        """Tell whoever waits what a node refuses for good. Return True."""
        if refused.code == "OOM":
            hint = "Delete records or tables, or raise `maxmemory` there."
            return self.answer(MemoryLimit("The nodes take no more; nothing was applied.", hint=hint))
        if is_damage(refused):
            return self.answer(OutcomeUnknown(_DAMAGED) if self.is_step else Unavailable(_DAMAGED))
        return self.answer(Unavailable("The cluster refuses this; nothing was applied."))
