r"""A long JSON text, read piece by piece, so that others go on meanwhile: 1 MiB of small parts takes 20 to 80 ms.

    text      {"a": [1, [2], {"b": 3, "c": 4}], "d": 5}        cut at commas outside of strings
    pieces    {"a": [1, [2]        {"b": 3        "c": 4}], "d": 5}
    read      {"a": [1, [2]]}      {"_": [{"b": 3}]}      {"_": [{"c": 4}], "d": 5}

Each piece is a JSON text once what is open before it is opened in front, and what is open behind it is closed. So the
parser sees to all that is within a piece, and what it returns is put into what the pieces before have opened. What is
left to look for here: a comma without a value on both sides, and a member that came in a piece before. Knows nothing of
records; see ``codec.py`` for what is let pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import DuplicateMember, IntegerOutOfRange, MalformedJson
from ramekin.values import codec, places
from ramekin.values.brackets import NO_BRACKETS
from ramekin.values.ids import random_bits

if TYPE_CHECKING:
    from collections.abc import Generator

    from ramekin.values.codec import Complaint
    from ramekin.values.places import LineColumn

PIECE_BYTES = 32 * 1024
"""How long a piece is, where a comma is near: 0.3 to 2.5 ms."""

MAX_TRIED = 200
"""Strings that a comma is looked for between: in a text that is right each 64 levels have one."""

_NAME = f"{random_bits(64):016x}"
"""Stands for the name of a member that a piece before has begun. No text has it, since nobody knows it."""
_OPEN = {ord("{"): b'{"%b":' % _NAME.encode(), ord("["): b"["}
_CLOSING = bytes.maketrans(b"{[", b"}]")


def read(text: bytes, at: LineColumn | None = (1, 1), extra_depth: int = 0) -> Generator[None, None, tuple[Any, bytes]]:
    """Return the value of a JSON text, and how `codec.dump` prints it, in short steps.

    Args:
        at, extra_depth: as for `codec.parse`.

    Raises as `codec.parse`. Cost: O(length).
    """
    growing, begin, lines = _Growing(), 0, 0
    large: Complaint | None = None
    while begin <= len(text):
        end = yield from _end_of_piece(text, begin)
        piece = text[begin:end]
        try:
            growing.take(piece, extra_depth, is_last=end == len(text))
        except IntegerOutOfRange as error:  # told only where nothing else is wrong
            yield
            large = large or _in_place(error, text, lines, at, extra_depth)
            growing.is_lost = True
        except MalformedJson as error:
            yield
            raise _in_place(error, text, lines, at, extra_depth) from None
        begin, lines = end + 1, lines + piece.count(b"\n")
        yield
    if large is not None:
        raise large
    return growing.value, b",".join(growing.printed)


class _Growing:
    """The value of a text, as far as its pieces were taken.

    1. `_opened` are the brackets that are open behind them, and `_spine` the arrays and objects of these.
    2. `printed` are the pieces as they are printed; between two of them a comma is missing.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.printed: list[bytes] = []
        self.is_lost = False
        """Whether the value is not wanted any more, and what follows is only looked at."""
        self._opened = b""
        self._spine: list[Any] = []
        self._parts = 0

    def take(self, piece: bytes, extra_depth: int, *, is_last: bool) -> None:
        """Take a piece. Raises as `codec.parse`, with the lines of what was parsed."""
        bare = piece.strip(b" \t\r\n")
        if not bare or bare[:1] in b"]}" or (not is_last and bare[-1:] in b"[{"):
            raise MalformedJson("A value was expected.")
        front = b"".join(map(_OPEN.__getitem__, self._opened[:-1])) + self._opened[-1:]
        outside = b"".join(_unescaped(piece).split(b'"')[::2])
        self._parts += sum(map(outside.count, (b"[", b"{", b":")))
        codec.check_part_count(self._parts)
        signs = _unpaired(outside)
        closed = sum(map(signs.count, (b"]", b"}")))
        kept, opened = max(0, len(self._opened) - closed), signs[closed:]
        behind = b"" if is_last else (self._opened[:kept] + opened)[::-1].translate(_CLOSING)
        if not is_last and not kept + len(opened):
            raise MalformedJson("The text is not valid JSON: it goes on behind its end.")
        is_first, self._opened = not self._opened, self._opened[:kept] + opened
        value, printed = _read(front + piece + behind, extra_depth)
        if self.is_lost:
            return
        self.printed.append(printed[len(front) : len(printed) - len(behind)])
        if is_first:
            self.value = value
        else:
            self._merge(value)
        self._descend(kept, len(opened), value)

    def _merge(self, value: Any) -> None:
        """Put what a piece holds into what is open."""
        for i, grown in enumerate(self._spine):
            inner = None
            if i + 1 < len(self._spine):
                inner = value.pop(_NAME) if isinstance(value, dict) else value.pop(0)
            if isinstance(grown, list):
                grown += value
            elif grown.keys().isdisjoint(value):
                grown |= value
            else:
                raise DuplicateMember(f"{DuplicateMember.title}.")
            value = inner

    def _descend(self, kept: int, opened: int, value: Any) -> None:
        """Go from what stays open to what a piece has opened: the last member of the last member."""
        del self._spine[kept:]
        for _ in range(opened):
            if not self._spine:
                self._spine.append(value)
                continue
            outer = self._spine[-1]
            self._spine.append(outer[-1] if isinstance(outer, list) else outer[next(reversed(outer))])


def _read(text: bytes, extra_depth: int) -> tuple[Any, bytes]:
    if not extra_depth:
        return codec.read(text, is_many=True)  # its parts are counted here
    value = codec.parse(text, extra_depth=extra_depth, is_many=True)
    return value, codec.dump(value)


def _unpaired(outside: bytes) -> bytes:
    """Return the brackets that have no other one in a text without strings: some that close, then some that open."""
    signs, before = outside.translate(None, NO_BRACKETS), -1
    while len(signs) != before:
        before = len(signs)
        signs = signs.replace(b"[]", b"").replace(b"{}", b"")
    return signs


def _unescaped(text: bytes) -> bytes:
    """Return a text of the same length in which each quote begins or ends a string."""
    return text if text.find(b"\\") < 0 else text.replace(b"\\\\", b"__").replace(b'\\"', b"__")


def _end_of_piece(text: bytes, begin: int) -> Generator[None, None, int]:
    """Return where the comma stands at which a piece ends, or the end of the text. In the text no string is open."""
    size = PIECE_BYTES
    while begin + size < len(text):
        seen = _unescaped(text[begin : begin + size])
        if seen.count(b'"') % 2:
            seen = seen[: seen.rfind(b'"')]
        for _ in range(MAX_TRIED):
            quote = seen.rfind(b'"')
            if (comma := seen.rfind(b",", quote + 1)) >= 0:
                return begin + comma
            if quote < 0:
                break
            seen = seen[: seen.rfind(b'"', 0, quote)]
        size *= 2
        yield
    return len(text)


def _in_place(error: Complaint, text: bytes, lines: int, at: LineColumn | None, extra_depth: int) -> Complaint:
    """Return the error of a piece, before which some lines stand, as one of the text."""
    if error.faults or not text.strip(b" \t\r\n"):
        lines += max(0, error.faults[0].line - 1) if error.faults else 0
        return codec.explained(text, extra_depth, at, type(error), lines)
    return places.find_fault(text, extra_depth, at) or error
