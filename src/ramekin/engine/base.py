"""The engine contract: where what happens to tables is put in order, checked and kept.

An engine has two halves, and each can be read alone.

*Reading* is `Engine.tables`, the tables of this process: one class for all engines, in ``tables.py``. It shows what has
happened, never what is only asked for.

*Happening* is here. What can be done to tables is a `Step` (``changes.py``), and `apply` is its door. Three go past it:
one record in this turn (`store_at_once`), all tables as they were (`restore`), and what caches let go
(``evictions.py``). A step is computed from what stands, asked for, and either it happens whole or not at all:

    compute from `ahead` or a watch ---> apply ---> does what it was computed from still stand?
             ^                                        | no                       | yes
             +------------ None: compute again <------+                          +--> checked, kept, seen in `tables`

So nobody holds a lock while it computes (optimistic concurrency control; Kung and Robinson, 1981). An engine in one
process finds what was computed in the same turn of the event loop always still standing.

Where steps are kept is what makes an engine: nowhere else (``embedded.py``), in a journal (``journaled.py``), or in a
cluster (``replicated.py``).

What holds for every method here:

1. *Errors* are those of ``ramekin.errors``. What is expected to be absent is None. A call that raises has changed
   nothing, save `OutcomeUnknown`, which says that nobody knows.
2. *Cancelled* while it waits, a call may yet happen: once, whole and in its order, or not at all. To know, read.
3. *Order*: what `apply` has returned for is seen by every call that begins afterwards, and steps are kept in the order
   in which they are seen.
4. *Retry*: a step that did not happen may be asked for again; one whose outcome is unknown may have happened.
5. *Loop*: an engine is used from one event loop at a time; callers see to that by `owner`. Up to its first wait, no
   method may use `asyncio.timeout`, `wait_for` or `current_task`: a request is carried out without a task for as long
   as it need not wait.

``ramekin.testing.engines`` is the suite that every engine passes; faults of disks, and limits, are each engine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from sys import maxsize
from typing import TYPE_CHECKING, Literal, Protocol, Self

from ramekin.changes import Change, Step
from ramekin.schema.definition import NOTHING_CHECKED, Checked

if TYPE_CHECKING:
    from pathlib import Path

    from ramekin.clock import Clock
    from ramekin.engine.owner import Owner
    from ramekin.engine.tables import Tables
    from ramekin.engine.work import Work
    from ramekin.stats import JournalStats
    from ramekin.storage.catalog import Catalog
    from ramekin.storage.table import Table

State = Literal["ok", "starting", "failed"]

Making = Callable[[], Step | None]
"""A function that makes a step from what stands at the moment in which it is called; None for none."""


MAX_ATTEMPTS = 100
"""Times that a step is computed again because others wrote or defined tables in between."""


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What differs between engines, as far as anybody asks. A caller asks this, never the engine's class."""

    name: str
    """What it is called: ``/health`` tells users."""
    is_durable: bool
    """Whether a step that happened outlives the process: what `open` finds, and what a start may load."""
    is_shared: bool = False
    """Whether other processes write the same tables."""
    acknowledged_by: Literal["process", "system", "disk", "primary", "replicas"] = "process"
    """Who has a step when its caller is told: this process alone; the operating system, which outlives it; a disk; the
    node that may be written to; all its replicas too."""
    reads: Literal["fresh", "local"] = "fresh"
    """Whether a request finds all that happened before it anywhere, or what has come to this process."""

    @property
    def reads_anew(self) -> bool:
        """Whether a request awaits `Tables.refresh`."""
        return self.is_shared and self.reads == "fresh"


class Watch(Protocol):
    """The records of one table that were written since it began, to be used in ``with``. Cost of each call: O(records).

    It shows what the next step finds, as `Engine.ahead` does. Where a table is gone it shows nothing more.
    """

    @property
    def is_over(self) -> bool:
        """Whether the table is gone; one with its name may be there again."""

    @property
    def count(self) -> int:
        """How many records were written and not taken yet, or a few more."""

    def take(self, most: int = maxsize) -> dict[str, bytes | None]:
        """Return records that were written, so many at the most, by key, as the next step finds them; None: gone.

        A record whose write is not kept yet, and may be refused, comes again in each later call that asks for all.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class Engine(Protocol):
    """Where steps are put in order, checked and kept; and the tables that they make."""

    owner: Owner
    """Which event loop may use it now."""

    guarantees: Guarantees

    clock: Clock
    """What it takes for the time, and so do the databases on it."""

    tables: Tables
    """What has happened: see ``tables.py``. The same object from the beginning to the end."""

    # Its life: open ---> steps, reads, backups ---> close. There is no way back; another engine may take its place.

    async def open(self) -> None:
        """Make ready, before anything else. Each database on the engine asks for it; the first call does it.

        What is kept somewhere is not there until then: `tables` and `apply` raise Starting. An engine that is cancelled
        here is open all the same; where `open` raises it is not, and `close` is to be called.

        Raises:
            Unusable, Damaged: what is kept cannot be read.

        Cost: O(all that is kept), in a thread.
        """

    async def close(self) -> None:
        """Finish what was begun, and let go of everything; once for all databases on it.

        A step that is asked for meanwhile happens, or raises Unavailable. Calls after the first do nothing. Cancelled,
        it goes on to its end before it raises. Cost: what is under way, and one wait for a disk.
        """

    async def state(self) -> State:
        """Return ``ok``; ``starting`` until it is open; ``failed`` while steps are refused that are no fault of theirs.

        Never raises, and waits for nothing. Cost: O(1).
        """

    def journal_stats(self) -> JournalStats | None:
        """Return what is still to be committed and synced; None where nothing is. Cost: O(1)."""

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it. Whoever asked removes it.

        Reads and steps go on; a step that waits to be kept is not in it. Cancelled, it leaves no file. After an error
        it may be asked for again.

        Raises:
            Unavailable: another one is written, the engine is being closed, or there is no place for files.
            StorageFull: there is no room for it.

        Cost: O(records), in a thread.
        """

    # What the next step finds

    def ahead(self, table: str, key: str) -> bytes | None:
        """Return a record's body as the next step finds it; None where there is no record, or no table. Cost: O(1).

        A record that is due is none: whoever writes finds it gone, since `apply` takes out first what is due.
        Where steps wait to be kept it may be a body that `tables` does not show yet; see `flushed`.
        """

    def due(self, table: str, key: str) -> int | None:
        """Return when a record is due (see ``changes.py``), as the next step finds it; None: never. Cost: O(1)."""

    def watch(self, table: str) -> Watch:
        """Return a watch over a table's records; it may be used before its table is read. Cost: O(1).

        Raises:
            UnknownTable: there is none.
        """

    async def flushed(self) -> None:
        """Wait until all that `ahead` and watches have shown is kept: an answer that rests on it may then be given.

        Cancelled, it has changed nothing. Cost: a wait for a disk where something is on its way, else O(1).

        Raises:
            StorageFull, JournalFailed, OutcomeUnknown: it will not be.
        """

    # The door

    async def apply(
        self, step: Step | Making, expecting: Checked = NOTHING_CHECKED, work: Work | None = None
    ) -> int | None:
        """Let a step happen, whole, and return its number; or nothing of it, and return None.

        Args:
            step: a step that was computed from what stood; or a function that computes it now. The function is called
                in the very moment in which its step is checked, so nothing comes in between; what it raises is raised.
                It changes nothing itself, since it may be called again, after it has raised too, and sees then what
                happened meanwhile.
            expecting: the definitions that the step was checked by, by table: the very objects that are in force.
            work: what it waits for before it begins, a large step of others or an index, is a part of this.

        Returns:
            None where another definition is in force than expected; where a change's record has another body than its
            `before`; where a load would store a record whose id stands in another type; where the function made none.
            Whoever gets None computes again from what stands by now.
            Else a number that grows with every step of this engine: `tables` show the step from this number on. A
            step that changes nothing returns the number of one that happened before.

        Raises:
            InvalidTableName, TooManyTables: no table may have that name; none may be made.
            UnknownTable: there is none to drop, or to empty.
            NotUnique: a unique field would have one value in two records. `place` says which record.
            MemoryLimit: there is no room for the records, the table or its indexes.
            StorageFull, JournalFailed: a disk refuses. The same step may be asked for again.
            Deadline: it would have to wait for longer than its work may take; nothing happens.
            OutcomeUnknown: the disk, or the nodes, failed in the midst of it: to know, read.
            Unavailable: the engine is being closed.

        Cancelled, a step of changes that is on its way happens or not, as rule 2 says; one of whole tables is done to
        its end once it has begun. The indexes that a definition names are there when a definition, or a load, is done;
        others write meanwhile.

        Cost: O(changes); O(records) for a load; the wait for a disk.
        """

    async def restore(self, checkpoint: Catalog) -> None:
        """Have all tables as they are in a catalog that was forked from these: see ``storage/forks.py``.

        In memory that is one short step. Where steps are kept somewhere, it is what differs, in one group of them or
        several: see ``restoring.py``. Raises as `apply`.

        Cost: O(tables) in memory; else O(records) of the tables that were written since.
        """

    # Single records, without a coroutine and without a closer look

    def at_once(self, name: str, key: str, most_bytes: int, /) -> Table | None:
        """Return the table of a record that may be written in this turn of the loop; None: ask `apply`.

        Then what the table has under the key is what the next step finds and is kept, there is room for a body of so
        many bytes, and `store_at_once` waits for nothing, for an index of a unique field neither. All of that holds
        until something else is asked of the engine, or the turn is over. An engine may always return None. Cost: O(1).
        """

    def store_at_once(self, change: Change) -> None:
        """Let a record change whose table `at_once` returned: `apply` of one change.

        It was computed from the body that the table has, and the definition in force allows it.

        Raises:
            NotUnique: as `apply`; nothing happened.
            StorageFull, JournalFailed: a disk refuses; nothing happened. Cost: O(record).
        """
