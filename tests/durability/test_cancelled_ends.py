"""A database that is being opened or closed, and whoever waits for it leaves: its directory is let go of, whole."""

import asyncio

import pytest

from ramekin import Database
from ramekin.database.operations import Operation
from ramekin.durability.failures import Unusable
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled

pytestmark = pytest.mark.anyio

TURNS = [0, 1, 2, 3, 5, 8, 20]


def database(path, fsync="always"):
    store = Store(path, fsync)
    store.lock()
    return Database(engine=Journaled(store))


async def put(opened, key):
    await opened.apply(Operation("create", "t", record={"id": key}))


async def held(path):
    """Return the keys that the next process finds, which gets the directory at once."""
    async with database(path) as opened, opened.snapshot() as snapshot:
        return [body async for bodies in snapshot.view.batches("t") for body in bodies]


async def cancel_after(turns, work, *, twice=False):
    """Cancel some work after a number of turns of the loop, and wait for its end."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    for _ in range(2 if twice else 1):
        task.cancel()
        await asyncio.sleep(0)
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    return outcome


@pytest.fixture
async def path(tmp_path):
    async with database(tmp_path / "data") as opened:
        for i in range(3):
            await put(opened, f"k{i}")
    return tmp_path / "data"


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("turns", TURNS)
async def test_an_opening_that_is_cancelled_lets_go_of_the_directory(path, turns, twice):
    opened = database(path)
    outcome = await cancel_after(turns, opened.__aenter__(), twice=twice)
    if outcome is opened:  # it was quicker
        await opened.__aexit__()
    elif turns == 0:
        opened.engine._store.release()  # it never began
    assert len(await held(path)) == 3


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("turns", TURNS[1:])
async def test_a_closing_that_is_cancelled_is_done_all_the_same(path, turns, twice, fsync):
    opened = database(path, fsync)
    await opened.__aenter__()
    await put(opened, "last")
    with pytest.raises(Unusable, match="another process"):
        database(path)
    await cancel_after(turns, opened.__aexit__(), twice=twice)
    assert len(await held(path)) == 4
