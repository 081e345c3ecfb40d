"""How json-server reads what stands in an address: names and values of conditions, numbers, JavaScript's comparisons.

Knows no dialect and no tables; see ``dialect.py`` for what is made of it.
"""

from __future__ import annotations

import re
from operator import le, lt
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ramekin.api.http.query_string import not_utf8
from ramekin.errors import InvalidParameter
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_PARAMETERS = 100

_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,15})")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?\s*")

MOST = 10**15
"""The largest page: where a number has more digits, it is this one."""


class Words:
    """The parameters of an address in their order; a name may stand several times."""

    def __init__(self, query: bytes) -> None:
        """Read a query. Raises InvalidParameter, MalformedPath: there are too many, or it is not UTF-8."""
        try:
            text = query.decode("ascii")
            self.pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
        except UnicodeError:
            raise not_utf8() from None
        except ValueError:
            raise InvalidParameter(f"There are more than {MAX_PARAMETERS} parameters.") from None

    def first(self, name: str) -> str | None:
        """Return the first value of a name, None where it does not stand."""
        return next((value for found, value in self.pairs if found == name), None)

    def all(self, name: str) -> list[str]:
        """Return every value of a name, each once."""
        return list(dict.fromkeys(value for found, value in self.pairs if found == name))

    def others(self, reserved: Iterable[str]) -> list[tuple[str, str]]:
        """Return the parameters that are none of these."""
        return [(name, value) for name, value in self.pairs if name not in reserved]


def whole_number(text: str | None) -> int | None:
    """Return the number that a text begins with, None where it begins with none: JavaScript's ``parseInt``."""
    found = _WHOLE.match(text or "")
    return None if found is None else int(found[1])


def number(text: str) -> float | int | None:
    """Return the number that a text is, None where it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if text.strip().lstrip("+-").isdecimal() and len(text) < MAX_DIGITS else float(text)


MAX_DIGITS = 300


def is_less(left: Any, right: Any) -> bool:
    """Say whether a value is less than another as JavaScript has it: texts as texts, all else as numbers."""
    return _compares(lt, left, right)


def is_least(left: Any, right: Any) -> bool:
    """Say whether a value is less than another, or as large."""
    return _compares(le, left, right)


def _compares(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return compare(left, right)
    one, other = _as_number(left), _as_number(right)
    return one is not None and other is not None and compare(one, other)


def _as_number(value: Any) -> float | int | None:
    if value is None:
        return 0
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return number(value) if value.strip() else 0
    return None  # arrays and objects have no order


def text_of(value: Any) -> str:
    """Return a value as JavaScript writes it: ``true``, ``1``, the elements of an array with commas between."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join("" if each is None else text_of(each) for each in value)
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST:
        return str(int(value))
    return codec.dump(value).decode()
