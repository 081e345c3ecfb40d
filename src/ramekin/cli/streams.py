"""Standard input, output and error as a command finds them: closed, on a full disk, or with a reader that has left.

What a command says on standard error is dropped where nobody can have it, and stops nothing. What it prints is its
work: where that cannot be printed the command ends, and a server goes on. Knows no commands.
"""

from __future__ import annotations

import io
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Unprinted(Exception):
    """Standard output takes nothing; the text says why."""

    exit_code = 2


class ReaderLeft(Unprinted):
    """Whoever read standard output has all that it wanted, as `head` does: no fault, so the command ends quietly."""

    exit_code = 128 + getattr(signal, "SIGPIPE", 13)


class _Output(io.FileIO):
    """Standard output. After a fault the rest goes nowhere, so that the end of the process does not meet it again."""

    def write(self, text: ReadableBuffer, /) -> int:
        try:
            while (count := super().write(text)) is None:  # whoever shares it made it non-blocking
                select.select((), (self,), ())
            return count
        except OSError as error:
            _lead_nowhere(self.fileno(), os.O_WRONLY)
            said = f"standard output: {(error.strerror or 'cannot be written').lower()}"
            raise (ReaderLeft if isinstance(error, BrokenPipeError) else Unprinted)(said) from None


class _Errors(io.FileIO):
    """Standard error: what nobody can have is dropped."""

    def write(self, text: ReadableBuffer, /) -> int:
        try:
            return super().write(text) or 0
        except OSError:
            return memoryview(text).nbytes


def prepare() -> None:
    """Make the three streams usable, whatever they are. Call it before any file is opened.

    The next file that is opened takes the number of one that is closed, and would be read or written in its place.
    """
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            _lead_nowhere(number, os.O_RDONLY)  # so that a write is refused, as it is by one that is closed
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  # a descriptor, for as long as we live
    sys.stdout = _text(_Output(1, "wb", closefd=False), sys.stdout)
    sys.stderr = _text(_Errors(2, "wb", closefd=False), sys.stderr)


def _text(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    is_by_line = raw.fileno() == 2 or raw.isatty()
    encoding = getattr(before, "encoding", "utf-8")
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=is_by_line)


def _lead_nowhere(number: int, flags: int) -> None:
    nothing = os.open(os.devnull, flags)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
