"""What can be wrong with a data directory, and with a disk.

Knows nothing else. A message is one line for a person: the file, the place, what to do.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class Unusable(Exception):
    """The data directory cannot be used as it is; nothing in it was changed."""

    exit_code: ClassVar[int] = 3


class Damaged(Unusable):
    """The data directory holds something that was not written so; nothing in it was changed."""

    exit_code: ClassVar[int] = 4


class DiskFault(Exception):
    """The disk refused. What was to be committed is not, and is taken back.

    `is_full`: there was no room. `is_lasting`: the log cannot be trusted any more, since a sync failed, or a write for
    another reason than room; only a fresh one can be written to.
    """

    def __init__(self, message: str, *, is_full: bool = False, is_lasting: bool = False) -> None:
        super().__init__(message)
        self.is_full, self.is_lasting = is_full, is_lasting


def fault_of(error: OSError, *, is_lasting: bool = False) -> DiskFault:
    """Return what the system said as a fault of the disk."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DiskFault(f"{error.strerror}", is_full=is_full, is_lasting=is_lasting)
