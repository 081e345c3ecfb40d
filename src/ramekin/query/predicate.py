"""Predicates: which records are meant, as frozen values that print readably and compare.

    Condition   one field against values          age >= 18
    All         every part holds                  age >= 18 and city in ["Paris"]
    AnyOf       one part holds at least           vip in [true] or age < 18
    Not         the part does not hold            not (name startswith ["test"])

Both forms of the query language build these (``url.py``, ``where.py``), so two queries that ask the same are equal,
in whatever order their conditions came. Knows nothing of bodies; see ``match.py`` for how a record is tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.fields import Field
from ramekin.paths import print_path
from ramekin.values import ARRAY, OBJECT, OrderKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ramekin.paths import FieldPath

ORDERINGS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TEXT_OPERATORS = ("icontains", "startswith", "endswith")
OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "contains", *TEXT_OPERATORS, "null", "exists")

Operand = OrderKey | None
"""A value that a condition compares with, by its order key; None is JSON's null."""

MAX_RANK_CHARS = 200


def _rank() -> Any:
    """Return the field by which the parts of a whole are put in one order, and which equal parts have alike.

    It is made once and is short, so that a whole of wholes costs what its parts cost, however deep they lie.
    """
    return field(init=False, repr=False, compare=False)


def _set_rank(predicate: Predicate, text: str) -> None:
    if len(text) > MAX_RANK_CHARS:
        text = text[:MAX_RANK_CHARS] + codec.digest(text.encode())
    object.__setattr__(predicate, "rank", text)


def _ranks(parts: Sequence[Predicate]) -> str:
    return ", ".join(part.rank for part in parts)


@dataclass(frozen=True, slots=True)
class Condition:
    """One field against operands: it holds if it holds for any of them (``nin``: for none).

    ``eq`` is ``in`` with one value and ``ne`` is ``nin`` with one, so neither stands here. A value from an address that
    may be read in several types (``18`` as number and as text) is an operand in each.
    """

    field: Field
    operator: str
    operands: tuple[Operand, ...]
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, repr(self))

    def __str__(self) -> str:
        shown = ", ".join(_show(operand) for operand in self.operands)
        return f"{print_path(self.field.path)} {ORDERINGS.get(self.operator, self.operator)} [{shown}]"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts, every record is meant."""

    parts: tuple[Predicate, ...] = ()
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"All({_ranks(self.parts)})")

    def __str__(self) -> str:
        return " and ".join(_inside(part) for part in self.parts) or "everything"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds at least; without parts, no record is meant."""

    parts: tuple[Predicate, ...]
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"AnyOf({_ranks(self.parts)})")

    def __str__(self) -> str:
        return " or ".join(_inside(part) for part in self.parts) or "nothing"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Predicate
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"Not({self.part.rank})")

    def __str__(self) -> str:
        return f"not ({self.part})"


Predicate = Condition | All | AnyOf | Not

EVERYTHING = All()


def condition(field: Field, operator: str, operands: Iterable[Operand]) -> Condition:
    """Return a condition in its one form: operands once each and in order, ``eq`` and ``ne`` as ``in`` and ``nin``."""
    name = {"eq": "in", "ne": "nin"}.get(operator, operator)
    unique = {_shortest(operand) for operand in operands}
    ordered = sorted(operand for operand in unique if operand is not None)
    return Condition(field, name, (None, *ordered) if None in unique else tuple(ordered))


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """Return what holds when all parts hold: inner conjunctions opened, parts once each and in one order."""
    flat: list[Predicate] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, All) else (part,))
    ordered = _in_one_order(flat)
    return ordered[0] if len(ordered) == 1 else All(ordered)


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """Return what holds when one part holds: inner disjunctions opened, parts once each and in one order."""
    flat: list[Predicate] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, AnyOf) else (part,))
    ordered = _in_one_order(flat)
    return ordered[0] if len(ordered) == 1 else AnyOf(ordered)


def _in_one_order(parts: Iterable[Predicate]) -> tuple[Predicate, ...]:
    unique = {part.rank: part for part in parts}
    return tuple(unique[rank] for rank in sorted(unique))


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Return the parts that must all hold."""
    return predicate.parts if isinstance(predicate, All) else (predicate,)


def conditions_in(predicate: Predicate) -> list[Condition]:
    """Return every condition of a predicate, at any depth."""
    if isinstance(predicate, Condition):
        return [predicate]
    parts = (predicate.part,) if isinstance(predicate, Not) else predicate.parts
    return [found for part in parts for found in conditions_in(part)]


def paths_in(predicate: Predicate) -> list[FieldPath]:
    """Return every path that a predicate names, once."""
    return list(dict.fromkeys(found.field.path for found in conditions_in(predicate)))


def _shortest(operand: Operand) -> Operand:
    """Return a whole number as an integer, so that equal predicates print alike."""
    if operand is not None and isinstance(operand[1], float) and operand[1].is_integer():
        return operand[0], int(operand[1])
    return operand


def _inside(part: Predicate) -> str:
    return f"({part})" if isinstance(part, (All, AnyOf)) else str(part)


def _show(operand: Operand) -> str:
    if operand is None:
        return "null"
    kind, value = operand
    if kind in (ARRAY, OBJECT):
        return "[…]" if kind == ARRAY else "{…}"
    return codec.dump(value).decode() if isinstance(value, (str, int, float)) else str(value)
