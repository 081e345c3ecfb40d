"""Tables as they were at an earlier moment, where steps are kept somewhere: what differs is asked for as steps.

    tables that were not there go ─► definitions that differ go ─► records, in one step ─► the definitions that were

Whoever looks in between, or finds what a kill left, sees the records of a table as they stood or as they were: no table
that stays is dropped or emptied on the way. Each step is made from what stands at its moment, and others may write
meanwhile, so all is looked at again until nothing differs. Knows no journal and no cluster; see ``embedded.py`` for
tables that are in memory alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ramekin.changes import NO_DUES, Change, Defined, Dropped, Written
from ramekin.engine.base import MAX_ATTEMPTS
from ramekin.engine.work import Work
from ramekin.errors import Unavailable
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.storage.forks import fork, let_go

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ramekin.changes import Step
    from ramekin.engine.base import Engine, Making
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table


TRIES_IN_TURNS = 3
"""How often what differs is looked for in turns, between which others may write; then in one, however long it takes."""


class BySteps:
    """What engines have whose steps are kept."""

    async def restore(self: Engine, kept: Catalog) -> None:
        """Have all tables as they are in a catalog. Raises as `Engine.apply`; Unavailable: others always write."""
        for attempt in range(MAX_ATTEMPTS):
            await _apply_each(self, _loosenings(self, kept))
            way = _WayBack(self, kept)
            is_back = (back := await way.found_in_turns()) is None
            if back is not None and attempt < TRIES_IN_TURNS:
                await self.apply(back)  # what others write meanwhile is found by another look
            elif back is not None:
                is_back = await self.apply(way.found) is not None and way.is_whole
            await _apply_each(self, [partial(_defining, self, then) for then in kept])
            if is_back and all(_is_defined(self, then) for then in kept):
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


async def _apply_each(engine: Engine, makings: Iterable[Making]) -> None:
    for making in makings:
        if making() is not None:
            await engine.apply(making)


def _loosenings(engine: Engine, kept: Catalog) -> list[Making]:
    return [partial(_loosening, engine, kept, table.name) for table in engine.tables.catalog]


def _loosening(engine: Engine, kept: Catalog, name: str) -> Step | None:
    """Make a table take any records, if it is to have others under another definition; drop one that was not there."""
    table, then = engine.tables.catalog.find(name), kept.find(name)
    if table is None or then is None:
        return None if table is None else Dropped(name)
    if table.definition in (then.definition, NOTHING_DEFINED) or not _differs(engine, then):
        return None
    return Defined(name, NOTHING_DEFINED)


def _defining(engine: Engine, then: Table) -> Step | None:
    """Make the definition of a table what it was, once the records are: they satisfied it."""
    if _is_defined(engine, then) or _differs(engine, then):
        return None
    return Defined(then.name, then.definition)


def _is_defined(engine: Engine, then: Table) -> bool:
    table = engine.tables.catalog.find(then.name)
    return table is not None and table.definition == then.definition


def _differs(engine: Engine, then: Table) -> bool:
    """Say whether the records of a table are others than they were."""
    table, now_s = engine.tables.catalog.find(then.name), engine.tables.expirations.now_s()
    return any(change is not None for change in _changes_of(table, then, now_s))


def _changes(now: Catalog, kept: Catalog, now_s: int) -> Iterator[Change | None]:
    """Yield the changes of records that lead back, and None for each other record.

    What has become due since was not there.
    """
    for then in kept:
        yield from _changes_of(now.find(then.name), then, now_s)


def _changes_of(table: Table | None, then: Table, now_s: int) -> Iterator[Change | None]:
    if table is not None and table.records is then.records:
        return
    was, stands = then.records.bodies, {} if table is None else table.records.bodies
    due_now = (NO_DUES if table is None else table.records.dues).get
    for key, body in stands.items():
        yield Change(then.name, key, body, None) if key not in was or then.is_due(key, now_s) else None
    for key, body in was.items():
        before, due = stands.get(key), then.records.dues.get(key)
        if (before == body and due_now(key) == due) or then.is_due(key, now_s):
            yield None
        else:
            keeps_id = before is None or then.keeps_id(key, before)
            yield Change(then.name, key, before, body if keeps_id else None, due if keeps_id else None)
