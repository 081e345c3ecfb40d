r"""Where an array or object of a long JSON text ends, while the text arrives.

    text      {"a": [1, "]"], "b": [[], [
    signs     [     [      ]       [[]  [     strings and all that is no bracket left out, { written as [
    unpaired  [                    [    [     what is left once pairs have been taken out, again and again

A short nest has its tokens counted. Of a longer one, whatever a stretch of text holds, what it does to the depth is
known after a few searches, none of which is made in Python. A stretch in which the nest ends is halved until its tokens
are few, and these are counted. Knows nothing of what is between brackets; see ``splitter.py`` for who asks.
"""

from __future__ import annotations

import re
from itertools import islice

from ramekin.values.brackets import INSIDE, STRING, brackets, unpaired

FEW_TOKENS = 100
"""How many are counted first, 0.2 µs each."""

FEW_BYTES = 256
"""The first stretch behind them, and the shortest: where the nest ends in one, its tokens are counted."""

MOST_BYTES = 16 * 1024
"""How long a stretch is at most, so that what is searched and held at once is little."""

_INSIDE = re.compile(INSIDE)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_BROKEN = re.compile(rb"\\?[\x00-\x1f]")
_WHOLE = re.compile(rb'(?>(?:[^"]++|' + STRING + rb")*)")
_TOKEN = re.compile(STRING + rb'|["{}\[\]]')  # a lone quote: a string that is not whole


def _whole(text: bytes, begin: int, end: int) -> bytes:
    """Return a stretch of a text, up to the first string that does not end in it.

    Cost: O(length), 10 ns a string, 150 where there are escapes or line ends.
    """
    stretch = text[begin:end]
    if stretch.find(b"\\") < 0 and _CONTROL.search(stretch) is None:
        return stretch[: stretch.rfind(b'"')] if stretch.count(b'"') % 2 else stretch
    found = _WHOLE.match(stretch)
    assert found is not None, "the pattern matches nothing too"
    return found[0]


class OpenString:
    """Where a string ends, from its first quote on. `seen` bytes have been looked at, none of them twice."""

    def __init__(self) -> None:
        self.seen = 1

    def end(self, text: bytes, begin: int) -> int | None:
        """Return where the string ends; None if it goes on behind the text, or breaks off. Cost: as `Nest.end`."""
        found = _INSIDE.match(text, begin + self.seen)
        assert found is not None, "the pattern matches nothing too"
        self.seen = found.end() - begin
        return found.end() + 1 if text[found.end() : found.end() + 1] == b'"' else None

    def broken(self, text: bytes, begin: int) -> int | None:
        """Return the end of what no string may hold, if that is what follows."""
        found = _BROKEN.match(text, begin + self.seen)
        return None if found is None else found.end()


class Nest:
    """Counts how deep a text is in brackets, from its first one, which opens the nest, to the one that closes it.

    1. `seen` bytes have been looked at, none of them twice if more text comes; there, no string is open.
    2. `depth` is how many brackets are open there.
    """

    def __init__(self) -> None:
        self.seen = self.depth = 1
        self.string: OpenString | None = None
        """The string that is open behind what is seen."""

    def end(self, text: bytes, begin: int) -> int | None:
        """Return where the nest ends that begins at a byte of a text; None if it goes on behind the text.

        When it is asked again, the nest has to begin with the same bytes. Cost: O(bytes not seen yet).
        """
        if self.seen == 1 and self.string is None and (end := self._count(text, begin, FEW_TOKENS)) is not None:
            return end
        size, is_within = FEW_BYTES, False
        while True:
            at = begin + self.seen
            if self.string is not None:
                if (stop := self.string.end(text, at)) is None:
                    return None
                self.seen, self.string = stop - begin, None
                continue
            stretch = _whole(text, at, at + size)
            if not stretch:  # no more text, or a string that is longer than a stretch
                if at == len(text):
                    return None
                self.string = OpenString()
                continue
            signs = unpaired(brackets(stretch))
            closing = signs.count(b"]")
            if closing < self.depth:
                self.seen += len(stretch)
                self.depth += len(signs) - 2 * closing
                size = size if is_within else min(2 * size, MOST_BYTES)
            elif size > FEW_BYTES:
                size, is_within = size // 2, True
            else:
                return self._count(text, begin, FEW_BYTES)

    def _count(self, text: bytes, begin: int, most: int) -> int | None:
        """See some tokens one by one."""
        for token in islice(_TOKEN.finditer(text, begin + self.seen), most):
            if token[0] in (b"{", b"["):
                self.depth += 1
            elif token[0] in (b"}", b"]"):
                self.depth -= 1
                if self.depth == 0:
                    return token.end()
            elif token[0] == b'"':
                return None
            self.seen = token.end() - begin
        return None
