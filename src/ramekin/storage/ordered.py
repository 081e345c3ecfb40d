"""Values in order, at which the garbage collector does not look: none of them leads anywhere.

A `SortedList` consists of lists of up to 2,000 values. The collector came to each of them three times, which took 30 ms
where eight indexes grew by 200,000 values. Knows nothing of what is in order; see ``id_order.py`` and ``indexes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeVar

from sortedcontainers import SortedList

from ramekin.storage.collector import overlook

V = TypeVar("V")


class Ordered(SortedList[V]):  # type: ignore[misc]  # it has no types
    """A sorted list of texts, numbers, and tuples of them."""

    def __init__(self, values: Iterable[V] | None = None) -> None:
        super().__init__()
        self._lists = overlook(_Parts())
        if values is not None:
            self.update(values)


class _Parts(list[Any]):
    """The lists that it consists of (sortedcontainers 2.4): each is added by one of these."""

    __slots__ = ()

    def append(self, part: list[Any]) -> None:
        super().append(overlook(part))

    def extend(self, parts: Iterable[list[Any]]) -> None:
        super().extend(map(overlook, parts))

    def insert(self, place: SupportsIndex, part: list[Any]) -> None:
        super().insert(place, overlook(part))
