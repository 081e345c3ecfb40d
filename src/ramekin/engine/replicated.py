"""The engine on Valkey or Redis: one node puts steps in order and keeps them, and every process follows.

    small   check here ---> one call: does all it was computed from still stand there? ---yes---> in the feed
    alone   hold all others back ---> catch up ---> check here ---> send in chunks ---> commit ---> in the feed
    feed    ---each step, in order---> the tables of every process; whoever asked is told then

Reads are this process's own, so they cost what they cost in memory. A step that is refused was computed from something
old: the process catches up and computes again. Nothing is shown that has not come through the feed.

The limits: two changes of one record by one process wait for each other; one step of whole tables holds all processes
back until it is there. Knows no Lua and no sockets; see ``cluster/`` for both, and ``cells.py`` for what is sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ramekin.changes import Change, Step, Written
from ramekin.clock import SYSTEM, Clock, stopwatch_s
from ramekin.cluster.line import DONE, deadline_s
from ramekin.engine.alone import Done, Standing
from ramekin.engine.backups import Backups
from ramekin.engine.base import Guarantees, Making, State
from ramekin.engine.builds import retrieve
from ramekin.engine.cells import call_for
from ramekin.engine.link import Link, until
from ramekin.engine.locks import Locks, Place
from ramekin.engine.owner import Owner
from ramekin.engine.restoring import restore_by_steps
from ramekin.engine.shared_evictions import SharedEvictions
from ramekin.engine.shield import to_its_end, until_free
from ramekin.engine.tables import Tables, Unread
from ramekin.engine.way import AGAIN, Way
from ramekin.errors import MemoryLimit, RamekinError, Unavailable
from ramekin.schema.definition import NOTHING_CHECKED, Checked
from ramekin.storage.staging import is_large
from ramekin.storage.watch import TableWatch

if TYPE_CHECKING:
    from pathlib import Path

    from ramekin.cluster.address import Servers
    from ramekin.cluster.replicas import Acknowledged
    from ramekin.engine.work import Work
    from ramekin.stats import LinkStats
    from ramekin.storage.catalog import Catalog

Reads = Literal["fresh", "local"]

CALL_BYTES = 1 << 20
"""Bytes of several records up to which one call carries them: 16 MiB would hold a node for 30 ms and more."""


class SharedTables(Tables):
    """Tables that other processes write too."""

    def share(self, link: Link) -> None:
        """Share them with others by a link, which fills them."""
        self._link = link

    @property
    def lineage(self) -> str:  # type: ignore[override]  # it is known once the link is open
        return self._link.lineage

    def name_lineage(self, name: str) -> None:
        pass  # it has that of the cluster

    def is_typed(self, name: str) -> bool:
        """Say so where this process has the model, or another one that shares the tables."""
        definition = self.definitions.get(name)
        return super().is_typed(name) or (definition is not None and definition.model is not None)

    def version(self, name: str) -> str:
        return f"{super().version(name)}.{self._link.replica.name_of(name)}"

    async def refresh(self) -> None:
        await self._link.refresh()

    def link_stats(self) -> LinkStats:
        return self._link.stats()


class Replicated:
    """Tables in this process's memory, as a cluster keeps them for all processes."""

    def __init__(
        self,
        servers: Servers,
        database: str = "main",
        *,
        acknowledged_by: Acknowledged = "primary",
        reads: Reads = "fresh",
        index_idle_s: float = 3600.0,
        memory_limit_bytes: int | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        """Make an engine; `open` connects it.

        Args:
            servers: some nodes, by which all are found.
            database: which of the databases that they keep.
            acknowledged_by: who has a step when its caller is told: the node that may be written to, or all its
                replicas too, so that none of it is lost when that node is; "auto": these where there are any.
            reads: whether each request finds all that happened before it anywhere, or what has come to this process.
            index_idle_s, memory_limit_bytes, clock: as for ``Embedded``.

        Raises:
            ValueError: no database may have that name.
        """
        self.guarantees = Guarantees("cluster", is_durable=True, is_shared=True, reads=reads)
        self.clock = clock
        self._evictions = SharedEvictions(self._let_happen)
        unread, self.owner = Unread(memory_limit_bytes), Owner(self._follow)
        tables = SharedTables(unread, self.apply, self._evictions, index_idle_s=index_idle_s, clock=clock)
        self.tables: Tables = tables
        self._link = Link(servers, database, acknowledged_by, tables, clock, is_fresh=reads == "fresh")
        tables.share(self._link)
        self._standing = Standing(self._link, self.tables)
        self._backups = Backups()
        self._alone = asyncio.Lock()  # held by a step that stands alone, and at the beginning
        self._locks = Locks()
        self._is_closing = False

    # Its life

    async def open(self) -> None:
        await to_its_end(self._open())

    async def is_begun(self) -> bool:
        """Say whether the nodes hold anything of the database; nothing is written, nor opened. Raises Unavailable."""
        return await self._link.is_begun()

    async def _open(self) -> None:
        async with self._alone:  # another database on this engine may open it too
            if not self._link.is_open:
                await self._link.open()
                told = self._link.replicas.acknowledged_by
                self.guarantees = replace(self.guarantees, acknowledged_by="primary" if told == "auto" else told)

    def _follow(self) -> None:
        """Go on in another event loop; the one before has stopped."""
        self.tables.follow()
        self._alone, self._locks = asyncio.Lock(), Locks()  # the old ones wait for nobody
        self._link.follow()

    async def close(self) -> None:
        self._is_closing = True
        await to_its_end(self._close())

    async def _close(self) -> None:
        await asyncio.gather(self.tables.expirations.close(), self._evictions.close())
        self.tables.history.end()
        await self._backups.close()
        async with self._alone:  # what stood alone is done
            await self._locks.emptied()
        await self._link.close()
        await self.tables.builds.close()

    async def state(self) -> State:
        return await self._link.state()

    def journal_stats(self) -> None:
        return None

    async def backup(self) -> Path:
        return await self._backups.run(self.tables.contents)

    # What the next step finds: what has happened, and nothing else

    def ahead(self, table: str, key: str) -> bytes | None:
        found = self.tables.catalog.find(table)
        if found is None or found.is_due(key, self.tables.expirations.now_s()):
            return None
        return found.get(key)

    def due(self, table: str, key: str) -> int | None:
        return self.tables.expirations.due(table, key)

    def watch(self, table: str) -> TableWatch:
        return TableWatch(self.tables.catalog.table(table))

    async def flushed(self) -> None:
        pass

    async def restore(self, checkpoint: Catalog) -> None:
        await restore_by_steps(self, checkpoint)

    # Steps

    def at_once(self, name: str, key: str, most_bytes: int) -> None:  # noqa: ARG002  # never
        return None

    def store_at_once(self, change: Change) -> None:  # noqa: ARG002  # never
        raise AssertionError("no table is ever returned by at_once")

    async def apply(
        self,
        step: Step | Making,
        expecting: Checked = NOTHING_CHECKED,
        work: Work | None = None,  # noqa: ARG002  # it has a deadline of its own
    ) -> int | None:
        end_s = deadline_s()
        while True:
            try:
                number, made = await self._let_happen(step, expecting)
            except MemoryLimit:  # here, or on the nodes
                now = step() if callable(step) else step
                if now is None or stopwatch_s() > end_s or not await self._evictions.give_way_to(now):
                    raise
            else:
                if made is not None:
                    await self._evictions.within_limits(made)
                return number

    async def _let_happen(self, step: Step | Making, expecting: Checked) -> Done:
        if self._is_closing:
            raise Unavailable("The database is closed; nothing was applied.")
        _ = self._link.line  # which says whether it is there
        asked = _Asked(self, self._link, self._locks)
        try:
            return await asked.way().go(step, expecting, None), asked.made
        finally:
            asked.leave()

    async def free(self, end_s: float) -> None:
        """Wait until no step of this process stands alone. Raises Unavailable."""
        if self._alone.locked():
            waiting = asyncio.create_task(until_free(self._alone))
            try:
                await until(asyncio.shield(waiting), end_s)
            finally:
                waiting.cancel()

    async def stand_alone(self, step: Step | Making, expecting: Checked) -> Done:
        """Let a step happen while all others are held back, here and in other processes.

        Whoever asked may leave: then nothing is done, or all of it.
        """
        await self._alone.acquire()
        task = asyncio.create_task(self._standing.carry_out(step, expecting))
        task.add_done_callback(retrieve)
        task.add_done_callback(lambda _: self._alone.release())
        number, now = await asyncio.shield(task)
        if now is not None:
            await self.tables.build_after(now)  # others write meanwhile
        return number, now


class _Asked:
    """A step that is asked for: how long it may take, and what it waits for."""

    def __init__(self, engine: Replicated, link: Link, locks: Locks) -> None:
        self._engine, self._tables, self._link, self._locks = engine, engine.tables, link, locks
        self._end_s = deadline_s()
        self._turn: Place | None = None  # a record that it has waited for
        self._is_new = False  # it was looked at after all that happened before it was asked for
        self._refused_at = -1  # the step at which the nodes held otherwise what was computed from just that step
        self.made: Step | None = None
        """What has happened in the end, if anything has."""

    def way(self) -> Way:
        """Return the way that it goes."""
        return Way(self._tables, self._free, _stands_alone, self._alone, self._happen, self._is_doubtful)

    def leave(self) -> None:
        """Let others have its turn."""
        if self._turn is not None:
            self._locks.wake(self._turn)
            self._turn = None

    async def _free(self, _: Work | None) -> None:
        await self._engine.free(self._end_s)

    async def _is_doubtful(self) -> bool:
        """Catch up, so that what is raised rests on all that has happened before, in other processes too."""
        if self._is_new:
            return False
        await self._link.catch_up(self._end_s)
        self._is_new = True
        return True

    async def _alone(self, step: Step | Making, expecting: Checked) -> int | None:
        self.leave()
        number, self.made = await self._engine.stand_alone(step, expecting)
        return number

    async def _happen(self, step: Step, expecting: Checked) -> int | None:
        if stopwatch_s() >= self._end_s:
            raise Unavailable("The records are being written by others; nothing was applied.")
        try:
            if (rest := self._tables.catalog.fit(step, expecting)) is not None:
                self._tables.catalog.check(rest)
        except RamekinError:
            if await self._is_doubtful():
                return AGAIN
            raise
        if type(rest) is not Written:
            await self._link.catch_up(self._end_s)  # whoever computes again finds what was in the way
            return None
        if not rest.changes:
            return self._tables.catalog.revision
        if (place := self._locks.in_the_way(rest.changes)) is not None:
            if self._turn != place:
                self.leave()
            self._turn = place
            await until(self._locks.wait(place), self._end_s)
            return AGAIN
        number = await self._write(rest)
        self.made = None if number == AGAIN else rest
        return number

    async def _write(self, step: Written) -> int:
        """Ask for a small step, and return its number once it is here; or AGAIN where something old was in it.

        Raises:
            Unavailable: what was in it is not old, and yet the nodes hold something else.
        """
        nonce, link, seen = self._link.new_nonce(), self._link, self._link.feed.number
        link.replica.mine[nonce] = step
        self._locks.take(step.changes)
        frees = all(change.after is None for change in step.changes)
        try:
            keys, words = call_for(step, self._tables.catalog, link.replica.chronicle, link.keys)
            what, number, *last = await link.line.call("write", nonce, keys, words, self._end_s, frees=frees)
            if what == DONE:
                link.foreign.had(step)
                await link.see(number, nonce, self._end_s)
                return int(number)
            last_nonce = last[0].decode(errors="replace")
            if number == seen and link.feed.passed(number, last_nonce):
                if number == self._refused_at:
                    raise link.foreign.met(step)
                self._refused_at = number
            await link.come_to(number, last_nonce, self._end_s)
            return AGAIN
        finally:
            self._locks.free(step.changes)
            link.forget(nonce)


def _stands_alone(step: Step) -> bool:
    """Say whether a step is more than one call can carry, or would hold a node for more than a few ms."""
    if type(step) is not Written or is_large(step):
        return True
    changes = step.changes
    return len(changes) > 1 and sum(len(each.after) for each in changes if each.after is not None) > CALL_BYTES
