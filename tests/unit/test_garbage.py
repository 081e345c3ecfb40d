"""What nobody needs any more is let go of in short steps; what somebody else has too, in one. All of it is counted."""

import asyncio

import pytest

from ramekin import Database
from ramekin.storage.garbage import AT_ONCE, SHARED_AT_ONCE, Garbage
from ramekin.storage.records import Records


def records_of(number):
    records = Records()
    records.bodies = {str(each): b'{"id":%d}' % each for each in range(number)}
    return records


def steps_to_let_go(records):
    garbage = Garbage()
    garbage.report(lambda: True)
    garbage.take(records)
    steps = sum(1 for _ in garbage.let_go())
    assert not records.bodies
    return steps


@pytest.mark.parametrize("number", [AT_ONCE, AT_ONCE + 1, 10 * AT_ONCE])
def test_what_nobody_has_goes_some_at_a_time(number):
    assert steps_to_let_go(records_of(number)) == -(-number // AT_ONCE)


def test_what_a_copy_has_too_goes_at_once():
    records = records_of(10 * AT_ONCE)
    copy = records.copy()
    assert steps_to_let_go(records) == 0
    assert len(copy.bodies) == 10 * AT_ONCE


def test_very_much_goes_some_at_a_time_whoever_has_it():
    records = records_of(SHARED_AT_ONCE + 1)
    copy = records.copy()
    assert steps_to_let_go(records) == -(-len(copy.bodies) // AT_ONCE)


def test_what_a_copy_has_no_longer_goes_some_at_a_time():
    records = records_of(10 * AT_ONCE)
    copy = records.copy()
    copy.bodies = records_of(10 * AT_ONCE).bodies
    assert steps_to_let_go(records) == 10


RECORDS = 3000


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def insert(database):
    await database.insert("t", ({"id": i} for i in range(RECORDS, RECORDS + 1001)))


async def load(database):
    await database.load(("t", {"id": i, "n": 2}) for i in range(1001))


async def replace_all(database):
    await database.load((("t", {"id": i, "n": 2}) for i in range(1001)), is_replacing=True)


async def update(database):
    await database.change("t", where={"n": 1}, patch={"n": 2})


async def delete(database):
    await database.change("t", where={"n": 1}, delete=True)


async def drop(database):
    await database.drop("t")


async def write_beside_a_reader(database):
    async with database.snapshot(["t"]):
        await database.patch("t", 1, {"n": 2})
        await asyncio.sleep(0)


@pytest.mark.anyio
@pytest.mark.parametrize("step", [insert, load, replace_all, update, delete, drop, write_beside_a_reader])
async def test_what_is_beside_the_tables_for_a_while_is_counted_while_it_is_there(step, monkeypatch):
    run, seen = asyncio.Handle._run, []
    async with Database() as database:
        await database.insert("t", ({"id": i, "n": 1} for i in range(RECORDS)))
        copy_bytes = database.engine.tables.catalog.table("t").records.copy_bytes

        def looking(handle):
            run(handle)
            seen.append(database.memory().passing_bytes)

        await settled(database)
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.Handle, "_run", looking)
            await asyncio.sleep(0)  # the turn that goes on from here is looked at too
            await step(database)
            await asyncio.sleep(0)
        await settled(database)
    assert max(seen) >= copy_bytes


async def settled(database):
    for _ in range(10_000):
        if not database.memory().passing_bytes:
            return
        await asyncio.sleep(0)
    raise AssertionError("something is counted for ever")


def test_what_is_taken_apart_at_once_is_counted_no_more():
    garbage = Garbage()
    garbage.take(records_of(100))
    assert garbage.size_bytes == 0


def test_what_two_have_is_counted_once_the_first_has_let_go_of_nothing():
    garbage, records = Garbage(), records_of(100)
    records.share()
    garbage.take(records)
    assert garbage.size_bytes == 0


def test_a_copy_counts_until_it_is_in_its_table_or_given_up():
    garbage, records = Garbage(), records_of(100)
    garbage.expect(records)
    assert garbage.size_bytes == records.copy_bytes
    garbage.arrived(records)
    assert garbage.size_bytes == 0
    garbage.expect(given_up := records_of(100))
    del given_up
    assert garbage.size_bytes == 0


def test_what_a_reader_holds_counts_for_as_long_as_it_reads():
    garbage, records = Garbage(), records_of(100)
    garbage.report(lambda: True)
    records.pin().writable(garbage)
    assert garbage.size_bytes == records.copy_bytes
    records.unpin()
    del records
    for _ in garbage.let_go():
        pass
    assert garbage.size_bytes == 0


def test_what_was_taken_apart_counts_no_more_though_somebody_names_it():
    records, garbage = records_of(10 * AT_ONCE), Garbage()
    garbage.report(lambda: True)
    garbage.take(records, 1_000_000)
    assert garbage.size_bytes == 1_000_000
    for _ in garbage.let_go():
        assert garbage.size_bytes == 1_000_000
    assert garbage.size_bytes == 0
    garbage.report(lambda: False)
    again = records_of(1)
    garbage.take(again, 1000)
    assert garbage.size_bytes == 0


@pytest.mark.anyio
async def test_a_branch_counts_until_it_is_taken_apart():
    async with Database() as database:
        async with database.branch() as branch:
            await insert(branch)
        assert database.memory().passing_bytes > 100 * 1001
        async with asyncio.timeout(30):
            while database.memory().passing_bytes:
                await asyncio.sleep(0.01)
