"""Long work rests in one line: each in its turn, one in a turn of the event loop."""

import asyncio

import pytest

from ramekin.engine import work as works
from ramekin.engine.work import Work

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    monkeypatch.setattr(works, "TURN_S", 0.0)


async def labour(log, name, times):
    work = Work()
    for _ in range(times):
        log.append(name)
        await work.rest()


async def test_each_goes_on_in_its_turn():
    log = []
    await asyncio.gather(labour(log, "a", 3), labour(log, "b", 1), labour(log, "c", 2))
    assert log == ["a", "b", "c", "a", "c", "a"]


async def test_short_work_waits_for_one_of_many():
    log = []
    many = [asyncio.create_task(labour(log, "long", 5)) for _ in range(50)]
    await asyncio.sleep(0)
    for _ in range(20):
        before = len(log)
        await asyncio.sleep(0)
        assert len(log) - before <= 1
    await asyncio.gather(*many)
    assert len(log) == 250


async def test_whoever_leaves_the_line_holds_nobody_up():
    log = []
    tasks = [asyncio.create_task(labour(log, name, 2)) for name in "abc"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert log == ["a", "b", "c", "c"]


def test_each_loop_has_a_line_of_its_own():
    for _ in range(2):
        log = []
        asyncio.run(asyncio.wait_for(labour(log, "a", 3), 5))
        assert log == ["a"] * 3
