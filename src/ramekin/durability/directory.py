"""The data directory: who may use it, which file in it counts, and one process at a time.

The file is ``tables.db``; after a recovery ``tables.1.db`` and so on, and the highest number counts. A number of its
own gives every file a write-ahead log of its own, so that an old log can never be taken for that of a new file. Knows
no SQLite; see ``sqlite.py`` for what is in the file.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.durability.faults import Unusable

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"tables(?:\.([0-9]{1,9}))?\.db")
LOCK = "lock"

sync_file = getattr(os, "fdatasync", os.fsync)  # macOS has the second only


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

    def file(self) -> Path:
        """Return the file that counts, which may not be there yet.

        Raises:
            Unusable: a name of ours is taken by something that is no plain file of this user.
        """
        numbers = sorted(n for each in self.path.iterdir() if (n := _number(each.name)) is not None)
        path = self.numbered(numbers[-1] if numbers else 0)
        for each in (path, path.with_name(f"{path.name}-wal")):
            if os.path.lexists(each):
                check_plain_file(each)
        return path

    def numbered(self, number: int) -> Path:
        """Return the file with a number."""
        return self.path / (f"tables.{number}.db" if number else "tables.db")

    def next_file(self) -> Path:
        """Return the file after the one that counts; it is not there."""
        return self.numbered((_number(self.file().name) or 0) + 1)

    def note_log(self, name: str) -> None:
        """Write down the file whose log must be there at the next start; none for an empty name. Raises OSError."""
        assert self._lock is not None, "`take` comes first"
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, name.encode(), 0)
        sync_file(self._lock)

    def noted_log(self) -> str:
        """Return what was noted last."""
        assert self._lock is not None, "`take` comes first"
        return os.pread(self._lock, 255, 0).decode("utf-8", "replace")

    def remove_others(self, kept: Path) -> None:
        """Remove what earlier runs left: files with lower numbers, unfinished files. Nothing else is touched."""
        with suppress(OSError):  # they are left for the next start
            for path in self.path.iterdir():
                base = re.sub(r"(\.unfinished)?(-wal|-shm|-journal)?$", "", path.name)
                is_other = base != kept.name and _number(base) is not None
                if is_other or ".unfinished" in path.name:
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


def _number(name: str) -> int | None:
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1] or 0)


def _said(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
