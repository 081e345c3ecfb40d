"""Tables as they were at an earlier moment, where steps are kept somewhere.

In a journal it is one group of steps, of what differs: a kill leaves all of it or nothing, and in memory the tables
take back what they had in one short step. Records keep the order in which they were: where it is another one by now,
all records of that table are written.

    tables that were not there go ─► for each table: what differs, or all of it ─► its definition, if that differs

On nodes, which others write to meanwhile, it is several steps, each made from what stands at its moment, and all is
looked at again until nothing differs. Whoever looks in between sees the records of a table as they stood or as they
were: no table that stays is dropped or emptied on the way.

    tables that were not there go ─► definitions that differ go ─► records, in one step ─► the definitions that were

Knows no journal and no cluster; see ``embedded.py`` for tables that are in memory alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

from ramekin.changes import NO_DUES, Change, Defined, Dropped, Loaded, Step, Together, Written
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Making
from ramekin.engine.tables import Tables, drop_of
from ramekin.engine.work import Work
from ramekin.errors import Unavailable
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.storage.forks import Fork, differing, let_go, restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table


TRIES_IN_TURNS = 3
"""How often what differs is looked for in turns, between which others may write; then in one, however long it takes."""


async def restore_by_steps(engine: Engine, checkpoint: Catalog) -> None:
    """Have all tables of an engine that others write too as they are in a catalog.

    Raises as `Engine.apply`; Unavailable: others always write.
    """
    for attempt in range(MAX_ATTEMPTS):
        await _apply_each(engine, _loosenings(engine.tables, checkpoint))
        way = _WayBack(engine.tables, checkpoint)
        is_back = (back := await way.found_in_turns()) is None
        if back is not None and attempt < TRIES_IN_TURNS:
            await engine.apply(back)  # what others write meanwhile is found by another look
        elif back is not None:
            is_back = await engine.apply(way.found) is not None and way.is_whole
        changed = [*_changed(engine.tables.catalog, checkpoint)]
        await _apply_each(engine, [partial(_defining, engine.tables, then) for then in changed])
        if is_back and all(_is_defined(engine.tables, then) for then in _changed(engine.tables.catalog, checkpoint)):
            return
    raise Unavailable("Others write all the time; some tables may be as they were.")


class _WayBack:
    """The step that makes records what they are in a catalog; None where they are."""

    def __init__(self, tables: Tables, checkpoint: Catalog) -> None:
        self._tables, self._checkpoint = tables, checkpoint
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
        now, changes, work = Fork(self._tables.catalog), list[Change](), Work()
        try:
            for change in self._changes(now):
                self._take(change, changes)
                await work.rest()
        finally:
            let_go(now)
        return Written(changes) if changes else None

    def _changes(self, now: Catalog) -> Iterator[Change | None]:
        return _changes(now, self._checkpoint, self._tables.expirations.now_s())

    def _take(self, change: Change | None, changes: list[Change]) -> None:
        if change is not None:
            changes.append(change)
            if change.after is None and change.key in self._checkpoint.table(change.table).records.bodies:
                self.is_whole = False


async def _apply_each(engine: Engine, makings: Iterable[Making]) -> None:
    for making in makings:
        if making() is not None:
            await engine.apply(making)


def _loosenings(tables: Tables, checkpoint: Catalog) -> list[Making]:
    return [partial(_loosening, tables, checkpoint, name) for name in differing(tables.catalog, checkpoint)]


def _loosening(tables: Tables, checkpoint: Catalog, name: str) -> Step | None:
    """Make a table take any records, if it is to have others under another definition; drop one that was not there."""
    table, then = tables.catalog.find(name), checkpoint.find(name)
    if table is None or then is None:
        return None if table is None else drop_of(tables, name)
    if table.definition in (then.definition, NOTHING_DEFINED) or not _differs(tables, then):
        return None
    return Defined(name, NOTHING_DEFINED)


def _defining(tables: Tables, then: Table) -> Step | None:
    """Make the definition of a table what it was, once the records are: they satisfied it."""
    if _is_defined(tables, then) or _differs(tables, then):
        return None
    return Defined(then.name, then.definition)


def _is_defined(tables: Tables, then: Table) -> bool:
    table = tables.catalog.find(then.name)
    return table is not None and table.definition == then.definition


def _differs(tables: Tables, then: Table) -> bool:
    """Say whether the records of a table are others than they were."""
    table, now_s = tables.catalog.find(then.name), tables.expirations.now_s()
    return any(change is not None for change in _changes_of(table, then, now_s))


def _changes(now: Catalog, checkpoint: Catalog, now_s: int) -> Iterator[Change | None]:
    """Yield the changes of records that lead back, and None for each other record.

    What has become due since was not there.
    """
    for then in _changed(now, checkpoint):
        yield from _changes_of(now.find(then.name), then, now_s)


def _changed(now: Catalog, checkpoint: Catalog) -> Iterator[Table]:
    """Yield the tables of a checkpoint that may be others by now, or gone."""
    return (then for name in differing(now, checkpoint) if (then := checkpoint.find(name)) is not None)


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
            keeps_id = before is None or then.records.keeps_id(key, before)
            yield Change(then.name, key, before, body if keeps_id else None, due if keeps_id else None)


class Restoration:
    """What brings all tables back at once, while nobody else writes."""

    def __init__(self, tables: Tables, checkpoint: Catalog, step: Together) -> None:
        self._tables, self._checkpoint = tables, checkpoint
        self.step = step
        """What it comes to."""

    @classmethod
    async def prepared(cls, tables: Tables, checkpoint: Catalog) -> Self:
        """Find what differs, in short steps. Cost: O(records) of the tables that were written since."""
        now = Fork(tables.catalog)
        try:
            return cls(tables, checkpoint, Together(await _steps_back(now, checkpoint)))
        finally:
            let_go(now)

    def store(self) -> None:
        """Have the tables back. Cost: O(tables)."""
        stored = restore(self._tables.catalog, self._checkpoint)
        self._tables.history.tell(self._tables.catalog.revision, stored)


async def _steps_back(now: Catalog, checkpoint: Catalog) -> list[Step]:
    steps, work = list[Step](), Work()
    names, were, changed = dict.fromkeys(checkpoint.names()), now.names(), {*differing(now, checkpoint)}
    steps += [Dropped(name) for name in were if name not in names]
    standing = [name for name in were if name in names]
    is_in_place = True
    for place, name in enumerate(names):
        is_in_place = is_in_place and standing[place : place + 1] == [name]  # else it, and all behind, go last
        if is_in_place and name not in changed:
            continue
        then, table = checkpoint.table(name), now.find(name)
        if table is not None and not is_in_place:
            steps.append(Dropped(then.name))
            table = None
        changes = None if table is None else await _changes_in_order(table, then, work)
        if changes is None:
            dues = {then.name: then.records.dues}
            steps.append(Loaded({then.name: then.records.bodies}, emptied=(then.name,), dues=dues))
        elif changes:
            steps.append(Written(changes))
        if then.definition != (NOTHING_DEFINED if table is None else table.definition):
            steps.append(Defined(then.name, then.definition))
    return steps


async def _changes_in_order(table: Table, then: Table, work: Work) -> list[Change] | None:
    """Return the changes that lead a table's records back; None where they would stand in another order then."""
    if table.records is then.records:
        return []
    changes, was, due_now = list[Change](), then.records.bodies, table.records.dues.get
    left = iter(was.items())
    for key, body in table.records.bodies.items():
        if key not in was:
            changes.append(Change(then.name, key, body, None))
        else:
            wanted, before = next(left)
            if wanted != key:
                return None
            due = then.records.dues.get(key)
            if before != body or due != due_now(key):
                changes.append(Change(then.name, key, body, before, due))
        await work.rest()
    for key, before in left:
        changes.append(Change(then.name, key, None, before, then.records.dues.get(key)))
        await work.rest()
    return changes
