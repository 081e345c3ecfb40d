"""What the log is told of nodes that fail and come back: what they do is told when it begins and when it is over.

    why, why, why ... ---> "the nodes take no writes: why"   once it has lasted, and again if it is another reason
    over              ---> "the nodes take writes again, after 2.3 s"

At a bounded rate: what begins again within `EVERY_S` is told if it lasts for so long. Knows no nodes.
"""

from __future__ import annotations

import logging

from ramekin.clock import stopwatch_s

_log = logging.getLogger("ramekin")

EVERY_S = 10.0
"""Seconds in which one thing is told once."""

PATIENCE_S = 0.3
"""Seconds for which nobody is told that something does not work: a connection ends, and another is made."""


class Seldom:
    """Something that is told once in `EVERY_S` at the most."""

    def __init__(self) -> None:
        self._told_s = -EVERY_S

    def may(self) -> bool:
        """Say whether it may be told now; then it is."""
        now_s = stopwatch_s()
        if now_s - self._told_s < EVERY_S:
            return False
        self._told_s = now_s
        return True


class Trouble:
    """Why something does not work now."""

    def __init__(self, begins: str, ends: str) -> None:
        """Begin without any.

        Args:
            begins: what is told, before the reason. ends: what is told when it works again.
        """
        self.why = ""
        """Empty while it works."""
        self._begins, self._ends = begins, ends
        self._seldom, self._told = Seldom(), ""
        self._since_s = 0.0

    def note(self, why: str, patience_s: float = PATIENCE_S) -> None:
        """Take note that it does not work.

        Args:
            patience_s: seconds after which that is worth telling.
        """
        if not self.why:
            self._since_s = stopwatch_s()
        self.why = why
        if why != self._told and stopwatch_s() - self._since_s >= patience_s and self._seldom.may():
            self._told = why
            _log.error("%s: %s", self._begins, why)

    def over(self) -> None:
        """Take note that it works."""
        if self._told:
            _log.warning("%s, after %.1f s", self._ends, stopwatch_s() - self._since_s)
        self.why = self._told = ""
