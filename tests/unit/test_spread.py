"""Large sets grow in small steps, and are sets to whoever uses them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ramekin.storage.spread import FEW, SpreadSet, let_go, set_for


@given(st.lists(st.one_of(st.integers(), st.text(max_size=3), st.tuples(st.booleans(), st.integers(0, 3)))))
def test_what_was_added_is_in_it_and_nothing_else(values):
    spread, alike = SpreadSet(), set()
    for value in values:
        assert (value in spread) is (value in alike)
        spread.add(value)
        alike.add(value)
    assert all(value in spread for value in alike)


def test_no_part_of_it_is_enlarged_by_many_values_at_once():
    spread = set_for(FEW + 1)
    for i in range(20_000):
        spread.add(f"value {i}")
    assert max(map(len, spread._parts)) < 1000
    assert type(set_for(FEW)) is set


def test_it_goes_in_small_steps():
    spread = set_for(FEW + 1)
    for i in range(20_000):
        spread.add(i)
    left = [sum(map(len, spread._parts)) for _ in let_go(spread)]
    assert left[-1] == 0
    assert max(before - after for before, after in pairwise(left)) < 1000
    assert [*let_go({1, 2})] == []
