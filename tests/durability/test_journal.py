"""What the journal does beside taking steps: it syncs, makes the directory small, and gives way to a slow disk."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from ramekin import Database
from ramekin.changes import Change, Written
from ramekin.durability import compaction, journal, step_queue, syncs
from ramekin.durability.disk import Disk
from ramekin.durability.failures import DiskFault
from ramekin.durability.log import Header, LogFile, create
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled
from ramekin.errors import JournalFailed, Unavailable
from ramekin.testing.engines.steps import change, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=["always", "everysec", "no"])
async def engine(request, tmp_path):
    engine = await opened(tmp_path / "data", request.param)
    yield engine
    await engine.close()


everysec = pytest.mark.parametrize("engine", ["everysec"], indirect=True)


async def opened(path, fsync):
    store = Store(path, fsync)
    store.lock()
    engine = Journaled(store)
    await engine.open()
    return engine


async def put(engine, key, size=10):
    body = b'{"id":"%b","x":"%b"}' % (key.encode(), b"x" * size)
    await change(engine, "t", key, lambda _: body)


async def test_an_event_loop_that_never_rests_gives_way_while_a_step_waits_for_the_thread(tmp_path, monkeypatch):
    given, let_go = [], threading.Event()
    monkeypatch.setattr(step_queue, "sleep", lambda seconds: (given.append(seconds), let_go.set()))

    class Held(Disk):
        def write(self, handle, data):
            assert let_go.wait(30)
            return super().write(handle, data)

    let_go.set()
    async with Database(directory=tmp_path / "data", fsync="always", disk=Held()) as database:
        let_go.clear()
        writing = asyncio.ensure_future(database.insert("pets", {"id": 1}))
        while not writing.done():
            await asyncio.sleep(0)
        assert given == [step_queue.AWAY_FOR_S] * len(given) != []
        for _ in range(3):  # it gives way no more where nothing waits
            before = len(given)
            await asyncio.sleep(3 * step_queue.AWAY_S)
        assert len(given) == before


async def wait_until(claim, seconds=30):
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


def names(tmp_path):
    return {path.name for path in (tmp_path / "data").iterdir()}


async def after_a_kill(tmp_path):
    """Return the keys that a start finds in a copy of the directory as it is, taken at once as far as names go."""
    while True:
        before = names(tmp_path)
        with suppress(shutil.Error):  # a file was removed meanwhile
            shutil.copytree(tmp_path / "data", tmp_path / "copy")
        if before == names(tmp_path) == {path.name for path in (tmp_path / "copy").iterdir()}:
            break
        shutil.rmtree(tmp_path / "copy")
    engine = await opened(tmp_path / "copy", "no")
    found = set(engine.tables.contents()["t"].bodies)
    await engine.close()
    shutil.rmtree(tmp_path / "copy")
    return found


async def test_a_log_that_has_grown_is_followed_by_a_snapshot_while_writes_go_on(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "LOG_BYTES", 5000)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    number = 0

    async def write_until(claim):
        nonlocal number
        while not claim():
            await put(engine, str(number), 500)
            number += 1
            await asyncio.sleep(0.001)

    await asyncio.wait_for(write_until(lambda: "tables.2.db" in names(tmp_path)), 20)
    await wait_until(lambda: "tables.1.log" not in names(tmp_path))
    assert await after_a_kill(tmp_path) == {str(i) for i in range(number)}


async def test_a_snapshot_that_cannot_be_written_costs_nothing_but_room(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "LOG_BYTES", 5000)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)

    def no_room(*_):
        raise DiskFault("no room", is_full=True)

    monkeypatch.setattr(engine._store, "write_snapshot", no_room)
    number = 0
    while "tables.3.log" not in names(tmp_path):
        await put(engine, str(number), 500)
        number += 1
        await asyncio.sleep(0.001)
    assert not list((tmp_path / "data").glob("*.db"))
    assert await after_a_kill(tmp_path) == {str(i) for i in range(number)}
    monkeypatch.undo()


@pytest.mark.parametrize("ends", [True, False], ids=["at the end", "where the disk fails"])
async def test_one_sync_at_a_time_is_under_way(tmp_path, monkeypatch, ends):
    inside, most = {}, []
    sync = LogFile.sync

    def slow_sync(log):
        thread = threading.get_ident()
        inside[thread] = inside.get(thread, 0) + 1
        most.append(sum(count > 0 for count in inside.values()))
        try:
            time.sleep(0.05)
            sync(log)
        finally:
            inside[thread] -= 1

    replace = Store.replace

    def checked_replace(store, *arguments):
        most.append(1 + sum(count > 0 for count in inside.values()))
        return replace(store, *arguments)

    def fails(*_):
        raise DiskFault("a fault that was put in", is_lasting=True)

    monkeypatch.setattr(syncs, "SYNC_S", 0.01)
    monkeypatch.setattr(LogFile, "sync", slow_sync)
    monkeypatch.setattr(Store, "replace", checked_replace)
    engine = await opened(tmp_path / "data", "everysec")
    for i in range(3):
        await put(engine, str(i))
        await wait_until(lambda: any(inside.values()))
    if not ends:
        with monkeypatch.context() as disk, suppress(JournalFailed, Unavailable):
            disk.setattr(LogFile, "commit", fails)
            await put(engine, "refused")
    await engine.close()
    assert max(most) == 1
    assert await after_a_kill(tmp_path) >= {"0", "1", "2"}


async def test_where_no_log_can_be_begun_writes_go_on_in_the_old_one(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "LOG_BYTES", 5000)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    tries = []

    def no_room():
        tries.append(1)
        raise DiskFault("no room", is_full=True)

    monkeypatch.setattr(engine._store, "begin_log", no_room)
    number = 0
    while len(tries) < 3:
        await put(engine, str(number), 500)
        number += 1
        await asyncio.sleep(0.002)
    assert number > 25, "it is tried again when the log has grown, not all the time"
    assert names(tmp_path) == {"lock", "tables.log"}
    assert await after_a_kill(tmp_path) == {str(i) for i in range(number)}
    monkeypatch.undo()


async def test_a_stop_leaves_one_snapshot_of_small_tables_and_an_empty_log(engine, tmp_path):
    await put(engine, "a")
    await engine.close()
    assert len(names(tmp_path)) == 3
    store = Store(tmp_path / "data", "no")
    store.lock()
    file, contents = store.read()
    assert not file.has_steps
    assert set(contents["t"].bodies) == {"a"}
    file.close()
    store.release()


@pytest.mark.parametrize(("more", "files"), [(0, 3), (1, 2)])
async def test_a_stop_writes_no_snapshot_of_tables_that_are_large(engine, tmp_path, monkeypatch, more, files):
    await put(engine, "a", 500)
    [body] = engine.tables.contents()["t"].bodies.values()
    monkeypatch.setattr(compaction, "SMALL_BYTES", 4 * len(body) - more)
    for key in "bcd":
        await put(engine, key, 500)
    await engine.close()
    assert len(names(tmp_path)) == files
    assert await after_a_kill(tmp_path) == set("abcd")


async def test_a_stop_gives_up_the_snapshot_that_is_being_written(engine, tmp_path, monkeypatch):
    pauses, is_stopping = [], engine._journal._compaction._is_stopping

    def rest_until_it_stops():
        pauses.append(1)
        while not is_stopping():
            time.sleep(0.001)

    monkeypatch.setattr(compaction, "rest", rest_until_it_stops)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    for i in range(5000):  # 78 pauses
        await put(engine, str(i), 10)
    await put(engine, "last", 10)  # nothing follows the snapshot, or the stop would leave another one
    monkeypatch.setattr(compaction, "LOG_BYTES", 5000)
    await wait_until(lambda: pauses)
    await engine.close()
    assert len(pauses) == 1
    assert not [name for name in names(tmp_path) if name.endswith((".db", ".unfinished"))]
    assert await after_a_kill(tmp_path) == {*map(str, range(5000)), "last"}


@pytest.mark.parametrize("answers", [(False,), (True, False)], ids=["at first", "any more"])
async def test_a_stop_gives_up_a_snapshot_for_which_it_has_no_time(engine, tmp_path, answers):
    left = [*answers]
    engine._store.has_time = lambda: left.pop(0)
    await put(engine, "a")
    await engine.close()
    assert left == []
    assert not [name for name in names(tmp_path) if name.endswith((".db", ".unfinished"))]
    assert await after_a_kill(tmp_path) == {"a"}


async def test_a_snapshot_that_was_given_up_before_the_last_commit_is_no_fault(engine, caplog):
    given_up = Future()
    given_up.set_exception(compaction._GivenUp())
    await put(engine, "a")
    engine._journal._compaction._writing = given_up
    await put(engine, "b")
    await engine.close()
    assert "fault" not in caplog.text
    assert "does not take writes" not in caplog.text


async def test_a_write_that_comes_while_it_stops_is_refused_and_those_before_it_are_kept(engine, tmp_path):
    writes = [asyncio.create_task(put(engine, str(i))) for i in range(5)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(engine.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await put(engine, "late")
    await asyncio.gather(*writes, stopping)
    assert await after_a_kill(tmp_path) == {str(i) for i in range(5)}


async def test_a_start_and_a_stop_without_a_write_leave_the_files_as_they_were(engine, tmp_path):
    await put(engine, "a")
    await engine.close()
    before = {path.name: path.stat().st_ino for path in (tmp_path / "data").iterdir()}
    await (await opened(tmp_path / "data", "everysec")).close()
    assert {path.name: path.stat().st_ino for path in (tmp_path / "data").iterdir()} == before


@everysec
async def test_what_was_committed_is_synced_soon_and_the_log_says_so(engine, tmp_path):
    await put(engine, "a")
    size_bytes = engine._journal._file.extent.size_bytes
    await wait_until(lambda: engine._journal._file._synced_bytes >= size_bytes)
    await put(engine, "b")
    assert b".synced\t" in (tmp_path / "data" / "tables.log").read_bytes()


@pytest.mark.parametrize("engine", ["everysec", "always"], indirect=True)
async def test_after_an_idle_second_the_log_ends_with_the_note_that_all_of_it_is_synced(engine, tmp_path):
    log = tmp_path / "data" / "tables.log"
    for key in ("a", "b"):
        await put(engine, key)
        size_bytes = engine._journal._file.extent.size_bytes
        await wait_until(lambda: b".synced\t0\t%d\n" % size_bytes in log.read_bytes())  # noqa: B023
    await asyncio.sleep(1.5)
    assert log.read_bytes().count(b".synced\t") == 2, "what only says so is not noted again"


class SlowSync:
    """A sync of a log that lasts until `go` is set."""

    def __init__(self, file):
        self.began, self.go, self.sync = threading.Event(), threading.Event(), file.sync
        file.sync = self

    def __call__(self):
        self.began.set()
        assert self.go.wait(10)
        self.sync()


@everysec
async def test_while_a_sync_is_slow_a_thread_commits_and_reads_go_on(engine, monkeypatch):
    monkeypatch.setattr(syncs, "LATE_S", 1000)
    slow = SlowSync(engine._journal._file)
    await put(engine, "a")
    await wait_until(slow.began.is_set)
    await wait_until(lambda: not engine._journal.takes_at_once)
    writes = [asyncio.create_task(put(engine, str(i))) for i in range(20)]
    assert engine.tables.get("t", "a") is not None
    await asyncio.gather(*writes)
    slow.go.set()
    await wait_until(lambda: engine._journal.takes_at_once)
    await put(engine, "b")


@everysec
async def test_writes_wait_for_a_sync_that_is_late_and_then_go_on_at_once(engine, monkeypatch):
    monkeypatch.setattr(syncs, "LATE_S", 0.7)
    slow = SlowSync(engine._journal._file)
    await put(engine, "a")
    await wait_until(slow.began.is_set)
    await wait_until(lambda: not engine._journal.takes_at_once)
    await wait_until(lambda: engine._journal._syncs._running is None)  # the thread waits for it
    writes = [asyncio.create_task(put(engine, str(i))) for i in range(20)]
    await asyncio.sleep(0.1)
    assert not any(write.done() for write in writes)
    assert engine.tables.get("t", "0") is None
    assert engine.tables.get("t", "a") is not None
    slow.go.set()
    await asyncio.gather(*writes)
    await wait_until(lambda: engine._journal.takes_at_once)


@everysec
async def test_after_a_failed_sync_what_was_told_is_kept_and_nothing_more_is_told_before_it_stands_anew(
    engine, tmp_path, monkeypatch
):
    monkeypatch.setattr(journal, "RETRY_S", 0.02)
    broken = DiskFault("sync", is_lasting=True)

    def fail(*_):
        raise broken

    file, replace = engine._journal._file, engine._store.replace
    monkeypatch.setattr(engine._store, "replace", fail)
    file.sync = fail
    await put(engine, "a")
    await wait_until(lambda: engine._journal.queue.fault is not None)
    with pytest.raises(JournalFailed):
        await put(engine, "b")
    assert engine.tables.get("t", "a") is not None
    engine._store.replace = replace
    await wait_until(lambda: engine._journal.queue.fault is None)
    await put(engine, "c")
    assert await after_a_kill(tmp_path) == {"a", "c"}


@everysec
async def test_after_a_failed_sync_no_write_is_told_of_while_fresh_files_are_written(engine, tmp_path, monkeypatch):
    replace, is_writing, go_on = engine._store.replace, threading.Event(), threading.Event()

    def fail():
        raise DiskFault("sync", is_lasting=True)

    def replace_slowly(*arguments):
        is_writing.set()
        go_on.wait(10)
        return replace(*arguments)

    monkeypatch.setattr(engine._store, "replace", replace_slowly)
    engine._journal._file.sync = fail
    await put(engine, "a")
    await wait_until(is_writing.is_set)
    try:
        with pytest.raises(JournalFailed):
            await put(engine, "b")
    finally:
        go_on.set()
    await wait_until(lambda: engine._journal.queue.fault is None)
    await put(engine, "c")
    assert await after_a_kill(tmp_path) == {"a", "c"}


async def test_changes_of_one_write_are_there_together_or_not_at_all(engine, tmp_path):
    changes = [Change("t", str(i), None, b'{"id":"%d"}' % i) for i in range(5)]
    assert await write(engine, changes)
    [log] = (tmp_path / "data").glob("*.log")
    text = log.read_bytes()
    ends = [at for at in range(len(text)) if text[at : at + 1] == b"\n"]
    shutil.copytree(tmp_path / "data", tmp_path / "base")
    for end in ends[-5:-1]:
        (tmp_path / "base" / log.name).write_bytes(text[: end + 1])
        store = Store(tmp_path / "base", "no")
        store.lock()
        file, contents = store.read()
        assert contents == {}
        file.close()
        store.release()


def test_the_log_in_the_manual_is_what_is_written(tmp_path):
    manual = (Path(__file__).parent.parent.parent / "docs" / "durability.md").read_text()
    header = Header(3, "9f0c5a7c0b4b63a1")
    file = LogFile(tmp_path / "log", header, create(tmp_path / "log", header))
    file.commit([Written([Change("users", "7", None, b'{"id":7,"name":"Ada"}')])])
    file.sync()
    file.commit([Written([Change("users", "8", b"", None), Change("users", "9", None, b'{"id":9}')])])
    file.close()
    assert (tmp_path / "log").read_text() in manual
