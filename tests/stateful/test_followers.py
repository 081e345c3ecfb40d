"""Whoever follows a database from a dump on has what is in its tables, whatever happens meanwhile."""

import asyncio
import random

import pytest

from ramekin import Database
from ramekin.database.following import ChangesRequest
from ramekin.database.operations import Operation
from ramekin.engine.work import Work
from ramekin.errors import ChangesGone, RamekinError

pytestmark = pytest.mark.anyio

TABLES = ("a", "b", "c")


async def everything(database):
    tables = {}
    async for table, record in database.dump():
        tables.setdefault(table, {})
        if record is not None:
            tables[table][str(record["id"])] = record
    return tables


class Copy:
    """Tables as somebody has them who reads a dump once, and then changes alone."""

    def __init__(self, database):
        self.database = database

    async def begin(self):
        self.follower = self.database.follow(ChangesRequest(limit=3))
        await self.change()  # between the position and the dump
        self.tables = await everything(self.database)

    async def change(self):
        """Do what others do meanwhile."""

    async def catch_up(self):
        while (page := await self.follower.page(Work())).changes:
            for each in page.changes:
                await self.take(each)

    async def take(self, each):
        if each.op == "drop":
            self.tables.pop(each.table, None)
        elif each.op == "load":
            now = await everything(self.database)
            self.tables[each.table] = now.get(each.table, {})
        elif each.op == "define":
            self.tables.setdefault(each.table, {})
        elif each.op == "delete":
            self.tables[each.table].pop(str(each.id), None)
        else:
            self.tables.setdefault(each.table, {})[str(each.id)] = each.record


async def do_something(database, chance):
    table, key = chance.choice(TABLES), str(chance.randrange(12))
    record = {"id": key, "n": chance.randrange(100)}
    kind = chance.randrange(12)
    try:
        if kind < 4:
            await database.insert(table, record, on_conflict=chance.choice(["replace", "merge", "ignore", "error"]))
        elif kind < 6:
            await database.patch(table, key, {"m": chance.randrange(3)})
        elif kind < 8:
            await database.delete(table, key)
        elif kind == 8:
            await database.write(
                [Operation("upsert", chance.choice(TABLES), str(i), {"id": str(i), "n": i}) for i in range(5)]
            )
        elif kind == 9:
            await database.change(table, where={"n": {"lt": 50}}, patch={"k": chance.randrange(5)})
        elif kind == 10:
            await database.load([(table, record)], is_replacing=chance.random() < 0.3)
        else:
            await database.drop(table)
    except RamekinError:
        pass


@pytest.mark.parametrize("kind", ["memory", "journal"])
def test_a_copy_that_follows_is_equal(kind, tmp_path):
    async def run(seed):
        chance = random.Random(seed)
        options = {"directory": tmp_path / str(seed), "fsync": "no"} if kind == "journal" else {}
        async with Database(**options) as database:
            copy = Copy(database)
            copy.change = lambda: do_something(database, chance)
            await copy.begin()
            for _ in range(60):
                await do_something(database, chance)
                if chance.random() < 0.3:
                    await copy.catch_up()
            await copy.catch_up()
            assert copy.tables == await everything(database), seed

    for seed in range(8 if kind == "memory" else 2):
        asyncio.run(run(seed))


async def test_changes_come_as_they_are_made_in_python():
    async with Database() as database:
        await database.insert("users", {"id": 1, "age": 10})
        changes = database.changes("users", where={"age": {"gte": 18}})
        await database.insert("users", {"id": 2, "age": 20})
        first = await anext(changes)
        assert (first.op, first.id, first.record, first.table) == ("create", 2, {"id": 2, "age": 20}, "users")
        waiting = asyncio.ensure_future(anext(changes))
        await database.delete("users", 1)
        await database.delete("users", 2)
        second = await waiting
        assert (second.op, second.id, second.record) == ("delete", 2, None)
        again = database.changes(since=first.position)
        assert [(await anext(again)).op for _ in range(2)] == ["delete", "delete"]


async def test_a_follower_that_waits_is_told_that_the_database_is_closed():
    async with Database() as database:
        changes = database.changes()
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
    with pytest.raises(RamekinError, match="closed"):
        await waiting


async def test_a_follower_that_is_too_slow_is_told():
    async with Database() as database:
        database.engine.tables.history.max_changes = 3
        changes = database.changes()
        for i in range(4):
            await database.insert("t", {"id": i})
        with pytest.raises(ChangesGone):
            await anext(changes)
