"""A world that a test sets: the time, and what is made by chance, are what `Database` and whoever serves it are given."""

import asyncio
import errno
import json
import os
from datetime import UTC, datetime
from random import Random

import pytest
from pydantic import BaseModel, Field

from ramekin import Database, IdSource, errors, now, uuid7
from ramekin.api.app import create_app
from ramekin.durability import syncs
from ramekin.durability.disk import Disk
from ramekin.engine.embedded import Embedded
from ramekin.testing import SetClock
from tests.inside import InsideClient

pytestmark = pytest.mark.anyio


class Note(BaseModel):
    id: str = Field(default_factory=lambda: str(uuid7()))
    written_at: datetime = Field(default_factory=now)


def a_database(clock):
    return Database({"notes": Note}, clock=clock, ids=IdSource(clock, Random(7).getrandbits))


async def test_what_is_made_by_chance_repeats_from_run_to_run():
    async def made():
        async with a_database(SetClock()) as db:
            return [(await db.insert(table, {}))[0].body for table in ("plain", "notes", "plain")]

    assert await made() == await made()


async def test_ids_and_the_defaults_of_models_follow_the_clock():
    clock = SetClock(datetime(2027, 1, 1, tzinfo=UTC))
    async with a_database(clock) as db:
        [before] = await db.insert("notes", {})
        clock.advance(3600)
        [after] = await db.insert("notes", {})
    assert after.record["written_at"] == "2027-01-01T01:00:00Z"
    times = [int(each.record["id"].replace("-", "")[:12], 16) for each in (before, after)]
    assert times[1] - times[0] == 3_600_000


async def test_without_a_clock_the_defaults_of_models_follow_the_machine():
    async with a_database(SetClock()), Database({"notes": Note}) as db:
        [made] = await db.insert("notes", {})
    told = datetime.fromisoformat(made.record["written_at"])
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


async def test_a_directory_has_the_clock_too(tmp_path):
    clock = SetClock()
    async with Database(directory=tmp_path / "data", clock=clock) as db:
        assert db.clock is db.engine.clock is clock


class Full(Disk):
    is_full = False

    def write(self, handle, text):
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(handle, text)


async def test_a_disk_that_is_handed_in_refuses_when_a_test_says_so(tmp_path):
    disk = Full()
    async with Database(directory=tmp_path / "data", fsync="no", disk=disk) as db:
        await db.insert("t", {"id": 1})
        disk.is_full = True
        with pytest.raises(errors.StorageFull):
            await db.insert("t", {"id": 2})
        assert await db.get("t", 1) == b'{"id":1}'
        disk.is_full = False


async def test_a_clock_that_stands_still_keeps_nothing_from_the_disk(tmp_path, monkeypatch):
    class Noted(Disk):
        syncs = 0

        def sync_data(self, handle):
            self.syncs += 1
            os.fsync(handle)

    monkeypatch.setattr(syncs, "SYNC_S", 0.02)
    disk = Noted()
    async with Database(directory=tmp_path / "data", clock=SetClock(), disk=disk) as db:
        before = disk.syncs
        await db.insert("t", {"id": 1})
        for _ in range(500):
            if disk.syncs > before:
                break
            await asyncio.sleep(0.01)
        assert disk.syncs > before


def test_an_engine_has_a_clock_of_its_own():
    clock = SetClock()
    db = Database(engine=Embedded(clock=clock))
    assert db.clock is db.ids.clock is clock
    with pytest.raises(ValueError, match="Give an engine"):
        Database(engine=Embedded(), clock=clock)


def test_who_serves_a_database_follows_its_clock_and_chance():
    clock = SetClock()

    def served():
        return InsideClient(create_app(a_database(clock), rate_limit="1/minute"))

    one, other = served(), served()
    answers = [client.get("/api/v1/tables") for client in (one, other)]
    assert answers[0].headers == answers[1].headers, "the ids of requests are alike"
    assert one.get("/api/v1/tables").status_code == 429
    clock.advance(120)
    assert one.get("/api/v1/tables").status_code == 200
    assert json.loads(one.get("/health").content)["uptime_seconds"] == 120
