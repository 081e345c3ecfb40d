"""Reading what is long in short steps, between which others may go on.

A reader of long things is a generator that yields between its steps and returns what it read. Whoever does not wait
has all of them at once. Knows nothing of what is read; see ``engine/work.py`` for who rests between steps.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

Steps = Generator[None, None, T]
"""Steps of which a value comes."""

VALUES = 250
"""Values that one step reads: 2 ms where each is a decimal."""


def at_once(steps: Steps[T]) -> T:
    """Return what comes of steps, without a rest between them."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # as the generator says


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values, as many at once as one step reads."""
    for start in range(0, len(values), VALUES):
        yield values[start : start + VALUES]
