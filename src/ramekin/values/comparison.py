"""JSON values: when two are equal, which comes first, and the marker for a member that is not there.

Python itself says ``True == 1 == 1.0``; JSON does not. Every key of an index, a join or an order is built here, never
by hand. Two equalities: `join_key` is that of ids, `unique` and joins, where a number meets its text; `order_key` is
that of conditions, groups and order, where types are exact.
Knows nothing of tables; see ``paths.py`` for how a value is read from a record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from ramekin.values.ids import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Iterable


@final
class Missing:
    """The type of `MISSING`: a path that leads nowhere in a record, which is not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

OrderKey = tuple[int, Any]
"""A value's type and something that compares with others of that type."""

JoinKey = str | bool | OrderKey
"""A number by its shortest text, text as it is, a boolean as itself; by value where both sides are read alike."""

_EXPONENT = re.compile(r"e\+?(-?)0*")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9][0-9.e-]*")


def join_key(value: object) -> JoinKey | None:
    """Return what a value is matched by, or None where it matches nothing (null, missing, arrays, objects).

    Numbers are equal by value, and a number meets the text that is its shortest form: ``1``, ``1.0`` and ``"1"`` are
    one key, ``"01"`` is another. The *shortest form* of a number is its digits where it is whole and fits into 64 bits,
    otherwise the JSON that it is printed as: ``0.1``, ``1e19`` (and not its twenty digits). A boolean meets booleans
    only: no text or number has the key `True`, since keys of numbers are texts. Integers become text, which Python
    hashes with a secret, so no sender can make them collide.

    Cost: O(length of the value).
    """
    cls = type(value)
    if cls is str or cls is bool:
        return value  # type: ignore[return-value]  # the test above says which type it is
    if cls is int:
        return str(value)
    if cls is float:
        return _float_key(value)  # type: ignore[arg-type]  # likewise
    return None


def number_of_key(key: str) -> int | float | None:
    """Return the number that has a key, None where only a text has it; the reverse of `join_key`."""
    if not _NUMBER.fullmatch(key):
        return None
    number: int | float
    if _INTEGER.fullmatch(key):
        number = int(key)
        if not INT64_MIN <= number <= INT64_MAX:
            return None
    else:
        try:
            number = float(key)
        except ValueError:
            return None
    return number if join_key(number) == key else None


def text_key(value: str | float) -> str:
    """Return what a text or a number is matched by. Cost: as `join_key`."""
    cls = type(value)
    return _float_key(value) if cls is float else str(value)  # type: ignore[arg-type]  # as the test says


def _float_key(value: float) -> str:
    if value.is_integer() and INT64_MIN <= value <= INT64_MAX:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    if text.endswith("e-05"):
        digits = text[:-4].replace(".", "")
        return f"-0.0000{digits[1:]}" if digits[0] == "-" else f"0.0000{digits}"
    return _EXPONENT.sub(r"e\1", text)  # 1e22 and 1e-7, where Python has 1e+22 and 1e-07


def kind_of(value: object) -> str:
    """Return JSON's name for the value's type: null, boolean, number, text, array or object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    return "array" if isinstance(value, list) else "object"


BOOLEAN, NUMBER, TIME, TEXT, ARRAY, OBJECT = range(6)
"""The order of values across types. `TIME` are texts that are read as instants, dates, times or durations."""

KIND_NAMES = ("boolean", "number", "text", "text", "array", "object")
"""JSON's name for each of these types."""

_NULL_INSIDE: OrderKey = (OBJECT + 1, 0)


class Parts(tuple[Any, ...]):
    """Several keys as one, hashed as text, which Python does with a secret.

    Of tuples of numbers anybody can make thousands that have one hash.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(repr(self))


def parts(keys: Iterable[OrderKey]) -> Parts:
    """Return several keys as one; equal ones print alike. Cost: O(size of the keys)."""
    return Parts([(key[0], whole(key[1])) if type(key[1]) is float else key for key in keys])


def whole(number: float) -> float:
    """Return a number as an integer where it is one of 64 bits."""
    return int(number) if number.is_integer() and INT64_MIN <= number <= INT64_MAX else number


def order_key(value: object) -> OrderKey | None:
    """Return what a value is compared by, or None for null and missing, which have no place in the order.

    Across types: boolean < number < text < array < object. Numbers compare by value, texts by code point, arrays
    element by element, objects by their members in order of name. Equal keys mean equal values, whatever the order in
    which an object's members stand. Cost: O(size of the value).
    """
    cls = type(value)
    if cls is str:
        return TEXT, value
    if cls is int or cls is float:
        return NUMBER, value
    if cls is bool:
        return BOOLEAN, value
    if isinstance(value, list):
        return ARRAY, parts([order_key(item) or _NULL_INSIDE for item in value])
    if isinstance(value, dict):
        names = sorted(value)
        keys = parts([order_key(value[name]) or _NULL_INSIDE for name in names])
        return OBJECT, Parts(zip(names, keys, strict=True))
    return None


def value_of(key: OrderKey | None) -> Any:
    """Return the JSON value that has an order key; the reverse of `order_key`, as far as equal values are one."""
    if key is None or key == _NULL_INSIDE:
        return None
    kind, value = key
    if kind == ARRAY:
        return [value_of(item) for item in value]
    return {name: value_of(item) for name, item in value} if kind == OBJECT else value


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of values of one type, by what order keys hold; a bound of None is open."""

    kind: int
    low: Any = None
    high: Any = None
    includes_low: bool = True
    includes_high: bool = True
