"""Conditions of json-server 1.x: ``views:gt=100``, ``views_gt=100``, ``author.name=Ada``, and `_where` in JSON.

Both become one object: `{"views": {"gt": 100}, "author": {"name": {"eq": ...}}}`. A value in an address is a number, a
boolean or null where it reads like one, and then also the text that is sent: ids are texts, so ``postId=1`` has to find
``"1"``. A value in JSON is what it is. See ``current.py`` for the other words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.api.json_server.words import is_least, is_less, number
from ramekin.errors import RamekinError
from ramekin.values import codec
from ramekin.values.paths import parse_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Where = dict[str, Any]

_OLD = re.compile(r"(.+)_([a-z]+)")
_PLAIN = {"true": True, "false": False, "null": None}


class Said(NamedTuple):
    """A value in an address: the text that was sent, and what it reads like."""

    text: str
    value: Any

    @classmethod
    def of(cls, text: str) -> Said:
        """Return what a text may mean."""
        if text in _PLAIN:
            return cls(text, _PLAIN[text])
        found = number(text)
        return cls(text, text if found is None else found)

    def equals(self, value: Any) -> bool:
        """Say whether a field's value is meant."""
        return value == self.text if isinstance(value, str) else _same(value, self.value)


def read_conditions(pairs: Iterable[tuple[str, str]]) -> Where:
    """Return the conditions of an address; what has an operator that is none is no condition. Raises PathTooLong."""
    where: Where = {}
    for name, text in pairs:
        path, op = _split(name)
        if op is None:
            continue
        operand: Any = [Said.of(part.strip()) for part in text.split(",")] if op == "in" else Said.of(text)
        below = where
        for step in parse_path(path):
            if not isinstance(below.get(step), dict):
                below[step] = {}
            below = below[step]
        below[op] = operand
    return where


def read_where(text: str) -> Where | None:
    """Return the conditions of a `_where`; None where it is no JSON object, and is paid no heed to."""
    try:
        found = codec.parse(text.encode())
    except RamekinError:
        return None
    return found if isinstance(found, dict) else {} if isinstance(found, list) else None


def _split(name: str) -> tuple[str, str | None]:
    path, sign, op = name.rpartition(":")
    if sign:
        return (name, "eq") if not op else (path, op if op in OPERATORS else None)
    if (old := _OLD.fullmatch(name)) is not None and old[2] in OPERATORS:
        return old[1], old[2]
    return name, "eq"


def matches(record: Any, where: Where) -> bool:
    """Say whether a record satisfies all conditions. Cost: O(conditions)."""
    for name, wanted in where.items():
        if name == "or":
            if not isinstance(wanted, list) or not any(
                isinstance(one, dict) and matches(record, one) for one in wanted
            ):
                return False
        elif not isinstance(wanted, dict):
            return False  # json-server's: a value without an operator is equal to nothing
        elif known := [op for op in OPERATORS if op in wanted]:
            if name not in record or not all(OPERATORS[op](record[name], wanted[op]) for op in known):
                return False
        elif isinstance(inside := record.get(name), dict):
            if not matches(inside, wanted):
                return False
        elif _asks(wanted):
            return False
    return True


def _asks(where: Where) -> bool:
    """Say whether any condition stands inside others, so that it takes an object to satisfy them."""
    return any(isinstance(each, dict) and (OPERATORS.keys() & each.keys() or _asks(each)) for each in where.values())


def _same(left: Any, right: Any) -> bool:
    """Say whether two values are one; arrays and objects never are."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right and not isinstance(left, list | dict)


def _equals(value: Any, wanted: Any) -> bool:
    return wanted.equals(value) if isinstance(wanted, Said) else _same(value, wanted)


def _in(value: Any, wanted: Any) -> bool:
    return any(_equals(value, one) for one in (wanted if type(wanted) is list else [wanted]))


def _text(wanted: Any) -> str:
    """Return an operand as the text to look for, in small letters."""
    if isinstance(wanted, Said):
        return wanted.text.lower()
    return wanted.lower() if isinstance(wanted, str) else codec.dump(wanted).decode()


def _operand(wanted: Any) -> Any:
    return wanted.value if isinstance(wanted, Said) else wanted


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda value, wanted: is_less(value, _operand(wanted)),
    "lte": lambda value, wanted: is_least(value, _operand(wanted)),
    "gt": lambda value, wanted: is_less(_operand(wanted), value),
    "gte": lambda value, wanted: is_least(_operand(wanted), value),
    "eq": _equals,
    "ne": lambda value, wanted: not _equals(value, wanted),
    "in": _in,
    "contains": lambda value, wanted: isinstance(value, str) and _text(wanted) in value.lower(),
    "startsWith": lambda value, wanted: isinstance(value, str) and value.lower().startswith(_text(wanted)),
    "endsWith": lambda value, wanted: isinstance(value, str) and value.lower().endswith(_text(wanted)),
}
"""What each operator says of a field's value and an operand."""
