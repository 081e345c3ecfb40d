"""What finds records by a field's value: indexes.

Like the order of ids (``id_order.py``) they begin empty and are filled by `Table` while writes go on, so every method
may be called twice with the same record and changes nothing the second time. Knows nothing of tables; see ``table.py``
for how they stay in step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from ramekin.storage.collector import overlook
from ramekin.storage.guarded import GUARD_BYTES, LOOK_EVERY, Guarded, is_slow
from ramekin.storage.id_order import IdOrder, Many, holds, ids_after, place_after
from ramekin.storage.memory import (
    DECIMAL_BYTES,
    HASH_INDEX_BYTES,
    ID_BYTES,
    MANY_BYTES,
    SORTED_BYTES,
    SORTED_INDEX_BYTES,
    VALUE_BYTES,
    value_bytes,
)
from ramekin.storage.ordered import Ordered
from ramekin.storage.shared import Shared
from ramekin.values.comparison import BOOLEAN, KIND_NAMES, NUMBER, OBJECT, TEXT, JoinKey, OrderKey, Span, number_of_key
from ramekin.values.ids import RecordId, sort_ids
from ramekin.values.paths import reader
from ramekin.values.readings import comparer

if TYPE_CHECKING:
    from ramekin.schema.fields import Field

KINDS = OBJECT + 1
"""Types of values that have an order; see ``values/comparison.py``."""

SHORT_POSTING = 1000
"""Ids that a posting holds as a list in order; a longer one is an `IdOrder`, which takes new ones faster."""

_NESTED = frozenset({"array", "object"})
"""Kinds of values that a hash index leaves out."""

SAMPLE_VALUES = 8
"""Values whose postings are counted to estimate those of a stretch."""


class FieldIndex(Shared):
    """The ids of the records that have a value in one field, by that value.

    A posting is a bare id until a second one arrives, then `Many`: a list or, when it is long, an order of its own: 31
    bytes a record instead of 258 where values are unique (CPython 3.11, November 2026).

    A *hash* index holds numbers, texts and booleans, and answers what equals a value. A *sorted* index holds arrays,
    objects, null and missing too, and the values in order, and answers ranges and orders as well.

    Cost: add and remove O(length of the body), with an order O(log n) more; look up O(1).
    """

    __slots__ = (
        "_compared",
        "_held_bytes",
        "_look_at",
        "_owned",
        "_read",
        "_value_bytes",
        "absent",
        "empty_bytes",
        "field",
        "is_sorted",
        "is_whole",
        "postings",
        "values",
    )

    def __init__(self, field: Field, *, is_sorted: bool) -> None:
        super().__init__()
        self.field, self.is_sorted = field, is_sorted
        self.is_whole = False
        """Whether all records were looked at."""
        self._read, self._compared = reader(field.path), comparer(field.reading)
        self.postings: list[dict[Any, Any]] = [{} for _ in range(KINDS)]
        self.values: list[Ordered[Any]] = [Ordered() for _ in range(KINDS)] if is_sorted else []
        self.absent = IdOrder()
        """The ids of the records whose field is null or missing."""
        self._owned: set[OrderKey] | None = None  # postings that no other copy shares; None: all of them
        self._value_bytes = VALUE_BYTES + (SORTED_BYTES if is_sorted else 0)
        self._value_bytes += DECIMAL_BYTES if field.reading == "decimal" else 0
        self._look_at = LOOK_EVERY  # so many numbers, when it is looked whether they were chosen to be slow
        self.empty_bytes = self._held_bytes = SORTED_INDEX_BYTES if is_sorted else HASH_INDEX_BYTES

    def count_values(self) -> int:
        """Return how many values it holds. Cost: O(1)."""
        return sum(map(len, self.postings))

    def add(self, record_id: RecordId, body: bytes) -> None:
        self.add_many(((record_id, body),))

    def add_many(self, rows: Iterable[tuple[RecordId, bytes]]) -> None:
        """Take some records. One loop without calls for those whose value is new: half of what a build costs."""
        read, compared, is_sorted = self._read, self._compared, self.is_sorted
        grown, each, of_id = 0, self._value_bytes, ID_BYTES
        for record_id, body in rows:
            key = compared(read(body))
            if key is None or (key[0] > TEXT and not is_sorted):
                if is_sorted:
                    self.absent.add(record_id)
                continue
            kind, value = key
            postings = self.postings[kind]
            count = len(postings)
            posting = postings.setdefault(value, record_id)
            if len(postings) == count:
                self._add_to(posting, key, record_id)
                continue
            grown += of_id[type(record_id)] + (each if kind < TEXT else each + value_bytes(value))
            if is_sorted:
                self.values[kind].add(value)
        self._held_bytes += grown
        if len(self.postings[NUMBER]) >= self._look_at:
            self._guard()

    def _guard(self) -> None:
        """See that finding a number takes no longer than it should, whatever numbers there are. Cost: see `is_slow`."""
        numbers = self.postings[NUMBER]
        self._look_at = len(numbers) + LOOK_EVERY
        if type(numbers) is dict and is_slow(numbers):
            self.postings[NUMBER] = Guarded.of(numbers)
            self._held_bytes += GUARD_BYTES * self.count_values()
            self._value_bytes += GUARD_BYTES

    def change(self, record_id: RecordId, before: bytes, after: bytes) -> None:
        """Take note of a record's new body; where its value stays what it was, nothing is touched."""
        key = self._compared(self._read(before))
        if key != self._compared(self._read(after)):
            self._remove(record_id, key)
            self.add(record_id, after)

    def remove(self, record_id: RecordId, body: bytes) -> None:
        self._remove(record_id, self._compared(self._read(body)))

    def _remove(self, record_id: RecordId, key: OrderKey | None) -> None:
        if key is None:
            self.absent.remove(record_id)
            return
        kind, value = key
        postings = self.postings[kind]
        posting = postings.get(value)
        if posting is not None and type(posting) is Many:
            if holds(posting.ids, record_id):
                rest = self._own(key, posting).ids
                rest.remove(record_id)
                self._held_bytes -= ID_BYTES[type(record_id)]
                if len(rest) == 1:
                    postings[value] = rest[0]
                    self._held_bytes -= MANY_BYTES
        elif posting is not None and posting == record_id:
            del postings[value]
            self._look_at -= kind == NUMBER
            self._held_bytes -= ID_BYTES[type(record_id)] + self._value_bytes + value_bytes(value)
            if self.is_sorted:
                self.values[kind].remove(value)

    def find(self, key: OrderKey) -> Sequence[RecordId]:
        """Return the ids of the records with this value, in id order. Cost: O(1), the ids are not copied."""
        posting = self.postings[key[0]].get(key[1])
        return () if posting is None else _ids_in(posting)

    def holds(self, kinds: Collection[str]) -> bool:
        """Say whether the index tells which records have a value of some kinds (JSON's names)."""
        return bool(kinds) and "null" not in kinds and (self.is_sorted or _NESTED.isdisjoint(kinds))

    def holder(self, kinds: Collection[str]) -> RecordId | None:
        """Return the id of a record with a value of one of some kinds, None if there is none. Cost: O(1)."""
        for name, postings in zip(KIND_NAMES, self.postings, strict=True):
            if name in kinds and postings:
                return _ids_in(next(iter(postings.values())))[0]
        return None

    def find_joined(self, key: JoinKey) -> list[Sequence[RecordId]]:
        """Return the ids of the records with this join key: those with the text, and those with the number."""
        if isinstance(key, str):
            found = [self.find((TEXT, key))]
            if self.postings[NUMBER] and (number := number_of_key(key)) is not None:
                found.append(self.find((NUMBER, number)))
        else:
            found = [self.find(key if isinstance(key, tuple) else (BOOLEAN, key))]
        return [ids for ids in found if ids]

    def walk(
        self,
        spans: Sequence[Span],
        *,
        is_descending: bool = False,
        includes_absent: bool = False,
        after: tuple[OrderKey | None, RecordId] | None = None,
    ) -> Iterator[RecordId]:
        """Yield ids in the order of values, those of one value in id order. Cost: O(log n), and O(1) for each.

        Args:
            spans: stretches of values, in order.
            includes_absent: at the end come the records with null or without the field.
            after: a value (None for no value) and an id: of the records with this value only those after this id.
        """
        for span in reversed(spans) if is_descending else spans:
            inclusive = (span.includes_low, span.includes_high)
            values = self.values[span.kind].irange(span.low, span.high, inclusive, reverse=is_descending)
            postings = self.postings[span.kind]
            if after is not None and after[0] is not None and after[0][0] == span.kind:
                yield from self._walk_after(values, after[0], after[1])
            for value in values:
                posting = postings[value]
                if type(posting) is Many:
                    yield from posting.ids
                else:
                    yield posting
        if includes_absent:
            is_after = after is not None and after[0] is None
            yield from self.absent.after(after[1] if after is not None and is_after else None)

    def _walk_after(self, values: Iterator[Any], key: OrderKey, record_id: RecordId) -> Iterator[RecordId]:
        """Yield the ids of the first value; if it is the one given, only those after the given id."""
        for value in values:
            ids = self.find((key[0], value))
            yield from ids_after(ids, record_id) if value == key[1] else ids
            return

    def estimate(self, spans: Sequence[Span], *, includes_absent: bool = False) -> int:
        """Return about how many records `walk` would give. Cost: O(log n) for each span."""
        return sum(self._estimate(span) for span in spans) + (len(self.absent) if includes_absent else 0)

    def count(self, keys: Sequence[OrderKey]) -> int:
        """Return how many records have one of some values. Cost: O(1) each."""
        return sum([len(ids) for ids in self._found(keys)])

    def find_all(self, keys: Sequence[OrderKey]) -> Iterator[RecordId]:
        """Yield the ids of the records with one of some values. Cost: O(1) each; 0.1 µs for a value that none has."""
        return chain.from_iterable(self._found(keys))

    def _found(self, keys: Sequence[OrderKey]) -> Iterator[Sequence[RecordId]]:
        postings = self.postings
        return (_ids_in(posting) for kind, value in keys if (posting := postings[kind].get(value)) is not None)

    @property
    def size_bytes(self) -> int:
        """About the memory that the index takes. Cost: O(1)."""
        return self._held_bytes + self.absent.size_bytes

    def pieces(self) -> list[Any]:
        return [*self.postings, *[values._lists for values in self.values], *self.absent.pieces()]

    def copy(self) -> Self:
        """Return a copy that shares the postings until one of them changes. Cost: O(values), 10 ns each."""
        twin = type(self)(self.field, is_sorted=self.is_sorted)
        twin.postings = [postings.copy() for postings in self.postings]
        twin.values = [values.copy() for values in self.values]
        twin.absent, twin.is_whole = self.absent.copy(), self.is_whole
        twin._owned, twin._held_bytes = set(), self._held_bytes
        twin._look_at, twin._value_bytes = self._look_at, self._value_bytes
        self._owned = set()  # a branch may go on with this one
        return twin

    def _add_to(self, posting: Any, key: OrderKey, record_id: RecordId) -> None:
        """Add an id to what is known of a value; nothing happens if it is there."""
        postings, value = self.postings[key[0]], key[1]
        if type(posting) is not Many:
            if posting != record_id:
                postings[value] = Many(overlook(sort_ids((posting, record_id))))
                self._held_bytes += MANY_BYTES + ID_BYTES[type(record_id)]
                if self._owned is not None:
                    self._owned.add(key)
        elif not holds(posting.ids, record_id):
            own = self._own(key, posting)
            ids = own.ids
            self._held_bytes += ID_BYTES[type(record_id)]
            if type(ids) is IdOrder:
                ids.add(record_id)
                return
            ids.insert(place_after(ids, record_id), record_id)
            if len(ids) > SHORT_POSTING:
                own.ids = IdOrder()
                own.ids.extend(ids)

    def _own(self, key: OrderKey, posting: Many) -> Many:
        """Return a posting that may be changed: itself, or a copy where another copy of the index shares it."""
        if self._owned is None or key in self._owned:
            return posting
        self._owned.add(key)
        own = self.postings[key[0]][key[1]] = Many(_copied(posting.ids))
        return own

    def _estimate(self, span: Span) -> int:
        values, postings = self.values[span.kind], self.postings[span.kind]
        low, high = _places(values, span)
        step = max(1, (high - low) // SAMPLE_VALUES)
        sample = [_size(postings[values[place]]) for place in range(low, max(low, high), step)]
        return sum(sample) * step


def _places(values: Ordered[Any], span: Span) -> tuple[int, int]:
    """Return where a stretch of values begins and ends."""
    low, high = 0, len(values)
    if span.low is not None:
        low = values.bisect_left(span.low) if span.includes_low else values.bisect_right(span.low)
    if span.high is not None:
        high = values.bisect_right(span.high) if span.includes_high else values.bisect_left(span.high)
    return low, high


def _ids_in(posting: Any) -> Sequence[RecordId]:
    """Return the ids of a posting, in order."""
    return posting.ids if type(posting) is Many else (posting,)


def _copied(ids: Any) -> Any:
    return ids.copy() if type(ids) is IdOrder else overlook(ids.copy())


def _size(posting: Any) -> int:
    return len(posting.ids) if type(posting) is Many else 1
