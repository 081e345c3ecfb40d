"""The data directory: who may use it, which files in it count, and one process at a time.

A snapshot is ``tables.db``, or with a number ``tables.1.db`` and so on, and the highest number counts. The log with its
number, ``tables.1.log``, holds what was written since; while the next snapshot is written, a log with the next number
follows it. ``lock`` notes the last log. Knows nothing of what is in the files; see ``snapshot.py`` and ``log.py``.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from ramekin.durability.faults import Damaged, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAME = re.compile(r"tables(?:\.([1-9][0-9]{0,8}))?\.(db|log)")
_LEFTOVER = re.compile(r".*\.unfinished(-journal)?")
LOCK = "lock"

sync_file = getattr(os, "fdatasync", os.fsync)  # macOS has the second only


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a data directory that count.

    `number` is that of the snapshot, or of the first log where there is no snapshot; `logs` are those with this number
    or a higher one; `noted` is the number of the log that was noted as the last, -1 for none.
    """

    path: Path
    number: int = 0
    snapshot: Path | None = None
    logs: dict[int, Path] = field(default_factory=dict)
    noted: int = -1

    @property
    def last(self) -> int:
        """The highest number there is."""
        return max(self.number, *self.logs, 0)


def snapshot_name(number: int) -> str:
    """Return the name of the snapshot with a number."""
    return f"tables.{number}.db" if number else "tables.db"


def log_name(number: int) -> str:
    """Return the name of the log with a number."""
    return f"tables.{number}.log" if number else "tables.log"


class Directory:
    """A data directory that this process alone uses, from `take` to `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def take(self, *, may_create: bool = True) -> None:
        """Check the directory and lock it; it is made (mode 0700) if it is not there.

        Raises:
            Unusable: it is no directory, or a symbolic link; it belongs to another user or others may enter it; it
                cannot be written to; another process has it.
        """
        try:
            if may_create and not os.path.lexists(self.path):
                self.path.mkdir(mode=0o700)
                sync_directory(self.path.parent)
            self._check()
            self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise Unusable(f"{self.path}: another process uses this data directory") from None
        except OSError as error:
            self.release()
            raise Unusable(f"{error.filename or self.path}: {_said(error)}") from None

    def release(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def files(self) -> Files:
        """Return the files that count.

        Raises:
            Unusable: a name of ours is taken by something that is no plain file of this user.
            Damaged: the note of the last log cannot be read.
        """
        found: dict[str, dict[int, Path]] = {"db": {}, "log": {}}
        for path in self.path.iterdir():
            if name := _NAME.fullmatch(path.name):
                found[name[2]][int(name[1] or 0)] = path
        number = max(found["db"], default=min(found["log"], default=0))
        logs = {n: path for n, path in found["log"].items() if n >= number}
        files = Files(self.path, number, found["db"].get(number), logs, self._noted())
        for path in (*logs.values(), *([files.snapshot] if files.snapshot else ())):
            check_plain_file(path)
        return files

    def note(self, number: int) -> None:
        """Write down the number of the last log, which must be there at the next start. Raises OSError.

        It is always as long, so that a power loss leaves the old one or the new one.
        """
        assert self._lock is not None, "`take` comes first"
        os.pwrite(self._lock, b"%09d\n" % number, 0)
        sync_file(self._lock)

    def _noted(self) -> int:
        assert self._lock is not None, "`take` comes first"
        text = os.pread(self._lock, 255, 0)
        if not text.strip(b"\0"):  # the first note was on its way when the power went
            return -1
        if not re.fullmatch(rb"[0-9]{1,9}\n", text):
            raise Damaged(f"{self.path / LOCK}: is damaged: it does not say which log is the last")
        return int(text)

    def remove_others(self, first: int, last: float = inf) -> None:
        """Remove snapshots and logs whose numbers are not among some."""
        self._remove(lambda name: (found := _NAME.fullmatch(name)) and not first <= int(found[1] or 0) <= last)

    def remove_leftovers(self) -> None:
        """Remove unfinished files of earlier runs."""
        self._remove(_LEFTOVER.fullmatch)

    def _remove(self, is_meant: Callable[[str], object]) -> None:
        with suppress(OSError):  # they are left for the next start
            for path in self.path.iterdir():
                if is_meant(path.name):
                    path.unlink()

    def _check(self) -> None:
        found = os.lstat(self.path)
        if stat.S_ISLNK(found.st_mode):
            raise Unusable(f"{self.path}: is a symbolic link; name the directory itself")
        if not stat.S_ISDIR(found.st_mode):
            raise Unusable(f"{self.path}: is no directory")
        if found.st_uid != os.geteuid():
            raise Unusable(f"{self.path}: belongs to another user")
        if found.st_mode & 0o077:
            raise Unusable(f"{self.path}: others may enter it; chmod 700 {self.path}")


def check_plain_file(path: Path) -> None:
    """See that a file is one. Raises Unusable."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise Unusable(f"{path}: is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path}: is no plain file")
    if found.st_uid != os.geteuid():
        raise Unusable(f"{path}: belongs to another user")
    if found.st_mode & 0o077:
        raise Unusable(f"{path}: others may use it; chmod 600 {path}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise Unusable(f"{path}: cannot be read and written")


def sync_directory(path: Path) -> None:
    """Make names that were added, moved or removed outlive a power loss. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
