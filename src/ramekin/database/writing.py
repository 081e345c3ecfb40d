"""Writes of many records: prepared, settled on what stands, applied all at once or not at all.

A bulk and a batch are lists of operations, settled in order, each on what the ones before it left of its record. What
others write meanwhile is settled again, and nothing else (``catching_up.py``). An operation by itself (`apply`) needs
none of that: it is done at once where nothing has to be waited for. Knows no HTTP; see ``operations.py`` for what each
operation means.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from itertools import islice
from sys import maxsize
from typing import TYPE_CHECKING, Any, cast

from ramekin.changes import Change, Loaded, Written
from ramekin.database.catching_up import catch_up
from ramekin.database.lifetimes import NEVER, STAYS, due_in
from ramekin.database.operations import Operation, Outcome, Prepared, Rules, id_twice, merges, prepare, settle
from ramekin.database.precondition import ALWAYS
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Watch
from ramekin.engine.work import Work
from ramekin.errors import (
    BodyTooLarge,
    Fault,
    InvalidOperation,
    InvalidRecord,
    NotUnique,
    RamekinError,
    RecordExists,
    RecordNotFound,
    Redefined,
    Unavailable,
    UnknownTable,
)
from ramekin.formats.splitter import PAUSE
from ramekin.limits import MIB
from ramekin.schema.record_schema import MAX_FAULTS
from ramekin.storage.collector import overlook

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from ramekin.database.schemas import Schemas
    from ramekin.schema.definition import Checked

    RulesOf = Callable[[str], Rules]

MAX_REWRITTEN_BYTES = 32 * MIB
"""Bytes of records that one request may write over again. A record that is patched 10,000 times, a member more each
time, is held in 10,000 sizes until they are answered: 600 MB for a batch of 500 KB."""

LOOKED_AT = 1000
"""Records of a bulk behind the first wrong one that are looked at for more faults: the others are only read."""

_DEFINED_BY_OTHERS = "The tables are being defined by others; nothing was applied."


def apply(
    engine: Engine, schemas: Schemas, operation: Operation, limit_s: float
) -> Outcome | Coroutine[Any, Any, Outcome]:
    """Apply one operation; see `Database.apply_now`. What it waits for before it is begun takes so long at the most."""
    name = operation.table
    rules = schemas.rules(name)
    try:
        prepared = prepare(operation, rules)
    except RecordNotFound as error:
        raise _missing(engine, name, error) from None
    key = prepared.key
    table = engine.at_once(name, key, rules.limit_bytes)
    if table is None:
        return _apply_later(engine, schemas.rules, prepared, rules, Work(limit_s))
    records = table.records
    before = records.bodies.get(key)
    outcome = settle(prepared, before, rules)
    if operation.ttl is not None or rules.expire_after_s is not None or records.dues:
        outcome = _dated(engine, operation, outcome, rules, records.dues.get(key))
    if outcome.effect != "kept":
        engine.store_at_once(Change(name, key, before, outcome.body, outcome.due))
    return outcome


async def _apply_later(engine: Engine, rules_of: RulesOf, prepared: Prepared, rules: Rules, work: Work) -> Outcome:
    operation, table = prepared.operation, prepared.operation.table
    for _ in range(MAX_ATTEMPTS):
        if rules_of(table) is not rules:
            rules = rules_of(table)
            prepared = prepare(operation, rules)
        before = engine.ahead(table, prepared.key)
        try:
            outcome = settle(prepared, before, rules)
        except RamekinError as error:
            await engine.flushed()
            raise _missing(engine, table, error) from None
        outcome = _dated(engine, operation, outcome, rules, engine.due(table, prepared.key))
        step = Written((Change(table, prepared.key, before, outcome.body, outcome.due),))
        if await engine.apply(step, {table: rules.definition}, work) is not None:
            return outcome
    raise Redefined("The table is being written and defined by others; nothing was applied.")


def _missing(engine: Engine, table: str, error: RamekinError, before: Iterable[Prepared] = ()) -> RamekinError:
    """Return what is wrong with an operation: where it finds no record, there may be no table either.

    Args:
        before: what was to be done before it, which makes the table if anything of it is written there.
    """
    if isinstance(error, RecordNotFound) and all(each.operation.table != table for each in before):
        try:
            engine.tables.table_stats(table)
        except UnknownTable as unknown:
            return unknown
    return error


def _dated(engine: Engine, operation: Operation, outcome: Outcome, rules: Rules, stood: int | None) -> Outcome:
    """Return an outcome with the due time that its record has now; `stood` is the one that it had."""
    if outcome.body is None:
        return outcome
    lifetime_s = operation.ttl
    if lifetime_s is None:
        lifetime_s = STAYS if outcome.effect == "replaced" and merges(operation) else rules.expire_after_s
    if outcome.effect == "kept" or lifetime_s == STAYS:
        due = stood
    elif lifetime_s is None or lifetime_s == NEVER:
        due = None
    else:
        due = due_in(lifetime_s, engine.clock)
    return outcome if due is None else Outcome(outcome.effect, outcome.key, outcome.body, outcome.before, due)


async def write(engine: Engine, rules_of: RulesOf, sent: Iterable[Operation], work: Work) -> list[Outcome]:
    """Apply operations, all or nothing; see `Database.write`."""
    operations, tables = overlook([*sent]), set[str]()
    for i, operation in enumerate(operations):
        if type(operation) is not Operation or type(operation.table) is not str:
            raise InvalidOperation("What is written is made of Operation, and its table is text.", index=i)
        tables.add(operation.table)
        await work.rest()
    for _ in range(MAX_ATTEMPTS):
        rules = {table: rules_of(table) for table in tables}
        prepared = await _prepare_operations(engine, operations, rules, work)
        outcomes = await _Writing(engine, rules_of, prepared, rules, work).carry_out()
        await work.let_go(prepared)
        if outcomes is not None:
            for table in tables:
                if table not in engine.tables:  # its records came and went, and it stays, as after single calls
                    with suppress(RamekinError):
                        await engine.apply(Loaded({table: {}}))
            await work.let_go(operations)
            return outcomes
    raise Unavailable(_DEFINED_BY_OTHERS)


async def _prepare_operations(
    engine: Engine, operations: list[Operation], rules: Mapping[str, Rules], work: Work
) -> list[Prepared]:
    prepared: list[Prepared] = overlook([])
    with engine.tables.leaving(lambda: (prepared,)):
        for i, operation in enumerate(operations):
            try:
                prepared.append(prepare(operation, rules[operation.table]))
            except RamekinError as error:
                raise _missing(engine, operation.table, error, prepared).within(i, index=i) from None
            await work.rest()
    return prepared


async def insert(
    engine: Engine, rules_of: RulesOf, each: Operation, records: Iterable[Any], work: Work
) -> list[Outcome]:
    """Create many records, each as one operation says, all or nothing; see `Database.insert`.

    They are gone through again where the table is defined anew meanwhile, so that nobody has to hold them.
    """
    if iter(records) is records:  # it can be gone through only once
        held = overlook([])
        for record in records:
            held.append(record)
            await work.rest()
        records = held
    for _ in range(MAX_ATTEMPTS):
        rules = rules_of(each.table)
        prepared = await _prepare_all(engine, each, records, rules, work)
        outcomes = await _Writing(engine, rules_of, prepared, {each.table: rules}, work).carry_out()
        await work.let_go(prepared)
        if outcomes is not None:
            return outcomes
    raise Unavailable(_DEFINED_BY_OTHERS)


async def _prepare_all(
    engine: Engine, each: Operation, records: Iterable[Any], rules: Rules, work: Work
) -> list[Prepared]:
    """Prepare records. Reads every record even after a fault, because bad JSON is reported first.

    Of most, nothing is kept but the body: as values they take ten times as much, and what stays would lie among them.
    Behind a wrong one a few are looked at, so that their faults are told too.
    """
    prepared: list[Prepared] = overlook([])
    refused: list[RamekinError] = []
    faults: list[Fault] = []
    i, end = 0, maxsize
    with engine.tables.leaving(lambda: (prepared,)):
        for record in records:
            if record is PAUSE:
                await work.rest()
                continue
            if i < end:
                try:
                    operation = Operation(
                        "create", each.table, None, record, ALWAYS, each.on_conflict, each.is_parsed, None, each.ttl
                    )
                    ready = prepare(operation, rules)
                    prepared.append(ready if ready.body is None else Prepared(each, ready.key, None, ready.body))
                except BodyTooLarge as error:
                    raise error.within(i, index=i) from None
                except RamekinError as error:
                    refused.append(error.within(i, index=i))
                    faults += refused[-1].faults
                    is_last = len(faults) >= MAX_FAULTS or not isinstance(error, InvalidRecord)
                    end = i if is_last else min(end, i + LOOKED_AT)
            i += 1
            await work.rest()
        if refused:
            raise _of_all(refused, faults)
    return prepared


def _of_all(refused: Sequence[RamekinError], faults: list[Fault]) -> RamekinError:
    """Return the error of a bulk that has some."""
    if not isinstance(refused[0], InvalidRecord):
        return refused[0]
    message = "Records are not valid; none was stored."
    return InvalidRecord(message, faults=faults[:MAX_FAULTS], index=refused[0].index)


class _Writing:
    """Prepared operations on their way: how each was settled, and what becomes of each record."""

    def __init__(
        self, engine: Engine, rules_of: RulesOf, prepared: list[Prepared], rules: Mapping[str, Rules], work: Work
    ) -> None:
        self._engine, self._rules_of, self._work = engine, rules_of, work
        self._prepared, self._rules = prepared, rules
        tables = engine.tables
        self._expiring = tables.expirations.tables
        self._outcomes: list[Any] = overlook([None] * len(prepared))
        self._firsts: dict[str, dict[str, int]] = {table: {} for table in rules}
        """The first operation of each record, by table and key."""
        self._others: dict[int, list[int]] = {}
        """The other operations of a record that has several, in order, by the first."""
        self._changes: list[Change | None] = []
        """By the first operation of each record; also of records that stay: they have to stand as they did."""
        self._is_spoiled = False
        """Whether an error came in the midst of settling again, so all is to be settled anew."""

    async def carry_out(self) -> list[Outcome] | None:
        """Settle and write; None where other rules are in force. Raises as `Database.write`."""
        for i, p in enumerate(self._prepared):
            if (first := self._firsts[p.operation.table].setdefault(p.key, i)) < i:
                self._others.setdefault(first, []).append(i)
            await self._work.rest()
        checked_by = {table: rules.definition for table, rules in self._rules.items()}
        for _ in range(MAX_ATTEMPTS):
            if any(self._rules_of(table) is not rules for table, rules in self._rules.items()):
                return None
            with ExitStack() as stack:
                there = [table for table in self._rules if table in self._engine.tables]
                watches = {table: stack.enter_context(self._engine.watch(table)) for table in there}
                self._changes, self._is_spoiled = overlook([None] * len(self._prepared)), False
                with self._engine.tables.leaving(self._held):
                    await self._settle_all(watches)
                self._work.commit()
                with self._engine.tables.leaving(self._held, is_begun=True):
                    if await self._apply(watches, checked_by):
                        await self._work.let_go(*self._firsts.values(), self._others, self._changes)
                        return self._outcomes
        raise Unavailable("The records are being written by others; nothing was applied.")

    def _held(self) -> Sequence[list[Any] | dict[Any, Any]]:
        return *self._firsts.values(), self._others, self._changes, self._outcomes, self._prepared

    async def _apply(self, watches: Mapping[str, Watch], checked_by: Checked) -> bool:
        """Have it happen, and say whether it did. Raises NotUnique, in its place."""
        try:
            return await self._engine.apply(partial(self._finish, watches), checked_by) is not None
        except NotUnique as error:
            table, key = error.place
            index = self._firsts.get(table, {}).get(key, 0)
            raise error.within(index, index=index) from None

    async def _settle_all(self, watches: Mapping[str, Watch]) -> None:
        """Settle all operations, again where others write. Raises the first error in their order."""
        rewritten_bytes = 0
        try:
            for i in range(len(self._prepared)):
                rewritten_bytes += self._settle(i)
                if rewritten_bytes > MAX_REWRITTEN_BYTES:
                    told = f"More than {MAX_REWRITTEN_BYTES} bytes of records are written over again by this request."
                    raise BodyTooLarge(told, hint="Send fewer changes of the same record.").within(i, index=i)
                await self._work.rest()
            for table, watch in watches.items():
                await catch_up(watch, partial(self._meet, table), self._work)
        except RamekinError:
            await self._engine.flushed()  # what it rests on may still be on its way to the disk
            raise

    def _settle(self, i: int) -> int:
        """Settle an operation on what those before it left of its record; return how many bytes it writes over."""
        p = self._prepared[i]
        table, key = p.operation.table, p.key
        first = self._firsts[table][key]
        change = self._changes[first]
        stands = self._engine.ahead(table, key) if change is None else change.before
        try:
            outcome = settle(p, stands if change is None else change.after, self._rules[table])
        except RamekinError as error:
            raise self._told(error, first, i).within(i, index=i) from None
        stood = change.due if change is not None else self._engine.due(table, key) if self._expiring else None
        if stood is not None or p.operation.ttl is not None or self._rules[table].expire_after_s is not None:
            outcome = _dated(self._engine, p.operation, outcome, self._rules[table], stood)
        self._outcomes[i] = outcome
        self._changes[first] = Change(table, key, stands, outcome.body, outcome.due)
        left = None if change is None else change.after
        return 0 if left is None or left is outcome.body else len(left)

    def _meet(self, table: str, key: str, body: bytes | None) -> None:
        """Settle the operations of a record again, if others have written it."""
        first = self._firsts[table].get(key, -1)
        change = None if first < 0 else self._changes[first]
        if change is not None and change.before != body:
            self._changes[first] = None
            for i in (first, *self._others.get(first, ())):
                self._settle(i)

    def _finish(self, watches: Mapping[str, Watch]) -> Written | None:
        """Settle again what was written last, and return what happens.

        None if a table is gone, and after an error: what it left half settled must not happen.
        """
        if self._is_spoiled or any(watch.is_over for watch in watches.values()):
            return None
        self._is_spoiled = True
        for table, watch in watches.items():
            for key, body in watch.take().items():
                self._meet(table, key, body)
        self._is_spoiled = False
        if self._others:
            return Written(overlook([change for change in self._changes if change is not None]))
        return Written(cast("list[Change]", self._changes))  # each operation has a record of its own

    def _told(self, error: RamekinError, first: int, i: int) -> RamekinError:
        """Return the error of an operation; a record that exists by this request alone is told as such."""
        error = _missing(self._engine, self._prepared[i].operation.table, error, islice(self._prepared, i))
        if isinstance(error, RecordExists):
            for before in (first, *self._others.get(first, ())):
                outcome = self._outcomes[before]
                if before < i and outcome is not None and outcome.effect == "created":
                    return id_twice(before)
        return error
