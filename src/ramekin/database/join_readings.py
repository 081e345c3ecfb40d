"""Other readings of a join's key that would match something, where the one that was chosen matches nothing.

All are tried in one pass over each table. Knows no requests; see ``joining.py`` for who asks, and ``query/join.py`` for
which readings there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.values.paths import FieldPath, row_reader
from ramekin.values.readings import Reading, join_keyer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ramekin.query.join import On
    from ramekin.query.view import View
    from ramekin.values.comparison import JoinKey

MAX_READINGS = 8
"""Readings that are tried, the likeliest first."""


async def readings_that_match(view: View, left: str, right: str, readings: Mapping[On, Reading]) -> list[On]:
    """Return those readings by which some records match. Cost: O(n + m), in steps, however many they are."""
    keys: dict[On, set[JoinKey]] = {on: set() for on in readings}
    read = _reader({on: (on.right, reading) for on, reading in readings.items()})
    async for bodies in view.batches(right):
        for on, key in read(bodies):
            keys[on].add(key)
    found: set[On] = set()
    read = _reader({on: (on.left, reading) for on, reading in readings.items()})
    async for bodies in view.batches(left):
        found.update(on for on, key in read(bodies) if key in keys[on])
        if len(found) == len(readings):
            break
    return [on for on in readings if on in found]


def _reader(
    sides: Mapping[On, tuple[FieldPath, Reading]],
) -> Callable[[Iterable[bytes]], Iterator[tuple[On, JoinKey]]]:
    """Return the function from bodies to their keys by each reading."""
    paths = tuple(dict.fromkeys(path for path, _ in sides.values()))
    keyers = [(on, paths.index(path), join_keyer(reading)) for on, (path, reading) in sides.items()]

    def read(bodies: Iterable[bytes]) -> Iterator[tuple[On, JoinKey]]:
        values_of = row_reader(paths)
        for body in bodies:
            values = values_of(body)
            for on, place, key_of in keyers:
                key = key_of(values[place])
                if key is not None:
                    yield on, key

    return read
