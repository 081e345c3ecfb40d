"""Fields, and kinds of values in fields, that no record of a table has: known without a look at the records.

Whoever looks for such traits in all records has them watched first. A write that stores one of them ends its watch. So
a trait that was watched all the time while all records were looked at is absent, until a write stores it. Two may look
at once: a watch that began after a look did proves nothing to that look. Knows nothing of tables; see ``table.py`` for
who tells of writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin.values.paths import FieldPath, row_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from ramekin.schema.fields import Trait

MAX_WATCHED = 32
"""Traits that are watched in one table; each costs a write 0.1 µs. The one asked for least recently is forgotten."""


@dataclass(slots=True)
class _Watched:
    """A trait that is watched."""

    look: int
    """The look with which the watch began."""
    used_s: float
    is_known: bool = False
    """Whether all records were looked at."""


class Absences:
    """The watched traits of one table."""

    __slots__ = ("_looks", "_read", "known", "watched")

    def __init__(self) -> None:
        self.known: frozenset[FieldPath] = frozenset()
        """Fields of which it is known that no record has them."""
        self.watched: dict[Trait, _Watched] = {}
        self._looks = 0
        self._read: Callable[[bytes], Sequence[Any]] | None = None

    def __len__(self) -> int:
        return len(self.watched)

    def are_known(self, trait: Trait, now_s: float) -> bool:
        """Say whether it is known that no record has a trait, and mark it as asked for now."""
        if (watched := self.watched.get(trait)) is None:
            return False
        watched.used_s = now_s
        return watched.is_known

    def watch(self, traits: Iterable[Trait], now_s: float) -> int:
        """Begin to watch traits that are about to be looked for, and return the number of this look.

        Where there are too many, the oldest are forgotten.
        """
        self._looks += 1
        for trait in traits:
            self.watched.setdefault(trait, _Watched(self._looks, now_s)).used_s = now_s
        by_age = sorted(self.watched, key=lambda trait: self.watched[trait].used_s)
        for trait in by_age[: max(0, len(self.watched) - MAX_WATCHED)]:
            del self.watched[trait]
        self._renew()
        return self._looks

    def confirm(self, traits: Iterable[Trait], look: int) -> None:
        """Take note that a look at all records found none of some traits; those watched ever since are absent."""
        for trait in traits:
            if (watched := self.watched.get(trait)) is not None and watched.look <= look:
                watched.is_known = True
        self._renew()

    def note(self, body: bytes) -> None:
        """Take note of a body that is stored. Cost: O(length of the body)."""
        if self._read is not None:
            values = self._read(body)
            self.drop([trait for trait, value in zip(self.watched, values, strict=True) if trait.has(value)])

    def drop(self, traits: Collection[Trait]) -> None:
        """Stop watching traits: some record has them."""
        for trait in traits:
            self.watched.pop(trait, None)
        if traits:
            self._renew()

    def drop_idle(self, before_s: float) -> None:
        """Stop watching what nobody has asked for since a moment."""
        self.drop([trait for trait, watched in self.watched.items() if watched.used_s < before_s])

    def clear(self) -> None:
        """Stop watching: the records are other ones."""
        self.watched.clear()
        self._renew()

    def _renew(self) -> None:
        self._read = row_reader(tuple(trait.path for trait in self.watched)) if self.watched else None
        known = [trait.path for trait, watched in self.watched.items() if watched.is_known and not trait.kinds]
        self.known = frozenset(known)
