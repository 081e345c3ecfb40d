"""Operands: what a condition's value means, given the operator and what is declared of the field.

A value from an address is text. It is read in the type that the field is declared to have. If nothing is declared, it
becomes an operand in every type that it can be read in. A JSON value has its type already. Knows nothing of how
conditions are written; see ``url.py`` and ``where.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidOperator, InvalidValue, UnknownField, UnknownOperator, did_you_mean, shorten
from ramekin.query.operands import Operand, Operands
from ramekin.query.predicate import (
    OPERATORS,
    ORDERINGS,
    TEXT_OPERATORS,
    Condition,
    condition,
    condition_on,
)
from ramekin.query.steps import Steps, parts
from ramekin.schema.fields import ANYTHING, Field, Fields, FieldType, read_anything, widened
from ramekin.values.comparison import BOOLEAN, NUMBER, TEXT, TIME, OrderKey, kind_of, order_key
from ramekin.values.paths import FieldPath, print_path

if TYPE_CHECKING:
    from collections.abc import Sequence


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

PART_OF_TEXT = FieldType(frozenset({"text"}))

MAX_LISTED = 10_000
"""Values in the lists of one query, for ``in`` and ``nin``: all of them are read in one step."""


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
        hint = did_you_mean(meant, OPERATORS) or f"Operators: {', '.join(OPERATORS)}."
        raise UnknownOperator(f"There is no operator '{shorten(operator)}'.", hint=hint)
    found = field_type(path, fields)
    if operator not in operators_for(found):
        name = shorten(print_path(path))
        raise InvalidOperator(f"'{operator}' does not fit the field '{name}', which is declared as {found.describe()}.")
    return found


def operators_for(field: FieldType) -> tuple[str, ...]:
    """Return the operators that make sense for a field."""
    return tuple(operator for operator in OPERATORS if _fits(operator, field))


def field_type(path: FieldPath, fields: Fields) -> FieldType:
    """Return what is declared of a field. Raises UnknownField where there can be none of that name."""
    found = fields.type_of(path)
    if found is None:
        said = f"There is no field '{shorten(print_path(path))}'."
        raise UnknownField(said, path=path, hint=fields.hint(path))
    return found


def from_texts(path: FieldPath, operator: str, texts: Sequence[str], fields: Fields) -> Steps[Condition]:
    """Return the condition that an address means; only a list has several values, or none.

    Raises:
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue.
    """
    found = compared(path, operator, fields)
    field = Field(path, found.compared)
    if operator in ("null", "exists"):
        if texts[0] not in ("true", "false"):
            raise InvalidValue(f"'{operator}' takes true or false.")
        return condition(field, operator, [(BOOLEAN, texts[0] == "true")])
    if operator in TEXT_OPERATORS:
        return condition(field, operator, [(TEXT, texts[0])])
    kinds: dict[int, set[Any]] = {}
    for part in parts(texts):
        if found is ANYTHING and operator not in ORDERINGS:
            for kind, values in read_anything(part).items():
                kinds.setdefault(kind, set()).update(values)
        else:
            for text in part:
                for kind, value in _fitting(path, operator, found.read_text(text), found):
                    kinds.setdefault(kind, set()).add(value)
        yield
    return condition_on(field, operator, (yield from Operands.read(kinds)))


def from_json(path: FieldPath, operator: str, value: Any, fields: Fields) -> Steps[Condition]:
    """Return the condition that a JSON value means; types are exact.

    Raises:
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue.
    """
    found = compared(path, operator, fields)
    field = Field(path, found.compared)
    if operator in ("null", "exists"):
        if not isinstance(value, bool):
            raise InvalidValue(f"'{operator}' takes true or false.")
        return condition(field, operator, [(BOOLEAN, value)])
    if operator in ("in", "nin") and not isinstance(value, list):
        raise InvalidValue(f"'{operator}' takes an array of values.")
    if operator in TEXT_OPERATORS:
        if not isinstance(value, str):
            raise InvalidValue(f"'{operator}' takes text.")
        return condition(field, operator, [(TEXT, value)])
    if operator in ORDERINGS and kind_of(value) not in ("number", "text"):
        raise InvalidValue(f"'{operator}' takes a number or text; nothing else has an order.")
    kinds: dict[int, set[Any]] = {}
    has_null = False
    for part in parts(value if operator in ("in", "nin") else [value]):
        types = {*map(type, part)}
        if found is ANYTHING and len(types) == 1 and not types.isdisjoint(_PLAIN):
            kinds.setdefault(_PLAIN[types.pop()], set()).update(part)
        else:
            keys = [order_key(item) if found is ANYTHING else _exact(path, operator, item, found) for item in part]
            has_null = has_null or None in keys
            for kind, each in filter(None, keys):
                kinds.setdefault(kind, set()).add(each)
        yield
    return condition_on(field, operator, (yield from Operands.read(kinds, has_null=has_null)))


def _exact(path: FieldPath, operator: str, value: Any, found: FieldType) -> Operand:
    """Return a JSON value as an operand, once it is known that it may stand in the field."""
    if value is None:
        return None
    key = found.read_value(value)
    return _fitting(path, operator, [] if key is None else [key], found)[0]


def _fitting(path: FieldPath, operator: str, keys: Sequence[OrderKey], found: FieldType) -> Sequence[OrderKey]:
    """Return those of a value's keys that make sense for an operator. Raises InvalidValue where none does."""
    able = [key for key in keys if key[0] in _ORDERED] if operator in ORDERINGS else found.can_equal(keys)
    if not able:
        raise InvalidValue(f"A value for '{shorten(print_path(path))}' cannot be read as {found.describe()}.")
    return able


_PLAIN = {str: TEXT, int: NUMBER, float: NUMBER, bool: BOOLEAN}
"""The kinds of values that are compared by themselves."""

_ORDERED = frozenset({NUMBER, TIME, TEXT})
"""The types of values that have an order which a condition may ask for."""


def _fits(operator: str, field: FieldType) -> bool:
    """Say whether a field has a type for which an operator makes sense."""
    if operator in ORDERINGS:
        return field.may_be("number") or field.may_be("text")
    if operator in TEXT_OPERATORS:
        return field.has_plain_text
    return operator != "contains" or field.has_plain_text or field.may_be("array")


_ELEMENTS = (*map(str, range(16)), str(10**8))
"""Places of an array whose types stand for those of all."""


def compared(path: FieldPath, operator: str, fields: Fields) -> FieldType:
    """Return the type of what a condition compares with: for `contains` a part of a text, or an element of an array."""
    found = declared(path, operator, fields)
    if operator != "contains":
        return found
    if found.has_plain_text:
        return ANYTHING if found.may_be("array") else PART_OF_TEXT
    element: FieldType | None = None
    for place in _ELEMENTS:
        element = widened(element, fields.type_of((*path, place)))
    return element or ANYTHING
