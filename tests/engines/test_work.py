"""Long work rests in one line: each in its turn, one in a turn of the event loop."""

import asyncio

import pytest

from ramekin.engine import work as works
from ramekin.engine.embedded import Embedded
from ramekin.engine.work import Work

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    monkeypatch.setattr(works, "TURN_S", 0.0)


async def labour(log, name, times):
    work = Work()
    await work.begin()
    for _ in range(times):
        log.append(name)
        await work.rest()


async def test_whoever_is_in_front_stays_there_for_a_while():
    log = []
    await asyncio.gather(labour(log, "a", 5), labour(log, "b", 1), labour(log, "c", 3))
    assert log == ["a", "b", "a", "c", "a", "a", "a", "c", "c"]


async def test_after_that_while_others_are_in_front(monkeypatch):
    monkeypatch.setattr(works, "FRONT_S", 0.0)
    log = []
    await asyncio.gather(labour(log, "a", 5), labour(log, "b", 1), labour(log, "c", 3))
    assert log == ["a", "b", "a", "c", "a", "c", "a", "c", "a"]


def steps(log, name, times):
    for _ in range(times):
        log.append(name)
        yield


async def look(log, name):
    async with Embedded().tables.view([]):
        log.append(name)


WAYS_TO_BEGIN = {"steps": lambda log, name: Work().through(steps(log, name, 1)), "a view": look}


@pytest.mark.parametrize("way", WAYS_TO_BEGIN)
async def test_whatever_a_work_begins_with_it_waits_for_its_turn(way):
    log = []
    tasks = [asyncio.create_task(WAYS_TO_BEGIN[way](log, number)) for number in range(20)]
    assert await most_in_a_turn(log, tasks) == 1
    assert log == [*range(20)]


async def most_in_a_turn(log, tasks):
    """Return how many entries a log gets at the most in one turn of the loop, while some tasks are under way."""
    most = 0
    while not all(task.done() for task in tasks):
        before = len(log)
        await asyncio.sleep(0)
        most = max(most, len(log) - before)
    return most


async def begin(log, name, times=1):
    work = Work()
    await work.begin()
    log.append(name)
    for _ in range(times - 1):
        await work.rest()
        log.append(name)


async def test_of_many_that_come_at_once_one_begins_in_a_turn():
    log = []
    tasks = [asyncio.create_task(begin(log, "short")) for _ in range(50)]
    assert await most_in_a_turn(log, tasks) == 1
    assert len(log) == 50


async def test_of_many_that_are_short_several_begin_in_a_turn(monkeypatch):
    monkeypatch.setattr(works, "TURN_S", 60.0)
    log = []
    tasks = [asyncio.create_task(begin(log, "short")) for _ in range(50)]
    assert await most_in_a_turn(log, tasks) == 50


async def test_whoever_comes_gets_every_second_turn():
    log = []
    tasks = [asyncio.create_task(begin(log, "long", 20))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(begin(log, "short")) for _ in range(5)]
    assert await most_in_a_turn(log, tasks) == 1
    assert log[:12].count("short") == 5
    assert log[:12].count("long") == 7


async def test_of_many_that_waited_for_the_same_one_goes_on_in_a_turn():
    log, task = [], asyncio.create_task(asyncio.sleep(0.001))

    async def wait():
        await Work(60.0).wait_for(task)
        log.append("done")

    tasks = [asyncio.create_task(wait()) for _ in range(50)]
    await task
    assert await most_in_a_turn(log, tasks) == 1
    assert len(log) == 50


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
    assert log == ["a", "c", "c"]


def test_each_loop_has_a_line_of_its_own():
    for _ in range(2):
        log = []
        asyncio.run(asyncio.wait_for(labour(log, "a", 3), 30))
        assert log == ["a"] * 3
