"""Records that nodes hold otherwise than Ramekin has written them: somebody else has changed them there.

A server does not see that as it reads: it follows the feed, of which such a change is no part. It meets it when a write
is refused that was computed from the very step at which the nodes stand. Knows no nodes; see ``replicated.py``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ramekin.cluster.telling import Seldom
from ramekin.errors import Unavailable, shorten

if TYPE_CHECKING:
    from ramekin.changes import Written

_log = logging.getLogger("ramekin")

MAX_NAMED = 16
"""Records that are kept: more say no more."""

_REMEDY = "put it back there, or restart each server, which reads it then"


class Foreign:
    """The records that were met, until a write of them is taken, or all is read anew."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], None] = {}
        self._seldom = Seldom()

    @property
    def warning(self) -> str:
        """What is amiss, in a sentence; empty where nothing is."""
        if not self._met:
            return ""
        names = ", ".join(shorten(f"{table}/{key}") for table, key in self._met)
        return f"the nodes hold what Ramekin has not written at {names}, or of its unique values: {_REMEDY}"

    def met(self, step: Written) -> Unavailable:
        """Take note of the records of a step that is refused for ever, and return what its caller is told."""
        for change in step.changes[:MAX_NAMED]:
            if len(self._met) < MAX_NAMED:
                self._met[change.table, change.key] = None
        if self._seldom.may():
            _log.error("%s", self.warning)
        return Unavailable(
            "What the nodes hold of these records was changed by somebody else than Ramekin; nothing was applied.",
            hint=f"{_REMEDY[0].upper()}{_REMEDY[1:]}; `warnings` at /health/ready name the records.",
        )

    def had(self, step: Written) -> None:
        """Take note that the nodes have taken a step. Cost: O(1) where nothing was met."""
        if self._met:
            for change in step.changes:
                self._met.pop((change.table, change.key), None)

    def clear(self) -> None:
        """Forget all: what the nodes hold was read anew."""
        self._met.clear()
