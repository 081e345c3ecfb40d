"""How far a server has read its data directory: a bar on a terminal, a line in the log each second elsewhere.

Called from the thread that reads. Knows no database.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from ramekin.cli.progress import counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.durability.store import Store

EVERY_S = 1.0

_log = structlog.get_logger("ramekin")


class Replay:
    """Shows a replay; `done` ends it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._began_s = self._told_s = time.monotonic()
        self._stack = ExitStack()
        self._show: Callable[[int], None] | None = None
        self.records = 0

    def __call__(self, done: int, total: int) -> None:
        """Take note that some of all records are read."""
        self.records = done
        if sys.stderr.isatty():
            if self._show is None:
                self._show = self._stack.enter_context(counting("Reading", total))
            self._show(done)
        elif time.monotonic() - self._told_s >= EVERY_S:
            self._told_s = time.monotonic()
            _log.info("reading the data directory", records=done, of=total)

    def done(self) -> None:
        """Tell that all is read, with its time, and what was dropped."""
        self._stack.close()
        log = self._store.log
        if log is not None and (log.dropped or log.hole_at is not None):
            _log.warning(
                "the end of the write-ahead log was dropped", pages=log.dropped, kept=log.frames, wrong_at=log.hole_at
            )
        seconds = time.monotonic() - self._began_s
        _log.info("read the data directory", records=self.records, seconds=round(seconds, 3))
