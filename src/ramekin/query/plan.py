"""Plans: which way a query takes to its rows, as frozen values that print readably.

    ById      the records with some ids            one step each
    Equal     an index, the values of a condition
    Range     a sorted index, stretches of values
    Union     several of these, or of IdWalk       for conditions of which one must hold
    IdWalk    the order of ids                     rows come by id; all records, a stretch of ids, or those of one value
    Walk      a sorted index, stretches of values  rows come by value

The last two give rows in an order, so a page may be full long before they end. How soon, nobody knows: ids often grow
with time, and so do the values of some fields, so all rows that match may lie at the end. The other ways give a known
number of rows, which are then sorted. So a plan may hold two ways that take turns. The cheaper one bounds how much is
looked at, whatever the rows are. Knows no tables; see ``choose.py`` for how a way is chosen and ``rows.py`` for how it
is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ramekin.query.order import Order
from ramekin.query.predicate import EVERYTHING, Predicate
from ramekin.schema.fields import ID, Field
from ramekin.values.comparison import NUMBER, OBJECT, TEXT, OrderKey, Span
from ramekin.values.paths import print_path

ALL_SPANS = tuple(Span(kind) for kind in range(OBJECT + 1))
ALL_IDS = (Span(NUMBER), Span(TEXT))


@dataclass(frozen=True, slots=True)
class Position:
    """The row after which a page begins: its values in the fields of the order (null for missing), and its id."""

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

    @property
    def is_by_id(self) -> bool:
        """Whether the order is that of ids: without `sort`, or by the id itself, of which no two are equal."""
        return not self.sort or self.sort[0].field == ID

    @property
    def wanted(self) -> int:
        """Rows in order up to the end of the page, and one that says whether there is another page."""
        return self.offset + self.limit + 1


@dataclass(frozen=True, slots=True)
class ById:
    """The records with some ids."""

    keys: tuple[str, ...]


MOST_COUNTED = 1000
"""Values of an `Equal` that are all looked up to count its rows. Of more a part is, since 10,000 take 5 ms."""


@dataclass(frozen=True, slots=True)
class Equal:
    """The records whose field has one of some values."""

    field: Field
    keys: tuple[OrderKey, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The records whose field lies in some stretches of values, or has none."""

    field: Field
    spans: tuple[Span, ...]
    includes_absent: bool = False


@dataclass(frozen=True, slots=True)
class IdWalk:
    """The records whose id lies in some stretches, in the order of ids; of all records, or of those with one value."""

    spans: tuple[Span, ...] = ALL_IDS
    of: Equal | None = None
    is_descending: bool = False


Part = ById | Equal | Range | IdWalk
"""What an engine finds by one structure."""


@dataclass(frozen=True, slots=True)
class Union:
    """The records that one of some parts gives, each once."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """The records whose field lies in some stretches of values, by value, those of one value by id."""

    order: Order
    spans: tuple[Span, ...] = ALL_SPANS
    includes_absent: bool = False


@dataclass(frozen=True, slots=True)
class Led:
    """The records that match, by a join's key, those of the other table to which a plan leads."""

    plan: Plan


AccessPath = Part | Union | Walk | Led


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to the rows, what is left to test on each of them, and how far they come in the order asked for."""

    access: AccessPath
    rest: Predicate = EVERYTHING
    is_sorted: bool = False
    """Whether rows come in the order of the query's first field; without `sort`, in id order."""
    rival: Plan | None = None
    """Another way, for where this one passes too many rows that do not match."""
    head_start: int = 0
    """Rows that this way may look at before the rival begins."""
    first_turn: int = 0
    """Rows that the rival may look at before this way goes on; then both take turns, each twice as long as the last."""
    rows: int = field(default=0, compare=False)
    """About how many rows it passes at the most."""

    @property
    def name(self) -> Literal["id", "index", "scan"]:
        """What `explain` calls it."""
        if isinstance(self.access, Led):
            return self.access.plan.name
        if self.index is not None:
            return "index"
        is_whole = any(isinstance(part, IdWalk) and part.spans == ALL_IDS for part in parts_of(self.access))
        return "scan" if is_whole else "id"

    @property
    def index(self) -> str | None:
        """The fields whose indexes are used."""
        if isinstance(self.access, Led):
            return self.access.plan.index
        if isinstance(self.access, Walk):
            order = self.access.order
            return print_path(order.field.path)
        used = [part.of if isinstance(part, IdWalk) else part for part in parts_of(self.access)]
        names = [print_path(part.field.path) for part in used if isinstance(part, (Equal, Range))]
        return ", ".join(dict.fromkeys(names)) or None

    def __str__(self) -> str:
        rest = "" if self.rest == EVERYTHING else f", then {self.rest}"
        own = f"{self.name}{f' on {self.index}' if self.index else ''}{rest}"
        return own if self.rival is None else f"{own}; else {self.rival}"


def parts_of(access: AccessPath) -> tuple[Part, ...]:
    """Return what a way is put together of, where it is parts of one table in no order but that of ids."""
    if isinstance(access, (Walk, Led)):
        return ()
    return access.parts if isinstance(access, Union) else (access,)


def spans_after(order: Order, key: OrderKey | None) -> tuple[Span, ...]:
    """Return the stretches of values from one value on, in the order's direction; none after null."""
    if key is None:
        return ()
    kind, value = key
    if order.is_descending:
        return (*ALL_SPANS[:kind], Span(kind, None, value))
    return (Span(kind, value), *ALL_SPANS[kind + 1 :])


def intersect(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Return the stretches that are in both, in order."""
    return tuple(_narrow(a, b) for a in first for b in second if a.kind == b.kind)


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
