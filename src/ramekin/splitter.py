"""Cuts a long JSON text into its records while it arrives, so that neither memory nor the event loop sees all of it.

Two shapes: an array of records, and an object of such arrays (a whole database, the shape of a json-server file).
The splitter finds where each record begins and ends; ``codec.parse`` alone decides whether it is JSON. Knows nothing
of what the records mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.errors import BodyTooLarge, DuplicateMember, InvalidRecord, MalformedJson, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = (b"\xef", b"\xff", b"\xfe")  # byte order marks begin with these, and no JSON text does
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'  # possessive: no text makes the search go back and try again
_FLAT = rb'[^{}\[\]"]*+(?:' + _STRING + rb'[^{}\[\]"]*+)*+'
_SHALLOW = rb"\{" + _FLAT + rb"(?:[{\[]" + _FLAT + rb"[}\]]" + _FLAT + rb")*+\}"
_RUN = re.compile(_SHALLOW + rb"(?: *+, *+" + _SHALLOW + rb"){0,99}+", re.DOTALL)
_TOKEN = re.compile(_STRING + rb'|["{}\[\]]', re.DOTALL)  # a lone quote: a string that goes on in the next chunk
_NAME = re.compile(_STRING, re.DOTALL)
_BLANK = re.compile(rb"[ \t\r\n]*")


class Splitter:
    """Takes chunks of bytes, yields (table, record, position); None for the record where a table begins.

    1. The text is a list of expectations; `_expect` names the next one.
    2. What has been taken is cut off the buffer, so the buffer holds one unfinished record and one chunk.
    3. Positions are line and column of a record's first byte, for error messages.
    4. Up to a hundred records that stand on one line are found and parsed together: a run.

    Cost: O(length), about 1 µs for a 166-byte record in a run, 3 µs for one with a line of its own.
    """

    def __init__(self, *, limit_bytes: int, is_array: bool = False) -> None:
        self._limit = limit_bytes
        self._is_array = is_array
        self._expect = self._begins_with = "array" if is_array else "object"
        self._buffer = b""
        self._at = 0
        self.line, self._line_start = 1, 0  # line_start counts from the buffer's beginning, and may be negative
        self.tables: dict[str, None] = {"": None} if is_array else {}
        """The tables met so far, in order; the array shape has one without a name."""
        self._table = ""

    def records(self, chunk: bytes) -> Iterator[tuple[str, Any, tuple[int, int]]]:
        """Take a chunk and yield the tables that begin and the records that end in it.

        Raises:
            MalformedJson: something else stands where a record, a name or a sign was expected.
            InvalidRecord: an element is not an object.
            BodyTooLarge: a record is longer than the limit.
        """
        for table, run, (line, column) in self._cut(chunk):
            if not run:
                yield table, None, (line, column)
            for record in codec.parse(b"[%b]" % run, at=(line, column - 1), extra_depth=1):
                yield table, record, (line, column)

    def _cut(self, chunk: bytes) -> Iterator[tuple[str, bytes, tuple[int, int]]]:
        """Yield runs of records; an empty one where a table begins."""
        self._buffer = self._buffer[self._at :] + chunk
        self._line_start -= self._at
        self._at = 0
        while self._skip_blank():
            if self._expect == "record":
                end = self._end_of_run() or self._end_of_record()
                if end is None:
                    return
                yield self._table, self._buffer[self._at : end], self._position()
                self._advance(end)
                self._expect = "comma"
            elif not self._take_sign():
                return
            elif self._expect == "record or ]":
                yield self._table, b"", self._position()

    def finish(self) -> None:
        """Say that the text has ended.

        Raises:
            MalformedJson: it ended too early.
        """
        if self._expect == "end":
            return
        line, column = self._position()
        if self._expect == self._begins_with:
            raise MalformedJson(f"The text is empty; {_WANTED[self._expect].lower()} was expected (line {line}).")
        raise MalformedJson(f"The text ends too early (line {line}, column {column}).")

    def _skip_blank(self) -> bool:
        blank = _BLANK.match(self._buffer, self._at)
        assert blank is not None, "the pattern matches nothing too"
        self._advance(blank.end())
        return self._at < len(self._buffer)

    def _advance(self, end: int) -> None:
        lines = self._buffer.count(b"\n", self._at, end)
        if lines:
            self.line += lines
            self._line_start = self._buffer.rindex(b"\n", self._at, end) + 1
        self._at = end

    def _position(self) -> tuple[int, int]:
        return self.line, self._at - self._line_start + 1

    def _end_of_run(self) -> int | None:
        """Return where the records at this place end that have at most one level inside and share a line."""
        run = _RUN.match(self._buffer, self._at)
        if run is None or run.end() - self._at > self._limit or b"\n" in run[0]:
            return None
        return run.end()

    def _end_of_record(self) -> int | None:
        """Return where the record at this place ends, or None if it goes on in the next chunk."""
        if self._buffer[self._at] != ord("{"):
            raise self._not_an_object()
        depth = 0
        for token in _TOKEN.finditer(self._buffer, self._at):
            sign = token[0]
            if sign in (b"{", b"["):
                depth += 1
            elif sign in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return token.end()
            elif sign == b'"':
                break
        if len(self._buffer) - self._at > self._limit:
            raise BodyTooLarge(f"A record has more than {self._limit} bytes (line {self.line}).")
        return None

    def _not_an_object(self) -> MalformedJson | InvalidRecord:
        line, column = self._position()
        if self._buffer[self._at] in b'["-0123456789tfn':
            return InvalidRecord(f"A record is a JSON object; something else stands at line {line}, column {column}.")
        return MalformedJson(f"A record was expected (line {line}, column {column}).")

    def _take_sign(self) -> bool:
        """Take the sign or name that is expected; False if it goes on in the next chunk."""
        sign = self._buffer[self._at : self._at + 1]
        if self._expect == "name" or (self._expect == "name or }" and sign == b'"'):
            return self._take_name()
        step = _GRAMMAR.get((self._expect, sign))
        if step is None and self._expect == "record or ]":
            self._expect = "record"
            return True
        if step is None:
            line, column = self._position()
            raise MalformedJson(f"{self._complaint(sign)} (line {line}, column {column}).")
        self._advance(self._at + 1)
        self._expect = "end" if step == "after array" and self._is_array else step
        return True

    def _complaint(self, sign: bytes) -> str:
        """Say what is wrong with a sign that was not expected."""
        if sign in _MARKS and self._expect == self._begins_with:
            return "The text begins with a byte order mark; save it as plain UTF-8"
        if self._expect == "array" and not self._is_array:
            return f"The member '{shorten(self._table)}' is no array of records, as every table is one"
        return f"{_WANTED[self._expect]} was expected"

    def _take_name(self) -> bool:
        found = _NAME.match(self._buffer, self._at)
        if found is None:
            if self._buffer[self._at] != ord('"') or len(self._buffer) - self._at > self._limit:
                line, column = self._position()
                raise MalformedJson(f"A table's name was expected (line {line}, column {column}).")
            return False
        name = str(codec.parse(found[0], at=self._position()))
        if name in self.tables:
            raise DuplicateMember(f"The member '{shorten(name)}' is there twice (line {self.line}).")
        self.tables[name] = None
        self._table = name
        self._advance(found.end())
        self._expect = "colon"
        return True


_GRAMMAR = {
    ("object", b"{"): "name or }",
    ("name or }", b"}"): "end",
    ("colon", b":"): "array",
    ("array", b"["): "record or ]",
    ("record or ]", b"]"): "after array",
    ("comma", b","): "record",
    ("comma", b"]"): "after array",
    ("after array", b","): "name",
    ("after array", b"}"): "end",
}

_WANTED = {
    "object": "An object of arrays",
    "name or }": "A table's name",
    "colon": "':'",
    "array": "An array of records",
    "comma": "',' or ']'",
    "after array": "',' or '}'",
    "end": "The end of the text",
}
