"""Conditions in Python: ``(Field("age") >= 18) & Field("city").is_in(["Paris", "Rome"])``.

They are the predicates of ``predicate.py``; ``where.py`` prints them as JSON. What is declared of a field is not known
here: a datetime is sent as the text that it has in JSON, and the table that is asked says what the text means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.query.operand import from_json
from ramekin.query.steps import at_once
from ramekin.schema.fields import NoSchema
from ramekin.values import codec
from ramekin.values.paths import parse_path, print_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ramekin.query.predicate import Predicate

_NO_SCHEMA = NoSchema()


class Field:
    """A field of a record, by its path: ``address.city``, ``tags.0``. Compared with a value it is a condition.

    ``==`` and ``!=`` take any value, None for null; ``<``, ``<=``, ``>`` and ``>=`` numbers, texts and what is written
    as text (dates, times, decimals, UUIDs). Conditions are joined by ``&``, ``|`` and ``~``, each in brackets.

    Raises:
        PathTooLong: the path has more than 64 steps or 2,000 characters.
        InvalidValue: a value that JSON or the operator does not have.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = parse_path(path)

    def __repr__(self) -> str:
        return f"Field({print_path(self._path)!r})"

    __hash__ = None  # type: ignore[assignment]  # `==` makes a condition

    def __eq__(self, value: object) -> Predicate:  # type: ignore[override]  # likewise
        return self._condition("eq", value)

    def __ne__(self, value: object) -> Predicate:  # type: ignore[override]  # likewise
        return self._condition("ne", value)

    def __lt__(self, value: Any) -> Predicate:
        return self._condition("lt", value)

    def __le__(self, value: Any) -> Predicate:
        return self._condition("lte", value)

    def __gt__(self, value: Any) -> Predicate:
        return self._condition("gt", value)

    def __ge__(self, value: Any) -> Predicate:
        return self._condition("gte", value)

    def is_in(self, values: Iterable[Any]) -> Predicate:
        """It is one of the values."""
        return self._condition("in", list(values))

    def not_in(self, values: Iterable[Any]) -> Predicate:
        """It is none of the values; null and missing are none either."""
        return self._condition("nin", list(values))

    def contains(self, value: Any) -> Predicate:
        """It is a text with this text inside, or an array with this element."""
        return self._condition("contains", value)

    def icontains(self, text: str) -> Predicate:
        """It is a text with this text inside, in capitals or not."""
        return self._condition("icontains", text)

    def startswith(self, text: str) -> Predicate:
        """It is a text that begins so."""
        return self._condition("startswith", text)

    def endswith(self, text: str) -> Predicate:
        """It is a text that ends so."""
        return self._condition("endswith", text)

    def is_null(self, expected: bool = True) -> Predicate:
        """It is null or missing, or, where False is expected, neither."""
        return self._condition("null", expected)

    def exists(self, expected: bool = True) -> Predicate:
        """It is there, be it null, or, where False is expected, missing."""
        return self._condition("exists", expected)

    def _condition(self, operator: str, value: Any) -> Predicate:
        return at_once(from_json(self._path, operator, codec.as_json(value), _NO_SCHEMA))
