"""Where in a request a field is named of which it turns out later that no record has it, or such a value.

Knows no tables; see ``database/presence.py`` for who says which field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ramekin.query.where import place_in
from ramekin.values import codec
from ramekin.values.paths import FieldPath, parse_path, split_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from ramekin.errors import BadRequest


def in_address(error: BadRequest, query: str, words: Collection[str]) -> BadRequest:
    """Return an error with the parameter that names its field, as far as that is not told yet.

    Args:
        words: those of `where`, `sort` and `select` that the endpoint takes; any other name is a condition's.
    """
    steps: tuple[str | int, ...] = ()
    if error.path and not error.faults:
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in words:
                steps = _steps_to(error.path, name, codec.parse(value.encode()) if name == "where" else value)
                if steps:
                    break
            elif parse_path(name.rpartition(":")[0] if ":" in name else name) == error.path:
                steps = (name,)
                break
    return error.of("query", *map(str, steps))


def in_body(error: BadRequest, body: Any) -> BadRequest:
    """Return an error with the member of a query that names its field, as far as that is not told yet."""
    steps: tuple[str | int, ...] = ()
    if error.path and not error.faults:
        steps = next(filter(None, (_steps_to(error.path, name, value) for name, value in body.items())), ())
    return error.within(*steps)


def _steps_to(path: FieldPath, word: str, value: Any) -> tuple[str | int, ...]:
    """Return the steps to where a word or member with some value names a field; none where it does not."""
    if word == "where":
        found = place_in(value, path)
        return () if found is None else (word, *found)
    if word == "aggregate":
        return next(((word, name) for name, told in value.items() if parse_path(told.partition(":")[2]) == path), ())
    if word not in ("sort", "select", "group_by"):
        return ()
    names = split_names(value) if isinstance(value, str) else value
    return (word,) if path in [parse_path(name.lstrip("-")) for name in names] else ()
