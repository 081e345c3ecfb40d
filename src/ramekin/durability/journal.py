"""The journal: steps in, acknowledgements out; each step is in the log before anything is told of it.

Where a commit need not be synced (`everysec`, `no`) the event loop appends a small step itself: that costs 3 µs, and a
turn of another thread ten times as much. A thread does all that may take long. It commits whatever queued while its
last commit ran as one group, with one sync for all (group commit without a timer); it syncs; when the log has grown, it
has a snapshot written; when the disk failed, it writes all anew. A group that the disk refuses is refused as a whole,
together with all that queued behind it, since that was computed from it. Knows no files; see ``store.py``, ``log.py``.

1. A step is applied only after its commit, and in the order of commits.
2. After a sync that failed nothing is acknowledged until fresh files, written from memory, are synced.
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
from typing import TYPE_CHECKING, TypeVar

from ramekin.changes import Written
from ramekin.clock import SYSTEM
from ramekin.durability.faults import DiskFault
from ramekin.durability.store import rest
from ramekin.durability.syncs import Syncs
from ramekin.errors import JournalFailed, OutcomeUnknown, StorageFull, Unavailable
from ramekin.errors.stacks import log_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.changes import Change, Step
    from ramekin.clock import Clock
    from ramekin.durability.contents import Contents
    from ramekin.durability.log import LogFile
    from ramekin.durability.store import Store
    from ramekin.errors import RamekinError

RETRY_S = 1.0
LOG_BYTES = 64 * 1024 * 1024
"""A log is followed by a snapshot when it is larger than this, and than the last snapshot."""

SMALL_BYTES = 64 * 1024 * 1024
"""Tables of so many bytes at the most leave a snapshot when the server stops: about a second."""

DIRECT_CHANGES = 1000
"""Changes that the event loop appends itself: about 1 ms."""

_UNKNOWN = (
    "The disk failed while the change was written. It is not visible now; after a restart of the server it may be."
)

_log = logging.getLogger("ramekin")

Answer = TypeVar("Answer")


class _GivenUp(Exception):  # no error: who stops needs no snapshot
    """The server stops while a snapshot is written."""


Entry = tuple["Step", "asyncio.Future[None]"]


class Journal:
    """Commits steps to a file. Use it from one event loop, between `start` and `stop`."""

    def __init__(
        self,
        file: LogFile,
        store: Store,
        *,
        apply: Callable[[Step], None],
        refuse: Callable[[], None],
        contents: Callable[[], Contents],
        clock: Clock = SYSTEM,
    ) -> None:
        """Make a journal.

        Args:
            apply: called on the loop with each step of a group that is committed, in order.
            refuse: called on the loop when all that is pending was refused.
            contents: called on the loop; whole tables as they are, which nothing changes any more.
        """
        self._file, self._store, self._fsync = file, store, store.fsync
        self._apply, self._refuse, self._contents = apply, refuse, contents
        self._appends = store.fsync != "always"  # an append by the loop is a commit
        self._queue: deque[Entry] = deque()
        self._wake = threading.Event()
        self._is_stopping = False
        self._workers = ThreadPoolExecutor(2, "ramekin-journal")
        self._syncs = Syncs(self._workers, clock, self._wake.set, is_wanted=store.fsync == "everysec")
        self._writing: Future[int] | None = None  # a snapshot
        self._snapshot_bytes = 0
        self._pending = 0
        self.fault: DiskFault | None = None
        """Why writes are refused now; None when they are not."""

    def start(self) -> None:
        """Begin to commit."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ramekin-journal", daemon=True)
        self._thread.start()

    def take_no_more(self) -> None:
        """Refuse what comes from now on; what is queued is committed."""
        self._is_stopping = True
        self._wake.set()

    async def stop(self) -> None:
        """Commit what is queued, sync, and close; small tables leave a snapshot. One on its way is given up."""
        self.take_no_more()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # what the thread handed back last is applied

    @property
    def takes_at_once(self) -> bool:
        """Whether `commit` may be called: nothing is pending, no fault, and the disk is not busy."""
        is_free = not self._pending and self.fault is None and not self._is_stopping
        return is_free and self._appends and self._syncs.is_quick

    def commit(self, changes: Sequence[Change]) -> None:
        """Commit some changes as one step, which the caller applies at once. Cost: 3 µs, and 1 µs a change.

        Raises:
            StorageFull, JournalFailed: the disk refuses; nothing is committed.
        """
        try:
            self._file.commit((Written(changes),))
        except Exception as error:
            raise self._refused(error) from None
        if self._syncs.oldest_s is None:
            self._syncs.note()

    def commit_one(self, table: str, key: str, body: bytes | None) -> None:
        """Commit the change of one record as `commit`, with fewer calls. Cost: 3 µs."""
        try:
            self._file.commit_one(table, key, body)
        except Exception as error:
            raise self._refused(error) from None
        if self._syncs.oldest_s is None:
            self._syncs.note()

    def admit(self) -> None:
        """See that a step may be queued, and that what is queued may be waited for. Raises as `append`. Cost: O(1)."""
        if self._is_stopping:
            raise Unavailable("The server is stopping; the change was not applied.")
        if self.fault is not None and self.fault.is_lasting:
            raise refusal(self.fault)

    def append(self, step: Step) -> asyncio.Future[None]:
        """Queue a step; the future is done once it is committed and applied. Cost: O(1).

        Raises:
            StorageFull, JournalFailed: the disk refuses writes; nothing is queued. The future raises the same.
            Unavailable: the journal is being stopped.
        """
        self.admit()
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

    def _refused(self, error: Exception) -> RamekinError:
        """Take note that the disk refused what the loop appended, and return what the client is told."""
        fault = _fault_from(error)
        self._set_fault(fault)
        self._wake.set()
        return refusal(fault)

    def _finish(self, group: Sequence[Entry]) -> None:
        self._set_fault(None)
        self._pending -= len(group)
        for step, done in group:
            self._apply(step)
            if not done.done():
                done.set_result(None)

    def _refuse_all(
        self, group: Sequence[Entry], fault: DiskFault, told: threading.Event, *, is_unknown: bool = False
    ) -> None:
        """Refuse a group and all that queued behind it: it was computed from what is not there."""
        self._set_fault(fault if is_unknown or not fault.is_lasting else None)  # None: a fresh file stands already
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

    def _commit_all(self, group: list[Entry]) -> None:
        """Commit a group and all that queued behind it, so that nothing is pending and steps are taken at once again.

        What is taken from the queue is added to the group. Raises DiskFault.
        """
        group += self._take()
        self._file.commit([step for step, _ in group])
        self._syncs.note()
        self._finish(group)

    def _hold(self, fault: DiskFault) -> Contents:
        """Refuse what comes until fresh files stand, and return the tables that they are to hold."""
        self._set_fault(fault)
        return self._contents()

    def _switch(self, following: LogFile) -> Contents:
        """Go on in another log, and return the tables as the old one leaves them. Raises DiskFault."""
        if self.fault is not None:
            raise self.fault
        self._file.end(following)
        self._file = following
        return self._contents()

    def _mark(self) -> None:
        """Note in the log that all of it is synced, unless more came meanwhile. Raises DiskFault."""
        if self.fault is None and self._syncs.is_quick and self._file.lacks_mark:
            self._file.mark()
            self._syncs.note()

    def _set_fault(self, fault: DiskFault | None) -> None:
        """Take note of whether the disk takes writes, and tell when that changes."""
        if self.fault is None and fault is not None:
            _log.error("the disk does not take writes: %s", fault)
        elif self.fault is not None and fault is None:
            _log.warning("the disk takes writes again")
        self.fault = fault

    # In the thread

    def _run(self) -> None:
        while True:
            self._wake.wait(self._patience_s())
            self._wake.clear()
            group = self._take()
            try:
                self._syncs.keep(self._file.sync)
                if group:
                    self._commit(group)
                    group = []
                elif self.fault is not None and self.fault.is_lasting:
                    self._fail([], self.fault)
                elif self.fault is not None:
                    self._probe()
                elif self._syncs.oldest_s is None:
                    self._look_after()
                self._keep_small()
            except Exception as error:
                self._fail(group, _fault_from(error))
            if self._is_stopping and not self._queue:
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
            self._ask(self._mark)
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
            self._call(self._finish, [])

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
        return RETRY_S if self._syncs.patience_s is None else self._syncs.patience_s

    def _commit(self, group: list[Entry]) -> None:
        if self._appends and self._syncs.is_quick and _is_small(group):
            self._ask(functools.partial(self._commit_all, group))
            return
        self._file.commit([step for step, _ in group])
        if self._fsync == "always":
            self._file.sync()
        self._syncs.note()
        self._call(self._finish, group)

    def _keep_small(self) -> None:
        """Have a snapshot written where the log has grown, and go on in a new log meanwhile. Raises DiskFault."""
        if self._writing is not None and self._writing.done():
            writing, self._writing = self._writing, None
            self._note_snapshot(writing)
        size_bytes = self._file.place.size_bytes
        if self._writing is None and self.fault is None and size_bytes > max(LOG_BYTES, self._snapshot_bytes):
            try:
                self._writing = self._begin_snapshot(self._pause)
            except DiskFault as fault:
                if fault.is_lasting:
                    raise
                self._snapshot_bytes = size_bytes + LOG_BYTES  # tried again when the log has grown by so much
                _log.warning("no snapshot can be begun: %s; the log goes on", fault)

    def _begin_snapshot(self, pause: Callable[[], None] | None = None) -> Future[int]:
        following = self._store.begin_log()
        try:
            contents = self._ask(lambda: self._switch(following))
        except BaseException:
            following.close()
            raise
        return self._workers.submit(self._store.write_snapshot, following.header, contents, pause)

    def _pause(self) -> None:
        """Rest while a snapshot is written, unless the server stops. Raises _GivenUp."""
        if self._is_stopping:
            raise _GivenUp
        rest()

    def _note_snapshot(self, writing: Future[int]) -> None:
        """Take note of a snapshot that is done. Where it could not be written the logs hold all; it is tried again."""
        try:
            with suppress(_GivenUp):
                self._snapshot_bytes = writing.result()
        except DiskFault as fault:
            _log.warning("a snapshot could not be written: %s; the log goes on", fault)

    def _fail(self, group: Sequence[Entry], fault: DiskFault) -> None:
        """Have all that is pending refused, and write a fresh file where this one is not trusted any more.

        The fresh file comes first: a commit whose sync failed may stand in the old one, and would be there after a
        restart. Where no fresh file can be written now, its outcome is unknown, and that is what is said.
        """
        is_fresh = not fault.is_lasting or self._try_fresh_file(fault)
        told = threading.Event()
        self._call(functools.partial(self._refuse_all, group, fault, told, is_unknown=not is_fresh))
        while not told.wait(0.1) and not self._loop.is_closed():
            pass
        while not is_fresh and not self._is_stopping:
            self._wake.wait(RETRY_S)
            self._wake.clear()
            is_fresh = self._try_fresh_file(fault)
        if fault.is_lasting and is_fresh:
            self._call(self._finish, [])

    def _try_fresh_file(self, fault: DiskFault) -> bool:
        try:
            self._file = self._store.replace(self._file, self._ask(functools.partial(self._hold, fault)))
        except DiskFault as again:
            self._call(self._set_fault, DiskFault(str(again), is_full=again.is_full, is_lasting=True))
            return False
        self._syncs.forget()
        _log.warning("fresh files were written from memory, and take writes")
        return True

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Return what the loop answers. Raises as the question."""
        answer: Future[Answer] = Future()

        def ask() -> None:
            try:
                answer.set_result(question())
            except BaseException as error:
                answer.set_exception(error)

        self._call(ask)
        return answer.result()

    def _end(self) -> None:
        """Sync, leave a snapshot of tables that are small, and close. What fails is logged; the logs hold all.

        A snapshot of 1.7 GB took 10 to 33 s, and a start without it takes no longer than after a kill.
        """
        if self._writing is not None:
            self._note_snapshot(self._writing)
        try:
            self._file.sync()
            if self._file.lacks_mark:
                self._file.mark()
                self._file.sync()
            if self._file.has_steps and _are_small(self._ask(self._contents)):
                self._note_snapshot(self._begin_snapshot())
        except DiskFault as fault:
            _log.error("the disk failed at the end: %s", fault)
        self._workers.shutdown(wait=True)
        self._file.close()

    def _call(self, work: Callable[..., None], *arguments: object) -> bool:
        """Have the loop do something; False if the loop is gone."""
        try:
            self._loop.call_soon_threadsafe(work, *arguments)
        except RuntimeError:
            return False
        return True


def _fault_from(error: Exception) -> DiskFault:
    """Return the disk's fault; of another one that the log may be half-written, and that nobody may wait for ever."""
    if isinstance(error, DiskFault):
        return error
    log_fault(_log, "the journal met a fault of its own", error)
    return DiskFault(type(error).__name__, is_lasting=True)


def _is_small(group: Sequence[Entry]) -> bool:
    return all(type(step) is Written for step, _ in group) and (
        sum(len(step.changes) for step, _ in group if type(step) is Written) <= DIRECT_CHANGES
    )


def _are_small(contents: Contents) -> bool:
    """Say whether all tables together have at most `SMALL_BYTES`. Cost: O(records), up to that size."""
    total = 0
    for kept in contents.values():
        for body in kept.bodies.values():
            total += len(body)
            if total > SMALL_BYTES:
                return False
    return True


def refusal(fault: DiskFault) -> RamekinError:
    """Return what a client is told."""
    if fault.is_full:
        return StorageFull("The disk is full; the change was not applied. Reading goes on.")
    return JournalFailed("The disk does not take writes; the change was not applied. Reading goes on.")
