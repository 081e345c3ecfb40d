"""What was refused or cut before it became a request with an answer of its own, by reason: counted, and told the log.

Whoever floods a server must not flood its log: a line for each reason in ten seconds, with how many there were. Knows
no connections; see ``wire/channel.py`` and ``wire/connection.py`` for who refuses.
"""

from __future__ import annotations

import logging

from ramekin.clock import stopwatch_s

SLOW = ("head-too-slow", "body-too-slow", "reader-too-slow")
REASONS = ("connections", "address", "gave-way", "memory", "malformed", *SLOW)

LINE_S = 10.0
"""Seconds between two lines of the log for the same reason."""

_log = logging.getLogger("ramekin")


class Refusals:
    """How many refusals there were for each of the reasons."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self._told = dict.fromkeys(REASONS, 0)  # so many of them the log has been told of
        self._next_s = dict.fromkeys(REASONS, 0.0)  # not before then is it told again

    def count(self, reason: str, peer: str) -> None:
        """Count a refusal of somebody at an address. Cost: O(1)."""
        self.counts[reason] += 1
        now_s = stopwatch_s()
        if now_s >= self._next_s[reason]:
            self._next_s[reason] = now_s + LINE_S
            new = self.counts[reason] - self._told[reason]
            self._told[reason] = self.counts[reason]
            _log.warning("refused", extra={"reason": reason, "times": new, "last_address": peer})
