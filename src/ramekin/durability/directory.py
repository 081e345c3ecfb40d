"""The data directory: who may use it, which files in it count, and one process at a time.

A snapshot is ``tables.db``, or with a number ``tables.1.db`` and so on, and the highest number counts. The log with its
number, ``tables.1.log``, holds what was written since; while the next snapshot is written, a log with the next number
follows it. ``lock`` notes the last log. The directory itself is what a process locks, so that removing a file lets
nobody else in. Knows nothing of what is in the files; see ``snapshot.py`` and ``log.py``.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ramekin.durability.disk import SYSTEM_DISK, Disk
from ramekin.durability.failures import Damaged, DiskFault, Unusable, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_NAME = re.compile(r"tables(?:\.([1-9][0-9]{0,8}))?\.(db|log)")
_LEFTOVER = re.compile(r".*\.unfinished(-journal)?")
LOCK = "lock"
MADE_BY_FILE_SYSTEMS = "lost+found"


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
    unread: tuple[Path, ...] = ()
    """All else that is in the directory, unfinished files excepted: older files of ours and files of others."""

    @property
    def last(self) -> int:
        """The highest number there is."""
        return max(self.number, *self.logs, 0)


def is_unfinished(name: str) -> bool:
    """Say whether a name is one that a killed process of ours may leave where nothing else is."""
    return name in (LOCK, MADE_BY_FILE_SYSTEMS) or _LEFTOVER.fullmatch(name) is not None


def snapshot_name(number: int) -> str:
    """Return the name of the snapshot with a number."""
    return f"tables.{number}.db" if number else "tables.db"


def log_name(number: int) -> str:
    """Return the name of the log with a number."""
    return f"tables.{number}.log" if number else "tables.log"


class Directory:
    """A data directory that this process alone uses, from `lock` to `release`."""

    def __init__(self, path: Path, disk: Disk = SYSTEM_DISK) -> None:
        self.path, self._disk = path, disk
        self._place: int | None = None  # the directory
        self._lock: int | None = None
        self._note = b""
        self._is_read_only = False

    def lock(self, *, is_read_only: bool = False) -> None:
        """Check the directory and lock it; it is made (mode 0700) if it is not there.

        Args:
            is_read_only: nothing in it is made or changed, so that it may be on a disk that cannot be written to.
                Several processes may look at it so at once.

        Raises:
            Unusable: it is not a directory, or it is a symbolic link; it belongs to another user or others may write to
                it; it cannot be written to; another process has it.
        """
        self._is_read_only = is_read_only
        lock = fcntl.LOCK_SH if is_read_only else fcntl.LOCK_EX
        try:
            if not is_read_only and not os.path.lexists(self.path):
                self.path.mkdir(mode=0o700)
                self._disk.sync_directory(self.path.parent)
            self._check()
            self._place = self._disk.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
            if is_there := os.path.lexists(self.path / LOCK):
                check_plain_file(self.path / LOCK, is_read_only=True)  # opening it tells the rest
            if is_there or not is_read_only:
                self._lock = self._open_lock()
            for each in (self._place, self._lock):  # older versions lock the second alone
                if each is not None:
                    fcntl.flock(each, lock | fcntl.LOCK_NB)
        except Unusable:
            self.release()
            raise
        except BlockingIOError:
            self.release()
            raise Unusable(f"{self.path}: another process uses this data directory") from None
        except OSError as error:
            self.release()
            raise Unusable(f"{error.filename or self.path}: {_said(error)}") from None

    def release(self) -> None:
        """Let go of the directory."""
        for handle in (self._lock, self._place):
            if handle is not None:
                self._disk.close(handle)
        self._lock = self._place = None

    def check_place(self) -> None:
        """See that the path still leads to the directory that was taken; a lock that was removed is made again.

        Raises:
            DiskFault: it leads nowhere, or to another directory.
        """
        assert self._place is not None, "`lock` comes first"
        assert self._lock is not None, "`lock` comes first"
        try:
            if not leads_to(self.path, self._place):
                raise DiskFault("the data directory was moved away or removed", is_lasting=True)
            if not leads_to(self.path / LOCK, self._lock):
                lock = self._open_lock()
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._disk.close(self._lock)
                self._lock = lock
                if self._note:
                    self._disk.pwrite(lock, self._note, 0)
        except OSError as error:
            raise fault_of(error, is_lasting=True) from None

    def _open_lock(self) -> int:
        flags = os.O_RDONLY if self._is_read_only else os.O_RDWR | os.O_CREAT
        return self._disk.open(self.path / LOCK, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def files(self) -> Files:
        """Return the files that count.

        Raises:
            Unusable: a name that counts is taken by something that is not a plain file of this user; or a restore or a
                repair into it was not finished.
            Damaged: the note of the last log cannot be read.
        """
        found: dict[str, dict[int, Path]] = {"db": {}, "log": {}}
        others, is_begun = [], False
        for path in sorted(self.path.iterdir()):
            if name := _NAME.fullmatch(path.name):
                found[name[2]][int(name[1] or 0)] = path
            elif not is_unfinished(path.name):
                others.append(path)
            is_begun = is_begun or _LEFTOVER.fullmatch(path.name) is not None
        if is_begun and not found["db"] and not found["log"]:  # a server makes its log before anything else
            raise Unusable(f"{self.path}: a restore or repair into it was not finished; run it again or remove it")
        number = max(found["db"], default=min(found["log"], default=0))
        logs = {n: path for n, path in found["log"].items() if n >= number}
        old = [path for each in found.values() for n, path in sorted(each.items()) if n < number]
        files = Files(self.path, number, found["db"].get(number), logs, self._noted(), (*old, *others))
        for path in (*logs.values(), *([files.snapshot] if files.snapshot else ())):
            check_plain_file(path, is_read_only=self._is_read_only)
        return files

    def note(self, number: int) -> None:
        """Write down the number of the last log, which must be there at the next start. Raises OSError.

        It is always as long, so that a power loss leaves the old one or the new one.
        """
        assert self._lock is not None, "`lock` comes first"
        self._note = b"%09d\n" % number
        self._disk.pwrite(self._lock, self._note, 0)
        self._disk.sync_data(self._lock)

    def _noted(self) -> int:
        text = b"" if self._lock is None else os.pread(self._lock, 255, 0)
        if not text.strip(b"\0"):  # the first note was on its way when the power went
            return -1
        if not re.fullmatch(rb"[0-9]{1,9}\n", text):
            raise Damaged(f"{self.path / LOCK}: is damaged: it does not say which log is the last")
        return int(text)

    def remove(self, names: Iterable[str]) -> None:
        """Remove some files, a snapshot before its log; those that cannot be are left for the next start."""
        for name in sorted(names, key=lambda name: name.endswith(".log")):
            with suppress(OSError):
                self._disk.unlink(self.path / name)

    def remove_leftovers(self) -> None:
        """Remove unfinished files of earlier runs."""
        with suppress(OSError):
            self.remove([path.name for path in self.path.iterdir() if _LEFTOVER.fullmatch(path.name)])

    def _check(self) -> None:
        found = os.lstat(self.path)
        if stat.S_ISLNK(found.st_mode):
            raise Unusable(f"{self.path}: is a symbolic link; name the directory itself")
        if not stat.S_ISDIR(found.st_mode):
            raise Unusable(f"{self.path}: is not a directory")
        if found.st_mode & 0o022 and found.st_mode & stat.S_ISVTX:
            raise Unusable(f"{self.path}: is for everybody; name a directory inside it, such as {self.path / 'tables'}")
        _check_owner(self.path, found)


def check_plain_file(path: Path, *, is_read_only: bool) -> None:
    """See that a file is one, and this user's. Raises Unusable."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise Unusable(f"{path}: is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path}: is not a plain file")
    _check_owner(path, found)
    if not os.access(path, os.R_OK if is_read_only else os.R_OK | os.W_OK):
        raise Unusable(f"{path}: cannot be read{'' if is_read_only else ' and written'}")


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise Unusable(f"{path}: belongs to another user")
    if found.st_mode & 0o022:
        raise Unusable(f"{path}: others may write to it; chmod go-w {path}")


def number_of(name: str) -> int:
    """Return the number of a snapshot or a log, by its name."""
    found = _NAME.fullmatch(name)
    assert found is not None, "a name of ours"
    return int(found[1] or 0)


def leads_to(path: Path, handle: int) -> bool:
    """Say whether a path leads to an open file. Raises OSError, but where nothing has this name."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(handle))


def _said(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
