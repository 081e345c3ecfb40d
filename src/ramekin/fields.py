"""Fields as a table's schema declares them: which types a path leads to, and how its values are compared.

A schema here is JSON Schema, whether a Pydantic model made it or a client sent it. Knows nothing of validation (see
``schema.py``) or of queries (see ``query/predicate.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ramekin.paths import print_path
from ramekin.values import NUMBER, OrderKey, kind_of, order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ramekin.paths import FieldPath

Reading = Literal["plain", "instant", "decimal"]
"""How a stored value is compared: as it is, as a moment in time, or as the number that a text holds."""

KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "array": "array",
    "object": "object",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INDEX = re.compile(r"0|[1-9][0-9]*")
_MAX_STEPS = 64  # references to follow before a schema is taken to go in circles


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a table, with the way in which its values are compared."""

    path: FieldPath
    reading: Reading = "plain"


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a schema says of a field: JSON's names of its types; none of them means that any value may stand there."""

    kinds: frozenset[str] = frozenset()
    reading: Reading = "plain"
    is_uuid: bool = False


ANYTHING = FieldType()


class Fields(Protocol):
    """The fields that a query may name; one object for as long as the declaration stands."""

    def __hash__(self) -> int: ...

    def type_of(self, path: FieldPath) -> FieldType | None:
        """Return what is declared of a field, or None where there can be no such field."""

    def field_names(self) -> Sequence[str]:
        """Return the dotted names of all fields that it declares, outer ones first."""

    def hint(self, path: FieldPath) -> str:
        """Return a sentence, with a space before it, that helps whoever named a field that cannot be; or nothing."""


class NoSchema:
    """The fields of a table of which nothing is declared: all are possible, none is known."""

    def type_of(self, path: FieldPath) -> FieldType | None:  # noqa: ARG002  # part of the contract
        return ANYTHING

    def field_names(self) -> Sequence[str]:
        return ()

    def hint(self, path: FieldPath) -> str:  # noqa: ARG002  # likewise
        return ""


NO_SCHEMA = NoSchema()


def comparer(reading: Reading) -> Callable[[Any], OrderKey | None]:
    """Return the function from a stored value to what it is compared by."""
    return {"plain": order_key, "instant": instant_key, "decimal": decimal_key}[reading]


def instant_key(value: Any) -> OrderKey | None:
    """Return the microseconds since 1970 of a text in ISO 8601; without a zone it is UTC. Other values as they are."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return order_key(value)
        return NUMBER, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    return order_key(value)


def decimal_key(value: Any) -> OrderKey | None:
    """Return the number that a text holds, exactly. Other values as they are."""
    if isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return order_key(value)
        return (NUMBER, number) if number.is_finite() else order_key(value)
    return order_key(value)


def type_in(schema: dict[str, Any], path: FieldPath, *, is_closed: bool) -> FieldType | None:
    """Return what a JSON Schema says of a path; None where it allows no such field.

    Args:
        is_closed: an object that names its properties has no others, unless it says so (as for Pydantic models).
    """
    nodes: list[Any] = [schema]
    for name in path:
        found = [child for node in nodes for part in _parts(node, schema) for child in _inside(part, name, is_closed)]
        nodes = list({id(node): node for node in found}.values())  # what several references name is looked at once
        if not nodes:
            return None
    types = [_type_of(part) for node in nodes for part in _parts(node, schema)]
    if any(not found.kinds for found in types):
        return ANYTHING
    kinds = frozenset[str]().union(*(found.kinds for found in types))
    told = {(found.reading, found.is_uuid) for found in types if found.kinds != {"null"}}
    reading, is_uuid = told.pop() if len(told) == 1 else ("plain", False)
    return FieldType(kinds, reading, is_uuid)


def names_in(schema: dict[str, Any], depth: int = 3) -> list[str]:
    """Return the dotted names of the properties that a schema declares, outer ones first."""
    found: list[str] = []
    level: list[tuple[FieldPath, Any]] = [((), schema)]
    for _ in range(depth):
        level = [
            ((*path, name), child)
            for path, node in level[:200]
            for part in _parts(node, schema)
            if isinstance(part, dict)
            for name, child in part.get("properties", {}).items()
            if child is not False  # a member that nobody may have
        ]
        found += [print_path(path) for path, _ in level]
    return list(dict.fromkeys(found))


def _parts(node: Any, root: dict[str, Any]) -> Iterator[Any]:
    """Yield a schema's alternatives: references followed, unions opened."""
    pending, steps = [node], 0
    while pending:
        part = pending.pop(0)
        steps += 1
        if not isinstance(part, dict) or steps > _MAX_STEPS:
            yield True
            continue
        inner = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())]
        if "$ref" in part:
            inner.append(_follow(part["$ref"], root))
        pending += inner
        if not inner or "type" in part or "properties" in part:
            yield part


def _follow(reference: Any, root: dict[str, Any]) -> Any:
    """Return what a pointer inside the same document points at; an anchor, or what leads elsewhere, says nothing."""
    node: Any = root
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return True
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node.get(step.replace("~1", "/").replace("~0", "~"), True) if isinstance(node, dict) else True
    return node


def _inside(part: Any, name: str, is_closed: bool) -> list[Any]:
    """Return the schemas of a member or an element of a part; none where it can have none."""
    if not isinstance(part, dict):
        return [True]
    found: list[Any] = []
    kinds = _kinds(part)
    if not kinds or "object" in kinds:
        found += _member(part, name, is_closed)
    if (not kinds or "array" in kinds) and _INDEX.fullmatch(name):
        prefix = part.get("prefixItems", [])
        found.append(prefix[int(name)] if len(name) < 9 and int(name) < len(prefix) else part.get("items", True))
    return [child for child in found if child is not False]


def _member(part: dict[str, Any], name: str, is_closed: bool) -> list[Any]:
    properties = part.get("properties", {})
    if name in properties:
        return [properties[name]]
    if "patternProperties" in part:
        return [True]
    return [part.get("additionalProperties", not (is_closed and properties))]


def _kinds(part: dict[str, Any]) -> frozenset[str]:
    declared = part.get("type")
    if declared is None:
        values = part.get("enum", [part["const"]] if "const" in part else [])
        return frozenset(kind_of(value) for value in values)
    return frozenset(KINDS.get(kind, "object") for kind in ([declared] if isinstance(declared, str) else declared))


def _type_of(part: Any) -> FieldType:
    if not isinstance(part, dict):
        return ANYTHING
    kinds, form = _kinds(part), part.get("format")
    reading: Reading = "plain"
    if kinds <= {"text", "null"} and "text" in kinds:
        reading = "instant" if form == "date-time" else "decimal" if form == "decimal" else "plain"
    return FieldType(kinds, reading, form == "uuid")
