"""What Python code asks, in plain words, made into requests: `where` as JSON has it, `sort` as an address has it.

The words are those of HTTP and mean the same. Records come whole, so there is no `select`. Knows no tables; see
``database.py`` for who calls it, ``query/`` for the language, and ``docs/python.md`` for samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ramekin.database.changing import ChangeRequest
from ramekin.database.defining import parse_definition
from ramekin.database.finding import FindRequest, GroupRequest
from ramekin.database.following import ChangesRequest
from ramekin.database.join_request import JoinRequest, Shape
from ramekin.database.operations import Op, Operation
from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.database.window import window_of
from ramekin.errors import ConflictingParameters, InvalidParameter, InvalidSort
from ramekin.query.aggregate import parse_columns, parse_grouping
from ramekin.query.join import JoinType
from ramekin.query.pairs import PairFields
from ramekin.query.predicate import Predicate
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where, print_where
from ramekin.schema.definition import Definition
from ramekin.schema.fields import Fields
from ramekin.values import codec
from ramekin.values.ids import RecordId, id_key
from ramekin.values.paths import split_names

if TYPE_CHECKING:
    from ramekin.database.lifetimes import Ttl

Names = str | Sequence[str]
"""Fields, each with ``-`` in front for descending: one text with commas between, or a list."""

ALL: dict[str, Any] = {}
"""The condition that every record satisfies."""


class WindowWords(TypedDict, total=False):
    """Which page of an answer, and what is told with it."""

    limit: int
    offset: int
    cursor: str | None
    count: bool
    explain: bool
    strict: bool


class ToFind(WindowWords, total=False):
    """What is asked of the records of a table."""

    where: Mapping[str, Any] | Predicate
    sort: Names


class ToGroup(ToFind, total=False):
    """What is asked of the groups of a table."""

    group_by: Names
    aggregate: Mapping[str, str]


class ToJoin(ToFind, total=False):
    """What is asked of a join, behind its tables and its key."""

    type: JoinType
    shape: Shape
    names: tuple[str, str] | None


class ToChange(TypedDict, total=False):
    """What becomes of the records of a table that satisfy a condition."""

    where: Mapping[str, Any] | Predicate
    patch: Mapping[str, Any] | None
    delete: bool
    max_affected: int | None


class ToFollow(TypedDict, total=False):
    """What is asked of what happens to tables."""

    where: Mapping[str, Any] | Predicate
    since: str | None


def find(table: str, fields: Fields, *, where: Any = ALL, sort: Names = (), **page: Unpack[WindowWords]) -> FindRequest:
    """Return a request for records. Raises as ``query/`` says."""
    return FindRequest(table, _where(where, fields), parse_sort(_names(sort), fields), **window_of(**page))


def find_groups(
    table: str,
    fields: Fields,
    *,
    group_by: Names = (),
    aggregate: Mapping[str, str] | None = None,
    where: Any = ALL,
    sort: Names = (),
    **page: Unpack[WindowWords],
) -> GroupRequest:
    """Return a request for groups. Raises as ``query/`` says."""
    codec.check_value(aggregate)
    grouping = parse_grouping(list(_names(group_by)), {} if aggregate is None else aggregate, fields)
    columns = parse_columns(_names(sort), grouping)
    return GroupRequest(table, grouping, _where(where, fields), columns, **window_of(**page))


def join(
    tables: tuple[str, str],
    key: str,
    sides: tuple[Fields, Fields],
    *,
    type: JoinType = "inner",
    shape: Shape = "pairs",
    names: tuple[str, str] | None = None,
    where: Any = ALL,
    sort: Names = (),
    **page: Unpack[WindowWords],
) -> JoinRequest:
    """Return a request for a join; fields begin with a side's name. Raises as ``query/`` says."""
    if names is not None and (len(_names(names)) != 2 or isinstance(names, str)):
        raise InvalidParameter("'names' is two names, one for each side.")
    fields = PairFields(names or tables, sides)
    asked, order = _where(where, fields), parse_sort(_names(sort), fields)
    return JoinRequest(*tables, key, type, names, shape, asked, order, **window_of(**page))


def change(
    table: str,
    fields: Fields,
    *,
    where: Any = None,
    patch: Mapping[str, Any] | None = None,
    delete: bool = False,
    max_affected: int | None = None,
) -> ChangeRequest:
    """Return a request for a change by condition. Raises ConflictingParameters, and as ``query/`` says."""
    if where is None:
        raise InvalidParameter("A change of many records says which in 'where'; {} means all.")
    if delete == (patch is not None):
        raise ConflictingParameters("A change of many records has either a 'patch' or 'delete=True'.")
    return ChangeRequest(table, _where(where, fields), patch, delete, max_affected, fields)


def follow(tables: Sequence[str], fields: Fields, *, where: Any = ALL, since: str | None = None) -> ChangesRequest:
    """Return a request for what happens to tables, all of them where none is named. Raises as ``query/`` says."""
    if not all(type(table) is str for table in tables):
        raise InvalidParameter("Tables are named by texts.")
    return ChangesRequest(tuple(tables) or None, _where(where, fields), since)


def operation(
    op: Op,
    table: str,
    record_id: RecordId,
    record: Any = None,
    expecting: bytes | None = None,
    ttl: Ttl | None = None,
) -> Operation:
    """Return an operation on one record. Raises InvalidId.

    Args:
        expecting: the body that must stand.
    """
    precondition = ALWAYS if expecting is None else Precondition(frozenset([codec.digest(expecting)]))
    return Operation(op, table, id_key(record_id), record, precondition, ttl=ttl)


def definition(asked: Definition | Mapping[str, Any]) -> Definition:
    """Return a definition, which may be said as over HTTP. Raises InvalidDefinition."""
    return asked if isinstance(asked, Definition) else parse_definition(asked)


def check_alone(asked: object, cls: type, words: Mapping[str, object]) -> None:
    """Refuse words beside a request that was made already, or what is no request. Raises InvalidParameter."""
    if words or not isinstance(asked, cls):
        raise InvalidParameter(f"Give the name of a table, with words; or a {cls.__name__} alone.")


def _where(value: Any, fields: Fields) -> Any:
    if isinstance(value, Predicate):
        value = print_where(value)
    codec.check_value(value)
    return parse_where(value, fields)


def _names(value: Names) -> Sequence[str]:
    names = split_names(value) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidSort("Fields are named in a list, or in one text with commas between.")
    codec.check_value(list(names))
    return names
