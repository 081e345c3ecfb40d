"""The engine contract: what every place for tables promises to ``database.py``.

An engine keeps bodies (JSON text, as bytes) under keys (an id's text) in tables. It never parses a body except to read
the field that an index or a join needs, and it never changes one. All methods are asynchronous; an engine in this
process answers without giving up its turn unless it says so. What differs between engines is data: `Guarantees`.

Errors: engines raise errors of ``ramekin.errors`` only. What is expected to be absent is None, not an exception.
See ``embedded.py`` for the engine in this process, and ``tests/engines/`` for the suite that every engine passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, Self

from ramekin.query.choose import fields_to_index
from ramekin.schema.definition import NOTHING_CHECKED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ramekin.changes import Change
    from ramekin.engine.owner import Owner
    from ramekin.query.plan import Query
    from ramekin.query.view import Row, View
    from ramekin.schema.definition import Checked, Definition
    from ramekin.schema.fields import Field, Trait
    from ramekin.stats import IndexStats, MemoryStats, TableStats
    from ramekin.values.ids import RecordId

State = Literal["ok", "starting", "failed"]


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What may be relied on. A caller asks these, never the engine's class."""

    name: str
    is_durable: bool
    """Whether an acknowledged write outlives the process."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table in id order. `has_more` says whether rows follow the last one."""

    rows: tuple[Row, ...]
    has_more: bool


class Watch(Protocol):
    """The records of one table that were written since it began; see ``storage/watch.py``."""

    @property
    def is_over(self) -> bool:
        """Whether the table is gone; one with its name may be there again."""

    @property
    def count(self) -> int:
        """How many records were written since `take` was called last."""

    def take(self) -> dict[str, bytes | None]:
        """Return the records that were written since the last call, as they are now: by key, None for none."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How a view will read one table, so that the engine has what that needs ready before it takes the view."""

    table: str
    in_id_order: bool = False
    equal: tuple[Field, ...] = ()
    """Fields that `lookup` and `ids` will be asked for; a plain id needs no mention for `lookup`."""
    ordered: tuple[Field, ...] = ()
    """Fields that `walk` will be asked for."""

    @classmethod
    def of(cls, table: str, query: Query, *, in_id_order: bool = True) -> Self:
        """Return what a query needs of its table; the id order only if a plan may come to walk in it."""
        needs = fields_to_index(query)
        return cls(table, needs.ids or (in_id_order and query.is_by_id), needs.equal, needs.ordered)

    def __or__(self, other: Access) -> Access:
        """Return what serves both of two ways to read one table."""
        equal = dict.fromkeys((*self.equal, *other.equal))
        ordered = dict.fromkeys((*self.ordered, *other.ordered))
        return Access(self.table, self.in_id_order or other.in_id_order, tuple(equal), tuple(ordered))


class Engine(Protocol):
    """Where tables live.

    Guarantee: the effect of a finished `write`, `load` or `drop_table` is seen by every later call. A call that
    raises has changed nothing. One that is cancelled may yet happen: once, whole and in its order, or not at all; to
    know, read. One event loop at a time uses it: callers see to that by `owner`.
    """

    owner: Owner

    guarantees: Guarantees

    definitions: Mapping[str, Definition]
    """The definitions in force, of the tables that have any, as they are at this moment.

    What is in force is the object itself: it changes in the step that applies another one, for all readers and writers
    at once. A definition that is on its way to a disk is not here yet.
    """

    async def open(self) -> None:
        """Make ready; called once before anything else."""

    async def close(self) -> None:
        """Finish what was begun and let go of everything; nothing is called afterwards."""

    async def state(self) -> State:
        """Return ``ok``; ``starting`` until anything is answered; ``failed`` while a disk refuses writes."""

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it. Whoever asked removes it.

        Reads and writes go on. Raises StorageFull, Unavailable. Cost: O(records), in a thread.
        """

    def memory(self) -> MemoryStats:
        """Return how many bytes the tables take, and may take. Cost: O(1)."""

    def hold(self, size_bytes: int) -> None:
        """Count bytes that are on their way into tables by `load`, or give them back where the number is below 0.

        Raises:
            MemoryLimit: there is no room; nothing is counted.
        """

    async def drop_table(self, name: str, *, keeps_definition: bool = False) -> None:
        """Remove a table with its records; or the records alone.

        Raises:
            UnknownTable: there is none.
        """

    async def stats(self) -> list[TableStats]:
        """Return the figures of every table, in the order in which they were made."""

    async def table_stats(self, name: str) -> TableStats:
        """Return the figures of one table. Raises UnknownTable. Cost: O(1)."""

    async def index_stats(self, name: str) -> tuple[IndexStats, ...]:
        """Return the figures of a table's indexes. Raises UnknownTable. Cost: O(indexes)."""

    async def get(self, table: str, key: str) -> bytes | None:
        """Return a record's body, or None. Raises UnknownTable. Cost: O(1)."""

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """Return the bodies of (table, key) pairs as the next `write` finds them; None also for tables that are none.

        Where writes wait for a disk, these may be bodies that `get` does not show yet: see `settled`. Cost: O(pairs).
        """

    async def settled(self) -> None:
        """Wait until all that `get_many` has shown is committed: an answer that rests on it may then be given.

        Raises:
            StorageFull, JournalFailed, OutcomeUnknown: it will not be.
        """

    async def define(
        self, name: str, definition: Definition, *, revision: int | None, review: Callable[[], bool] | None = None
    ) -> TableStats | None:
        """Give a table a definition, and return the table's figures right after that; or do nothing and return None.

        Args:
            revision: the revision at which the table's records were found to satisfy the definition, None if there was
                no table; nothing is done when it has another one.
            review: called where the table has another revision, in the step that applies: True says that its records
                satisfy the definition as they are then. What it raises is raised, and nothing is changed.

        The engine sees to `unique` and keeps the indexes that the definition names; the schema it only keeps.

        Raises:
            InvalidTableName: no table may have that name.
            MemoryLimit: there is no room for the table, or for the indexes.
        """

    def watch(self, table: str) -> Watch:
        """Return a watch over a table's records, to be used in ``with``. Raises UnknownTable. Cost: O(1).

        It is told of what is applied: of what a view that is taken later may not show.
        """

    async def change(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> None:
        """Change one record: store what a step makes of its body, or delete it where the step makes None.

        Args:
            step: a pure function of the body, None where there is no record; it may be called again when others wrote
                in between. What it raises is raised, and nothing is changed.

        A table that is new is made, unless the step leaves nothing.

        Raises:
            InvalidTableName, NotUnique, MemoryLimit: as `write`.

        Cost: O(1), and what the step costs.
        """

    def get_now(self, table: str, key: str) -> bytes | None:
        """Do what `get` does, without a coroutine."""

    def change_now(self, table: str, key: str, step: Callable[[bytes | None], bytes | None]) -> bool:
        """Do what `change` does and return True, if nothing has to be waited for; else return False, with nothing done.

        The step is called once at the most. Raises, and costs, as `change`.
        """

    async def write(self, changes: Sequence[Change], checked_by: Checked = NOTHING_CHECKED) -> bool:
        """Apply all changes at once and return True; or none, and return False.

        Nothing is applied when for any change the record's body is not the change's `before`, or another definition
        is in force: somebody else wrote in between, and the caller computes its changes again. A change whose `after`
        is its `before` changes nothing and says that the record stood so. At most one change a record. Tables that
        are new are made.

        Args:
            checked_by: the definitions that the changes were checked by, by table.

        Raises:
            InvalidTableName: no table may have that name.
            NotUnique: a field that is defined as unique would have one value in two records. `place` says which change.
            StorageFull, JournalFailed: a disk refused; nothing is applied. OutcomeUnknown: as its name says.
            MemoryLimit: the changes together would add more than there is room for.

        Cost: O(changes).
        """

    async def change_watched(
        self, table: str, watch: Watch, step: Callable[[Mapping[str, bytes | None]], Sequence[Change]]
    ) -> bool:
        """Apply changes of one table, at one moment, and return True; or none, and return False: the table is gone.

        Args:
            step: given the records that were written since `watch` was last asked, by key, as the next write finds
                them (None: gone), it returns all the changes. It is called in the step that applies, and may be called
                again with more of them. What it raises is raised, and nothing is changed.

        Raises:
            NotUnique, StorageFull, JournalFailed, OutcomeUnknown, MemoryLimit: as `write`.
        """

    async def load(
        self, tables: Mapping[str, dict[str, bytes]], *, replace: bool, checked_by: Checked = NOTHING_CHECKED
    ) -> bool:
        """Store whole tables at once, over records with the same keys, and return True; or nothing, and return False.

        Nothing is stored where another definition is in force than the one that the records were checked by; or where
        a record that stands has its id in another type than the body that would take its place: a record keeps its id,
        so the caller gives it that one. The caller has seen to room with `hold`.

        Args:
            tables: bodies by key, by table.
            replace: nothing else stays: tables that are not named are dropped, or emptied if they have a definition.
            checked_by: the definitions that the records were checked by, by table.

        Raises:
            InvalidTableName: no table may have one of the names.
            NotUnique: as `write`.
        """

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int) -> Page:
        """Return a page of a table in id order, after an id or from an offset. Raises UnknownTable.

        Cost: O(log n + limit), after the first call on a table, which puts its ids in order.
        """

    async def holders(self, table: str, traits: Sequence[Trait]) -> list[str | None]:
        """Return for each of some traits the key of a record that has it, or None. Raises UnknownTable.

        Cost: O(1) where an index of the field tells, or where it is known that none has, which writes keep so; else one
        pass over the records for all of the traits, in steps, until each was found.
        """

    def snapshot(self, accesses: Sequence[Access]) -> AbstractAsyncContextManager[View]:
        """Return a view of tables at one moment, to be used in ``async with``. Raises UnknownTable.

        Where there is no room for an index, `estimate` says that it is of no use, and what reads it raises MemoryLimit.

        Cost: O(1) once the indexes that it needs exist; a write while the view is held copies what it changes, once.
        """
