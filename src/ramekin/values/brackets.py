"""The brackets of a JSON text: which there are, which belong together, how deep they stand in each other.

And how many parts a text has: with a part for every three bytes it takes ten times as long to read as most.

All of it is done by searches and sums that run in C, since a text of a megabyte may have a million of them. Knows
nothing of what stands between; see ``codec.py`` and ``formats/nest.py`` for who asks.
"""

from __future__ import annotations

import re
from itertools import accumulate

STRING = rb'"[^"\\\x00-\x1f]*+(?>(?>(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+){1,999})*)"'
"""A whole string. No text makes the search go back; each 999 escapes it forgets where it could (60 bytes each)."""

INSIDE = STRING[1:-1]
"""What stands in a string, as far as it is there."""

_STRING = re.compile(STRING)
NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
"""All bytes but brackets: what `translate` takes out."""

_AS_ARRAYS = bytes.maketrans(b"{}", b"[]")
_AS_STEPS = bytes.maketrans(b"[]", b"\x01\xff")
_PAIRS = [b"[" * levels + b"]" * levels for levels in (16, 4, 1)]


def brackets(text: bytes) -> bytes:
    """Return the brackets outside strings, { and } as [ and ]. In the text no string is open at either end."""
    return without_strings(text).translate(_AS_ARRAYS, NO_BRACKETS)


def without_strings(text: bytes) -> bytes:
    """Return what of a text stands outside strings. Cost: O(length), 30 ns a string, 100 where there are escapes."""
    if text.find(b"\\") < 0 and len(pieces := text.split(b'"')) % 2:
        return b"".join(pieces[::2])
    return _STRING.sub(b"", text)


def parts(text: bytes) -> int:
    """Return how many arrays, objects and members a text has. Cost: O(length), 100 ns a string."""
    bare = without_strings(text)
    return bare.count(b"[") + bare.count(b"{") + bare.count(b":")


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
