"""Tables as they were at an earlier moment, where steps are kept somewhere: what differs is asked for as steps.

Tables whose definitions differ are dropped and defined anew first, each by itself; then all records are what they were
in one step, which fits only what it was computed from. Knows no journal and no cluster; see ``embedded.py`` for tables
that are in memory alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Change, Defined, Dropped, Written
from ramekin.engine.base import MAX_ATTEMPTS
from ramekin.engine.work import Work
from ramekin.errors import Unavailable
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.storage.forks import fork, let_go

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ramekin.changes import Step
    from ramekin.engine.base import Engine
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table


TRIES_IN_TURNS = 3
"""How often what differs is looked for in turns, between which others may write; then in one, however long it takes."""


class BySteps:
    """What engines have whose steps are kept."""

    async def restore(self: Engine, kept: Catalog) -> None:
        """Have all tables as they are in a catalog. Raises as `Engine.apply`; Unavailable: others always write."""
        for attempt in range(MAX_ATTEMPTS):
            for step in _definitions(self.tables.catalog, kept):
                await self.apply(step)
            way = _WayBack(self, kept)
            if (back := await way.found_in_turns()) is None:
                return
            if attempt < TRIES_IN_TURNS:
                await self.apply(back)  # what others write meanwhile is found by another look
            elif await self.apply(way.found) is not None and way.is_whole:
                return
        raise Unavailable("Others write all the time; some tables may be as they were.")


class _WayBack:
    """The step that makes records what they are in a catalog; None where they are."""

    def __init__(self, engine: Engine, kept: Catalog) -> None:
        self._tables, self._kept = engine.tables, kept
        self.is_whole = True
        """Whether that step is all; a record whose id has another type by now is deleted first, by itself."""

    def found(self) -> Written | None:
        """Find it from what stands at the moment."""
        changes, self.is_whole = list[Change](), True
        for change in self._changes(self._tables.catalog):
            self._take(change, changes)
        return Written(changes) if changes else None

    async def found_in_turns(self) -> Written | None:
        """Find it from what stood when it was asked for."""
        now, changes, work = fork(self._tables.catalog), list[Change](), Work()
        try:
            for change in self._changes(now):
                self._take(change, changes)
                await work.rest()
        finally:
            let_go(now)
        return Written(changes) if changes else None

    def _changes(self, now: Catalog) -> Iterator[Change | None]:
        return _changes(now, self._kept, self._tables.expirations.now_s())

    def _take(self, change: Change | None, changes: list[Change]) -> None:
        if change is not None:
            changes.append(change)
            if change.after is None and change.key in self._kept.table(change.table).records.bodies:
                self.is_whole = False


def _definitions(now: Catalog, kept: Catalog) -> Iterator[Step]:
    """Yield what makes the definitions of tables what they were."""
    for table in list(now):
        then = kept.find(table.name)
        if then is None or then.definition != table.definition:
            yield Dropped(table.name)
    for then in kept:
        if now.find(then.name) is None:
            yield Defined(then.name, then.definition or NOTHING_DEFINED)


def _changes(now: Catalog, kept: Catalog, now_s: int) -> Iterator[Change | None]:
    """Yield the changes of records that lead back, and None for each other record.

    What has become due since was not there.
    """
    for then in kept:
        table = now.find(then.name)
        if table is not None and table.records is not then.records:
            yield from _changes_of(table, then, now_s)


def _changes_of(table: Table, then: Table, now_s: int) -> Iterator[Change | None]:
    was, stands, due_now = then.records.bodies, table.records.bodies, table.records.dues.get
    for key, body in stands.items():
        yield Change(table.name, key, body, None) if key not in was or then.is_due(key, now_s) else None
    for key, body in was.items():
        before, due = stands.get(key), then.records.dues.get(key)
        if (before == body and due_now(key) == due) or then.is_due(key, now_s):
            yield None
        else:
            keeps_id = before is None or then.keeps_id(key, before)
            yield Change(table.name, key, before, body if keeps_id else None, due if keeps_id else None)
