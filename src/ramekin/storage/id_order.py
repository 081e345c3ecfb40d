"""Ids in order: those of a whole table, and those of one value in an index, a posting.

A posting is a bare id until a second one arrives, then `Many`: a list in order, or, when it is long, an `IdOrder`.
Whatever holds them, ids are walked and counted in the same way. Knows nothing of records; see ``indexes.py`` for what
has postings.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Self, overload

from msgspec import Struct

from ramekin.storage.memory import ID_BYTES
from ramekin.storage.ordered import Ordered
from ramekin.storage.shared import Shared
from ramekin.values.comparison import NUMBER, TEXT, Span
from ramekin.values.ids import RecordId, id_order


class IdOrder(Shared, Sequence["RecordId"]):
    """Ids in order: integers by value, then texts by code point.

    Cost: add, remove and find a place O(log n); p ids from any place O(log n + p).
    """

    __slots__ = ("integers", "is_ready", "is_whole", "size_bytes", "texts")

    def __init__(self) -> None:
        super().__init__()
        self.integers: Ordered[int] = Ordered()
        self.texts: Ordered[str] = Ordered()
        self.is_whole = False
        """Whether all records were looked at."""
        self.is_ready = False
        """Whether it is used: all records are in it as they are now."""
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self.integers) + len(self.texts)

    @overload
    def __getitem__(self, place: int) -> RecordId: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RecordId]: ...
    def __getitem__(self, place: int | slice) -> RecordId | Sequence[RecordId]:
        count = len(self.integers)
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                return [self[i] for i in range(start, stop, step)]
            ids: list[RecordId] = self.integers[start:stop] if start < count else []
            return ids + self.texts[max(0, start - count) : stop - count] if stop > count else ids
        if place < 0:  # counted from the end of all, not of the integers
            place += len(self)
            if place < 0:
                raise IndexError("no id has this place")
        return self.integers[place] if place < count else self.texts[place - count]  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[RecordId]:
        yield from self.integers
        yield from self.texts

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._ids(record_id)

    def add(self, record_id: RecordId) -> int:
        """Take an id; return by how many bytes that has grown, 0 if it was there. Cost: O(1) behind all others.

        Made ids come behind all others, so their place is not sought. They are taken as `SortedList.add` does where it
        splits no list and counts no places (sortedcontainers 2.4), in two calls instead of ten.
        """
        ids = self.texts if type(record_id) is str else self.integers
        highest = ids._maxes
        if highest and highest[-1] < record_id and not ids._index and len(last := ids._lists[-1]) < 2 * ids._load:
            last.append(record_id)
            highest[-1] = record_id
            ids._len += 1
        elif record_id in ids:
            return 0
        else:
            ids.add(record_id)
        grown = ID_BYTES[type(record_id)]
        self.size_bytes += grown
        return grown

    def extend(self, ids: Sequence[RecordId]) -> None:
        """Take many ids at once, none of which is there. Cost: O(ids) if they are in order, 40 ns each."""
        types = {*map(type, ids)}
        for cls in types:
            own = ids if len(types) == 1 else [record_id for record_id in ids if type(record_id) is cls]
            (self.texts if cls is str else self.integers).update(own)
            self.size_bytes += ID_BYTES[cls] * len(own)

    def remove(self, record_id: RecordId) -> None:
        ids = self._ids(record_id)
        if record_id in ids:
            ids.remove(record_id)
            self.size_bytes -= ID_BYTES[type(record_id)]

    def change(self, was: RecordId | None, now: RecordId | None) -> None:
        """Take note of the id that a record had, None if it was not there, and the one that it has."""
        if was is not None and (type(was) is not type(now) or was != now):
            self.remove(was)
        if now is not None:
            self.add(now)

    def after(self, record_id: RecordId | None) -> Iterator[RecordId]:
        """Yield the ids after the given one, which need not exist; all of them for None."""
        if record_id is None or isinstance(record_id, int):
            yield from self.integers.irange(record_id, inclusive=(False, False))
            yield from self.texts
        else:
            yield from self.texts.irange(record_id, inclusive=(False, False))

    def place_after(self, record_id: RecordId) -> int:
        """Return how many ids are not after the given one, which need not exist."""
        if isinstance(record_id, int):
            return self.integers.bisect_right(record_id)  # type: ignore[no-any-return]
        return len(self.integers) + self.texts.bisect_right(record_id)  # type: ignore[no-any-return]

    def parts(self) -> tuple[Ordered[int], Ordered[str]]:
        """Return the integers and the texts, each in order."""
        return self.integers, self.texts

    def copy(self) -> Self:
        twin = type(self)()
        twin.integers, twin.texts = self.integers.copy(), self.texts.copy()
        twin.is_whole, twin.is_ready, twin.size_bytes = self.is_whole, self.is_ready, self.size_bytes
        return twin

    def pieces(self) -> list[Any]:
        return [self.integers._lists, self.texts._lists]

    def _ids(self, record_id: object) -> Ordered[RecordId]:
        return self.integers if isinstance(record_id, int) else self.texts


class Many(Struct, gc=False):
    """A posting of several ids, in order.

    The garbage collector does not look into it, and so not into a dictionary that holds nothing else. To one that takes
    its first list it comes three times, however large it is: three turns of 10 ms where it has 200,000 values.
    """

    ids: Any
    """A list, or when it is long an `IdOrder`."""


def walk_ids(
    ids: Sequence[RecordId],
    spans: Sequence[Span],
    *,
    is_descending: bool = False,
    after: RecordId | None = None,
) -> Iterator[RecordId]:
    """Return those of some ids in order that lie in some stretches, after a given one. Cost: O(log n), O(1) for each.

    Args:
        after: an id, which need not exist.
    """
    return chain.from_iterable(
        part.islice(start, stop, reverse=is_descending)
        if isinstance(part, Ordered)
        else (part[start:stop][::-1] if is_descending else part[start:stop])
        for part, start, stop in _stretches(ids, spans, is_descending=is_descending, after=after)
    )


def count_ids(ids: Sequence[RecordId], spans: Sequence[Span]) -> int:
    """Return how many of some ids in order lie in some stretches. Cost: O(log n)."""
    return sum(max(0, stop - start) for _, start, stop in _stretches(ids, spans))


def _stretches(
    ids: Sequence[RecordId], spans: Sequence[Span], *, is_descending: bool = False, after: RecordId | None = None
) -> Iterator[tuple[Any, int, int]]:
    """Yield where the stretches lie, as parts of one type with two places, in order."""
    kind_after = TEXT if isinstance(after, str) else NUMBER
    for kind, part in _parts(ids, is_descending=is_descending):
        if after is not None and (kind > kind_after if is_descending else kind < kind_after):
            continue
        own = [span for span in spans if span.kind == kind]
        for span in reversed(own) if is_descending else own:
            start = 0 if span.low is None else _place(part, span.low, is_after=not span.includes_low)
            stop = len(part) if span.high is None else _place(part, span.high, is_after=span.includes_high)
            if after is not None and kind == kind_after:
                if is_descending:
                    stop = min(stop, _place(part, after, is_after=False))
                else:
                    start = max(start, _place(part, after, is_after=True))
            if start < stop:
                yield part, start, stop


def _parts(ids: Sequence[RecordId], *, is_descending: bool) -> Iterator[tuple[int, Any]]:
    """Yield the integers and the texts among ids in order."""
    integers: Any
    texts: Any
    if isinstance(ids, IdOrder):
        integers, texts = ids.parts()
    else:
        count = bisect_left(ids, id_order(""), key=id_order)
        integers, texts = ids[:count], ids[count:]
    parts = ((NUMBER, integers), (TEXT, texts))
    yield from reversed(parts) if is_descending else parts


def _place(ids: Any, value: Any, *, is_after: bool) -> int:
    """Return where a value stands among ids of its type, or would stand."""
    if isinstance(ids, Ordered):
        return ids.bisect_right(value) if is_after else ids.bisect_left(value)  # type: ignore[no-any-return]
    return bisect_right(ids, value) if is_after else bisect_left(ids, value)


def ids_after(ids: Sequence[RecordId], record_id: RecordId) -> Iterable[RecordId]:
    """Return the ids after one, which need not be among them. Cost: O(log n), and O(1) for each that is looked at."""
    return ids.after(record_id) if isinstance(ids, IdOrder) else ids[place_after(ids, record_id) :]


def place_after(ids: Sequence[RecordId], record_id: RecordId) -> int:
    """Return the place of the first id after a given one in a short posting. Cost: O(log n), O(1) at the end."""
    last = ids[-1]
    if type(last) is type(record_id) and last < record_id:  # type: ignore[operator]  # they are of one type
        return len(ids)
    return bisect_right(ids, id_order(record_id), key=id_order)


def holds(ids: Sequence[RecordId], record_id: RecordId) -> bool:
    """Say whether ids in order hold one. Cost: O(log n)."""
    if type(ids) is IdOrder:
        return record_id in ids
    place = place_after(ids, record_id)
    return place > 0 and ids[place - 1] == record_id
