"""How far a server has read its data directory: a bar on a terminal, a line in the log each second elsewhere.

Called from the thread that reads. Knows no database.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from ramekin.cli.progress import counting
from ramekin.cli.signals import Stopped
from ramekin.clock import stopwatch_s
from ramekin.durability.directory import log_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.durability.store import Store

EVERY_S = 1.0

_log = structlog.get_logger("ramekin")


class Replay:
    """Shows a replay; `done` ends it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._began_s = self._told_s = stopwatch_s()
        self._stack = ExitStack()
        self._show: Callable[[int], None] | None = None
        self.records = 0
        self._is_stopped = False

    def stop(self) -> None:
        """Have the reading end where it is."""
        self._is_stopped = True

    def __call__(self, done: int, total: int) -> None:
        """Take note that some of all records are read. Raises Stopped, once somebody asked for it."""
        if self._is_stopped:
            raise Stopped
        self.records = done
        if sys.stderr.isatty():
            if self._show is None:
                self._show = self._stack.enter_context(counting("Reading", total))
            self._show(done)
        elif stopwatch_s() - self._told_s >= EVERY_S:
            self._told_s = stopwatch_s()
            _log.info("reading the data directory", records=done, of=total)

    def done(self) -> None:
        """Tell that all is read, with its time, and what was dropped."""
        self._stack.close()
        found = self._store.recovered
        if found is not None and not found.is_whole:
            _log.warning(
                "the end of the log was not whole, and is dropped",
                log=log_name(found.wrong_number or 0),
                byte=found.wrong_at,
                bytes=found.dropped_bytes,
            )
        if self._store.unread:
            _log.warning("files in the data directory that nobody reads", files=sorted(self._store.unread)[:20])
        seconds = stopwatch_s() - self._began_s
        _log.info(
            "read the data directory",
            records=self.records,
            log=None if found is None or found.log is None else log_name(found.log.number),
            bytes=None if found is None else found.end.size_bytes,
            seconds=round(seconds, 3),
        )
