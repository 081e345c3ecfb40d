"""Due times outlive the process: in logs, snapshots and backups; and directories of the version before are read."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from zlib import crc32

import pytest

from ramekin import Database
from ramekin.durability.failures import DiskFault, Unusable
from ramekin.durability.format import SCHEMAS
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled
from ramekin.errors import RecordNotFound
from ramekin.testing.clock import SetClock
from tests.durability.faulty import Faulty

pytestmark = pytest.mark.anyio

OLD_LOG = ['.log\t{"format":2,"number":0,"id":"ab","is_first":%s}\n', '.put\tt\t"1"\t{"id":1}\n']


@pytest.fixture
def anyio_backend():
    return "asyncio"


def old_log(folder, lines=OLD_LOG, *, is_first=True):
    text, crc = "", 0
    for line in lines:
        line = line.replace("%s", json.dumps(is_first))
        crc = crc32(line.encode(), crc)
        text += f"{crc:08x}{line}"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "tables.log").write_text(text)


def old_snapshot(folder):
    folder.mkdir(mode=0o700)
    connection = sqlite3.connect(folder / "tables.db", isolation_level=None)
    for statement in ("PRAGMA page_size = 4096", "PRAGMA application_id = 1382116715", "PRAGMA user_version = 2"):
        connection.execute(statement)
    for statement in SCHEMAS[2].values():
        connection.execute(statement)
    definition = '{"schema":null,"unique":[],"indexes":[],"require_if_match":false,"model":null}'
    checksum = crc32(b'{"id":0}', crc32(b"0", crc32(b"t")))
    connection.execute("INSERT INTO snapshot VALUES ('ab', 1, ?)", [crc32(b"ab 1")])
    connection.execute(
        "INSERT INTO tables VALUES (1, 't', ?, ?, 1, ?)", [definition, crc32(f"t{definition}".encode()), checksum]
    )
    connection.execute("INSERT INTO records VALUES (1, 1, '0', '{\"id\":0}', ?)", [checksum])
    connection.close()


async def ids(database, table="t"):
    return [record["id"] async for _, record in database.dump(table) if record]


async def test_a_directory_of_the_version_before_is_read_and_gone_on_with(tmp_path):
    folder = tmp_path / "data"
    old_snapshot(folder)
    old_log(folder, is_first=False)
    for found in ([0, 1], [0, 1, 2], [0, 1, 2]):
        async with Database(directory=folder, clock=SetClock()) as database:
            assert await ids(database) == found
            await database.replace("t", 2, {"id": 2}, upsert=True, ttl=60)
            assert (await database.due("t", 2)).isoformat() == "2026-01-01T00:01:00+00:00"


async def test_what_is_written_now_is_in_files_that_the_version_before_refuses(tmp_path):
    folder = tmp_path / "data"
    old_log(folder)
    store = Store(folder, "always")
    store.lock()
    file, _ = store.read()
    assert b'"format":3' in file.path.read_bytes()
    assert (folder / "tables.log").read_bytes().rpartition(b".next\t")[2] == b'1\t"%b"\n' % file.header.id.encode()
    file.close()
    store.release()


async def test_a_directory_of_a_later_version_is_refused(tmp_path):
    old_log(tmp_path / "data", [OLD_LOG[0].replace('"format":2', '"format":4')])
    with pytest.raises(Unusable, match="has format 4, and this version of Ramekin reads 3"):
        async with Database(directory=tmp_path / "data"):
            pass


KILLED = """
import asyncio, os, signal, sys
from ramekin import Database
from ramekin.testing.clock import SetClock
async def main():
    database = Database(directory=sys.argv[1], fsync=sys.argv[2], clock=SetClock())
    await database.__aenter__()
    await database.define("t", {"expire_after_s": 30})
    await database.insert("t", [{"id": i} for i in range(2000)], ttl=10)
    await database.insert("t", [{"id": i} for i in range(2000, 2010)])
    await database.replace("t", 5, {}, ttl="none")
    await database.patch("t", 2000, {"a": 1}, ttl=50)
    await database.load([("t", {"id": "l"}), ("u", {"id": "l"})], ttl=20)
    database.clock.advance(10)
    await database.insert("t", [{"id": "n"}])
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.mark.parametrize("fsync", ["always", "everysec"])
async def test_a_killed_process_leaves_the_due_times_of_all_that_it_was_told(tmp_path, fsync):
    folder = tmp_path / "data"
    done = subprocess.run([sys.executable, "-c", KILLED, folder, fsync], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    clock = SetClock()
    clock.advance(10)
    expected = {10: {5, *range(2000, 2010), "l", "n"}, 20: {5, *range(2000, 2010), "n"}, 30: {5, 2000, "n"}}
    for second in (10, 20, 30):
        async with Database(directory=folder, clock=clock) as database:
            assert set(await ids(database)) == expected[second]
            assert await ids(database, "u") == (["l"] if second < 20 else [])
            assert (await database.due("t", 2000)).second == 50
        clock.advance(10)


async def test_a_backup_keeps_due_times_and_a_dump_is_records_alone(tmp_path):
    clock = SetClock()
    async with Database(clock=clock) as database:
        await database.insert("t", [{"id": 1}, {"id": 2}], ttl=10)
        await database.insert("t", {"id": 3})
        backup = await database.backup()
        dumped = [pair async for pair in database.dump()]
    (tmp_path / "data").mkdir(mode=0o700)
    backup.rename(tmp_path / "data" / "tables.db")
    clock.advance(9)
    async with Database(directory=tmp_path / "data", clock=clock) as database:
        assert await ids(database) == [1, 2, 3]
        clock.advance(1)
        assert await ids(database) == [3]
        await database.load(dumped)
        clock.advance(1000)
        assert await ids(database) == [1, 2, 3] or sorted(await ids(database)) == [1, 2, 3]


@pytest.mark.parametrize("fsync", ["always", "everysec"])
async def test_what_is_due_is_gone_also_while_the_disk_refuses_writes(tmp_path, fsync):
    faulty, clock = Faulty(tmp_path, fsync), SetClock()
    faulty.engine.tables.expirations._clock = clock
    async with Database(engine=faulty.engine) as database:
        database.engine.clock = clock
        await database.insert("t", [{"id": i} for i in range(100)], ttl=10)
        faulty.fault = DiskFault("no room", is_full=True)
        clock.advance(10)
        with pytest.raises(RecordNotFound):
            await database.get("t", 1)
        assert await ids(database) == []
        faulty.fault = None


async def test_a_start_in_the_past_shows_what_was_taken_out_no_more(tmp_path):
    store = Store(tmp_path / "data", "everysec")
    store.lock()
    clock = SetClock()
    async with Database(engine=Journaled(store, clock=clock)) as database:
        await database.insert("t", [{"id": 1}], ttl=10)
        clock.advance(10)
        assert await ids(database) == []
    async with Database(directory=tmp_path / "data", clock=SetClock()) as database:
        assert await ids(database) == []
