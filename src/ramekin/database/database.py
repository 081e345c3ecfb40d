"""`Database`: the one object behind every door (HTTP, command line, Python).

It joins schemas to the engine: records are validated here and operations settled; lists, groups and joins are found
by ``finding.py`` and ``joining.py``, changes by condition by ``changing.py``. It takes and returns bodies (JSON text as
bytes) and never parses one in order to return it. Knows no HTTP; see ``engine/base.py`` for where tables live.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ramekin.database import changing, defining, finding, joining, loading, writing
from ramekin.database.operations import Operation, Outcome, prepare, settle
from ramekin.database.presence import Presence
from ramekin.database.schemas import Schemas
from ramekin.engine.base import Access
from ramekin.engine.embedded import EmbeddedEngine
from ramekin.errors import ModelTable, RecordNotFound, Redefined, UnknownTable, shorten
from ramekin.limits import Limits
from ramekin.schema.definition import NOTHING_DEFINED, Definition, check_table_name
from ramekin.schema.missing_model import schema_to_leave
from ramekin.schema.models import ModelSchema
from ramekin.stats import IndexStats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from ramekin.database.join_request import JoinRequest
    from ramekin.database.operations import OnConflict
    from ramekin.engine.base import Engine
    from ramekin.query.view import View
    from ramekin.schema.fields import Fields
    from ramekin.stats import TableStats
    from ramekin.values.paths import FieldPath

MAX_ATTEMPTS = 100
"""Times that a record is prepared again because others defined its table in between."""

_log = logging.getLogger("ramekin")


class _Redefined(Exception):  # no error: what was prepared is prepared again
    """Definitions changed between preparing a record and applying it."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's figures, those of its indexes, and its JSON Schema if a model or a definition gives it one."""

    stats: TableStats
    indexes: tuple[IndexStats, ...]
    schema: dict[str, Any] | None
    has_model: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tables at one moment; `view.batches(name)` gives the bodies of one, in the order in which they were stored."""

    tables: tuple[str, ...]
    view: View


class Database:
    """Tables of JSON records.

    1. A record that is stored has an id and satisfies its table's model.
    2. A call that raises has changed nothing; a bulk or a batch is all or nothing.
    3. Errors are those of ``ramekin.errors``, UnfitModel for a model that can be no table.
    4. Records are JSON values; whoever hands over what `codec.parse` made says so, and it is not looked at again.

    Use it in ``async with``, from one event loop.
    """

    def __init__(
        self,
        models: Mapping[str, type[BaseModel]] | None = None,
        *,
        engine: Engine | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.engine: Engine = engine or EmbeddedEngine()
        self.limits = limits or Limits()
        self.models = {name: ModelSchema(model) for name, model in (models or {}).items()}
        self.schemas = Schemas(self.engine, self.models, self.limits.record_bytes)
        self._presence = Presence(self.engine, self.schemas)

    async def __aenter__(self) -> Database:
        try:
            await self.engine.open()
            for name in self.models:
                await self._adopt_model(name)
        except BaseException:
            await self.engine.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    # Reading

    async def get(self, table: str, address: str) -> bytes:
        """Return a record's body, by its key: its id's text as it is stored, letter by letter. Cost: O(1).

        Raises:
            UnknownTable, RecordNotFound: there is no such table, or record.
        """
        body = await self.engine.get(table, address)
        if body is None:
            raise RecordNotFound(f"The table '{shorten(table)}' has no record with this id.")
        return body

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields, for reading queries."""
        return self._presence.fields(table)

    async def field_names(self, table: str) -> tuple[str, ...]:
        """Return the names of a table's fields, declared or seen in its first records; none without a table."""
        try:
            return tuple(await self._presence.names(table))
        except UnknownTable:
            return ()

    async def missing(self, table: str, paths: Iterable[FieldPath], *, is_strict: bool) -> list[str]:
        """Return a warning for each field that no record has. Raises UnknownTable; UnknownField, if it is strict.

        Cost: O(1) for a field that is known; else O(n) once, in steps.
        """
        return await self._presence.missing(table, paths, is_strict=is_strict)

    async def find(self, request: finding.FindRequest) -> finding.FindPage:
        """Return a page of a table.

        Raises:
            UnknownTable; UnknownField, if the request is strict; TooManyRows.

        Cost: O(page) along an index; the first use of a field builds it, O(n log n) in steps.
        """
        return await finding.find(self.engine, self._presence, request, self.limits.sorted_rows)

    async def find_groups(self, request: finding.GroupRequest) -> finding.FindPage:
        """Return a page of groups with their figures. Raises as `find`. Cost: O(records that satisfy the condition)."""
        return await finding.find_groups(self.engine, self._presence, request, self.limits.sorted_rows)

    async def join(self, request: JoinRequest) -> joining.JoinPage:
        """Return a page of a join. Cost: O(page), once the key has an index.

        Raises:
            UnknownTable, InvalidKey, KeyNotResolved, NameTaken, TooManyRows; UnknownField, if the request is strict.
        """
        return await joining.join(self.engine, self._presence, request, self.limits.sorted_rows)

    @asynccontextmanager
    async def snapshot(self, *tables: str) -> AsyncIterator[Snapshot]:
        """Give whole tables as they are at one moment; without names, all of them. Raises UnknownTable.

        Cost: O(1); reading a table is O(n), in steps of 1 ms, and other tasks get their turns between.
        """
        names = tables or tuple(stats.name for stats in await self.engine.stats())
        async with self.engine.snapshot([Access(name) for name in names]) as view:
            yield Snapshot(names, view)

    # Writing

    async def apply(self, operation: Operation) -> Outcome:
        """Apply one operation and return what it did. Raises what `prepare` and `settle` raise. Cost: O(record)."""
        table = operation.table
        outcome: Outcome

        def step(before: bytes | None) -> bytes | None:
            nonlocal outcome
            if definitions.get(table) is not rules.definition:
                raise _Redefined
            outcome = settle(prepared, before, rules)
            return outcome.body

        for _ in range(MAX_ATTEMPTS):
            rules, definitions = self.schemas.rules(table), self.engine.definitions
            try:
                prepared = prepare(operation, rules)
                await self.engine.change(table, prepared.key, step)
            except RecordNotFound:
                await self.engine.table_stats(table)  # says so if it is the table that is missing
                raise
            except _Redefined:
                continue
            return outcome
        raise Redefined("The table is being defined by others; nothing was applied.")

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Apply operations in order, all or nothing, and return what each did.

        Later operations see what earlier ones did. Cost: O(operations).

        Raises:
            RamekinError: of the first operation that fails; `index` says which, and pointers begin with it.
        """
        return await writing.write(self.engine, self.schemas.rules, operations)

    async def insert(
        self, table: str, records: Iterable[Any], *, on_conflict: OnConflict = "error", is_parsed: bool = False
    ) -> list[Outcome]:
        """Create many records, all or nothing.

        Args:
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.

        Raises:
            InvalidRecord: with the faults of the first records that have any; pointers begin with the index.
        """
        check_table_name(table)
        each = Operation("create", table, on_conflict=on_conflict, is_parsed=is_parsed)
        return await writing.insert(self.engine, self.schemas.rules, each, records)

    async def change(self, request: changing.ChangeRequest) -> changing.Changed:
        """Patch or delete the records that a predicate means, all or nothing.

        Cost: O(records that are looked at), in steps, and one step of O(records that change).

        Raises:
            UnknownTable, UnknownField, PreconditionRequired, InvalidRecord, NotUnique, TooManyAffected.
        """
        return await changing.change(self.engine, self._presence, self.schemas.rules, request)

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
        """Return every table with its figures. Cost: O(tables)."""
        return [self._info(stats, await self.engine.index_stats(stats.name)) for stats in await self.engine.stats()]

    async def table(self, name: str) -> TableInfo:
        """Return one table with its figures. Raises UnknownTable."""
        return self._info(await self.engine.table_stats(name), await self.engine.index_stats(name))

    async def revision(self, name: str) -> int:
        """Return a number that grows with every write to a table. Raises UnknownTable. Cost: O(1)."""
        return (await self.engine.table_stats(name)).revision

    async def define(self, name: str, definition: Definition) -> tuple[TableInfo, bool]:
        """Give a table a definition; return the table right after that, and whether it is new.

        Raises:
            InvalidTableName, InvalidDefinition: they cannot be.
            ModelTable: the table is typed by a model.
            DefinitionBroken: records that are there do not satisfy it; nothing is changed.

        Cost: O(n) in steps, for the records that are there.
        """
        check_table_name(name)
        if name in self.models:
            raise ModelTable(f"The table '{name}' is defined by the model {self.models[name].title}.")
        rules = self.schemas.make_rules(name, definition)
        broken = "Records that are there do not satisfy the definition; nothing was changed."
        stats, is_new = await defining.define(self.engine, name, rules, broken)
        self.schemas.know(name, rules)
        return TableInfo(stats, await self._indexes_of(stats), definition.schema), is_new

    async def drop(self, name: str) -> None:
        """Drop a table with its definition; one with a model is emptied and stays. Raises UnknownTable."""
        await self.engine.drop_table(name, keeps_definition=name in self.models)

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it; whoever asked removes it.

        The file is a data directory's: ``docs/durability.md`` says how to start from it. Raises StorageFull,
        Unavailable.
        """
        return await self.engine.backup()

    async def _adopt_model(self, name: str) -> None:
        """Make a model's table, or see that what it holds satisfies the model. Raises DefinitionBroken.

        Records are looked at where the model, or its code, is not the one that they were found to satisfy last. What
        else was defined of the table holds on.
        """
        known, model = self.engine.definitions.get(name, NOTHING_DEFINED), self.models[name]
        definition = replace(known, schema=schema_to_leave(model), model=self.schemas.fingerprints[name])
        if definition == known:
            return
        rules = self.schemas.make_rules(name, definition)
        broken = f"Records of the table '{name}' do not satisfy the model {model.title}, which has changed."
        await defining.define(self.engine, name, rules, broken)
        if known != NOTHING_DEFINED and known.model is None:
            kept = [*known.pinned(), *(["If-Match"] if known.require_if_match else [])]
            told = "its JSON Schema gives way to the model" if known.schema is not None else "it had no schema"
            held = f"; its definition's {', '.join(kept)} hold on" if kept else ""
            _log.warning("the table '%s' is typed by the model %s from now on: %s%s", name, model.title, told, held)

    def _info(self, stats: TableStats, indexes: tuple[IndexStats, ...]) -> TableInfo:
        schema = self.schemas.get(stats.name)
        return TableInfo(stats, indexes, None if schema is None else schema.json_schema, stats.name in self.models)

    async def _indexes_of(self, stats: TableStats) -> tuple[IndexStats, ...]:
        """Return the figures of a table's indexes; those that its definition names where it has another one by now."""
        with suppress(UnknownTable):
            if (await self.engine.table_stats(stats.name)).definition is stats.definition:
                return await self.engine.index_stats(stats.name)
        pinned = stats.definition.pinned().items()
        return tuple(IndexStats(name, "sorted" if sorts else "hash", 0, is_pinned=True) for name, sorts in pinned)
