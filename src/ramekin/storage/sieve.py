"""Which records of a cache give way: SIEVE, a queue in the order in which they came, and a hand that goes through it.

    oldest ... v . v . . v ... newest      v: read or written again since the hand came by
                  ^ hand ->               it takes out the first record without a v, and wipes each v that it meets

A record that nobody asks for is out after one round, one that is asked for once a round stays; nothing moves when a
record is read, so a read costs one bit. Behind the newest the hand begins again at the oldest.

Source: Zhang, Yang, Yue, Vigfusson and Rashmi, "SIEVE is Simpler than LRU: an Efficient Turn-Key Eviction Algorithm for
Web Caches", NSDI 2024, algorithm 1. Beyond it: what one step writes does not give way to itself, and a look that takes
long takes a record although it has a v.

Until the first record gives way the queue is the order of the table's own dictionary, and nothing is kept for it. Knows
no bodies and no limits; see ``bounded.py`` for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.storage.memory import QUEUED_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PATIENCE = 2000
"""Records with a v that one look passes by at the most: 2 ms."""

LISTED = 1000
"""Records that are put in the queue at once, when the hand first comes to them."""

END = ""
"""Stands before the oldest and behind the newest; no record has that key."""


class Sieve:
    """The queue of one table, and what was read of it."""

    def __init__(self) -> None:
        self.hits = self.misses = 0
        """Reads of single records that found one, and that found none."""
        self.evicted = 0
        """Records that gave way."""
        self._visited: set[str] = set()
        self._written: dict[str, None] = {}  # by the step that is under way, in order
        self.forget()

    def forget(self) -> None:
        """Begin anew: the table's records are others. Which were read is known on."""
        self._newer, self._older = {END: END}, {END: END}
        self._hand = self._last_listed = END
        self._unlisted: list[str] | None = (
            None  # what the table held at first and the hand has not come to, newest first
        )
        self._written.clear()

    @property
    def size_bytes(self) -> int:
        """What the queue takes."""
        return (len(self._newer) - 1) * QUEUED_BYTES

    def look(self, key: str, body: bytes | None) -> None:
        """Take note of a read, and of what it found. Cost: O(1)."""
        if body is None:
            self.misses += 1
        else:
            self.hits += 1
            self._visited.add(key)

    def write(self, key: str, *, is_new: bool) -> int:
        """Take note of a write, and return by how many bytes the queue has grown. Cost: O(1)."""
        self._written[key] = None
        if not is_new:
            self._visited.add(key)
        elif self._unlisted is not None:
            self._put(key, self._older[END])
            return QUEUED_BYTES
        return 0

    def remove(self, key: str) -> int:
        """Take note that a record is gone, and return the bytes that the queue has grown: less than 0. Cost: O(1)."""
        self._visited.discard(key)
        self._written.pop(key, None)
        if key not in self._newer:
            return 0
        older, newer = self._older.pop(key), self._newer.pop(key)
        self._newer[older], self._older[newer] = newer, older
        if self._hand == key:
            self._hand = newer
        if self._last_listed == key:
            self._last_listed = older
        return -QUEUED_BYTES

    def end_step(self) -> None:
        """Let what was written give way from now on: the step is over."""
        self._written.clear()

    def victims(self, keys: Collection[str]) -> Iterator[str]:
        """Yield which records give way, one after the other; whoever takes one removes it before the next look.

        First those that the step under way has not written, then its own, as they came.

        Args:
            keys: those of all records, as they came.

        Cost: O(1) each, and what is passed by, `PATIENCE` at the most.
        """
        if self._unlisted is None:
            self._unlisted = [*keys]
            self._unlisted.reverse()  # in place: a third of what another list takes
            if len(self._visited) > len(keys):  # many went at once, and were not looked for here
                self._visited.intersection_update(keys)
        chosen, patience = set[str](), PATIENCE
        while len(chosen) < len(keys) - len(self._written) and (key := self._step(keys)) != END:
            if key in chosen:
                continue
            if key in self._visited and patience:
                self._visited.remove(key)
                patience -= 1
            else:
                chosen.add(key)
                yield key
        yield from [*self._written]

    def _step(self, keys: Collection[str]) -> str:
        """Return the key under the hand and move on; not one that the step under way has written. END: none is left."""
        for _ in range(2):
            key = self._behind(END, keys) if self._hand == END else self._past_written(self._hand, keys)
            if key != END:
                self._hand = self._behind(key, keys)
                return key
            self._hand = END  # and once more from the oldest
        return END

    def _behind(self, key: str, keys: Collection[str]) -> str:
        """Return the next newer key that the step under way has not written; END: none is."""
        return self._past_written(self._next(key, keys), keys)

    def _past_written(self, key: str, keys: Collection[str]) -> str:
        while key in self._written:
            key = self._next(key, keys)
        return key

    def _next(self, key: str, keys: Collection[str]) -> str:
        if key == self._last_listed and self._unlisted:
            self._list(keys)
        return self._newer[key]

    def _list(self, keys: Collection[str]) -> None:
        """Put the next records in the queue that the table held at first."""
        count, unlisted = 0, self._unlisted
        while unlisted and count < LISTED:
            key = unlisted.pop()
            if key in keys and key not in self._newer:  # else it is gone, or came again since
                self._put(key, self._last_listed)
                self._last_listed = key
                count += 1

    def _put(self, key: str, older: str) -> None:
        newer = self._newer[older]
        self._newer[older], self._older[newer] = key, key
        self._newer[key], self._older[key] = newer, older
