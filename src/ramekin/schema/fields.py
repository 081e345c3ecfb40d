"""Fields as queries name them: where a value stands in a record, what is declared of it, and how it is compared.

A `FieldType` is all that a declaration says of a field: which values may stand there, how a text from an address is
read, and by which reading stored values are compared. Knows no schemas (see ``declarations.py``) and no operators (see
``query/operand.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from ramekin.errors import shorten
from ramekin.values import codec
from ramekin.values.comparison import BOOLEAN, KIND_NAMES, MISSING, NUMBER, TEXT, JoinKey, OrderKey, kind_of
from ramekin.values.paths import ID_PATH, FieldPath, reader
from ramekin.values.readings import NAMES, Reading, can_read, comparer, join_keyer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "array": "array",
    "object": "object",
}
"""JSON's names of types by those of JSON Schema."""

MAX_SHOWN = 10
"""Listed values that a message names."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NUMBER_BEGINS = frozenset("-0123456789")
_MAX_INTEGER_CHARS = 300
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a table, with the way in which its values are compared."""

    path: FieldPath
    reading: Reading = "plain"


ID = Field(ID_PATH)


@dataclass(frozen=True, slots=True)
class Trait:
    """What a record may have: a field with a value of one of some kinds (JSON's names), or of any if there are none."""

    path: FieldPath
    kinds: frozenset[str] = frozenset()

    def has(self, value: object) -> bool:
        """Say whether a field's value (MISSING where there is none) is such a one."""
        return value is not MISSING and (not self.kinds or kind_of(value) in self.kinds)


@lru_cache(maxsize=1024)
def join_reader(field: Field) -> Callable[[bytes], JoinKey | None]:
    """Return the function from a body to what its field is matched by: in ids, joins and unique fields."""
    read, key_of = reader(field.path), join_keyer(field.reading)
    return lambda body: key_of(read(body))


@dataclass(frozen=True)
class FieldType:
    """What is declared of a field.

    `kinds` are JSON's names of the types that may stand there; none means that any may. `reading` is what a text there
    means. Of the kinds in `listed`, only the values in `values` (their order keys) may stand there. A number is whole
    where `is_integer` says so, and more than an integer where `is_float` does. What `is_canonical` is stored as a model
    writes it: a text in the one spelling of what it means, a number that `is_float` as a 64-bit float. A field
    `is_named` if the declaration names it and does not only say what others may hold: an element of any array, a member
    of any name. It `is_ruled` where not every text may stand there, by what is listed, a pattern or the like.
    """

    kinds: frozenset[str] = frozenset()
    reading: Reading = "plain"
    listed: frozenset[str] = frozenset()
    values: tuple[OrderKey, ...] = ()
    is_integer: bool = False
    is_float: bool = False
    is_canonical: bool = False
    is_named: bool = field(default=False, compare=False)
    is_ruled: bool = field(default=False, compare=False)

    @property
    def compared(self) -> Reading:
        """The reading by which stored values are compared: UUIDs in their one spelling are as they stand."""
        return "plain" if self.is_canonical and self.reading == "uuid" else self.reading

    @property
    def takes_any_text(self) -> bool:
        """Whether any text may stand there, as far as is known."""
        return self.may_be("text") and not self.is_ruled

    @property
    def has_plain_text(self) -> bool:
        """Whether texts that may stand there are compared as texts: they are plain ones, or UUIDs."""
        return self.may_be("text") and self.reading in ("plain", "uuid")

    def read_text(self, text: str) -> list[OrderKey]:
        """Return the keys of a text from an address: one in each type that may stand there and that it can be read in.

        None where it cannot be read. It is never null.
        """
        keys: list[OrderKey] = []
        if self.may_be("boolean") and text in _BOOLEANS:
            keys.append((BOOLEAN, _BOOLEANS[text]))
        if self.may_be("number") and (number := as_number(text)) is not None:
            keys.append((NUMBER, self._stored(number)))
        if self.may_be("text"):
            keys += self._read_text(text)
        return keys

    def read_value(self, value: Any) -> OrderKey | None:
        """Return the key of a JSON value that is not null, None where it may not stand there. Types are exact.

        A decimal is stored as text, and may be written as a number, as it may in a record.
        """
        if isinstance(value, str):
            return next(iter(self._read_text(value)), None) if self.may_be("text") else None
        kind = kind_of(value)
        if not self.may_be(kind) and not (kind == "number" and self.reading == "decimal"):
            return None
        return comparer(self.reading)(self._stored(value) if kind == "number" else value)

    def can_equal(self, keys: Sequence[OrderKey]) -> list[OrderKey]:
        """Return those of some keys that a value of the field may have. Cost: O(keys)."""
        if self.is_integer:
            keys = [key for key in keys if type(key[1]) is not float or key[1].is_integer()]
        return [key for key in keys if KIND_NAMES[key[0]] not in self.listed or key in self._listed_keys]

    @cached_property
    def _listed_keys(self) -> frozenset[OrderKey | None]:
        """What the listed values are compared by."""
        compared = comparer(self.reading)
        return frozenset(compared(value) if kind == TEXT else (kind, value) for kind, value in self.values)

    def describe(self) -> str:
        """Return what a message calls it: ``integer or one of "low", "high"``."""
        names = {"text": NAMES[self.reading], "number": "integer" if self.is_integer else "number"}
        told = [names.get(kind, kind) for kind in sorted(self.kinds - self.listed - {"null"})]
        if scalars := [value for kind, value in self.values if kind <= TEXT]:
            shown = ", ".join(shorten(codec.dump(value).decode()) for value in scalars[:MAX_SHOWN])
            told.append(f"one of {shown}{', …' if len(scalars) > MAX_SHOWN else ''}")
        return " or ".join(told) or "null"

    def lists(self, key: OrderKey) -> bool:
        """Say whether a value may stand there, as far as values are listed."""
        return key in self.values or KIND_NAMES[key[0]] not in self.listed

    def may_be(self, kind: str) -> bool:
        """Say whether a value of one of JSON's types may stand there."""
        return not self.kinds or kind in self.kinds

    def _stored(self, number: float) -> float:
        """Return a number as it would stand there: 2**53 + 1 is no float."""
        return float(number) if self.is_float and self.is_canonical and not self.is_integer else number

    def _read_text(self, text: str) -> list[OrderKey]:
        """Return the key of a text; none where texts there mean something that this one does not."""
        if self.kinds and not can_read(self.reading, text):
            return []
        key = comparer(self.reading)(text)
        return [] if key is None else [key]


ANYTHING = FieldType()


def narrowed(one: FieldType | None, other: FieldType | None) -> FieldType | None:
    """Return the type of a value that is of both types; None if there can be no such value."""
    if one is None or other is None:
        return None
    kinds = one.kinds & other.kinds if one.kinds and other.kinds else one.kinds | other.kinds
    if one.kinds and other.kinds and not kinds:
        return None
    reading = other.reading if one.reading == "plain" else one.reading
    values = tuple(key for key in dict.fromkeys((*one.values, *other.values)) if one.lists(key) and other.lists(key))
    return FieldType(
        kinds,
        reading,
        one.listed | other.listed,
        values,
        is_integer=one.is_integer or other.is_integer,
        is_float=one.is_float or other.is_float,
        is_named=one.is_named or other.is_named,
        is_ruled=one.is_ruled or other.is_ruled,
    )


def widened(one: FieldType | None, other: FieldType | None) -> FieldType | None:
    """Return the type of a value that is of either type."""
    if one is None or other is None:
        return other if one is None else one
    kinds = one.kinds | other.kinds if one.kinds and other.kinds else frozenset[str]()
    either = one.listed | other.listed
    listed = frozenset(kind for kind in either if all(kind in t.listed or not t.may_be(kind) for t in (one, other)))
    values = tuple(key for key in dict.fromkeys((*one.values, *other.values)) if KIND_NAMES[key[0]] in listed)
    numbers = [each for each in (one, other) if each.may_be("number")]
    return FieldType(
        kinds,
        _reading_of_either(one, other),
        listed,
        values,
        is_integer=all(each.is_integer for each in numbers),
        is_float=all(each.is_float for each in numbers),
        is_canonical=one.is_canonical and other.is_canonical,
        is_named=one.is_named or other.is_named,
        is_ruled=not (one.takes_any_text or other.takes_any_text),
    )


def _reading_of_either(one: FieldType, other: FieldType) -> Reading:
    """Return how a text of either type is read; where the two differ, it is a text and no more.

    A date beside dates and times is the instant at which it begins.
    """
    readings = {each.reading for each in (one, other) if each.may_be("text")}
    if readings == {"instant", "date"}:
        return "instant"
    return readings.pop() if len(readings) == 1 else "plain"


def as_number(text: str) -> int | float | None:
    """Return the number that a text writes as JSON does, or None: ``45.50`` and ``1e2`` are, ``0150`` is not."""
    if text.isdecimal() and text.isascii() and text[0] != "0" and len(text) < _MAX_INTEGER_CHARS:
        return int(text)  # most are so, and the pattern takes three times as long
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return int(text) if match[1] is None and match[2] is None and len(text) < _MAX_INTEGER_CHARS else float(text)


def read_anything(texts: Sequence[str]) -> dict[int, list[Any]]:
    """Return what many texts may be where nothing is declared, by type: as `ANYTHING.read_text` of each.

    Cost: O(length), 0.1 µs for a text that cannot be a number.
    """
    read = as_number
    numbers = [number for text in texts if text[:1] in _NUMBER_BEGINS and (number := read(text)) is not None]
    booleans = [_BOOLEANS[text] for text in _BOOLEANS.keys() & {*texts}]
    return {kind: found for kind, found in ((BOOLEAN, booleans), (NUMBER, numbers), (TEXT, [*texts])) if found}


def common_reading(one: FieldType | None, other: FieldType | None) -> Reading:
    """Return how the values of two fields are read to be matched: by their declaration if both have the same one.

    Decimals meet declared numbers by value.
    """
    if one is None or other is None:
        return "plain"
    if one.reading == other.reading:
        return "plain" if one.compared == other.compared == "plain" else one.reading
    numbers = {"number", "null"}
    for decimal, number in ((one, other), (other, one)):
        if decimal.reading == "decimal" and number.kinds and number.kinds <= numbers:
            return "decimal"
    return "plain"


class Fields(Protocol):
    """The fields that a query may name; one object for as long as the declaration stands."""

    def __hash__(self) -> int: ...

    def type_of(self, path: FieldPath) -> FieldType | None:
        """Return what is declared of a field, or None where there can be no such field."""

    def field_names(self) -> Sequence[str]:
        """Return the dotted names of all fields that it declares, outer ones first."""

    def hint(self, path: FieldPath) -> str:
        """Return a sentence, with a space before it, that helps whoever named a field that cannot be; or nothing."""


class NoSchema:
    """The fields of a table of which nothing is declared: all are possible, none is known."""

    def type_of(self, path: FieldPath) -> FieldType | None:  # noqa: ARG002  # part of the contract
        return ANYTHING

    def field_names(self) -> Sequence[str]:
        return ()

    def hint(self, path: FieldPath) -> str:  # noqa: ARG002  # likewise
        return ""


NO_SCHEMA = NoSchema()
