"""Tables that share what they hold: what that costs, what is counted, and where steps are kept elsewhere too."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
from contextlib import suppress

import pytest

from ramekin import Database
from ramekin.changes import Change, Written
from ramekin.database.branches import Branches
from ramekin.durability.disk import Disk
from ramekin.engine.embedded import Embedded
from ramekin.errors import MemoryLimit, NoCheckpoint, NotUnique, RecordNotFound, Unavailable
from ramekin.storage.catalog import Catalog
from ramekin.storage.forks import Fork, let_go, own, restore
from ramekin.storage.staging import Staging
from ramekin.testing import SetClock
from tests.unit.test_work import count_calls

pytestmark = pytest.mark.anyio


async def filled(records, **options):
    database = Database(**options)
    await database.__aenter__()
    for table in range(20):
        await database.insert(f"t{table}", [{"id": i, "n": i % 7, "name": f"name {i}"} for i in range(records)])
    await database.find("t1", where={"n": {"gte": 2}}, sort="n")
    return database


async def test_a_branch_costs_the_same_whatever_the_tables_hold():
    few, many = await filled(3), await filled(300)
    made = [[], []]
    for _ in range(2):
        costs = [
            count_calls(lambda d=database, m=m: m.append(d.branch()))
            for database, m in zip((few, many), made, strict=True)
        ]
        assert abs(costs[0] - costs[1]) < 50
        assert costs[1] < 150 * 20
    dropped = [count_calls(lambda m=m: m.pop().let_go()) for m in made]
    assert abs(dropped[0] - dropped[1]) < 50
    assert dropped[1] < 100 * 20


async def test_what_is_shared_and_not_looked_at_takes_a_few_calls_for_each_table():
    """Ten thousand of them take a few ms; to make each of the tables anew takes 0.2 s."""
    calls = []
    for tables in (100, 200):
        database = await Database().__aenter__()
        await database.load([(f"t{table}", {"id": 1}) for table in range(tables)])
        database.checkpoint()
        await database.delete("t1", 1)
        branches = []
        calls.append(
            [
                count_calls(lambda d=database, b=branches: b.append(d.branch())),
                count_calls(lambda b=branches: b.pop().let_go()),
                count_calls(database.checkpoint),
                count_calls(lambda d=database: restore(d.engine.tables.catalog, d._checkpoint)),
            ]
        )
    assert all((more - less) / 100 <= 5 for less, more in zip(*calls, strict=True))


async def test_a_write_to_a_branch_copies_that_table_alone():
    database = await filled(100)
    branch = database.branch()
    await branch.delete("t1", 5)
    ours, theirs = database._engine.tables.catalog, branch._engine.tables.catalog
    shared = [name for name in (f"t{i}" for i in range(20)) if ours.find(name).records is theirs.find(name).records]
    assert shared == [f"t{i}" for i in range(20) if i != 1]
    assert await database.get("t1", 5)


async def test_a_branch_has_tables_of_its_own_from_when_they_are_looked_for_or_change_where_it_was_made():
    database = await filled(3)
    branch = database.branch()
    theirs = branch._engine.tables.catalog

    async def own_after(action):
        await action
        return [table.name for table in own(theirs)]

    assert await own_after(database.get("t1", 1)) == []
    assert await own_after(branch.get("t1", 1)) == ["t1"]
    assert await own_after(database.delete("t2", 1)) == ["t1", "t2"]
    assert await own_after(database.define("t3", {"unique": ["name"]})) == ["t1", "t2", "t3"]
    assert await own_after(database.drop("t4")) == ["t1", "t2", "t3", "t4"]
    assert await own_after(branch.drop("t5")) == ["t1", "t2", "t3", "t4"]
    assert (branch.record_count("t2"), branch.record_count("t4"), database.record_count("t5")) == (3, 3, 3)
    assert (await branch.table("t3")).stats.definition.unique == ()
    assert theirs.totals().records == 19 * 3


async def test_the_tag_of_a_table_that_changed_where_its_branch_was_made_is_never_given_again():
    database = await filled(3)
    branch = database.branch()
    await database.delete("t1", 1)
    before = branch.engine.tables.version("t1")
    await branch.delete("t1", 2)
    assert branch.engine.tables.version("t1") != before


async def test_what_is_due_goes_from_a_branch_that_nobody_looked_at():
    async with Database(clock=(clock := SetClock())) as database:
        await database.replace("t", "a", {}, upsert=True, ttl=60)
        branch = database.branch()
        clock.advance(61)
        assert (await branch.diff())["t"]["deleted"] == [{"id": "a"}]


async def test_a_fork_made_while_a_large_step_is_made_ready_keeps_when_its_records_are_due():
    catalog, body = Catalog(), b'{"id":"a"}'
    catalog.store(Change("t", "a", None, body, 60))
    staging = Staging(catalog, Written([Change("t", "a", body, None)]))
    for _ in staging.prepare():
        pass
    twin = Fork(catalog)
    staging.store()
    assert catalog.table("t").expiry.due(60, 5) == []
    assert twin.table("t").expiry.due(60, 5) == ["a"]


async def test_the_last_one_that_has_records_writes_to_them_as_they_are():
    database = await filled(10)
    for _ in range(3):
        branch = database.branch()
        branch.let_go()
    before = database._engine.tables.catalog.find("t1").records
    await database.delete("t1", 5)
    assert database._engine.tables.catalog.find("t1").records is before


async def test_fifty_writers_on_fifty_branches_see_only_themselves():
    database = await filled(10)
    branches = [database.branch() for _ in range(50)]

    async def write(number, branch):
        for step in range(20):
            await branch.replace("t1", step % 10, {"n": number, "step": step})
            await branch.insert("own", {"id": f"{number}-{step}"})
            await asyncio.sleep(0)

    await asyncio.gather(*(write(number, branch) for number, branch in enumerate(branches)))
    for number, branch in enumerate(branches):
        page = await branch.find("t1", where={"n": {"eq": number}}, limit=100)
        assert len(page.rows) == 10
        assert branch.record_count("own") == 20
        branch.let_go()
    assert b'"step"' not in await database.get("t1", 1)


async def test_what_is_shared_is_counted_once_and_of_what_is_written_the_dictionary_and_new_bodies():
    database = await filled(1000)
    alone = database.memory().used_bytes
    branches = [database.branch() for _ in range(5)]
    assert database.memory().used_bytes == alone
    table = database._engine.tables.catalog.find("t3").memory_bytes
    await branches[0].delete("t3", 5)
    assert table * 0.1 < database.memory().used_bytes - alone < table * 0.3
    await database.delete("t3", 5)  # what stood is kept for the four others, once
    assert table * 0.2 < database.memory().used_bytes - alone < table * 0.6
    for _ in range(2):
        await branches[0].change("t3", where={"n": {"exists": True}}, patch={"more": "x" * 100})
    assert branches[0].engine.tables.memory().own_bytes > table
    for branch in branches:
        branch.let_go()
    assert abs(database.memory().used_bytes - alone) < 1000


async def test_with_a_checkpoint_a_table_that_does_not_fit_twice_takes_writes():
    async with Database(engine=Embedded(memory_limit_bytes=1_500_000)) as database:
        await database.insert("t", [{"id": i, "a": 1} for i in range(5000)])
        database.checkpoint()
        for write in (
            database.delete("t", 1),
            database.insert("t", {"id": 1}),
            database.change("t", where={"id": {"lt": 1500}}, patch={"a": 2}),
        ):
            await write
        await database.reset()
        assert database.record_count("t") == 5000


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_counted_is_never_less_than_what_is_there(seed):
    """Held against the bodies and dictionaries that are reached, each once; and in the end against one table."""
    chance = random.Random(seed)
    database = Database(clock=SetClock())
    await database.insert("t", [{"id": i, "text": "x" * chance.randrange(60)} for i in range(300)])
    branches = [database]
    for _ in range(60):
        await something(chance, branches)
        assert counted(branches) >= reached(branches)
    for branch in branches[1:]:
        branch.let_go()
    database._forget()
    table = database.engine.tables.catalog.find("t")
    assert counted([database]) == table.memory_bytes == table.recount()
    assert (table.records.lender, table.records.borrowers) == (None, {})


async def something(chance, branches):
    one = chance.choice(branches)
    match chance.randrange(9):
        case 0 if len(branches) < 6:
            branches.append(one.branch())
        case 1 if one is not branches[0]:
            branches.remove(one)
            one.let_go()
        case 2:
            one.checkpoint()
        case 3 if one._checkpoint is not None:
            await one.reset()
        case 4:
            await one.find("t", sort=chance.choice(["-id", "text"]), limit=1)
        case 5:
            await one.load([("t", {"id": i, "n": 1}) for i in range(1200)], is_replacing=chance.random() < 0.3)
        case 6:
            await one.change("t", where={"id": {"lt": chance.randrange(300)}}, delete=True)
        case _:
            for _ in range(chance.randrange(5)):
                text = "y" * chance.randrange(90)
                await one.replace("t", chance.randrange(400), {"text": text}, upsert=True)


def counted(branches):
    return branches[0].engine.tables.catalog.memory.size_bytes


def reached(branches):
    catalogs = [each.engine.tables.catalog for each in branches]
    catalogs += [each._checkpoint for each in branches if each._checkpoint is not None]
    held = {id(table.records): table.records for catalog in catalogs for table in catalog._tables.values()}.values()
    bodies = {id(body): len(body) + 33 for records in held for body in records.bodies.values()}
    return sum(bodies.values()) + sum(24 * len(records.bodies) for records in held)


async def test_branches_count_in_the_limit():
    database = await filled(20, engine=Embedded(memory_limit_bytes=400_000))
    branches = [database.branch() for _ in range(10)]

    async def write_all():
        for branch in branches:
            for table in range(20):
                await branch.replace(f"t{table}", 1, {"text": "x" * 500})

    with pytest.raises(MemoryLimit):
        await write_all()
    for branch in branches:
        branch.let_go()
    await database.replace("t1", 1, {"text": "x" * 500})


SMALL_WRITES = {
    "a replacement that adds nothing": lambda branch: branch.replace("t", 1, {"a": 2}),
    "a deletion": lambda branch: branch.delete("t", 1),
    "many deletions": lambda branch: branch.change("t", where={"id": {"lt": 1500}}, delete=True),
    "a load": lambda branch: branch.insert("t", [{"id": 1, "a": 3}], on_conflict="replace"),
    "a list in order": lambda branch: branch.find("t", sort="-id", limit=1),
}


@pytest.mark.parametrize("what", SMALL_WRITES)
async def test_branches_take_no_more_than_the_limit_by_small_requests(what):
    async with Database(engine=Embedded(memory_limit_bytes=2_000_000)) as database:
        await database.insert("t", [{"id": i, "a": 1} for i in range(5000)])
        branches, refused = [database.branch() for _ in range(18)], 0
        tracemalloc.start()
        for branch in branches:
            before = branch.engine.tables.catalog.find("t").records
            try:
                await SMALL_WRITES[what](branch)
            except MemoryLimit:
                refused += 1
                assert branch.engine.tables.catalog.find("t").records is before
        grown_bytes = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert refused > 4
        assert database.memory().used_bytes < 2_300_000
        assert grown_bytes < 2_000_000
        for branch in branches:
            branch.let_go()
        await database.delete("t", 1)


async def test_a_branch_that_is_over_makes_room_where_it_is_short():
    clock = SetClock()
    async with Database(engine=Embedded(memory_limit_bytes=1_750_000, clock=clock)) as database:
        await database.insert("t", [{"id": i, "a": 1} for i in range(5000)])
        branches = Branches(database)
        short = branches.make("short", ttl_s=60)[0].database
        await short.insert("large", {"id": 1, "text": "x" * 900_000})
        with pytest.raises(MemoryLimit):
            await database.delete("t", 1)
        clock.advance(61)
        with pytest.raises(MemoryLimit):
            await short.insert("t", {"id": "large", "text": "x" * 900_000})
        await database.delete("t", 1)
        assert len(branches.all()) == 1


async def test_who_follows_a_branch_that_is_over_is_told_at_once_though_nobody_asks():
    database = await filled(1)
    branches = Branches(database)
    made, _ = branches.make("brief", ttl_s=0.05)
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            async for _ in made.database.changes():
                pass


@pytest.mark.parametrize("which", ["database", "branch"])
async def test_what_is_closed_answers_nothing_and_says_so(which):
    async with Database() as database:
        await database.insert("pets", {"id": 1})
        async with database.branch() as branch:
            await branch.insert("pets", {"id": 2})
    closed = database if which == "database" else branch
    for use in (
        lambda: closed.insert("pets", {"id": 3}),
        lambda: closed.replace("pets", 1, {}, upsert=True),
        lambda: closed.define("pets", {}),
        lambda: closed.load([("pets", {"id": 4})]),
        lambda: closed.get("pets", 1),
        lambda: closed.find("pets"),
        lambda: closed.tables(),
        lambda: closed.diff(),
        lambda: closed.reset(),
        lambda: closed.__aenter__(),
    ):
        with pytest.raises(Unavailable, match="The database is closed"):
            await use()
    await closed.__aexit__()  # which does nothing


async def test_work_on_a_branch_that_is_dropped_ends():
    database = await filled(2000)
    branch = database.branch()
    async with branch.snapshot(["t1"]) as snapshot:
        building = asyncio.ensure_future(branch.find("t2", where={"name": {"eq": "name 7"}}, sort="name"))
        await asyncio.sleep(0)
        branch.let_go()
        assert sum([len(bodies) async for bodies in snapshot.view.batches("t1")]) == 2000
        await asyncio.wait([building], timeout=30)
        assert building.done()
        building.exception()
    await branch.insert("t1", {"id": "late"})
    assert database.record_count("t1") == 2000
    assert database._engine.tables.catalog.memory.family.shared_bytes == 0


async def test_without_a_checkpoint_there_is_no_way_back():
    async with Database() as database:
        for refused in (database.reset, database.diff):
            with pytest.raises(NoCheckpoint):
                await refused()


@pytest.mark.parametrize("where", ["memory", "directory"])
async def test_a_reset_brings_back_everything(where, tmp_path):
    options = {} if where == "memory" else {"directory": tmp_path / "data", "fsync": "no"}
    async with Database(**options) as database:
        await database.define("users", {"unique": ["mail"]})
        await database.insert("users", [{"id": i, "mail": f"{i}@example.com"} for i in range(1200)])
        await database.insert("pets", [{"id": 1}, {"id": "2"}])
        database.checkpoint()
        await database.change("users", where={"id": {"exists": True}}, patch={"mail": None})
        await database.delete("pets", "2")
        await database.insert("pets", [{"id": 2}])
        await database.drop("users")
        await database.insert("users", [{"id": "other"}])
        await database.define("more", {"unique": ["a"]})
        await database.reset()
        assert await database.diff() == {}
        assert [info.stats.name for info in await database.tables()] == ["users", "pets"]
        assert database.record_count("users") == 1200
        assert await database.get("pets", "2") == b'{"id":"2"}'
        with pytest.raises(NotUnique):
            await database.insert("users", {"mail": "7@example.com"})
        await database.insert("users", {"id": "new", "mail": "new@example.com"})
        await database.reset()
        assert database.record_count("users") == 1200
    if where == "directory":
        async with Database(**options) as database:
            assert database.record_count("users") == 1200
            assert (await database.table("users")).stats.definition.unique == ("mail",)


async def test_followers_are_told_of_a_reset():
    async with Database() as database:
        await database.insert("pets", {"id": 1})
        database.checkpoint()
        changes = database.changes()
        await database.insert("pets", {"id": 2})
        await database.insert("homes", {"id": 2})
        await database.reset()
        told = [await anext(changes) for _ in range(4)]
        assert [(change.table, change.op) for change in told[:2]] == [("pets", "create"), ("homes", "create")]
        assert {(change.table, change.op) for change in told[2:]} == {("pets", "load"), ("homes", "drop")}


async def test_a_fork_of_a_catalog_is_let_go_of():
    database = await filled(10)
    catalog = database._engine.tables.catalog
    twin = Fork(catalog)
    let_go(twin)
    let_go(twin)
    assert catalog.memory.family.members == [catalog.memory]


@pytest.mark.parametrize("where", ["memory", "directory"])
async def test_a_reset_brings_back_when_records_are_due(where, tmp_path):
    clock = SetClock()
    options = {} if where == "memory" else {"directory": tmp_path / "data", "fsync": "no"}
    async with Database(clock=clock, **options) as database:
        await database.replace("pets", 1, {}, upsert=True, ttl=60)
        await database.replace("pets", 2, {}, upsert=True)
        due = await database.due("pets", 1)
        database.checkpoint()
        await database.replace("pets", 1, {}, ttl=600)
        await database.patch("pets", 2, {}, ttl=600)
        await database.reset()
        assert (await database.due("pets", 1), await database.due("pets", 2)) == (due, None)
        async with database.branch() as branch:
            assert await branch.due("pets", 1) == due
            clock.advance(61)
            for each in (branch, database):
                with pytest.raises(RecordNotFound):
                    await each.get("pets", 1)
                assert len((await each.find("pets")).rows) == 1
        await database.reset()
        with pytest.raises(RecordNotFound):
            await database.get("pets", 1)


@pytest.mark.parametrize("where", ["memory", "directory"])
async def test_what_has_become_due_since_is_brought_back_by_no_reset_and_told_by_a_diff(where, tmp_path):
    clock = SetClock()
    options = {} if where == "memory" else {"directory": tmp_path / "data", "fsync": "no"}
    async with Database(clock=clock, **options) as database:
        await database.insert("pets", [{"id": 1}, {"id": 2}], ttl=60)
        await database.insert("pets", {"id": 3})
        database.checkpoint()
        await database.replace("pets", 1, {"is": "another one"}, ttl="none")
        await database.insert("pets", {"id": 4}, ttl=60)
        clock.advance(60)
        gone = await database.diff()
        await database.reset()
        assert (await database.find("pets")).records == [{"id": 3}]
        assert gone == {
            "pets": {
                "created": [],
                "replaced": [{"before": {"id": 1}, "after": {"id": 1, "is": "another one"}}],
                "deleted": [{"id": 2}],
            }
        }


async def test_a_reset_in_a_directory_ends_while_others_write_and_they_go_on(tmp_path):
    async with Database(directory=tmp_path / "data", fsync="no") as database:
        await database.insert("pets", [{"id": i, "a": 1} for i in range(5000)])
        database.checkpoint()
        await database.change("pets", where={"a": 1}, patch={"a": 2})
        written = 0

        async def write():
            nonlocal written
            while written < 20_000:
                await database.replace("pets", written % 5000, {"a": 3})
                written += 1
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        await asyncio.wait_for(database.reset(), 20)
        before = written
        left = await database.find("pets", where={"a": 2}, limit=1)
        async with asyncio.timeout(20):
            while written == before:
                await asyncio.sleep(0)
        writing.cancel()
        assert left.rows == ()
        await database.reset()
        assert await database.diff() == {}


async def test_a_kill_after_a_reset_finds_what_was_brought_back(tmp_path):
    code = """
import asyncio, os, sys
from ramekin import Database
async def main():
    database = await Database(directory=sys.argv[1], fsync="always").__aenter__()
    await database.define("users", {"unique": ["mail"]})
    await database.insert("users", [{"id": i, "mail": f"{i}@example.com"} for i in range(50)])
    database.checkpoint()
    await database.drop("users")
    await database.insert("other", {"id": 1})
    await database.reset()
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(tmp_path / "data")], check=False, timeout=60
    )
    assert done.returncode == -9
    async with Database(directory=tmp_path / "data") as database:
        assert [info.stats.name for info in await database.tables()] == ["users"]
        assert database.record_count("users") == 50
        assert (await database.table("users")).stats.definition.unique == ("mail",)


@pytest.mark.parametrize("unique", [[[], ["v"]], [["v"], []], [["v"], ["w"]], [["v"], ["v"]]], ids=str)
async def test_a_reset_is_never_seen_or_killed_in_its_midst(tmp_path, unique):
    """The directory is copied before each write to it, as a kill would leave it there."""
    copies = []

    class Copying(Disk):
        def write(self, handle, data):
            if is_resetting:
                copies.append(shutil.copytree(tmp_path / "data", tmp_path / str(len(copies))))
            half = data[: max(1, len(data) // 2)]
            return os.write(handle, half if is_resetting else data)

    is_resetting = False
    async with Database(directory=tmp_path / "data", fsync="no", disk=Copying()) as database:
        await database.insert("first", {"id": 1})
        await database.define("a", {"unique": unique[0]})
        await database.insert("a", [{"id": i, "v": i, "w": -i} for i in range(20)])
        await database.insert("gone", [{"id": i} for i in range(3)])
        await database.insert("last", [{"id": 1}, {"id": 2}])
        database.checkpoint()
        before = await whole(database)
        await database.define("a", {})
        await database.delete("a", 3)
        await database.change("a", where={"v": {"gte": 5}}, patch={"v": 100, "w": None})
        await database.change("a", where={"id": {"exists": True}}, patch={"v": None})
        await database.define("a", {"unique": unique[1]})
        await database.drop("gone")
        await database.delete("last", 2)
        await database.insert("new", {"id": 1})
        sides = [before, await whole(database)]

        async def look():
            while True:
                assert await whole(database) in sides
                await asyncio.sleep(0)

        looking, is_resetting = asyncio.create_task(look()), True
        await database.reset()
        is_resetting = False
        assert not looking.done()
        looking.cancel()
        assert await whole(database) == before
        assert len(copies) >= 4
    for copy in (*copies, tmp_path / "data"):
        async with Database(directory=copy, fsync="no") as left:
            assert await whole(left) == (before if copy == tmp_path / "data" else sides[1])


@pytest.mark.parametrize("where", ["memory", "directory"])
async def test_a_reset_that_waits_returns_to_what_was_kept_when_it_was_asked_for(where, tmp_path):
    options = {} if where == "memory" else {"directory": tmp_path / "data", "fsync": "no"}
    async with Database(**options) as database:
        await database.insert("pets", {"id": "kept"})
        database.checkpoint()
        before = await whole(database)
        loading = asyncio.create_task(database.load([("pets", {"id": i}) for i in range(3000)]))
        while not database._engine._alone.locked():
            await asyncio.sleep(0)
        resetting = asyncio.create_task(database.reset())
        await asyncio.sleep(0)
        database.checkpoint()
        await asyncio.gather(loading, resetting)
        assert await whole(database) == before


async def test_a_reset_writes_what_differs_and_all_records_of_a_table_whose_order_does(tmp_path):
    async with Database(directory=tmp_path / "data", fsync="no") as database:
        await database.insert("pets", [{"id": i} for i in range(1000)])
        for change, most in (
            (database.replace("pets", 500, {"a": 1}), 100),
            (database.insert("pets", {"id": 1000}), 100),
            (database.delete("pets", 999), 100),
            (database.delete("pets", 500), 100_000),
        ):
            database.checkpoint()
            before = await whole(database)
            await change
            [log] = (tmp_path / "data").glob("*.log")
            size_bytes = log.stat().st_size
            await database.reset()
            assert await whole(database) == before
            assert log.stat().st_size - size_bytes < most


async def whole(database):
    """Return all that there is at one moment, in its order: tables with their definitions and records."""
    async with database.snapshot() as snapshot:
        names = [(name, database.engine.tables.table_stats(name).definition) for name in snapshot.tables]
        records = [
            (name, body) for name in snapshot.tables async for each in snapshot.view.batches(name) for body in each
        ]
    return names, records


async def test_what_others_write_while_a_reset_defines_is_held_to_the_definition(tmp_path):
    async with Database(directory=tmp_path / "data", fsync="no") as database:
        await database.define("a", {"unique": ["v"]})
        await database.insert("a", [{"id": i, "v": i} for i in range(20)])
        database.checkpoint()
        await database.define("a", {})
        await database.change("a", where={"v": {"gte": 5}}, patch={"v": 1})
        resetting = asyncio.create_task(database.reset())
        for i in range(100):
            await asyncio.sleep(0)
            with suppress(NotUnique):
                await database.insert("a", {"id": f"x{i}", "v": 7})
        await resetting
        assert database.record_count("a") == 20
        assert await database.diff() == {}
        with pytest.raises(NotUnique):
            await database.insert("a", {"id": "y", "v": 7})
