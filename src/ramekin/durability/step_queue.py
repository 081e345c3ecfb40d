r"""Steps that wait for their commit on the event loop, and what becomes of them.

          append            take               finish
    (caller) ------> queued ------> in a group ------> applied and acknowledged
                        \               |
                         +-- refuse_all -+----------> refused

A group that the disk refuses takes with it all that queued behind it, since that was computed from it. Knows no files
and no thread; see ``journal.py`` for who commits.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING

from ramekin.changes import Step, Together, Written
from ramekin.errors import JournalFailed, OutcomeUnknown, RamekinError, StorageFull, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.durability.failures import DiskFault

_UNKNOWN = (
    "The disk failed while the change was written. It is not visible now; after a restart of the server it may be."
)

AWAY_S, AWAY_FOR_S = 0.005, 0.0002
"""How often the loop lets the thread have the interpreter's lock, and for how long, while steps wait."""

_log = logging.getLogger("ramekin")

Queued = tuple["Step | Together", "asyncio.Future[None]"]


class StepQueue:
    """Steps, each with a future for whoever waits. All but `take` is called on the loop."""

    def __init__(self, apply: Callable[[Step | Together], None], refuse: Callable[[], None]) -> None:
        """Make an empty queue.

        Args:
            apply: called with each step of a group that is committed, in order.
            refuse: called when all that is pending was refused.
        """
        self._apply, self._refuse = apply, refuse
        self._queue: deque[Queued] = deque()
        self.wake = threading.Event()
        """Set when the thread has something to do."""
        self.is_stopping = False
        self.pending = 0
        """Steps that are queued, or committed and not applied yet."""
        self.fault: DiskFault | None = None
        """Why writes are refused now; None when they are not."""
        self._giving_way: asyncio.AbstractEventLoop | None = None
        """The loop that gives way to the thread now."""

    def take_no_more(self) -> None:
        """Refuse what comes from now on; what is queued is committed."""
        self.is_stopping = True
        self.wake.set()

    def admit(self) -> None:
        """See that a step may be queued, and that what is queued may be waited for. Raises as `append`. Cost: O(1)."""
        if self.is_stopping:
            raise Unavailable("The database is closed; the change was not applied.")
        if self.fault is not None and self.fault.is_lasting:
            raise refusal(self.fault)

    def append(self, step: Step | Together) -> asyncio.Future[None]:
        """Queue a step; the future is done once it is committed and applied. Cost: O(1).

        Raises:
            StorageFull, JournalFailed: the disk refuses writes; nothing is queued. The future raises the same.
            Unavailable: the journal is being stopped.
        """
        self.admit()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if self._giving_way is not loop:
            self._giving_way = loop
            loop.call_later(AWAY_S, self._give_way, loop)
        self.pending += 1
        self._queue.append((step, done))
        if not self.wake.is_set():
            self.wake.set()
        return done

    def _give_way(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let go of the interpreter's lock for long enough that a thread which waits for it wakes up.

        A loop that always has something to do lets go of it in each turn, but for a microsecond only: the thread is
        woken too late, and waits anew. A write took 0.2 to 1.3 s beside a task that dumps small tables without a rest,
        on an idle machine with two cores, and 11 ms with this (November 2026).
        """
        if self.pending:
            sleep(AWAY_FOR_S)
            loop.call_later(AWAY_S, self._give_way, loop)
        else:
            self._giving_way = None

    async def flush(self) -> None:
        """Wait until all that is queued is committed and applied. Raises as the future of a step."""
        if self.pending:
            await self.append(Written(()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left for the thread to take."""
        return not self._queue

    def finish(self, group: Sequence[Queued]) -> None:
        """Apply the steps of a group, which is committed, and tell whoever waits."""
        self.set_fault(None)
        self.pending -= len(group)
        for step, done in group:
            self._apply(step)
            if _is_waited_for(done):
                done.set_result(None)

    def refuse_all(
        self, group: Sequence[Queued], fault: DiskFault, told: threading.Event, *, is_unknown: bool = False
    ) -> None:
        """Refuse a group and all that queued behind it: it was computed from what is not there."""
        self.set_fault(fault if is_unknown or not fault.is_lasting else None)  # None: a fresh file stands already
        behind = list(self._queue)
        self._queue.clear()
        self.pending = 0
        self._refuse()
        for entries, error in (
            (group, OutcomeUnknown(_UNKNOWN) if is_unknown else refusal(fault)),
            (behind, refusal(fault)),
        ):
            for _, done in entries:
                if _is_waited_for(done):
                    done.set_exception(error)
                    done.exception()  # whoever waited may be gone
        told.set()

    def set_fault(self, fault: DiskFault | None) -> None:
        """Take note of whether the disk takes writes, and tell when that changes."""
        if self.fault is None and fault is not None:
            _log.error("the disk does not take writes: %s", fault)
        elif self.fault is not None and fault is None:
            _log.warning("the disk takes writes again")
        self.fault = fault

    def take(self) -> list[Queued]:
        """Take all that is queued, as one group."""
        group = []
        with suppress(IndexError):
            while True:
                group.append(self._queue.popleft())
        return group


def _is_waited_for(done: asyncio.Future[None]) -> bool:
    return not done.done() and not done.get_loop().is_closed()


def refusal(fault: DiskFault) -> RamekinError:
    """Return what a client is told."""
    if fault.is_full:
        return StorageFull("The disk is full; the change was not applied. Reading goes on.")
    return JournalFailed("The disk does not take writes; the change was not applied. Reading goes on.")
