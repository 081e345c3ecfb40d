"""Queries in addresses: ``?age:gte=18&address.city=Paris&sort=-created_at,name``.

Every parameter that is no reserved word is a condition ``path[:operator]=value``, and all of them hold. Knows nothing
of HTTP: it is given names and values; see ``where.py`` for the form in JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.errors import (
    NO_WORDS,
    InvalidSelect,
    InvalidSort,
    InvalidValue,
    MalformedJson,
    RepeatedCondition,
    UnknownField,
    at,
    did_you_mean,
    shorten,
)
from ramekin.query.operand import ListedValues, field_type, from_json, from_texts
from ramekin.query.order import Order
from ramekin.query.predicate import Condition, Predicate, all_of
from ramekin.query.steps import Steps, at_once
from ramekin.schema.fields import Field, Fields
from ramekin.values import codec
from ramekin.values.paths import FieldPath, parse_path, print_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


MAX_SORTED = 100
"""Fields of one order: each is read from every row."""

MAX_SELECTED = 1000
"""Fields of one selection: each is looked for in every row of the page."""


def parse_conditions(
    parameters: Iterable[tuple[str, str]], fields: Fields, words: Mapping[str, str] = NO_WORDS
) -> Predicate:
    """Return the predicate of all conditions in an address, as `read_conditions` does, at once."""
    return at_once(read_conditions(parameters, fields, words))


def read_conditions(
    parameters: Iterable[tuple[str, str]], fields: Fields, words: Mapping[str, str] = NO_WORDS
) -> Steps[Predicate]:
    """Return the predicate of all conditions in an address.

    Args:
        words: what may have been meant where there is no such field, as `did_you_mean` takes it.

    Raises:
        RepeatedCondition: a field has the same operator twice.
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue: as ``operand.py`` says.
    """
    found: list[Condition] = []
    lists = ListedValues()
    seen: set[tuple[FieldPath, str]] = set()
    for name, value in parameters:
        with at(name):
            left, colon, right = name.rpartition(":")
            path, operator = (parse_path(left), right) if colon else (parse_path(name), "eq")
            _check_new(path, operator, seen)
            if not colon and fields.type_of(path) is None and (hint := did_you_mean(name, (), words)):
                raise UnknownField(f"There is no field '{shorten(name)}'.", path=path, hint=hint)
            if operator in ("in", "nin"):
                found.append((yield from _read_list(path, operator, value, fields, lists)))
            else:
                found.append((yield from from_texts(path, operator, [value], fields)))
    return all_of(found)


def _check_new(path: FieldPath, operator: str, seen: set[tuple[FieldPath, str]]) -> None:
    """Note a condition among those of its address. Raises RepeatedCondition."""
    if (path, operator) in seen:
        choice = "Put all values into one list" if operator in ("in", "nin") else "For a choice of values use 'in'"
        raise RepeatedCondition(
            f"The condition '{shorten(print_path(path))}:{shorten(operator)}' stands twice; "
            f"all conditions hold at once. {choice}, such as id:in=1,2."
        )
    seen.add((path, operator))


def _read_list(path: FieldPath, operator: str, value: str, fields: Fields, lists: ListedValues) -> Steps[Condition]:
    """Return a condition with a list: commas between values, or a JSON array whose types are exact."""
    if not value.startswith("["):
        lists.add(1 + value.count(","))
        return (yield from from_texts(path, operator, value.split(","), fields))
    try:
        items = codec.parse(value.encode(), extra_depth=1)
    except MalformedJson:
        raise InvalidValue(f"'{operator}' takes values with commas between, or a JSON array.") from None
    lists.add(len(items))
    return (yield from from_json(path, operator, items, fields))


def parse_sort(names: Sequence[str], fields: Fields) -> tuple[Order, ...]:
    """Return an order from names, each with ``-`` in front for descending.

    Raises:
        InvalidSort: a name is empty or stands twice, or there are more than 100.
        UnknownField: the schema has no such field.
    """
    orders: list[Order] = []
    if len(names) > MAX_SORTED:
        raise InvalidSort(f"'sort' names at most {MAX_SORTED} fields.")
    for name in names:
        if not name.lstrip("-"):
            raise InvalidSort(
                "'sort' is a list of fields with commas between, each with '-' in front for descending; "
                "a comma in a name is '\\,'."
            )
        path = parse_path(name.removeprefix("-"))
        if any(order.field.path == path for order in orders):
            raise InvalidSort(f"'sort' names '{shorten(print_path(path))}' twice.")
        orders.append(Order(Field(path, field_type(path, fields).compared), is_descending=name.startswith("-")))
    return tuple(orders)


def parse_select(names: Sequence[str], fields: Fields) -> tuple[FieldPath, ...]:
    """Return the paths of chosen fields. Raises InvalidSelect for an empty name or over 1,000, UnknownField."""
    if len(names) > MAX_SELECTED:
        raise InvalidSelect(f"'select' names at most {MAX_SELECTED} fields.")
    paths = []
    for name in names:
        if not name:
            raise InvalidSelect("'select' is a list of fields with commas between; a comma in a name is '\\,'.")
        path = parse_path(name)
        field_type(path, fields)
        paths.append(path)
    return tuple(dict.fromkeys(paths))
