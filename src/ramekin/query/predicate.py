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

from ramekin.errors import InvalidId
from ramekin.query.operands import Operand, Operands, shorten
from ramekin.schema.fields import Field
from ramekin.values import codec
from ramekin.values.comparison import ARRAY, BOOLEAN, MISSING, NUMBER, OBJECT, TIME
from ramekin.values.ids import id_key
from ramekin.values.paths import ID_PATH, FieldPath, print_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


ORDERINGS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TEXT_OPERATORS = ("icontains", "startswith", "endswith")
OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "contains", *TEXT_OPERATORS, "null", "exists")


def _rank() -> Any:
    """Return the field that sorts the parts of a predicate; equal parts have equal ranks.

    It is made once and is short, so that a deeply nested predicate costs no more than its parts.
    """
    return field(init=False, repr=False, compare=False)


def _set_rank(predicate: Predicate, text: str) -> None:
    object.__setattr__(predicate, "rank", shorten(text))


def _ranks(parts: Sequence[Predicate]) -> str:
    return ", ".join(part.rank for part in parts)


class _Joined:
    """What joins predicates in Python: ``&``, ``|`` and ``~``."""

    __slots__ = ()

    def __and__(self: Predicate, other: Predicate) -> Predicate:  # type: ignore[misc]  # only predicates are joined
        return all_of((self, other)) if isinstance(other, _Joined) else NotImplemented

    def __or__(self: Predicate, other: Predicate) -> Predicate:  # type: ignore[misc]  # likewise
        return any_of((self, other)) if isinstance(other, _Joined) else NotImplemented

    def __invert__(self: Predicate) -> Predicate:  # type: ignore[misc]  # likewise
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition is neither true nor false; join conditions with & and |, each in brackets")


@dataclass(frozen=True, slots=True)
class Condition(_Joined):
    """One field against operands: it holds if it holds for any of them (``nin``: for none).

    ``eq`` is ``in`` with one value and ``ne`` is ``nin`` with one, so neither stands here. A value from an address that
    may be read in several types (``18`` as number and as text) is an operand in each.
    """

    field: Field
    operator: str
    operands: Operands
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"{self.field!r} {self.operator} {self.operands.printed}")

    def __str__(self) -> str:
        shown = ", ".join(_show(operand) for operand in self.operands)
        return f"{print_path(self.field.path)} {ORDERINGS.get(self.operator, self.operator)} [{shown}]"


@dataclass(frozen=True, slots=True)
class All(_Joined):
    """Every part holds; without parts, every record is meant."""

    parts: tuple[Predicate, ...] = ()
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"All({_ranks(self.parts)})")

    def __str__(self) -> str:
        return " and ".join(_inside(part) for part in self.parts) or "everything"


@dataclass(frozen=True, slots=True)
class AnyOf(_Joined):
    """One part holds at least; without parts, no record is meant."""

    parts: tuple[Predicate, ...]
    rank: str = _rank()

    def __post_init__(self) -> None:
        _set_rank(self, f"AnyOf({_ranks(self.parts)})")

    def __str__(self) -> str:
        return " or ".join(_inside(part) for part in self.parts) or "nothing"


@dataclass(frozen=True, slots=True)
class Not(_Joined):
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
    return condition_on(field, operator, Operands.of(operands))


def condition_on(field: Field, operator: str, operands: Operands) -> Condition:
    """Return a condition, as `condition` does, on operands that are read. Cost: O(1)."""
    return Condition(field, {"eq": "in", "ne": "nin"}.get(operator, operator), operands)


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """Return what holds when all parts hold: inner conjunctions opened, parts once each and in one order."""
    ordered = _in_one_order(inner for part in parts for inner in conjuncts(part))
    return ordered[0] if len(ordered) == 1 else All(ordered)


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """Return what holds when one part holds: inner disjunctions opened, parts once each and in one order."""
    ordered = _in_one_order(inner for part in parts for inner in disjuncts(part))
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


def holds_always(predicate: Predicate) -> bool:
    """Say whether a predicate holds whatever the records are, as far as its form shows it.

    1. `All` does if every part does; so it does without parts.
    2. `AnyOf` does if a part does, if its conditions on one field leave no value out (``x ne 1 or x ne 2``), or if it
       has the opposite of a part too.
    3. `Not` does if the opposite of its part does. A condition is a choice of one.
    4. Every record has an ``id``, and it is text or an integer.

    Guarantee: where it is true, every record that can be satisfies the predicate. Cost: O(parts) for each level.
    """
    if any(isinstance(part, Condition) and _is_choice(part) for part in conjuncts(predicate)):
        return False  # by O(1), as a rule: it may be long
    return _holds_always(opposite(opposite(predicate)))


def _is_choice(condition: Condition) -> bool:
    """Say whether a condition is a list that leaves some value out."""
    if condition.operator != "nin" or condition.field.path != ID_PATH:
        return condition.operator in ("in", "nin") and (condition.operator == "in" or bool(condition.operands))
    return any(_may_be_id(operand, condition.field) for operand in condition.operands)


def opposite(predicate: Predicate) -> Predicate:
    """Return the predicate that holds where this one does not. In it, `Not` stands only before single conditions."""
    if isinstance(predicate, Not):
        return predicate.part if isinstance(predicate.part, Condition) else opposite(opposite(predicate.part))
    if isinstance(predicate, All):
        return any_of(map(opposite, predicate.parts))
    if isinstance(predicate, AnyOf):
        return all_of(map(opposite, predicate.parts))
    if predicate.operator in ("in", "nin"):
        return Condition(predicate.field, "nin" if predicate.operator == "in" else "in", predicate.operands)
    if predicate.operator in _ABSENT:
        return Condition(predicate.field, predicate.operator, _NO if predicate.operands == _YES else _YES)
    return Not(predicate)


def disjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Return the parts of which one must hold."""
    return predicate.parts if isinstance(predicate, AnyOf) else (predicate,)


_YES, _NO = Operands.of([(BOOLEAN, True)]), Operands.of([(BOOLEAN, False)])
_ABSENT = {"null": (_YES, frozenset({None, MISSING})), "exists": (_NO, frozenset({MISSING}))}
"""Which operand chooses what is not there, and what that is; the other operand chooses all else."""


def _holds_always(predicate: Predicate) -> bool:
    if isinstance(predicate, All):
        return all(map(_holds_always, predicate.parts))
    if isinstance(predicate, AnyOf) and any(map(_holds_always, predicate.parts)):
        return True
    parts = disjuncts(predicate)
    ranks = {part.rank for part in parts}
    has_both = any(all(turned.rank in ranks for turned in disjuncts(opposite(part))) for part in parts)
    return has_both or _leaves_nothing_out(parts)


def _leaves_nothing_out(parts: Iterable[Predicate]) -> bool:
    """Say whether the parts that choose values of one field, or all values but some, choose every value together."""
    chosen: dict[Field, frozenset[Any]] = {}
    left_out: dict[Field, frozenset[Any]] = {}
    for part in parts:
        if (found := _chosen_by(part)) is not None:
            field, values, is_choice = found
            if is_choice:
                chosen[field] = values | chosen.get(field, frozenset())
            else:
                left_out[field] = values & left_out.get(field, values)
    return any(not values - chosen.get(field, frozenset()) for field, values in left_out.items())


def _chosen_by(part: Predicate) -> tuple[Field, frozenset[Any], bool] | None:
    """Return a condition as values, and whether it chooses these or all others; None if it is of another kind."""
    found = part.part if isinstance(part, Not) else part
    if not isinstance(found, Condition):
        return None
    values: frozenset[Any]
    if found.operator in _ABSENT:
        choosing, values = _ABSENT[found.operator]
        is_choice = found.operands == choosing
    elif found.operator in ("in", "nin") or not found.operands:  # without operands nothing but nin holds
        values, is_choice = frozenset(found.operands), found.operator != "nin"
    else:
        return None
    if found.field.path == ID_PATH:
        values = frozenset(value for value in values if _may_be_id(value, found.field))
    return found.field, values, is_choice is not isinstance(part, Not)


def _may_be_id(operand: Any, field: Field) -> bool:
    if operand is None or operand is MISSING:
        return False
    try:
        id_key(operand[1])
    except InvalidId:
        return field.reading != "plain" and operand[0] in (NUMBER, TIME)  # of which the text is not known
    return True


def _inside(part: Predicate) -> str:
    return f"({part})" if isinstance(part, (All, AnyOf)) else str(part)


def _show(operand: Operand) -> str:
    if operand is None:
        return "null"
    kind, value = operand
    if kind in (ARRAY, OBJECT):
        return "[…]" if kind == ARRAY else "{…}"
    return codec.dump(value).decode() if isinstance(value, (str, int, float)) else str(value)
