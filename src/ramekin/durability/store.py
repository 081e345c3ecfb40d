"""A data directory with the file that counts in it: opened, read, replaced by a fresh one, copied.

Knows no event loop; see ``directory.py`` for names and locks, ``sqlite.py`` for the file, ``journal.py`` for commits.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ramekin.durability import sqlite
from ramekin.durability.directory import Directory
from ramekin.durability.faults import DiskFault, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.durability.steps import Contents, Fsync
    from ramekin.durability.wal import Scan

REST_S = 0.001
"""How long a backup rests after every 128 records, so that requests beside it get their turns."""


class Store:
    """The data directory of one database, for this process alone.

    Call `take`, then `read` once; then the file that it gave is written to, and `replace`d if the disk failed.
    """

    def __init__(self, path: Path, fsync: Fsync) -> None:
        self.path, self.fsync = path, fsync
        self.log: Scan | None = None
        """What the write-ahead log held when the directory was taken: how much of it was never finished."""
        self._directory = Directory(path)
        self._file: sqlite.SqliteFile | None = None

    def take(self) -> None:
        """Lock the directory and open the file, made if there is none. Changes nothing that is there.

        Raises:
            Unusable, Damaged: it cannot be used; the message is one line.
        """
        self._directory.take()
        try:
            path = self._directory.file()
            self.log = sqlite.check_before_opening(path, self.fsync, self._directory.noted_log())
            self._file = sqlite.open_file(path, self.fsync, self._directory.note_log)
        except OSError as error:
            self._directory.release()
            raise Unusable(f"{error.filename or self.path}: {(error.strerror or 'cannot be used').lower()}") from None
        except BaseException:
            self._directory.release()
            raise

    def read(self, advance: Callable[[int, int], None] = lambda *_: None) -> tuple[sqlite.SqliteFile, Contents]:
        """Return the file and all that is in it, after checking it. Raises Damaged, Unusable."""
        assert self._file is not None, "`take` comes first"
        try:
            contents = self._file.read(advance)
        except BaseException:
            self._file.leave()
            self.release()
            raise
        try:
            self._file.begin()
            if self.log is not None and self.log.dropped:
                self._file.checkpoint()  # so that nothing of what was dropped stands behind what comes
        except DiskFault as fault:
            self._file.leave()
            self.release()
            raise Unusable(f"{self._file.path}: cannot be written to ({fault})") from None
        self._directory.remove_others(self._file.path)
        return self._file, contents

    def replace(self, file: sqlite.SqliteFile, contents: Contents) -> sqlite.SqliteFile:
        """Write a fresh file from memory, and let go of one that cannot be trusted. Raises DiskFault."""
        fresh = None
        try:
            path = self._directory.next_file()
            sqlite.write_file(path, contents)
            fresh = sqlite.open_file(path, self.fsync, self._directory.note_log)
            fresh.read()
            fresh.begin()
        except (DiskFault, Unusable, OSError) as error:
            if fresh is not None:
                fresh.leave()
            is_full = isinstance(error, DiskFault) and error.is_full
            raise DiskFault(str(error), is_full=is_full, is_lasting=True) from None
        self._file = fresh
        file.abandon()
        self._directory.remove_others(path)
        return fresh

    def backup(self, contents: Contents) -> Path:
        """Write whole tables into a new file in the directory; whoever asked removes it. Raises DiskFault."""
        path = self.path / f"backup-{secrets.token_hex(8)}.unfinished"
        sqlite.write_file(path, contents, rest_s=REST_S)
        return path

    def release(self) -> None:
        """Let go of the directory."""
        self._directory.release()


def backup_to_temporary(contents: Contents) -> Path:
    """Write whole tables into a new file in a directory of its own; whoever asked removes both. Raises DiskFault."""
    folder = Path(tempfile.mkdtemp(prefix="ramekin-backup-"))
    try:
        sqlite.write_file(folder / "tables.db", contents, rest_s=REST_S)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / "tables.db"
