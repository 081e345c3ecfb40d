"""The brackets of a JSON text: which there are, which belong together, how deep they stand in each other.

All of it is done by searches and sums that run in C, since a text of a megabyte may have a million of them. Knows
nothing of what stands between; see ``codec.py`` and ``formats/nest.py`` for who asks.
"""

from __future__ import annotations

import re
from itertools import accumulate

STRING = rb'"[^"\\\x00-\x1f]*+(?>(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*)"'
"""A whole string. Possessive and atomic: no text makes the search go back."""

_STRING = re.compile(STRING)
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_AS_ARRAYS = bytes.maketrans(b"{}", b"[]")
_AS_STEPS = bytes.maketrans(b"[]", b"\x01\xff")
_PAIRS = [b"[" * levels + b"]" * levels for levels in (16, 4, 1)]


def brackets(text: bytes) -> bytes:
    """Return the brackets outside strings, { and } as [ and ]. In the text no string is open at either end."""
    return _STRING.sub(b"", text).translate(_AS_ARRAYS, _OTHERS)


def depth(text: bytes) -> int:
    """Return how many arrays and objects stand in each other at the most. Cost: O(length), 40 ns a bracket."""
    steps = memoryview(brackets(text).translate(_AS_STEPS)).cast("b")
    return max(accumulate(steps), default=0)


def unpaired(signs: bytes) -> bytes:
    """Return a row of brackets without those that belong together: some that close, then some that open.

    Cost: O(length) for each level of brackets in each other, a twentieth of it where levels are alike.
    """
    before = -1
    while len(signs) != before:
        before = len(signs)
        for pair in _PAIRS:
            signs = signs.replace(pair, b"")
    return signs
