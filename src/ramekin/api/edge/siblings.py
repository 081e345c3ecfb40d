"""The other processes on a port: each has a socket in one folder, and tells there what it is asked.

    a request ---> worker 2 ---in the folder---> worker 1, worker 3 ... ---> what all of them tell

Nobody but their user reaches the folder, so what comes from it is believed. Knows nothing of what is told.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

_log = logging.getLogger("ramekin")

WITHIN_S = 1.0
"""Seconds that one may take; what it would have told is not there then."""


class Siblings:
    """All processes on a port, as one of them sees them."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._place = folder, folder / str(number)

    @asynccontextmanager
    async def answering(self, tell: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
        """Tell the others something, for as long as a ``with`` lasts; nothing where the folder's name is too long."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(pickle.dumps(await tell()))
                with suppress(ConnectionError):  # who asked has not waited
                    await writer.drain()
            finally:
                writer.close()

        self._place.unlink(missing_ok=True)  # of one that died
        try:
            server = await asyncio.start_unix_server(answer, self._place)
        except OSError as error:
            _log.warning("worker %s tells its own metrics alone: %s", self._place.name, error)
            yield
            return
        try:
            yield
        finally:
            server.close()
            self._place.unlink(missing_ok=True)

    async def told(self) -> list[Any]:
        """Return what each of the others tells, but for those that do not answer."""
        others = [place for place in self._folder.iterdir() if place != self._place]
        found = await asyncio.gather(*map(_told_by, others), return_exceptions=True)
        return [each for each in found if not isinstance(each, BaseException)]


async def _told_by(place: Path) -> object:
    """Return what one tells. Raises OSError, TimeoutError, EOFError: it has died, or is busy."""
    async with asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_unix_connection(place)
        try:
            return pickle.loads(await reader.read())  # noqa: S301  # our sibling wrote it
        finally:
            writer.close()
