"""Readers of whole tables begin together, so that writes between them copy a table seldom, however many there are."""

import asyncio

import pytest

from ramekin import Database
from ramekin.engine import moments
from ramekin.engine.moments import AT_ONCE, FEW_RECORDS, PAUSE_S
from ramekin.storage.records import Records

pytestmark = pytest.mark.anyio

RECORDS = 2 * FEW_RECORDS


@pytest.fixture
def copies(monkeypatch):
    """Return the copies of records that are made, each by how many it has."""
    made, copy = [], Records.copy

    def counted(records):
        made.append(len(records.bodies))
        return copy(records)

    monkeypatch.setattr(Records, "copy", counted)
    return made


class Hands:
    """A stopwatch that goes on when it is told to."""

    def __init__(self, monkeypatch):
        self.now_s = 1000.0
        monkeypatch.setattr(moments, "stopwatch_s", lambda: self.now_s)

    def go_on(self, records=RECORDS):
        self.now_s += records * PAUSE_S


@pytest.fixture
def hands(monkeypatch):
    return Hands(monkeypatch)


async def database_of(records):
    database = Database()
    await database.insert("t", [{"id": number} for number in range(records)])
    return database


async def read(database, seen):
    async with database.snapshot(["t"]) as snapshot:
        seen.append(sum([len(bodies) async for bodies in snapshot.view.batches("t")]))


async def begin(database, seen):
    """Have somebody begin to read, and give it every chance to."""
    task = asyncio.create_task(read(database, seen))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_readers_that_begin_between_writes_cause_one_copy_a_pause(copies, hands):
    database, seen, tasks = await database_of(RECORDS), [], []
    async with database.snapshot(["t"]):  # one that has begun, and goes on
        for number in range(30):
            await database.patch("t", number, {"n": 1})
            tasks.append(await begin(database, seen))
        assert (len(copies), len(seen)) == (1, 0)
        hands.go_on()
        await asyncio.gather(*tasks)
        await database.patch("t", 0, {"n": 2})
    assert len(copies) == 1  # of the second moment nobody is left
    assert seen == [RECORDS] * 30


async def test_a_reader_begins_at_once_where_nothing_was_written(copies, hands):
    database, seen = await database_of(RECORDS), []
    await begin(database, seen)
    await begin(database, seen)
    async with database.snapshot(["t"]):
        await begin(database, seen)
    assert seen == [RECORDS] * 3


async def test_a_reader_sees_what_was_written_before_it_asked(hands):
    database, seen = await database_of(RECORDS), []
    async with database.snapshot(["t"]):
        await database.insert("t", {"id": "new"})
        task = await begin(database, seen)
        hands.go_on()
        await task
    assert seen == [RECORDS + 1]


@pytest.mark.parametrize(("records", "waits"), [(FEW_RECORDS, False), (FEW_RECORDS + 1, True)])
async def test_readers_of_short_tables_never_wait(records, waits, hands):
    database, seen = await database_of(records), []
    await begin(database, seen)
    await database.patch("t", 0, {"n": 1})
    task = await begin(database, seen)
    assert len(seen) == (1 if waits else 2)
    hands.go_on()
    await task


async def test_a_reader_that_leaves_while_it_waits_holds_nobody_back(hands):
    database, seen = await database_of(RECORDS), []
    async with database.snapshot(["t"]):
        await database.patch("t", 0, {"n": 1})
        first, second = await begin(database, seen), await begin(database, seen)
        first.cancel()
        hands.go_on()
        await second
    assert seen == [RECORDS]


@pytest.mark.parametrize("number", [AT_ONCE, AT_ONCE + 1])
async def test_some_begin_together_and_the_others_one_pause_later(number, hands):
    database, seen = await database_of(RECORDS), []
    async with database.snapshot(["t"]):
        await database.patch("t", 0, {"n": 1})
        tasks = [asyncio.create_task(read(database, seen)) for _ in range(number)]
        hands.go_on()
        await asyncio.gather(*tasks)
    assert len(seen) == number
