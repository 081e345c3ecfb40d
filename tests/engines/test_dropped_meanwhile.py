"""What makes a table makes it, and a whole database is read, at whichever turn others drop a table, on every engine."""

from __future__ import annotations

import asyncio

import pytest

from ramekin import Database
from ramekin.database.operations import Operation
from ramekin.engine import work
from ramekin.errors import Unavailable, UnknownTable
from tests.turns import TURNS, give_turns

pytestmark = pytest.mark.anyio

CREATE = Operation("create", "t", record={"n": 1})


async def dump(database):
    return [pair async for pair in database.dump()]


MAKE = {
    "a definition": lambda database: database.define("t", {"unique": ["n"]}),
    "a record": lambda database: database.apply(CREATE),
    "an upsert": lambda database: database.replace("t", 1, {}, upsert=True),
    "a bulk": lambda database: database.insert("t", [{"id": 1}, {"id": 2}], on_conflict="merge"),
    "a batch": lambda database: database.write([CREATE, CREATE]),
    "a load": lambda database: database.load([("t", {"id": 1}), ("u", {"id": 1})]),
    "a load in place of all": lambda database: database.load([("t", {"id": 1})], is_replacing=True),
}


@pytest.fixture
def many_turns(monkeypatch):
    """Have work wait for its turn wherever it may."""
    monkeypatch.setattr(work, "TURN_S", 0)
    monkeypatch.setattr(work._Line, "begin", lambda line: line.rest(-1))


async def with_a_drop(database, call, turns):
    """Return what a call returns, and drop the table that was there before after some turns of it."""
    await database.load([("t", {"id": f"old{n}", "n": n}) for n in range(3)])
    task = asyncio.create_task(call(database))
    await give_turns(task, turns)
    await database.drop("t")
    return await task


@pytest.mark.parametrize("how", MAKE)
async def test_what_makes_a_table_makes_it_whenever_it_is_dropped(engine, many_turns, how):
    database = Database(engine=engine)
    for turns in TURNS:
        await with_a_drop(database, MAKE[how], turns)


async def test_a_dump_of_everything_has_what_is_there_whenever_a_table_is_dropped(engine, many_turns):
    database = Database(engine=engine)
    await database.load([("u", {"id": 1})])
    for turns in TURNS:
        assert ("u", {"id": 1}) in await with_a_drop(database, dump, turns)


async def test_a_dump_that_waits_for_its_moment_has_all_of_a_batch_though_it_makes_a_table(engine):
    database = Database(engine=engine)
    await database.load([("t", {"id": f"{n}"}) for n in range(3000)])
    async with database.snapshot():
        await database.replace("t", "1", {})  # copies the table, so whoever reads all of it next waits
        task = asyncio.create_task(dump(database))
        await asyncio.sleep(0)
        await database.write([CREATE, Operation("create", "made", record={"n": 1})])
        told = [table for table, record in await task if record is not None]
    assert told.count("made") == told.count("t") - 3000


async def test_a_list_of_tables_has_those_that_stay_whenever_a_table_is_dropped(engine, many_turns):
    database = Database(engine=engine)
    await database.load([("a", {"id": 1})])
    for turns in TURNS:
        told = await with_a_drop(database, Database.tables, turns)
        assert {info.stats.name for info in told} - {"t"} == {"a"}


async def test_a_dump_of_everything_is_given_up_where_tables_are_dropped_all_the_time(engine, monkeypatch):
    def view(*_):
        raise UnknownTable("t")

    database = Database(engine=engine)
    monkeypatch.setattr(type(engine.tables), "view", view)
    with pytest.raises(Unavailable, match="dropped by others"):
        await dump(database)
