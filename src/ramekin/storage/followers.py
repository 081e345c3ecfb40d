"""What orders and indexes have still to follow: many changes at once, taken in short steps.

The promise: a step of many changes is as short as its dictionary allows, and what finds records never shows others than
the dictionary has.

How it works: what is behind is out of use, as if it were being built. Of each change it takes out the value that the
record had before, and puts in the one that it has now, which may be a later one: single writes that come meanwhile are
noted at once, and all of this may be done twice. A value that stays is not touched.

Knows no tables; see ``indexed.py`` for who falls behind, and ``engine/builds.py`` for who sees that it follows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ramekin.schema.fields import Field
from ramekin.storage.id_order import IdOrder
from ramekin.storage.records import Records, id_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ramekin.changes import Change
    from ramekin.storage.indexes import FieldIndex

Structure = tuple[Field, bool] | None
"""A field's index, with whether it is sorted; None is the order of ids."""

FEW = 50
"""Changes that one step follows: 0.5 ms."""


@dataclass(slots=True)
class _Missed:
    """Changes that some structures have still to follow."""

    changes: list[Change]
    followers: int = 0


class Followers:
    """The structures of one table that have changes to follow."""

    def __init__(self) -> None:
        self._missed: dict[Structure, deque[_Missed]] = {}

    def __iter__(self) -> Iterator[Structure]:
        return iter(self._missed)

    def __contains__(self, name: Structure) -> bool:
        return name in self._missed

    def fall(self, names: Iterable[Structure], changes: list[Change]) -> None:
        """Leave some changes to be followed by some structures. The list is emptied when all of them have."""
        missed = _Missed(changes)
        for name in names:
            self._missed.setdefault(name, deque()).append(missed)
            missed.followers += 1

    def forget(self, name: Structure) -> None:
        """Forget what a structure has to follow: it is given up, or built anew."""
        self._missed.pop(name, None)

    def follow(self, name: Structure, take: Callable[[Sequence[Change]], bool]) -> Iterator[None]:
        """Have a structure follow what it missed, in short steps.

        Args:
            take: has it follow some changes; False if it is not wanted any more.
        """
        missed = self._missed.get(name)
        while missed:
            part = missed.popleft()
            for start in range(0, len(part.changes), FEW):
                if not take(part.changes[start : start + FEW]):
                    return
                yield
            part.followers -= 1
            while part.changes and not part.followers:  # to free them all at once takes as long
                del part.changes[-FEW:]
                yield
        if self._missed.get(name) is missed:
            self.forget(name)


def follow(structure: IdOrder | FieldIndex, change: Change, records: Records) -> None:
    """Have an order or an index follow one change, of a record that may be another one again by now."""
    key, before, body = change.key, change.before, records.bodies.get(change.key)
    was = None if before is None else id_in(key, before)
    now = None if body is None else records.id_of(key)
    if isinstance(structure, IdOrder):
        structure.change(was, now)
        return
    if was is not None and before is not None:
        if body is not None and type(now) is type(was):
            structure.change(was, before, body)
            return
        structure.remove(was, before)
    if now is not None and body is not None:
        structure.add(now, body)
