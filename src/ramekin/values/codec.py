"""JSON text to values and back. Records of models are read and printed by Pydantic: see ``schema/models.py``.

`jiter` reads, because it alone finds members sent twice; `msgspec` prints, because it keeps integers exact and printed
numbers round-trip. What each of them lets through is caught here:

- jiter reads ``1e400`` as infinity, which could be stored but never printed;
- both read integers of any size, which other programs would round;
- places of faults are found by ``places.py``, since jiter's are a byte or a line beside them, and without pointers;
- a printed body is copied into exactly its own size: as msgspec returns it, it costs 35 bytes a record more
  (350 against 315 for a 147-byte body, key and table included; CPython 3.11, November 2026).

Knows nothing of records' meaning; see ``schema/record_schema.py`` for models and ``paths.py`` for one field of a body.
"""

from __future__ import annotations

import re
from _blake2 import blake2b
from typing import TYPE_CHECKING, Annotated, Any

import jiter
import msgspec

from ramekin.errors import (
    BodyTooLarge,
    DuplicateMember,
    Fault,
    IntegerOutOfRange,
    InvalidRecord,
    InvalidValue,
    MalformedJson,
    NumberNotFinite,
    RamekinError,
    TooDeep,
    shorten,
)
from ramekin.values import places
from ramekin.values.brackets import depth, parts, without_strings
from ramekin.values.ids import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH = places.MAX_DEPTH

SHALLOW = 5
"""Levels of arrays and objects within a record that `read` takes the short way: each doubles what msgspec makes of the
type, which takes 1 ms of a start."""

MAX_PARTS = 100_000
"""Arrays, objects and members of one text. With a part for every ten bytes 1 MiB takes 20 ms to read, not 200."""

MAX_EXTREMES = 200
"""Numbers with three digits of exponent in a record, from 1e280 and below 1e-300: msgspec takes 15 µs for each."""

PLAIN_BYTES = 2048
"""What is shorter has too few extremes to matter."""

Complaint = MalformedJson | IntegerOutOfRange

_ERRORS: dict[str, type[Complaint]] = {
    "Detected duplicate": DuplicateMember,
    "recursion limit": TooDeep,
    "number out of": IntegerOutOfRange,
}
"""What the parser's complaints begin with that are more than bad syntax."""

_encoder = msgspec.json.Encoder()
_hasher = blake2b(digest_size=12)

# Every digit to 0, E and + to e, { to [: a number that may be too large then holds one of two short patterns, and what
# may be nested too deep many of one sign. They are found by `find`: `in` costs bytes an exception each time, 0.2 µs.
_FLATTEN = bytes.maketrans(b"123456789E+{", b"000000000ee[")
_DIGITS, _EXPONENT, _SMALL = b"0" * 19, b"e000", b"e-000"
_EXTREME = re.compile(rb"[0-9]e(?:2[89]|3[0-9]|-3[0-9])[0-9](?![0-9])")  # as `dump` prints one


def parse(text: bytes, *, at: tuple[int, int] | None = (1, 1), extra_depth: int = 0, is_many: bool = False) -> Any:
    """Return the value of a JSON text.

    Args:
        text: UTF-8, without a byte order mark.
        at: line and column of the text's first byte, where it is a part of something longer; None: not told.
        extra_depth: levels around the record that do not count, such as 1 for an array of records.
        is_many: it holds any number of records, whose parts are counted when each of them is stored.

    Raises:
        MalformedJson: with line, column and a pointer; `DuplicateMember`, `NumberNotFinite` and `TooDeep` are kinds of
            it.
        IntegerOutOfRange: an integer outside signed 64 bits, likewise.
        BodyTooLarge: as `check_parts`.

    Cost: O(length). Source: RFC 8259, and RFC 7493 (I-JSON) for members sent twice.
    """
    if len(text) > PLAIN_BYTES and not is_many:
        check_parts(text)
    try:
        value = jiter.from_json(text, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="keys")
    except ValueError as error:
        raise _explain(text, extra_depth, at, str(error)) from None
    flat = text.translate(_FLATTEN)
    if flat.find(_DIGITS) >= 0 or flat.find(_EXPONENT) >= 0:
        try:
            check_numbers(value)
        except RamekinError as error:
            raise places.find_fault(text, extra_depth, at) or error from None
    if flat.find(b"[", 1) > 0 and (opened := flat.count(b"[")) > MAX_DEPTH:
        if type(value) is list:  # of an array's objects, each may begin a nest of its own
            opened -= [*map(type, value)].count(dict)
        if opened > MAX_DEPTH and depth(text) > MAX_DEPTH + extra_depth:
            raise too_deep(text, extra_depth, at)
    return value


def as_json(value: object) -> Any:
    """Return the JSON value that stands for a value of Python: texts for dates, times, UUIDs, decimals, and so on.

    Raises:
        InvalidValue: nothing in JSON stands for it.
    """
    try:
        return msgspec.to_builtins(value, str_keys=True)
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue(
            "A value to compare with is one that JSON has, or a date, time, UUID, decimal or enum."
        ) from None


def read(text: bytes, is_many: bool = False) -> tuple[Any, bytes]:
    """Return the value of a JSON text, as `parse` does, and how `dump` prints it. Raises as `parse`.

    msgspec reads twice as fast as jiter and, given a type, sees to integers and depth meanwhile. All that it lets pass
    is a member sent twice, of which it keeps the last. What is printed has every member once. So nothing was lost where
    the text is what is printed; or where it holds as many colons and none is written as an escape, for then each of its
    colons is printed again. All other texts are parsed.

    Cost: O(length), a third of what `parse` and `dump` take together.
    """
    if len(text) > PLAIN_BYTES:
        if not is_many:
            check_parts(text)
        if _exponents(text) > MAX_EXTREMES:
            value = parse(text, is_many=is_many)
            return value, dump(value)
    try:
        value = _read_record(text)
        printed = encode(value)
    except (ValueError, RecursionError):
        value = parse(text, is_many=is_many)  # which says what is wrong, if anything is
        return value, dump(value)
    if printed == text:
        return value, text
    if text.find(b"\\u003") < 0 and text.count(b":") == printed.count(b":"):  # a colon may be written \u003a
        return value, b"".join((printed, b""))
    value = parse(text, is_many=is_many)
    return value, dump(value)


def check_parts(text: bytes) -> None:
    """Refuse a text of too many parts. Raises BodyTooLarge. Cost: O(length), 0.5 ms for 1 MiB of few."""
    if len(text) < 2 * MAX_PARTS:
        return
    most = text.count(b"[") + text.count(b"{") + text.count(b":")
    if most > MAX_PARTS:
        check_part_count(parts(text))


def check_part_count(count: int) -> None:
    """Refuse a record of so many parts, if these are too many. Raises BodyTooLarge."""
    if count > MAX_PARTS:
        raise BodyTooLarge(f"More than {MAX_PARTS} arrays, objects and members are in one record.")


def check_extremes(body: bytes) -> None:
    """Refuse a printed record of too many numbers that take long to read. Raises BodyTooLarge. Cost: O(length)."""
    if _exponents(body) > MAX_EXTREMES and len(_EXTREME.findall(without_strings(body))) > MAX_EXTREMES:
        raise BodyTooLarge(f"More than {MAX_EXTREMES} numbers of a record are beyond 1e280 or below 1e-300.")


def _exponents(text: bytes) -> int:
    """Return how many exponents of three digits a text has, about."""
    if text.count(b"e") + text.count(b"E") <= MAX_EXTREMES:
        return 0
    flat = text.translate(_FLATTEN)
    return flat.count(_EXPONENT) + flat.count(_SMALL)


def _values(levels: int) -> Any:
    """Return the type of JSON values of at most so many levels, for msgspec, with integers of 64 bits."""
    scalar: Any = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)] | float | str | bool | None
    if levels == 0:
        return scalar
    inner = _values(levels - 1)
    return scalar | list[inner] | dict[str, inner]  # type: ignore[valid-type]  # it is made here


_read_record: Callable[[bytes], Any] = msgspec.json.Decoder(dict[str, _values(SHALLOW)]).decode  # type: ignore[misc]  # likewise

read_body: Callable[[bytes], Any] = msgspec.json.Decoder().decode
"""Returns the value of a body that is stored: as `parse`, in a third of the time, since it has been checked."""


def indented(text: bytes, columns: int) -> bytes:
    """Return a JSON text over several lines, all but the first behind some blanks. Cost: O(length)."""
    return msgspec.json.format(text, indent=2).replace(b"\n", b"\n" + b" " * columns)  # no string holds a line end


def with_id(body: bytes, record_id: bytes) -> bytes:
    """Return a record's body that has no id, with one in front, as it is printed. Cost: O(length)."""
    return b"".join((b'{"id":', record_id, b"," if body != b"{}" else b"", body[1:]))


def dump(value: object) -> bytes:
    """Return a value as compact JSON text, in bytes of exactly its size. Threads may print at once. Cost: O(length)."""
    return b"".join((_encoder.encode(value), b""))


encode = _encoder.encode
"""As `dump`, in bytes that may take more room than they need: for a text that is read at once. A third cheaper."""


def digest(body: bytes) -> str:
    """Return a strong digest of a body, 24 hexadecimal digits: equal for equal bodies, also after a restart."""
    hasher = _hasher.copy()  # a third cheaper than a new one
    hasher.update(body)
    return hasher.hexdigest()


def splice_array(bodies: Iterable[bytes]) -> bytes:
    """Return bodies as one JSON array, without parsing any of them. Cost: O(length)."""
    return b"[%b]" % b",".join(bodies)


def check_value(value: object) -> None:
    """Refuse what no JSON text could say, in a value that Python code made: sets, names that are no text, NaN.

    Raises:
        InvalidRecord: a value, or the name of a member, of a type that JSON has not.
        NumberNotFinite, IntegerOutOfRange, TooDeep, MalformedJson (half of a surrogate pair): as `parse`.

    Cost: O(values).
    """
    pending: list[tuple[Any, int]] = [((value,), 0)]
    while pending:
        inner, depth = pending.pop()
        types = {*map(type, inner)}
        if types - _WITHOUT_TEXT:
            _check_texts([each for each in inner if type(each) not in _WITHOUT_TEXT], *_VALUE)
        if types & _NESTS:
            if depth == MAX_DEPTH:  # the innermost comes first, so that a list inside itself ends here too
                raise TooDeep(f"The record is nested more than {MAX_DEPTH} levels deep.")
            nests = [each for each in inner if type(each) in _NESTS]
            for each in nests:
                if type(each) is dict:
                    _check_texts(each, *_NAME)
            pending += [(each.values() if type(each) is dict else each, depth + 1) for each in nests]
    check_numbers(value)


def _check_texts(texts: Iterable[Any], what: str, remedy: str) -> None:
    """Refuse what is no text, and half of a surrogate pair. Cost: O(length), 20 ns a text that is right."""
    try:
        if {*map(type, texts)} <= {str}:
            "".join(texts).encode()
            return
    except UnicodeEncodeError:
        pass
    for text in texts:
        _check_text(text, what, remedy)


def _check_text(text: object, what: str, remedy: str) -> None:
    if type(text) is not str:
        raise InvalidRecord(
            f"{what} has the Python type '{shorten(type(text).__name__)}', which JSON has not; {remedy}."
        )
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise MalformedJson("A text holds half of a surrogate pair, which is not Unicode.")


def check_numbers(value: object) -> None:
    """Refuse infinities and integers that do not fit into 64 bits, at any depth. Cost: O(values), 20 ns each."""
    pending = [value]
    while pending:
        item = pending.pop()
        cls = type(item)
        if cls is not dict and cls is not list:
            _check_number(item)
            continue
        inner: Any = item.values() if isinstance(item, dict) else item
        types = {*map(type, inner)}
        if types & _NESTS:
            pending += [each for each in inner if type(each) in _NESTS]
        if int in types:
            numbers = [each for each in inner if type(each) is int]
            _check_number(min(numbers))
            _check_number(max(numbers))
        if float in types:
            for each in inner:
                if type(each) is float and each - each != 0:
                    _check_number(each)


_NESTS = {dict, list}
_WITHOUT_TEXT = {dict, list, int, float, bool, type(None)}
_NAME = ("The name of a member", "names are text")
_VALUE = ("A value", "send it as text, a number, true, false, null, a list or a dict")


def _check_number(item: object) -> None:
    if isinstance(item, float) and item - item != 0:
        what = "A number is NaN, which JSON has not" if item != item else "A number is too large for a 64-bit float"
        raise NumberNotFinite(f"{what}; send it as text.")
    if isinstance(item, int) and not INT64_MIN <= item <= INT64_MAX:
        raise IntegerOutOfRange("An integer does not fit into 64 bits; send it as text.")


def check_depth(value: object, limit: int = MAX_DEPTH) -> None:
    """Look at how deep objects and arrays are nested. Raises TooDeep. Cost: O(values)."""
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        if depth > limit:
            raise TooDeep(f"The record is nested more than {MAX_DEPTH} levels deep.")
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]


def too_deep(text: bytes, extra_depth: int, at: tuple[int, int] | None) -> RamekinError:
    """Return what is wrong with a text that is nested too deep, if nothing else is wrong before; it may go on."""
    said = f"The record is nested more than {MAX_DEPTH} levels deep."
    found = places.find_fault(text, extra_depth, at)
    return found or TooDeep(said, faults=[Fault("", said, 0 if at is None else at[0])])


def _explain(text: bytes, extra_depth: int, at: places.LineColumn | None, reason: str) -> Complaint:
    """Turn the parser's complaint into ours."""
    error = next((error for words, error in _ERRORS.items() if reason.startswith(words)), MalformedJson)
    line = reason.partition(" at line ")[2].partition(" ")[0]
    return explained(text, extra_depth, at, error, int(line) - 1 if line.isdigit() else None)


def explained(
    text: bytes, extra_depth: int, at: places.LineColumn | None, error: type[Complaint], before: int | None
) -> Complaint:
    """Return what is wrong with a text: what, line and column, and never a piece of the text but a name.

    Args:
        error: what it is, if that is not found again.
        before: how many lines of the text stand before that, if it is known.
    """
    if not text.strip(b" \t\r\n"):
        return MalformedJson("The text is empty; JSON was expected.")
    if (found := places.find_fault(text, extra_depth, at)) is not None:
        return found
    line = at[0] + before if at is not None and before is not None else 0
    return error(f"{error.title}.", faults=[Fault("", f"{error.title}.", line)])
