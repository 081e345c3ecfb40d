"""Cuts a long JSON text into its records while it arrives, so that neither memory nor the event loop sees all of it.

Two shapes: an array of records, and an object of such arrays (a whole database, the shape of a json-server file).
The splitter finds where each record begins and ends; ``codec.parse`` alone decides whether it is JSON. Knows nothing
of what the records mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ramekin.errors import (
    BodyTooLarge,
    DuplicateMember,
    Fault,
    InvalidRecord,
    MalformedJson,
    RamekinError,
    pointer,
    shorten,
)
from ramekin.formats.nest import Nest, OpenString
from ramekin.values import codec, pieces
from ramekin.values.brackets import STRING
from ramekin.values.places import MARKS, MAX_DEPTH, find_fault, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ramekin.values.places import LineColumn

_FLAT = rb'[^{}\[\]"\n]*+(?>(?:' + STRING + rb'[^{}\[\]"\n]*+)*)'
_SHALLOW = rb"\{" + _FLAT + rb"(?>(?:[{\[]" + _FLAT + rb"[}\]]" + _FLAT + rb")*)\}"
_ELEMENT = rb"(?>" + _SHALLOW + rb"|[-+.0-9A-Za-z]++(?= *+[,\]]))"
_RUN = re.compile(_ELEMENT + rb"(?>(?: *+, *+" + _ELEMENT + rb"){0,99})")
_RECORD = re.compile(_ELEMENT)
_BEHIND_SCALAR = re.compile(rb"[,\]}\s]")
_BLANK = re.compile(rb"[ \t\r\n]*")


RUN_BYTES = 32 * 1024
"""How long records are together that are parsed together, at most."""

PAUSE = object()
"""Stands among the records of a text where no record ends for long, so that whoever reads them can let others go on."""


def paused(text: bytes, at: LineColumn, extra_depth: int = 0) -> Iterator[Any]:
    """Yield the value of one record; a `PAUSE` after each piece of a long one. Raises as `codec.parse`."""
    if len(text) <= RUN_BYTES:
        yield codec.parse(text, at=at, extra_depth=extra_depth)
        return
    reading = pieces.read(text, at, extra_depth)
    while True:
        try:
            next(reading)
        except StopIteration as done:
            yield done.value[0]
            return
        yield PAUSE


class Splitter:
    """Takes chunks of bytes, yields (table, record, position); None for the record where a table begins, or none ends.

    1. The text is a list of expectations; `_expect` names the next one.
    2. What has been taken is cut off the buffer, so the buffer holds one unfinished record and one chunk.
    3. Positions are line and column of a record's first byte, for error messages; of a run, those of its first record.
    4. Up to a hundred records that stand on one line are found and parsed together: a run.

    `index` is the place in its table of the record that was yielded last, and while nothing is yielded, of the next.
    Cost: O(length), about 1 µs for a 166-byte record in a run, 3 µs for one with a line of its own.
    """

    def __init__(self, *, limit_bytes: int, is_array: bool = False, extra_depth: int = 0) -> None:
        """Begin.

        Args:
            limit_bytes: how long a record may be.
            extra_depth: levels of a record that do not count, as for `codec.parse`.
        """
        self._limit, self._extra_depth = limit_bytes, 1 + extra_depth
        self._is_array = is_array
        self._expect = self._begins_with = "array" if is_array else "object"
        self._buffer = b""
        self._at = 0
        self._nest: Nest | None = None  # that begins at `_at` and goes on in the next chunk
        self._string: OpenString | None = None  # so too
        self._scalar_bytes = 0  # seen of a number, true, false or null, so too
        self.line, self._columns = 1, 0  # of `_at`; columns before it, in characters
        self.tables: dict[str, None] = {"": None} if is_array else {}
        """The tables met so far, in order; the array shape has one without a name."""
        self._table, self.index = "", 0
        self._run, self._run_line, self._run_index = b"", 1, 0

    def records(self, chunk: bytes) -> Iterator[tuple[str, Any, LineColumn]]:
        """Take a chunk and yield the tables that begin and the records that end in it; a table again in a long record.

        Raises:
            MalformedJson, IntegerOutOfRange: something is no JSON, or not what was expected.
            InvalidRecord: an element is null; other elements that are no records are yielded.
            BodyTooLarge: a record is longer than the limit.

        All of them with pointers that begin with the table, in the array shape with the index.
        """
        try:
            for table, run, at in self._cut(chunk):
                if not run:
                    yield table, None, at
                    continue
                self._run, self._run_line, self._run_index = run, at[0], self.index
                for record in self._parsed(run, at):
                    if record is PAUSE:
                        yield table, None, at
                        continue
                    if record is None:
                        raise InvalidRecord("A record is a JSON object.", faults=[Fault("", "null is none.", at[0])])
                    yield table, record, at
                    self.index += 1
        except RamekinError as error:
            raise self._in_place(error) from None

    def finish(self) -> None:
        """Say that the text has ended. Raises MalformedJson: it ended too early."""
        if self._expect == "end":
            return
        try:
            if self._expect == "record" and self._at < len(self._buffer):
                self._refuse(self._buffer[self._at :])
            if self._expect == self._begins_with:
                raise self._wrong(f"The text is empty; {_WANTED[self._expect].lower()} was expected")
            raise self._wrong("The text is not valid JSON: it ends too early")
        except RamekinError as error:
            raise self._in_place(error) from None

    def line_of(self, steps: Sequence[str]) -> int:
        """Return the line of a part of the record that was yielded last."""
        return line_of(b"[%b]" % self._run, [str(self.index - self._run_index), *steps], self._run_line)

    def with_lines(self, error: RamekinError) -> RamekinError:
        """Return an error with the lines of its faults, if they are about the record that was yielded last."""
        here = [*([] if self._is_array else [self._table]), str(self.index)]
        missing = {fault: fault.steps for fault in error.faults if not fault.line}
        return error.on_lines(
            {fault: self.line_of(steps[len(here) :]) for fault, steps in missing.items() if steps[: len(here)] == here}
        )

    def _parsed(self, run: bytes, at: LineColumn) -> Iterable[Any]:
        """Return the records of a run; those before one that is wrong, where one is."""
        if len(run) > RUN_BYTES:  # one record
            return self._parsed_one_by_one(run, at)
        try:
            return codec.parse(b"[%b]" % run, at=(at[0], at[1] - 1), extra_depth=self._extra_depth)  # type: ignore[no-any-return]
        except RamekinError:
            return self._parsed_one_by_one(run, at)

    def _parsed_one_by_one(self, run: bytes, at: LineColumn) -> Iterator[Any]:
        ends, text = [(0, len(run))], run + b"]"
        if len(run) <= RUN_BYTES and (whole := _RUN.match(text)) and whole.end() == len(run):  # else it is one record
            ends = [found.span() for found in _RECORD.finditer(text)]
        for begin, end in ends:
            before = len(run[:begin].decode(errors="replace")) if begin else 0  # a run has no line ends
            yield from paused(run[begin:end], (at[0], at[1] + before), self._extra_depth - 1)

    def _in_place(self, error: RamekinError) -> RamekinError:
        """Return an error with pointers into the whole text."""
        table = () if self._is_array or not self.tables else (self._table,)
        if self._expect in ("record", "record or ]", "comma"):
            return error.within(*table, self.index, index=self.index)
        return error.within(*(table if self._expect in ("colon", "array") else ()))

    def _cut(self, chunk: bytes) -> Iterator[tuple[str, bytes, LineColumn]]:
        """Yield runs of records; an empty one where a table begins, but not in the array shape."""
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        while self._skip_blank():
            if self._expect == "record":
                end = (None if self._nest else self._end_of_run()) or self._end_of_record()
                if end is None:
                    return
                yield self._table, self._buffer[self._at : end], self._position()
                self._advance(end)
                self._expect = "comma"
            elif not self._take_sign():
                return
            elif self._expect == "record or ]":
                self.index = 0
                if not self._is_array:
                    yield self._table, b"", self._position()

    def _skip_blank(self) -> bool:
        blank = _BLANK.match(self._buffer, self._at)
        assert blank is not None, "the pattern matches nothing too"
        self._advance(blank.end())
        return self._at < len(self._buffer)

    def _advance(self, end: int) -> None:
        passed = self._buffer[self._at : end]
        if lines := passed.count(b"\n"):
            self.line, self._columns = self.line + lines, 0
            passed = passed[passed.rindex(b"\n") + 1 :]
        self._columns += len(passed) if passed.isascii() else len(passed.decode(errors="replace"))
        self._at = end

    def _position(self) -> LineColumn:
        return self.line, self._columns + 1

    def _end_of_run(self) -> int | None:
        """Return where the records at this place end that have at most one level inside and share a line."""
        run = _RUN.match(self._buffer, self._at, self._at + min(RUN_BYTES, self._limit))
        return None if run is None else run.end()

    def _end_of_record(self) -> int | None:
        """Return where the element at this place ends, or None if it goes on in the next chunk."""
        if self._buffer[self._at] in b"{[":
            end = self._end_of_nest()
        elif self._buffer[self._at] == ord('"'):
            end = self._end_of_string()
        else:
            found = _BEHIND_SCALAR.search(self._buffer, self._at + self._scalar_bytes)
            end = None if found is None else found.start()
            self._scalar_bytes = len(self._buffer) - self._at if end is None else 0
            if end == self._at:
                codec.parse(self._buffer[end : end + 1], at=self._position())  # a sign, where a value was expected
        if end is None and len(self._buffer) - self._at > self._limit:
            said = f"A record has more than {self._limit} bytes."
            raise BodyTooLarge(said, faults=[Fault("", said, self.line)])
        return end

    def _end_of_nest(self) -> int | None:
        nest = self._nest or Nest()
        end = nest.end(self._buffer, self._at)
        self._nest = nest if end is None else None
        if end is None:
            if nest.depth > MAX_DEPTH + self._extra_depth - 1:
                raise codec.too_deep(self._buffer[self._at :], self._extra_depth - 1, self._position())
            if nest.string is not None:
                self._check_string(nest.string, self._at + nest.seen)
        return end

    def _end_of_string(self) -> int | None:
        string = self._string or OpenString()
        end = string.end(self._buffer, self._at)
        self._string = string if end is None else None
        if end is None:
            self._check_string(string, self._at)
        return end

    def _check_string(self, string: OpenString, begin: int) -> None:
        """See that a string that is not whole may go on in the next chunk. Raises MalformedJson."""
        if (end := string.broken(self._buffer, begin)) is not None:
            self._refuse(self._buffer[self._at : end])
            raise self._wrong("The text is not valid JSON: a control character must be escaped")

    def _refuse(self, part: bytes) -> None:
        """Refuse a part of a record for what is wrong with it, if that is near its beginning."""
        if (found := find_fault(part, self._extra_depth - 1, self._position())) is not None:
            raise found

    def _take_sign(self) -> bool:
        """Take the sign or name that is expected; False if it goes on in the next chunk."""
        sign = self._buffer[self._at : self._at + 1]
        if self._expect == "name" or (self._expect == "name or }" and sign == b'"'):
            return self._take_name(sign)
        step = _GRAMMAR.get((self._expect, sign))
        if step is None and self._expect == "record or ]":
            self._expect = "record"
            return True
        if step is None:
            raise self._wrong(self._complaint(sign))
        self._advance(self._at + 1)
        self._expect = "end" if step == "after array" and self._is_array else step
        return True

    def _take_name(self, sign: bytes) -> bool:
        end = self._end_of_string() if sign == b'"' else None
        if end is None:
            if sign != b'"' or len(self._buffer) - self._at > self._limit:
                raise self._wrong("A table's name was expected")
            return False
        name = str(codec.parse(self._buffer[self._at : end], at=self._position()))
        if name in self.tables:
            said = f"The member '{shorten(name)}' is there twice."
            raise DuplicateMember(said, faults=[Fault(pointer([name]), said, self.line)])
        self.tables[name] = None
        self._table = name
        self._advance(end)
        self._expect = "colon"
        return True

    def _complaint(self, sign: bytes) -> str:
        """Say what is wrong with a sign that was not expected."""
        if self._expect == self._begins_with and any(mark.startswith(sign) for mark in MARKS):
            return "The text begins with a byte order mark; send plain UTF-8"
        if self._expect == "array" and not self._is_array:
            return f"The member '{shorten(self._table)}' is not an array of records, as every table must be"
        return f"{_WANTED[self._expect]} was expected"

    def _wrong(self, said: str) -> MalformedJson:
        line, column = self._position()
        return MalformedJson(f"{said}.", faults=[Fault("", f"{said}.", line, column)])


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

_NO_JSON = "The text is not valid JSON:"
_WANTED = {
    "object": "An object of arrays",
    "name or }": "A table's name",
    "colon": f"{_NO_JSON} ':'",
    "array": "An array of records",
    "comma": f"{_NO_JSON} ',' or ']'",
    "after array": f"{_NO_JSON} ',' or '}}'",
    "end": f"{_NO_JSON} its end",
}
