"""What a record holds for itself: the values of unique fields, as texts that are equal where the values are.

Nodes compare texts and know nothing of values, so two processes print one value alike. Knows no tables.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ramekin.schema.fields import Field, join_reader
from ramekin.values.paths import print_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ramekin.values.comparison import JoinKey

MAX_TEXT = 64
"""Characters up to which a text stands in a claim as it is; of a longer one its hash."""


def claims_of(fields: Sequence[Field], body: bytes | None) -> Iterator[str]:
    """Yield what a record claims; nothing where there is none. Cost: O(fields)."""
    if body is None:
        return
    for field in fields:
        value = join_reader(field)(body)
        if value is not None:
            yield f"{print_path(field.path)} {_print_value(value)}"


def _print_value(value: JoinKey) -> str:
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, str):
        return f"t{value}" if len(value) <= MAX_TEXT else f"h{sha256(value.encode()).hexdigest()}"
    kind, amount = value
    text = _print_value(amount) if isinstance(amount, (str, bool)) else _print_amount(amount)
    return f"k{kind} {text}"


def _print_amount(amount: Any) -> str:
    """Return the text of a number, the same for all that are equal: ``1``, ``1.0`` and ``Decimal("1.00")``."""
    if isinstance(amount, Fraction):
        return f"{amount.numerator}/{amount.denominator}"
    sign, digits, exponent = Decimal(repr(amount) if isinstance(amount, float) else amount).as_tuple()
    assert isinstance(exponent, int), "neither infinite nor no number"
    shown = "".join(map(str, digits)).strip("0")
    behind = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return f"{'-' * sign}{shown}e{exponent + behind}" if shown else "0"
