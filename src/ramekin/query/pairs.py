"""Pairs as records: a joined row is a record whose fields are the two tables, tested and sorted like any other.

    phases       which part of a predicate decides what: which records are walked, which pairs stay, what stays alone
    PairFilter   which pairs stay
    sort_pairs   the first pairs of many, by fields of either side
    TreeMaker    left records, each with its matches

Knows no tables; see ``join.py`` for how pairs are found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ramekin.errors import did_you_mean, listing, shorten
from ramekin.query.decide import NOTHING, decide
from ramekin.query.gather import check_held, drain, page_advice
from ramekin.query.join import AT_ONCE
from ramekin.query.match import condition_test, matcher
from ramekin.query.order import FirstRows, Order
from ramekin.query.predicate import EVERYTHING, AnyOf, Condition, Not, Predicate, all_of, any_of, conjuncts, paths_in
from ramekin.schema.fields import Fields, FieldType
from ramekin.values import codec
from ramekin.values.comparison import MISSING
from ramekin.values.ids import id_order
from ramekin.values.paths import FieldPath, print_path, row_reader

if TYPE_CHECKING:
    from ramekin.query.join import Group, Pair
    from ramekin.query.view import Row, View

SIDE = FieldType(frozenset({"object", "null"}))


@dataclass(frozen=True, slots=True)
class PairFields:
    """The fields of joined rows: two members, each a record of its table.

    `words` are others that may be meant, as `did_you_mean` takes them; `present`, the names of fields that each side
    has, where nothing is declared.
    """

    names: tuple[str, str]
    sides: tuple[Fields, Fields]
    words: Mapping[str, str] = field(default_factory=dict)
    present: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def type_of(self, path: FieldPath) -> FieldType | None:
        for name, fields in zip(self.names, self.sides, strict=True):
            if path[0] == name:
                return SIDE if len(path) == 1 else fields.type_of(path[1:])
        return None

    def field_names(self) -> Sequence[str]:
        return [f"{side}.{field}" for side, known in self._known() for field in known]

    def hint(self, path: FieldPath) -> str:
        """Return what may be meant: a word, or a field that one of the sides has; else how fields are named here."""
        if path[0] in self.names:
            own = [name for name in self.field_names() if name.startswith(f"{print_path(path[:1])}.")]
            return did_you_mean(print_path(path), own) or listing(own)
        words = [word for word, whose in self.words.items() if not whose]
        meant = [word for word in words if len(path) == 1 and did_you_mean(path[0], [word])]
        for side, known in self._known():
            inner = print_path(path[1:] if did_you_mean(path[0], [side]) else path)
            meant += [f"{side}.{inner}"] if inner in known else []
        if meant:
            return f"Did you mean {_either(meant)}?"
        nearest = did_you_mean(print_path(path), self.field_names(), self.words)
        return nearest or f"A field here begins with {_either([f'{side}.' for side, _ in self._known()])}."

    def _known(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield how the sides are written, each with the names of the fields that it has."""
        for name, side, present in zip(self.names, self.sides, self.present, strict=True):
            yield print_path((name,)), side.field_names() or present


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{shorten(name)}'" for name in names)


@dataclass(frozen=True, slots=True)
class Phases:
    """A predicate over pairs, taken apart by what decides it and when; `NOTHING` where no row of that kind stays."""

    left: Predicate
    """On left records, as a predicate of their table: decided before any match is looked up."""
    matched: Predicate
    """What is left to test on pairs."""
    leading: Predicate
    """The part of it that right records alone decide, as a predicate of their table."""
    unmatched: Predicate
    """What is left to test on left records without a match, over pairs."""
    right: Predicate
    """On right records that nothing matches, as a predicate of their table."""
    alone: Predicate
    """What is left to test on those, over pairs."""


def phases(where: Predicate, names: tuple[str, str], *, keeps_left: bool, is_tree: bool = False) -> Phases:
    """Return what a join's conditions decide, and when.

    Where a side is missing, conditions on it are decided: `orders:null=true` holds for no pair, and for every left
    record without one. In trees conditions on matches choose among them, and say nothing of a record without any.
    """
    matched = _with_sides(where, names, (True, True))
    unmatched: Predicate = NOTHING
    if keeps_left:
        unmatched = EVERYTHING if is_tree else _with_sides(where, names, (True, False))
    own = _inside(unmatched if matched == NOTHING else matched, names[0])
    if NOTHING not in (matched, unmatched) and not is_tree:
        own = [part for part in own if part in conjuncts(unmatched)]
    rest = all_of(part for part in conjuncts(matched) if part not in own)
    right = _with_sides(where, names, (False, True))
    return Phases(
        all_of(map(strip, own)),
        rest,
        all_of(map(strip, _inside(rest, names[1]))),
        all_of(part for part in conjuncts(unmatched) if part not in own),
        all_of(map(strip, _inside(right, names[1]))),
        all_of(part for part in conjuncts(right) if not is_inside(part, names[1])),
    )


def _inside(predicate: Predicate, side: str) -> list[Predicate]:
    """Return the parts that must hold of one side's record alone."""
    return [part for part in conjuncts(predicate) if is_inside(part, side)]


def _with_sides(where: Predicate, names: tuple[str, str], are_there: tuple[bool, bool]) -> Predicate:
    """Return what is left of a predicate once it is known which sides the rows have."""

    def verdict(condition: Condition) -> bool | None:
        path = condition.field.path
        is_side = len(path) == 1
        if not are_there[names.index(path[0])]:
            return condition_test(condition)(None if is_side else MISSING)
        return condition_test(condition)({}) if is_side and condition.operator in ("null", "exists") else None

    return decide(where, verdict)


def is_inside(predicate: Predicate, side: str) -> bool:
    """Say whether a predicate speaks only of members of one side's record."""
    paths = paths_in(predicate)
    return bool(paths) and all(len(path) > 1 and path[0] == side for path in paths)


def strip(predicate: Predicate) -> Predicate:
    """Return a predicate over one side of pairs as one over that side's records."""
    if isinstance(predicate, Condition):
        return replace(predicate, field=replace(predicate.field, path=predicate.field.path[1:]))
    if isinstance(predicate, Not):
        return Not(strip(predicate.part))
    parts = [strip(part) for part in predicate.parts]
    return any_of(parts) if isinstance(predicate, AnyOf) else all_of(parts)


def strip_order(order: Order) -> Order:
    """Return an order of pairs by one side's field as one of that side's records."""
    return replace(order, field=replace(order.field, path=order.field.path[1:]))


def pair_reader(paths: Sequence[FieldPath], names: tuple[str, str]) -> Callable[[Pair], list[Any]]:
    """Return the function from a pair to the values of some paths, MISSING where there is none."""
    sides = []
    for name in names:
        inner = tuple(path[1:] for path in paths if path[0] == name and len(path) > 1)
        sides.append(row_reader(inner) if inner else _read_nothing)
    places: list[tuple[int, int]] = []
    seen = [0, 0]
    for path in paths:
        side = names.index(path[0])
        places.append((side, seen[side] if len(path) > 1 else -1))
        seen[side] += len(path) > 1

    def read(pair: Pair) -> list[Any]:
        found = [None if row is None else reader(row[1]) for row, reader in zip(pair, sides, strict=True)]
        values = []
        for side, place in places:
            row, values_there = pair[side], found[side]
            if place < 0:
                values.append(None if row is None else codec.parse(row[1]))
            else:
                values.append(MISSING if values_there is None else values_there[place])
        return values

    return read


class PairFilter:
    """Which pairs stay: those that satisfy what the walk has not decided already."""

    def __init__(self, view: View, names: tuple[str, str], parts: Phases) -> None:
        self._view = view
        self._matched, self._unmatched, self._alone = (
            None if test in (EVERYTHING, NOTHING) else pair_test(test, names)  # for nothing the walk gives nothing
            for test in (parts.matched, parts.unmatched, parts.alone)
        )
        self.is_open = self._matched is self._unmatched is self._alone is None

    def groups(self, batches: AsyncIterator[list[Group]], charge: Callable[[int], None]) -> AsyncIterator[list[Group]]:
        """Return the groups with the pairs that stay.

        Args:
            charge: told how many pairs were looked at.
        """
        return batches if self.is_open else self._filtered(batches, charge)

    async def _filtered(
        self, batches: AsyncIterator[list[Group]], charge: Callable[[int], None]
    ) -> AsyncIterator[list[Group]]:
        async for batch in batches:
            for left, rights in batch:
                if left is None:
                    if self._alone is None or self._alone((None, rights[0])):
                        yield [(left, rights)]
                elif not rights:
                    if self._unmatched is None or self._unmatched((left, None)):
                        yield [(left, rights)]
                elif self._matched is None:
                    yield [(left, rights)]
                else:
                    for start in range(0, len(rights), AT_ONCE):
                        part, test = rights[start : start + AT_ONCE], self._matched
                        charge(len(part))
                        if kept := [right for right in part if test((left, right))]:
                            yield [(left, kept)]
                        await self._view.rest()


def pair_test(where: Predicate, names: tuple[str, str]) -> Callable[[Pair], bool]:
    """Return the test of a pair."""
    paths = paths_in(where)
    read = pair_reader(paths, names)
    matches = matcher(where, {path: place for place, path in enumerate(paths)})
    return lambda pair: matches(read(pair))


class PairKey:
    """What pairs sort by: the order's fields, then the left id, then the right id."""

    def __init__(self, orders: Sequence[Order], names: tuple[str, str]) -> None:
        self.read = pair_reader([order.field.path for order in orders], names)
        self._keys = [order.key_of() for order in orders]

    def __call__(self, pair: Pair) -> tuple[Any, ...]:
        left, right = pair
        return self.of(self.read(pair), left and left[0], right and right[0])

    def of(self, values: Sequence[Any], left: int | str | None, right: int | str | None) -> tuple[Any, ...]:
        """Return the key of a pair with these values and ids."""
        keys = [key(value) for key, value in zip(self._keys, values, strict=True)]
        return (*keys, id_order(left), id_order(right))


async def sort_pairs(
    view: View,
    batches: AsyncIterator[list[Group]],
    key_of: PairKey,
    after: tuple[Any, ...] | None,
    offset: int,
    charge: Callable[[int], None],
    *,
    wanted: int,
    most: int,
) -> list[Pair]:
    """Return the first pairs of all in order, after a key.

    Args:
        offset: pairs among them that will be passed over.
        charge: told how many pairs were looked at.
        wanted: pairs to return at the most.
        most: pairs that may be held at once.

    Raises:
        TooManyRows: more would have to be held.

    Cost: O(pairs) comparisons, in steps; memory O(wanted).
    """
    first = FirstRows["Pair"](wanted)
    async for left, rights in each_group(batches):
        charge(len(rights))
        for start in range(0, max(1, len(rights)), AT_ONCE):
            pairs: list[Pair] = [(left, right) for right in rights[start : start + AT_ONCE]] or [(left, None)]
            for pair in pairs:
                key = key_of(pair)
                if after is None or key > after:
                    first.add(key, pair)
            await view.rest()
            await check_held(view, first, most, page_advice(offset))
    return [pair async for part in drain(view, first) for pair in part]


async def each_group(batches: AsyncIterator[list[Group]]) -> AsyncIterator[Group]:
    """Yield groups one at a time."""
    async for batch in batches:
        for group in batch:
            yield group


@dataclass(frozen=True, slots=True)
class Tree:
    """A left record with its matches."""

    left: Row
    rights: tuple[Row, ...]


class TreeMaker:
    """Makes trees of groups: which matches stay inside, in which order, and whether the record stays."""

    def __init__(
        self,
        view: View,
        names: tuple[str, str],
        rest: Predicate,
        sort: Sequence[Order],
        charge: Callable[[int], None],
        *,
        keeps_left: bool,
    ) -> None:
        self._charge = charge
        self._view, self._keeps_left, self._tests = view, keeps_left, rest != EVERYTHING
        self._test = pair_test(rest, names)
        self._key = PairKey(sort, names)

    async def trees(self, batches: AsyncIterator[list[Group]], most: int) -> AsyncIterator[Tree]:
        """Yield the trees of a join in order.

        Args:
            most: matches of one record that may be held.

        Raises:
            TooManyRows: a record has more.
        """
        async for left, rights in each_group(batches):
            if left is None:
                continue
            kept = FirstRows["Row"](most + 1)
            for start in range(0, len(rights), AT_ONCE):
                part = rights[start : start + AT_ONCE]
                for row in part:
                    if not self._tests or self._test((left, row)):
                        kept.add(self._key((left, row)), row)
                self._charge(len(part))
                await self._view.rest()
                await check_held(self._view, kept, most, "add conditions on the matches, or take pairs")
            if len(kept) or self._keeps_left:
                yield Tree(left, tuple([row async for part in drain(self._view, kept) for row in part]))


def _read_nothing(_: bytes) -> Sequence[Any]:
    return ()
