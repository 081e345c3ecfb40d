"""`Database`: the one object behind every door (HTTP, command line, Python).

It joins the models to the engine: records are validated here, operations settled, keys of joins resolved. It takes
and returns bodies (JSON text as bytes) and never parses one in order to return it. Knows no HTTP; see
``engine/base.py`` for where tables live and ``operations.py`` for what a write means.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ramekin import joining
from ramekin.definitions import Change, Limits, check_table_name
from ramekin.engine.base import Access
from ramekin.engine.embedded import EmbeddedEngine
from ramekin.errors import DuplicateId, Fault, InvalidRecord, RamekinError, RecordNotFound, Unavailable, shorten
from ramekin.operations import Operation, Outcome, Prepared, prepare, settle
from ramekin.schema import RecordSchema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from ramekin.definitions import RecordId, TableStats
    from ramekin.engine.base import Engine, Page, View
    from ramekin.operations import OnConflict

MAX_FAULTS = 10
MAX_ATTEMPTS = 100
"""Times that a write is settled again because others wrote in between. The engine in this process never needs one."""

BATCH = 200
"""Records that are prepared before other tasks get a turn: about 2 ms."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's figures, and the JSON Schema of its model if it has one."""

    stats: TableStats
    schema: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tables at one moment; `view.batches(name)` gives the bodies of one, in the order in which they were stored."""

    tables: tuple[str, ...]
    view: View


class Database:
    """Tables of JSON records.

    1. A record that is stored has an id and satisfies its table's model.
    2. A call that raises has changed nothing; a bulk or a batch is all or nothing.
    3. Errors are those of ``ramekin.errors``.

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
        self.schemas = {name: RecordSchema(model) for name, model in (models or {}).items()}

    async def __aenter__(self) -> Database:
        await self.engine.open()
        for name in self.schemas:
            await self.engine.create_table(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    # Reading

    async def get(self, table: str, address: str) -> bytes:
        """Return a record's body, by its id's text. Cost: O(1).

        Raises:
            UnknownTable, RecordNotFound: there is no such table, or record.
        """
        body = await self.engine.get(table, address)
        if body is None and (schema := self.schemas.get(table)) is not None:
            body = await self.engine.get(table, str(schema.read_id(address)))
        if body is None:
            raise RecordNotFound(f"The table '{shorten(table)}' has no record with this id.")
        return body

    async def find(self, table: str, *, after: RecordId | None = None, offset: int = 0, limit: int = 100) -> Page:
        """Return records in id order. Raises UnknownTable. Cost: O(log n + limit)."""
        return await self.engine.find(table, after=after, offset=offset, limit=limit)

    async def count(self, table: str) -> int:
        """Return the number of records. Raises UnknownTable. Cost: O(1)."""
        return (await self.engine.table_stats(table)).records

    async def join(self, request: joining.JoinRequest) -> joining.JoinPage:
        """Return a page of a join. Cost: O(page), once the key has an index.

        Raises:
            UnknownTable, InvalidKey, KeyNotResolved, InvalidCursor.
        """
        return await joining.join(self.engine, self.schemas, request)

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
        table, schema, limit = operation.table, self.schemas.get(operation.table), self.limits.record_bytes
        try:
            prepared = prepare(operation, schema, limit)
            for _ in range(MAX_ATTEMPTS):
                [before] = await self.engine.get_many([(table, prepared.key)])
                outcome = settle(prepared, before, schema, limit)
                if await self.engine.write([Change(table, prepared.key, before, outcome.body)]):
                    return outcome
        except RecordNotFound:
            await self.engine.table_stats(table)  # says so if it is the table that is missing
            raise
        raise Unavailable("The record is being written by others; nothing was applied.")

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Apply operations in order, all or nothing, and return what each did.

        Later operations see what earlier ones did. Cost: O(operations).

        Raises:
            RamekinError: of the first operation that fails; `index` says which, and pointers begin with it.
        """
        prepared = []
        for i, operation in enumerate(operations):
            try:
                prepared.append(prepare(operation, self.schemas.get(operation.table), self.limits.record_bytes))
            except RamekinError as error:
                raise _at(error, i) from None
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        return await self._settle_and_write(prepared)

    async def insert(self, table: str, records: Iterable[Any], *, on_conflict: OnConflict = "error") -> list[Outcome]:
        """Create many records, all or nothing.

        Raises:
            InvalidRecord: with the faults of the first records that have any; pointers begin with the index.
        """
        check_table_name(table)
        prepared: list[Prepared] = []
        faults: list[Fault] = []
        for i, record in enumerate(records):
            operation = Operation("create", table, record=record, on_conflict=on_conflict)
            try:
                prepared.append(prepare(operation, self.schemas.get(table), self.limits.record_bytes))
            except RamekinError as error:
                if not isinstance(error, InvalidRecord):
                    raise _at(error, i) from None
                faults += _faults_at(error, i)
                if len(faults) >= MAX_FAULTS:
                    break
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        if faults:
            raise InvalidRecord("Records are not valid; none was stored.", faults=faults[:MAX_FAULTS])
        return await self._settle_and_write(prepared)

    async def load(
        self, records: AsyncIterator[tuple[str, Any]] | Iterable[tuple[str, Any]], *, is_replacing: bool = False
    ) -> dict[str, int]:
        """Store whole tables, over records with the same ids, and return the number of records of each.

        Args:
            records: (table, parsed record); a record of None only names the table.
            is_replacing: tables that are not named are dropped, those of models emptied.

        All or nothing. Cost: O(records), in steps of 2 ms; the last step, which makes all visible, about 0.1 µs a
        record.
        """
        staged: dict[str, dict[str, bytes]] = {}
        count = 0
        async for table, record in _each(records):
            if table not in staged:
                check_table_name(table)
                staged[table] = {}
            if record is None:
                continue
            body, key = self._body_of(table, record, len(staged[table]))
            if key in staged[table]:
                raise _twice(table, len(staged[table]))
            staged[table][key] = body
            count += 1
            if count % BATCH == 0:
                await asyncio.sleep(0)
        await self.engine.load(staged, replace=is_replacing, keep=frozenset(self.schemas))
        return {table: len(bodies) for table, bodies in staged.items()}

    # Tables

    async def tables(self) -> list[TableInfo]:
        """Return every table with its figures. Cost: O(tables)."""
        return [self._info(stats) for stats in await self.engine.stats()]

    async def table(self, name: str) -> TableInfo:
        """Return one table with its figures. Raises UnknownTable."""
        return self._info(await self.engine.table_stats(name))

    async def drop(self, name: str) -> None:
        """Drop a table; one with a model is emptied and stays. Raises UnknownTable."""
        await self.engine.drop_table(name)
        if name in self.schemas:
            await self.engine.create_table(name)

    def _info(self, stats: TableStats) -> TableInfo:
        schema = self.schemas.get(stats.name)
        return TableInfo(stats, None if schema is None else schema.json_schema)

    async def _settle_and_write(self, prepared: Sequence[Prepared]) -> list[Outcome]:
        for _ in range(MAX_ATTEMPTS):
            outcomes, changes = await self._settle(prepared)
            if await self.engine.write(changes):
                return outcomes
        raise Unavailable("The records are being written by others; nothing was applied.")

    async def _settle(self, prepared: Sequence[Prepared]) -> tuple[list[Outcome], list[Change]]:
        """Settle operations in order, each on what the ones before it left; return outcomes and changes."""
        places = [(p.operation.table, p.key) for p in prepared]
        changes: dict[tuple[str, str], Change] = {}
        outcomes = []
        for i, (p, place, stands) in enumerate(zip(prepared, places, await self.engine.get_many(places), strict=True)):
            change = changes.get(place) or Change(*place, before=stands, after=stands)
            try:
                outcome = settle(p, change.after, self.schemas.get(place[0]), self.limits.record_bytes)
            except RamekinError as error:
                raise _at(error, i) from None
            outcomes.append(outcome)
            changes[place] = replace(change, after=outcome.body)
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        return outcomes, [change for change in changes.values() if change.after is not change.before]

    def _body_of(self, table: str, record: Any, i: int) -> tuple[bytes, str]:
        try:
            done = prepare(Operation("create", table, record=record), self.schemas.get(table), self.limits.record_bytes)
        except RamekinError as error:
            faults = tuple(Fault(f"/{table}{fault.pointer}", fault.detail) for fault in _faults_at(error, i))
            raise type(error)(error.message, faults=faults) from None
        assert done.body is not None, "only a merge has no body yet"
        return done.body, done.key


async def _each(records: AsyncIterator[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    if hasattr(records, "__aiter__"):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record


def _at(error: RamekinError, index: int) -> RamekinError:
    """Return the error with the place of the operation that met it."""
    faults = error.faults and _faults_at(error, index)
    return type(error)(error.message, faults=faults, index=index)


def _faults_at(error: RamekinError, index: int) -> list[Fault]:
    faults = error.faults or (Fault("", error.message),)
    return [Fault(f"/{index}{fault.pointer}", fault.detail) for fault in faults]


def _twice(table: str, index: int) -> DuplicateId:
    fault = Fault(f"/{table}/{index}/id", "This id came before.")
    return DuplicateId("An id stands twice; ids are compared by their text.", faults=[fault])
