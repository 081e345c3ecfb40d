"""Backups in every engine of this process: one at a time, and nothing left of one that nobody waits for."""

import asyncio
import tempfile
import threading

import pytest

from ramekin.durability.store import Store
from ramekin.engine import backups
from ramekin.engine.embedded import Embedded
from ramekin.engine.journaled import Journaled
from ramekin.errors import Unavailable
from ramekin.testing.engines.steps import load

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "journal"])
async def engine(request, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    if request.param == "memory":
        made = Embedded()
    else:
        store = Store(tmp_path / "data", "no")
        store.lock()
        made = Journaled(store)
    await made.open()
    await load(made, {"t": {str(i): b'{"id":%d}' % i for i in range(5000)}}, replace=False)
    yield made
    await made.close()


def left(tmp_path):
    """Return what there is besides a journal's own files."""
    return {
        each.name
        for each in tmp_path.rglob("*")
        if each.name not in ("tmp", "data", "lock") and "tables." not in each.name
    }


async def test_a_backup_is_a_file_that_whoever_asked_removes(engine, tmp_path):
    path = await engine.backup()
    assert path.stat().st_size > 5000
    backups.remove(path)
    assert left(tmp_path) == set()


async def test_a_second_backup_is_refused_while_one_is_written_and_taken_afterwards(engine):
    first = asyncio.create_task(engine.backup())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Another backup"):
        await engine.backup()
    backups.remove(await first)
    backups.remove(await engine.backup())


@pytest.mark.parametrize("turns", [*range(6), 20, 100, 400])
async def test_a_backup_that_is_cancelled_leaves_nothing_and_lets_others_begin(engine, tmp_path, turns):
    asking = asyncio.create_task(engine.backup())
    for _ in range(turns):
        await asyncio.sleep(0.0002 if turns > 10 else 0)
    if asking.cancel():
        with pytest.raises(asyncio.CancelledError):
            await asking
    else:
        backups.remove(asking.result())
    assert left(tmp_path) == set()
    backups.remove(await engine.backup())


async def test_one_that_is_cancelled_twice_is_given_up_once(engine, tmp_path):
    asking = asyncio.create_task(engine.backup())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert left(tmp_path) == set()


async def test_a_close_gives_up_the_backup_that_is_written(engine, tmp_path):
    asking = asyncio.create_task(engine.backup())
    await asyncio.sleep(0)
    await engine.close()
    assert threading.active_count() < 20
    with pytest.raises(Unavailable, match="closed"):
        await asking
    assert left(tmp_path) == set()


async def test_where_there_is_no_place_for_a_backup_it_is_not_available(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="cannot be written"):
        await Embedded().backup()
