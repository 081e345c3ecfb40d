"""Files that commands write: each has its name only once it is whole, so what stood there before is never lost.

Knows no server; see ``streams.py`` for standard output.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ramekin.cli.configuration import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTORS = ("/dev/fd/", "/dev/std", "/proc/")
"""How names begin that lead to what is open already, which cannot be replaced."""


@contextmanager
def writing(path: Path | None, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Give what is written to, which becomes the file when the block ends well.

    Args:
        path: a file; a pipe or a device, which is written to as it is; None or ``-`` for standard output.
        mode: of a file that is not there yet.

    Raises:
        Refused: it cannot be written; a file is as it was before.
    """
    if path is None or str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    try:
        if str(path.absolute()).startswith(_DESCRIPTORS) or (path.exists() and not path.is_file()):
            with path.open("wb") as target:
                yield target
        else:
            with _beside(path.resolve(), mode) as target:
                yield target
    except OSError as error:
        raise Refused(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None


@contextmanager
def _beside(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Give a file beside another, which takes its place, and its mode, when the block ends well. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(part, flags, mode), "wb") as target:  # noqa: PTH123  # a mode
        try:
            if path.exists():
                os.fchmod(target.fileno(), stat.S_IMODE(path.stat().st_mode))
            yield target
            target.flush()
            os.fsync(target.fileno())
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
