"""Clients that leave while they are answered through ASGI: work that nobody waits for stops.

Knows no endpoints; see ``asgi.py`` for who uses this.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import Request

WATCH_S = 0.05
"""Seconds of work after which a client is watched, so that work nobody waits for stops."""


class stopped_when_gone:  # noqa: N801  # used as a function, in ``async with``
    """Stops what is done inside when the client goes away, 50 ms after the body has been read or later.

    Nothing is waited for on behalf of work that is done sooner, so that short work costs no task.

    Raises:
        ClientDisconnect: the client has gone.
    """

    def __init__(self, request: Request, arriving: AsyncIterator[bytes] | None) -> None:
        """Watch for a client.

        Args:
            arriving: the body, where it is read inside; then `arriving` stands for it.
        """
        self._request, self._is_gone = request, False
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.arriving = None if arriving is None else self._read(arriving)

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        if self.arriving is None:
            self._wait()

    async def __aexit__(self, cls: type[BaseException] | None, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_gone and cls is asyncio.CancelledError:
            raise ClientDisconnect from None

    async def _read(self, arriving: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in arriving:
            yield chunk
        self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WATCH_S, self._begin)

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        if self._work is not None:
            self._work.cancel()
