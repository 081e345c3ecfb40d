"""A data directory with the files that count in it: read, gone on with, made small, replaced by fresh ones, copied.

Knows no event loop; see ``directory.py`` for names and locks, ``snapshot.py`` and ``log.py`` for the files,
``journal.py`` for commits.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from ramekin.durability import log, replay, snapshot
from ramekin.durability.directory import Directory, Files, is_unfinished, log_name, number_of, snapshot_name
from ramekin.durability.disk import SYSTEM_DISK, Disk
from ramekin.durability.failures import DiskFault, Unusable, fault_of
from ramekin.durability.format import FORMAT
from ramekin.durability.log import Header, LogFile
from ramekin.durability.snapshot import Identity
from ramekin.values.ids import SYSTEM_IDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.durability.contents import Contents, Fsync
    from ramekin.durability.replay import Recovered

REST_S = 0.0005
"""How long a copy rests after every few records, so that requests beside it get their turns."""


class Store:
    """The data directory of one database, for this process alone.

    Call `lock`, then `read` once; then the log that it gave is appended to.
    """

    def __init__(
        self, path: Path, fsync: Fsync, disk: Disk = SYSTEM_DISK, has_time: Callable[[], bool] = lambda: True
    ) -> None:
        self.path, self.fsync, self._disk = path, fsync, disk
        self.has_time = has_time
        """Whether a stop has time to leave a snapshot."""
        self.recovered: Recovered | None = None
        """What was found when the directory was read, without the contents."""
        self.unread: tuple[str, ...] = ()
        """Names of what is in the directory and nobody reads."""
        self._directory = Directory(path, disk)
        self._files: Files | None = None
        self._last = 0  # the highest number that a file has, or had
        self._names: set[str] = set()  # of the files that are this database's; no other is ever removed

    @property
    def is_locked(self) -> bool:
        """Whether this process has the directory."""
        return self._files is not None

    def lock(self) -> None:
        """Lock the directory, made if it is not there. Changes nothing that is there.

        Raises:
            Unusable, Damaged: it cannot be used; the message is one line.
        """
        self._directory.lock()
        try:
            self._files = self._directory.files()
            self._last = self._files.last
        except OSError as error:
            self._directory.release()
            raise Unusable(f"{error.filename or self.path}: {(error.strerror or 'cannot be used').lower()}") from None
        except BaseException:
            self._directory.release()
            raise

    def read(self, advance: Callable[[int, int], None] = lambda *_: None) -> tuple[LogFile, Contents]:
        """Return the log to go on with, and all that is in the directory, after checking it.

        Raises:
            Damaged, Unusable: nothing was changed.
        """
        assert self._files is not None, "`lock` comes first"
        try:
            _refuse_backups(self._files)
            found = self.recovered = replay.read(self._files, advance)
            contents, found.contents = found.contents, {}
            return self._go_on(self._files, found, contents), contents
        except (DiskFault, OSError) as fault:
            self.release()
            raise Unusable(f"{self.path}: cannot be written to ({getattr(fault, 'strerror', fault)})") from None
        except BaseException:
            self.release()
            raise

    def _go_on(self, files: Files, found: Recovered, contents: Contents) -> LogFile:
        """Return the log that is appended to; a first one if there is none. Raises OSError, DiskFault.

        What a killed process left, names and logs, may still be on its way to the disk; all that comes rests on it.
        """
        self._disk.sync_directory(self.path)
        for number in sorted(files.logs):
            self._disk.sync_file(files.logs[number])
        if found.log is not None:
            header, place = found.log, found.end
        elif found.is_whole:
            header = Header(files.number, found.snapshot or _new_id(), is_first=found.snapshot is None)
            place = log.create(self.path / log_name(header.number), header, self._disk)
        else:
            return self._begin_anew(contents)
        file = LogFile(self.path / log_name(header.number), header, place, self._disk)
        self._directory.note(header.number)
        self._take_over(files, found, header)
        self._directory.remove_leftovers()
        return file if header.format == FORMAT else self._leave_format(file)

    def _leave_format(self, file: LogFile) -> LogFile:
        """End a log of an earlier version, which would not know all that is written now, and return the next.

        Raises OSError, DiskFault.
        """
        following = self.begin_log()
        file.end(following)
        following.sync()
        self._directory.note(following.header.number)
        return following

    def _take_over(self, files: Files, found: Recovered, header: Header) -> None:
        """Remove what a killed process left to be removed, and note which files are this database's."""
        behind = [path.name for number, path in files.logs.items() if number > header.number]  # begun, and never used
        before = superseded(files, found.snapshot)
        self._directory.remove([*behind, *before])
        self._names = {path.name for path in files.logs.values()} - set(behind) | {log_name(header.number)}
        self._names |= {files.snapshot.name} if files.snapshot is not None else set()
        self.unread = tuple(path.name for path in files.unread if path.name not in before)

    def begin_log(self) -> LogFile:
        """Return a log with the next number, empty. Raises DiskFault."""
        self._last += 1
        header = Header(self._last, _new_id())
        path = self.path / log_name(header.number)
        self._directory.check_place()
        try:
            file = LogFile(path, header, log.create(path, header, self._disk), self._disk)
            self._names.add(path.name)
            return file
        except OSError as error:
            with suppress(OSError):
                self._disk.unlink(path)
            raise fault_of(error) from None

    def write_snapshot(self, header: Header, contents: Contents, pause: Callable[[], None] | None = None) -> int:
        """Write whole tables as they were when a log began, remove what came before, and return the file's bytes.

        Args:
            pause: called after every few records; what it raises gives the snapshot up.

        Raises:
            DiskFault: all that was needed for a start is still there.
        """
        path = self.path / snapshot_name(header.number)
        self._directory.check_place()
        snapshot.write(path, contents, Identity(header.id, has_log=True), pause=pause, disk=self._disk)
        try:
            self._directory.note(header.number)
            size_bytes = path.stat().st_size
        except OSError as error:
            raise fault_of(error) from None
        before = {name for name in self._names if number_of(name) < header.number}
        self._names = self._names - before | {path.name}
        self._directory.remove(before)
        return size_bytes

    def check_place(self) -> None:
        """See that the files which a start would read are still there. Raises DiskFault, which lasts."""
        self._directory.check_place()
        for name in tuple(self._names):  # a thread that removes one has forgotten its name before
            if not os.path.lexists(self.path / name):
                raise DiskFault(f"{name} was removed", is_lasting=True)

    def replace(self, file: LogFile, contents: Contents) -> LogFile:
        """Write all files anew from memory, and let go of a log that cannot be trusted. Raises DiskFault."""
        fresh = self._begin_anew(contents)
        with suppress(OSError):
            file.close()
        return fresh

    def _begin_anew(self, contents: Contents) -> LogFile:
        """Return the log that goes with a new snapshot, written beside all that is there. Raises DiskFault.

        A snapshot that could not be synced may have its name all the same, and then it needs its log.
        """
        file = self.begin_log()
        try:
            self.write_snapshot(file.header, contents)
        except BaseException:
            with suppress(OSError):
                file.close()
                if not (self.path / snapshot_name(file.header.number)).exists():
                    self._disk.unlink(file.path)
            raise
        return file

    def backup(self, contents: Contents, pause: Callable[[], None]) -> Path:
        """Write whole tables into a new file in the directory; whoever asked removes it. Raises DiskFault."""
        path = self.path / f"backup-{SYSTEM_IDS.token(8)}.unfinished"
        write_backup(path, contents, pause, self._disk)
        return path

    def release(self) -> None:
        """Let go of the directory."""
        self._directory.release()


def superseded(files: Files, snapshot_id: str | None) -> set[str]:
    """Return the names of older files that are certainly of this database, and were to be removed.

    A log that ends well names the id of the next, which is that of the next snapshot too. So ids lead from the snapshot
    that counts back to what came before it. What they do not lead to may be a backup, or another database's; what is no
    file that can be read keeps nobody from a start.
    """
    names, number = set[str](), files.number - 1
    old = {path.name: path for path in files.unread if path.is_file()}
    while snapshot_id is not None and (path := old.get(log_name(number))) is not None:
        try:
            header, following = replay.ends_of(path)
        except Unusable:
            break
        if header is None or following != (number + 1, snapshot_id):
            break
        names.add(path.name)
        if (path := old.get(snapshot_name(number))) is not None and _identity_of(path) == Identity(
            header.id, has_log=True
        ):
            names.add(path.name)
        snapshot_id, number = header.id, number - 1
    return names


def _refuse_backups(files: Files) -> None:
    """See that nobody believes that a backup would be read which is not. Raises Unusable."""
    for path in filter(Path.is_file, files.unread):  # a pipe would wait for who writes into it
        identity = _identity_of(path)
        if identity is None or identity.has_log:
            continue
        if files.snapshot is not None or files.logs:
            reason = "is a backup, and would not be read, since this directory holds newer tables"
        else:
            reason = "is a backup, and would not be read under this name"
        raise Unusable(f"{path}: {reason}; move it away, and start from it with: ramekin restore FILE --data-dir NEW")


def _identity_of(path: Path) -> Identity | None:
    """Return which snapshot a file is; None if it is none that can be read."""
    try:
        with snapshot.opened(path) as run:
            return snapshot.read_identity(path, run)
    except Unusable:
        return None


def rest() -> None:
    """Rest after a few records, as whoever writes beside others does."""
    sleep(REST_S)


def write_backup(path: Path, contents: Contents, pause: Callable[[], None] = rest, disk: Disk = SYSTEM_DISK) -> None:
    """Write whole tables into a new file, which is a data directory's when it has the name. Raises DiskFault."""
    snapshot.write(path, contents, Identity(_new_id(), has_log=False), pause=pause, disk=disk)


def backup_to_temporary(contents: Contents, pause: Callable[[], None]) -> Path:
    """Write whole tables into a new file in a directory of its own; whoever asked removes both. Raises DiskFault."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="ramekin-backup-"))
    except OSError as error:
        raise fault_of(error) from None
    try:
        write_backup(folder / "tables.db", contents, pause)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / "tables.db"


def make_directory(path: Path, contents: Contents) -> None:
    """Make a data directory that holds whole tables, where nothing is, or what a kill of this left.

    It is marked until it is whole, so that no server takes it for an empty database.

    Raises:
        Unusable: the directory holds anything, or cannot be used.
        DiskFault: the tables cannot be written.
    """
    directory = Directory(path)
    try:
        if path.is_dir() and (held := sorted(each.name for each in path.iterdir() if not is_unfinished(each.name))):
            raise Unusable(f"{path}: holds {held[0]}; name a directory that is empty or not there")
        directory.lock()
        (path / "directory.unfinished").touch(mode=0o600)
        write_backup(path / snapshot_name(0), contents, lambda: None)
        directory.remove_leftovers()
    except OSError as error:
        raise fault_of(error) from None
    finally:
        directory.release()


def _new_id() -> str:
    return SYSTEM_IDS.token(8)
