"""A list of many values: what is made of it is made in short steps, counted in calls."""

from decimal import Decimal

import pytest
from pydantic import BaseModel

from ramekin import Database
from ramekin.query.demands import read_demands
from ramekin.query.match import body_matcher
from ramekin.query.operand import from_json, from_texts
from ramekin.query.operands import Operands
from ramekin.query.predicate import any_of, holds_always, opposite
from ramekin.query.steps import VALUES, at_once
from ramekin.schema.fields import NO_SCHEMA
from ramekin.values.comparison import NUMBER, TEXT
from tests.unit.test_work import count_calls


class Priced(BaseModel):
    id: int
    v: Decimal


DECIMALS = Database({"priced": Priced}).fields("priced")
TEXTS = [f"{number}.5" for number in range(4000)]
LISTS = {
    "texts that may be numbers": lambda operator: from_texts(("v",), operator, TEXTS, NO_SCHEMA),
    "decimals": lambda operator: from_texts(("v",), operator, TEXTS, DECIMALS),
    "decimals as JSON": lambda operator: from_json(("v",), operator, TEXTS, DECIMALS),
    "numbers": lambda operator: from_json(("v",), operator, [*range(4000)], NO_SCHEMA),
}
MOST_CALLS = 30 * VALUES


def most_calls(steps):
    """Return how many calls the longest of some steps makes."""
    most, is_over = 0, False

    def step():
        nonlocal is_over
        is_over = next(steps, steps) is steps

    while not is_over:
        most = max(most, count_calls(step))
    return most


@pytest.mark.parametrize("kind", LISTS)
def test_no_step_of_reading_it_is_long(kind):
    assert most_calls(LISTS[kind]("in")) <= MOST_CALLS
    condition = at_once(LISTS[kind]("in"))
    assert most_calls(read_demands(condition)) <= MOST_CALLS


@pytest.mark.parametrize("kind", LISTS)
def test_two_lists_of_which_one_must_hold_are_put_together_in_steps(kind):
    either = any_of([at_once(LISTS[kind]("in")), at_once(from_json(("w",), "in", ["a"], NO_SCHEMA))])
    assert most_calls(read_demands(either)) <= MOST_CALLS


@pytest.mark.parametrize("kind", LISTS)
def test_what_is_asked_of_it_later_looks_at_no_value(kind):
    condition = at_once(LISTS[kind]("nin"))
    assert count_calls(lambda: body_matcher(condition)) < 100
    assert count_calls(lambda: opposite(condition)) < 100
    assert count_calls(lambda: holds_always(condition)) < 100


def test_operands_are_in_order_and_print_as_equal_ones_do():
    operands = Operands.of([(TEXT, "b"), (NUMBER, 2.0), None, (TEXT, "a"), (NUMBER, 2), (TEXT, "b")])
    assert operands == (None, (NUMBER, 2), (TEXT, "a"), (TEXT, "b"))
    assert operands.by_kind == {NUMBER: {2}, TEXT: {"a", "b"}}
    assert operands.has_null
    assert operands.printed == Operands.of(reversed(operands)).printed
    assert operands.printed != Operands.of(operands[1:]).printed


@pytest.mark.parametrize("size", [VALUES - 1, VALUES, VALUES + 1, 3 * VALUES])
def test_several_lists_are_one(size):
    first, second = ([(NUMBER, number) for number in range(start, start + size)] for start in (0, size // 2))
    both = at_once(Operands.together([Operands.of(first), Operands.of([None, *second])]))
    assert both == Operands.of([None, *first, *second])
    assert both.printed == Operands.of([None, *first, *second]).printed
