"""Queries in JSON: ``{"age": {"gte": 18}, "or": [{"city": "Paris"}, {"vip": true}]}``.

``and``, ``or`` and ``not`` join; every other member is a field, with a value (``eq``) or an object of operators. So are
these three where they hold no list, or for ``not`` an object whose members are operators all. Types are exact. See
``url.py`` for the form in addresses, and ``expressions.py`` for that in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidWhere, at, shorten
from ramekin.query.operand import ListedValues, from_json
from ramekin.query.predicate import OPERATORS, All, AnyOf, Condition, Not, Predicate, all_of, any_of
from ramekin.query.steps import Steps, at_once
from ramekin.values.comparison import value_of
from ramekin.values.paths import FieldPath, parse_path, print_path

if TYPE_CHECKING:
    from ramekin.schema.fields import Fields

MAX_CONDITIONS = 100
"""Conditions of one query; a choice of values is one condition (``in``), however long."""

MAX_PARTS = 1000
"""Objects and members of one query: each is a step of reading it, whether it holds a condition or not."""


_OPERATORS = frozenset(OPERATORS)


def parse_where(value: Any, fields: Fields) -> Predicate:
    """Return the predicate that a JSON value means, as `read_where` does, at once."""
    return at_once(read_where(value, fields))


def read_where(value: Any, fields: Fields) -> Steps[Predicate]:
    """Return the predicate that a JSON value means.

    Raises:
        InvalidWhere: it has not the shape, more than 100 conditions, or more than 1,000 parts.
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue: as ``operand.py`` says.
    """
    return _Reader(fields).read(value)


class _Reader:
    """Reads one query, and stops where it has more than a query may."""

    def __init__(self, fields: Fields) -> None:
        self._fields, self._lists = fields, ListedValues()
        self._parts = self._conditions = 0

    def read(self, value: Any) -> Steps[Predicate]:
        if not isinstance(value, dict):
            raise InvalidWhere("'where' is a JSON object: fields with conditions, and 'and', 'or', 'not'.")
        self._count_part()
        parts = []
        for name, part in value.items():
            with at(name):
                parts.append((yield from self._member(name, part)))
        return all_of(parts)

    def _member(self, name: str, part: Any) -> Steps[Predicate]:
        self._count_part()
        if name in ("and", "or") and isinstance(part, list):
            parts = []
            for index, item in enumerate(part):
                with at(index):
                    parts.append((yield from self.read(item)))
            return all_of(parts) if name == "and" else any_of(parts)
        if name == "not" and isinstance(part, dict) and not (part and part.keys() <= _OPERATORS):
            return Not((yield from self.read(part)))
        path = parse_path(name)
        if not isinstance(part, dict):
            return (yield from self._condition(path, "eq", part))
        if not part:
            raise InvalidWhere(f"'{shorten(name)}' has no operator; to compare with an object write it under 'eq'.")
        conditions = []
        for operator, operand in part.items():
            conditions.append((yield from self._condition(path, operator, operand)))
        return all_of(conditions)

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidWhere(f"A query has at most {MAX_PARTS} objects and members.")

    def _condition(self, path: FieldPath, operator: str, operand: Any) -> Steps[Predicate]:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise InvalidWhere(f"A query has at most {MAX_CONDITIONS} conditions; use 'in' for many values.")
        if operator in ("in", "nin") and isinstance(operand, list):
            self._lists.add(len(operand))
        return (yield from from_json(path, operator, operand, self._fields))


def place_in(value: Any, path: FieldPath) -> tuple[str | int, ...] | None:
    """Return the steps to the first member of a JSON query that is a condition on a field; None where there is none."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in parts:
        joins = (step in ("and", "or", "not") and isinstance(part, list | dict)) or isinstance(step, int)
        if joins and (found := place_in(part, path)) is not None:
            return (step, *found)
        if isinstance(step, str) and parse_path(step) == path:
            return (step,)
    return None


def print_where(predicate: Predicate) -> dict[str, Any]:
    """Return the JSON form of a predicate on fields of which nothing is declared; the reverse of `parse_where`."""
    if isinstance(predicate, All):
        return {"and": [print_where(part) for part in predicate.parts]}
    if isinstance(predicate, AnyOf):
        return {"or": [print_where(part) for part in predicate.parts]}
    if isinstance(predicate, Not):
        return {"not": {"and": [print_where(predicate.part)]}}  # a member called `gt` would be taken for an operator
    return {print_path(predicate.field.path): _print_operands(predicate)}


def _print_operands(condition: Condition) -> dict[str, Any]:
    values = [value_of(operand) for operand in condition.operands]
    return {condition.operator: values if condition.operator in ("in", "nin") else values[0]}
