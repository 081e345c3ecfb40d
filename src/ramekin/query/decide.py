"""Deciding conditions whose answer is known before any record is looked at.

Knows no tables; see ``execute.py`` for fields that no record has and ``pairs.py`` for sides of a join that are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.query.match import condition_test
from ramekin.query.predicate import EVERYTHING, All, AnyOf, Condition, Not, Predicate, all_of, any_of
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from ramekin.values.paths import FieldPath

NOTHING = AnyOf(())


def decide(predicate: Predicate, verdict: Callable[[Condition], bool | None]) -> Predicate:
    """Return what is left of a predicate; `EVERYTHING` or `NOTHING` where nothing is left to ask.

    Args:
        verdict: whether a condition holds for all records in question; None where each must be asked.
    """
    if isinstance(predicate, Condition):
        holds = verdict(predicate)
        return predicate if holds is None else EVERYTHING if holds else NOTHING
    if isinstance(predicate, Not):
        part = decide(predicate.part, verdict)
        return NOTHING if part == EVERYTHING else EVERYTHING if part == NOTHING else Not(part)
    parts = [decide(part, verdict) for part in predicate.parts]
    if isinstance(predicate, All):
        return NOTHING if NOTHING in parts else all_of(parts)
    return EVERYTHING if EVERYTHING in parts else any_of(parts)


def without_fields(predicate: Predicate, absent: Container[FieldPath]) -> Predicate:
    """Return what is left of a predicate over records that all lack some fields."""
    return decide(predicate, lambda c: condition_test(c)(MISSING) if c.field.path in absent else None)
