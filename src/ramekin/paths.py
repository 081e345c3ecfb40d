r"""Field paths: `address.city`, `tags.0`, `a\.b`, and how one is read from a body without parsing the rest.

A dot goes into an object, a number into an array (or an object's member of that name), ``\.`` is a literal dot.
Knows nothing of queries or tables.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from ramekin.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

FieldPath = tuple[str, ...]
"""The names on the way to a field, outermost first; never empty."""

_DOT = re.compile(r"(?<!\\)\.")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_UNUSUAL = re.compile(r'[\x00-\x1f"\\]')  # what a msgspec field's name may not hold


def parse_path(text: str) -> FieldPath:
    """Return the path that a text names. Every text is one; `` `` (empty) is the member with the empty name."""
    return tuple(part.replace("\\.", ".") for part in _DOT.split(text))


def print_path(path: FieldPath) -> str:
    """Return the text that names a path; the reverse of `parse_path`."""
    return ".".join(part.replace(".", "\\.") for part in path)


def walk(value: object, path: FieldPath) -> Any:
    """Return what a path leads to inside a value, or MISSING. Cost: O(length of the path)."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    return value


@lru_cache(maxsize=1024)
def reader(path: FieldPath) -> Callable[[bytes], Any]:
    """Return a function from a body to the value of one field, or MISSING.

    It decodes only the path's first member and skips the rest: 0.2 µs for a 166-byte body against 0.9 µs for all of
    it (CPython 3.11, November 2026). Cost of each call: O(length of the body).
    """
    first, rest = path[0], path[1:]
    if _UNUSUAL.search(first):
        return lambda body: walk(_record.decode(body), path)
    row = msgspec.defstruct("Row", [("value", Any, msgspec.UNSET)], rename={"value": first}, gc=False)
    decode = msgspec.json.Decoder(row).decode

    def read(body: bytes) -> Any:
        value = decode(body).value  # type: ignore[attr-defined]  # the struct is made above
        if value is msgspec.UNSET:
            return MISSING
        return walk(value, rest) if rest else value

    return read


def member_names(body: bytes) -> list[str]:
    """Return the names of a record's outermost members, in order. Cost: O(length of the body)."""
    return list(_members.decode(body))


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_record = msgspec.json.Decoder(dict[str, Any])


def select(record: dict[str, Any], paths: list[FieldPath]) -> dict[str, Any]:
    """Return only the chosen fields of a record, each in its place; what is not there is not added."""
    kept: dict[str, Any] = {}
    for name, value in record.items():
        below = [path[1:] for path in paths if path[0] == name]
        if below and (part := _select_inside(value, below)) is not MISSING:
            kept[name] = part
    return kept


def _select_inside(value: object, below: list[FieldPath]) -> Any:
    """Return the chosen parts of a member: an array becomes the array of its chosen elements, in order."""
    if () in below:
        return value
    if isinstance(value, dict):
        return select(value, below) or MISSING
    if isinstance(value, list):
        indexes = sorted({int(path[0]) for path in below if _INDEX.fullmatch(path[0])})
        parts = [
            _select_inside(value[index], [path[1:] for path in below if path[0] == str(index)])
            for index in indexes
            if index < len(value)
        ]
        return [part for part in parts if part is not MISSING] or MISSING
    return MISSING
