"""Work that is done to its end, although whoever waits for it may leave. Knows no engines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what some work returns, or raise what it raises. Whoever is cancelled is told so when it is done."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:  # the work itself is never cancelled
            cancelled = error
    if cancelled is None:
        return task.result()
    task.exception()  # it is not told to anybody else
    raise cancelled
