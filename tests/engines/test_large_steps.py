"""Large steps: prepared in many turns, seen whole or not at all, while readers go on and writers wait.

The constants are made small, so that few records cross them all, and every rest is a turn of others.
"""

import asyncio
import random
import weakref

import pytest

from ramekin import Database
from ramekin.changes import Change, Loaded
from ramekin.engine import work
from ramekin.engine.access import Access
from ramekin.errors import NotUnique
from ramekin.query.plan import ALL_SPANS, Equal
from ramekin.schema.definition import Definition
from ramekin.schema.fields import Field
from ramekin.storage import catalog, followers, indexed, staging
from ramekin.storage.unique import taken_by
from ramekin.testing.engines.steps import by_id, change, define, drop, load, write
from ramekin.values import codec
from ramekin.values.comparison import NUMBER
from tests.turns import TURNS, cancelled_after

K = Field(("k",))
RECORDS = 40

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def small_constants(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    for module, constants in {
        staging: {"LARGE": 5, "STRIDE": 3},
        followers: {"FEW": 2},
        indexed: {"BATCH": 7},
        catalog: {"FEW": 2},
    }.items():
        for name, value in constants.items():
            monkeypatch.setattr(module, name, value)


def body(key, k):
    return codec.dump({"id": int(key), "k": k})


def rows(number, k):
    return {str(i): body(i, k) for i in range(number)}


async def read(engine):
    """Return what a table holds by each way to its records: all, by id, by a value, in the order of a field."""
    access = Access("t", in_id_order=True, equal=(K,), ordered=(K,))
    async with engine.tables.view([access]) as view:
        stored = {
            str(codec.parse(each)["id"]): codec.parse(each)["k"] async for some in view.batches("t") for each in some
        }
        in_id_order = [record_id for record_id, _ in by_id(view, "t")]
        by_value = {k: list(view.ids("t", Equal(K, ((NUMBER, k),)))) for k in set(stored.values())}
        in_order = list(view.walk("t", K, ALL_SPANS, includes_absent=True))
    assert in_id_order == sorted(map(int, stored))
    assert by_value == {k: [i for i in in_id_order if stored[str(i)] == k] for k in by_value}
    assert in_order == sorted(in_id_order, key=lambda i: (stored[str(i)], i))
    return stored


def all_to(engine, k, keys=range(RECORDS)):
    return [Change("t", str(i), engine.ahead("t", str(i)), None if k is None else body(i, k)) for i in keys]


async def settle(engine):
    """Wait until nothing is under way."""
    for _ in range(500):
        if not engine.tables.builds._tasks:
            break
        await asyncio.sleep(0)
    assert not engine._alone.locked()
    held = list(engine.tables.catalog)
    assert all(each.memory_bytes == each.recount() for each in held)
    assert engine.tables.memory().used_bytes == sum(each.memory_bytes for each in held)


async def test_a_large_step_is_seen_whole_or_not_at_all(engine):
    await load(engine, {"t": rows(RECORDS, 1)})
    await read(engine)
    writing = asyncio.create_task(write(engine, all_to(engine, 2)))
    seen = []
    while not writing.done():
        seen.append({codec.parse(engine.tables.get("t", str(i)))["k"] for i in range(RECORDS)})
        await asyncio.sleep(0)
    assert await writing
    assert all(len(each) == 1 for each in seen)
    assert len(seen) > RECORDS // 3
    assert set((await read(engine)).values()) == {2}
    await settle(engine)


async def test_readers_read_on_while_a_large_step_is_prepared_and_its_indexes_follow(engine):
    await load(engine, {"t": rows(RECORDS, 1)})
    await read(engine)
    writing = asyncio.create_task(write(engine, all_to(engine, 2)))
    seen = [set((await read(engine)).values()) for _ in range(12)]
    assert await writing
    assert {frozenset(each) for each in seen} <= {frozenset({1}), frozenset({2})}
    assert seen == sorted(seen, key=max)


async def test_single_writes_wait_for_a_large_step_and_are_not_lost(engine):
    await load(engine, {"t": rows(RECORDS, 1)})
    await read(engine)
    writing = asyncio.create_task(write(engine, all_to(engine, 2)))
    await asyncio.sleep(0)
    others = [asyncio.create_task(change(engine, "t", str(i), lambda _, i=i: body(i, 9))) for i in (0, 7, 100)]
    assert await writing
    await asyncio.gather(*others)
    assert await read(engine) == dict.fromkeys(map(str, range(RECORDS)), 2) | {"0": 9, "7": 9, "100": 9}
    await settle(engine)


async def test_a_large_step_whose_records_have_changed_does_not_happen(engine):
    await load(engine, {"t": rows(RECORDS, 1)})
    changes = all_to(engine, 2)
    await change(engine, "t", "39", lambda _: body(39, 5))
    assert not await write(engine, changes)
    assert await read(engine) == dict.fromkeys(map(str, range(RECORDS)), 1) | {"39": 5}
    await settle(engine)


@pytest.mark.parametrize("number", [2, 5, 6, 12])
async def test_a_unique_value_is_refused_in_steps_of_any_size(engine, number):
    await define(engine, "t", Definition(unique=("k",)))
    assert await write(engine, [Change("t", "0", None, body(0, 100))])
    taken = [Change("t", str(i), None, body(i, i)) for i in range(1, number)] + [Change("t", "50", None, body(50, 100))]
    with pytest.raises(NotUnique):
        await write(engine, taken)
    assert await read(engine) == {"0": 100}
    assert await write(engine, taken[:-1])
    with pytest.raises(NotUnique):
        await write(engine, [Change("t", "60", None, body(60, 1))])
    await settle(engine)


@pytest.mark.parametrize("turns", TURNS)
async def test_a_large_step_that_is_cancelled_happens_whole_or_not_at_all(engine, turns):
    await load(engine, {"t": rows(RECORDS, 1)})
    await read(engine)
    await cancelled_after(write(engine, all_to(engine, 2)), turns)
    await engine.flushed()
    assert set((await read(engine)).values()) in ({1}, {2})
    await change(engine, "t", "0", lambda _: body(0, 3))
    assert (await read(engine))["0"] == 3
    await settle(engine)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_written_beside_one_another_all_ways_to_records_agree(engine, seed):
    chance, model = random.Random(seed), {}
    await load(engine, {"t": {}})

    async def many():
        keys = chance.sample(range(RECORDS), chance.choice([3, 6, 30]))
        k = chance.choice([1, 2, 3, None])
        if await write(engine, [c for c in all_to(engine, k, keys) if c.after is not None or c.before is not None]):
            model.update(dict.fromkeys(map(str, keys), k))

    async def one(key, k):
        await change(engine, "t", str(key), lambda _: body(key, k))
        model[str(key)] = k

    async def loaded():
        keys, k = chance.sample(range(RECORDS), chance.choice([1, 4, 8, 20])), chance.choice([4, 5])
        assert await load(engine, {"t": {str(i): body(i, k) for i in keys}})
        model.update(dict.fromkeys(map(str, keys), k))

    for _ in range(12):
        await many()
        await loaded()
        reading = asyncio.create_task(read(engine))
        await asyncio.gather(*[one(chance.randrange(RECORDS), chance.choice([1, 2, 3])) for _ in range(3)])
        await reading
        assert await read(engine) == {key: k for key, k in model.items() if k is not None}
    await settle(engine)


async def test_what_is_dropped_is_taken_apart_in_steps(engine):
    await load(engine, {"t": rows(RECORDS, 1)})
    await read(engine)
    records = next(iter(engine.tables.catalog)).records
    await drop(engine, "t")
    for _ in range(100):
        if not records.bodies:
            break
        await asyncio.sleep(0)
    assert not records.bodies


class Rows(dict[str, bytes]):
    """Records of which it can be told whether they are still held."""


async def test_a_large_step_that_is_made_once_more_is_not_held_twice(engine):
    made = []

    def make():
        assert [each() for each in made] == [None] * len(made)
        records = Rows(rows(RECORDS, 1))
        made.append(weakref.ref(records))
        return Loaded({"t": records})

    await engine.apply(make)
    assert len(made) == 2
    assert len(engine.tables.catalog.table("t").records.bodies) == RECORDS


async def test_a_unique_value_is_found_though_another_index_takes_its_place_meanwhile():
    async with Database() as database:
        await database.define("t", {"unique": ["k"]})
        await database.load([("t", {"id": i, "k": i}) for i in range(RECORDS)])
        table = database.engine.tables.catalog.find("t")
        await database.engine.tables.builds.index(table, K, is_sorted=False)
        taken = [
            Change("t", str(100 + i), None, body(100 + i, 200 + i if i < RECORDS else 0)) for i in range(RECORDS + 1)
        ]
        looking = taken_by(table, taken)
        for _ in range(len(taken) + 2):
            next(looking)
        assert not table.indexes[K].is_sorted
        for _ in table.build_index(K, is_sorted=True):
            pass
        assert table.indexes[K].is_sorted
        for _ in table.memory.garbage.let_go():
            pass
        with pytest.raises(NotUnique):
            for _ in looking:
                pass
