"""Tests of records: a predicate made into a function from a body, or from values, to true or false.

Only the fields that the predicate names are decoded. Knows nothing of where bodies come from; see ``predicate.py``
for what a predicate is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from ramekin.query.predicate import ORDERINGS, AnyOf, Condition, Not, Predicate, paths_in
from ramekin.values.comparison import KIND_NAMES, MISSING, TEXT
from ramekin.values.paths import FieldPath, row_reader
from ramekin.values.readings import comparer

Test = Callable[[Any], bool]
"""From a field's value (MISSING where there is none) to whether a condition holds."""

_COMPARE = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def body_matcher(predicate: Predicate) -> Callable[[bytes], bool]:
    """Return the test of a body. Cost of each call: O(length of the body)."""
    paths = paths_in(predicate)
    if isinstance(predicate, Condition):
        test, read_one = condition_test(predicate), row_reader((predicate.field.path,))
        return lambda body: test(read_one(body)[0])
    matches = matcher(predicate, {path: place for place, path in enumerate(paths)})
    if not paths:
        return lambda _: matches(())
    read = row_reader(tuple(paths))
    return lambda body: matches(read(body))


def matcher(predicate: Predicate, places: Mapping[FieldPath, int]) -> Callable[[Sequence[Any]], bool]:
    """Return the test of a row of values.

    Args:
        places: where in the row the value of each path stands.
    """
    if isinstance(predicate, Condition):
        test, place = condition_test(predicate), places[predicate.field.path]
        return lambda row: test(row[place])
    if isinstance(predicate, Not):
        inner = matcher(predicate.part, places)
        return lambda row: not inner(row)
    parts = [matcher(part, places) for part in predicate.parts]
    if isinstance(predicate, AnyOf):
        return lambda row: any(part(row) for part in parts)
    return lambda row: all(part(row) for part in parts)


def condition_test(condition: Condition) -> Test:
    """Return the test of one field's value."""
    operator = condition.operator
    if operator in ("in", "nin"):
        return _equality_test(condition, is_wanted=operator == "in")
    if operator in ORDERINGS:
        return _order_test(condition)
    if operator == "contains":
        return _contains_test(condition)
    [operand] = condition.operands
    wanted = None if operand is None else operand[1]
    if operator == "null":
        return lambda value: (value is None or value is MISSING) is wanted
    if operator == "exists":
        return lambda value: (value is not MISSING) is wanted
    if operator == "icontains":
        folded = str(wanted).casefold()
        return lambda value: isinstance(value, str) and folded in value.casefold()
    if operator == "startswith":
        return lambda value: isinstance(value, str) and value.startswith(wanted)  # type: ignore[arg-type]  # is text
    return lambda value: isinstance(value, str) and value.endswith(wanted)  # type: ignore[arg-type]  # likewise


def _equality_test(condition: Condition, *, is_wanted: bool) -> Test:
    compared, operands = comparer(condition.field.reading), condition.operands
    values_of = [operands.by_kind.get(kind, ()) for kind in range(len(KIND_NAMES))]
    takes_null = operands.has_null

    def test(value: Any) -> bool:
        if value is None:
            return takes_null is is_wanted
        key = compared(value)
        return (key is not None and key[1] in values_of[key[0]]) is is_wanted

    return test


def _order_test(condition: Condition) -> Test:
    compared, compare = comparer(condition.field.reading), _COMPARE[condition.operator]
    bounds = [operand for operand in condition.operands if operand is not None]

    def test(value: Any) -> bool:
        key = compared(value)
        return key is not None and any(key[0] == kind and compare(key[1], bound) for kind, bound in bounds)

    return test


def _contains_test(condition: Condition) -> Test:
    texts = [operand[1] for operand in condition.operands if operand is not None and operand[0] == TEXT]
    compared, keys = comparer(condition.field.reading), frozenset(condition.operands)

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return any(text in value for text in texts)
        return isinstance(value, list) and any(compared(item) in keys for item in value)

    return test
