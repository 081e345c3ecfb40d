"""Who may ask, and how often: bearer keys, and a limit of requests for each client.

Counting is done by the library `limits` (a sliding window: two counters for each client). Health, documentation and
problem pages are open and never counted. Knows no routes and no tables.
"""

from __future__ import annotations

import hmac
import math
import time
from hashlib import sha256
from typing import TYPE_CHECKING

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from ramekin.errors import RateLimited
from ramekin.settings import is_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPEN_PATHS = ("/health", "/docs", "/redoc", "/openapi.json", "/static", "/problems")
_BELOW_OPEN = tuple(f"{path}/" for path in OPEN_PATHS)


def is_open(path: str) -> bool:
    """Say whether a path needs no key and is not counted."""
    return path == "/" or path in OPEN_PATHS or path.startswith(_BELOW_OPEN)


class Keys:
    """The bearer keys that are taken; none means that everybody may ask.

    Raises:
        ValueError: a key that no request could send.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if isinstance(keys, str):
            raise ValueError("keys are a list of texts")
        if not all(map(is_key, keys)):
            raise ValueError("a key is made of visible ASCII characters, without spaces")
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def find(self, headers: Mapping[str, str]) -> str | None:
        """Return a name for the right key that a request has; None if it has none, or another one.

        Guarantee: the time that it takes tells nothing of the keys.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        sent = sha256(token.strip().encode()).digest()
        known = [hmac.compare_digest(sent, digest) for digest in self._digests]
        return sent.hex() if any(known) and scheme.lower() == "bearer" else None


class RateLimit:
    """A number of requests in a window, for each client.

    Raises ValueError when it is made from a text such as ``1000/second`` that cannot be read.
    """

    def __init__(self, text: str) -> None:
        self._limit = parse(text)
        if self._limit.amount < 1:
            raise ValueError("a limit of no requests")
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())
        self.policy = f'"default";q={self._limit.amount};w={self._limit.get_expiry()}'

    async def count(self, client: str) -> dict[str, str]:
        """Count one request and return the headers that tell the client where it stands.

        Raises:
            RateLimited: with `retry_after` on it.

        Source: draft-ietf-httpapi-ratelimit-headers-11.
        """
        is_within = await self._windows.hit(self._limit, client)
        window = await self._windows.get_window_stats(self._limit, client)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        headers = {
            "ratelimit-policy": self.policy,
            "ratelimit": f'"default";r={max(0, window.remaining)};t={wait}',
        }
        if is_within:
            return headers
        raise Limited(headers | {"retry-after": str(wait)})


class Limited(Exception):
    """The limit is reached; carries the headers of the answer."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("limited")
        self.headers = headers
        self.error = RateLimited("This client has sent more requests than the limit allows.")
