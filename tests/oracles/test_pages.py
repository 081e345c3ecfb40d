"""Pages behind cursors, through values with more records than a posting holds as a list, while cursors' rows go.

Every page is compared with the records that lie behind the last row in an order that is written down naively.
"""

import asyncio
import json

import pytest

from ramekin import Database
from ramekin.database.finding import FindRequest
from ramekin.database.operations import Operation
from ramekin.query.rows import Rows
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from ramekin.storage.indexes import SHORT_POSTING
from tests import oracle
from tests.each import first
from tests.oracles.generate import Generator

FREE = NoSchema()

IDS = {
    "integers": lambda i: i,
    "texts": lambda i: f"r{i:05}",
    "a few integers, then texts": lambda i: i if i < 5 else f"r{i:05}",
    "integers, then a few texts": lambda i: i if i % 211 else f"r{i:05}",
    "as many of both": lambda i: i - 700 if i % 2 else f"{i:05}",
}


def records_of(make_id, size):
    """Return records of which one value has so many, one has two, one has one, and as many have none."""
    values = ["many"] * size + ["two"] * 2 + ["another"] + [None] * size
    records = [{"id": make_id(i), "n": i % 3} for i in range(len(values))]
    for i, record in enumerate(records):
        value = values[i * 7 % len(values)] if len(values) % 7 else values[i]
        if value is not None or i % 2:
            record["s"] = value
    return {str(record["id"]): record for record in records}


async def load(database, model):
    await database.load([("t", None), *(("t", record) for record in model.values())])


async def page_through(database, model, sort, where, limits, is_gone):
    """Take all pages and compare each; `is_gone` says whether the row at which a page ended is deleted before the next."""
    cursor, rest = None, oracle.ordered([r for r in model.values() if oracle.holds(r, where)], sort)
    for limit in limits:
        request = FindRequest("t", parse_where(where, FREE), parse_sort(sort, FREE), limit=limit, cursor=cursor)
        page = await database.find(request)
        found = [json.loads(body) for body in page.rows]
        assert found == rest[:limit], (sort, limit, [r["id"] for r in found[:3]], [r["id"] for r in rest[:3]])
        rest, cursor = rest[limit:], page.cursor
        assert (cursor is not None) is bool(rest)
        if cursor is None:
            return
        if is_gone():
            await database.apply(Operation("delete", "t", str(found[-1]["id"])))
            del model[str(found[-1]["id"])]
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("size", first(2, [SHORT_POSTING, SHORT_POSTING + 1, SHORT_POSTING - 1, 2 * SHORT_POSTING + 1]))
@pytest.mark.parametrize("kind", IDS)
def test_pages_go_through_a_value_of_many_records_whatever_their_ids(kind, size):
    generator = Generator(f"{kind} {size}")

    async def run():
        for sort in (["s"], ["-s"], ["s", "-n"], []):
            where = generator.choice([{}, {"s": "many"}, {"s": {"lt": "z"}}, {"id": {"gte": 4}}])
            model = records_of(IDS[kind], size)
            async with Database() as database:
                await load(database, model)
                limits = [1, 2, 3, *generator.choices([1, 256, 257, 700, SHORT_POSTING], k=400)]
                await page_through(database, model, sort, where, limits, lambda: generator.random() < 0.7)

    asyncio.run(run())


@pytest.mark.parametrize("kind", IDS)
def test_one_row_pages_go_through_a_value_of_many_records(kind):
    async def run():
        model = {key: {**record, "s": "a"} for key, record in records_of(IDS[kind], SHORT_POSTING // 2).items()}
        assert len(model) > SHORT_POSTING
        async with Database() as database:
            await load(database, model)
            await page_through(database, model, ["s"], {}, [1] * (len(model) + 1), lambda: False)

    asyncio.run(run())


@pytest.mark.parametrize("seed", first(8, range(20)))
def test_pages_go_through_postings_that_grow_and_shrink_between_them(seed):
    generator = Generator(seed)

    async def run():
        for _ in range(10):
            model = {str(record["id"]): record for record in (generator.record(i) for i in generator.ids(70))}
            for record in model.values():
                record["s"] = generator.choice(["many"] * 6 + ["few", None, 1, True])
            async with Database() as database:
                await load(database, model)
                sort = generator.choice([["s"], ["-s"], ["s", "a"], ["-s", "-id"], ["id"], ["-id"]])
                where = generator.choice([{}, {"s": "many"}, {"s": {"gte": "f"}}, {"s": {"in": ["many", 1]}}])
                limits = generator.choices([1, 2, 3, 7], k=100)
                await page_through(database, model, sort, where, limits, lambda: generator.random() < 0.5)

    asyncio.run(run())


def correlated(i, size):
    """Return a record of which some fields go with the id, some against it, and some not at all."""
    return {
        "id": i if i % 2 else f"x{i:05}",
        "at": i,
        "back": -i,
        "mixed": i * 7919 % size,
        "few": f"c{i % 7}",
        "late": i > size * 0.8,
        "skew": 0 if i % 50 else i,
    } | ({} if i % 3 else {"maybe": i % 11 or None})


@pytest.mark.parametrize("seed", first(3, range(16)))
def test_pages_are_the_same_whichever_of_two_ways_ends_first(seed, monkeypatch):
    generator, switched, plain = Generator(3000 + seed), [], Rows._in_passes

    def counted(self, plan, gathered, last):
        switched.append(gathered is not None)
        return plain(self, plan, gathered, last)

    monkeypatch.setattr(Rows, "_in_passes", counted)

    async def run():
        for _ in range(3):
            size = generator.choice([50, 400, 900])
            model = {str(record["id"]): record for record in (correlated(i, size) for i in range(size))}
            async with Database() as database:
                await load(database, model)
                for _ in range(6):
                    where = wide_condition(generator, size)
                    where |= wide_condition(generator, size) if generator.random() < 0.5 else {}
                    if generator.random() < 0.3:
                        where["or"] = [wide_condition(generator, size), wide_condition(generator, size)]
                    names = ["at", "-back", "-mixed", "few", "-few", "-id", "maybe", "-late", "skew"]
                    sort = generator.sample(names, generator.choice([0, 0, 1, 1, 2]))
                    if len({name.strip("-") for name in sort}) < len(sort):
                        continue
                    limits = [*generator.choices([1, 2, 5, 10], k=30), *[300] * 9]
                    await page_through(database, model, sort, where, limits, lambda: generator.random() < 0.3)

    asyncio.run(run())
    assert any(switched)


def wide_condition(generator, size):
    """Return a condition that means none, few, many or all."""
    name = generator.choice(["at", "back", "mixed", "skew", "few", "late", "maybe"])
    if name in ("few", "late", "maybe"):
        wanted = {"few": ["c1", {"in": ["c1", "c5"]}], "late": [True, False], "maybe": [{"null": True}, {"gt": 3}, 3]}
        return {name: generator.choice(wanted[name])}
    value = generator.randrange(size) * (-1 if name == "back" else 1)
    return {name: generator.choice([{"gte": value}, {"lt": value}, value, {"gte": value - size // 10, "lt": value}])}
