"""When snapshots are written: as the log grows, and when the server stops.

A snapshot is written beside commits. The log is ended first, and commits go on in the next one; once the snapshot is
whole, the old log is not needed any more. If it cannot be written, nothing is lost: the logs hold all of it. Knows no
event loop; see ``store.py`` for the files and ``journal.py`` for who commits.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.durability.failures import DiskFault
from ramekin.durability.store import Store, rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from ramekin.durability.contents import Contents
    from ramekin.durability.log import LogFile

LOG_BYTES = 64 * 1024 * 1024
"""A log is followed by a snapshot when it is larger than this, and than the last snapshot."""

SMALL_BYTES = 64 * 1024 * 1024
"""Tables of so many bytes at the most leave a snapshot when the server stops: about a second."""

_log = logging.getLogger("ramekin")


class _GivenUp(Exception):  # no error: who stops needs no snapshot
    """The server stops while a snapshot is written."""


class Compaction:
    """The snapshots of one journal, one at a time. Use it from one thread."""

    def __init__(
        self,
        store: Store,
        workers: Executor,
        switch: Callable[[LogFile], Contents],
        is_stopping: Callable[[], bool],
    ) -> None:
        """Make the plan.

        Args:
            workers: where a snapshot is written.
            switch: goes on in another log, and returns the tables as the old one leaves them.
            is_stopping: whether the server stops, so that a snapshot on its way is given up.
        """
        self._store, self._workers, self._switch, self._is_stopping = store, workers, switch, is_stopping
        self._writing: Future[int] | None = None
        self._snapshot_bytes = 0

    def keep_small(self, log_bytes: int, *, may_begin: bool) -> None:
        """Have a snapshot written where the log has grown, and go on in a new log meanwhile. Raises DiskFault."""
        if self._writing is not None and self._writing.done():
            self.wait()
        if self._writing is None and may_begin and log_bytes > max(LOG_BYTES, self._snapshot_bytes):
            try:
                self._writing = self._begin(self._pause)
            except DiskFault as fault:
                if fault.is_lasting:
                    raise
                self._snapshot_bytes = log_bytes + LOG_BYTES  # tried again when the log has grown by so much
                _log.warning("no snapshot can be begun: %s; the log goes on", fault)

    def wait(self) -> None:
        """Wait for the snapshot that is being written, if there is one. If that failed, it is tried again later."""
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        try:
            with suppress(_GivenUp):
                self._snapshot_bytes = writing.result()
        except DiskFault as fault:
            _log.warning("a snapshot could not be written: %s; the log goes on", fault)

    def leave(self, contents: Contents) -> None:
        """Write the last snapshot, of tables that are small. Raises DiskFault if it cannot be begun.

        A snapshot of 1.7 GB took 10 to 33 s, and a start without it takes no longer than after a kill. So one for which
        the stop has no time is given up too.
        """

        def give_up_late() -> None:
            if not self._store.has_time():
                raise _GivenUp

        if self._store.has_time() and _are_small(contents):
            self._writing = self._begin(give_up_late)
            self.wait()

    def _begin(self, pause: Callable[[], None] | None = None) -> Future[int]:
        following = self._store.begin_log()
        try:
            contents = self._switch(following)
        except BaseException:
            following.close()
            raise
        return self._workers.submit(self._store.write_snapshot, following.header, contents, pause)

    def _pause(self) -> None:
        """Rest while a snapshot is written, unless the server stops. Raises _GivenUp."""
        if self._is_stopping():
            raise _GivenUp
        rest()


def _are_small(contents: Contents) -> bool:
    """Say whether all tables together have at most `SMALL_BYTES`. Cost: O(records), up to that size."""
    total = 0
    for whole in contents.values():
        for body in whole.bodies.values():
            total += len(body)
            if total > SMALL_BYTES:
                return False
    return True
