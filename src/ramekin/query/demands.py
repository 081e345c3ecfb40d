"""Demands: which kinds of values a predicate asks a field for, so that somebody can see whether any record has one.

A value that can match nothing that a field holds is nearly always a mistake: `vip=True` where `vip` holds booleans, or
a number in quotes. Nothing is matched, or with `ne` everything. Knows no tables; see ``presence.py`` for who looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin.query.operands import Operands
from ramekin.query.predicate import (
    ORDERINGS,
    TEXT_OPERATORS,
    All,
    AnyOf,
    Condition,
    Not,
    Predicate,
    condition_on,
)
from ramekin.query.steps import Steps, at_once, parts
from ramekin.schema.fields import Field, Trait, as_number
from ramekin.values.comparison import BOOLEAN, KIND_NAMES, NUMBER, TEXT, OrderKey
from ramekin.values.paths import ID_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
    """Return what a predicate asks of its fields, as `read_demands` does, at once."""
    return at_once(read_demands(predicate))


def read_demands(predicate: Predicate) -> Steps[tuple[Demand, ...]]:
    """Return what a predicate asks of its fields, each trait once; nothing for ids that are looked up.

    Cost: O(values in the predicate).
    """
    found: dict[Trait, Demand] = {}
    for demand in (yield from _demands(predicate, is_sure=True)):
        known = found.setdefault(demand.trait, demand)
        if demand.is_proved and not known.is_proved:
            found[demand.trait] = demand
    return tuple(found.values())


def _demands(predicate: Predicate, *, is_sure: bool) -> Steps[list[Demand]]:
    if isinstance(predicate, Condition):
        groups = yield from _groups(predicate)
        is_proved = is_sure and predicate.operator != "nin" and len({kinds for kinds, _ in groups}) == 1
        return [Demand(Trait(predicate.field.path, kinds), is_proved, meant) for kinds, meant in groups]
    if isinstance(predicate, Not):
        inner: Iterable[Predicate] = (predicate.part,)
    else:
        inner = predicate.parts if isinstance(predicate, All) else (yield from _choices(predicate))
    found = list[Demand]()
    for part in inner:
        found += yield from _demands(part, is_sure=is_sure and isinstance(predicate, All))
    return found


def _choices(predicate: AnyOf) -> Steps[list[Predicate]]:
    """Return the parts of which one must hold; conditions that differ in their values alone are one of all of these.

    So ``v above 5 or v above "5"`` asks for a number or a text, as ``v:gt=5`` does in an address.
    """
    found = list[Predicate]()
    alike: dict[tuple[Field, str], list[Operands]] = {}
    for part in predicate.parts:
        if isinstance(part, Condition):
            alike.setdefault((part.field, part.operator), []).append(part.operands)
        else:
            found.append(part)
    for (field, operator), lists in alike.items():
        found.append(condition_on(field, operator, (yield from Operands.together(lists))))
    return found


_Group = tuple[frozenset[str], tuple[tuple[str, str], ...]]
"""The kinds by which one value may match, and what may have been meant by it."""


def _groups(condition: Condition) -> Steps[list[_Group]]:
    operator = condition.operator
    if operator in ("null", "exists") or (operator == "in" and condition.field.path == ID_PATH):
        return []
    operands = [operand for operand in condition.operands if operand is not None]
    if operator in TEXT_OPERATORS:
        return [(frozenset({"text"}), ())]
    if operator == "contains":
        return [(frozenset({"array", *("text" for operand in operands if operand[0] == TEXT)}), ())]
    if operator in ORDERINGS:
        return [(frozenset(KIND_NAMES[operand[0]] for operand in operands), _meant(operands))]
    return (yield from _values(operands))


_ALONE = [frozenset({name}) for name in KIND_NAMES]
_WITH_TEXT = [frozenset({name, "text"}) for name in KIND_NAMES]
_TEXT_ALONE = frozenset({"text"})
_BOOLEANS_WRITTEN = {"true": (BOOLEAN, True), "false": (BOOLEAN, False)}


def _values(operands: Sequence[OrderKey]) -> Steps[list[_Group]]:
    """Return the values of a list, one of each kind; a text from an address goes with the number that it may mean.

    Of many alike the first speaks for all. Cost: O(operands), 0.2 µs for one that is written as it is printed.
    """
    by_kind = {operand[0]: operand for operand in reversed(operands)}
    if TEXT not in by_kind:  # nothing is meant as two things; and decimals are slow to look up
        return [(_ALONE[kind], _meant([by_kind[kind]])) for kind in sorted(by_kind)]
    unmeant = {text: key for text, key in _BOOLEANS_WRITTEN.items() if key in operands[:2]}  # they come first
    numbers = dict[Any, OrderKey]()
    for part in parts(operands):
        own = {operand[1]: operand for operand in part if operand[0] == NUMBER}
        numbers |= own
        unmeant |= {str(number): operand for number, operand in own.items()}
        yield
    firsts: dict[frozenset[str], OrderKey] = {}
    alone: dict[frozenset[str], OrderKey] = {}
    for part in parts(operands):
        for operand in part:
            if operand[0] == TEXT:
                text = str(operand[1])
                meant = unmeant.pop(text, None)
                if meant is None and numbers and (meant := numbers.get(as_number(text))) is not None:
                    unmeant.pop(str(meant[1]), None)
                firsts.setdefault(_TEXT_ALONE if meant is None else _WITH_TEXT[meant[0]], operand)
            elif operand[0] > NUMBER:
                alone.setdefault(_ALONE[operand[0]], operand)
        yield
    for operand in reversed(unmeant.values()):
        alone[_ALONE[operand[0]]] = operand
    return [(kinds, _meant([operand])) for kinds, operand in (firsts | alone).items()]


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
