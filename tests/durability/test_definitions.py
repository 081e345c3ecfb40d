"""Definitions racing with everything, recorded, and held against what some order of the calls could have left.

The checker knows nothing of engines: it has when each call began and ended and what was answered, and what stands in
the tables afterwards, and after a restart. On memory, and on a journal whose disk is slow, or refuses now and then.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from dataclasses import dataclass
from itertools import count

import pytest

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.operations import Operation
from ramekin.durability import journal, syncs
from ramekin.durability.failures import DiskFault
from ramekin.durability.store import Store
from ramekin.engine.embedded import Embedded
from ramekin.engine.journaled import Journaled
from ramekin.errors import InvalidRecord, NotUnique, OutcomeUnknown, PreconditionRequired, RamekinError
from ramekin.query.where import parse_where
from ramekin.schema.definition import Definition
from ramekin.schema.fields import NO_SCHEMA
from tests.durability.faulty import Faulty

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("ROUNDS", "1"))
CLIENTS, CALLS = 6, 8
MOST_S = 30
"""Seconds that a round may take: a call that is never answered is a fault."""

FAULTS = [DiskFault("no room", is_full=True), DiskFault("a sync failed", is_lasting=True)]

DEFINITIONS = {
    "integer": Definition({"properties": {"v": {"type": "integer"}}}),
    "text": Definition({"properties": {"v": {"type": "string"}}}, require_if_match=True),
    "unique": Definition(unique=("v",)),
    "none": Definition(),
}


def satisfies(kind, records):
    """Say whether records are what a definition asks for."""
    values = [record["v"] for record in records if "v" in record]
    if kind == "unique":
        return len(set(map(str, values))) == len(values)
    return all(isinstance(value, {"integer": int, "text": str}.get(kind, object)) for value in values)


@dataclass
class Call:
    """One call: what it was, when it began and ended, and how: ok, refused or unknown."""

    name: str
    what: object
    began_s: float
    ended_s: float = 0.0
    outcome: str = ""

    def is_before(self, other):
        return self.ended_s < other.began_s


class History:
    """What clients asked of a database, and what they were answered."""

    def __init__(self, database, seed):
        self.database, self.random = database, random.Random(seed)
        self.calls: list[Call] = []
        self.numbers = count()

    async def call(self, name, what, work):
        call = Call(name, what, time.perf_counter())
        self.calls.append(call)
        try:
            await work
            call.outcome = "ok"
        except OutcomeUnknown:
            call.outcome = "unknown"
        except RamekinError:
            call.outcome = "refused"
        call.ended_s = time.perf_counter()

    def done(self, *names):
        return [call for call in self.calls if call.name in names and call.outcome == "ok"]

    async def client(self):
        for _ in range(CALLS):
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
            calls = [
                self.define,
                self.define,
                self.drop,
                self.write,
                self.write,
                self.mark,
                self.make,
                self.make,
                self.look,
            ]
            await self.random.choice(calls)()

    async def define(self):
        kind = self.random.choice(list(DEFINITIONS))
        await self.call("define", kind, self.database.define("t", DEFINITIONS[kind]))

    async def drop(self):
        await self.call("drop", "none", self.database.drop("t"))

    async def write(self):
        """Write records of which some break each definition, in one way of several."""
        value = self.random.choice([1, "1", next(self.numbers), f"x{next(self.numbers)}"])
        records = [{"id": next(self.numbers), "v": value}]
        way = self.random.choice(["one", "many", "load", "batch", "condition"])
        if way in ("many", "load"):
            records += [
                {"id": next(self.numbers), "v": next(self.numbers)} for _ in range(self.random.choice([1, 250]))
            ]
        writes = {
            "one": lambda: self.database.apply(Operation("create", "t", record=records[0])),
            "many": lambda: self.database.insert("t", records, on_conflict="ignore"),
            "load": lambda: self.database.load([("t", record) for record in records]),
            "batch": lambda: self.database.write([Operation("upsert", "t", str(r["id"]), r) for r in records]),
            "condition": lambda: self.database.change(ChangeRequest("t", where("v", "exists", True), {"v": value})),
        }
        await self.call("write", way, writes[way]())

    async def make(self):
        """Create records that changes by condition mark."""
        number = self.random.choice([1, 1, 230])
        ids = [f"m{next(self.numbers)}" for _ in range(number)]
        await self.call("make", ids, self.database.insert("marked", [{"id": i, "k": 1} for i in ids]))
        await self.look()

    async def look(self):
        """Read a record that was there from the start: which changes it has seen."""
        look = Call("look", None, time.perf_counter())
        look.what = json.loads(await self.database.get("marked", "m"))
        look.ended_s, look.outcome = time.perf_counter(), "ok"
        self.calls.append(look)

    async def mark(self):
        name = f"mark{next(self.numbers)}"
        await self.call("mark", name, self.database.change(ChangeRequest("marked", where("k", "eq", 1), {name: 1})))


def where(name, operator, value):
    return parse_where({name: {operator: value}}, NO_SCHEMA)


def check_definition(history, tables):
    """The definition in force is that of a call which may have been the last, and all records satisfy it."""
    definition, records = tables.get("t", (None, []))
    in_force = next((kind for kind, known in DEFINITIONS.items() if known == definition), "none")
    assert satisfies(in_force, records.values() if records else [])
    done = history.done("define", "drop")
    last = [call.what for call in done if not any(call.is_before(other) for other in done)]
    unknown = [call.what for call in history.calls if call.name in ("define", "drop") and call.outcome == "unknown"]
    assert in_force in [*(last or ["none"]), *unknown]


async def check_rules(database, tables):
    """What is in force for writers is the definition that is shown: a record that breaks it is refused."""
    definition, records = tables.get("t", (Definition(), {}))
    kind = next(kind for kind, known in DEFINITIONS.items() if known == definition)
    taken = next((record["v"] for record in records.values() if "v" in record), None)
    for value in (1, "x", taken):
        breaks = (kind == "integer" and not isinstance(value, int)) or (kind == "text" and not isinstance(value, str))
        breaks = breaks or (kind == "unique" and str(value) in {str(r.get("v")) for r in records.values()})
        try:
            await database.apply(Operation("create", "t", record={"id": f"check{len(records)}", "v": value}))
            assert not breaks or value is None
            records = {**records, f"check{len(records)}": {"v": value}}
        except (InvalidRecord, NotUnique):
            assert breaks or value is None
    blind = [Operation("upsert", "t", key, {}) for key in list(records)[:1]]
    try:
        await database.write(blind)
        assert not (blind and kind == "text")
    except PreconditionRequired:
        assert kind == "text"


def check_marks(history, tables):
    """Each change came at one moment: records made before it have its mark, and those made after it have none."""
    _, stored = tables["marked"]
    made = [(key, call) for call in history.done("make") for key in call.what]
    for change in history.done("mark"):
        marked = [call for key, call in made if change.what in stored[key]]
        others = [call for key, call in made if change.what not in stored[key]]
        assert not any(change.is_before(call) for call in marked)
        assert not any(call.is_before(change) for call in others)
        for look in history.done("look"):
            if change.what in look.what:
                assert not any(look.is_before(call) for call in marked), "made after it was seen to be done"
            else:
                assert not any(call.is_before(look) for call in others), "made before it, and left out"
        latest = max((call.began_s for call in marked), default=0.0)
        assert not any(call.ended_s < latest for call in others), "one made before another was taken for a later one"
    for change in history.calls:
        if change.name == "mark" and change.outcome == "refused":
            assert not any(change.what in record for record in stored.values())


async def tables_of(database):
    found = {}
    for info in await database.tables():
        async with database.snapshot([info.stats.name]) as snapshot:
            bodies = [body async for part in snapshot.view.batches(info.stats.name) for body in part]
        found[info.stats.name] = (info.stats.definition, {str(r["id"]): r for r in map(json.loads, bodies)})
    return found


async def break_now_and_then(faulty, chance):
    while True:
        await asyncio.sleep(chance.random() * 0.02)
        faulty.fault = chance.choice(FAULTS)
        faulty.fresh_fault = chance.choice([None, faulty.fault])
        await asyncio.sleep(chance.random() * 0.02)
        faulty.fault = faulty.fresh_fault = None


async def run(database, seed, faulty=None):
    """Let clients race for a round, and check what they left."""
    history = History(database, seed)
    if faulty is not None:
        trouble = asyncio.create_task(break_now_and_then(faulty, random.Random(seed)))
    await asyncio.wait_for(asyncio.gather(*(history.client() for _ in range(CLIENTS))), MOST_S)
    if faulty is not None:
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        faulty.fault = faulty.fresh_fault = None
        await asyncio.wait_for(until_writes_go_on(database), MOST_S)
    tables = await tables_of(database)
    check_definition(history, tables)
    check_marks(history, tables)
    await check_rules(database, tables)
    return history, await tables_of(database)


async def until_writes_go_on(database):
    for number in count():
        try:
            await database.apply(Operation("upsert", "probe", str(number), {}))
        except RamekinError:
            await asyncio.sleep(0.02)
        else:
            return


async def begin(database):
    await database.define("marked", Definition())
    await database.insert("marked", [{"id": "m", "k": 1}])


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_in_memory_some_order_explains_what_was_answered(seed):
    async with Database(engine=Embedded()) as database:
        await begin(database)
        await run(database, seed)


@pytest.mark.parametrize("fsync", ["always", "everysec"])
@pytest.mark.parametrize("disk", ["fast", "slow", "failing"])
@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_with_a_journal_some_order_explains_it_and_a_restart_changes_nothing(
    tmp_path, monkeypatch, fsync, disk, seed
):
    monkeypatch.setattr(journal, "RETRY_S", 0.02)
    monkeypatch.setattr(syncs, "SYNC_S", 0.02)
    faulty = Faulty(tmp_path, fsync)
    faulty.delay_s = 0.004 if disk == "slow" else 0.0
    async with Database(engine=faulty.engine) as database:
        await begin(database)
        history, tables = await run(database, seed, faulty if disk == "failing" else None)
    store = Store(tmp_path / "data", fsync)
    store.lock()
    async with Database(engine=Journaled(store)) as database:
        again = await tables_of(database)
        if not any(call.outcome == "unknown" for call in history.calls):
            assert again == tables
        check_definition(history, again)
        await check_rules(database, again)
