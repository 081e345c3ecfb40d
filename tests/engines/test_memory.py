"""What an engine with a limit of memory does: it refuses what grows, changes nothing, and lets go of indexes first."""

from __future__ import annotations

import asyncio

import pytest

from ramekin.changes import Change
from ramekin.durability.store import Store
from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.engine.journaled import Journaled
from ramekin.errors import MemoryLimit, NotUnique
from ramekin.query.plan import Equal
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field
from ramekin.testing.engines.steps import change, define, drop, write
from ramekin.values import codec

pytestmark = pytest.mark.anyio

LIMIT = 200_000


def durable(folder, limit=LIMIT):
    store = Store(folder / "data", "no")
    store.lock()
    return Journaled(store, memory_limit_bytes=limit)


@pytest.fixture(params=["embedded", "durable"])
async def engine(request, tmp_path):
    engine = Embedded(memory_limit_bytes=LIMIT) if request.param == "embedded" else durable(tmp_path)
    await engine.open()
    yield engine
    await engine.close()


def record(number, size=500, **members):
    return codec.dump({"id": number, "n": number, **members, "x": "x" * size})


def new(*numbers, **members):
    return [Change("t", str(number), None, record(number, **members)) for number in numbers]


async def fill(engine, **members):
    """Write records one by one until one is refused; return how many there are."""
    for number in range(10_000):
        try:
            await write(engine, new(number, **members))
        except MemoryLimit:
            return number
    raise AssertionError("nothing was refused")


async def use(engine, *names):
    for name in names:
        async with engine.tables.view([Access("t", equal=(Field((name,)),))]):
            pass


async def indexed(engine):
    return [index.field for index in engine.tables.index_stats("t")]


async def everything(engine):
    async with engine.tables.view([Access("t")]) as view:
        return sorted([body async for batch in view.batches("t") for body in batch])


async def test_what_would_grow_beyond_the_limit_is_refused_and_changes_nothing(engine):
    count = await fill(engine)
    before, told = await everything(engine), engine.tables.memory()
    assert LIMIT * 0.9 < told.used_bytes <= LIMIT == told.limit_bytes
    grown = Change("t", "1", record(1), record(1, size=5000))
    for refused in (new(count), [grown], [*new(count), grown], new(*range(count, count + 50))):
        with pytest.raises(MemoryLimit):
            await write(engine, refused)
    with pytest.raises(MemoryLimit):
        await change(engine, "t", "1", lambda _: record(1, size=5000))
    with pytest.raises(MemoryLimit):
        await define(engine, "another", Definition())
    assert await everything(engine) == before
    assert engine.tables.memory() == told
    assert engine.tables.names() == ["t"]


async def test_deletes_and_changes_that_do_not_grow_go_on(engine):
    count = await fill(engine)
    assert await write(engine, [Change("t", "1", record(1), record(1, size=400))])
    assert await write(engine, [Change("t", "2", record(2), record(2, kept=1, size=490))])
    await change(engine, "t", "3", lambda _: None)
    assert await write(engine, [Change("t", "4", record(4), None), *new(count)])  # together they do not grow
    await drop(engine, "t")
    assert engine.tables.memory().used_bytes == 0
    assert await write(engine, new(1))


async def test_several_changes_are_refused_or_done_together(engine):
    count = await fill(engine)
    with pytest.raises(MemoryLimit):
        await write(engine, [Change("t", "1", record(1), None), *new(*range(count, count + 9))])
    assert engine.tables.get("t", "1") == record(1)


async def test_indexes_give_way_first_the_one_used_least_recently_before_others_and_pinned_ones_never(engine):
    await define(engine, "t", Definition(indexes=(IndexDefinition("p", "hash"),)))
    names = ("a", "b")
    await write(engine, [c for i in range(150) for c in new(i, **{name: f"{name} {i}" for name in (*names, "p")})])
    await use(engine, "a", "b", "a")
    assert await indexed(engine) == ["p", "a", "b"]
    number, seen = 1000, []
    while True:
        try:
            await write(engine, new(number))
        except MemoryLimit:
            break
        number += 1
        if (now := await indexed(engine)) not in seen:
            seen.append(now)
    assert seen == [["p", "a", "b"], ["p", "a"], ["p"]]


async def test_no_index_gives_way_to_a_write_that_would_be_refused_all_the_same(engine):
    await write(engine, new(*range(100), a=1))
    await use(engine, "a")
    with pytest.raises(MemoryLimit):
        await write(engine, new(1000, size=LIMIT))
    assert await indexed(engine) == ["a"]


async def test_an_index_that_does_not_fit_is_given_up_and_conditions_look_at_every_record():
    engine = Embedded(memory_limit_bytes=LIMIT)
    await write(engine, [Change("t", str(i), None, codec.dump({"id": i, "a": i})) for i in range(1000)])
    used = engine.tables.memory().used_bytes
    small = Embedded(memory_limit_bytes=used + 100)
    await write(small, [Change("t", str(i), None, codec.dump({"id": i, "a": i})) for i in range(1000)])
    async with small.tables.view([Access("t", equal=(Field(("a",)),))]) as view:
        five = Equal(Field(("a",)), ((1, 5),))
        assert view.estimate("t", five) > view.count("t")
        with pytest.raises(MemoryLimit):
            view.ids("t", five)
    assert small.tables.memory().used_bytes == used
    assert await indexed(small) == []


async def test_a_pinned_index_is_refused_with_its_definition_where_it_does_not_fit(engine):
    await fill(engine, a=1)
    with pytest.raises(MemoryLimit):
        await define(engine, "t", Definition(indexes=(IndexDefinition("a", "sorted"),)))
    assert engine.tables.table_stats("t").definition == Definition()


async def test_the_table_of_a_model_is_made_where_nothing_else_is(engine):
    await fill(engine)
    await define(engine, "m", Definition(model="digest"))


async def test_held_room_is_counted_until_it_is_given_back(engine):
    engine.tables.reserve(LIMIT - 1000)
    with pytest.raises(MemoryLimit):
        await write(engine, new(1))
    with pytest.raises(MemoryLimit):
        engine.tables.reserve(2000)
    engine.tables.reserve(1000 - LIMIT)
    assert engine.tables.memory().used_bytes == 0
    assert await write(engine, new(1))


async def test_a_write_that_a_unique_field_refuses_holds_no_room(engine):
    await define(engine, "t", Definition(unique=("n",)))
    await write(engine, new(1))
    used = engine.tables.memory().used_bytes
    with pytest.raises(NotUnique):
        await write(engine, [Change("t", "2", None, record(1).replace(b'"id":1', b'"id":2'))])
    assert engine.tables.memory().used_bytes == used


# With a journal


async def test_writes_that_wait_for_the_disk_are_counted_so_that_together_they_keep_the_limit(tmp_path):
    engine = durable(tmp_path)
    await engine.open()
    await define(engine, "t", Definition())
    outcomes = await asyncio.gather(*(write(engine, new(i)) for i in range(1000)), return_exceptions=True)
    done = [i for i, outcome in enumerate(outcomes) if outcome is True]
    assert {type(outcome) for outcome in outcomes} == {bool, MemoryLimit}
    assert len(done) > 200
    assert engine.tables.memory().used_bytes <= LIMIT
    await engine.close()
    again = durable(tmp_path, limit=None)
    await again.open()
    assert len(await everything(again)) == len(done)
    assert again.tables.memory().used_bytes == engine.tables.memory().used_bytes  # nothing is held any more
    await again.close()


async def test_what_is_on_the_disk_is_served_also_beyond_the_limit(tmp_path):
    engine = durable(tmp_path, limit=None)
    await engine.open()
    await write(engine, new(*range(400)))
    await engine.close()
    small = durable(tmp_path, limit=LIMIT // 2)
    await small.open()
    assert small.tables.memory().used_bytes > LIMIT
    assert len(await everything(small)) == 400
    with pytest.raises(MemoryLimit):
        await write(small, new(1000))
    assert await write(small, [Change("t", "1", record(1), None)])
    assert await write(small, [Change("t", str(i), record(i), None) for i in range(2, 390)])
    assert await write(small, new(1000))
    await small.close()


async def test_writes_that_the_disk_refuses_give_their_room_back(tmp_path, monkeypatch):
    from ramekin.durability.failures import DiskFault
    from ramekin.durability.log import LogFile
    from ramekin.errors import StorageFull

    engine = durable(tmp_path)
    await engine.open()
    await write(engine, new(1))
    used = engine.tables.memory().used_bytes

    def refuse(*_):
        raise DiskFault("full", is_full=True)

    monkeypatch.setattr(LogFile, "commit", refuse)
    outcomes = await asyncio.gather(*(write(engine, new(i)) for i in range(2, 20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageFull}
    assert engine.tables.memory().used_bytes == used
    monkeypatch.undo()
    assert await write(engine, new(2))
    await engine.close()
