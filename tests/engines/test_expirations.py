"""What is due is taken out in short steps: by itself, and before whoever reads or writes."""

from __future__ import annotations

import asyncio
from random import Random
from time import process_time

import pytest

from ramekin import Database
from ramekin.database.following import ChangesRequest
from ramekin.errors import NotUnique, RecordNotFound
from ramekin.storage.expiry import Expiry
from ramekin.storage.followers import FEW
from ramekin.testing.clock import SetClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def database():
    async with Database(clock=SetClock()) as database:
        yield database


async def fill(database, count, ttl=10):
    await database.load([("t", {"id": i, "u": i}) for i in range(count)], ttl=ttl)


def test_keys_are_due_in_the_order_of_their_seconds():
    expiry = Expiry()
    for key, due in (("a", 5), ("b", 3), ("c", 5), ("d", 9)):
        expiry.note(key, None, due)
    expiry.note("c", 5, 4)
    expiry.note("a", 5, None)
    assert (expiry.first_s, expiry.due(4, 10), expiry.due(9, 2), expiry.due(2, 10)) == (3, ["b", "c"], ["b", "c"], [])
    expiry.note("d", 9, 8)
    assert expiry.due(9, 10) == ["b", "c", "d"]
    twin = expiry.copy()
    twin.note("b", 3, None)
    assert (expiry.first_s, twin.first_s) == (3, 4)


def test_to_take_out_many_of_one_second_costs_the_same_for_each():
    def seconds(count):
        expiry = Expiry()
        for i in range(count):
            expiry.note(str(i), None, 5)
        began, left = process_time(), count
        while keys := expiry.due(5, FEW):
            left -= len(keys)
            for key in keys:
                expiry.note(key, 5, None)
        assert left == 0
        return process_time() - began

    assert min(seconds(100_000) for _ in range(3)) < 40 * min(seconds(10_000) for _ in range(3))


def test_keys_that_come_while_others_of_their_second_are_taken_out_are_found():
    expiry, random, held = Expiry(), Random(1), {}
    for i in range(3000):
        key, due = str(random.randrange(300)), random.choice([None, 4, 5])
        expiry.note(key, held.pop(key, None), due)
        if due is not None:
            held[key] = due
        if i % 7 == 0:
            for gone in expiry.due(5, 3):
                expiry.note(gone, held.pop(gone), None)
    while keys := expiry.due(5, FEW):
        for gone in keys:
            expiry.note(gone, held.pop(gone), None)
    assert held == {}
    assert expiry.first_s is None


async def are_gone(database):
    """Wait until no record is left."""
    for _ in range(3000):
        await asyncio.sleep(0.01)
        if database.record_count("t") == 0:
            return
    raise AssertionError("they are there still")


async def test_records_are_taken_out_by_themselves():
    async with Database() as database:
        await fill(database, 100, ttl=1)
        await are_gone(database)


async def test_whoever_asks_in_another_loop_finds_them_taken_out_too():
    database = Database()
    await asyncio.to_thread(lambda: asyncio.run(fill(database, 3, ttl=1)))

    async def wait():
        await database.tables()
        await are_gone(database)

    await asyncio.to_thread(lambda: asyncio.run(wait()))


async def test_a_sweep_is_many_short_steps(database):
    await fill(database, 3000)
    before = await database.revision("t")
    database.clock.advance(10)
    assert (await database.find("t")).rows == ()
    assert await database.revision("t") - before == 3000 / FEW


async def test_the_revision_of_a_table_changes_when_a_record_is_due(database):
    await fill(database, 1)
    before = await database.revision("t")
    database.clock.advance(9)
    assert await database.revision("t") == before
    database.clock.advance(1)
    assert await database.revision("t") != before


async def test_a_unique_value_is_free_once_its_record_is_due(database):
    await database.define("t", {"unique": ["u"]})
    await fill(database, 200)
    with pytest.raises(NotUnique):
        await database.insert("t", {"id": "x", "u": 150})
    database.clock.advance(10)
    await database.insert("t", {"id": "x", "u": 150})
    await database.insert("t", [{"id": i, "u": i} for i in range(1500) if i != 150])
    assert database.record_count("t") == 1500


async def test_a_record_that_is_due_can_be_created_again_and_not_be_patched(database):
    await fill(database, 3)
    database.clock.advance(10)
    with pytest.raises(RecordNotFound):
        await database.patch("t", 1, {"a": 1})
    assert [outcome.effect for outcome in await database.insert("t", [{"id": 1}, {"id": 2}])] == ["created"] * 2
    assert (await database.replace("t", 0, {"id": 0}, upsert=True)).before is None
    assert await database.due("t", 1) is None


async def test_a_view_stays_as_it_was_when_it_was_taken(database):
    await fill(database, 300)
    async with database.snapshot(["t"]) as snapshot:
        database.clock.advance(10)
        assert (await database.table("t")).stats.records == 0
        assert sum([len(bodies) async for bodies in snapshot.view.batches("t")]) == 300


async def test_large_steps_leave_other_records_their_due_times(database):
    await fill(database, 10, ttl=5)
    await fill(database, 2000, ttl=10)
    await database.insert("t", [{"id": i} for i in range(1000, 2500)], on_conflict="replace", ttl=20)
    await database.change("t", where={"id": {"lt": 1500}}, patch={"a": 1})
    assert {(await database.due("t", i)).second for i in (1, 999)} == {10}
    database.clock.advance(10)
    assert (await database.table("t")).stats.records == 1500
    database.clock.advance(10)
    assert (await database.table("t")).stats.records == 0
    assert not database.engine.tables.expirations.tables


async def test_a_table_that_is_dropped_leaves_nothing_to_take_out(database):
    await fill(database, 10)
    await database.drop("t")
    assert not database.engine.tables.expirations.tables
    await database.insert("t", [{"id": 1}])
    database.clock.advance(100)
    assert (await database.table("t")).stats.records == 1


@pytest.mark.parametrize("ttl", [0, -1, 1.5, True, "1", "", 10**12])
async def test_what_is_no_lifetime_is_refused(database, ttl):
    for call in (
        lambda: database.insert("t", {"id": 1}, ttl=ttl),
        lambda: database.replace("t", 1, {}, upsert=True, ttl=ttl),
        lambda: database.patch("t", 1, {}, ttl=ttl),
        lambda: database.load([("t", {"id": 1})], ttl=ttl),
    ):
        with pytest.raises(Exception, match="a whole number of seconds") as told:
            await call()
        assert told.value.code == "invalid-parameter"


async def test_who_follows_is_told_that_a_record_was_due(database):
    following = database.follow(ChangesRequest(None))
    await fill(database, 1)
    await database.insert("t", [{"id": "x"}])
    await database.delete("t", "x")
    database.clock.advance(10)
    await database.tables()
    assert [change.op for change in following.some() if change is not None][-2:] == ["delete", "expire"]


@pytest.mark.parametrize("has_directory", [False, True])
async def test_branches_and_resets_have_due_times_of_their_own(tmp_path, has_directory):
    async with Database(clock=SetClock(), directory=tmp_path / "data" if has_directory else None) as database:
        await fill(database, 3000)
        database.checkpoint()
        async with database.branch() as branch:
            await branch.insert("t", [{"id": i} for i in range(1500)], on_conflict="replace", ttl=50)
            await database.patch("t", 2999, {"a": 1}, ttl=50)
            database.clock.advance(10)
            counts = [(await each.table("t")).stats.records for each in (branch, database)]
            assert counts == [1500, 1]
        database.clock.advance(-5)
        await database.reset()
        assert (await database.table("t")).stats.expiring == 3000
        assert (await database.due("t", 2999)).second == 10
        database.clock.advance(5)
        assert (await database.table("t")).stats.records == 0
        await database.reset()
        assert (await database.table("t")).stats.records == 0
