"""Columns of a table as text: what a cell means, and how a value is written so that it comes back.

Two rules. Where a table's schema speaks of a column, it decides cell by cell: a cell is what the schema takes, and one
in quotes is text wherever text is taken. Where nothing is said, the whole column decides: it holds plain JSON values,
or texts. Knows nothing of rows; see ``delimited.py`` for those and ``formats/records.py`` for records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidDefinition, RamekinError
from ramekin.schema.fields import KINDS
from ramekin.schema.references import References
from ramekin.values import codec
from ramekin.values.ids import looks_like_integer
from ramekin.values.keys import MISSING, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_KIND = frozenset(KINDS.values())

MAX_REFERENCES = 100_000
"""References that are followed in a schema; those beyond say nothing of columns."""

_TEXT = frozenset({"text"})
_NESTED = frozenset({"array", "object"})
_PLAIN = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURE_CHARS = 16  # as many digits always fit into 64 bits, and without an exponent into a float
_MAX_DEPTH = 32  # references and branches to go into before a schema is taken to say nothing more


class Quoted(str):
    """A cell that stood in quotes, or is to stand in them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """What a schema says of a column.

    `kinds` are JSON's names of the types that it takes; all of them, if it says nothing. `is_required`: a record must
    have the member. `fills_null`: where the member is absent, null is stored.
    """

    kinds: frozenset[str] = ANY_KIND
    is_required: bool = False
    fills_null: bool = False

    def read(self, cell: str) -> Any:
        """Return the value of a cell, `MISSING` for one that says nothing. Raises what `codec.parse` raises.

        Guarantee: what `write` makes of a value that the column takes is read as that value.
        """
        takes_text = "text" in self.kinds
        if not cell:
            if takes_text and type(cell) is Quoted:
                return ""
            return None if self.is_required and "null" in self.kinds else MISSING
        if self.kinds != _TEXT:
            if self._is_plain_value(cell, takes_text=takes_text):
                return codec.parse(cell.encode(), at=None)
            if cell[0] in '{["' and self.kinds & _NESTED:
                return self._read_nested(cell, takes_text=takes_text)
        return str(cell)

    def _is_plain_value(self, cell: str, *, takes_text: bool) -> bool:
        """Say whether a cell is null, a boolean or a number: beside texts, neither in quotes nor in an odd spelling."""
        if takes_text and type(cell) is Quoted:
            return False
        if cell == "null":
            return "null" in self.kinds
        if not _PLAIN.fullmatch(cell):
            return False
        if cell in ("true", "false"):
            return "boolean" in self.kinds
        return "number" in self.kinds and (not takes_text or _is_own_spelling(cell))

    def _read_nested(self, cell: str, *, takes_text: bool) -> Any:
        try:
            value = codec.parse(cell.encode(), at=None)
        except RamekinError:
            if takes_text or cell[0] == '"':
                return str(cell)
            raise
        return value if takes_text or not isinstance(value, str) else str(cell)

    def write(self, value: Any) -> str:
        """Return a value's cell: the plainest one that is read as the value again, if there is one."""
        if value is MISSING or (value is None and (self is SILENT or self.fills_null or self.read("") is None)):
            return ""
        if value == "":
            return Quoted()
        text = value if isinstance(value, str) else codec.dump(value).decode()
        if self is SILENT or self.kinds == _TEXT:
            return text
        for cell in (text, Quoted(text), Quoted(codec.dump(value).decode())):
            if self._reads_as(cell, value):
                return cell
        return text

    def _reads_as(self, cell: str, value: Any) -> bool:
        try:
            found = self.read(cell)
        except RamekinError:
            return False
        return type(found) is type(value) and bool(found == value)


SILENT = Column()
"""A column of which nothing is said. `PlainOrText` says how it is read; it is written without regard to that."""


class PlainOrText:
    """How a column is read of which no schema speaks: as plain JSON values if every cell is one, else as texts.

    A number that cannot be stored is none, and an ``id`` is an integer or text. `is_plain` is false once `is_value` was
    false for a cell that is not empty.
    """

    def __init__(self, name: str, *, is_plain: bool = True) -> None:
        self.is_plain = is_plain
        self.is_value: Callable[[str], bool] = looks_like_integer if name == "id" else _is_plain_value

    def read(self, cell: str) -> Any:
        """Return the value of a cell, once all of the column are seen; an empty one says nothing, in quotes too."""
        if not cell:
            return MISSING
        return codec.parse(cell.encode(), at=None) if self.is_plain else str(cell)


class Columns:
    """The columns of a table, by its JSON Schema; without one, nothing is said of any.

    Args:
        references: those of the schema, where they are known.
        fills_defaults: whether a member that is absent is stored with its default, as models do.
    """

    def __init__(
        self,
        schema: dict[str, Any] | None = None,
        references: References | None = None,
        *,
        fills_defaults: bool = False,
    ) -> None:
        self._schema = {} if schema is None else schema
        self._fills_defaults = fills_defaults
        self._references = references or _references_of(self._schema)
        self.column = lru_cache(maxsize=1024)(self._column)

    def _column(self, name: str) -> Column:
        """Return what the schema says of a column."""
        kinds = _Kinds(self._references, name).of_member(self._schema)
        parts = self._parts()
        if not kinds or (kinds == ANY_KIND and not any(_is_titled(part, name) for part in parts)):
            return SILENT  # that there may be no such member is said by the schema itself
        return Column(
            kinds,
            any(name in part.get("required", ()) for part in parts),
            self._fills_defaults and any(_default(part, name) is None for part in parts),
        )

    def _parts(self) -> list[dict[str, Any]]:
        """Return the schemas that hold for every record."""
        parts, seen = [self._schema], {id(self._schema)}
        for part in parts:
            for inner in (*_named_by(part, self._references), *part.get("allOf", ())):
                if isinstance(inner, dict) and id(inner) not in seen:
                    seen.add(id(inner))
                    parts.append(inner)
        return parts


class _Kinds:
    """Finds the kinds of values that a schema takes, in one member of its objects or altogether.

    Each part of the schema is looked at once; where it leads back to itself, it says nothing more. What narrows in
    another way (patterns of names, conditions, `not`) is left to the validator.
    """

    def __init__(self, references: References, name: str) -> None:
        self._references, self._name = references, name
        self._known: dict[tuple[int, bool], frozenset[str]] = {}

    def of_member(self, node: Any, depth: int = 0) -> frozenset[str]:
        """Return the kinds that a schema takes in the member."""
        if not isinstance(node, dict):
            return frozenset() if node is False else ANY_KIND
        properties = node.get("properties", {})
        if self._name in properties:
            found = self.of(properties[self._name], depth)
        elif "patternProperties" in node:
            found = ANY_KIND
        else:
            found = self.of(node.get("additionalProperties", True), depth)
        return self._narrowed(found, node, depth, self.of_member)

    def of(self, node: Any, depth: int = 0) -> frozenset[str]:
        """Return the kinds that a schema takes."""
        if not isinstance(node, dict):
            return frozenset() if node is False else ANY_KIND
        found = ANY_KIND
        if (types := node.get("type")) is not None:
            found &= {KINDS[name] for name in ([types] if isinstance(types, str) else types)}
        if "enum" in node:
            found &= {kind_of(value) for value in node["enum"]}
        if "const" in node:
            found &= {kind_of(node["const"])}
        return self._narrowed(found, node, depth, self.of)

    def _narrowed(
        self, found: frozenset[str], node: dict[str, Any], depth: int, look: Callable[[Any, int], frozenset[str]]
    ) -> frozenset[str]:
        """Return what a schema's references and branches leave of some kinds."""
        place = id(node), look == self.of
        if place in self._known or depth > _MAX_DEPTH:
            return self._known.get(place, found)
        self._known[place] = found
        for part in (*_named_by(node, self._references), *node.get("allOf", ())):
            found &= look(part, depth + 1)
        for key in ("anyOf", "oneOf"):
            if key in node:
                found &= frozenset[str]().union(*[look(part, depth + 1) for part in node[key]])
        self._known[place] = found
        return found


def _references_of(schema: dict[str, Any]) -> References:
    """Return a schema's references; none, where a model's own additions lead nowhere: they say nothing then."""
    try:
        return References(schema, MAX_REFERENCES)
    except InvalidDefinition:
        return References({}, MAX_REFERENCES)


def _named_by(node: dict[str, Any], references: References) -> list[Any]:
    """Return what the reference of a schema names; of several, which one counts is not known."""
    named = references.named_by(node)
    return named if len(named) == 1 else []


def _is_titled(node: dict[str, Any], name: str) -> bool:
    """Say whether a member has a title: of one that may be anything (`Any`), a model's schema says nothing else."""
    part = node.get("properties", {}).get(name)
    return isinstance(part, dict) and "title" in part


def _default(node: dict[str, Any], name: str) -> Any:
    part = node.get("properties", {}).get(name)
    return part.get("default", MISSING) if isinstance(part, dict) else MISSING


UNTYPED = Columns()


def _is_plain_value(cell: str) -> bool:
    """Say whether a cell is true, false, or a number as JSON writes it and a record can hold it."""
    if not _PLAIN.fullmatch(cell):
        return False
    if len(cell) <= _SURE_CHARS and "e" not in cell and "E" not in cell:
        return True
    try:
        codec.parse(cell.encode(), at=None)
    except RamekinError:
        return False
    return True


def _is_own_spelling(cell: str) -> bool:
    """Say whether a number is written as it would be printed, so that nothing is lost if it was meant as a text."""
    try:
        return codec.dump(codec.parse(cell.encode(), at=None)) == cell.encode()
    except RamekinError:
        return False
