"""`Database`: the one object behind every door (HTTP, command line, Python).

It joins schemas to the engine: records are validated here and operations settled; lists, groups and joins are found
by ``finding.py`` and ``joining.py``, changes by condition by ``changing.py``. It takes and returns bodies (JSON text as
bytes) and never parses one in order to return it. Doors hand it requests; Python code may say the same in words, which
``asking.py`` reads. Knows no HTTP; see ``engine/base.py`` for where tables live.
"""

from __future__ import annotations

from asyncio import _get_running_loop
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ramekin.changes import Dropped, Loaded
from ramekin.clock import SYSTEM
from ramekin.database import asking, changing, defining, finding, joining, loading, writing
from ramekin.database.info import Snapshot, TableInfo, indexes_of
from ramekin.database.join_request import JoinRequest
from ramekin.database.operations import Operation, Outcome
from ramekin.database.presence import Presence
from ramekin.database.schemas import Schemas
from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.errors import ModelTable, RecordNotFound, UnknownTable, shorten
from ramekin.limits import Limits
from ramekin.schema.definition import Definition, check_table_name
from ramekin.schema.models import ModelSchema
from ramekin.values import codec
from ramekin.values.ids import SYSTEM_IDS, IdSource, id_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping

    from pydantic import BaseModel

    from ramekin.clock import Clock
    from ramekin.database.operations import Kind, OnConflict
    from ramekin.durability.contents import Fsync
    from ramekin.engine.base import Engine
    from ramekin.schema.fields import Fields
    from ramekin.stats import MemoryStats
    from ramekin.values.ids import RecordId
    from ramekin.values.paths import FieldPath


class Database:
    """Tables of JSON records.

    1. A record that is stored has an id and satisfies its table's model.
    2. A call that raises an error of ours has changed nothing, but for OutcomeUnknown; a bulk or a batch is all or
       nothing. A call that is cancelled may yet happen, once, whole and in its order; to know, read.
    3. Errors are those of ``ramekin.errors``, UnfitModel for a model that can be no table.
    4. Records are JSON values; whoever hands over what `codec.parse` made says so, and it is not looked at again.

    Use it in ``async with``, from one event loop at a time, in one process; else RuntimeError says so.
    """

    def __init__(
        self,
        models: Mapping[str, type[BaseModel]] | None = None,
        *,
        directory: str | Path | None = None,
        fsync: Fsync = "everysec",
        engine: Engine | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
    ) -> None:
        """Make a database, to be opened by ``async with``.

        Args:
            directory: where its tables outlive the process; without one, nor an engine, they are in memory alone.
            fsync: when what is written to the directory is synced.
            clock: what it takes for the time; an engine has its own.
            ids: makes what is made by chance, such as the ids of records that come without one.
        """
        if engine is not None and (directory is not None or clock is not None):
            raise ValueError("Give an engine, or a directory and a clock.")
        self._engine: Engine = engine or Embedded(clock=clock or SYSTEM)
        if directory is not None:
            from ramekin.engine.journaled import in_directory  # SQLite, and Unix, are for those who use them

            self._engine = in_directory(Path(directory), fsync, clock or SYSTEM)
        self.clock = self._engine.clock
        self.ids = ids or (SYSTEM_IDS if self.clock is SYSTEM else IdSource(self.clock))
        self._owner = self._engine.owner
        self.limits = limits or Limits()
        for name in models or ():
            check_table_name(name)
        self.models = {name: ModelSchema(model, self.ids) for name, model in (models or {}).items()}
        self._engine.tables.models |= self.models
        self.schemas = Schemas(self._engine.tables, self.models, self.limits.record_bytes, self.ids)
        self._presence = Presence(self._engine.tables, self.schemas)

    @property
    def engine(self) -> Engine:
        """Where the tables live. Raises RuntimeError for whoever may not use it now, as `Owner` says."""
        self._owner.check()
        return self._engine

    async def __aenter__(self) -> Database:
        try:
            await self.engine.open()
            for name, model in self.models.items():
                await defining.adopt(self.engine, self.schemas, name, model)
        except BaseException:
            await self.engine.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    # Reading

    async def get(self, table: str, address: RecordId) -> bytes:
        """Return a record's body, by its id, or the id's text as it is stored, letter by letter. Cost: O(1).

        Raises:
            UnknownTable, RecordNotFound: there is no such table, or record.
        """
        return self.get_now(table, address if type(address) is str else id_key(address))

    def get_now(self, table: str, key: str) -> bytes:
        """Do what `get` does, of a key and without a coroutine."""
        if _get_running_loop() is not self._owner.loop:
            self._owner.take_over()
        body = self._engine.tables.get(table, key)
        if body is None:
            raise RecordNotFound(f"The table '{shorten(table)}' has no record with this id.")
        return body

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields, for reading queries."""
        return self._presence.fields(table)

    async def field_names(self, table: str) -> tuple[str, ...]:
        """Return the names of a table's fields, declared or seen in its first records; none without a table."""
        self._owner.check()
        try:
            return tuple(await self._presence.names(table))
        except UnknownTable:
            return ()

    async def missing(self, table: str, paths: Iterable[FieldPath], *, is_strict: bool) -> list[str]:
        """Return a warning for each field that no record has. Raises UnknownTable; UnknownField, if it is strict.

        Cost: O(1) for a field that is known; else O(n) once, in steps.
        """
        self._owner.check()
        return await self._presence.missing(table, paths, is_strict=is_strict)

    async def find(self, asked: finding.FindRequest | str, **words: Unpack[asking.Find]) -> finding.FindPage:
        """Return a page of a table: ``find("users", where={"age": {"gte": 18}}, sort="-age", limit=10)``.

        Raises:
            UnknownTable; UnknownField, if the request is strict; TooManyRows.

        Cost: O(page) along an index; the first use of a field builds it, O(n log n) in steps.
        """
        if isinstance(asked, str):
            asked = asking.find(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, finding.FindRequest, words)
        return await finding.find(self.engine.tables, self._presence, asked, self.limits.sorted_rows)

    async def find_groups(self, asked: finding.GroupRequest | str, **words: Unpack[asking.Group]) -> finding.FindPage:
        """Return a page of groups with their figures. Raises as `find`. Cost: O(records that satisfy the condition)."""
        if isinstance(asked, str):
            asked = asking.find_groups(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, finding.GroupRequest, words)
        return await finding.find_groups(self.engine.tables, self._presence, asked, self.limits.sorted_rows)

    async def join(
        self, asked: JoinRequest | str, right: str = "", key: str = "", **words: Unpack[asking.Join]
    ) -> joining.JoinPage:
        """Return a page of a join: ``join("users", "orders", "user_id")``. Cost: O(page), once the key has an index.

        Raises:
            UnknownTable, InvalidKey, KeyNotResolved, NameTaken, TooManyRows; UnknownField, if the request is strict.
        """
        if isinstance(asked, str):
            asked = asking.join((asked, right), key, (self.fields(asked), self.fields(right)), **words)
        else:
            asking.check_alone(asked, JoinRequest, words)
        return await joining.join(self.engine.tables, self._presence, asked, self.limits.sorted_rows)

    @asynccontextmanager
    async def snapshot(self, *tables: str) -> AsyncIterator[Snapshot]:
        """Give whole tables as they are at one moment; without names, all of them. Raises UnknownTable.

        Cost: O(1); reading a table is O(n), in steps of 1 ms, and other tasks get their turns between.
        """
        names = tables or tuple(stats.name for stats in self.engine.tables.stats())
        async with self.engine.tables.snapshot([Access(name) for name in names]) as view:
            yield Snapshot(names, view)

    async def dump(self, *tables: str) -> AsyncIterator[tuple[str, Any]]:
        """Yield what `load` takes: every record of some tables, or of all, at one moment. Raises as `snapshot`.

        A pair of a table and None comes before its records.
        """
        async with self.snapshot(*tables) as snapshot:
            for table in snapshot.tables:
                yield table, None
                async for bodies in snapshot.view.batches(table):
                    for body in bodies:
                        yield table, codec.parse(body)

    # Writing

    async def apply(self, operation: Operation) -> Outcome:
        """Apply one operation and return what it did. Raises what `prepare` and `settle` raise. Cost: O(record)."""
        done = self.apply_now(operation)
        return done if isinstance(done, Outcome) else await done

    def apply_now(self, operation: Operation) -> Outcome | Coroutine[Any, Any, Outcome]:
        """Do what `apply` does at once; or, where something has to be waited for, return what to await instead."""
        if _get_running_loop() is not self._owner.loop:
            self._owner.take_over()
        return writing.write_one(self._engine, self.schemas.rules, operation)

    async def replace(
        self, table: str, record_id: RecordId, record: Any, *, upsert: bool = False, expecting: bytes | None = None
    ) -> Outcome:
        """Replace a record; with `upsert` create it where there is none.

        Args:
            expecting: the body that must stand, as `get` returned it.

        Raises:
            RecordNotFound, PreconditionFailed, and what else `apply` raises.
        """
        kind: Kind = "upsert" if upsert else "replace"
        return await self.apply(asking.operation(kind, table, record_id, record, expecting))

    async def patch(self, table: str, record_id: RecordId, patch: Any, *, expecting: bytes | None = None) -> Outcome:
        """Change some members of a record by a merge patch, in which None removes a member. Raises as `replace`."""
        return await self.apply(asking.operation("patch", table, record_id, patch, expecting))

    async def delete(self, table: str, record_id: RecordId, *, expecting: bytes | None = None) -> Outcome:
        """Delete a record. Raises as `replace`."""
        return await self.apply(asking.operation("delete", table, record_id, expecting=expecting))

    async def write(self, operations: Iterable[Operation]) -> list[Outcome]:
        """Apply operations in order, all or nothing, and return what each did.

        Later operations see what earlier ones did. Cost: O(operations).

        Raises:
            RamekinError: of the first operation that fails; `index` says which, and pointers begin with it.
        """
        return await writing.write(self.engine, self.schemas.rules, operations)

    async def insert(
        self, table: str, records: Iterable[Any], *, on_conflict: OnConflict = "error", is_parsed: bool = False
    ) -> list[Outcome]:
        """Create one record, or many, all or nothing; the table too, also with no records.

        Args:
            records: a dictionary is one record.
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.

        Raises:
            InvalidRecord: with the faults of the first records that have any; pointers begin with the index.
        """
        check_table_name(table)
        words: Any = {"on_conflict": on_conflict, "is_parsed": is_parsed}
        if isinstance(records, dict):
            return [await self.apply(Operation("create", table, record=records, **words))]
        each = Operation("create", table, **words)
        outcomes = await writing.insert(self.engine, self.schemas.rules, each, records)
        if not outcomes:
            await loading.load(self.engine, self.schemas.rules, [(table, None)], is_replacing=False)
        return outcomes

    async def change(self, asked: changing.ChangeRequest | str, **words: Unpack[asking.Change]) -> changing.Changed:
        """Patch or delete the records that a condition means, all or nothing.

        ``change("users", where={"age": {"lt": 18}}, patch={"minor": True})``; `delete=True` takes the patch's place.

        Cost: O(records that are looked at), in steps, and one step of O(records that change).

        Raises:
            UnknownTable, UnknownField, PreconditionRequired, InvalidRecord, NotUnique, TooManyAffected.
        """
        if isinstance(asked, str):
            asked = asking.change(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, changing.ChangeRequest, words)
        return await changing.change(self.engine, self._presence, self.schemas.rules, asked)

    async def load(
        self,
        records: AsyncIterator[tuple[str, Any]] | Iterable[tuple[str, Any]],
        *,
        is_replacing: bool = False,
        is_parsed: bool = False,
    ) -> dict[str, int]:
        """Store whole tables, over records with the same ids, and return the number of records of each.

        Args:
            records: (table, parsed record); a record of None only names the table.
            is_replacing: tables that are not named are dropped, those with a model or a definition emptied.
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.

        All or nothing. Cost: O(records), in steps of 2 ms; the last step, which makes all visible, about 0.1 µs a
        record.

        Raises:
            MemoryLimit: there is no room for the records beside what is there, which may have the same ids.
        """
        each = records if is_parsed else loading.checked(records)
        return await loading.load(self.engine, self.schemas.rules, each, is_replacing=is_replacing)

    # Tables

    async def tables(self) -> list[TableInfo]:
        """Return every table with its statistics. Cost: O(tables)."""
        return [
            TableInfo.of(self.schemas, stats, self.engine.tables.index_stats(stats.name))
            for stats in self.engine.tables.stats()
        ]

    async def table(self, name: str) -> TableInfo:
        """Return one table with its statistics. Raises UnknownTable."""
        return TableInfo.of(self.schemas, self.engine.tables.table_stats(name), self.engine.tables.index_stats(name))

    async def revision(self, name: str) -> int:
        """Return a number that grows with every write to a table. Raises UnknownTable. Cost: O(1)."""
        return self.engine.tables.table_stats(name).revision

    async def define(self, name: str, asked: Definition | Mapping[str, Any]) -> tuple[TableInfo, bool]:
        """Give a table a definition, which may be said as over HTTP; return the table, and whether it is new.

        Raises:
            InvalidTableName, InvalidDefinition: they cannot be.
            ModelTable: the table is typed by a model.
            DefinitionBroken: records that are there do not satisfy it; nothing is changed.

        Cost: O(n) in steps, for the records that are there.
        """
        check_table_name(name)
        definition = asking.definition(asked)
        if (model := self._engine.tables.models.get(name)) is not None:
            raise ModelTable(f"The table '{name}' is defined by the model {model.title}.")
        rules = self.schemas.make_rules(name, definition)
        broken = "Records that are there do not satisfy the definition; nothing was changed."
        stats, is_new = await defining.define(self.engine, name, rules, broken)
        self.schemas.know(name, rules)
        return TableInfo(stats, indexes_of(self.engine.tables, stats), definition.schema), is_new

    async def drop(self, name: str) -> None:
        """Drop a table with its definition; one with a model is emptied and stays. Raises UnknownTable."""
        is_typed = name in self._engine.tables.models
        await self.engine.apply(Loaded({}, emptied=(name,)) if is_typed else Dropped(name))

    def memory(self) -> MemoryStats:
        """Return how many bytes the tables take, and may take. Cost: O(1)."""
        return self.engine.tables.memory()

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it; whoever asked removes it.

        The file is a data directory's: ``docs/durability.md`` says how to start from it. Raises StorageFull,
        Unavailable.
        """
        return await self.engine.backup()
