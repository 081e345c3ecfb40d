"""Waiting: for work that is done to its end although whoever waits may leave, and for a lock. Knows no engines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ramekin.engine.work import Work

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what some work returns, or raise what it raises. Whoever is cancelled is told so when it is done."""
    task = asyncio.create_task(work)
    cancelled = await until_done(task)
    if cancelled is None:
        return task.result()
    task.exception()  # it is not told to anybody else
    raise cancelled


async def though_left(work: Coroutine[Any, Any, T]) -> T:
    """Return what some work returns, or raise what it raises. Whoever is cancelled leaves at once, and it goes on."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be there to be told
    return await asyncio.shield(task)


async def until_done(work: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait until some work is done, and return how whoever waits was cancelled meanwhile; the work itself is not."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


async def until_free(lock: asyncio.Lock, work: Work | None = None) -> None:
    """Wait until nobody holds a lock; nobody does when this returns. Cost: a turn for each who holds it before.

    Raises:
        Deadline: it would take longer than some work may.
    """
    while lock.locked():
        if work is None:
            async with lock:
                pass
        else:
            waiting = asyncio.create_task(until_free(lock))
            try:
                await work.wait_for(waiting)
            finally:
                waiting.cancel()
