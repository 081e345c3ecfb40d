"""An engine belongs to one event loop at a time, in one process; whoever else calls is told so, and changes nothing."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from ramekin import Database
from ramekin.durability.disk import SYSTEM_DISK
from ramekin.durability.failures import Unusable
from ramekin.errors import Starting, Unavailable
from tests.engines.conftest import ENGINES

CALLS = {
    "get": lambda database: database.get("t", "1"),
    "find": lambda database: database.find("t"),
    "find_groups": lambda database: database.find_groups("t", group_by=["v"]),
    "join": lambda database: database.join("t", "t", "v", names=("a", "b")),
    "missing": lambda database: database.missing("t", [("v",)], is_strict=False),
    "field_names": lambda database: database.field_names("t"),
    "insert one": lambda database: database.insert("t", {"id": 9}),
    "insert": lambda database: database.insert("t", [{"id": 9}]),
    "replace": lambda database: database.replace("t", 9, {}, upsert=True),
    "write": lambda database: database.write([]),
    "change": lambda database: database.change("t", where={}, patch={"v": 9}),
    "load": lambda database: database.load([("t", {"id": 9})]),
    "define": lambda database: database.define("t", {"unique": ["v"]}),
    "drop": lambda database: database.drop("t"),
    "table": lambda database: database.table("t"),
    "tables": lambda database: database.tables(),
    "revision": lambda database: database.revision("t"),
    "backup": lambda database: database.backup(),
    "open": lambda database: database.__aenter__(),
    "close": lambda database: database.__aexit__(None, None, None),
}


@pytest.fixture(params=ENGINES)
def database(request, tmp_path):
    return Database(engine=ENGINES[request.param](tmp_path))


def refusal_of(call, database):
    """Return what a call in a loop of its own is told."""
    try:
        asyncio.run(call(database))
    except RuntimeError as error:
        return str(error)
    return None


async def in_a_thread(work):
    """Return what some work returns in a thread, without the loop's own pool of threads."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.001)
    return found[0]


def in_a_child(work):
    """Return whether a child of this process ended well after some work."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


async def all_records(database):
    return [record async for record in database.dump()]


def test_another_threads_loop_is_refused_while_the_first_one_runs(database):
    async def main():
        async with database:
            await database.insert("t", {"id": 1, "v": 1})
            before = await all_records(database)
            for name, call in CALLS.items():
                told = await in_a_thread(lambda call=call: refusal_of(call, database))
                assert told is not None, name
                assert "run_coroutine_threadsafe" in told
            assert await all_records(database) == before

    asyncio.run(main())


def test_a_thread_may_hand_a_call_over(database):
    async def main():
        async with database:
            loop = asyncio.get_running_loop()
            write = database.insert("t", {"id": 1})
            await in_a_thread(lambda: asyncio.run_coroutine_threadsafe(write, loop).result(30))
            assert await database.get("t", 1) == b'{"id":1}'

    asyncio.run(main())


@pytest.mark.parametrize("pause_s", [0, 1.2])  # a journal looks after its log each second
def test_loops_one_after_another_go_on_where_the_last_one_stopped(database, pause_s):
    asyncio.run(database.__aenter__())
    for number in range(3):
        asyncio.run(database.insert("t", {"id": number}))
        time.sleep(pause_s)
        asyncio.run(database.define("t", {"unique": ["v"], "indexes": [{"field": f"f{number}"}]}))
    assert len(asyncio.run(database.find("t", where={"id": {"gte": 0}}, sort="-id")).rows) == 3
    asyncio.run(asyncio.wait_for(database.__aexit__(None, None, None), 30))


def test_a_write_whose_loop_was_stopped_happens_once_in_the_next_one(database):
    asyncio.run(database.__aenter__())

    async def begin():
        writes = [asyncio.ensure_future(database.insert("t", {"id": number})) for number in range(50)]
        await asyncio.sleep(0)
        return writes  # they are cancelled where the loop ends

    asyncio.run(begin())
    asyncio.run(database.insert("t", {"id": "last"}))
    records = asyncio.run(all_records(database))
    assert records[-1] == ("t", {"id": "last"})
    assert [record["id"] for _, record in records[1:-1]] == list(range(len(records) - 2))
    asyncio.run(asyncio.wait_for(database.__aexit__(None, None, None), 30))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("is_running", [True, False], ids=["while the loop runs", "between two loops"])
def test_a_child_of_the_process_is_refused(database, is_running):
    def child():
        tolds = []
        for call in CALLS.values():
            asyncio.events._set_running_loop(None)
            tolds.append(refusal_of(call, database))
        return all(told is not None and "forked" in told for told in tolds)

    async def begin():
        await database.__aenter__()
        await database.insert("t", {"id": 1, "v": 1})
        assert not is_running or in_a_child(child)

    async def end():
        await database.insert("t", {"id": 2})
        assert len(await all_records(database)) == 3
        await database.__aexit__(None, None, None)

    asyncio.run(begin())
    assert is_running or in_a_child(child)
    asyncio.run(end())


def test_a_child_that_goes_on_with_the_same_loop_is_refused(database):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(database.__aenter__())

    def child():
        try:
            loop.run_until_complete(database.insert("t", {"id": 1}))
        except RuntimeError as error:
            return "forked" in str(error)

    assert in_a_child(child)
    assert loop.run_until_complete(all_records(database)) == []
    loop.run_until_complete(database.__aexit__(None, None, None))
    loop.close()


def test_a_directory_that_was_taken_before_a_fork_is_the_parents(tmp_path):
    database = Database(engine=ENGINES["durable"](tmp_path))
    assert in_a_child(lambda: "forked" in (refusal_of(CALLS["open"], database) or ""))
    asyncio.run(database.__aenter__())
    asyncio.run(database.__aexit__(None, None, None))


def test_a_database_that_nobody_used_yet_may_be_used_in_a_child():
    database = Database()
    assert in_a_child(lambda: asyncio.run(database.insert("t", {"id": 1})))
    assert asyncio.run(all_records(database)) == []


@pytest.mark.parametrize("words", [{"fsync": "sometimes"}, {"fsync": ""}, {"engine": Database().engine}])
def test_a_directory_goes_with_no_engine_and_known_words(tmp_path, words):
    with pytest.raises(ValueError, match=r"one of always|an engine"):
        Database(directory=tmp_path / "data", **words)


@pytest.mark.parametrize("words", [{"fsync": "always"}, {"fsync": "sometimes"}, {"fsync": ""}, {"disk": SYSTEM_DISK}])
def test_what_says_how_a_directory_is_written_goes_with_one(words):
    with pytest.raises(ValueError, match="give a directory too"):
        Database(**words)
    with pytest.raises(ValueError, match="Give an engine, or a directory"):
        Database(engine=Database().engine, **words)


@pytest.mark.parametrize("directory", ["", "  ", Path()])
def test_a_directory_has_a_name_or_an_unset_variable_would_fill_the_current_one(directory):
    with pytest.raises(ValueError, match="'directory' is empty"):
        Database(directory=directory)


@pytest.mark.parametrize("directory", [".", "./", "/", ".."])
def test_the_current_directory_may_be_named(directory):
    Database(directory=directory)


def test_a_directory_that_is_closed_is_opened_by_another_database(tmp_path):
    database = Database(directory=tmp_path / "data")

    async def use():
        with pytest.raises(Starting, match="is not open"):
            await database.get("t", 1)
        with pytest.raises(Starting, match="is not open"):
            await database.insert("t", {"id": 1})
        async with database:
            await database.insert("t", {"id": 1})
        with pytest.raises(Unavailable, match="is closed"):
            await database.insert("t", {"id": 2})
        with pytest.raises(Unavailable, match="make another"):
            async with database:
                pass

    asyncio.run(use())


def test_a_directory_that_could_not_be_opened_may_be_opened_later(tmp_path):
    async def use():
        late = Database(directory=tmp_path / "data")
        async with Database(directory=tmp_path / "data"):
            with pytest.raises(Unusable):
                await late.__aenter__()
        async with late:
            await late.insert("t", {"id": 1})

    asyncio.run(use())


def test_a_directory_is_taken_when_the_database_is_opened_and_left_when_it_is_closed(tmp_path):
    async def use(number):
        async with Database(directory=str(tmp_path / "data")) as database:
            await database.insert("t", {"id": number})
            with pytest.raises(Unusable, match="another process"):
                await Database(directory=tmp_path / "data").__aenter__()
            return [record["id"] for record in (await database.find("t")).records]

    Database(directory=tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert [asyncio.run(use(number)) for number in range(2)] == [[0], [0, 1]]


ANSWERED_BEFORE = {"missing", "field_names", "backup", "open", "close", "write"}  # no table is asked for, or they open


@pytest.mark.parametrize("name", sorted(CALLS.keys() - ANSWERED_BEFORE))
def test_whoever_asks_before_the_directory_is_read_is_told(tmp_path, name):
    """No call may take tables that are not read yet for none: `load(other.dump(), is_replacing=True)` would drop all."""
    database = Database(directory=tmp_path / "tables")
    with pytest.raises(Starting):
        asyncio.run(CALLS[name](database))


def test_a_dump_before_the_directory_is_read_empties_no_other_database(tmp_path):
    async def run():
        async with Database() as other:
            await other.insert("t", {"id": 1})
            with pytest.raises(Starting):
                await other.load(Database(directory=tmp_path / "tables").dump(), is_replacing=True)
            return await other.get("t", 1)

    assert asyncio.run(run()) == b'{"id":1}'
