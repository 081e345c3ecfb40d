"""Joins: reading the key, and walking the pairs in order.

A join is a nested walk: the left table in id order, for each of its records the right table's matches in id order,
then (for right and full joins) the right records that nothing matched. The walk can begin behind any pair, so a page
costs what the page holds. Knows no tables: it is given a `Source`; see ``database.py`` for who calls this.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Literal, Protocol

from ramekin.errors import InvalidKey
from ramekin.fields import Field
from ramekin.ids import id_order
from ramekin.paths import FieldPath, parse_path, print_path, reader, split_names
from ramekin.query import execute, source
from ramekin.query.match import body_matcher
from ramekin.query.plan import Position, Query
from ramekin.query.rows import Rows
from ramekin.readings import Reading, join_keyer
from ramekin.values import TEXT, JoinKey

JoinType = Literal["inner", "left", "right", "full"]
JOIN_TYPES: tuple[JoinType, ...] = ("inner", "left", "right", "full")

ID: FieldPath = ("id",)
SCAN_ROWS = 256

Row = tuple[int | str, bytes]
Pair = tuple[Row | None, Row | None]
Group = tuple[Row | None, Sequence[Row]]
"""A left row with its matches; none where it is kept without one. No left row: a right row that nothing matched."""


class Source(source.Source, Protocol):
    """Where rows come from: two tables at one moment."""

    async def scan(self, table: str, after: int | str | None, limit: int) -> Sequence[Row]:
        """Return the next rows behind an id, in id order."""

    async def lookup(self, table: str, field: Field, keys: Sequence[JoinKey]) -> list[Sequence[Row]]:
        """Return the rows with a join key in a field, in id order, for each of some keys."""

    def kinds(self, table: str, field: Field) -> frozenset[int]:
        """Return the types of values by which `lookup` may find rows in a field."""


@dataclass(frozen=True, slots=True)
class On:
    """Which field of the left table equals which field of the right one."""

    left: FieldPath
    right: FieldPath

    @property
    def key(self) -> str:
        """The explicit key that says so: ``id=user_id``."""
        return "=".join(print_path(side).replace("=", "\\=") for side in (self.left, self.right))

    def describe(self, left_name: str, right_name: str) -> str:
        """Return it as a reader would write it: ``users.id = orders.user_id``."""
        return f"{left_name}.{print_path(self.left)} = {right_name}.{print_path(self.right)}"


@dataclass(frozen=True, slots=True)
class PairPosition:
    """The pair behind which a walk begins: the values of its order's fields, and its two ids.

    Where `left` is None it lies among the right rows that nothing matched.
    """

    values: tuple[Any, ...]
    left: int | str | None
    right: int | str | None


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A join whose key is resolved. The names are what the two sides are called in the answer."""

    left_table: str
    right_table: str
    on: On
    kind: JoinType = "inner"
    left_query: Query = field(default_factory=Query)
    """Which left records are walked, and in which order; its page is not looked at."""
    reading: Reading = "plain"
    """How the values of both sides are read to be matched."""

    @property
    def left_field(self) -> Field:
        """The left side of the key."""
        return Field(self.on.left, self.reading)

    @property
    def right_field(self) -> Field:
        """The right side of the key."""
        return Field(self.on.right, self.reading)

    @property
    def keeps_left(self) -> bool:
        """Whether left records without a match are in the answer."""
        return self.kind in ("left", "full")

    @property
    def keeps_right(self) -> bool:
        """Whether right records without a match are in the answer."""
        return self.kind in ("right", "full")


def parse_key(text: str) -> On | FieldPath:
    """Return both sides of an explicit key (``id=user_id``), or the path of a bare one (``user_id``).

    Raises:
        InvalidKey: a side is empty, or there is more than one ``=``.
    """
    sides = split_names(text, "=")
    if len(sides) > 2 or not all(sides):
        raise InvalidKey("The key is one field, or two with '=' between them: 'user_id' or 'id=user_id'.")
    paths = [parse_path(side) for side in sides]
    return On(paths[0], paths[1]) if len(paths) == 2 else paths[0]


def read_bare_key(path: FieldPath, *, in_left: bool, in_right: bool) -> On | None:
    """Return what a bare key means, given which tables have a field of that name; None if neither has."""
    if in_left and in_right:
        return On(path, path)
    if in_right:
        return On(ID, path)
    return On(path, ID) if in_left else None


class Walk:
    """The groups of a join in order: by the left query's order, matches by the right id, right-only rows last.

    Cost: O(1) expected for each left row, whatever the number of its matches; behind a position, only what follows is
    read.
    """

    def __init__(self, source: Source, plan: JoinPlan, max_sorted: int, after: PairPosition | None = None) -> None:
        self._source, self._plan, self._after = source, plan, after
        self.examined = 0
        position = None
        if after is not None and after.left is not None:
            position = Position(after.values, after.left)
        query = replace(plan.left_query, after=position)
        way = execute.choose(source, plan.left_table, query)
        self.lefts = Rows(source, plan.left_table, query, way, max_sorted, is_whole=True)
        self._matches = _Matches(source, plan.right_table, plan.left_field, plan.right_field)

    async def groups(self) -> AsyncIterator[list[Group]]:
        """Yield the groups, some at a time; those without a left row come in batches of their own."""
        after = self._after
        if after is None or after.left is not None:
            if after is not None and (rest := await self._rest_of(after)):
                yield [rest]
            async for batch in self.lefts.in_order():
                self.examined += len(batch)
                found = await self._matches.of(batch)
                groups: list[Group] = list(zip(batch, found, strict=True))
                if not self._plan.keeps_left:
                    groups = [group for group in groups if group[1]]
                if groups:
                    yield groups
        if self._plan.keeps_right:
            async for rows in self._unmatched_right(after.right if after and after.left is None else None):
                yield [(None, (row,)) for row in rows]

    async def _rest_of(self, after: PairPosition) -> Group | None:
        """Return the left record at which the last page ended, with the matches behind the one at which it ended."""
        found = self._source.get(self._plan.left_table, str(after.left))
        if found is None or after.right is None:
            return None
        if not body_matcher(self._plan.left_query.where)(found[1]):
            return None
        [rights] = await self._matches.of([found])
        rest = rights[bisect_right(rights, id_order(after.right), key=lambda row: id_order(row[0])) :]
        return (found, rest) if rest else None

    async def _unmatched_right(self, after: int | str | None) -> AsyncIterator[list[Row]]:
        plan = self._plan
        matches = _Matches(self._source, plan.left_table, plan.right_field, plan.left_field)
        while rows := await self._source.scan(plan.right_table, after, SCAN_ROWS):
            self.examined += len(rows)
            found = await matches.of(rows)
            if unmatched := [row for row, lefts in zip(rows, found, strict=True) if not lefts]:
                yield unmatched
            after = rows[-1][0]


async def take_pairs(batches: AsyncIterator[list[Group]], offset: int, limit: int) -> tuple[list[Pair], bool]:
    """Return the pairs of one page, and whether more follow. Cost: O(groups passed over + limit)."""
    pairs: list[Pair] = []
    async for batch in batches:
        for left, rights in batch:
            size = len(rights) or 1
            if offset >= size:
                offset -= size
                continue
            if len(pairs) == limit:
                return pairs, True
            chosen = rights[offset : offset + limit - len(pairs)] if rights else (None,)
            pairs += [(left, right) for right in chosen]
            if offset + len(chosen) < size:
                return pairs, True
            offset = 0
    return pairs, False


async def count_pairs(batches: AsyncIterator[list[Group]]) -> int:
    """Return the number of pairs. Cost: O(groups)."""
    return sum([len(rights) or 1 async for batch in batches for _, rights in batch])


class _Matches:
    """Looks up rows' matches in the other table."""

    def __init__(self, source: Source, table: str, own: Field, other: Field) -> None:
        self._source, self._table, self._field = source, table, other
        self._read, self._key_of = field_of_row(own.path), join_keyer(own.reading)

    async def of(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        """Return the matches of each row."""
        read, key_of = self._read, self._key_of
        keys = [key_of(read(row)) for row in rows]
        wanted = [key for key in keys if key is not None]
        found = await self._source.lookup(self._table, self._field, wanted)
        if len(found) == len(keys):
            return found
        matches = iter(found)
        return [() if key is None else next(matches) for key in keys]


def field_of_row(path: FieldPath) -> Callable[[Row], Any]:
    """Return the function from a row to the value of a field; an id is read off the row itself."""
    if path == ID:
        return itemgetter(0)
    read = reader(path)
    return lambda row: read(row[1])


def count_mixed(pairs: Sequence[Pair], on: On, kinds: frozenset[int]) -> int:
    """Return how many pairs match a number with a text. Cost: O(pairs), without a look at the right rows if they can.

    Args:
        kinds: the types that stand in the right field.
    """
    read_left = field_of_row(on.left)
    read_right = field_of_row(on.right) if len(kinds) > 1 else None
    is_text = is_right_text = kinds == {TEXT}
    last, mixed = None, 0
    for left, right in pairs:
        if left is None or right is None:
            continue
        if left is not last:
            last, is_text = left, type(read_left(left)) is str
        if read_right is not None:
            is_right_text = type(read_right(right)) is str
        mixed += is_text is not is_right_text
    return mixed


def other_readings(key: On | FieldPath, chosen: On, left_fields: list[str], right_fields: list[str]) -> list[On]:
    """Return what the writer of a key that matched nothing may have meant, the likeliest first."""
    readings: list[On] = []
    if not isinstance(key, On):
        readings += [On(key, key), On(ID, key), On(key, ID)]
    else:
        readings += [On(key.right, key.left)]
    readings += [On(ID, (name,)) for name in right_fields if is_reference(name)]
    readings += [On((name,), ID) for name in left_fields if is_reference(name)]
    return [reading for reading in dict.fromkeys(readings) if reading != chosen]


def is_reference(name: str) -> bool:
    """Say whether a field's name says that it holds another record's id."""
    return name.endswith(("_id", "Id"))


def row_ids(pair: Pair) -> list[Any]:
    """Return a pair's two ids, as a cursor holds them."""
    return [None if row is None else row[0] for row in pair]
