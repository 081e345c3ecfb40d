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

EVERY_S = 1.0

_log = structlog.get_logger("ramekin")


class Replay:
    """Shows a replay; `done` ends it."""

    def __init__(self) -> None:
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
        """Tell that all is read, with its time."""
        self._stack.close()
        seconds = time.monotonic() - self._began_s
        _log.info("read the data directory", records=self.records, seconds=round(seconds, 3))
