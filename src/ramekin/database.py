"""`Database`: the one object behind every door (HTTP, command line, Python).

It joins schemas to the engine: records are validated here and operations settled; lists, groups and joins are found
by ``finding.py`` and ``joining.py``, changes by condition by ``changing.py``. It takes and returns bodies (JSON text as
bytes) and never parses one in order to return it. Knows no HTTP; see ``engine/base.py`` for where tables live.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin import changing, codec, defining, finding, joining, loading
from ramekin.definitions import Change, Definition, Limits, check_table_name
from ramekin.engine.base import Access
from ramekin.engine.embedded import EmbeddedEngine
from ramekin.errors import (
    BodyTooLarge,
    Fault,
    InvalidRecord,
    ModelTable,
    NotUnique,
    RamekinError,
    RecordNotFound,
    Unavailable,
    UnknownTable,
    shorten,
)
from ramekin.json_schema import JsonSchema
from ramekin.models import ModelSchema
from ramekin.operations import ALWAYS, Operation, Outcome, Prepared, Rules, prepare, settle
from ramekin.presence import Presence
from ramekin.schema import MAX_FAULTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from ramekin.definitions import IndexStats, TableStats
    from ramekin.engine.base import Engine, View
    from ramekin.fields import Fields
    from ramekin.operations import OnConflict
    from ramekin.paths import FieldPath
    from ramekin.schema import RecordSchema

MAX_ATTEMPTS = 100
"""Times that a write is settled again because others wrote or defined tables in between."""

BATCH = 200
"""Records that are prepared before other tasks get a turn: about 2 ms."""


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
        self.schemas: dict[str, RecordSchema] = {**self.models}
        self._plain_rules = Rules(limit_bytes=self.limits.record_bytes)
        self._cautious: set[str] = set()  # tables whose definition asks for If-Match
        self._definitions = 0  # how often one was given or taken away
        self._presence = Presence(self.engine, self.schemas)

    async def __aenter__(self) -> Database:
        await self.engine.open()
        try:
            for stats in await self.engine.stats():
                self._remember(stats.name, stats.definition)
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

    async def join(self, request: joining.JoinRequest) -> joining.JoinPage:
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

    def rules(self, table: str) -> Rules:
        """Return what holds for the records of a table."""
        if table in self.schemas or table in self._cautious:
            return Rules(self.schemas.get(table), self.limits.record_bytes, table in self._cautious)
        return self._plain_rules

    async def apply(self, operation: Operation) -> Outcome:
        """Apply one operation and return what it did. Raises what `prepare` and `settle` raise. Cost: O(record)."""
        table = operation.table
        outcome: Outcome

        def step(before: bytes | None) -> bytes | None:
            nonlocal outcome
            if self._definitions != definitions:
                raise _Redefined
            outcome = settle(prepared, before, rules)
            return outcome.body

        for _ in range(MAX_ATTEMPTS):
            rules, definitions = self.rules(table), self._definitions
            try:
                prepared = prepare(operation, rules)
                await self.engine.change(table, prepared.key, step)
            except RecordNotFound:
                await self.engine.table_stats(table)  # says so if it is the table that is missing
                raise
            except _Redefined:
                continue
            return outcome
        raise Unavailable("The table is being defined by others; nothing was applied.")

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Apply operations in order, all or nothing, and return what each did.

        Later operations see what earlier ones did. Cost: O(operations).

        Raises:
            RamekinError: of the first operation that fails; `index` says which, and pointers begin with it.
        """
        for _ in range(MAX_ATTEMPTS):
            rules = {operation.table: self.rules(operation.table) for operation in operations}
            prepared = []
            for i, operation in enumerate(operations):
                try:
                    prepared.append(prepare(operation, rules[operation.table]))
                except RamekinError as error:
                    raise error.within(i, index=i) from None
                if i % BATCH == BATCH - 1:
                    await asyncio.sleep(0)
            if (outcomes := await self._settle_and_write(prepared, rules)) is not None:
                return outcomes
        raise Unavailable("The records are being written by others; nothing was applied.")

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
        rules = self.rules(table)
        each = Operation("create", table, on_conflict=on_conflict, is_parsed=is_parsed)
        prepared = await self._prepare_all(each, records, rules)
        outcomes = await self._settle_and_write(prepared, {table: rules})
        return await self.write([p.operation for p in prepared]) if outcomes is None else outcomes

    async def change(self, request: changing.ChangeRequest) -> changing.Changed:
        """Patch or delete the records that a predicate means, all or nothing.

        Cost: O(records that are looked at), in steps, and one step of O(records that change).

        Raises:
            UnknownTable, UnknownField, PreconditionRequired, InvalidRecord, NotUnique, TooManyAffected.
        """
        return await changing.change(self.engine, self._presence, lambda: self.rules(request.table), request)

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
            is_replacing: tables that are not named are dropped, those of models emptied.
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.

        All or nothing. Cost: O(records), in steps of 2 ms; the last step, which makes all visible, about 0.1 µs a
        record.

        Raises:
            MemoryLimit: there is no room for the records beside what is there, which may have the same ids.
        """
        each = records if is_parsed else loading.checked(records)
        return await loading.load(self.engine, self.rules, each, is_replacing=is_replacing, keep=frozenset(self.models))

    # Tables

    async def tables(self) -> list[TableInfo]:
        """Return every table with its figures. Cost: O(tables)."""
        return [await self._info(stats) for stats in await self.engine.stats()]

    async def table(self, name: str) -> TableInfo:
        """Return one table with its figures. Raises UnknownTable."""
        return await self._info(await self.engine.table_stats(name))

    async def revision(self, name: str) -> int:
        """Return a number that grows with every write to a table. Raises UnknownTable. Cost: O(1)."""
        return (await self.engine.table_stats(name)).revision

    async def define(self, name: str, definition: Definition) -> bool:
        """Give a table a definition, and say whether the table is new.

        Raises:
            InvalidTableName, InvalidDefinition: they cannot be.
            ModelTable: the table is typed by a model.
            DefinitionBroken: records that are there do not satisfy it; nothing is changed.

        Cost: O(n) in steps, for the records that are there.
        """
        check_table_name(name)
        if name in self.models:
            raise ModelTable(f"The table '{name}' is defined by the model {self.schemas[name].title}.")
        schema = None if definition.schema is None else JsonSchema(definition.schema)
        for _ in range(MAX_ATTEMPTS):
            revision = await self._revision_of(name)
            if revision is not None:
                await defining.check_records(self.engine, name, definition, schema)
            if await self._adopt(name, definition, schema, revision):
                return revision is None
        raise Unavailable("The table is being written by others; its definition is what it was.")

    async def drop(self, name: str) -> None:
        """Drop a table with its definition; one with a model is emptied and stays. Raises UnknownTable."""
        await self.engine.drop_table(name)
        if name in self.models:
            await self._adopt_model(name)
        else:
            self._forget(name)

    async def backup(self) -> Path:
        """Write every table as it is at one moment into a new file, and return it; whoever asked removes it.

        The file is a data directory's: ``docs/durability.md`` says how to start from it. Raises StorageFull,
        Unavailable.
        """
        return await self.engine.backup()

    def _remember(self, name: str, definition: Definition) -> None:
        """Take up what the engine kept of a table."""
        if name not in self.models and definition.schema is not None:
            self.schemas[name] = JsonSchema(definition.schema)
        if definition.require_if_match:
            self._cautious.add(name)

    async def _adopt_model(self, name: str) -> None:
        """Make a model's table, or see that what it holds satisfies the model. Raises DefinitionBroken.

        Records are looked at where the model is not the one that they were found to satisfy last.
        """
        schema = self.models[name]
        definition = Definition(model=codec.digest(codec.dump(schema.json_schema)))
        revision = await self._revision_of(name)
        if revision is not None:
            if (await self.engine.table_stats(name)).definition == definition:
                return
            await defining.check_model(self.engine, name, schema)
        self._cautious.discard(name)
        await self.engine.define(name, definition, revision=revision)

    async def _adopt(self, name: str, definition: Definition, schema: JsonSchema | None, revision: int | None) -> bool:
        """Hand a definition to the engine; writers see it from the moment in which the engine has it."""
        known, cautious = self.schemas.get(name), name in self._cautious
        self._forget(name)
        if schema is not None:
            self.schemas[name] = schema
        if definition.require_if_match:
            self._cautious.add(name)
        is_adopted = False
        try:
            is_adopted = await self.engine.define(name, definition, revision=revision)
        except RamekinError:
            self._restore(name, known, is_cautious=cautious)
            raise
        if not is_adopted:
            self._restore(name, known, is_cautious=cautious)
        return is_adopted

    def _restore(self, name: str, known: RecordSchema | None, *, is_cautious: bool) -> None:
        self._forget(name)
        if known is not None:
            self.schemas[name] = known
        if is_cautious:
            self._cautious.add(name)

    def _forget(self, name: str) -> None:
        self._definitions += 1
        self.schemas.pop(name, None)
        self._cautious.discard(name)

    async def _revision_of(self, name: str) -> int | None:
        try:
            return (await self.engine.table_stats(name)).revision
        except UnknownTable:
            return None

    async def _info(self, stats: TableStats) -> TableInfo:
        schema, indexes = self.schemas.get(stats.name), await self.engine.index_stats(stats.name)
        return TableInfo(stats, indexes, None if schema is None else schema.json_schema, stats.name in self.models)

    async def _prepare_all(self, each: Operation, records: Iterable[Any], rules: Rules) -> list[Prepared]:
        """Prepare records. All are read, whatever is wrong with one: a text that is no JSON is told before that."""
        prepared: list[Prepared] = []
        refused: list[RamekinError] = []
        faults: list[Fault] = []
        for i, record in enumerate(records):
            if len(faults) < MAX_FAULTS and (not refused or isinstance(refused[-1], InvalidRecord)):
                try:
                    operation = Operation("create", each.table, None, record, ALWAYS, each.on_conflict, each.is_parsed)
                    prepared.append(prepare(operation, rules))
                except BodyTooLarge as error:
                    raise error.within(i, index=i) from None
                except RamekinError as error:
                    refused.append(error.within(i, index=i))
                    faults += refused[-1].faults
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        if not refused:
            return prepared
        if not isinstance(refused[0], InvalidRecord):
            raise refused[0]
        message = "Records are not valid; none was stored."
        raise InvalidRecord(message, faults=faults[:MAX_FAULTS], index=refused[0].index)

    async def _settle_and_write(self, prepared: Sequence[Prepared], rules: Mapping[str, Rules]) -> list[Outcome] | None:
        """Settle and write; None where others wrote, or changed a table's rules, in between."""
        outcomes, changes = await self._settle(prepared, rules)
        if any(self.rules(table) != known for table, known in rules.items()):
            return None
        try:
            return outcomes if await self.engine.write(changes) else None
        except NotUnique as error:
            places = [(p.operation.table, p.key) for p in prepared]
            index = places.index(error.place) if error.place in places else 0
            raise error.within(index, index=index) from None

    async def _settle(
        self, prepared: Sequence[Prepared], rules: Mapping[str, Rules]
    ) -> tuple[list[Outcome], list[Change]]:
        """Settle operations in order, each on what the ones before it left; return outcomes and changes."""
        places = [(p.operation.table, p.key) for p in prepared]
        changes: dict[tuple[str, str], Change] = {}
        outcomes = []
        for i, (p, place, stands) in enumerate(zip(prepared, places, await self.engine.get_many(places), strict=True)):
            known = changes.get(place)
            try:
                outcome = settle(p, stands if known is None else known.after, rules[place[0]])
            except RamekinError as error:
                await self.engine.settled()  # what it rests on may still be on its way to the disk
                raise error.within(i, index=i) from None
            outcomes.append(outcome)
            changes[place] = Change(*place, stands if known is None else known.before, outcome.body)
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        return outcomes, [change for change in changes.values() if change.after is not change.before]
