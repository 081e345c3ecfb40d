"""Totals: the sum and the mean of many numbers, exact until they are printed.

Integers are added as they are, floats as whole multiples of the smallest float, decimals with all their digits. So
large numbers that cancel out do not swallow small ones, and there can be a mean even where the sum is too large for a
float. Knows no fields; see ``aggregate.py`` for what is added up.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact
from math import fsum

from ramekin.values.ids import INT64_MAX, INT64_MIN

Number = int | float | Decimal

_UNITS = 1 << 1074  # of the smallest float, in 1
_AT_ONCE = 1000  # floats that are kept before they are added up
_DIGITS = 25_000  # of decimals: from 1e9999 down to 1e-9999, and 5,000 more
_PLAIN_DIGITS = 400  # beyond, a decimal is written with an exponent
_MEAN_DIGITS = 28


class Total:
    """Numbers added up, and how many they are.

    `is_lost`: a result was asked for that no number can hold: it is beyond the largest float, or a sum of decimals has
    more digits than are kept.
    """

    __slots__ = ("_context", "_decimal", "_floats", "_integer", "_units", "count", "is_lost")

    def __init__(self) -> None:
        self.count, self.is_lost = 0, False
        self._integer = 0
        self._floats: list[float] | tuple[()] = ()  # a list once there is one: many totals have none, or one
        self._units: int | None = None  # the floats before those; None: there is none
        self._decimal: Decimal | None = None
        self._context: Context | None = None

    def add(self, number: Number) -> None:
        """Take a number. Cost: O(1) amortised, O(digits) for a decimal."""
        self.count += 1
        if isinstance(number, float):
            floats = self._floats = self._floats or []
            floats.append(number)
            if len(floats) == _AT_ONCE:
                self._units = self._whole_floats()
                floats.clear()
        elif isinstance(number, int):
            self._integer += number
        else:
            self._add_decimal(number)

    def sum(self) -> int | float | str | None:
        """Return the sum: of decimals as text, of integers alone as an integer of 64 bits; None if it is lost."""
        if self._decimal is not None:
            return self._printed(self._whole_decimal())
        if self._units is None and not self._floats and INT64_MIN <= self._integer <= INT64_MAX:
            return self._integer
        return self._ratio(1)

    def mean(self) -> float | str | None:
        """Return the mean: None of nothing, or if it is lost."""
        if not self.count:
            return None
        if self._decimal is not None:
            context = Context(prec=_MEAN_DIGITS, Emax=2 * _DIGITS, Emin=-2 * _DIGITS)
            return self._printed(context.divide(self._whole_decimal(), Decimal(self.count)))
        return self._ratio(self.count)

    def _ratio(self, count: int) -> float | None:
        """Return the sum of integers and floats, divided by a count; rounded once."""
        units = self._whole_floats()
        try:
            if units is None:
                return self._integer / count
            return (units + self._integer * _UNITS) / (count * _UNITS)
        except OverflowError:
            self.is_lost = True
            return None

    def _whole_floats(self) -> int | None:
        """Add up all floats: the rounded sum of those that are kept, then what it lacks, until nothing is left.

        None where there is none. What comes out is long, and kept only in place of many.
        """
        if not self._floats:
            return self._units
        floats, units = [*self._floats], self._units or 0
        try:
            while part := fsum(floats):
                units += _in_units(part)
                floats.append(-part)
        except OverflowError:  # on the way they are beyond a float together
            units += sum(map(_in_units, floats))
        return units

    def _add_decimal(self, number: Decimal) -> None:
        if self._context is None:
            self._context = Context(prec=_DIGITS, Emax=2 * _DIGITS, Emin=-2 * _DIGITS, traps=[])
        known = self._decimal
        self._decimal = self._context.plus(number) if known is None else self._context.add(number, known)

    def _whole_decimal(self) -> Decimal:
        assert self._context is not None, "made with the first decimal"
        assert self._decimal is not None, "likewise"
        return self._context.add(self._decimal, Decimal(self._integer)) if self._integer else self._decimal

    def _printed(self, number: Decimal) -> str | None:
        assert self._context is not None, "made with the first decimal"
        self.is_lost = bool(self._context.flags[Inexact]) or not number.is_finite()
        if self.is_lost:
            return None
        size = number.as_tuple().exponent
        is_plain = number.adjusted() < _PLAIN_DIGITS and isinstance(size, int) and -size < _PLAIN_DIGITS
        return format(number, "f") if is_plain else str(number)


def _in_units(number: float) -> int:
    """Return a float as a multiple of the smallest one."""
    numerator, denominator = number.as_integer_ratio()
    return numerator << (1075 - denominator.bit_length())
