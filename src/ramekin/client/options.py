"""What a client is made with. What cannot be is refused where it is given, and not by the first call."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import httpx2

LONGEST_S = 1_000_000_000
"""The longest that a socket can be told to wait, in round seconds."""


def servers_of(url: str | Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of servers, without a slash at the end.

    Raises:
        TypeError, ValueError: it is no address; there is none.
    """
    given = [url] if isinstance(url, str) else url
    if not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise TypeError("'url' is the address of a server as text, or a list of several")
    servers = tuple(one.rstrip("/") for one in given)
    if not servers or not all(map(_is_address, servers)):
        raise ValueError("the address of a server is like http://127.0.0.1:8000, without '?' and '#'")
    return servers


def _is_address(text: str) -> bool:
    try:
        url = httpx2.URL(text)
        url.host.encode("idna")  # which a part of more than 63 letters is not
    except (httpx2.InvalidURL, UnicodeError):
        return False
    return text.startswith(("http://", "https://")) and bool(url.host) and not {"?", "#"} & {*text}


def key_of(key: str | None) -> str | None:
    """Return a key that a request can send. Raises TypeError, ValueError."""
    if not isinstance(key, str | None):
        raise TypeError("'key' is text, or None")
    if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key != ""):
        raise ValueError("'key' is made of visible ASCII characters; no request can send this one")
    return key


def attempts_of(attempts: int) -> int:
    """Return how often a call is sent at the most. Raises TypeError, ValueError."""
    if isinstance(attempts, bool) or not isinstance(attempts, int):
        raise TypeError("'attempts' is a whole number")
    if attempts < 1:
        raise ValueError("'attempts' is at least 1, which sends each call once")
    return attempts


def timeout_of(timeout_s: float) -> float:
    """Return how long an answer may take. Raises TypeError, ValueError."""
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
        raise TypeError("'timeout_s' is a number of seconds")
    if not (isfinite(timeout_s) and 0 < timeout_s <= LONGEST_S):
        raise ValueError("'timeout_s' is more than 0 seconds, and at most 1,000,000,000")
    return timeout_s
