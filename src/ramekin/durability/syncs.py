"""When the log is synced: soon after the first commit that no sync covers, while further commits go on.

An append to a file that is being synced may have to wait. `is_quick` says whether a sync takes long, so that the event
loop does not append meanwhile. If a sync is late, commits wait for it. Knows no log: it is given what syncs. See
``journal.py`` for who commits.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Callable

SYNC_S = 0.5
"""How old a commit is when its sync begins."""

SLOW_S = 0.01
LATE_S = 2.0


class Syncs:
    """Syncs beside commits. `note` is called by whoever commits, all else by one thread.

    Guarantee: what was noted is synced at most `SYNC_S`, a fifth of it and the time of the sync later.
    """

    def __init__(self, workers: Executor, wake: Callable[[], None], *, is_wanted: bool) -> None:
        """Make the plan; without `is_wanted` nothing is ever due.

        Args:
            workers: where a sync runs.
            wake: called when something is to be synced; then the thread calls `keep` at least each `SYNC_S` / 5.
        """
        self._workers, self._wake, self._is_wanted = workers, wake, is_wanted
        self.is_quick = True
        """Whether no sync is under way that takes long."""
        self.oldest_s: float | None = None
        """When the oldest commit was made that no sync covers."""
        self._running: Future[None] | None = None
        self._covered_s = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be synced, and no sync is under way."""
        return self.oldest_s is None and self._running is None

    @property
    def patience_s(self) -> float | None:
        """How long the thread may wait; None if nothing is to be synced."""
        return None if self.is_idle else SYNC_S / 5

    @property
    def lag_s(self) -> float:
        """How old the oldest commit is that no sync has covered; 0 if there is none."""
        oldest_s = self.oldest_s if self._running is None else self._covered_s
        return 0.0 if oldest_s is None else stopwatch_s() - oldest_s

    def note(self) -> None:
        """Take note of a commit. Cost: O(1)."""
        if self.oldest_s is None and self._is_wanted:
            self.oldest_s = stopwatch_s()
            self._wake()

    def keep(self, sync: Callable[[], None]) -> None:
        """Begin a sync that is due, and wait for one that is late. Raises what the last one raised."""
        now_s = stopwatch_s()
        if self._running is not None and (self._running.done() or now_s - self._covered_s > LATE_S - SYNC_S):
            self.finish()
        if self._running is None and self.oldest_s is not None and now_s - self.oldest_s >= SYNC_S:
            self._covered_s, self.oldest_s = self.oldest_s, None
            self._running = self._workers.submit(sync)
            self.is_quick = bool(wait([self._running], SLOW_S).done)

    def finish(self) -> None:
        """Wait for the sync that is under way, if there is one: a log takes one at a time. Raises what it raised."""
        if self._running is not None:
            running, self._running = self._running, None
            running.result()
            self.is_quick = True

    def forget(self) -> None:
        """Forget all that was noted: it is in another file, and synced."""
        self.oldest_s = self._running = None
        self.is_quick = True
