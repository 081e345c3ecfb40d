"""Traits that are sought in records: those that one record has, at the cost of that record, however many are sought.

    sought: a, b.c, b.0        a record: {"id": 1, "b": {"c": 5}}

        + a                    the names that both have are followed, and no others: b, and below it c;
        + b + c                what was found is taken out of the tree
            + 0

Knows no tables; see ``database/presence.py`` for who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.values.comparison import MISSING
from ramekin.values.paths import read_members, reader, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ramekin.schema.fields import Trait


class Sought:
    """Traits that were found in no record yet; it is true while there are any."""

    def __init__(self, traits: Sequence[Trait]) -> None:
        self._root = _Node()
        for trait in traits:
            self._root.add(trait)
        self._only = (traits[0].has, reader(traits[0].path)) if len(traits) == 1 else None

    def __bool__(self) -> bool:
        return not self._root.is_empty

    def take(self, body: bytes) -> list[Trait]:
        """Return those that a record has, and seek them no longer. Cost: O(length of the body)."""
        if self._only is not None:  # one member alone is decoded
            has, read = self._only
            if not has(read(body)):
                return []
        found: list[Trait] = []
        self._root.take(read_members(body), found)
        return found


class _Node:
    """Traits of one path, and those of the paths that lead on from it."""

    __slots__ = ("below", "traits")

    def __init__(self) -> None:
        self.traits: list[Trait] = []
        self.below: dict[str, _Node] = {}

    @property
    def is_empty(self) -> bool:
        return not self.traits and not self.below

    def add(self, trait: Trait) -> None:
        node = self
        for name in trait.path:
            node = node.below.setdefault(name, _Node())
        node.traits.append(trait)

    def take(self, value: object, found: list[Trait]) -> None:
        """Move the traits that a value has, and those that its parts have, into a list."""
        if self.traits:
            has = [trait.has(value) for trait in self.traits]
            found += [trait for trait, is_there in zip(self.traits, has, strict=True) if is_there]
            self.traits = [trait for trait, is_there in zip(self.traits, has, strict=True) if not is_there]
        for name in self._names_in(value) if self.below else ():
            node = self.below[name]
            node.take(walk(value, (name,)), found)
            if node.is_empty:
                del self.below[name]

    def _names_in(self, value: Any) -> Iterable[str]:
        """Return the names, sought below, that a value has too. Cost: O(the fewer of both)."""
        if isinstance(value, dict):
            return self.below.keys() & value.keys()
        if not isinstance(value, list):
            return ()
        places = map(str, range(len(value))) if len(value) < len(self.below) else list(self.below)
        return [name for name in places if name in self.below and walk(value, (name,)) is not MISSING]
