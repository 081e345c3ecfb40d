"""Changes of records on their way to the journal: appended at once, or queued behind others that are not applied yet.

Knows no steps of whole tables; see ``journaled.py`` for those, and for a drawing of both ways.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.changes import Step, Written
from ramekin.durability.journal import DIRECT_CHANGES, Journal
from ramekin.engine.tables import Tables, follow_up
from ramekin.engine.way import AGAIN
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.pending import Pending
    from ramekin.schema.definition import Checked


class Writes:
    """What small steps need of a journal."""

    def __init__(self, tables: Tables, pending: Pending, journal: Callable[[], Journal]) -> None:
        """Make one.

        Args:
            journal: returns the journal, or raises Starting.
        """
        self._tables, self._pending, self._journal = tables, pending, journal

    def ahead(self, table: str, key: str) -> bytes | None:
        """Return a record's body as `Engine.ahead` does."""
        body, due = self._pending.standing(self._tables.catalog, table, key)
        return body if due is None or due > self._tables.expirations.now_s() else None

    async def happen(self, step: Step, expecting: Checked) -> int | None:
        """Let a step happen that is made in this turn: see `Way`."""
        assert isinstance(step, Written), "others stand alone"
        if not self._is_done_at_once(step, expecting):
            if not self._holds(step, expecting):
                await self.emptied()
                return None
            if not await self._queue(step):
                return AGAIN
        return await follow_up(self._tables, step)

    def take_out(self, step: Written) -> None:
        """Store changes that nobody asked for and nothing refuses; the disk is told when it comes to it."""
        journal = self._journal()
        self._tables.catalog.store(step)
        with suppress(RamekinError):
            if journal.takes_at_once:
                journal.commit(step)
            else:
                journal.queue.append(step)

    def take_out_quiet(self, step: Written) -> int | None:
        """Do so with those of some changes whose records are not about to be written; None where there are none."""
        if not (changes := self._pending.others(step.changes)):
            return None
        self.take_out(Written(changes, step.reason))
        return self._tables.catalog.revision

    async def emptied(self) -> None:
        """Wait until nothing is pending; whether it was refused is told to others."""
        with suppress(RamekinError):
            await self._journal().queue.flush()

    def _holds(self, step: Written, expecting: Checked) -> bool:
        """Say whether changes fit what stands when all that is pending has happened. Cost: O(changes)."""
        is_expected = self._tables.catalog.fit(Written(()), expecting) is not None
        return is_expected and all(self.ahead(each.table, each.key) == each.before for each in step.changes)

    def _is_done_at_once(self, step: Written, expecting: Checked) -> bool:
        """Commit changes in this turn of the loop, and store them; False: nothing was done, and they have to wait."""
        tables, journal = self._tables, self._journal()
        is_free = journal.takes_at_once and len(step.changes) <= DIRECT_CHANGES
        rest = tables.catalog.fit(step, expecting) if is_free else None
        if type(rest) is not Written or not tables.evictions.let_in(rest):
            return False
        if rest.changes:
            journal.commit(rest)
        tables.catalog.store(rest)
        return True

    async def _queue(self, step: Written) -> bool:
        """Queue changes that hold, and wait until they are stored; or wait for others, and return False: look again.

        Raises:
            InvalidTableName, NotUnique, MemoryLimit, StorageFull, JournalFailed: nothing is queued.
        """
        catalog, queue, rest = self._tables.catalog, self._journal().queue, step.without_idle()
        if not rest.changes:
            await queue.flush()  # nothing changes, and what that rests on may still be on its way to the disk
            return True
        if catalog.has_unique and self._pending.takes(catalog, rest.changes):
            queue.admit()  # else nothing may be waited for, and whoever tries again would do so for ever
            await self.emptied()
            return False
        if not self._tables.evictions.let_in(rest, self._pending.keys):
            return False
        done = queue.append(rest)
        self._pending.add(catalog, rest.changes)
        await done
        return True

    # Called by the journal

    def refuse(self) -> None:
        """Forget all that is pending: the disk refused it."""
        self._pending.clear(self._tables.catalog)

    def store(self, step: Step) -> None:
        """Apply a step that is committed; what was taken out is stored already."""
        if type(step) is Written and step.reason != "write":
            return
        self._tables.catalog.store(step)
        if type(step) is Written:
            self._pending.remove(self._tables.catalog, step.changes)
            self._tables.evictions.after(step)
