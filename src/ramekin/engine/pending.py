"""What is queued for the journal and not yet applied: what the next write is checked against.

Readers never look here. Knows no journal and no event loop; see ``durable.py`` for who keeps it.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from ramekin.schema.fields import join_reader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ramekin.changes import Change
    from ramekin.schema.fields import Field
    from ramekin.storage.catalog import Catalog
    from ramekin.values.keys import JoinKey

Place = tuple[str, str]


class Pending:
    """Changes that wait for their commit.

    Guarantee: `add` and `remove` are called with the same changes, in the same order; `add` never with none.
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Change]] = {}  # by table and key, the change that was queued last
        self._values: Counter[tuple[str, Field, JoinKey]] = Counter()  # values that unique fields will have
        self._grown: deque[int] = deque()  # what each step will add to the tables' memory

    def bodies(self, catalog: Catalog, places: Sequence[Place]) -> list[bytes | None]:
        """Return the bodies of records as they will be. Cost: O(places)."""
        last, find = self._last, catalog.find
        found = []
        for name, key in places:
            if name in last and key in last[name]:
                found.append(last[name][key].after)
            else:
                table = find(name)
                found.append(None if table is None else table.get(key))
        return found

    def keys(self, table: str) -> Collection[str]:
        """Return the keys of a table's records that are about to change. Cost: O(1)."""
        return self._last.get(table, ())

    def takes(self, catalog: Catalog, changes: Sequence[Change]) -> bool:
        """Say whether a change would give a unique field a value that is on its way to another record."""
        return bool(self._values) and any(value in self._values for value in _values(catalog, changes))

    def add(self, catalog: Catalog, changes: Sequence[Change], grown_bytes: int = 0) -> None:
        """Take changes that were queued; they hold room for what they add until they are applied, or refused.

        A new table counts for each of those that would make it: too much, for as long as the first of them waits.
        """
        self._grown.append(max(0, grown_bytes))
        catalog.memory.held_bytes += self._grown[-1]
        for change in changes:
            self._last.setdefault(change.table, {})[change.key] = change
        self._values.update(_values(catalog, changes))

    def remove(self, catalog: Catalog, changes: Sequence[Change]) -> None:
        """Let go of changes that are applied."""
        if changes:  # a step of none only marks a place in the journal, and was never added
            catalog.memory.held_bytes -= self._grown.popleft()
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
        catalog.memory.held_bytes -= sum(self._grown)
        self._grown.clear()
        self._last.clear()
        self._values.clear()


def _values(catalog: Catalog, changes: Sequence[Change]) -> Iterator[tuple[str, Field, JoinKey]]:
    for change in changes:
        table = catalog.find(change.table)
        if table is None or not table.definition.unique or change.after is None:
            continue
        for field in table.unique_fields:
            key = join_reader(field)(change.after)
            if key is not None:
                yield change.table, field, key
