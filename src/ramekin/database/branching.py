"""Branches of a database, and the way back to an earlier moment: how tests begin with what they know.

    main ──checkpoint──► kept ──reset──► main as it was          main ──branch──► a database of its own

A branch is a `Database` like any other, over tables that share all that those of its source hold, so it costs O(tables)
whatever they hold; what is written to one is seen in no other. A checkpoint is such a fork that nobody writes to. Knows
no HTTP; see ``storage/forks.py`` for how tables share, ``branches.py`` for branches that have names.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from ramekin.database.adoption import Adoption
from ramekin.database.presence import Presence
from ramekin.database.whole_tables import WholeTables
from ramekin.engine.embedded import Embedded
from ramekin.engine.work import Work
from ramekin.errors import NoCheckpoint
from ramekin.storage.forks import Fork, bodies_of, differing, let_go
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from ramekin.storage.catalog import Catalog


@dataclass(slots=True)
class TableDiff:
    """How the records of one table differ from what they were: their bodies."""

    table: str
    created: list[bytes] = field(default_factory=list)
    replaced: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What was, and what is."""
    deleted: list[bytes] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.created or self.replaced or self.deleted)


class Branching(WholeTables):
    """Tables that can be branched, kept, and brought back."""

    _checkpoint: Catalog | None = None

    @cached_property
    def _numbers(self) -> Iterator[int]:
        """The numbers of branches: one count for all that come of one database."""
        return count(1)

    def branch(self, *, when_short: Callable[[], None] = lambda: None) -> Self:
        """Return a database of its own with all that this one holds: ``async with database.branch() as branch:``.

        Args:
            when_short: called where memory is short and another one asks for it, to close the branch if it may go.

        It is in memory alone, and counts in the memory limit of this one; `reset` brings back what it began with.
        When it is closed nothing is left of it. Cost: O(tables), whatever they hold.
        """
        twin, tables = copy(self), self.engine.tables
        engine = Embedded(clock=self.clock, index_idle_s=tables.index_idle_s, catalog=Fork(tables.catalog, when_short))
        engine.tables.know(tables.models)
        engine.tables.name_lineage(f"{self.ids.token(4)}x{next(self._numbers)}")  # a branch made anew is another one
        twin._engine, twin.owner, twin.expirations = engine, engine.owner, engine.tables.expirations
        twin.schemas = self.schemas.of(engine.tables)
        twin._adoption = Adoption(engine, twin.schemas, self.models)
        twin._presence = Presence(engine.tables, twin.schemas)
        twin._checkpoint = None
        twin.checkpoint()
        return twin

    def checkpoint(self) -> None:
        """Keep all tables as they are now, in place of what was kept before, for `reset` to return to. Cost: O(tables).

        The first write to each table then copies its dictionary, once.
        """
        then = Fork(self.engine.tables.catalog)
        self._forget()
        self._checkpoint = then

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a state to return to."""
        return self._checkpoint is not None

    async def reset(self) -> None:
        """Have all tables, with their definitions, as they were at the last checkpoint.

        Raises:
            NoCheckpoint: nothing was kept. Else as a write does.

        Cost: O(tables) in memory, whatever they hold. With a directory, where it is one step too, or on nodes, where it
        is several, it is written as what differs: O(records) of the tables that were written since.
        """
        await self.engine.restore(self._last_checkpoint())

    async def diff(self) -> dict[str, dict[str, list[Any]]]:
        """Return how records differ from what they were at the last checkpoint, by table, for those that differ.

        ``{"users": {"created": [...], "replaced": [{"before": ..., "after": ...}], "deleted": [...]}}``

        Raises:
            NoCheckpoint: nothing was kept.

        Cost: O(records) of the tables that were written since, in steps.
        """
        parse = codec.parse
        return {
            each.table: {
                "created": [parse(body) for body in each.created],
                "replaced": [{"before": parse(was), "after": parse(now)} for was, now in each.replaced],
                "deleted": [parse(body) for body in each.deleted],
            }
            async for each in self.diffs(Work(self.limits.query_s))
        }

    async def diffs(self, work: Work) -> AsyncIterator[TableDiff]:
        """Yield what `diff` tells, table by table, in bodies; all of it is of one moment."""
        self._last_checkpoint()
        await self.expirations.sweep_all()
        then, now = Fork(self._last_checkpoint()), Fork(self.engine.tables.catalog)
        try:
            await work.rest()
            for name in differing(now, then):
                found = await _compare(name, bodies_of(then, name), bodies_of(now, name), work)
                if not found.is_empty:
                    yield found
            await work.rest()
        finally:
            let_go(then)
            let_go(now)

    def _last_checkpoint(self) -> Catalog:
        self.owner.check()
        if self._checkpoint is None:
            raise NoCheckpoint("No state was kept; make a checkpoint first.")
        return self._checkpoint

    def let_go(self) -> None:
        """Let go of all tables: nobody is to use this branch any more, and what is under way meets none. O(tables)."""
        tables = self.engine.tables
        tables.history.end()
        self._forget()
        let_go(tables.catalog)

    def _forget(self) -> None:
        if self._checkpoint is not None:
            let_go(self._checkpoint)
            self._checkpoint = None

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        self._forget()


async def _compare(name: str, was: Mapping[str, bytes], stands: Mapping[str, bytes], work: Work) -> TableDiff:
    """Return how the records of a table differ, in steps."""
    found = TableDiff(name)
    if was is stands:
        return found
    for key, body in stands.items():
        before = was.get(key)
        if before is None:
            found.created.append(body)
        elif before != body:
            found.replaced.append((before, body))
        await work.rest()
    for key, body in was.items():
        if key not in stands:
            found.deleted.append(body)
        await work.rest()
    return found
