"""Other tasks at every turn of a call, and a call that is cancelled at every turn."""

from __future__ import annotations

import asyncio
from contextlib import suppress

TURNS = (*range(9), 11, 14, 20, 30, 60)
"""Numbers of turns after which a call is cancelled; a call that waits for a disk may take more."""


async def give_turns(task, turns):
    """Let a task run for some turns of the loop; say whether it is still under way."""
    for _ in range(turns):
        if task.done():
            return False
        await asyncio.sleep(0)
    return not task.done()


async def cancelled_after(work, turns, times=1):
    """Cancel a call after some turns, once or more, a turn apart; say whether it was still under way."""
    task = asyncio.ensure_future(work)
    was_under_way = await give_turns(task, turns)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with suppress(asyncio.CancelledError, Exception):
        await task
    return was_under_way
