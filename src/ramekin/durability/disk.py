"""The disk, as an object that a test can set: each call that makes, changes, syncs or names a file in a data directory.

A test gives a `Store` one that is slow, is full, or forgets what was not synced. Calls that only look (to read, to see
who owns a file) or lock ask the system themselves, and so does SQLite, whose file is made, synced and named here. Knows
no files of ours; see ``store.py`` for who is given one.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The system's own calls. Each raises OSError; `write` may write a part, and the next call tells the reason."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    write = staticmethod(os.write)
    pwrite = staticmethod(os.pwrite)
    ftruncate = staticmethod(os.ftruncate)
    sync = staticmethod(os.fsync)
    """Make a file outlive a power loss, with its size, times and owner."""
    sync_data = staticmethod(getattr(os, "fdatasync", os.fsync))  # macOS has the second only
    """The same without its times."""

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def rename(self, path: Path, to: Path) -> None:
        """Give a file another name, in place of what has it."""
        path.rename(to)

    def sync_file(self, path: Path, flags: int = os.O_RDWR | os.O_NOFOLLOW) -> None:
        """Make a file that is not open outlive a power loss."""
        handle = self.open(path, flags | os.O_CLOEXEC)
        try:
            self.sync(handle)
        finally:
            self.close(handle)

    def sync_directory(self, path: Path) -> None:
        """Make names that were added, moved or removed outlive a power loss."""
        self.sync_file(path, os.O_RDONLY | os.O_DIRECTORY)


SYSTEM_DISK = Disk()
