"""Sums and means against exact fractions: what is finite is given, rounded once, whatever is met on the way."""

import math
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.query.total import _AT_ONCE, _DIGITS, Total

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = FLOATS | st.integers(-(2**63), 2**63 - 1)
HUGE = st.sampled_from(
    [1.7976931348623157e308, -1.7976931348623157e308, 1e308, 5e-324, -5e-324, 2.0**53, 1.0, 2**63 - 1]
)
DECIMALS = st.decimals("-1e400", "1e400", allow_nan=False, allow_infinity=False)


def total_of(numbers):
    total = Total()
    for number in numbers:
        total.add(number)
    return total


def rounded(exact):
    try:
        return float(exact)
    except OverflowError:
        return None


@given(st.lists(NUMBERS | HUGE, min_size=1, max_size=40))
def test_a_sum_and_a_mean_are_the_exact_ones_rounded_once(numbers):
    exact = sum(map(Fraction, numbers))
    total = total_of(numbers)
    found = total.sum()
    if all(isinstance(number, int) for number in numbers) and -(2**63) <= exact < 2**63:
        assert (found, type(found)) == (exact, int)
    else:
        assert found == rounded(exact)
    assert total.is_lost is (rounded(exact) is None)
    assert total_of(numbers).mean() == rounded(exact / len(numbers))


@given(st.lists(NUMBERS | HUGE, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(numbers, order):
    shuffled = order.sample(numbers, len(numbers))
    assert total_of(numbers).sum() == total_of(shuffled).sum()
    assert total_of(numbers).mean() == total_of(shuffled).mean()


@pytest.mark.parametrize("count", [_AT_ONCE - 1, _AT_ONCE, _AT_ONCE + 1, 2 * _AT_ONCE + 1])
def test_many_floats_are_as_exact_as_few(count):
    source = random.Random(count)
    numbers = [math.ldexp(source.random() - 0.5, source.randrange(-1000, 1020)) for _ in range(count)]
    assert total_of(numbers).sum() == rounded(sum(map(Fraction, numbers)))
    assert total_of([1e308] * count).sum() is None
    assert total_of([1e308] * count).mean() == 1e308
    assert total_of([1e308] * count + [-1e308] * count).sum() == 0.0


@given(st.lists(DECIMALS | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_decimals_are_added_with_all_their_digits(numbers):
    found = total_of([Decimal(0), *numbers]).sum()
    assert Fraction(found) == sum(map(Fraction, numbers))
    mean = Fraction(total_of([Decimal(0), *numbers]).mean())
    exact = sum(map(Fraction, numbers)) / (len(numbers) + 1)
    assert abs(mean - exact) * 10**27 <= abs(exact)


def test_of_nothing_the_sum_is_0_and_the_mean_null():
    assert (Total().sum(), Total().mean()) == (0, None)
    assert total_of([0.0, -0.0]).sum() == 0


@pytest.mark.parametrize(("more", "is_lost"), [(0, False), (1, True)])
def test_decimals_have_so_many_digits_and_no_more(more, is_lost):
    numbers = [Decimal(f"1e{_DIGITS - 1 - 10_000 + more}"), Decimal("1e-10000")]
    total = total_of(numbers)
    assert (total.sum() is None) is is_lost
    assert total.is_lost is is_lost
