"""A data directory with the files that count in it: read, gone on with, made small, replaced by fresh ones, copied.

Knows no event loop; see ``directory.py`` for names and locks, ``snapshot.py`` and ``log.py`` for the files,
``journal.py`` for commits.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ramekin.durability import log, replay, snapshot
from ramekin.durability.directory import Directory, log_name, snapshot_name, sync_directory
from ramekin.durability.faults import DiskFault, Unusable, fault_of
from ramekin.durability.log import Header, LogFile
from ramekin.durability.snapshot import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.durability.directory import Files
    from ramekin.durability.replay import Recovered
    from ramekin.durability.steps import Contents, Fsync

REST_S = 0.0005
"""How long a copy rests after every few records, so that requests beside it get their turns."""


class Store:
    """The data directory of one database, for this process alone.

    Call `take`, then `read` once; then the log that it gave is appended to.
    """

    def __init__(self, path: Path, fsync: Fsync) -> None:
        self.path, self.fsync = path, fsync
        self.recovered: Recovered | None = None
        """What was found when the directory was read, without the contents."""
        self._directory = Directory(path)
        self._files: Files | None = None
        self._last = 0  # the highest number that a file has, or had

    def take(self) -> None:
        """Lock the directory, made if it is not there. Changes nothing that is there.

        Raises:
            Unusable, Damaged: it cannot be used; the message is one line.
        """
        self._directory.take()
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
        assert self._files is not None, "`take` comes first"
        try:
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
        sync_directory(self.path)
        for number in sorted(files.logs):
            log.sync(files.logs[number])
        if found.log is not None:
            header, place = found.log, found.end
        elif found.is_whole:
            header = Header(files.number, found.snapshot or _new_id(), is_first=found.snapshot is None)
            place = log.create(self.path / log_name(header.number), header)
        else:
            return self._begin_anew(contents)
        file = LogFile(self.path / log_name(header.number), header, place)
        self._directory.note(header.number)
        self._directory.remove_others(files.number, header.number)
        self._directory.remove_leftovers()
        return file

    def begin_log(self) -> LogFile:
        """Return a log with the next number, empty. Raises DiskFault."""
        self._last += 1
        header = Header(self._last, _new_id())
        path = self.path / log_name(header.number)
        try:
            return LogFile(path, header, log.create(path, header))
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            raise fault_of(error) from None

    def write_snapshot(self, header: Header, contents: Contents, pause: Callable[[], None] | None = None) -> int:
        """Write whole tables as they were when a log began, remove what came before, and return the file's bytes.

        Args:
            pause: called after every few records; what it raises gives the snapshot up.

        Raises:
            DiskFault: all that was needed for a start is still there.
        """
        path = self.path / snapshot_name(header.number)
        snapshot.write(path, contents, Identity(header.id, has_log=True), pause=pause)
        try:
            self._directory.note(header.number)
            size_bytes = path.stat().st_size
        except OSError as error:
            raise fault_of(error) from None
        self._directory.remove_others(header.number)
        return size_bytes

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
                    file.path.unlink()
            raise
        return file

    def backup(self, contents: Contents) -> Path:
        """Write whole tables into a new file in the directory; whoever asked removes it. Raises DiskFault."""
        path = self.path / f"backup-{secrets.token_hex(8)}.unfinished"
        write_backup(path, contents)
        return path

    def release(self) -> None:
        """Let go of the directory."""
        self._directory.release()


def rest() -> None:
    """Rest after a few records, as whoever writes beside others does."""
    time.sleep(REST_S)


def write_backup(path: Path, contents: Contents) -> None:
    """Write whole tables into a new file, which is a data directory's when it has the name. Raises DiskFault."""
    snapshot.write(path, contents, Identity(_new_id(), has_log=False), pause=rest)


def backup_to_temporary(contents: Contents) -> Path:
    """Write whole tables into a new file in a directory of its own; whoever asked removes both. Raises DiskFault."""
    folder = Path(tempfile.mkdtemp(prefix="ramekin-backup-"))
    try:
        write_backup(folder / "tables.db", contents)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / "tables.db"


def _new_id() -> str:
    return secrets.token_hex(8)
