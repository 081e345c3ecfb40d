"""Choosing a plan: which ways lead to a query's rows, and which of them look at the fewest.

Costs are rows looked at, by what the indexes estimate. Nothing is assumed about where matches lie among the rows: a way
that may take any time to fill a page gets a rival whose cost is known. See ``plan.py`` for what a plan is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ramekin.query.order import Order
from ramekin.query.plan import (
    ALL_IDS,
    ALL_SPANS,
    ById,
    Equal,
    IdWalk,
    Led,
    Part,
    Plan,
    Query,
    Range,
    Union,
    Walk,
    intersect,
)
from ramekin.query.predicate import (
    EVERYTHING,
    ORDERINGS,
    AnyOf,
    Condition,
    Not,
    Predicate,
    all_of,
    conditions_in,
    conjuncts,
)
from ramekin.schema.fields import ID, Field
from ramekin.values.comparison import NUMBER, TEXT, OrderKey, Span, text_key

MAX_FIELDS = 4
"""Indexes that one query may have built for it."""

MAX_POINTS = 100
"""Values of a list that are stretches of an order; more of them are looked up."""

Estimate = Callable[[Part], int]
"""About how many rows a part gives: exactly, except for a `Range` and an `Equal` of more than `MOST_COUNTED` values."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a query may come to read of a table besides its records."""

    equal: tuple[Field, ...] = ()
    ordered: tuple[Field, ...] = ()
    ids: bool = False
    """Whether the order of ids is needed for a condition."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Parts that together give all rows of some conditions, and about how many rows they give."""

    parts: tuple[Part, ...]
    covered: tuple[Predicate, ...]
    """The conditions that hold for every row that the parts give."""
    rows: int
    led: Led | None = None
    """Instead of parts, the way through another table."""

    @property
    def part(self) -> Part | None:
        """The part, if there is but one."""
        return self.parts[0] if len(self.parts) == 1 else None

    @property
    def access(self) -> Part | Union | Led:
        return self.led or self.part or Union(self.parts)

    @property
    def value(self) -> Equal | None:
        """The value, if the way gives the records with one value of a field, which an index holds in id order."""
        return self.part if isinstance(self.part, Equal) and len(self.part.keys) == 1 else None


def fields_to_index(query: Query) -> Needs:
    """Return what would serve a query: the index of its order, then those of its conditions, a few at the most."""
    parts = conjuncts(query.where)
    fields: dict[Field, bool] = {} if query.is_by_id else {query.sort[0].field: True}
    if not any(isinstance(part, Condition) and _is_list_of_ids(part) for part in parts):
        for part in sorted(parts, key=lambda part: not isinstance(part, Condition)):
            found = dict(fields)
            for field, is_ordered in _wants(part, fields) or ():
                found[field] = found.get(field, False) or is_ordered
            if len(found) <= MAX_FIELDS:
                fields = found
    equal = tuple(field for field, is_ordered in fields.items() if not is_ordered)
    ordered = tuple(field for field, is_ordered in fields.items() if is_ordered)
    return Needs(equal, ordered, any(map(_has_stretch_of_ids, conditions_in(query.where))))


def choose_access_path(query: Query, estimate: Estimate, count: int, led: Led | None = None) -> Plan:
    """Return the plan for a page.

    Args:
        estimate: asked only for fields that `fields_to_index` names.
        count: records of the table.
        led: a way through another table that leads to all rows which are wanted.
    """
    parts = conjuncts(query.where)
    ways = [*_ways(parts, fields_to_index(query), estimate), *_through(led)]
    if query.is_by_id:
        access, covered, rows = _along_ids(query, ways, estimate, count)
        ways = [way for way in ways if way.value is None and not isinstance(way.part, IdWalk)]  # no better than along
    else:
        access, covered, rows = _along_values(query.sort[0], parts, ways, count)
    walk = Plan(access, _rest(parts, covered), is_sorted=True, rows=rows)
    best = min(ways, key=lambda way: way.rows, default=None)
    is_sure = walk.rest == EVERYTHING and (query.is_by_id or len(query.sort) == 1) and led is None
    if best is None or (min(rows, query.wanted) if is_sure else rows) <= best.rows:
        return walk
    rival = _plan(best, parts)
    if best.rows <= 2 * query.wanted:
        return rival
    return _in_turns(query.wanted, walk, rows, rival, best.rows)


def _in_turns(wanted: int, walk: Plan, walk_rows: int, rival: Plan, rival_rows: int) -> Plan:
    """Return a plan that goes two ways in turns, the likelier one first.

    If matches were spread evenly, the walk would pass `expected` rows. If that is little, it may pass up to four times
    as many before the rival begins. Otherwise it may pass few: after a cursor, matches often lie close together. If
    this is wrong, the turns that follow bound the damage.
    """
    expected = wanted * walk_rows // max(1, rival_rows)
    if 2 * expected < rival_rows:
        head_start = min(4 * expected, rival_rows // 2)
        return replace(walk, rival=rival, head_start=head_start, first_turn=head_start)
    return replace(walk, rival=rival, head_start=wanted, first_turn=2 * rival_rows)


def choose_counting_path(query: Query, estimate: Estimate, count: int, led: Led | None = None) -> Plan:
    """Return the plan that looks at the fewest rows in all, whatever their order. Arguments as `choose_access_path`."""
    parts = conjuncts(query.where)
    ways = [*_ways(parts, fields_to_index(query), estimate), *_through(led), _Way((IdWalk(),), (), count)]
    return _plan(min(ways, key=lambda way: way.rows), parts)


def is_led(where: Predicate) -> bool:
    """Say whether an index may lead to what a predicate means."""
    return any(_wants(part, ()) is not None for part in conjuncts(where))


def _through(led: Led | None) -> tuple[_Way, ...]:
    """Return the way through another table, if there is one: each of its rows is one more to look at here."""
    return () if led is None else (_Way((), (), 2 * led.plan.rows, led),)


def _plan(way: _Way, parts: Sequence[Predicate]) -> Plan:
    return Plan(way.access, _rest(parts, way.covered), rows=way.rows)


def _rest(parts: Sequence[Predicate], covered: Sequence[Predicate]) -> Predicate:
    return all_of(part for part in parts if part not in covered)


_Along = tuple[IdWalk | Walk, tuple[Predicate, ...], int]
"""A walk in the order asked for, the conditions that it covers, and the rows that it passes at the most."""


def _along_ids(query: Query, ways: Sequence[_Way], estimate: Estimate, count: int) -> _Along:
    """Return the walk along ids that passes the fewest rows: over all records, or over those with one value."""
    walk, rows = IdWalk(is_descending=bool(query.sort) and query.sort[0].is_descending), count
    narrowed: tuple[Predicate, ...] = ()
    for way in ways:
        if isinstance(way.part, IdWalk):
            walk, narrowed, rows = replace(walk, spans=way.part.spans), way.covered, way.rows
    best: _Along = walk, narrowed, rows
    for way in ways:
        if way.value is not None:
            of_value = replace(walk, of=way.value)
            rows = way.rows if walk.spans == ALL_IDS else estimate(of_value)
            if rows <= best[2]:
                best = of_value, (*narrowed, *way.covered), rows
    return best


def _along_values(order: Order, parts: Sequence[Predicate], ways: Sequence[_Way], count: int) -> _Along:
    """Return the walk along the values of a field, as far as conditions on it confine it."""
    stretches, covered = _confined(order.field, parts)
    rows = [way.rows for way in ways if way.covered and all(part in covered for part in way.covered)]
    return Walk(order, *stretches), covered, min([count, *rows])


_Stretches = tuple[tuple[Span, ...], bool]
"""Stretches of values, and whether records without a value are meant too."""


def _confined(field: Field, parts: Sequence[Predicate]) -> tuple[_Stretches, tuple[Predicate, ...]]:
    """Return the stretches of a field's values that its conditions leave, as far as order decides them."""
    spans, takes_absent, covered = ALL_IDS if field == ID else ALL_SPANS, True, list[Predicate]()
    for part in parts:
        if isinstance(part, Condition) and part.field == field and (own := _stretches(part)) is not None:
            spans, takes_absent = intersect(spans, own[0]), takes_absent and own[1]
            covered.append(part)
    return (spans, takes_absent), tuple(covered)


def _ways(parts: Sequence[Predicate], needs: Needs, estimate: Estimate) -> list[_Way]:
    """Return the ways to all rows that satisfy some conditions, each by one of them, or by all those of a field."""
    found: list[_Way] = []
    ranged: dict[Field, None] = {}
    for part in parts:
        if isinstance(part, AnyOf):
            if (way := _union(part, needs, estimate)) is not None:
                found.append(way)
        elif isinstance(part, Condition):
            if _is_list_of_ids(part):
                keys = _keys_of_ids(part)
                found.append(_Way((ById(keys),), (), len(keys)))
            elif _has_index_keys(part) and part.field in (*needs.equal, *needs.ordered):
                equal = Equal(part.field, cast("tuple[OrderKey, ...]", part.operands))  # without null, as was seen
                found.append(_Way((equal,), (part,), estimate(equal)))
            elif _stretches(part) is not None and (part.field == ID or part.field in needs.ordered):
                ranged[part.field] = None
    for field in ranged:
        (spans, takes_absent), covered = _confined(field, parts)
        ranges: Part = IdWalk(spans) if field == ID else Range(field, spans, takes_absent)
        found.append(_Way((ranges,), covered, estimate(ranges)))
    return found


def _union(either: AnyOf, needs: Needs, estimate: Estimate) -> _Way | None:
    """Return the way to all rows that any of some predicates means; None if one of them has no way."""
    equal: dict[Field, dict[OrderKey, None]] = {}
    parts: dict[Part, None] = {}
    rows, is_exact = 0, True
    for each in either.parts:
        way = min(_ways(conjuncts(each), needs, estimate), key=lambda way: way.rows, default=None)
        if way is None:
            return None
        rows += way.rows
        is_exact = is_exact and all(part in way.covered for part in conjuncts(each))
        for part in way.parts:
            if isinstance(part, Equal):
                equal.setdefault(part.field, {}).update(dict.fromkeys(part.keys))
            else:
                parts[part] = None
    merged = [Equal(field, tuple(keys)) for field, keys in equal.items()]
    return _Way((*merged, *parts), (either,) if is_exact else (), rows)


def _wants(predicate: Predicate, known: Collection[Field]) -> tuple[tuple[Field, bool], ...] | None:
    """Return the indexes that would lead to what a predicate means, each with whether it must be sorted.

    None where no index would; ids need none. Of conditions that must all hold, one is enough, if possible one whose
    index is there.
    """
    if isinstance(predicate, Condition):
        if predicate.field == ID:
            return () if _is_list_of_ids(predicate) or _has_stretch_of_ids(predicate) else None
        if _has_index_keys(predicate):
            return ((predicate.field, False),)
        return ((predicate.field, True),) if _stretches(predicate) is not None else None
    if isinstance(predicate, Not):
        return None
    found = [_wants(part, known) for part in predicate.parts]
    if isinstance(predicate, AnyOf):
        return None if None in found else tuple(want for wants in found for want in wants or ())
    possible = [wants for wants in found if wants is not None]
    return min(possible, key=lambda wants: sum(field not in known for field, _ in wants), default=None)


def _has_stretch_of_ids(condition: Condition) -> bool:
    return condition.field == ID and condition.operator != "in" and _stretches(condition) is not None


def _is_list_of_ids(condition: Condition) -> bool:
    return condition.field == ID and condition.operator == "in"


def _keys_of_ids(condition: Condition) -> tuple[str, ...]:
    """Return the keys of the records that a list of ids names; some may be such as no record can have."""
    texts = [operand[1] for operand in condition.operands if operand is not None and operand[0] == TEXT]
    by_kind = condition.operands.by_kind
    known = by_kind.get(TEXT, ())
    return (*[key for key in map(text_key, by_kind.get(NUMBER, ())) if key not in known], *texts)


def _has_index_keys(condition: Condition) -> bool:
    """Say whether a hash index answers a condition: values that it holds, and no null among them. Cost: O(1)."""
    if condition.operator != "in" or not condition.operands:
        return condition.operator == "in"
    first, last = condition.operands[0], condition.operands[-1]  # they are in order: null, then by kind
    return first is not None and last is not None and last[0] <= TEXT


def _stretches(condition: Condition) -> _Stretches | None:
    """Return the stretches of a field's values where a condition holds; None if order does not decide it."""
    operator = condition.operator
    if operator in ("in", "nin") and (len(condition.operands) > MAX_POINTS or not _has_index_keys(condition)):
        return None
    bounds = [operand for operand in condition.operands if operand is not None]
    if operator in ("gt", "gte"):
        return tuple(Span(kind, low=value, includes_low=operator == "gte") for kind, value in bounds), False
    if operator in ORDERINGS:
        return tuple(Span(kind, high=value, includes_high=operator == "lte") for kind, value in bounds), False
    if operator == "startswith":
        prefix = bounds[0][1]
        return (Span(TEXT, prefix, _after_prefix(prefix), includes_high=False),), False
    if operator == "null" and condition.field != ID:
        return ((), True) if bounds[0][1] else (ALL_SPANS, False)
    if operator == "in":
        return tuple(Span(kind, value, value) for kind, value in bounds), False
    return None


def _after_prefix(prefix: str) -> str | None:
    """Return the first text after all that begin with a prefix, None if there is none."""
    trimmed = prefix.rstrip("\U0010ffff")
    return trimmed[:-1] + chr(ord(trimmed[-1]) + 1) if trimmed else None
