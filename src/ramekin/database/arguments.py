"""What each argument of `Database` is, by its name, which means the same in every call.

Python lets everything pass, and a slip (a dictionary in place of pairs, a text in place of a body) would end as a fault
somewhere inside. So the methods for users are `checked`: what is of another kind is refused before anything is done.
What a value of the right kind means is refused where it is read; see ``asking.py`` and ``operations.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ramekin.database.operations import Operation
from ramekin.durability.disk import Disk
from ramekin.errors import InvalidParameter, shorten
from ramekin.limits import Limits
from ramekin.values.ids import IdSource

P = ParamSpec("P")
R = TypeVar("R")


def checked(method: Callable[P, R]) -> Callable[P, R]:
    """Return a method that raises InvalidParameter for an argument of another kind than its name says. Cost: 1 µs."""
    names = [*signature(method).parameters]

    @wraps(method)
    def call(*args: P.args, **words: P.kwargs) -> R:
        for name, value in (*zip(names, args, strict=False), *words.items()):
            if name in _ARGUMENTS:
                is_right, said = _ARGUMENTS[name]
                if not is_right(value):
                    found = shorten(type(value).__name__)
                    raise InvalidParameter(f"'{name}' is {said}. This one has the Python type '{found}'.")
        return method(*args, **words)

    return call


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _has(*members: str) -> Callable[[Any], bool]:
    return lambda value: all(hasattr(value, member) for member in members)


def _is_names(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str) and all(type(name) is str for name in value)


def _is_several(value: Any) -> bool:
    return isinstance(value, Iterable | AsyncIterable) and not isinstance(value, str | bytes)


def _or_none(is_right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or is_right(value)


_BOOLEAN = (_is(bool), "True or False")
_TABLE = (_is(str), "the name of a table, as text")

_ARGUMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "table": _TABLE,
    "name": _TABLE,
    "right": _TABLE,
    "tables": (_or_none(_is_names), "a list of names of tables, or None for all"),
    "key": (_is(str), "a join's key, as text"),
    "operation": (_is(Operation), "an Operation"),
    "operations": (_is_several, "a list of Operations"),
    "records": (_is_several, "a record, or a list of records; for `load` pairs of a table and a record"),
    "expecting": (_or_none(_is(bytes)), "a body as `get` returned it, or None"),
    "upsert": _BOOLEAN,
    "is_replacing": _BOOLEAN,
    "is_parsed": _BOOLEAN,
    "is_strict": _BOOLEAN,
    # How a database is made
    "models": (_or_none(_is(Mapping)), "a dictionary: the name of each table, and its Pydantic model"),
    "directory": (_or_none(_is(str, Path)), "a path, or None"),
    "fsync": (_or_none(_is(str)), "text, or None"),
    "engine": (_or_none(_has("at_once", "tables", "owner")), "an engine, or None"),
    "limits": (_or_none(_is(Limits)), "made of Limits, or None"),
    "clock": (_or_none(_has("wall_ms", "steady_s")), "an object with `wall_ms` and `steady_s`, or None"),
    "ids": (_or_none(_is(IdSource)), "an IdSource, or None"),
    "disk": (_or_none(_is(Disk)), "a Disk, or None"),
}
"""What is true of each, and how that is said."""
