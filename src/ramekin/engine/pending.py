"""What is queued for the journal and not yet applied: what the next write is checked against.

Readers never look here. Knows no journal and no event loop; see ``journaled.py`` for who keeps it.
"""

from __future__ import annotations

from collections import Counter, deque
from sys import maxsize
from typing import TYPE_CHECKING, Self

from ramekin.schema.fields import Field, join_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ramekin.changes import Change
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.watch import TableWatch
    from ramekin.values.comparison import JoinKey

_NONE: dict[str, Change] = {}


class Pending:
    """Changes that wait for their commit.

    Guarantee: `add` and `remove` are called with the same changes, in the same order; `add` never with none.
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Change]] = {}  # by table and key, the change that was queued last
        self._values: Counter[tuple[str, Field, JoinKey]] = Counter()  # values that unique fields will have
        self._grown: deque[int] = deque()  # what each step will add to the tables' memory

    def standing(self, catalog: Catalog, table: str, key: str) -> tuple[bytes | None, int | None]:
        """Return a record's body and due time as they will be. Cost: O(1)."""
        if self._last and (change := self._last.get(table, _NONE).get(key)) is not None:
            return change.after, change.due
        found = catalog.find(table)
        return (None, None) if found is None else (found.records.bodies.get(key), found.records.dues.get(key))

    def keys(self, table: str) -> Collection[str]:
        """Return the keys of a table's records that are about to change. Cost: O(1)."""
        return self._last.get(table, ())

    def others(self, changes: Sequence[Change]) -> list[Change]:
        """Return those of some changes whose records are not about to change. Cost: O(changes)."""
        return [change for change in changes if change.key not in self.keys(change.table)]

    def takes(self, catalog: Catalog, changes: Sequence[Change]) -> bool:
        """Say whether a change would give a unique field a value that is on its way to another record."""
        return bool(self._values) and any(value in self._values for value in _values(catalog, changes))

    def add(self, catalog: Catalog, changes: Sequence[Change]) -> None:
        """Take changes that were queued; they hold room for what they add until they are applied, or refused.

        A new table counts for each of those that would make it: too much, for as long as the first of them waits.
        """
        self._grown.append(max(0, catalog.growth(changes)))
        catalog.memory.reserved_bytes += self._grown[-1]
        for change in changes:
            self._last.setdefault(change.table, {})[change.key] = change
        self._values.update(_values(catalog, changes))

    def remove(self, catalog: Catalog, changes: Sequence[Change]) -> None:
        """Let go of changes that are applied."""
        if changes:  # a step of none only marks a place in the journal, and was never added
            catalog.memory.reserved_bytes -= self._grown.popleft()
        for change in changes:
            of_table = self._last.get(change.table, {})
            if of_table.get(change.key) is change:
                del of_table[change.key]
                if not of_table:
                    del self._last[change.table]
        if self._values:
            self._values.subtract(_values(catalog, changes))
            self._values += Counter()  # forgets what is nobody's any more

    def clear(self, catalog: Catalog) -> None:
        """Let go of everything: it was refused."""
        catalog.memory.reserved_bytes -= sum(self._grown)
        self._grown.clear()
        self._last.clear()
        self._values.clear()


class PendingWatch:
    """A watch that tells records as the next step finds them: also those that are pending, and may be refused yet."""

    def __init__(self, watch: TableWatch, pending: Pending, table: str, ahead: Callable[[str], bytes | None]) -> None:
        self._watch, self._pending, self._table, self._ahead = watch, pending, table, ahead
        self._told = dict[str, None]()  # records that were pending

    @property
    def is_over(self) -> bool:
        return self._watch.is_over

    @property
    def count(self) -> int:
        return self._watch.count

    def take(self, most: int = maxsize) -> dict[str, bytes | None]:
        if most < maxsize:
            return {key: self._ahead(key) for key in self._watch.take(most)}
        self._told.update(dict.fromkeys(self._pending.keys(self._table)))
        return self._watch.take() | {key: self._ahead(key) for key in self._told}

    def __enter__(self) -> Self:
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.__exit__()


def _values(catalog: Catalog, changes: Sequence[Change]) -> Iterator[tuple[str, Field, JoinKey]]:
    for change in changes:
        table = catalog.find(change.table)
        if table is None or not table.definition.unique or change.after is None:
            continue
        for field in table.unique_fields:
            key = join_reader(field)(change.after)
            if key is not None:
                yield change.table, field, key
