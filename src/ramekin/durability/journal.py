"""The journal: steps in, acknowledgements out. One thread commits whatever queued while the last commit ran.

The event loop appends a step and awaits its future. The thread takes all that is queued, commits it as one group
(group commit without a timer), and hands the group back to the loop, which applies the steps in order. A group that the
disk refuses is refused as a whole, together with all that queued behind it, since that was computed from it. Knows no
SQLite; see ``sqlite.py`` for the file.

1. A step is applied only after its commit, and in the order of commits.
2. After a sync that failed nothing is acknowledged until a fresh file, written from memory, is synced.
3. `everysec`: a sync begins at most half a second after the first commit that it covers; commits wait when it is late.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from ramekin.clock import SYSTEM
from ramekin.durability.faults import DiskFault
from ramekin.durability.steps import Written
from ramekin.errors import JournalFailed, OutcomeUnknown, StorageFull

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.clock import Clock
    from ramekin.durability.steps import Contents, Fsync, Step
    from ramekin.errors import RamekinError

SYNC_S = 0.5
LATE_S = 2.0
RETRY_S = 1.0
IDLE_S = 1.0
CHECKPOINT_BYTES = 64 * 1024 * 1024
IDLE_CHECKPOINT_BYTES = 1024 * 1024

_UNKNOWN = (
    "The disk failed while the change was written. It is not visible now; after a restart of the server it may be."
)

_log = logging.getLogger("ramekin")

Entry = tuple["Step", "asyncio.Future[None]"]


class File(Protocol):
    """Where a journal keeps what it is given; each method raises `DiskFault`."""

    def commit(self, steps: Sequence[Step]) -> None:
        """Commit steps, all or nothing; with `always` they outlive a power loss afterwards."""

    def sync(self) -> None:
        """Make what is committed outlive a power loss."""

    def probe(self) -> None:
        """Try whether the disk takes a commit."""

    def log_bytes(self) -> int:
        """Return how much waits for a checkpoint."""

    def checkpoint(self) -> None:
        """Write the log back."""

    def close(self) -> None:
        """Write the log back and close."""


class Journal:
    """Commits steps to a file. Use it from one event loop, between `start` and `stop`."""

    def __init__(
        self,
        file: File,
        fsync: Fsync,
        *,
        apply: Callable[[Step], None],
        refuse: Callable[[], None],
        contents: Callable[[], Contents],
        rewrite: Callable[[Any, Contents], File],
        clock: Clock = SYSTEM,
    ) -> None:
        """Make a journal.

        Args:
            apply: called on the loop with each step that is committed, in order.
            refuse: called on the loop when all that is pending was refused.
            contents: called on the loop; whole tables as they are, which nothing changes any more.
            rewrite: closes a file that cannot be trusted, and returns a fresh one with these contents. It raises
                DiskFault.
        """
        self._file, self._fsync, self._clock = file, fsync, clock
        self._apply, self._refuse, self._contents, self._rewrite = apply, refuse, contents, rewrite
        self._queue: deque[Entry] = deque()
        self._wake = threading.Event()
        self._is_stopping = False
        self._syncer = ThreadPoolExecutor(1, "ramekin-sync")
        self._syncing: Future[None] | None = None
        self._unsynced_s: float | None = None  # when the oldest commit that no sync covers was made
        self._syncing_s = 0.0
        self._pending = 0
        self.fault: DiskFault | None = None
        """Why writes are refused now; None when they are not."""

    def start(self) -> None:
        """Begin to commit."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ramekin-journal", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Commit what is queued, sync, and close the file."""
        self._is_stopping = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # what the thread handed back last is applied

    def append(self, step: Step) -> asyncio.Future[None]:
        """Queue a step; the future is done once it is committed and applied. Cost: O(1).

        Raises:
            StorageFull, JournalFailed: the disk refuses writes; nothing is queued. The future raises the same.
        """
        if self.fault is not None and self.fault.is_lasting:
            raise refusal(self.fault)
        done = self._loop.create_future()
        self._pending += 1
        self._queue.append((step, done))
        if not self._wake.is_set():
            self._wake.set()
        return done

    async def flush(self) -> None:
        """Wait until all that is queued is committed and applied. Raises as the future of a step."""
        if self._pending:
            await self.append(Written(()))

    # On the loop

    def _finish(self, group: Sequence[Entry]) -> None:
        self.fault = None
        self._pending -= len(group)
        for step, done in group:
            self._apply(step)
            if not done.done():
                done.set_result(None)

    def _refuse_all(
        self, group: Sequence[Entry], fault: DiskFault, told: threading.Event, *, is_unknown: bool = False
    ) -> None:
        """Refuse a group and all that queued behind it: it was computed from what is not there."""
        self.fault = fault if is_unknown or not fault.is_lasting else None  # None: a fresh file stands already
        behind = list(self._queue)
        self._queue.clear()
        self._pending = 0
        self._refuse()
        for entries, error in (
            (group, OutcomeUnknown(_UNKNOWN) if is_unknown else refusal(fault)),
            (behind, refusal(fault)),
        ):
            for _, done in entries:
                if not done.done():
                    done.set_exception(error)
                    done.exception()  # whoever waited may be gone
        told.set()

    # In the thread

    def _run(self) -> None:
        idle_since_s = self._clock.steady_s()
        while True:
            self._wake.wait(self._patience_s())
            self._wake.clear()
            group = self._take()
            try:
                self._keep_synced()
                if group:
                    self._file.commit([step for step, _ in group])
                    self._note_commit()
                    self._call(self._finish, group)
                    group = []
                    idle_since_s = self._clock.steady_s()
                elif self.fault is not None:
                    self._file.probe()
                    self._call(self._finish, [])
                self._checkpoint(is_idle=self._clock.steady_s() - idle_since_s >= IDLE_S)
            except DiskFault as fault:
                self._fail(group, fault)
            except Exception as error:  # whatever it was, nobody may wait for ever, and the file may be half-written
                _log.exception("the journal met a fault of its own")
                self._fail(group, DiskFault(type(error).__name__, is_lasting=True))
            if self._is_stopping and not self._queue:
                break
        self._end()

    def _take(self) -> list[Entry]:
        group = []
        with suppress(IndexError):
            while True:
                group.append(self._queue.popleft())
        return group

    def _patience_s(self) -> float | None:
        if self._is_stopping:
            return 0
        if self.fault is not None:
            return RETRY_S
        if self._fsync == "everysec" and (self._unsynced_s is not None or self._syncing is not None):
            return SYNC_S / 5
        return IDLE_S if self._file.log_bytes() > IDLE_CHECKPOINT_BYTES else None

    def _note_commit(self) -> None:
        if self._unsynced_s is None and self._fsync == "everysec":
            self._unsynced_s = self._clock.steady_s()

    def _keep_synced(self) -> None:
        """Sync what is due in a thread of its own, and wait for a sync that is late. Raises its fault."""
        now_s = self._clock.steady_s()
        if self._syncing is not None and (self._syncing.done() or now_s - self._syncing_s > LATE_S - SYNC_S):
            syncing, self._syncing = self._syncing, None
            syncing.result()
        if self._syncing is None and self._unsynced_s is not None and now_s - self._unsynced_s >= SYNC_S:
            self._syncing_s, self._unsynced_s = self._unsynced_s, None
            self._syncing = self._syncer.submit(self._file.sync)

    def _checkpoint(self, *, is_idle: bool) -> None:
        if self._file.log_bytes() > (IDLE_CHECKPOINT_BYTES if is_idle else CHECKPOINT_BYTES):
            self._file.checkpoint()

    def _fail(self, group: Sequence[Entry], fault: DiskFault) -> None:
        """Have all that is pending refused, and write a fresh file where this one is not trusted any more.

        The fresh file comes first: a commit whose sync failed may stand in the old one, and would be there after a
        restart. Where no fresh file can be written now, its outcome is unknown, and that is what is said.
        """
        _log.error("the disk does not take writes: %s", fault)
        is_fresh = not fault.is_lasting or self._try_fresh_file()
        told = threading.Event()
        self._call(functools.partial(self._refuse_all, group, fault, told, is_unknown=not is_fresh))
        while not told.wait(0.1) and not self._loop.is_closed():
            pass
        while not is_fresh and not self._is_stopping:
            self._wake.wait(RETRY_S)
            self._wake.clear()
            is_fresh = self._try_fresh_file()
        if fault.is_lasting and is_fresh:
            self._call(self._finish, [])

    def _try_fresh_file(self) -> bool:
        try:
            self._file = self._rewrite(self._file, self._ask_contents())
        except DiskFault as again:
            self._call(self._note_fault, DiskFault(str(again), is_full=again.is_full, is_lasting=True))
            return False
        self._unsynced_s = self._syncing = None
        _log.warning("a fresh file was written from memory, and takes writes")
        return True

    def _note_fault(self, fault: DiskFault) -> None:
        self.fault = fault

    def _ask_contents(self) -> Contents:
        answer: Future[Contents] = Future()

        def ask() -> None:
            answer.set_result(self._contents())

        self._call(ask)
        return answer.result()

    def _end(self) -> None:
        """Sync and close. What fails is logged; the file is closed all the same, and its note with it."""
        self._syncer.shutdown(wait=True)
        for work in (self._file.sync, self._file.close) if self._fsync == "everysec" else (self._file.close,):
            try:
                work()
            except DiskFault as fault:
                _log.error("the disk failed at the end: %s", fault)

    def _call(self, work: Callable[..., None], *arguments: object) -> bool:
        """Have the loop do something; False if the loop is gone."""
        try:
            self._loop.call_soon_threadsafe(work, *arguments)
        except RuntimeError:
            return False
        return True


def refusal(fault: DiskFault) -> RamekinError:
    """Return what a client is told."""
    if fault.is_full:
        return StorageFull("The disk is full; the change was not applied. Reading goes on.")
    return JournalFailed("The disk does not take writes; the change was not applied. Reading goes on.")
