"""Joins: reading the key, and taking pages of pairs.

Knows no tables; see ``join_walk.py`` for how pairs are found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from ramekin.errors import InvalidKey
from ramekin.query.view import Row
from ramekin.values.comparison import TEXT
from ramekin.values.paths import ID_PATH, FieldPath, parse_path, print_path, reader, split_names

if TYPE_CHECKING:
    from ramekin.query.view import View

AT_ONCE = 256
"""Pairs that are made or looked at in one step."""

JoinType = Literal["inner", "left", "right", "full"]
JOIN_TYPES: tuple[JoinType, ...] = ("inner", "left", "right", "full")


Pair = tuple[Row | None, Row | None]
Group = tuple[Row | None, Sequence[Row]]
"""A left row with its matches; none where it is kept without one. No left row: a right row that nothing matched."""


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
    """The pair after which a walk begins: the values of its order's fields, and its two ids.

    Where `left` is None it lies among the right rows that nothing matched.
    """

    values: tuple[Any, ...]
    left: int | str | None
    right: int | str | None


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
        return On(ID_PATH, path)
    return On(path, ID_PATH) if in_left else None


async def take_pairs(
    view: View, batches: AsyncIterator[list[Group]], offset: int, limit: int
) -> tuple[list[Pair], bool]:
    """Return the pairs of one page, and whether more follow. Cost: O(groups passed over + limit), in steps."""
    pairs: list[Pair] = []
    async for batch in batches:
        for left, rights in batch:
            size = len(rights) or 1
            if offset >= size:
                offset -= size
                continue
            if len(pairs) == limit:
                return pairs, True
            end = min(size, offset + limit - len(pairs))
            for start in range(offset, end, AT_ONCE):
                chosen = rights[start : min(start + AT_ONCE, end)] if rights else (None,)
                pairs += [(left, right) for right in chosen]
                await view.rest()
            if end < size:
                return pairs, True
            offset = 0
    return pairs, False


async def count_pairs(batches: AsyncIterator[list[Group]]) -> int:
    """Return the number of pairs. Cost: O(groups)."""
    return sum([len(rights) or 1 async for batch in batches for _, rights in batch])


def field_of_row(path: FieldPath) -> Callable[[Row], Any]:
    """Return the function from a row to the value of a field; an id is read off the row itself."""
    if path == ID_PATH:
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
        readings += [On(key, key), On(ID_PATH, key), On(key, ID_PATH)]
    else:
        readings += [On(key.right, key.left)]
    readings += [On(ID_PATH, (name,)) for name in right_fields if is_reference(name)]
    readings += [On((name,), ID_PATH) for name in left_fields if is_reference(name)]
    return [reading for reading in dict.fromkeys(readings) if reading != chosen]


def is_reference(name: str) -> bool:
    """Say whether a field's name says that it holds another record's id."""
    return name.endswith(("_id", "Id"))


def row_ids(pair: Pair) -> list[Any]:
    """Return a pair's two ids, as a cursor holds them."""
    return [None if row is None else row[0] for row in pair]
