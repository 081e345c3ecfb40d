"""Tables as they were at an earlier moment, where steps are kept somewhere: what differs is asked for as steps.

Tables whose definitions differ are dropped and defined anew first, each by itself; then all records are what they were
in one step, which fits only what it was computed from. Knows no journal and no cluster; see ``embedded.py`` for tables
that are in memory alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ramekin.changes import Change, Defined, Dropped, Written
from ramekin.engine.base import MAX_ATTEMPTS
from ramekin.errors import Unavailable
from ramekin.schema.definition import NOTHING_DEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ramekin.changes import Step
    from ramekin.engine.base import Engine
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table


class BySteps:
    """What engines have whose steps are kept."""

    async def restore(self: Engine, kept: Catalog) -> None:
        """Have all tables as they are in a catalog. Raises as `Engine.apply`; Unavailable: others always write."""
        for _ in range(MAX_ATTEMPTS):
            for step in _definitions(self.tables.catalog, kept):
                await self.apply(step)
            if _making(self, kept) is None:
                return
            await self.apply(partial(_making, self, kept))
        raise Unavailable("Others write all the time; some tables may be as they were.")


def _definitions(now: Catalog, kept: Catalog) -> Iterator[Step]:
    """Yield what makes the definitions of tables what they were."""
    for table in list(now):
        then = kept.find(table.name)
        if then is None or then.definition != table.definition:
            yield Dropped(table.name)
    for then in kept:
        if now.find(then.name) is None:
            yield Defined(then.name, then.definition or NOTHING_DEFINED)


def _making(engine: Engine, kept: Catalog) -> Step | None:
    """Return the step that makes the records what they were, from what stands at the moment; None for none."""
    changes = list(_changes(engine.tables.catalog, kept, engine.tables.expirations.now_s()))
    return Written(changes) if changes else None


def _changes(now: Catalog, kept: Catalog, now_s: int) -> Iterator[Change]:
    """Yield the changes of records that lead back. One whose id has another type by now is deleted first, by itself."""
    for then in kept:
        table = now.find(then.name)
        if table is not None and table.records is not then.records:
            yield from _changes_of(table, then, now_s)


def _changes_of(table: Table, then: Table, now_s: int) -> Iterator[Change]:
    """Yield the changes of one table's records; what has become due since was not there."""
    was, stands, due_now = then.records.bodies, table.records.bodies, table.records.dues.get
    if then.records.dues:
        was = {key: body for key, body in was.items() if not then.is_due(key, now_s)}
    for key in stands.keys() - was.keys():
        yield Change(table.name, key, stands[key], None)
    for key, body in was.items():
        before, due = stands.get(key), then.records.dues.get(key)
        if before != body or due_now(key) != due:
            keeps_id = before is None or then.keeps_id(key, before)
            yield Change(table.name, key, before, body if keeps_id else None, due if keeps_id else None)
