"""Demands: which kinds of values a predicate asks a field for, so that somebody can see whether any record has one.

A value that can match nothing that a field holds is nearly always a mistake: `vip=True` where `vip` holds booleans, or
a number in quotes. Nothing is matched, or with `ne` everything. Knows no tables; see ``presence.py`` for who looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ramekin.query.predicate import (
    ORDERINGS,
    TEXT_OPERATORS,
    All,
    AnyOf,
    Condition,
    Not,
    Operand,
    Predicate,
    condition,
)
from ramekin.schema.fields import Field, Trait, as_number
from ramekin.values.comparison import BOOLEAN, KIND_NAMES, NUMBER, TEXT, OrderKey
from ramekin.values.paths import ID_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_YES, _NO = ("true", "yes", "y", "on", "t", "1"), ("false", "no", "n", "off", "f", "0")
_BOOLEANS = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false")}


@dataclass(frozen=True, slots=True)
class Demand:
    """One value of a condition: what a record must have for it to match.

    `is_proved`: every record that the predicate finds has it. `meant`: for each other kind that the field may hold,
    what the writer may have meant.
    """

    trait: Trait
    is_proved: bool
    meant: tuple[tuple[str, str], ...] = ()


def demands_of(predicate: Predicate) -> tuple[Demand, ...]:
    """Return what a predicate asks of its fields, each trait once; nothing for ids that are looked up.

    Cost: O(values in the predicate).
    """
    found: dict[Trait, Demand] = {}
    for demand in _demands(predicate, is_sure=True):
        known = found.setdefault(demand.trait, demand)
        if demand.is_proved and not known.is_proved:
            found[demand.trait] = demand
    return tuple(found.values())


def _demands(predicate: Predicate, *, is_sure: bool) -> Iterator[Demand]:
    if isinstance(predicate, Condition):
        groups = list(_groups(predicate))
        is_proved = is_sure and predicate.operator != "nin" and len({kinds for kinds, _ in groups}) == 1
        for kinds, meant in groups:
            yield Demand(Trait(predicate.field.path, kinds), is_proved, meant)
        return
    if isinstance(predicate, Not):
        parts: Iterable[Predicate] = (predicate.part,)
    else:
        parts = predicate.parts if isinstance(predicate, All) else _choices(predicate)
    for part in parts:
        yield from _demands(part, is_sure=is_sure and isinstance(predicate, All))


def _choices(predicate: AnyOf) -> Iterator[Predicate]:
    """Yield the parts of which one must hold; conditions that differ in their values alone are one of all of these.

    So ``v above 5 or v above "5"`` asks for a number or a text, as ``v:gt=5`` does in an address.
    """
    alike: dict[tuple[Field, str], list[Operand]] = {}
    for part in predicate.parts:
        if isinstance(part, Condition):
            alike.setdefault((part.field, part.operator), []).extend(part.operands)
        else:
            yield part
    for (field, operator), operands in alike.items():
        yield condition(field, operator, operands)


_Group = tuple[frozenset[str], tuple[tuple[str, str], ...]]
"""The kinds by which one value may match, and what may have been meant by it."""


def _groups(condition: Condition) -> Iterator[_Group]:
    operator, operands = condition.operator, [operand for operand in condition.operands if operand is not None]
    if operator in ("null", "exists") or (operator == "in" and condition.field.path == ID_PATH):
        return
    if operator in TEXT_OPERATORS:
        yield frozenset({"text"}), ()
    elif operator == "contains":
        yield frozenset({"array", *("text" for operand in operands if operand[0] == TEXT)}), ()
    elif operator in ORDERINGS:
        yield frozenset(KIND_NAMES[operand[0]] for operand in operands), _meant(operands)
    else:
        yield from _values(operands)


_ALONE = [frozenset({name}) for name in KIND_NAMES]
_WITH_TEXT = [frozenset({name, "text"}) for name in KIND_NAMES]
_TEXT_ALONE = frozenset({"text"})
_BOOLEANS_WRITTEN = {"true": (BOOLEAN, True), "false": (BOOLEAN, False)}


def _values(operands: Sequence[OrderKey]) -> Iterator[_Group]:
    """Yield the values of a list, one of each kind; a text from an address goes with the number that it may mean.

    Of many alike the first speaks for all. Cost: O(operands), 0.2 µs for one that is written as it is printed.
    """
    numbers = {operand[1]: operand for operand in operands if operand[0] == NUMBER}
    unmeant = {text: key for text, key in _BOOLEANS_WRITTEN.items() if key in operands[:2]}  # they come first
    unmeant |= {str(number): operand for number, operand in numbers.items()}
    firsts: dict[frozenset[str], OrderKey] = {}
    alone: dict[frozenset[str], OrderKey] = {}
    for operand in operands:
        if operand[0] == TEXT:
            text = str(operand[1])
            meant = unmeant.pop(text, None)
            if meant is None and numbers and (meant := numbers.get(as_number(text))) is not None:
                unmeant.pop(str(meant[1]), None)
            firsts.setdefault(_TEXT_ALONE if meant is None else _WITH_TEXT[meant[0]], operand)
        elif operand[0] > NUMBER:
            alone.setdefault(_ALONE[operand[0]], operand)
    for operand in reversed(unmeant.values()):
        alone[_ALONE[operand[0]]] = operand
    for kinds, operand in (firsts | alone).items():
        yield kinds, _meant([operand])


def _meant(operands: Sequence[OrderKey]) -> tuple[tuple[str, str], ...]:
    """Return what may have been meant by one value, by the kind that the field holds."""
    if not operands or operands[0][0] not in (NUMBER, TEXT):
        return ()
    operand, written = operands[0], str(operands[0][1])
    meant = []
    if (word := _BOOLEANS.get(written.strip().casefold())) is not None:
        meant.append(("boolean", f"did you mean '{word}'?"))
    if operand[0] == TEXT and as_number(written) is not None:
        meant.append(("number", "in JSON a number stands without quotes"))
    if operand[0] == NUMBER:
        meant.append(("text", "in JSON a text stands in quotes"))
    meant.append(("array", "an element of an array is asked for with 'contains'"))
    return tuple(meant)
