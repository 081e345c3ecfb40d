"""Operands: what a condition's value means, given the operator and what is declared of the field.

A value from an address is text and is read in the type of what it is compared with: where nothing is declared it
becomes an operand in each type that it can be read in. A JSON value has its type already. Knows nothing of how
conditions are written; see ``url.py`` and ``where.py``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ramekin.errors import InvalidOperator, InvalidValue, UnknownField, UnknownOperator, did_you_mean, shorten
from ramekin.fields import ANYTHING, Field, FieldType, comparer
from ramekin.paths import print_path
from ramekin.query.predicate import OPERATORS, ORDERINGS, TEXT_OPERATORS, Condition, Operand, condition
from ramekin.values import BOOLEAN, NUMBER, TEXT, OrderKey, kind_of, order_key

if TYPE_CHECKING:
    from ramekin.fields import Fields
    from ramekin.paths import FieldPath

ELSEWHERE = {
    "neq": "ne",
    "like": "contains",
    "ilike": "icontains",
    "cs": "contains",
    "is": "null",
    "ge": "gte",
    "le": "lte",
}
"""What operators are called in other services, so that a message can name ours."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAX_INTEGER_CHARS = 300
_BOOLEANS = {"true": True, "false": False}

MAX_LISTED = 10_000
"""Values in the lists of one query, for ``in`` and ``nin``: each is looked up, and all are read before others' turn."""


class ListedValues:
    """Counts the values in the lists of one query."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, values: int) -> None:
        """Count the values of one more list. Raises InvalidValue where they are too many."""
        self._count += values
        if self._count > MAX_LISTED:
            raise InvalidValue(
                f"The lists of a query hold at most {MAX_LISTED} values together. "
                "Ask for a range, join with a table that holds the values, or send several requests."
            )


def declared(path: FieldPath, operator: str, fields: Fields) -> FieldType:
    """Return what is declared of a field, once the operator is known to make sense for it.

    Raises:
        UnknownOperator, UnknownField, InvalidOperator.
    """
    if operator not in OPERATORS:
        meant = ELSEWHERE.get(operator, operator)
        hint = did_you_mean(meant, OPERATORS) or f" Operators: {', '.join(OPERATORS)}."
        raise UnknownOperator(f"There is no operator '{shorten(operator)}'.{hint}")
    found = field_type(path, fields)
    if operator not in operators_for(found):
        raise InvalidOperator(
            f"'{operator}' does not fit the field '{shorten(print_path(path))}', which is declared as {_told(found)}."
        )
    return found


def operators_for(field: FieldType) -> tuple[str, ...]:
    """Return the operators that make sense for a field."""
    return tuple(operator for operator in OPERATORS if _fits(operator, field))


def field_type(path: FieldPath, fields: Fields) -> FieldType:
    """Return what is declared of a field. Raises UnknownField where there can be none of that name."""
    found = fields.type_of(path)
    if found is None:
        raise UnknownField(f"There is no field '{shorten(print_path(path))}'.{fields.hint(path)}")
    return found


def from_text(path: FieldPath, operator: str, text: str, fields: Fields) -> Condition:
    """Return the condition that an address means.

    Raises:
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue.
    """
    found = declared(path, operator, fields)
    field = Field(path, found.reading)
    if operator in ("null", "exists"):
        if text not in _BOOLEANS:
            raise InvalidValue(f"'{operator}' takes true or false.")
        return condition(field, operator, [(BOOLEAN, _BOOLEANS[text])])
    if operator in TEXT_OPERATORS:
        return condition(field, operator, [(TEXT, text)])
    if operator == "contains":
        part = _contained(path, found, fields)
        return condition(Field(path, part.reading), operator, _read(path, text, part))
    kinds = {NUMBER, TEXT} if operator in ORDERINGS else {NUMBER, TEXT, BOOLEAN}
    return condition(field, operator, [key for key in _read(path, text, found) if key[0] in kinds])


def from_json(path: FieldPath, operator: str, value: Any, fields: Fields) -> Condition:
    """Return the condition that a JSON value means; types are exact.

    Raises:
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue.
    """
    found = declared(path, operator, fields)
    field = Field(path, found.reading)
    if operator in ("null", "exists"):
        if not isinstance(value, bool):
            raise InvalidValue(f"'{operator}' takes true or false.")
        return condition(field, operator, [order_key(value)])
    if operator in ("in", "nin"):
        if not isinstance(value, list):
            raise InvalidValue(f"'{operator}' takes an array of values.")
        return condition(field, operator, [_exact(path, item, found) for item in value])
    if operator in TEXT_OPERATORS and not isinstance(value, str):
        raise InvalidValue(f"'{operator}' takes text.")
    if operator in ORDERINGS and kind_of(value) not in ("number", "text"):
        raise InvalidValue(f"'{operator}' takes a number or text; nothing else has an order.")
    if operator in TEXT_OPERATORS:
        return condition(field, operator, [order_key(value)])
    if operator == "contains":
        part = _contained(path, found, fields)
        return condition(Field(path, part.reading), operator, [_exact(path, value, part)])
    return condition(field, operator, [_exact(path, value, found)])


def as_number(text: str) -> int | float | None:
    """Return the number that a text writes as JSON does, or None: ``45.50`` and ``1e2`` are, ``0150`` is not."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return int(text) if match[1] is None and match[2] is None and len(text) < _MAX_INTEGER_CHARS else float(text)


_KINDS_FOR = {
    **dict.fromkeys(ORDERINGS, frozenset({"number", "text"})),
    **dict.fromkeys(TEXT_OPERATORS, frozenset({"text"})),
    "contains": frozenset({"text", "array"}),
}


def _fits(operator: str, field: FieldType) -> bool:
    """Say whether a field has a type for which an operator makes sense; texts that are moments or numbers are none."""
    needed = _KINDS_FOR.get(operator)
    if not field.kinds or needed is None:
        return True
    return bool(field.kinds & needed) and (operator in ORDERINGS or field.reading == "plain")


def _contained(path: FieldPath, found: FieldType, fields: Fields) -> FieldType:
    """Return what `contains` looks for: a part of a text, an element of an array, or either of them."""
    if "text" in found.kinds:
        return ANYTHING if "array" in found.kinds else FieldType(frozenset({"text"}))
    return fields.type_of((*path, "0")) or ANYTHING


def _read(path: FieldPath, text: str, found: FieldType) -> list[OrderKey]:
    """Return a text in every type that it can be read in and that may stand in the field. Raises InvalidValue."""
    keys: list[OrderKey] = []
    if found.reading != "plain":
        key = comparer(found.reading)(text)
        keys = [key] if key is not None and key[0] == NUMBER else []
    elif found.is_uuid:
        keys = _uuid(text)
    else:
        number = as_number(text)
        readings: list[tuple[str, OrderKey | None]] = [
            ("boolean", (BOOLEAN, _BOOLEANS[text]) if text in _BOOLEANS else None),
            ("number", None if number is None else (NUMBER, number)),
            ("text", (TEXT, text)),
        ]
        keys = [key for kind, key in readings if key is not None and (not found.kinds or kind in found.kinds)]
    if not keys:
        raise _unreadable(path, found)
    return keys


def _exact(path: FieldPath, value: Any, found: FieldType) -> Operand:
    """Return a JSON value as an operand, once it is known to be of a type that may stand in the field."""
    if value is None:
        return None
    if found.kinds and kind_of(value) not in found.kinds:
        raise _unreadable(path, found)
    if found.is_uuid:
        keys = _uuid(value)
        if not keys:
            raise _unreadable(path, found)
        return keys[0]
    key = comparer(found.reading)(value)
    if found.reading != "plain" and key is not None and key[0] != NUMBER:
        raise _unreadable(path, found)
    return key


def _uuid(text: str) -> list[OrderKey]:
    try:
        return [(TEXT, str(UUID(text)))]
    except ValueError:
        return []


def _unreadable(path: FieldPath, found: FieldType) -> InvalidValue:
    return InvalidValue(f"A value for '{shorten(print_path(path))}' cannot be read as {_told(found)}.")


def _told(found: FieldType) -> str:
    if found.reading == "instant":
        return "date and time (ISO 8601)"
    return "UUID" if found.is_uuid else "decimal" if found.reading == "decimal" else " or ".join(sorted(found.kinds))
