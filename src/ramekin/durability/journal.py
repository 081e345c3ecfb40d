"""The journal: steps in, acknowledgements out; each step is in the log before anything is told of it.

The promise:

1. A step is applied only after its commit, and in the order of commits.
2. After a sync that failed nothing is acknowledged until fresh files, written from memory, are synced.
3. `everysec`: a sync begins at most half a second after the first commit that it covers; commits wait when it is late.

How it works. Two write to the log, never at once: the event loop and a thread.

    a small step, `everysec` or `no`     the loop appends it itself: 2 µs, where a turn of another thread takes ten
                                         times as long
    everything else                      is queued. The thread takes all that queued while its last commit ran, as one
                                         group, with one sync for all: a group commit that needs no timer

They keep out of each other's way because the loop appends only while nothing is pending, and what the thread commits is
pending until the loop has applied it. Where nothing is pending, the thread asks the loop to do what it wants done
(`LoopCalls`). Besides, the thread syncs, has snapshots written (``compaction.py``), and mends what a disk broke:

            no room                         probe finds room
    fine ------------> full: steps refused -----------------> fine
     |     a sync or a write failed
     +-------------------------------> the log is not trusted: steps refused
                                         | fresh files are written from memory, and synced
                                         +----------------------------------------------> fine

Its limits: what memory holds is what counts. If the process ends while no fresh file can be written, the outcome of the
group that failed is unknown until the next start reads the log, and that is what its callers are told. Knows no files;
see ``step_queue.py`` for steps that wait, ``store.py`` and ``log.py`` for files.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.changes import Change, Step, Together, Written
from ramekin.durability.compaction import Compaction
from ramekin.durability.failures import DiskFault
from ramekin.durability.loop_calls import LoopCalls
from ramekin.durability.step_queue import Queued, StepQueue, refusal
from ramekin.durability.syncs import Syncs
from ramekin.errors import JournalFailed
from ramekin.errors.stacks import log_fault
from ramekin.stats import JournalStats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.durability.contents import Contents
    from ramekin.durability.log import LogFile
    from ramekin.durability.store import Store
    from ramekin.errors import RamekinError

RETRY_S = 1.0
"""How soon a disk that refused is tried again."""

DIRECT_CHANGES = 1000
"""Changes that the event loop appends itself: about 1 ms."""

_log = logging.getLogger("ramekin")


class Journal:
    """Commits steps to a file. Use it from one event loop at a time, between `start` and `stop`."""

    def __init__(
        self,
        file: LogFile,
        store: Store,
        *,
        apply: Callable[[Step | Together], None],
        refuse: Callable[[], None],
        contents: Callable[[], Contents],
    ) -> None:
        """Make a journal.

        Args:
            apply: called on the loop with each step of a group that is committed, in order.
            refuse: called on the loop when all that is pending was refused.
            contents: called on the loop; whole tables as they are, which nothing changes any more.
        """
        self.queue = StepQueue(apply, refuse)
        """Steps that wait for the thread."""
        self._file, self._store, self._contents = file, store, contents
        self._appends = store.fsync != "always"  # an append by the loop is a commit
        self._loop_calls = LoopCalls()
        self._lost: DiskFault | None = None
        """Why the disk does not have all that was acknowledged, at the end."""
        self._workers = ThreadPoolExecutor(2, "ramekin-journal")
        self._syncs = Syncs(self._workers, self.queue.wake.set, is_wanted=store.fsync == "everysec")
        self._compaction = Compaction(
            store,
            self._workers,
            lambda following: self._loop_calls.ask(functools.partial(self._switch, following)),
            lambda: self.queue.is_stopping,
        )

    def start(self) -> None:
        """Begin to commit."""
        self.follow()
        self._thread = threading.Thread(target=self._run, name="ramekin-journal", daemon=True)
        self._thread.start()

    def follow(self) -> None:
        """Go on in the event loop that runs now; the one before has stopped."""
        self._loop_calls.follow()

    async def stop(self) -> None:
        """Commit what is queued, sync, and close; small tables leave a snapshot. One on its way is given up.

        Raises:
            JournalFailed: the disk does not have all that was acknowledged; all is closed even so.
        """
        self.queue.take_no_more()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # what the thread handed back last is applied
        if self._lost is not None:
            raise JournalFailed(f"{self._lost}: what was acknowledged is not all on the disk, and memory ends with it.")

    @property
    def takes_at_once(self) -> bool:
        """Whether `commit` may be called: nothing is pending, no fault, and the disk is not busy."""
        queue = self.queue
        is_free = not queue.pending and queue.fault is None and not queue.is_stopping
        return is_free and self._appends and self._syncs.is_quick

    def stats(self) -> JournalStats:
        """Return what is still to be committed and synced. Cost: O(1)."""
        return JournalStats(self.queue.pending, self._file.unsynced_bytes, self._syncs.lag_s)

    def commit(self, step: Written | Change) -> None:
        """Commit a step, which may be a change by itself; the caller applies it at once. Cost: 2 µs, and 1 µs a change.

        Raises:
            StorageFull, JournalFailed: the disk refuses; nothing is committed.
        """
        try:
            self._file.commit((step,))
        except Exception as error:
            raise self._refused(error) from None
        if self._syncs.oldest_s is None:
            self._syncs.note()

    # On the loop

    def _refused(self, error: Exception) -> RamekinError:
        """Take note that the disk refused what the loop appended, and return what the client is told."""
        fault = _fault_from(error)
        self.queue.set_fault(fault)
        self.queue.wake.set()
        return refusal(fault)

    def _commit_all(self, group: list[Queued]) -> None:
        """Commit a group and all that queued behind it, so that nothing is pending and steps are taken at once again.

        What is taken from the queue is added to the group. Raises DiskFault.
        """
        group += self.queue.take()
        self._file.commit([step for step, _ in group])
        self._syncs.note()
        self.queue.finish(group)

    def _hold(self, fault: DiskFault) -> Contents:
        """Refuse what comes until fresh files stand, and return the tables that they are to hold."""
        self.queue.set_fault(fault)
        return self._contents()

    def _switch(self, following: LogFile) -> Contents:
        """Go on in another log, and return the tables as the old one leaves them. Raises DiskFault."""
        if self.queue.fault is not None:
            raise self.queue.fault
        self._file.end(following)
        self._file = following
        return self._contents()

    def _mark(self) -> None:
        """Note in the log that all of it is synced, unless more came meanwhile. Raises DiskFault."""
        if self.queue.fault is None and self._syncs.is_quick and self._file.lacks_mark:
            self._file.mark()
            self._syncs.note()

    # In the thread

    def _run(self) -> None:
        while True:
            self.queue.wake.wait(self._patience_s())
            self.queue.wake.clear()
            group = self.queue.take()
            try:
                self._syncs.keep(self._file.sync)
                if group:
                    self._commit(group)
                    group = []
                elif self.queue.fault is not None and self.queue.fault.is_lasting:
                    self._fail([], self.queue.fault)
                elif self.queue.fault is not None:
                    self._probe()
                elif self._syncs.is_idle:
                    self._look_after()
                self._compaction.keep_small(self._file.extent.size_bytes, may_begin=self.queue.fault is None)
            except Exception as error:
                self._fail(group, _fault_from(error))
            if self.queue.is_stopping and self.queue.is_empty:
                break
        self._end()

    def _look_after(self) -> None:
        """While nothing is to be done: see that the files are there, and note in the log that all of it is synced.

        Raises DiskFault.
        """
        self._file.check_place()
        self._store.check_place()
        if not self._file.lacks_mark:
            return
        if self._appends:
            self._loop_calls.ask(self._mark)
        else:
            self._file.mark()
            self._file.sync()

    def _probe(self) -> None:
        """See whether the disk has room again; what is queued meanwhile is tried next. Raises DiskFault if it lasts."""
        try:
            self._file.probe()
        except DiskFault as fault:
            if fault.is_lasting:
                raise
        else:
            self._loop_calls.call(self.queue.finish, [])

    def _patience_s(self) -> float | None:
        if self.queue.is_stopping:
            return 0
        if self.queue.fault is not None:
            return RETRY_S
        return RETRY_S if self._syncs.patience_s is None else self._syncs.patience_s

    def _commit(self, group: list[Queued]) -> None:
        if self._appends and self._syncs.is_quick and _is_small(group):
            self._loop_calls.ask(functools.partial(self._commit_all, group))
            return
        self._file.commit([step for step, _ in group])
        if self._store.fsync == "always":
            self._file.sync()
        self._syncs.note()
        self._loop_calls.call(self.queue.finish, group)

    def _fail(self, group: Sequence[Queued], fault: DiskFault) -> None:
        """Have all that is pending refused, and write a fresh file where this one is not trusted any more.

        The fresh file comes first: a commit whose sync failed may stand in the old one, and would be there after a
        restart. If no fresh file can be written now, its outcome is unknown, and its callers are told so.
        """
        is_fresh = not fault.is_lasting or self._try_fresh_file(fault)
        told = threading.Event()
        self._loop_calls.call(functools.partial(self.queue.refuse_all, group, fault, told, is_unknown=not is_fresh))
        while not told.wait(0.1) and self._loop_calls.has_loop():
            pass
        while not is_fresh and not self.queue.is_stopping:
            self.queue.wake.wait(RETRY_S)
            self.queue.wake.clear()
            is_fresh = self._try_fresh_file(fault)
        if fault.is_lasting and is_fresh:
            self._loop_calls.call(self.queue.finish, [])

    def _try_fresh_file(self, fault: DiskFault) -> bool:
        with suppress(DiskFault):  # what it says no longer counts
            self._syncs.finish()
        try:
            self._file = self._store.replace(self._file, self._loop_calls.ask(functools.partial(self._hold, fault)))
        except DiskFault as again:
            self._loop_calls.call(self.queue.set_fault, DiskFault(str(again), is_full=again.is_full, is_lasting=True))
            return False
        self._syncs.forget()
        _log.warning("fresh files were written from memory, and take writes")
        return True

    def _end(self) -> None:
        """See that the disk has all, leave a snapshot of tables that are small, and close. What fails is logged."""
        self._compaction.wait()
        try:
            self._syncs.finish()
            self._file.sync()
            self._store.check_place()
        except DiskFault as fault:
            _log.error("the disk failed at the end: %s", fault)
            if not self._try_fresh_file(fault):
                self._lost = fault
        else:
            self._leave_small()
        self._workers.shutdown(wait=True)
        self._file.close()

    def _leave_small(self) -> None:
        """Leave what makes the next start short; the logs hold all without it."""
        try:
            if self._file.lacks_mark:
                self._file.mark()
                self._file.sync()
            if self._file.has_steps:
                self._compaction.leave(self._loop_calls.ask(self._contents))
        except DiskFault as fault:
            _log.error("the disk failed at the end: %s", fault)


def _fault_from(error: Exception) -> DiskFault:
    """Return the disk's fault. Any other error counts as one: the log may be half-written, and nobody may wait on."""
    if isinstance(error, DiskFault):
        return error
    log_fault(_log, "the journal met a fault of its own", error)
    return DiskFault(type(error).__name__, is_lasting=True)


def _is_small(group: Sequence[Queued]) -> bool:
    return all(type(step) is Written for step, _ in group) and (
        sum(len(step.changes) for step, _ in group if type(step) is Written) <= DIRECT_CHANGES
    )
