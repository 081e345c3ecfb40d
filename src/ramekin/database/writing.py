"""Writes of many records: prepared, settled on what stands, applied all at once or not at all.

A bulk and a batch are lists of operations, settled in order, each on what the ones before it left of its record. What
others write meanwhile is settled again, and nothing else. One record goes a shorter way, at once where nothing has to
be waited for. Knows no HTTP; see ``operations.py`` for what each operation means.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ramekin.changes import Change, Written
from ramekin.database.operations import ALWAYS, Operation, id_twice, prepare, settle
from ramekin.errors import (
    BodyTooLarge,
    Fault,
    InvalidRecord,
    NotUnique,
    RamekinError,
    RecordExists,
    RecordNotFound,
    Redefined,
    Unavailable,
)
from ramekin.schema.base import MAX_FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from ramekin.database.operations import Outcome, Prepared, Rules
    from ramekin.engine.base import Engine

    RulesOf = Callable[[str], Rules]

BATCH = 200
"""Records that are prepared or settled before other tasks get a turn: about 2 ms."""

MAX_ATTEMPTS = 100
"""Times that a write is tried again because others wrote or defined tables in between."""

PATIENT_ATTEMPTS = 3
"""Attempts that give others their turns while they settle. Later ones do not, so that a write surely ends."""

Place = tuple[str, str]


def write_one(engine: Engine, rules_of: RulesOf, operation: Operation) -> Outcome | Coroutine[Any, Any, Outcome]:
    """Apply one operation; see `Database.apply_now`."""
    table, rules = operation.table, rules_of(operation.table)
    try:
        prepared = prepare(operation, rules)
    except RecordNotFound:
        engine.tables.table_stats(table)  # says so if it is the table that is missing
        raise
    before = engine.ahead(table, prepared.key)
    try:
        outcome = settle(prepared, before, rules)
    except RamekinError:  # what it rests on may still be on its way to the disk
        return _write_one_later(engine, rules_of, prepared, rules)
    step = Written((Change(table, prepared.key, before, outcome.body),))
    if engine.apply_at_once(step, {table: rules.definition}):
        return outcome
    return _write_one_later(engine, rules_of, prepared, rules)


async def _write_one_later(engine: Engine, rules_of: RulesOf, prepared: Prepared, rules: Rules) -> Outcome:
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
            if isinstance(error, RecordNotFound):
                engine.tables.table_stats(table)  # as above
            raise
        step = Written((Change(table, prepared.key, before, outcome.body),))
        if await engine.apply(step, {table: rules.definition}) is not None:
            return outcome
    raise Redefined("The table is being written and defined by others; nothing was applied.")


async def write(engine: Engine, rules_of: RulesOf, operations: Iterable[Operation]) -> list[Outcome]:
    """Apply operations, all or nothing; see `Database.write`."""
    operations = [*operations]
    for _ in range(MAX_ATTEMPTS):
        rules = {operation.table: rules_of(operation.table) for operation in operations}
        prepared = []
        for i, operation in enumerate(operations):
            try:
                prepared.append(prepare(operation, rules[operation.table]))
            except RamekinError as error:
                raise error.within(i, index=i) from None
            if i % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        if (outcomes := await _Writing(engine, rules_of, prepared, rules).carry_out()) is not None:
            return outcomes
    raise Unavailable("The tables are being defined by others; nothing was applied.")


async def insert(engine: Engine, rules_of: RulesOf, each: Operation, records: Iterable[Any]) -> list[Outcome]:
    """Create many records, each as one operation says, all or nothing; see `Database.insert`."""
    rules = rules_of(each.table)
    prepared = await _prepare_all(each, records, rules)
    outcomes = await _Writing(engine, rules_of, prepared, {each.table: rules}).carry_out()
    return await write(engine, rules_of, [p.operation for p in prepared]) if outcomes is None else outcomes


async def _prepare_all(each: Operation, records: Iterable[Any], rules: Rules) -> list[Prepared]:
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


class _Writing:
    """Prepared operations on their way: how each was settled, and on what."""

    def __init__(
        self, engine: Engine, rules_of: RulesOf, prepared: Sequence[Prepared], rules: Mapping[str, Rules]
    ) -> None:
        self._engine, self._rules_of = engine, rules_of
        self._prepared, self._rules = prepared, rules
        self._outcomes: list[Outcome | None] = [None] * len(prepared)
        self._steps: dict[Place, list[int]] = {}  # the operations of each record, in order
        for i, p in enumerate(prepared):
            self._steps.setdefault((p.operation.table, p.key), []).append(i)
        self._stood: list[Any] = [...] * len(self._steps)  # the bodies that they were settled on

    async def carry_out(self) -> list[Outcome] | None:
        """Settle and write; None where other rules are in force. Raises as `Database.write`."""
        places = list(self._steps)
        checked_by = {table: rules.definition for table, rules in self._rules.items()}
        for attempt in range(MAX_ATTEMPTS):
            if any(self._rules_of(table) is not rules for table, rules in self._rules.items()):
                return None
            standing = [self._engine.ahead(*place) for place in places]
            await self._settle(standing, is_patient=attempt < PATIENT_ATTEMPTS)
            try:
                if await self._engine.apply(Written(self._changes()), checked_by) is not None:
                    return [outcome for outcome in self._outcomes if outcome is not None]
            except NotUnique as error:
                index = self._steps[error.place][0] if error.place in self._steps else 0
                raise error.within(index, index=index) from None
        raise Unavailable("The records are being written by others; nothing was applied.")

    async def _settle(self, standing: Sequence[bytes | None], *, is_patient: bool) -> None:
        """Settle the operations of the records that do not stand as they did. Raises the first error in their order."""
        known = zip(self._steps.values(), self._stood, standing, strict=True)
        again = [(i, stands) for steps, stood, stands in known if stood != stands for i in steps]
        self._stood = list(standing)
        left: dict[Place, bytes | None] = {}
        for count, (i, stands) in enumerate(sorted(again)):
            p = self._prepared[i]
            place = (p.operation.table, p.key)
            try:
                outcome = settle(p, left.get(place, stands), self._rules[place[0]])
            except RamekinError as error:
                await self._engine.flushed()  # what it rests on may still be on its way to the disk
                raise self._told(error, i).within(i, index=i) from None
            self._outcomes[i], left[place] = outcome, outcome.body
            if is_patient and count % BATCH == BATCH - 1:
                await asyncio.sleep(0)

    def _told(self, error: RamekinError, i: int) -> RamekinError:
        """Return the error of an operation; a record that exists by this request alone is told as such."""
        place = (self._prepared[i].operation.table, self._prepared[i].key)
        if isinstance(error, RecordExists):
            for first in self._steps[place]:
                outcome = self._outcomes[first]
                if first < i and outcome is not None and outcome.effect == "created":
                    return id_twice(first)
        return error

    def _changes(self) -> list[Change]:
        """Return what becomes of each record; also of those that stay, which have to stand as they did."""
        changes = []
        for (place, steps), before in zip(self._steps.items(), self._stood, strict=True):
            last = self._outcomes[steps[-1]]
            assert last is not None, "every operation is settled"
            changes.append(Change(*place, before, last.body))
        return changes
