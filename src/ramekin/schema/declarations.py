"""What a JSON Schema declares of a field, whether a Pydantic model made the schema or a client sent it.

All keywords of a schema hold at once. So each of `type`, `$ref` and `allOf` narrows what may stand in a field, and each
branch of `anyOf` and `oneOf` widens it. Some keywords are not looked at (`if`, `not`, `dependentSchemas`, anchors,
parts with an `$id` of their own). They could only narrow it further: so this module may allow too much, never too
little. Knows nothing of validation; see ``fields.py`` for what is made of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ramekin.errors import steps_of
from ramekin.schema.fields import ANYTHING, KINDS, Field, FieldType, narrowed, widened
from ramekin.values.comparison import KIND_NAMES, TEXT, kind_of, order_key
from ramekin.values.paths import FieldPath, print_path
from ramekin.values.readings import FORMATS, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_MAX_PARTS = 5000
"""Parts of a schema that are looked at for one field before it is taken to say nothing: about 10 ms."""

_MAX_DEPTH = 150
"""Parts inside parts, or that refer to parts, on the way to a field; deeper ones say nothing."""

_RULES = frozenset({"pattern", "format", "maxLength", "contentEncoding", "contentMediaType"})
"""Keywords that say which texts are meant, as `minLength` does where more than one character is asked for."""

_MAX_STEPS = 64  # references to follow in search of names before a schema is taken to go in circles


def type_in(schema: dict[str, Any], path: FieldPath, *, is_closed: bool) -> FieldType | None:
    """Return what a JSON Schema says of a path; None where it allows no such field.

    Args:
        is_closed: an object that names its properties has no others unless it says so, as in schemas of Pydantic
        models.
    """
    return _Search(schema, len(path), is_closed=is_closed).of(schema, path)


def declared_field(schema: dict[str, Any] | None, path: FieldPath) -> Field:
    """Return a field of a table with a schema of its own (none: None), with the reading by which it is compared."""
    found = None if schema is None else type_in(schema, path, is_closed=False)
    return Field(path, "plain" if found is None else found.compared)


class _Search:
    """Looks for what one schema says of one path."""

    def __init__(self, root: dict[str, Any], steps: int, *, is_closed: bool) -> None:
        self._root, self._steps, self._is_closed = root, steps, is_closed
        self._known: dict[tuple[int, int], FieldType | None] = {}  # by part, and by what is left of the path
        self._depth = 0

    def of(self, part: Any, path: FieldPath) -> FieldType | None:
        """Return what a part of the schema says of what lies at a path inside it."""
        if not isinstance(part, dict) or _is_apart(part, self._root):
            return None if part is False else FieldType(is_named=not path)
        place = id(part), len(path)
        if place not in self._known:
            if len(self._known) >= _MAX_PARTS or self._depth >= _MAX_DEPTH:
                return ANYTHING
            self._known[place] = ANYTHING  # whoever comes back here while it is looked at learns nothing
            self._depth += 1
            self._known[place] = self._whole(part, path)
            self._depth -= 1
        return self._known[place]

    def _whole(self, part: dict[str, Any], path: FieldPath) -> FieldType | None:
        found = self._inside(part, path) if path else own_type(part)
        together = [*part.get("allOf", ())]
        if "$ref" in part:
            together.append(_follow(part["$ref"], self._root))
        for other in together:
            found = narrowed(found, self.of(other, path))
        for word in ("anyOf", "oneOf"):
            if branches := part.get(word):
                widest: FieldType | None = None
                for branch in branches:
                    widest = widened(widest, self.of(branch, path))
                found = narrowed(found, widest)
        return found

    def _inside(self, part: dict[str, Any], path: FieldPath) -> FieldType | None:
        """Return what a part's own keywords say of a member or an element."""
        name, rest, kinds = path[0], path[1:], _kinds(part)
        found: FieldType | None = None
        if not kinds or "object" in kinds:
            is_named = name in part.get("properties", {}) or self._lists(part, name) is True
            found = _told(self.of(self._member(part, name), rest), is_named=is_named)
        is_record = len(path) == self._steps  # which is no array
        if (not kinds or "array" in kinds) and not is_record and _INDEX.fullmatch(name):
            is_named = int(name) < len(part.get("prefixItems", ()))
            found = widened(found, _told(self.of(_element(part, int(name)), rest), is_named=is_named))
        return found

    def _member(self, part: dict[str, Any], name: str) -> Any:
        properties = part.get("properties", {})
        if name in properties:
            return properties[name]
        if self._lists(part, name) is False:
            return False
        if "patternProperties" in part:
            return True
        return part.get("additionalProperties", not (self._is_closed and properties))

    def _lists(self, part: dict[str, Any], name: str) -> bool | None:
        """Say whether a name is one of those that `propertyNames` lists; None where it lists none."""
        names = self.of(part["propertyNames"], ()) if "propertyNames" in part else None
        return names.lists((TEXT, name)) if names is not None and "text" in names.listed else None


def _told(found: FieldType | None, *, is_named: bool) -> FieldType | None:
    """Return what is said of a field; it is named only if each step on the way to it is named."""
    return found if is_named or found is None else replace(found, is_named=False)


def own_type(part: dict[str, Any]) -> FieldType:
    """Return what a schema's own `type`, `enum`, `const` and `format` say."""
    kinds, values = _kinds(part), part.get("enum", [part["const"]] if "const" in part else None)
    reading: Reading = "plain"
    if isinstance(form := part.get("format"), str) and (not kinds or "text" in kinds):
        reading = FORMATS.get(form, "plain")
    types = part.get("type", ())
    keys = (key for value in values or () if (key := order_key(value)) is not None)
    return FieldType(
        kinds,
        reading,
        frozenset() if values is None else kinds - {"null"},
        tuple(dict.fromkeys(key for key in keys if KIND_NAMES[key[0]] in kinds)),
        is_integer="integer" in types and "number" not in types,
        is_float="number" in types and "integer" not in types,
        is_named=True,
        is_ruled=values is not None or part.get("minLength", 0) > 1 or not _RULES.isdisjoint(part),
    )


def _element(part: dict[str, Any], index: int) -> Any:
    if isinstance(most := part.get("maxItems"), int) and index >= most:
        return False
    prefix = part.get("prefixItems", [])
    return prefix[index] if index < len(prefix) else part.get("items", True)


def _kinds(part: dict[str, Any]) -> frozenset[str]:
    declared = part.get("type", ())
    kinds = frozenset(KINDS.get(kind, "object") for kind in ([declared] if isinstance(declared, str) else declared))
    listed = frozenset(kind_of(value) for value in part.get("enum", [part["const"]] if "const" in part else ()))
    return (kinds & listed) or kinds or listed


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


def members_at(schema: dict[str, Any], steps: Sequence[str]) -> list[str]:
    """Return the names that a schema declares for the members of what stands at some steps of a record."""
    nodes: list[Any] = [schema]
    for step in steps:
        parts = [part for node in nodes[:200] for part in _parts(node, schema) if isinstance(part, dict)]
        nodes = [part["properties"][step] for part in parts if step in part.get("properties", {})]
        if _INDEX.fullmatch(step):
            nodes += [_element(part, int(step)) for part in parts]
    found = [part.get("properties", {}) for node in nodes[:200] for part in _parts(node, schema) if part is not True]
    return list(dict.fromkeys(name for members in found for name in members))


def parts_for_all(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a schema that hold for every record."""
    parts, seen = [schema], {id(schema)}
    for part in parts:
        for inner in (*([_follow(part["$ref"], schema)] if "$ref" in part else ()), *part.get("allOf", ())):
            if isinstance(inner, dict) and not _is_apart(inner, schema) and id(inner) not in seen:
                seen.add(id(inner))
                parts.append(inner)
    return parts


def _parts(node: Any, root: dict[str, Any]) -> Iterator[Any]:
    """Yield a schema's alternatives: references followed, unions opened."""
    pending, steps = [node], 0
    while pending:
        part = pending.pop(0)
        steps += 1
        if not isinstance(part, dict) or _is_apart(part, root) or steps > _MAX_STEPS:
            yield True
            continue
        inner = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())]
        if "$ref" in part:
            inner.append(_follow(part["$ref"], root))
        pending += inner
        if not inner or "type" in part or "properties" in part:
            yield part


def _is_apart(part: dict[str, Any], root: dict[str, Any]) -> bool:
    """Say whether a part is a resource of its own, in which ``#`` is not the whole schema."""
    return part is not root and isinstance(part.get("$id"), str)


def _follow(reference: Any, root: dict[str, Any]) -> Any:
    """Return what a pointer inside the same document points at, or an anchor of a definition; others say nothing."""
    node: Any = root
    if not isinstance(reference, str) or not reference.startswith("#"):
        return True
    if reference[1:2] not in ("", "/"):
        parts = [part for part in root.get("$defs", {}).values() if isinstance(part, dict) and "$id" not in part]
        return next((part for part in parts if part.get("$anchor") == reference[1:]), True)
    for step in steps_of(unquote(reference[1:])):
        if not isinstance(node, dict) or _is_apart(node, root):
            return True
        node = node.get(step, True)
    return node
