"""What finds records without a scan: the order of ids, and hash indexes of fields.

Both begin empty and are filled by `Table` while writes go on, so every method may be called twice with the same
record and changes nothing the second time. Knows nothing of tables; see ``table.py`` for how they stay in step.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from sortedcontainers import SortedList

from ramekin.paths import reader
from ramekin.storage.shared import Shared
from ramekin.values import join_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ramekin.definitions import RecordId
    from ramekin.paths import FieldPath
    from ramekin.values import JoinKey


class IdOrder(Shared):
    """The ids of a table in order: integers by value, then texts by code point.

    Cost: add and remove O(log n); a page of p ids after any id O(log n + p), also by offset.
    """

    __slots__ = ("integers", "is_ready", "texts")

    def __init__(self) -> None:
        super().__init__()
        self.integers: SortedList[int] = SortedList()
        self.texts: SortedList[str] = SortedList()
        self.is_ready = False

    def add(self, record_id: RecordId) -> None:
        ids = self._ids(record_id)
        if record_id not in ids:
            ids.add(record_id)

    def remove(self, record_id: RecordId) -> None:
        self._ids(record_id).discard(record_id)

    def after(self, record_id: RecordId | None) -> Iterator[RecordId]:
        """Yield the ids behind the given one, which need not exist; all of them for None."""
        if record_id is None or isinstance(record_id, int):
            yield from self.integers.irange(record_id, inclusive=(False, False))
            yield from self.texts
        else:
            yield from self.texts.irange(record_id, inclusive=(False, False))

    def from_offset(self, offset: int) -> Iterator[RecordId]:
        """Yield the ids from a position on."""
        yield from self.integers.islice(offset)
        yield from self.texts.islice(max(0, offset - len(self.integers)))

    def copy(self) -> Self:
        twin = type(self)()
        twin.integers, twin.texts = self.integers.copy(), self.texts.copy()
        twin.is_ready = self.is_ready
        return twin

    def _ids(self, record_id: RecordId) -> SortedList[RecordId]:
        return self.integers if isinstance(record_id, int) else self.texts


class HashIndex(Shared):
    """The keys of the records that have a value in one field, by that value's join key.

    A posting is a bare key until a second one arrives, then a set: 31 bytes a record instead of 258 where values are
    unique (CPython 3.11, November 2026). Records whose field is missing, null, an array or an object are not in it.

    Cost: add, remove and look up O(length of the body) and O(1) in the number of records.
    """

    __slots__ = ("is_ready", "ordered", "path", "postings", "read")

    def __init__(self, path: FieldPath) -> None:
        super().__init__()
        self.path = path
        self.read: Callable[[bytes], object] = reader(path)
        self.postings: dict[JoinKey, str | set[str]] = {}
        self.ordered: dict[JoinKey, list[str]] = {}
        """Long postings in id order, as a reader has left them here; gone when the posting changes."""
        self.is_ready = False

    def add(self, key: str, body: bytes) -> None:
        value = join_key(self.read(body))
        if value is None:
            return
        posting = self.postings.setdefault(value, key)
        if isinstance(posting, set):
            posting.add(key)
            self.ordered.pop(value, None)
        elif posting != key:
            self.postings[value] = {posting, key}

    def remove(self, key: str, body: bytes) -> None:
        value = join_key(self.read(body))
        posting = None if value is None else self.postings.get(value)
        if isinstance(posting, set):
            self.ordered.pop(value, None)  # type: ignore[arg-type]  # None has no posting
            posting.discard(key)
            if len(posting) == 1:
                self.postings[value] = posting.pop()  # type: ignore[index]  # likewise
        elif posting == key:
            del self.postings[value]  # type: ignore[arg-type]  # likewise

    def find(self, value: JoinKey) -> list[str]:
        """Return the keys of the records with this value, in no order."""
        posting = self.postings.get(value)
        if posting is None:
            return []
        return [posting] if isinstance(posting, str) else list(posting)

    def size_bytes(self) -> int:
        """Return an estimate of the memory that the index takes, from at most 1,000 postings. Cost: O(1)."""
        sample = [posting for _, posting in zip(range(1000), self.postings.values(), strict=False)]
        sets = sum(sys.getsizeof(posting) for posting in sample if isinstance(posting, set))
        return sys.getsizeof(self.postings) + (sets * len(self.postings) // len(sample) if sample else 0)

    def copy(self) -> Self:
        twin = type(self)(self.path)
        twin.postings = {v: posting if type(posting) is str else set(posting) for v, posting in self.postings.items()}
        twin.ordered = self.ordered.copy()
        twin.is_ready = self.is_ready
        return twin
