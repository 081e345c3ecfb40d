"""Backups of an engine in this process: one at a time, in a thread; it stops if nobody waits for it.

Knows no files' formats; see ``durability/store.py`` for what is written.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.durability.failures import DiskFault
from ramekin.engine.shield import until_done
from ramekin.errors import StorageFull, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ramekin.durability.contents import Contents

    Write = Callable[[Contents, Callable[[], None]], Path]


class _GivenUp(Exception):  # no error: nobody waits for it
    """Whoever asked for a backup has gone."""


class Backups:
    """The backups of one engine."""

    def __init__(self) -> None:
        self._running: asyncio.Future[Path] | None = None
        self._is_given_up = False

    async def run(self, read: Callable[[], Contents], write: Write | None = None) -> Path:
        """Return the file that a thread wrote. Whoever is cancelled leaves no file, and nothing that goes on.

        Args:
            read: returns all tables as they are now; asked once it is known that the backup may be begun.
            write: writes the file; it is given the tables and a function to call after every few records, and keeps no
                file if that raises. None: the file is in a directory of its own.

        Raises:
            Unavailable: another backup is being written, or there is no place for one. StorageFull: it has no room.
        """
        from ramekin.durability.store import backup_to_temporary, rest  # SQLite is loaded by those who use it

        if self._running is not None:
            raise Unavailable("Another backup is being written; ask again when it is done.")

        def pause() -> None:
            if self._is_given_up:
                raise _GivenUp
            rest()

        self._is_given_up = False
        make, loop = write or backup_to_temporary, asyncio.get_running_loop()
        running = self._running = loop.run_in_executor(None, make, read(), pause)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await self._give_up(running)
            raise
        except _GivenUp:
            raise Unavailable("The database is closed; the backup was given up.") from None
        except DiskFault as fault:
            raise (StorageFull if fault.is_full else Unavailable)("The backup cannot be written.") from None
        finally:
            self._running = None

    async def close(self) -> None:
        """Give up the backup that is being written."""
        if self._running is not None:
            await self._give_up(self._running)

    async def _give_up(self, running: asyncio.Future[Path]) -> None:
        """Wait until a backup has ended, in a moment, and remove what it left."""
        self._is_given_up = True
        await until_done(running)  # whoever cancels again waits for the same moment
        if running.exception() is None:
            remove(running.result())


def remove(path: Path) -> None:
    """Remove a backup, with the folder that was made for it alone."""
    with suppress(OSError):
        path.unlink()
    if path.parent.name.startswith("ramekin-backup-"):
        shutil.rmtree(path.parent, ignore_errors=True)
