"""The way of a step to where it happens: what is seen to before, the same for every engine.

    made ---> what is due in its tables ---> does it stand alone? ---> indexes that it is checked by ---> it happens
      ^            | taken out first              | yes: see `alone`         | built first                  | too late
      +------------+------------------------------|--------------------------+------------------------------+
                                                  +--> it happens while others are held back

Knows no journal and no cluster; see ``base.py`` for what `apply` promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.changes import Step
    from ramekin.engine.base import Making
    from ramekin.engine.tables import Tables
    from ramekin.engine.work import Work
    from ramekin.schema.definition import Checked

AGAIN = -1
"""In place of a step's number: something came in between, so the step is to be made again."""


async def _surely() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Way:
    """How an engine lets steps happen."""

    tables: Tables
    free: Callable[[Work | None], Awaitable[None]]
    """Waits until no step stands alone."""
    is_alone: Callable[[Step], bool]
    """Says whether a step stands alone."""
    alone: Callable[[Step | Making, Checked], Awaitable[int | None]]
    """Lets such a step happen, made once more when it begins."""
    happen: Callable[[Step, Checked], Awaitable[int | None]]
    """Lets another one happen, or returns `AGAIN`. It was made in this turn."""
    is_doubtful: Callable[[], Awaitable[bool]] = _surely
    """Waits until what the making of a step raised is sure, and says whether to make the step again instead."""

    async def go(self, step: Step | Making, expecting: Checked, work: Work | None) -> int | None:
        """Let a step happen, as `Engine.apply`."""
        tables = self.tables
        tables.sweep()
        is_swept = is_built = False
        while True:
            await self.free(work)
            try:
                now = step() if callable(step) else step
            except RamekinError:
                if await self.is_doubtful():
                    continue
                raise
            if now is None:
                return None
            if not is_swept and tables.expirations.precede(now):
                is_swept = True
                await tables.expirations.sweep_before(now, work)
                continue
            if self.is_alone(now):
                del now  # it is made once more, and the collector would look at both
                return await self.alone(step, expecting)
            if tables.builds.lacks(now) and not await tables.builds.build_for(now, work, is_again=is_built):
                is_built = True
                continue
            if (number := await self.happen(now, expecting)) != AGAIN:
                return number
