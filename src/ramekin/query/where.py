"""Queries in JSON: ``{"age": {"gte": 18}, "or": [{"city": "Paris"}, {"vip": true}]}``.

``and``, ``or`` and ``not`` join; every other member is a field, with a value (``eq``) or an object of operators. Types
are exact. See ``url.py`` for the form in addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidWhere, shorten
from ramekin.paths import parse_path
from ramekin.query.operand import from_json
from ramekin.query.predicate import Not, Predicate, all_of, any_of, conditions_in

if TYPE_CHECKING:
    from ramekin.fields import Fields

MAX_CONDITIONS = 100
"""Conditions of one query; a choice of values is one condition (``in``), however long."""


def parse_where(value: Any, fields: Fields) -> Predicate:
    """Return the predicate that a JSON value means.

    Raises:
        InvalidWhere: it has not the shape, or more than 100 conditions.
        UnknownOperator, UnknownField, InvalidOperator, InvalidValue: as ``operand.py`` says.
    """
    predicate = _parse(value, fields)
    if len(conditions_in(predicate)) > MAX_CONDITIONS:
        raise InvalidWhere(f"A query has at most {MAX_CONDITIONS} conditions; use 'in' for many values.")
    return predicate


def _parse(value: Any, fields: Fields) -> Predicate:
    if not isinstance(value, dict):
        raise InvalidWhere("'where' is a JSON object: fields with conditions, and 'and', 'or', 'not'.")
    return all_of([_member(name, part, fields) for name, part in value.items()])


def _member(name: str, part: Any, fields: Fields) -> Predicate:
    if name in ("and", "or") and isinstance(part, list):
        parts = [_parse(item, fields) for item in part]
        return all_of(parts) if name == "and" else any_of(parts)
    if name == "not" and isinstance(part, dict):
        return Not(_parse(part, fields))
    path = parse_path(name)
    if not isinstance(part, dict):
        return from_json(path, "eq", part, fields)
    if not part:
        raise InvalidWhere(f"'{shorten(name)}' has no operator; to compare with an object write it under 'eq'.")
    return all_of([from_json(path, operator, operand, fields) for operator, operand in part.items()])
