"""Holding what a repair saves against what was defined of it: the step that made both fit may be what is lost.

All records are kept, since nobody knows which one is the right one; the part of a definition that they break is taken
off and told. Knows no files; see ``repair.py``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from ramekin.durability.contents import Contents, TableContents
from ramekin.errors import InvalidRecord, shorten
from ramekin.schema.declarations import declared_field
from ramekin.schema.definition import SEVERAL, Definition
from ramekin.schema.fields import join_reader
from ramekin.schema.json_schema import JsonSchema
from ramekin.values.paths import parse_path

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = 10
"""Records that are named of each table and rule."""


def fit(contents: Contents) -> list[str]:
    """Take off what tables' records break of their definitions; return a line for each such rule.

    A table that is typed by a model is looked at by the next start that has the model. Cost: O(records).
    """
    lines: list[str] = []
    for name, whole in contents.items():
        fitting = _fitting(name, whole, lines)
        if fitting != whole.definition:
            contents[name] = TableContents(fitting, whole.bodies, whole.dues)
    return lines


def _fitting(name: str, whole: TableContents, lines: list[str]) -> Definition:
    definition = whole.definition
    if definition.model is not None:
        definition = replace(definition, model=SEVERAL)
    elif ids := _named(_outside_schema(whole)):
        lines.append(f"table '{name}': its schema is taken off; these records do not satisfy it: {ids}")
        definition = replace(definition, schema=None)
    for field in definition.unique:
        if ids := _named(_sharing(whole, field)):
            unique = f"the field '{shorten(field)}' is unique no more"
            lines.append(f"table '{name}': {unique}; these records have a value of others: {ids}")
            definition = replace(definition, unique=tuple(each for each in definition.unique if each != field))
    return definition


def _named(keys: Iterator[str]) -> str:
    found = [shorten(key) for key in islice(keys, NAMED + 1)]
    return ", ".join([*found[:NAMED], *(["and more"] if len(found) > NAMED else [])])


def _outside_schema(whole: TableContents) -> Iterator[str]:
    if whole.definition.schema is None:
        return
    schema = JsonSchema(whole.definition.schema)
    for key, body in whole.bodies.items():
        try:
            schema.check(body)
        except InvalidRecord:
            yield key


def _sharing(whole: TableContents, field: str) -> Iterator[str]:
    """Yield the keys of records whose value others have too."""
    key_of = join_reader(declared_field(whole.definition.schema, parse_path(field)))
    holders: dict[object, str | None] = {}
    for key, body in whole.bodies.items():
        if (value := key_of(body)) is None:
            continue
        if value not in holders:
            holders[value] = key
            continue
        if (first := holders[value]) is not None:
            holders[value] = None
            yield first
        yield key
