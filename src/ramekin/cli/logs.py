"""Logging of the server: structlog over the standard library, JSON lines or text on standard error.

Lines never hold a record, a condition's value or a key. Nobody who logs ever waits for whoever reads the log: lines are
queued, and a thread writes them. While the reader stalls or the disk under it is full, the queue fills, further lines
are dropped and counted, and the next line that can be written says how many.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Any

import structlog

from ramekin.clock import stopwatch_s
from ramekin.errors.stacks import stack_of

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of lines that wait for their reader: about 15,000 lines of requests."""

LAST_LINES_S = 1.0
"""Seconds that the lines still queued get when the process ends."""


class QueuedLines(logging.Handler):
    """Writes lines to a descriptor from a thread of its own; `emit` never waits for it.

    1. Lines that are written are whole and in order.
    2. Every line is written or counted in `dropped`.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.dropped = 0
        """Lines that were dropped since the start."""
        self._told = 0  # of them, those that a line has told of
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_closing = False
        self._is_torn = False  # whether a write stopped within a line, whose rest nobody shall see
        self._turn = threading.Condition(threading.Lock())
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        except Exception:  # a line that cannot be printed must not stop whoever wrote it
            line = b""
        with self._turn:
            if not line or self._is_closing or self._waiting_bytes + len(line) > MAX_BYTES:
                self.dropped += 1
                return
            self._lines.append(line)
            self._waiting_bytes += len(line)
            self._turn.notify()

    async def drain(self) -> None:
        """Wait until all lines are written; no longer than `LAST_LINES_S`, since their reader may stall."""
        end = stopwatch_s() + LAST_LINES_S
        while self._waiting_bytes and stopwatch_s() < end:
            await asyncio.sleep(0.005)

    def close(self) -> None:
        with self._turn:
            self._is_closing = True
            self._turn.notify()
        self._thread.join(LAST_LINES_S)
        with self._turn:  # what nobody took by now is not written to whatever has the descriptor later
            self.dropped += len(self._lines)
            self._lines.clear()
        super().close()

    def _write_all(self) -> None:
        while True:
            with self._turn:
                while not self._lines and not self._is_closing:
                    self._turn.wait()
                if not self._lines:
                    return
                line = self._lines.popleft()
            is_written = self._write(line)
            with self._turn:
                self._waiting_bytes -= len(line)
                self.dropped += not is_written
            if is_written:
                self._tell_dropped()

    def _tell_dropped(self) -> None:
        with self._turn:
            missing = self.dropped - self._told
        if missing:
            told = f"{missing} log lines were dropped: whoever reads the log did not keep up, or its disk was full"
            record = logging.LogRecord("ramekin", logging.WARNING, "", 0, told, None, None)
            if self._write(f"{self.format(record)}\n".encode(errors="backslashreplace")):
                self._told += missing

    def _write(self, line: bytes) -> bool:
        """Write a line, and say whether it is there as a whole."""
        rest = b"\n" + line if self._is_torn else line
        with suppress(OSError):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            self._is_torn = False
            return True
        self._is_torn = self._is_torn or len(rest) < len(line)
        return False


def _print_stack(_: Any, __: str, event: Any) -> Any:
    """Put the stack of an error in its place, whoever logs one."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else sys.exception() if found is True else found
    if isinstance(error, BaseException):
        event["exception"] = stack_of(error)
    return event


def _name_worker(worker: int, _: Any, __: str, event: Any) -> Any:
    event["worker"] = worker
    return event


def _make_printable(_: Any, __: str, event: Any) -> Any:
    """Escape what a terminal would obey: control characters, and what turns text around. A stack keeps its lines."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            kept = "\n" if name == "exception" else ""
            event[name] = "".join(c if c.isprintable() or c == kept else ascii(c)[1:-1] for c in value)
    return event


def configure(log_format: str, descriptor: int | None = None, worker: int | None = None) -> QueuedLines:
    """Write our logs and those of libraries as JSON lines, or as text where `auto` finds a terminal.

    Args:
        worker: which of several processes this is: each line tells.

    Returns the handler, which tells how many lines were dropped.
    """
    is_terminal = sys.stderr.isatty()
    is_text = log_format == "text" or (log_format == "auto" and is_terminal)
    as_text = [_make_printable, structlog.dev.ConsoleRenderer(colors=is_terminal)]
    renderers: list[Any] = as_text if is_text else [structlog.processors.JSONRenderer()]
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _print_stack,
        *([] if worker is None else [partial(_name_worker, worker)]),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = QueuedLines(sys.stderr.fileno() if descriptor is None else descriptor)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return handler
