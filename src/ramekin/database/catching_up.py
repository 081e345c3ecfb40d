"""One moment for work of many steps: a table is read in steps, and what is made of it holds for it as it is then.

    watch ----- view ----- read in steps ----- catch up ----- the step that applies
      |                                           |              |
      +-- whatever is written from here on -------+--------------+-- is looked at again

The work is done on a view. Records that were written since are looked at again, in rounds, each shorter than the one
before; the few that were written during the last round are looked at in the step that applies. So it ends however
much is written beside it. Knows no HTTP; see ``changing.py`` and ``defining.py`` for what is done so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.base import Watch
    from ramekin.engine.work import Work

FEW = 200
"""Records that one step may look at again: about 2 ms."""

ROUNDS = 10
"""Rounds in which records are looked at again before the last step takes all that are left."""


async def catch_up(watch: Watch, meet: Callable[[str, bytes | None], None], work: Work) -> None:
    """Look again at the records that were written since a watch began, until few are left.

    Args:
        meet: takes a record's key and its body as it is now, None if it is gone. What it raises is raised.

    Cost: O(records that were written), in steps.
    """
    for _ in range(ROUNDS):
        if watch.count <= FEW or watch.is_over:
            return
        for _ in range(0, watch.count, FEW):
            for key, body in watch.take(FEW).items():
                meet(key, body)
                await work.rest()
