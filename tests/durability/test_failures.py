"""A disk that refuses: what was refused is never seen, what waits behind it is refused too, and reads go on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time

import pytest

from ramekin import Database
from ramekin.changes import Change
from ramekin.database.operations import Operation
from ramekin.durability import journal, syncs
from ramekin.durability.failures import DiskFault
from ramekin.durability.store import Store
from ramekin.errors import JournalFailed, NotUnique, OutcomeUnknown, RecordExists, StorageFull
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import define, write
from tests.conftest import Server
from tests.durability.faulty import Faulty

pytestmark = pytest.mark.anyio

FULL = DiskFault("no room", is_full=True)
BROKEN = DiskFault("a sync failed", is_lasting=True)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=["always", "everysec"])
async def faulty(request, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "RETRY_S", 0.05)
    monkeypatch.setattr(syncs, "SYNC_S", 0.05)
    faulty = Faulty(tmp_path, request.param)
    async with Database(engine=faulty.engine) as database:
        faulty.database = database
        await database.apply(create(1))
        yield faulty
        faulty.fault = faulty.fresh_fault = None


def create(i, **members):
    return Operation("create", "t", record={"id": i, **members})


async def wait_until(claim, seconds=30):
    end = time.monotonic() + seconds
    while not await claim():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_write_that_finds_no_room_is_refused_and_never_seen(faulty):
    faulty.fault = FULL
    with pytest.raises(StorageFull, match="not applied"):
        await faulty.database.apply(create(2))
    assert faulty.engine.tables.get("t", "2") is None
    assert faulty.engine.tables.get("t", "1") == b'{"id":1}'
    assert await faulty.engine.state() == "failed"


async def test_whoever_follows_is_told_what_is_committed_and_nothing_else(faulty):
    changes = faulty.database.changes("t")
    faulty.fault = FULL
    with pytest.raises(StorageFull):
        await faulty.database.apply(create(2))
    faulty.fault = None
    await faulty.database.apply(create(3))
    assert (await anext(changes)).id == 3


async def test_writes_go_on_when_there_is_room_again(faulty):
    faulty.fault = FULL
    with pytest.raises(StorageFull):
        await faulty.database.apply(create(2))
    faulty.fault = None
    await faulty.database.apply(create(2))
    assert await faulty.engine.state() == "ok"


async def test_the_server_notices_by_itself_that_there_is_room_again(faulty):
    faulty.fault = FULL
    with pytest.raises(StorageFull):
        await faulty.database.apply(create(2))
    faulty.fault = None
    await wait_until(is_ok(faulty))


def is_ok(faulty):
    async def claim():
        return await faulty.engine.state() == "ok"

    return claim


queued = pytest.mark.parametrize("faulty", ["always"], indirect=True)
"""Where commits are synced, writes queue."""


@queued
async def test_all_that_waits_behind_a_refused_write_is_refused(faulty):
    faulty.gate = threading.Event()
    writes = [asyncio.create_task(faulty.database.apply(create(i))) for i in range(2, 40)]
    await asyncio.sleep(0.05)
    follow = asyncio.create_task(faulty.database.apply(Operation("patch", "t", "2", {"x": 1})))
    exists = asyncio.create_task(faulty.database.apply(create(3)))
    await asyncio.sleep(0.05)
    assert faulty.engine.tables.get("t", "2") is None, "nothing is seen before its commit"
    faulty.fault = FULL
    faulty.gate.set()
    outcomes = await asyncio.gather(*writes, follow, exists, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageFull}
    assert (faulty.engine.tables.table_stats("t")).records == 1
    faulty.fault = None
    await faulty.database.apply(create(2))
    assert faulty.engine.tables.get("t", "2") == b'{"id":2}', "what was refused has left nothing behind"


@queued
async def test_writes_behind_each_other_see_each_other_before_their_commit(faulty):
    faulty.gate = threading.Event()
    first = asyncio.create_task(faulty.database.apply(create(2)))
    await asyncio.sleep(0.05)
    patches = [
        asyncio.create_task(faulty.database.apply(Operation("patch", "t", "2", {f"f{i}": i}))) for i in range(50)
    ]
    again = asyncio.create_task(faulty.database.apply(create(2)))
    await asyncio.sleep(0.05)
    assert not again.done(), "an answer that rests on a write waits for its commit"
    faulty.gate.set()
    await asyncio.gather(first, *patches)
    with pytest.raises(RecordExists):
        await again
    assert (faulty.engine.tables.get("t", "2")).count(b"f") == 50


@queued
async def test_two_pending_writes_never_take_one_unique_value(faulty):
    await define(faulty.engine, "t", Definition(unique=("email",)))
    faulty.gate = threading.Event()
    writes = [asyncio.create_task(faulty.database.apply(create(i, email="a"))) for i in range(2, 6)]
    await asyncio.sleep(0.05)
    faulty.gate.set()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotUnique"] * 3 + ["Outcome"]
    assert NotUnique.code == "not-unique"
    assert (faulty.engine.tables.table_stats("t")).records == 2


@queued
@pytest.mark.timeout(30)  # a loop that spins stops the test too
@pytest.mark.parametrize("is_bulk", [False, True])
async def test_nobody_waits_for_a_unique_value_on_its_way_while_the_disk_is_being_mended(faulty, is_bulk):
    await define(faulty.engine, "t", Definition(unique=("email",)))
    replace, begun, go_on = faulty.store.replace, threading.Event(), threading.Event()

    def replace_slowly(file, contents):
        begun.set()
        assert go_on.wait(10)
        faulty.fault = None
        return replace(file, contents)

    faulty.store.replace = replace_slowly
    faulty.fault = BROKEN
    first = asyncio.create_task(faulty.database.apply(create(2, email="a")))
    await asyncio.to_thread(begun.wait, 10)
    third, database = create(3, email="a"), faulty.database
    with pytest.raises(JournalFailed, match="not applied"):
        await (database.write([third]) if is_bulk else database.apply(third))
    go_on.set()
    with pytest.raises(JournalFailed):
        await first
    await wait_until(is_ok(faulty))
    await faulty.database.apply(create(3, email="a"))


async def test_after_a_failed_sync_a_fresh_file_is_written_before_anything_is_acknowledged(faulty, tmp_path):
    faulty.fault = BROKEN
    replace = faulty.store.replace

    def replace_on_a_disk_that_works(file, contents):
        faulty.fault = None
        return replace(file, contents)

    faulty.store.replace = replace_on_a_disk_that_works
    with pytest.raises(JournalFailed, match="not applied"):
        await faulty.database.apply(create(2))
    await wait_until(is_ok(faulty))
    await faulty.database.apply(create(3))
    assert faulty.fresh == 1
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"lock", "tables.1.db", "tables.1.log"}
    await faulty.engine.close()
    store = Store(tmp_path / "data", "always")
    store.lock()
    file, contents = store.read()
    assert list(contents["t"].bodies) == ["1", "3"]
    file.close()
    store.release()


async def test_while_no_fresh_file_can_be_written_all_writes_are_refused_and_reads_go_on(faulty):
    faulty.fault = faulty.fresh_fault = BROKEN
    # What the event loop could not append whole is certainly not there; what was appended and not synced may be.
    with pytest.raises(OutcomeUnknown if faulty.fsync == "always" else JournalFailed):
        await faulty.database.apply(create(2))
    for _ in range(3):
        with pytest.raises(JournalFailed):
            await faulty.database.apply(create(4))
        assert faulty.engine.tables.get("t", "1") == b'{"id":1}'
        await asyncio.sleep(0.05)
    faulty.fault = faulty.fresh_fault = None
    await wait_until(is_ok(faulty))
    await faulty.database.apply(create(4))
    assert faulty.engine.tables.get("t", "2") is None


async def test_a_fault_of_the_journals_own_refuses_and_is_mended(faulty):
    faulty.fault = ValueError("nobody thought of this")
    with pytest.raises((JournalFailed, OutcomeUnknown)):
        await asyncio.wait_for(faulty.database.apply(create(2)), 10)
    faulty.fault = None
    await wait_until(is_ok(faulty))
    await faulty.database.apply(create(3))
    assert faulty.engine.tables.get("t", "2") is None


@queued
async def test_a_client_that_leaves_does_not_stop_its_write(faulty):
    faulty.gate = threading.Event()
    writing = asyncio.create_task(write(faulty.engine, [Change("t", "9", None, b'{"id":9}')]))
    await asyncio.sleep(0.05)
    writing.cancel()
    faulty.gate.set()
    await faulty.engine.flushed()
    assert faulty.engine.tables.get("t", "9") == b'{"id":9}'


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_507_while_reads_go_on_and_writes_return_with_the_room(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        ballast = tmp_path / "ballast"
        ballast.write_bytes(bytes(1024 * 1024))
        server = Server("serve", "--data-dir", str(tmp_path / "data"))
        with server.client() as client:
            written = 0
            while (answer := client.post("/api/v1/data/t", json={"id": written, "x": "x" * 20_000})).status_code == 201:
                written += 1
            assert answer.status_code == 507, answer.text
            assert "not applied" in answer.json()["detail"]
            assert client.get(f"/api/v1/data/t/{written}").status_code == 404
            assert client.get("/api/v1/data/t/0").status_code == 200
            assert client.get("/health").json()["status"] == "failed"
            assert "ramekin_journal_failed 1.0" in client.get("/metrics").text
            ballast.unlink()
            end = time.monotonic() + 30
            while client.post("/api/v1/data/t", json={"id": "again"}).status_code != 201:
                assert time.monotonic() < end
                time.sleep(0.1)
            assert client.get("/health/ready").status_code == 200
            assert "ramekin_journal_failed 0.0" in client.get("/metrics").text
        server.process.terminate()
        _, log = server.process.communicate(timeout=30)
        assert server.process.returncode == 0
        assert log.count("the disk does not take writes") == log.count("the disk takes writes again") == 1
        server = Server("serve", "--data-dir", str(tmp_path / "data"))
        with server.client() as client:
            assert client.get("/api/v1/tables/t").json()["records"] == written + 1
        server.stop()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
