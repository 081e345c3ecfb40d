"""Places in a JSON text: what is wrong with it and where, and where a part of it stands.

A text that the parser refused is walked once more, token by token, so that a fault has its line, column and pointer. It
takes 1 µs a token, many times what parsing takes, so it ends after some tokens or bytes, and is never done to a text
that is right. Knows nothing of records; see ``codec.py`` for who parses.
"""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING

from ramekin.errors import (
    DuplicateMember,
    Fault,
    IntegerOutOfRange,
    MalformedJson,
    NumberNotFinite,
    TooDeep,
    pointer,
    shorten,
)
from ramekin.values.ids import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    LineColumn = tuple[int, int]
    """A line, and a column in characters; both begin at 1."""

    Error = type[MalformedJson | IntegerOutOfRange]

MAX_DEPTH = 64
"""How many objects and arrays may stand in each other, the record's own braces included."""

MAX_WALKED, MAX_WALKED_BYTES = 5000, 256 * 1024
"""Tokens and bytes of a text behind which no fault is looked for, so that it holds everything for 5 ms at the most."""

MAX_COUNTED = 40_000
"""Tokens of a text that is right, behind which no line is looked for."""

_CUT_TOKEN_BYTES = 12
"""How far a token that is cut off may seem wrong before its end: two escapes that are one character."""

MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""The byte order marks of UTF-8 and UTF-16. No JSON text begins with the first byte of one."""

_HALF = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_ESCAPE = rb'\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|' + _HALF + rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_OPEN_STRING = re.compile(rb'"(?>(?>(?:[^"\\\x00-\x1f]++|' + _ESCAPE + rb"){1,999})*)")  # as in STRING
_SCALAR = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
_NOT_FINITE = re.compile(rb"NaN|-?Infinity")
_UNICODE_ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}")
_BLANK = re.compile(rb"[ \t\r\n]*+")

_VALUE, _FIRST_ITEM, _FIRST_NAME, _NAME, _COLON, _NEXT, _END = range(7)
_MISSING = {
    _VALUE: "a value was expected",
    _FIRST_ITEM: "a value or ']' was expected",
    _FIRST_NAME: "a name in double quotes or '}' was expected",
    _NAME: "a name in double quotes was expected",
    _COLON: "':' was expected",
    _END: "its end was expected",
}
_MAX_INTEGER_CHARS = 20  # of one that fits into 64 bits, with its sign


def find_fault(text: bytes, extra_depth: int, begin: LineColumn | None) -> MalformedJson | IntegerOutOfRange | None:
    """Return what is wrong with a text that was refused; None if that is not found, or stands too far behind.

    Args:
        extra_depth: levels around the record that do not count.
        begin: line and column of the text's first byte; None: no place is told but the pointer.

    An integer that is too large is told only where nothing else is wrong.
    """
    seen = text[:MAX_WALKED_BYTES]
    readable = _readable(seen)
    walk = _Walk(readable, MAX_WALKED)
    wrong = _first_fault(walk, MAX_DEPTH + extra_depth)
    if text.startswith(MARKS):
        wrong = _Wrong(MalformedJson, 0, (), "The text begins with a byte order mark; send plain UTF-8")
    elif len(readable) < len(seen) and (wrong is None or wrong.is_end):
        walk.at = len(readable)
        wrong = walk.wrong("The text is not valid JSON: it is not UTF-8")
    if wrong is None or (len(seen) < len(text) and (wrong.is_end or wrong.at >= len(seen) - _CUT_TOKEN_BYTES)):
        return None
    return _error(wrong, text, begin)


def _first_fault(walk: _Walk, max_depth: int) -> _Wrong | None:
    large = None
    try:
        for token in walk:
            if len(walk.names) >= max_depth and token in (b"{", b"["):
                raise walk.wrong(f"The record is nested more than {MAX_DEPTH} levels deep", TooDeep)
            error = _check_number(token)
            if error is IntegerOutOfRange:
                large = large or walk.wrong("An integer does not fit into 64 bits; send it as text", error)
            elif error is not None:
                raise walk.wrong("A number is too large for a 64-bit float; send it as text", error)
    except _Wrong as wrong:
        return wrong
    return large if walk.is_whole else None


def line_of(text: bytes, steps: Sequence[str], line: int) -> int:
    """Return the line of a part of a JSON text that is right and begins on a line.

    Where there is no such part, as with a member that is missing, it is that of the nearest part around it.
    """
    if b"\n" not in text:
        return line
    walk, at, depth = _Walk(text, MAX_COUNTED), 0, 0
    for _ in walk:
        found = len(walk.steps)
        if depth < found <= len(steps) and [str(step) for step in walk.steps] == [*steps[:found]]:
            at, depth = walk.at, found
    return line + text.count(b"\n", 0, at)


class _Wrong(Exception):  # ends a walk
    """Something is wrong at a byte of the text, in the part that `steps` lead to; `is_end`: there is no more text."""

    def __init__(self, error: Error, at: int, steps: Sequence[str | int], said: str, *, is_end: bool = False) -> None:
        super().__init__(said)
        self.error, self.at, self.steps, self.said, self.is_end = error, at, tuple(steps), said, is_end


class _Walk:
    """Goes through a text. `steps` lead to the value that was yielded last, or to where the next one would stand.

    1. `names` has an entry for each object and array that is open: the names so far, or None for an array.
    2. `steps` has the place in each array, and the name in each object between that name and the end of its value.
    """

    def __init__(self, text: bytes, most: int) -> None:
        self._text, self._most, self.at, self._expect = text, most, 0, _VALUE
        self.steps: list[str | int] = []
        self.names: list[set[str] | None] = []
        self.is_whole = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield each scalar, and the sign that begins each object or array; `at` is its first byte.

        Raises _Wrong at the first byte where the text is no JSON. If it ends within `most` tokens, it `is_whole`.
        """
        for _ in range(self._most):
            self.at = _BLANK.match(self._text, self.at).end()  # type: ignore[union-attr]  # it matches nothing too
            sign = self._text[self.at : self.at + 1]
            if self._expect == _END and not sign:
                self.is_whole = True
                return
            if not sign:
                raise self.wrong("The text is not valid JSON: it ends too early", is_end=True)
            if self._expect in (_VALUE, _FIRST_ITEM) and sign != b"]":
                token = sign if sign in (b"{", b"[") else self._scalar(sign)
                yield token
                self._take_value(token)
            elif sign in (b"}", b"]"):
                self._close(sign)
            elif self._expect in (_NAME, _FIRST_NAME) and sign == b'"':
                self._take_name()
            else:
                self._take_sign(sign)

    def wrong(self, said: str, error: Error = MalformedJson, *, is_end: bool = False) -> _Wrong:
        """Return a fault at this place."""
        return _Wrong(error, self.at, self.steps, said, is_end=is_end)

    def _scalar(self, sign: bytes) -> bytes:
        if sign == b'"':
            return self._string()
        found = _SCALAR.match(self._text, self.at)
        if found is None and _NOT_FINITE.match(self._text, self.at) is not None:
            raise self.wrong("The text is not valid JSON, which has no NaN and no Infinity: send null")
        if found is None:
            raise self._unexpected()
        return found[0]

    def _string(self) -> bytes:
        found = _OPEN_STRING.match(self._text, self.at)
        end = self.at if found is None else found.end()
        behind = self._text[end : end + 1]
        if behind == b'"':
            return self._text[self.at : end + 1]
        if not behind:
            raise self.wrong("The text is not valid JSON: the quotes that open here are never closed", is_end=True)
        self.at = end
        said = "a control character must be escaped"
        if behind == b"\\":
            is_half = _UNICODE_ESCAPE.match(self._text, end) is not None
            said = "an escape is half of a surrogate pair" if is_half else "an escape is none that JSON has"
        raise self.wrong(f"The text is not valid JSON: {said}")

    def _take_value(self, token: bytes) -> None:
        self.at += len(token)
        if token == b"{":
            self.names.append(set())
            self._expect = _FIRST_NAME
        elif token == b"[":
            self.names.append(None)
            self.steps.append(0)
            self._expect = _FIRST_ITEM
        else:
            self._end_value()

    def _end_value(self) -> None:
        if not self.names:
            self._expect = _END
            return
        self._expect = _NEXT
        last = self.steps.pop()
        if self.names[-1] is None:
            self.steps.append(int(last) + 1)

    def _close(self, sign: bytes) -> None:
        closing = None if not self.names else b"]" if self.names[-1] is None else b"}"
        if sign != closing or self._expect not in (_NEXT, _FIRST_ITEM, _FIRST_NAME):
            raise self._unexpected()
        self.at += 1
        if self.names.pop() is None:
            self.steps.pop()
        self._end_value()

    def _take_name(self) -> None:
        names, token = self.names[-1], self._string()
        assert names is not None, "names are expected in objects only"
        name = unquote(token)
        self.steps.append(name)
        if name in names:
            raise self.wrong(f"The member '{shorten(name)}' is there twice", DuplicateMember)
        names.add(name)
        self.at += len(token)
        self._expect = _COLON

    def _take_sign(self, sign: bytes) -> None:
        if self._expect == _COLON and sign == b":":
            self._expect = _VALUE
        elif self._expect == _NEXT and sign == b",":
            self._expect = _VALUE if self.names[-1] is None else _NAME
        else:
            raise self._unexpected()
        self.at += 1

    def _unexpected(self) -> _Wrong:
        closing = "]" if self.names and self.names[-1] is None else "}"
        said = _MISSING.get(self._expect, f"',' or '{closing}' was expected")
        return self.wrong(f"The text is not valid JSON: {said}")


def unquote(token: bytes) -> str:
    """Return the text of a JSON string that is right."""
    return _UNQUOTED.sub(_escaped, token[1:-1].decode())


_UNQUOTED = re.compile(r"(?>(?>(?:\\u[0-9a-fA-F]{4}){1,999})+)|\\.")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _escaped(found: re.Match[str]) -> str:
    if found[0][1] != "u":
        return _SHORT.get(found[0][1], found[0][1])
    return bytes.fromhex(found[0].replace("\\u", "")).decode("utf-16-be")


def _readable(text: bytes) -> bytes:
    """Return a text up to where it is no UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return text[: error.start]
    return text


def _check_number(token: bytes) -> Error | None:
    """Return what a scalar is refused for, if it is a number that cannot be stored."""
    if token[:1] not in b"-0123456789":
        return None
    if token.lstrip(b"-").isdigit():
        fits = len(token) <= _MAX_INTEGER_CHARS and INT64_MIN <= int(token) <= INT64_MAX
        return None if fits else IntegerOutOfRange
    return NumberNotFinite if isinf(float(token)) else None


def _error(wrong: _Wrong, text: bytes, begin: LineColumn | None) -> MalformedJson | IntegerOutOfRange:
    """Return a fault as an error with its place."""
    line = column = 0
    if begin is not None:
        before = text.count(b"\n", 0, wrong.at)
        line = begin[0] + before
        column = len(text[text.rfind(b"\n", 0, wrong.at) + 1 : wrong.at].decode(errors="replace")) + 1
        column += 0 if before else begin[1] - 1
    said = f"{wrong.said}."
    return wrong.error(said, faults=[Fault(pointer(wrong.steps), said, line, column)])
