"""A call that is cancelled has done all or nothing, whichever turn it was cancelled in, and others go on right after."""

from __future__ import annotations

import asyncio
import json

import pytest

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.operations import Operation
from ramekin.query.where import parse_where
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import NO_SCHEMA
from tests.durability.faulty import Faulty
from tests.engines.conftest import ENGINES
from tests.turns import TURNS, cancelled_after, give_turns

pytestmark = pytest.mark.anyio

RECORDS = 220
BEFORE = Definition({"properties": {"v": {"type": "integer"}}}, require_if_match=False)
UNIQUE = Definition(unique=("v",), indexes=(IndexDefinition("k", "sorted"),), require_if_match=True)
CHANGED = [("t", {"id": i, "v": i, "k": 2}) for i in range(RECORDS)]

CALLS = {
    "define": lambda database: database.define("t", UNIQUE),
    "define a new table": lambda database: database.define("new", UNIQUE),
    "drop": lambda database: database.drop("t"),
    "load": lambda database: database.load(CHANGED),
    "load that replaces": lambda database: database.load(CHANGED[:5], is_replacing=True),
    "change": lambda database: database.change(ChangeRequest("t", parse_where({"k": 1}, NO_SCHEMA), {"k": 2})),
    "bulk": lambda database: database.insert("t", [{"id": i, "k": 2} for i in range(2 * RECORDS)], on_conflict="merge"),
    "batch": lambda database: database.write([Operation("patch", "t", str(i), {"k": 2}) for i in range(RECORDS)]),
    "one": lambda database: database.apply(Operation("create", "t", record={"id": "one", "v": 7.0})),
}


def create(table, key):
    return Operation("upsert", table, key, {})


async def state(database):
    """Return all that anybody could tell of the tables."""
    tables = {}
    for info in await database.tables():
        async with database.snapshot([info.stats.name]) as snapshot:
            bodies = [body async for part in snapshot.view.batches(info.stats.name) for body in part]
        rules = database.schemas.rules(info.stats.name)
        assert rules.needs_if_match == info.stats.definition.require_if_match
        assert (rules.schema is None) == (info.schema is None)
        pins = {(index.field, index.kind) for index in info.indexes if index.is_pinned}
        tables[info.stats.name] = (
            info.schema,
            info.stats.definition,
            pins,
            sorted(map(json.dumps, map(json.loads, bodies))),
        )
    return tables


async def begin(engine):
    database = Database(engine=engine)
    await database.load([("t", {"id": i, "v": i, "k": 1}) for i in range(RECORDS)], is_replacing=True)
    for name in list(engine.tables.definitions):
        await database.drop(name)
    await database.load([("t", {"id": i, "v": i, "k": 1}) for i in range(RECORDS)], is_replacing=True)
    await database.define("t", BEFORE)
    return database


async def settled(database):
    """Wait for what was begun to be done: a step that stands alone ends before the next one begins."""
    await database.define("settled", Definition())
    await database.drop("settled")


@pytest.fixture(params=["embedded", "durable", "slowly synced"])
async def engine(request, tmp_path):
    if request.param == "slowly synced":
        slow = Faulty(tmp_path, "always")
        slow.delay_s = 0.003
        engine = slow.engine
    else:
        engine = ENGINES[request.param](tmp_path)
    await engine.open()
    yield engine
    await engine.close()


@pytest.mark.parametrize("call", CALLS)
async def test_a_cancelled_call_has_done_all_or_nothing(engine, call):
    before = await state(await begin(engine))
    database = await begin(engine)
    await CALLS[call](database)
    after = await state(database)
    assert before != after
    for turns in TURNS:
        database = await begin(engine)
        others = asyncio.gather(database.define("beside", Definition()), database.apply(create("beside", "0")))
        was_under_way = await cancelled_after(CALLS[call](database), turns, times=2)
        await others
        await asyncio.wait_for(database.apply(create("beside", "1")), 30)
        await settled(database)
        found = await state(database)
        found.pop("beside", None)  # which a load that replaces drops
        assert found in (before, after), f"half done after {turns} turns"
        table = "t" if "t" in found else "other"
        await asyncio.wait_for(database.apply(Operation("create", table, record={"id": "next", "v": 10**6})), 30)
        if not was_under_way:
            return


@pytest.mark.parametrize("times", [1, 2])
async def test_nothing_slips_in_before_a_load_whose_caller_left(engine, times):
    database = await begin(engine)
    for turns in TURNS:
        number = turns + 1000
        load = asyncio.create_task(database.load([("t", {"id": i, "v": number, "k": number}) for i in range(RECORDS)]))
        await give_turns(load, turns)
        for _ in range(times):
            load.cancel()
            await asyncio.sleep(0)
        patched = json.loads((await database.apply(Operation("patch", "t", "0", {"p": number}))).body)
        await settled(database)
        await asyncio.gather(load, return_exceptions=True)
        stands, beside = [json.loads(await database.get("t", key)) for key in ("0", "1")]
        if beside["v"] == number:
            assert stands["v"] == number, "the patch was computed before the load, and stored after it"
        assert stands in (patched, {"id": 0, "v": number, "k": number})
