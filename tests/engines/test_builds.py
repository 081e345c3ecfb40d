"""Orders and indexes on their way: whatever comes while they are built, nobody spins, and everybody is answered.

A loop that never gives up its turn stops the test too, so the watchdog is a thread, which ends the whole run.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from random import Random

import pytest

from ramekin.database.changing import ChangeRequest
from ramekin.database.database import Database
from ramekin.database.finding import FindRequest, GroupRequest
from ramekin.database.join_request import JoinRequest
from ramekin.engine import work
from ramekin.engine.access import Access
from ramekin.engine.builds import ATTEMPTS
from ramekin.errors import NotUnique, RamekinError, UnknownTable
from ramekin.query.aggregate import parse_grouping
from ramekin.query.plan import ALL_SPANS, Equal
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field, NoSchema
from ramekin.storage import staging
from ramekin.storage.indexed import BATCH
from ramekin.storage.staging import REBUILT
from ramekin.testing.engines.steps import by_id, change, define, load
from ramekin.values import codec
from ramekin.values.comparison import NUMBER
from tests.each import first

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

FREE = NoSchema()
RECORDS = 2000


def bodies(number, **members):
    return {str(i): codec.dump({"id": i, **members}) for i in range(number)}


async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


async def late(number, work):
    await turns(number)
    return await work


async def read(engine, table, *, equal=(), ordered=()):
    """Return the ids of a table by each way that is asked for: the id order, the value 3, the order of a field."""
    access = Access(table, in_id_order=True, equal=tuple(map(field, equal)), ordered=tuple(map(field, ordered)))
    async with engine.tables.view([access]) as view:
        found = [[row[0] for row in by_id(view, table, None, 99_999)]]
        for name in equal:
            found.append(list(view.ids(table, Equal(field(name), ((NUMBER, 3),)))))
        for name in ordered:
            found.append(list(view.walk(table, field(name), ALL_SPANS, includes_absent=True)))
        return found


def field(name):
    return Field((name,))


def builds_of(engine):
    return engine.tables.builds._tasks


def assert_nothing_is_left(engine):
    """See that nothing is under way or held, and that memory is what the tables take."""
    assert not builds_of(engine)
    assert not engine.tables.builds._needed
    assert not any(frozen.users for frozen in engine.tables.builds._frozen.values())
    tables = list(engine.tables.catalog)
    assert engine.tables.catalog.memory.used_bytes == sum(table.memory_bytes for table in tables)
    assert all(table.memory_bytes == table.recount() for table in tables)
    assert not any(table.records.readers for table in tables)


@pytest.mark.parametrize("records", first(3, [1, BATCH, BATCH + 1, BATCH - 1, RECORDS]))
async def test_a_field_may_be_asked_for_in_another_way_at_any_moment_of_its_first_build(engine, records):
    names = [f"f{i}" for i in range(30)]
    rows = {str(i): codec.dump({"id": i, **dict.fromkeys(names, i % 7)}) for i in range(records)}
    await load(engine, {"t": rows}, replace=True)
    ids = list(range(records))
    by_value, threes = sorted(ids, key=lambda i: (i % 7, i)), [i for i in ids if i % 7 == 3]
    for delay, name in enumerate(names):
        first = [late(turn, read(engine, "t", ordered=[name])) for turn in range(delay // 2, delay // 2 + 7)]
        other = [late(turn, read(engine, "t", equal=[name])) for turn in (0, delay // 2, delay)]
        found = await asyncio.wait_for(asyncio.gather(*first, *other), 20)
        assert found == [[ids, by_value]] * 7 + [[ids, threes]] * 3
        if delay % 2:
            await load(engine, {"t": rows}, replace=True)
    assert_nothing_is_left(engine)


async def test_a_build_is_over_for_everybody_in_the_step_that_ends_it(engine):
    await load(engine, {"t": bodies(3 * BATCH, k=3)}, replace=True)
    reading = asyncio.create_task(read(engine, "t", equal=["k"]))
    while not reading.done():
        await asyncio.sleep(0)
        assert not any(task.done() for task in builds_of(engine).values())
    assert_nothing_is_left(engine)


async def test_lists_are_answered_after_a_bounded_number_of_builds_however_often_a_table_is_loaded(engine):
    await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
    loads, steady = count(1), True

    async def load_steadily():
        while steady:
            await load(engine, {"t": bodies(RECORDS, k=3, load=next(loads))}, replace=False)
            await asyncio.sleep(0)  # fewer turns than any build takes

    loading = asyncio.create_task(load_steadily())
    asked = 6
    found = await asyncio.gather(*[read(engine, "t", equal=["k"], ordered=["load"]) for _ in range(asked)])
    pages = await asyncio.gather(*[engine.tables.find("t", limit=5) for _ in range(asked)])
    steady = False
    await loading
    assert found == [[list(range(RECORDS))] * 3] * asked
    assert [[row[0] for row in page.rows] for page in pages] == [list(range(5))] * asked
    assert engine.tables.builds.stats().count <= 2 * asked * (ATTEMPTS + 1) * 3
    await asyncio.sleep(0)
    assert_nothing_is_left(engine)


@pytest.mark.parametrize("number", [1, BATCH - 1, BATCH, BATCH + 1, RECORDS // REBUILT - 1, RECORDS // REBUILT])
async def test_a_load_of_a_few_records_keeps_the_order_and_the_indexes(engine, number, monkeypatch):
    monkeypatch.setattr(staging, "LARGE", BATCH)
    await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
    await read(engine, "t", equal=["k"], ordered=["o"])
    kept = engine.tables.index_stats("t")
    new = {f"x{i}": codec.dump({"id": f"x{i}", "k": 3}) for i in range(number // 2)}
    changed = {str(i): codec.dump({"id": i, "k": 4, "o": -i}) for i in range(number - len(new))}
    assert await load(engine, {"t": {**changed, **new}}, replace=False)
    assert (len(engine.tables.index_stats("t")) == len(kept)) is (number <= BATCH or number < RECORDS // REBUILT)
    ids = [*range(RECORDS), *sorted(new)]
    threes = [i for i in ids if str(i) not in changed]
    by_order = [*sorted((int(i) for i in changed), reverse=True), *threes]
    assert await read(engine, "t", equal=["k"], ordered=["o"]) == [ids, threes, by_order]
    assert_nothing_is_left(engine)


async def test_a_view_under_steady_loads_shows_one_moment_of_both_its_tables(engine):
    await load(engine, {"l": bodies(RECORDS, g=0), "r": bodies(RECORDS, g=0)}, replace=True)
    steady = True

    async def load_steadily():
        for number in count(1):
            if not steady:
                return
            await load(engine, {"l": bodies(RECORDS, g=number), "r": bodies(RECORDS, g=number)}, replace=True)
            await asyncio.sleep(0)

    async def look():
        async with engine.tables.view([Access("l", in_id_order=True), Access("r", equal=(field("g"),))]) as view:
            [key] = {codec.parse(row[1])["g"] for row in by_id(view, "l", None, RECORDS)}
            await asyncio.sleep(0)
            return len((await view.lookup("r", Field(("g",)), [str(key)]))[0])

    loading = asyncio.create_task(load_steadily())
    assert await asyncio.gather(*[late(i, look()) for i in range(8)]) == [RECORDS] * 8
    steady = False
    await loading
    assert_nothing_is_left(engine)


@pytest.mark.parametrize("turn_s", [0.0, work.TURN_S, 60.0])
async def test_writes_to_a_table_with_a_unique_field_go_on_under_steady_loads(engine, monkeypatch, turn_s):
    monkeypatch.setattr(work, "TURN_S", turn_s)
    monkeypatch.setattr(staging, "LARGE", BATCH)
    await define(engine, "t", Definition(unique=("u",)))
    await load(engine, {"t": {str(i): codec.dump({"id": i, "u": i}) for i in range(RECORDS)}}, replace=False)
    steady = True

    async def load_steadily():
        while steady:
            again = {str(i): codec.dump({"id": i, "u": i}) for i in range(RECORDS)}  # enough to drop the index
            await load(engine, {"t": again}, replace=False)
            await asyncio.sleep(0)

    loading = asyncio.create_task(load_steadily())
    for i in range(RECORDS, RECORDS + 10):
        await change(engine, "t", str(i), lambda _, i=i: codec.dump({"id": i, "u": i}))
        with pytest.raises(NotUnique):
            await change(engine, "t", "other", lambda _, i=i: codec.dump({"id": "other", "u": str(i)}))
    steady = False
    await loading
    assert engine.tables.table_stats("t").records == RECORDS + 10


async def test_those_who_leave_take_nothing_with_them_that_others_wait_for(engine):
    await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
    for number in range(12):
        asked = [asyncio.create_task(read(engine, "t", equal=["k"], ordered=["o"])) for _ in range(4)]
        await turns(number)
        for task in asked[::2]:
            task.cancel()
        kept = await asyncio.gather(*asked[1::2])
        assert kept == [[list(range(RECORDS))] * 3] * 2
        await asyncio.gather(*asked, return_exceptions=True)
        await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
    while builds_of(engine):
        await asyncio.sleep(0)
    assert_nothing_is_left(engine)


async def test_one_who_leaves_while_records_are_held_for_it_lets_go_of_them(engine):
    await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
    steady = True

    async def load_steadily():
        while steady:
            await load(engine, {"t": bodies(RECORDS, k=3)}, replace=True)
            await asyncio.sleep(0)

    loading = asyncio.create_task(load_steadily())
    asked = [asyncio.create_task(read(engine, "t", equal=["k"])) for _ in range(3)]
    while not engine.tables.builds._frozen and not all(task.done() for task in asked):
        await asyncio.sleep(0)
    asked[0].cancel()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert outcomes[1:] == [[list(range(RECORDS))] * 2] * 2
    steady = False
    await loading
    while builds_of(engine):
        await asyncio.sleep(0)
    assert_nothing_is_left(engine)


class Storm:
    """First uses of every kind beside writes, loads, drops, definitions and clients that leave, in random order."""

    def __init__(self, database, seed):
        self.database, self.random = database, Random(seed)
        self.fields = [f"f{i}" for i in range(6)]

    def record(self, i):
        return {
            "id": i if i % 3 else f"x{i}",
            **{name: self.random.choice([i % 5, f"t{i % 5}", None]) for name in self.fields},
        }

    def step(self):
        """Return one request."""
        random, database = self.random, self.database
        table, (name, other) = random.choice("ab"), random.sample(self.fields, 2)
        where = parse_where(random.choice([{name: 3}, {name: {"gt": 1}}, {"or": [{name: 1}, {other: "t2"}]}, {}]), FREE)
        engine = database.engine
        return random.choice(
            [
                lambda: database.find(FindRequest(table, where, limit=3)),
                lambda: database.find(FindRequest(table, where, parse_sort([f"-{name}", other], FREE), limit=3)),
                lambda: database.find(FindRequest(table, sort=parse_sort([name], FREE), with_count=True)),
                lambda: database.find_groups(GroupRequest(table, parse_grouping([name], {"n": "count"}, FREE), where)),
                lambda: database.join(JoinRequest("a", "b", f"{name}={other}", random.choice(["inner", "full"]))),
                lambda: database.insert(table, [self.record(random.randrange(900))], on_conflict="replace"),
                lambda: database.load([(table, self.record(i)) for i in range(random.choice([1, 900]))]),
                lambda: database.load([(table, self.record(1))], is_replacing=random.random() < 0.2),
                lambda: database.change(ChangeRequest(table, parse_where({name: 2}, FREE), {other: 7})),
                lambda: define(engine, table, Definition(indexes=(IndexDefinition(name, "sorted"),))),
                lambda: database.define(table, Definition(indexes=(IndexDefinition(name, "hash"),))),
                lambda: database.drop(table) if random.random() < 0.2 else database.tables(),
            ]
        )

    async def request(self):
        await turns(self.random.randrange(8))
        return await self.step()()


@pytest.mark.parametrize("seed", first(1, range(6)))
async def test_a_storm_of_first_uses_writes_loads_and_drops_ends(engine, seed):
    async with Database(engine=Closed(engine)) as database:
        storm = Storm(database, seed)
        await database.load([(table, storm.record(i)) for table in "ab" for i in range(900)])
        for _ in range(12):
            tasks = [asyncio.create_task(storm.request()) for _ in range(20)]
            await turns(storm.random.randrange(10))
            for task in storm.random.sample(tasks, 3):
                task.cancel()
            for outcome in await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30):
                assert not isinstance(outcome, Exception) or isinstance(outcome, RamekinError), outcome
        while builds_of(engine):
            await asyncio.sleep(0)
        assert_nothing_is_left(engine)
        for table in "ab":
            with suppress(UnknownTable):
                held = engine.tables.catalog.table(table).records
                ids = sorted(map(held.id_of, held.bodies), key=lambda i: (isinstance(i, str), i))
                assert (await read(engine, table))[0] == ids


class Closed:
    """An engine that is opened and closed by somebody else."""

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    async def open(self): ...
    async def close(self): ...
