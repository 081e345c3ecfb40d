"""Whole tables of a database: how it is made and opened, what is told of tables, how they are defined, loaded, dropped.

`Database` adds what concerns records. Knows no HTTP; see ``engine/base.py`` for where tables live, ``defining.py`` and
``loading.py`` for what becomes of records that are there.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from ramekin.clock import SYSTEM, Clock
from ramekin.database import asking, defining, loading
from ramekin.database.adoption import Adoption
from ramekin.database.arguments import checked
from ramekin.database.info import Snapshot, TableInfo, indexes_of, info_of, infos_of
from ramekin.database.presence import Presence
from ramekin.database.schemas import Schemas
from ramekin.engine.access import Access
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Guarantees
from ramekin.engine.embedded import Embedded
from ramekin.engine.tables import drop_of
from ramekin.errors import JournalFailed, ModelTable, Unavailable, UnknownTable, at
from ramekin.limits import Limits
from ramekin.schema.definition import Definition, check_table_name
from ramekin.schema.extent import check_extent
from ramekin.schema.models import ModelSchema
from ramekin.values import codec
from ramekin.values.ids import SYSTEM_IDS, IdSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from ramekin.database.lifetimes import Ttl
    from ramekin.durability.contents import Fsync
    from ramekin.durability.disk import Disk
    from ramekin.engine.work import Work
    from ramekin.stats import MemoryStats


class WholeTables:
    """Tables that live in an engine, each with its schema."""

    @checked
    def __init__(
        self,
        models: Mapping[str, type[BaseModel]] | None = None,
        *,
        directory: str | Path | None = None,
        fsync: Fsync | None = None,
        engine: Engine | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        disk: Disk | None = None,
    ) -> None:
        """Make a database, to be opened by ``async with``.

        Args:
            directory: where its tables outlive the process; without one, nor an engine, they are in memory alone.
            fsync: when what is written to the directory is synced: "always", "everysec" (if it is not said) or "no".
            clock: what it takes for the time; an engine has its own.
            ids: makes what is made by chance, such as the ids of records that come without one.
            disk: what carries out the calls that change the directory: a test may give one that refuses.

        Raises:
            ValueError: one of these means nothing, or not beside another.
        """
        if engine is not None and any(each is not None for each in (directory, fsync, clock, disk)):
            raise ValueError("Give an engine, or a directory, 'fsync', a clock and a disk.")
        if directory is None and (fsync is not None or disk is not None):
            raise ValueError("'fsync' and 'disk' say how a directory is written: give a directory too.")
        self._engine: Engine = Embedded(clock=clock or SYSTEM) if engine is None else engine
        if directory is not None:
            from ramekin.engine.journaled import in_directory  # SQLite, and Unix, are for those who use them

            self._engine = in_directory(directory, "everysec" if fsync is None else fsync, clock or SYSTEM, disk)
        self.clock = self._engine.clock
        self.ids = ids or (SYSTEM_IDS if self.clock is SYSTEM else IdSource(self.clock))
        self._engine.tables.name_lineage(f"{self.clock.wall_ms():x}{self.ids.token(4)}")
        self.owner, self.expirations = self._engine.owner, self._engine.tables.expirations
        self.limits = limits or Limits()
        for name in models or ():
            check_table_name(name)
        self.models = {name: ModelSchema(model, self.ids) for name, model in (models or {}).items()}
        self._engine.tables.know(self.models)
        self.schemas = Schemas(self._engine.tables, self.models, self.limits.record_bytes, self.ids)
        self._adoption = Adoption(self._engine, self.schemas, self.models)
        self._presence = Presence(self._engine.tables, self.schemas)

    @property
    def engine(self) -> Engine:
        """Where the tables live. Raises RuntimeError for whoever may not use it now, Unavailable once it is closed."""
        self.owner.check()
        return self._engine

    @property
    def guarantees(self) -> Guarantees:
        """What its engine guarantees; whoever puts a server together may ask, in no loop and in any thread."""
        return self._engine.guarantees

    async def __aenter__(self) -> Self:
        try:
            await self.engine.open()
            await self._adoption.begin()
        except BaseException:
            await self.engine.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.owner.is_ended:
            await self._adoption.close()
            try:
                await self.engine.close()
            except JournalFailed:  # it is closed even so
                self.owner.end()
                raise
            self.owner.end()

    # What is told of them

    def warnings(self) -> list[str]:
        """Return what is amiss with tables of models, a sentence each. Cost: O(warnings)."""
        return [*self._adoption.warnings.values()]

    async def tables(self, *, reaches: Callable[[str], bool] = bool, work: Work | None = None) -> list[TableInfo]:
        """Return every table with its statistics, in the order in which they were made, as `infos_of`."""
        await self.engine.tables.swept()
        return await infos_of(self.engine.tables, self.schemas, reaches, work)

    @checked
    async def table(self, name: str) -> TableInfo:
        """Return one table with its statistics. Raises UnknownTable."""
        await self.engine.tables.swept((name,))
        return info_of(self.engine.tables, self.schemas, name)

    @checked
    async def revision(self, name: str) -> int:
        """Return a number that grows with every write to a table. Raises UnknownTable. Cost: O(1)."""
        await self.engine.tables.swept((name,))
        return self.engine.tables.table_stats(name).revision

    @checked
    async def version(self, name: str) -> str:
        """Return what names the contents of a table among all that it has had. Raises UnknownTable. Cost: O(1)."""
        await self.engine.tables.swept((name,))
        return self.engine.tables.version(name)

    @checked
    def record_count(self, name: str) -> int:
        """Return how many records a table has. Raises UnknownTable. Cost: O(1)."""
        return self.engine.tables.table_stats(name).records

    def memory(self) -> MemoryStats:
        """Return how many bytes the tables take, and may take; of a closed database too. Cost: O(1)."""
        return self._engine.tables.memory()

    @checked
    @asynccontextmanager
    async def snapshot(
        self,
        tables: Iterable[str] | None = None,
        *,
        reaches: Callable[[str], bool] = bool,
        work: Work | None = None,
    ) -> AsyncIterator[Snapshot]:
        """Give whole tables as they are at one moment; without names, all that there are then.

        Args:
            reaches: says which of all are meant, where none is named.
            work: what reading them is a part of.

        Raises:
            UnknownTable; Deadline, also while they are read: it takes more work than it may; Unavailable, where tables
            are dropped by others all the time.

        Cost: O(1), and a wait where many begin to read between writes; reading a table is O(n), in steps of 1 ms.
        """
        by_id, named = self.engine.guarantees.is_shared, None if tables is None else tuple(tables)
        async with AsyncExitStack() as stack:
            for _ in range(MAX_ATTEMPTS):
                names = tuple(filter(reaches, self.engine.tables.names())) if named is None else named
                accesses = [Access(name, by_id, is_whole=True, whole_by_id=by_id) for name in names]
                try:
                    view = await stack.enter_async_context(self.engine.tables.view(accesses, work))
                    if named is not None or names == tuple(filter(reaches, self.engine.tables.names())):
                        break
                    await stack.aclose()  # a table was made since: all is to be of one moment
                except UnknownTable:
                    if named is not None:
                        raise
            else:
                raise Unavailable("Tables are made and dropped by others all the time; nothing was read.")
            yield Snapshot(names, view)

    async def dump(self, *tables: str) -> AsyncIterator[tuple[str, Any]]:
        """Yield what `load` takes: every record of some tables, or of all, at one moment. Raises as `snapshot`.

        A pair of a table and None comes before its records.
        """
        async with self.snapshot(tables or None) as snapshot:
            for table in snapshot.tables:
                yield table, None
                async for bodies in snapshot.view.batches(table):
                    for body in bodies:
                        yield table, codec.parse(body)

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it; whoever asked removes it.

        The file is a data directory's: ``docs/durability.md`` says how to start from it. Raises StorageFull,
        Unavailable.
        """
        return await self.engine.backup()

    # What becomes of them

    @checked
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
        if definition.schema is None:
            rules = self.schemas.make_rules(name, definition)
        else:  # of a large one to read it takes 40 ms, most of it Python, in which others have their turns
            with at("schema"):
                check_extent(definition.schema)
                rules = await asyncio.to_thread(self.schemas.make_rules, name, definition)
        broken = "Records that are there do not satisfy the definition; nothing was changed."
        stats, is_new = await defining.define(self.engine, name, rules, broken, self.limits.query_s)
        self.schemas.know(name, rules)
        return TableInfo(stats, indexes_of(self.engine.tables, stats), definition.schema), is_new

    @checked
    async def drop(self, name: str) -> None:
        """Drop a table with its definition; one with a model is emptied and stays. Raises UnknownTable."""
        await self.engine.apply(lambda: drop_of(self._engine.tables, name))

    @checked
    async def load(
        self,
        records: AsyncIterator[tuple[str, Any]] | Iterable[tuple[str, Any]],
        *,
        is_replacing: bool = False,
        is_parsed: bool = False,
        ttl: Ttl | None = None,
        work: Work | None = None,
    ) -> dict[str, int]:
        """Store whole tables, over records with the same ids, and return the number of records of each.

        Args:
            records: (table, parsed record); a record of None only names the table.
            is_replacing: tables that are not named are dropped, those with a model or a definition emptied.
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.
            ttl: seconds for which they live; "none" for ever; else as their tables' definitions say.
            work: what reading and checking them is a part of; None: it takes as long as it takes.

        All or nothing. Cost: O(records), in steps of 2 ms; the last step, which makes all visible, about 0.1 µs a
        record.

        Raises:
            MemoryLimit: there is no room for the records beside what is there, which may have the same ids.
            Deadline: it takes more work than it may.
        """
        each = records if is_parsed else loading.checked(records)
        return await loading.load(self.engine, self.schemas.rules, each, is_replacing=is_replacing, ttl=ttl, work=work)

    async def load_first(
        self, records: AsyncIterator[tuple[str, Any]] | Iterable[tuple[str, Any]], *, is_parsed: bool = False
    ) -> dict[str, int] | None:
        """Load what a database begins with, as `load` does, if it holds no record; else return None.

        Of several processes that begin with one database, one does it.
        """
        each = records if is_parsed else loading.checked(records)
        try:
            return await loading.load(self.engine, self.schemas.rules, each, is_first=True)
        except loading.NotEmpty:
            return None
