"""When records are due: the second in which each one is, and which come next.

A record that has no due time is not here, and costs nothing. Knows no clock and no bodies; see ``records.py`` for due
times by key, ``table.py`` for who keeps both in step, and ``engine/expirations.py`` for who takes out what is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from sortedcontainers import SortedList

from ramekin.storage.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable


class Expiry(Shared):
    """The keys of one table's records that have a due time, by second.

    A second has a dictionary of keys, for its order and since a key leaves as cheaply as it comes: a session that is
    written a thousand times an hour stands here once.
    """

    __slots__ = ("_keys", "_line", "_line_s", "_seconds")

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[int, dict[str, None]] = {}
        self._seconds: SortedList[int] = SortedList()
        self._line, self._line_s = list[str](), 0  # the keys of one second, from which those that are gone are taken

    @property
    def first_s(self) -> int | None:
        """The second in which the next record is due; None: none ever is. Cost: O(1)."""
        return self._seconds[0] if self._seconds else None

    def note(self, key: str, was: int | None, due: int | None) -> None:
        """Take note of when a record was due, and is now. Cost: O(1), O(log n) for the first or last of a second."""
        if was is not None:
            keys = self._keys[was]
            del keys[key]
            if not keys:
                del self._keys[was]
                self._seconds.remove(was)
        if due is not None:
            if due not in self._keys:
                self._keys[due] = {}
                self._seconds.add(due)
            self._keys[due][key] = None

    def take(self, others: Expiry) -> None:
        """Take all that another one has, none of which is here. Cost: O(seconds), and little for a record."""
        for due, keys in others._keys.items():
            if due in self._keys:
                self._keys[due].update(keys)
            else:
                self._keys[due] = keys
                self._seconds.add(due)

    def due(self, now_s: int, most: int) -> list[str]:
        """Return keys of records that are due, so many at the most, those of the earliest seconds.

        Cost: O(most); once for each second, and little, for each of its keys.
        """
        found: list[str] = []
        for second in self._seconds:
            if second > now_s or len(found) == most:
                break
            found += self._some(second, most - len(found))
        return found

    def _some(self, second: int, most: int) -> list[str]:
        """Return keys of one second.

        A dictionary remembers the places of what has left it, so to begin anew with its first key is slow when many
        have. The last ones of a list are at hand.
        """
        keys = self._keys[second]
        if self._line_s != second:
            self._line, self._line_s = list(keys), second
        while self._line and self._line[-1] not in keys:
            self._line.pop()
        if not self._line:
            self._line = list(keys)  # they came later
        return [key for key in self._line[-most:] if key in keys]

    def copy(self) -> Self:
        twin = type(self)()
        twin._keys = {second: keys.copy() for second, keys in self._keys.items()}
        twin._seconds = self._seconds.copy()
        return twin

    def pieces(self) -> list[Any]:
        return [*self._keys.values()]


class Perishable(Protocol):
    """A table with records that have a due time."""

    name: str
    expiry: Expiry


class Expiring:
    """The tables of a catalog that have records with a due time. While there are none, nobody has anything to do."""

    def __init__(self) -> None:
        self.tables: dict[Perishable, None] = {}
        self._when_any: Callable[[], None] = lambda: None

    def report(self, when_any: Callable[[], None]) -> None:
        """Call something when a table has its first record with a due time."""
        self._when_any = when_any

    def note(self, table: Perishable, *, is_any: bool) -> None:
        """Take note of whether a table has such records. Cost: O(1)."""
        if not is_any:
            self.tables.pop(table, None)
        elif table not in self.tables:
            self.tables[table] = None
            self._when_any()
