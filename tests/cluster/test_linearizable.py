"""Histories that fit one copy of a record, and those that do not; and that a search by all orders says the same."""

from itertools import permutations
from math import inf
from random import Random

import pytest

from tests.cluster import linearizable
from tests.cluster.linearizable import ANYTHING, Operation, faults, is_linearizable
from tests.each import each


def read(began_s, ended_s, value):
    return Operation("r", began_s, ended_s, value, value)


def write(began_s, ended_s, value):
    return Operation("r", began_s, ended_s, ANYTHING, value)


def change(began_s, ended_s, before, after):
    return Operation("r", began_s, ended_s, before, after)


FITTING = {
    "nothing": [],
    "a read of nothing": [read(0, 1, None)],
    "one after another": [write(0, 1, 1), read(2, 3, 1), write(4, 5, 2), read(6, 7, 2)],
    "a read beside a write finds what it leaves": [write(0, 9, 1), read(1, 2, 1), read(3, 4, 1)],
    "a read beside a write finds what was before": [write(0, 9, 1), read(1, 2, None), read(3, 4, 1)],
    "two writes in the order in which they were not begun": [write(0, 9, 1), write(1, 9, 2), read(10, 11, 1)],
    "a chain of changes": [change(4, 9, 2, 3), change(0, 9, None, 1), change(2, 9, 1, 2), read(10, 11, 3)],
    "of a write nobody knows, and it did not happen": [write(0, 1, 1), write(2, inf, 2), read(3, 4, 1), read(5, 6, 1)],
    "of a write nobody knows, and it happened": [write(0, 1, 1), write(2, inf, 2), read(3, 4, 1), read(5, 6, 2)],
    "of a write nobody knows, and it happened much later": [
        write(0, inf, 1),
        write(2, 3, 2),
        read(4, 5, 2),
        read(6, 7, 1),
    ],
    "of a change nobody knows, which cannot happen any more": [
        change(0, inf, None, 1),
        change(2, 3, None, 2),
        read(4, 5, 2),
    ],
    "what begins as another ends may come before it": [write(0, 1, 1), read(1, 2, None)],
}

UNFIT = {
    "a read of what was never written": [write(0, 1, 1), read(2, 3, 2)],
    "a stale read": [write(0, 1, 1), write(2, 3, 2), read(4, 5, 1)],
    "a lost write": [write(0, 1, 1), read(2, 3, None)],
    "a read that goes back": [write(0, 9, 1), read(1, 2, 1), read(3, 4, None)],
    "two reads beside two writes, which disagree on their order": [
        write(0, 9, 1),
        write(0, 9, 2),
        read(10, 11, 1),
        read(12, 13, 2),
    ],
    "one value taken twice": [change(0, 1, None, 1), change(0, 1, None, 2)],
    "an update lost under another": [change(0, 1, None, 1), change(2, 5, 1, 2), change(2, 5, 1, 3)],
    "a read of what is yet to begin": [read(0, 1, 1), write(2, 3, 1)],
    "of a write nobody knows, and it was undone": [write(0, inf, 1), read(2, 3, 1), read(4, 5, None)],
    "of a change nobody knows, and it happened twice": [
        change(0, inf, 1, 2),
        write(0, 1, 1),
        read(2, 3, 2),
        write(4, 5, 1),
        read(6, 7, 2),
    ],
    "a cut-off copy answers from what it has": [write(0, 1, 1), write(2, 3, 2), read(2, 4, 1), read(5, 6, 1)],
}


@each(FITTING.items(), name=lambda case: case[0])
def test_a_history_fits_one_copy(case):
    assert is_linearizable(case[1])
    assert faults(case[1]) == {}


@each(UNFIT.items(), name=lambda case: case[0])
def test_a_history_fits_no_copy(case):
    assert not is_linearizable(case[1])
    assert faults(case[1]) == {"r": sorted(case[1], key=lambda operation: operation.began_s)}


def test_each_record_is_looked_at_alone():
    wrong = Operation("other", 2, 3, None, None)
    history = [write(0, 1, 1), Operation("other", 0, 1, ANYTHING, 5), wrong, read(2, 3, 1)]
    assert list(faults(history)) == ["other"]


def fits_in_some_order(history, initial=None):
    """Say the same as the checker, by all orders of all that may have happened."""
    known = [each for each in history if each.ended_s < inf]
    unknown = [each for each in history if each.ended_s == inf]
    return any(
        _fits(order, initial)
        for chosen in range(1 << len(unknown))
        for order in permutations(known + [each for i, each in enumerate(unknown) if chosen >> i & 1])
    )


def _fits(order, value):
    for place, operation in enumerate(order):
        if any(later.ended_s < operation.began_s for later in order[place + 1 :]):
            return False
        if operation.before is not ANYTHING and operation.before != value:
            return False
        value = operation.after
    return True


def some_history(chance):
    """Return operations of a few clients; about half of such histories fit."""
    history = []
    for _ in range(chance.randint(1, 6)):
        began_s = chance.randrange(12)
        ended_s = inf if chance.random() < 0.2 else began_s + chance.randrange(1, 8)
        before, after = chance.choice([None, 1, 2]), chance.choice([None, 1, 2])
        kind = chance.choice([read, write, change])
        history.append(kind(began_s, ended_s, before, after) if kind is change else kind(began_s, ended_s, after))
    return history


def test_a_search_by_all_orders_says_the_same():
    chance, told = Random(11), []
    for _ in range(600):
        history = some_history(chance)
        told.append(is_linearizable(history))
        assert told[-1] == fits_in_some_order(history), history
    assert 100 < sum(told) < 500


def test_a_long_history_of_one_record_is_checked_in_steps_that_grow_with_it():
    history = [change(number - 0.5, number + 3, number or None, number + 1) for number in range(2000)]
    history += [read(number, number + 2, number or None) for number in range(2000)]
    assert is_linearizable(history)


def test_a_history_of_which_too_little_is_known_is_no_proof(monkeypatch):
    monkeypatch.setattr(linearizable, "MAX_STEPS", 1000)
    with pytest.raises(AssertionError, match="too much of it is not known"):
        is_linearizable([write(0, inf, number) for number in range(30)] + [read(1, 2, "never")])
