"""Fields that no record of a table has, known without a look at the records: every write keeps them so.

Somebody who looks for fields in all records has them watched first. A write that stores one of them takes it off;
what is still watched when all records were looked at is absent, until a write says otherwise. Knows nothing of tables;
see ``table.py`` for who tells of writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.paths import row_reader
from ramekin.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from ramekin.paths import FieldPath

MAX_WATCHED = 32
"""Fields that are watched in one table; each costs a write 0.1 µs. The one asked for least recently gives way."""


class Absences:
    """The watched fields of one table."""

    __slots__ = ("_read", "_used_s", "known", "watched")

    def __init__(self) -> None:
        self.known: frozenset[FieldPath] = frozenset()
        """Fields of which it is known that no record has them."""
        self.watched: dict[FieldPath, bool] = {}
        """The fields, each with whether all records were looked at."""
        self._used_s: dict[FieldPath, float] = {}
        self._read: Callable[[bytes], Sequence[Any]] | None = None

    def __len__(self) -> int:
        return len(self.watched)

    def are_known(self, path: FieldPath, now_s: float) -> bool:
        """Say whether it is known that no record has a field, and mark it as asked for now."""
        if path not in self.watched:
            return False
        self._used_s[path] = now_s
        return self.watched[path]

    def watch(self, paths: Iterable[FieldPath], now_s: float) -> None:
        """Begin to watch fields that are about to be looked for; others give way where they are too many."""
        for path in paths:
            self.watched.setdefault(path, False)
            self._used_s[path] = now_s
        for path in sorted(self._used_s, key=self._used_s.__getitem__)[: max(0, len(self.watched) - MAX_WATCHED)]:
            self._forget(path)
        self._renew()

    def settle(self, paths: Iterable[FieldPath]) -> None:
        """Take note that no record had some fields when all were looked at; those still watched are absent."""
        for path in paths:
            if path in self.watched:
                self.watched[path] = True
        self._renew()

    def note(self, body: bytes) -> None:
        """Take note of a body that is stored. Cost: O(length of the body)."""
        if self._read is not None:
            values = self._read(body)
            if any(value is not MISSING for value in values):
                for path, value in list(zip(self.watched, values, strict=True)):
                    if value is not MISSING:
                        self._forget(path)
                self._renew()

    def drop(self, paths: Iterable[FieldPath]) -> None:
        """Stop watching fields: some record has them."""
        for path in paths:
            if path in self.watched:
                self._forget(path)
        self._renew()

    def drop_idle(self, before_s: float) -> None:
        """Stop watching what nobody has asked for since a moment."""
        self.drop([path for path, used_s in self._used_s.items() if used_s < before_s])

    def clear(self) -> None:
        """Stop watching: the records are other ones."""
        self.watched.clear()
        self._used_s.clear()
        self._renew()

    def _forget(self, path: FieldPath) -> None:
        del self.watched[path], self._used_s[path]

    def _renew(self) -> None:
        self._read = row_reader(tuple(self.watched)) if self.watched else None
        self.known = frozenset(path for path, is_known in self.watched.items() if is_known)
