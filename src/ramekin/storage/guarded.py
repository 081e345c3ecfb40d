"""A dictionary of numbers that stays quick whatever numbers somebody chooses.

Python hashes a number without a secret, as itself: whoever knows how a dictionary looks for a free place can choose
87,000 integers that take 9 s to put into one, where others take 6 ms. So now and then it is measured how long the
newest keys take to be found, and where that is too long, all keys are put into tuples with a secret number, whose
hashes nobody can choose. That takes twice the time and more memory, so it is not done before.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Self

from ramekin.clock import processor_s
from ramekin.values.ids import random_bits

LOOK_EVERY = 512
"""New keys after which it is looked again."""

SAMPLED = 8
"""The newest keys, which are sought."""

SLOW_S = 1.5e-6
"""What finding a key that was found just before takes at the most: it takes 50 ns."""

GUARD_BYTES = 64
"""What a key takes more when it is guarded."""

_SECRET = random_bits(60)


def is_slow(numbers: dict[Any, Any]) -> bool:
    """Say whether a dictionary takes too long to find its newest keys. Cost: 5 µs if not."""
    newest = list(islice(reversed(numbers), SAMPLED))
    times = [_time_to_find(numbers, newest) for _ in range(2)]  # the first one fetches
    return min(times) > SLOW_S * SAMPLED


def _time_to_find(numbers: dict[Any, Any], keys: list[Any]) -> float:
    began_s = processor_s()
    for key in keys:
        numbers[key]
    return processor_s() - began_s


class Guarded(dict[Any, Any]):
    """A dictionary whose keys stand in tuples with a secret. It has the methods that an index uses.

    Guarantee: to whoever uses these, it is as a dictionary of the keys themselves.
    """

    __slots__ = ()

    @classmethod
    def of(cls, numbers: dict[Any, Any]) -> Self:
        """Return what a dictionary holds, guarded. Cost: O(n), 0.2 µs each."""
        return cls({(_SECRET, key): value for key, value in numbers.items()})

    def __getitem__(self, key: Any) -> Any:
        return dict.__getitem__(self, (_SECRET, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        dict.__setitem__(self, (_SECRET, key), value)

    def __delitem__(self, key: Any) -> None:
        dict.__delitem__(self, (_SECRET, key))

    def get(self, key: Any, default: Any = None) -> Any:
        return dict.get(self, (_SECRET, key), default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return dict.setdefault(self, (_SECRET, key), default)

    def copy(self) -> Self:
        return type(self)(self)
