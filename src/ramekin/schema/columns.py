"""Columns of a table as text: what a cell means, and how a value is written so that it comes back.

If a table's schema says what a cell is, each cell is read by itself; one in quotes is text wherever text is taken. If a
cell may be a number (or a boolean) as well as any text, or if there is no schema, the whole column decides: either all
its cells are plain JSON values, or all are texts. Knows nothing of rows; see ``delimited.py`` for those and
``formats/record_text.py`` for records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ramekin.errors import RamekinError
from ramekin.schema.declarations import parts_for_all, type_in
from ramekin.schema.fields import ANYTHING, KINDS, FieldType, as_number
from ramekin.values import codec
from ramekin.values.comparison import BOOLEAN, MISSING, NUMBER
from ramekin.values.ids import looks_like_integer

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_KIND = frozenset(KINDS.values())

_TEXT = frozenset({"text"})
_PLAIN_KINDS = frozenset({"number", "boolean"})
_BOOLEANS = ("true", "false")
_NESTED = frozenset({"array", "object"})
_PLAIN = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURE_CHARS = 16  # as many digits always fit into 64 bits, and without an exponent into a float


class Quoted(str):
    """A cell that stood in quotes, or is to stand in them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """What a schema says of a column.

    `type` is what it takes. `is_required`: a record must have the member. `fills_null`: where the member is absent,
    null is stored.
    """

    type: FieldType = ANYTHING
    is_required: bool = False
    fills_null: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """JSON's names of the types that it takes."""
        return self.type.kinds or ANY_KIND

    @property
    def is_open(self) -> bool:
        """Whether a number or a boolean may as well be a text, so that the whole column has to decide."""
        return (self.type.takes_any_text or not self.type.kinds) and bool(self.kinds & _PLAIN_KINDS)

    def read(self, cell: str, *, is_plain: bool = True) -> Any:
        """Return the value of a cell, `MISSING` for one that says nothing. Raises what `codec.parse` raises.

        Args:
            is_plain: of an open column, whether it holds plain values.

        Guarantee: what `write` makes of a value that the column takes is read as that value.
        """
        takes_text = "text" in self.kinds
        if not cell:
            if takes_text and type(cell) is Quoted:
                return ""
            return None if self.is_required and "null" in self.kinds else MISSING
        if self.kinds != _TEXT:
            if cell == "null" and "null" in self.kinds and not (takes_text and type(cell) is Quoted):
                return None
            if is_plain and self._is_plain_value(cell, takes_text=takes_text):
                return codec.parse(cell.encode(), at=None)
            if cell[0] in '{["' and self.kinds & _NESTED:
                return self._read_nested(cell, takes_text=takes_text)
        return str(cell)

    def _is_plain_value(self, cell: str, *, takes_text: bool) -> bool:
        """Say whether a cell is a boolean or a number; beside texts only one that the schema takes, without quotes."""
        if not _PLAIN.fullmatch(cell):
            return False
        if not takes_text:
            return ("boolean" if cell in _BOOLEANS else "number") in self.kinds
        if type(cell) is Quoted or not _can_be_stored(cell):
            return False
        number = as_number(cell)
        if number is None:
            return "boolean" in self.kinds and bool(self.type.can_equal([(BOOLEAN, cell == "true")]))
        if "number" not in self.kinds or (self.type.is_integer and type(number) is float):
            return False
        if self.type.reading == "decimal":
            return _is_own_spelling(cell)  # so that no digit is lost, and it is the same decimal either way
        return bool(self.type.can_equal([(NUMBER, number)]))

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
        in_quotes = Quoted(text), Quoted(codec.dump(value).decode())
        for cell in in_quotes if self.is_open and isinstance(value, str) else (text, *in_quotes):
            if self._reads_as(cell, value):
                return cell
        if isinstance(value, float) and value.is_integer() and self._reads_as(whole := str(int(value)), int(value)):
            return whole  # where 1.0 would be a text, 1 is none
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
    """How an open column is read: as plain JSON values if every cell may be one, else as texts.

    Where no schema speaks, a number that cannot be stored is none, and an ``id`` is an integer or text. Where one does,
    cells in quotes, null, arrays and objects have no say. `is_plain` is false once `is_value` was false for a cell that
    is not empty.
    """

    def __init__(self, name: str, column: Column = SILENT, *, is_plain: bool = True) -> None:
        self.is_plain, self._column = is_plain, column
        self.is_value: Callable[[str], bool] = looks_like_integer if name == "id" else _is_plain_value
        if column is not SILENT:
            self.is_value = lambda cell: type(cell) is Quoted or not isinstance(column.read(cell), str)

    def read(self, cell: str) -> Any:
        """Return the value of a cell, once all of the column are seen. An empty one of a silent column says nothing."""
        if self._column is not SILENT:
            return self._column.read(cell, is_plain=self.is_plain)
        if not cell:
            return MISSING
        return codec.parse(cell.encode(), at=None) if self.is_plain else str(cell)


class Columns:
    """The columns of a table, by its JSON Schema; without one, nothing is said of any.

    Args:
        fills_defaults: whether a member that is absent is stored with its default, as models do.
    """

    def __init__(self, schema: dict[str, Any] | None = None, *, fills_defaults: bool = False) -> None:
        self._schema = {} if schema is None else schema
        self._fills_defaults = fills_defaults
        self.column = lru_cache(maxsize=1024)(self._column)

    def _column(self, name: str) -> Column:
        """Return what the schema says of a column."""
        if not self._schema:
            return SILENT
        found, parts = type_in(self._schema, (name,), is_closed=False), parts_for_all(self._schema)
        members = [part["properties"][name] for part in parts if name in part.get("properties", {})]
        is_required = any(name in part.get("required", ()) for part in parts)
        if found is None or not (found.kinds or is_required or members):
            return SILENT  # that there may be no such member is said by the schema itself
        is_null = any(isinstance(part, dict) and part.get("default", MISSING) is None for part in members)
        column = Column(found, is_required, self._fills_defaults and is_null)
        if name == "id" and column.is_open:
            column = replace(column, type=replace(found, is_integer=True))  # no other number is one
        return column


UNTYPED = Columns()


def _is_plain_value(cell: str) -> bool:
    """Say whether a cell is true, false, or a number as JSON writes it and a record can hold it."""
    return _PLAIN.fullmatch(cell) is not None and _can_be_stored(cell)


def _can_be_stored(cell: str) -> bool:
    """Say whether a record can hold what a cell writes as JSON does."""
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
