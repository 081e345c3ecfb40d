"""How often each client may ask, and how often show a wrong key.

Everything counts but the open pages themselves: health, documentation, problem pages. Knows no routes and no tables.
"""

from __future__ import annotations

import math
import re

from ramekin.clock import SYSTEM, Clock, MovableClock
from ramekin.errors import RateLimited

_LIMIT = re.compile(r"([1-9][0-9]{0,8}) ?(?:/|per) ?(?:([1-9][0-9]{0,3}) ?)?(second|minute|hour|day)s?", re.IGNORECASE)
WRONG_KEYS = "100/minute"
"""Wrong keys of one address, whatever the limit of requests is."""

_UNIT_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class RateLimit:
    """A number of requests in a window that slides, for each client: two counters, which stand for all its times.

    Of the last whole window's requests those count that would still be in the sliding one, had they come evenly.

    Raises ValueError when it is made from a text that is not like ``1000/second``.
    """

    def __init__(self, text: str, clock: Clock = SYSTEM, what: str = "requests") -> None:
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise ValueError("a limit is like 1000/second, 60/minute or 5000 per hour")
        self._most, self._window_s = int(found[1]), int(found[2] or 1) * _UNIT_S[found[3].lower()]
        self._now_s, self._what = clock.running_s if isinstance(clock, MovableClock) else clock.steady_s, what
        self._number = 0.0  # of the window
        self._counts: dict[str, int] = {}  # of this window
        self._before: dict[str, int] = {}  # of the window before
        self.policy = f'"default";q={self._most};w={self._window_s}'

    def count(self, client: str) -> dict[str, str]:
        """Count one request and return the headers that tell the client where it stands. Cost: O(1).

        Raises:
            Limited: it is one too many, and is not counted.

        Source: draft-ietf-httpapi-ratelimit-headers-11.
        """
        number, into_s = divmod(self._now_s(), self._window_s)
        if number != self._number:
            self._before = self._counts if number == self._number + 1 else {}
            self._counts, self._number = {}, number
        now, before = self._counts.get(client, 0), self._before.get(client, 0)
        left = self._most - now - int(before * (1 - into_s / self._window_s))
        free_s = float(self._window_s)  # into the window, when there is room again
        if left > 0:
            self._counts[client] = now + 1
        elif now < self._most:
            free_s *= 1 - (self._most - now) / before
        wait_s = math.floor(free_s - into_s) + 1
        headers = {
            "ratelimit-policy": self.policy,
            "ratelimit": f'"default";r={max(0, left - 1)};t={wait_s}',
        }
        if left > 0:
            return headers
        error = RateLimited(f"This client has sent more {self._what} than the limit allows.")
        raise Limited(error, headers | {"retry-after": str(wait_s)})


class Limited(Exception):
    """The limit is reached; carries the answer's error and headers."""

    def __init__(self, error: RateLimited, headers: dict[str, str]) -> None:
        super().__init__("limited")
        self.error, self.headers = error, headers
