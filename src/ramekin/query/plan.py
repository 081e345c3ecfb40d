"""Plans: which way a query takes to its rows, as frozen values that print readably.

    ById     the records with some ids            one step each
    Equal    an index, the values of a condition  rows come in id order
    Range    a sorted index, a stretch of values  rows come in id order
    Walk     a sorted index, a stretch of values  rows come in the order of the values
    Scan     every record                         rows come in id order

`choose_access_path` compares their costs, in rows looked at, by what the indexes estimate. Knows no tables; see
``execute.py`` for how a plan is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ramekin.errors import InvalidId
from ramekin.fields import Field
from ramekin.ids import id_key
from ramekin.paths import print_path
from ramekin.query.order import Order
from ramekin.query.predicate import EVERYTHING, ORDERINGS, Condition, Predicate, all_of, conjuncts
from ramekin.values import NUMBER, OBJECT, TEXT, OrderKey, Span, join_key

ID = ("id",)
ALL_SPANS = tuple(Span(kind) for kind in range(OBJECT + 1))

MAX_FIELDS = 4
"""Indexes that one query may have built for it."""

Estimate = Callable[[Field, Sequence[OrderKey] | Sequence[Span]], int]
"""About how many rows an index gives."""


@dataclass(frozen=True, slots=True)
class Position:
    """The row behind which a page begins: its values in the fields of the order (null for missing), and its id."""

    values: tuple[Any, ...]
    record_id: int | str


@dataclass(frozen=True, slots=True)
class Query:
    """Which records of a table, in which order, and which page of them."""

    where: Predicate = EVERYTHING
    sort: tuple[Order, ...] = ()
    limit: int = 100
    offset: int = 0
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class ById:
    """The records with some ids."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Equal:
    """The records whose field has one of some values."""

    field: Field
    keys: tuple[OrderKey, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The records whose field lies in some stretches of values, by id."""

    field: Field
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """The records whose field lies in some stretches of values, by value."""

    order: Order
    spans: tuple[Span, ...] = ALL_SPANS
    includes_absent: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """Every record."""


AccessPath = ById | Equal | Range | Walk | Scan


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to the rows, what is left to test on each of them, and how far they come in the order asked for."""

    access: AccessPath
    rest: Predicate
    is_sorted: bool
    """Whether rows come in the order of the query's first field; without `sort`, in id order."""

    @property
    def name(self) -> Literal["id", "index", "scan"]:
        """What `explain` calls it."""
        return "id" if isinstance(self.access, ById) else "scan" if isinstance(self.access, Scan) else "index"

    @property
    def index(self) -> str | None:
        """The field whose index is used."""
        if isinstance(self.access, (Equal, Range)):
            return print_path(self.access.field.path)
        return print_path(self.access.order.field.path) if isinstance(self.access, Walk) else None

    def __str__(self) -> str:
        rest = "" if self.rest == EVERYTHING else f", then {self.rest}"
        return f"{self.name}{f' on {self.index}' if self.index else ''}{rest}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A path that gives all rows of some conditions."""

    access: AccessPath
    covered: tuple[Predicate, ...]
    rows: int


def fields_to_index(query: Query) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Return the fields whose indexes would serve a query: for equal values, and for order."""
    conditions = [part for part in conjuncts(query.where) if isinstance(part, Condition)]
    if any(_keys_of_ids(condition) is not None for condition in conditions):
        return (), ()
    equal = [condition.field for condition in conditions if _has_index_keys(condition)]
    ordered = [condition.field for condition in conditions if _spans(condition)]
    if query.sort:
        ordered.insert(0, query.sort[0].field)
    ordered = list(dict.fromkeys(ordered))[: MAX_FIELDS - 1]
    return tuple(dict.fromkeys(equal))[: MAX_FIELDS - len(ordered)], tuple(ordered)


def choose_access_path(query: Query, estimate: Estimate, count: int) -> Plan:
    """Return the cheapest plan.

    Args:
        estimate: asked only for the fields that `fields_to_index` names.
        count: records of the table.
    """
    parts = conjuncts(query.where)
    candidates = _candidates(query, parts, estimate)
    for candidate in candidates:
        if isinstance(candidate.access, ById):
            return _plan(candidate, parts, is_sorted=False)
    matching = min([count, *(candidate.rows for candidate in candidates)])
    wanted = query.offset + query.limit + 1
    through = wanted * count // max(1, matching)  # rows of all that are passed on the way to the wanted ones
    best, cost = _in_order(query, candidates, count), min(count, through)
    best_sorted = True
    for candidate in candidates:
        rows = 2 * candidate.rows if query.sort else candidate.rows
        if rows < cost:
            best, cost, best_sorted = candidate, rows, not query.sort
    return _plan(best, parts, is_sorted=best_sorted)


def choose_counting_path(query: Query, estimate: Estimate, count: int) -> Plan:
    """Return the plan that looks at the fewest rows in all, whatever their order."""
    parts = conjuncts(query.where)
    candidates = [*_candidates(query, parts, estimate), _Candidate(Scan(), (), count)]
    return _plan(min(candidates, key=lambda candidate: candidate.rows), parts, is_sorted=False)


def spans_behind(order: Order, key: OrderKey | None) -> tuple[Span, ...]:
    """Return the stretches of values from one value on, in the order's direction; none behind null."""
    if key is None:
        return ()
    kind, value = key
    if order.is_descending:
        return (*ALL_SPANS[:kind], Span(kind, None, value))
    return (Span(kind, value), *ALL_SPANS[kind + 1 :])


def intersect(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Return the stretches that are in both, in order."""
    return tuple(_narrow(a, b) for a in first for b in second if a.kind == b.kind)


def _plan(candidate: _Candidate, parts: Sequence[Predicate], *, is_sorted: bool) -> Plan:
    rest = all_of(part for part in parts if part not in candidate.covered)
    return Plan(candidate.access, rest, is_sorted)


def _in_order(query: Query, candidates: Sequence[_Candidate], count: int) -> _Candidate:
    """Return the path that gives rows in the order asked for, as far as one field goes."""
    if not query.sort:
        return _Candidate(Scan(), (), count)
    order = query.sort[0]
    for candidate in candidates:
        if isinstance(candidate.access, Range) and candidate.access.field == order.field:
            return _Candidate(Walk(order, candidate.access.spans), candidate.covered, candidate.rows)
    return _Candidate(Walk(order, includes_absent=True), (), count)


def _candidates(query: Query, parts: Sequence[Predicate], estimate: Estimate) -> list[_Candidate]:
    found: list[_Candidate] = []
    equal, ordered = fields_to_index(query)
    spans: dict[Field, tuple[tuple[Span, ...], tuple[Predicate, ...]]] = {}
    for part in parts:
        if not isinstance(part, Condition):
            continue
        if (keys := _keys_of_ids(part)) is not None:
            found.append(_Candidate(ById(keys), (), len(keys)))
        elif part.field in equal and _has_index_keys(part):
            operands = tuple(operand for operand in part.operands if operand is not None)
            found.append(_Candidate(Equal(part.field, operands), (part,), estimate(part.field, operands)))
        elif part.field in ordered and (own := _spans(part)):
            known, covered = spans.get(part.field, (ALL_SPANS, ()))
            spans[part.field] = intersect(known, own), (*covered, part)
    for field, (stretches, covered) in spans.items():
        found.append(_Candidate(Range(field, stretches), covered, estimate(field, stretches)))
    return found


def _keys_of_ids(condition: Condition) -> tuple[str, ...] | None:
    """Return the keys of the records that a condition on the id names, or None if it is no such condition."""
    if condition.field.path != ID or condition.operator != "in":
        return None
    keys = []
    for operand in condition.operands:
        key = None if operand is None or operand[0] not in (NUMBER, TEXT) else join_key(operand[1])
        try:
            keys.append(id_key(key))
        except InvalidId:
            continue
    return tuple(dict.fromkeys(keys))


def _has_index_keys(condition: Condition) -> bool:
    """Say whether a hash index answers a condition: values that it holds, and no null among them."""
    return condition.operator == "in" and all(key is not None and key[0] <= TEXT for key in condition.operands)


def _spans(condition: Condition) -> tuple[Span, ...]:
    """Return the stretches of values in which a condition holds; none if it is no matter of order."""
    operator = condition.operator
    bounds = [operand for operand in condition.operands if operand is not None]
    if operator in ("gt", "gte"):
        return tuple(Span(kind, low=value, includes_low=operator == "gte") for kind, value in bounds)
    if operator in ORDERINGS:
        return tuple(Span(kind, high=value, includes_high=operator == "lte") for kind, value in bounds)
    if operator == "startswith":
        prefix = bounds[0][1]
        return (Span(TEXT, prefix, _after_prefix(prefix), includes_high=False),)
    return ()


def _after_prefix(prefix: str) -> str | None:
    """Return the first text behind all that begin with a prefix, None if there is none."""
    trimmed = prefix.rstrip("\U0010ffff")
    return trimmed[:-1] + chr(ord(trimmed[-1]) + 1) if trimmed else None


def _narrow(a: Span, b: Span) -> Span:
    low, includes_low = _tighter((a.low, a.includes_low), (b.low, b.includes_low), is_low=True)
    high, includes_high = _tighter((a.high, a.includes_high), (b.high, b.includes_high), is_low=False)
    return Span(a.kind, low, high, includes_low, includes_high)


def _tighter(a: tuple[Any, bool], b: tuple[Any, bool], *, is_low: bool) -> tuple[Any, bool]:
    if a[0] is None or b[0] is None:
        return b if a[0] is None else a
    if a[0] == b[0]:
        return a[0], a[1] and b[1]
    return a if (a[0] > b[0]) is is_low else b
