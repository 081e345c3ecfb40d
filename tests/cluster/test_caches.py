"""Caches that processes share: any of them has records give way, none twice to the same excess, and all hold the same."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from ramekin import Database
from ramekin.changes import Dropped
from ramekin.engine import shared_evictions
from ramekin.engine.replicated import Replicated
from ramekin.errors import MemoryLimit
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, change, define, ids, load, put
from tests.cluster.nodes import running
from tests.cluster.processes import agree, another, servers_of, sharing, soon
from tests.cluster.test_maxmemory import fill
from tests.stateful.test_caches import Run

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


def counted(engine):
    """Return how many records of the cache there are, and gave way."""
    stats = engine.tables.table_stats("t")
    return stats.records, stats.evicted


async def evictions_between(engine, number):
    entries = engine.tables.history.behind(number)
    return [len(entry.changes) for entry in entries if entry.reason == "evict"]


async def test_no_record_gives_way_to_an_excess_that_another_process_ended(servers):
    async with sharing(servers, 3) as engines:
        await define(engines[0], "t", Definition(max_records=50, unique=("k",)))
        for engine in engines:
            await engine.tables.refresh()

        async def fill(engine, name):
            for n in range(20):
                await put(engine, "t", *(body(f"{name}-{n}-{i}", k=f"{name}-{n}-{i}") for i in range(1 + n % 3)))

        await asyncio.gather(*(fill(engine, f"{i}-{j}") for i, engine in enumerate(engines) for j in range(4)))
        written = 12 * sum(1 + n % 3 for n in range(20))
        await agree(*engines)
        assert [counted(engine) for engine in engines] == [(50, written - 50)] * 3
        async with another(engines[0]) as new:
            assert counted(new) == counted(engines[0])


async def test_bytes_are_limited_as_records_are(servers):
    async with sharing(servers) as [one, other]:
        size = len(body(100))
        await define(one, "t", Definition(max_bytes=10 * size))
        await asyncio.gather(*(put(engine, "t", body(n)) for n in range(100, 200) for engine in [(one, other)[n % 2]]))
        await agree(one, other)
        assert counted(one) == counted(other) == (10, 90)


async def test_a_record_that_is_written_meanwhile_stays(servers):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(max_records=3))
        await put(one, "t", body(1), body(2), body(3))
        await other.tables.refresh()
        call, kept = one._link.line.call, []

        async def slow(function, nonce, keys, words, *rest, **more):
            if words and words[0] == "v" and not kept:
                kept.append(words[5])
                await change(other, "t", kept[0], lambda _: body(int(kept[0]), n=1))
            return await call(function, nonce, keys, words, *rest, **more)

        one._link.line.call = slow
        await put(one, "t", body(4))
        await agree(one, other)
        assert one.tables.get("t", kept[0]) == body(int(kept[0]), n=1)
        assert counted(one) == counted(other) == (3, 1)


async def test_a_process_that_ends_before_it_took_care_is_replaced(servers, monkeypatch):
    monkeypatch.setattr(shared_evictions, "OTHERS_S", 0.05)
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(max_records=3))
        await other.tables.refresh()
        await one._evictions.close()

        async def nothing(*_):
            return None, None

        one._evictions._let_happen = nothing
        await put(one, "t", *(body(n) for n in range(10)))
        assert one.tables.table_stats("t").records == 10
        await soon(lambda: counted(other) == (3, 7))
        other._evictions.let_happen = nothing
        await put(one, "t", *(body(n) for n in range(10, 20)))
        async with another(one) as new:  # nobody else takes care
            await soon(lambda: counted(new) == (3, 17))
        await agree(one, other)


async def test_what_is_read_here_stays_and_what_was_written_does_not_give_way_to_itself(servers):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(max_records=4))
        await put(one, "t", *(body(n) for n in range(4)))
        await other.tables.refresh()
        assert other.tables.get("t", "0") == body(0)
        await put(other, "t", body(4))
        assert await ids(other, "t") == [0, 2, 3, 4]
        await put(one, "t", *(body(n) for n in range(10, 14)))
        assert await ids(one, "t") == [10, 11, 12, 13]
        stats = [engine.tables.table_stats("t") for engine in (one, other)]
        assert [(each.hits, each.misses) for each in stats] == [(0, 0), (1, 0)]
        await agree(one, other)


async def test_why_records_went_is_told_everywhere_and_a_table_made_again_counts_anew(servers):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(max_records=1))
        await other.tables.refresh()
        number = other.tables.catalog.revision
        other.tables.history.begin(number)
        await put(one, "t", body(1))
        await put(one, "t", body(2))
        await other.tables.refresh()
        assert [entry.reason for entry in other.tables.history.behind(number)] == ["write", "write", "evict"]
        await define(one, "t", Definition())
        await define(one, "t", Definition(max_records=1))
        await load(one, {"s": {}}, replace=True)  # empties it
        await put(one, "t", body(3), body(4))
        await agree(one, other)
        assert counted(one) == counted(other) == (1, 2)
        await load(one, {"s": {}}, replace=True)
        await one.apply(Dropped("t"))
        await other.tables.refresh()
        await define(other, "t", Definition(max_records=1))
        await put(other, "t", body(1), body(2))
        await agree(one, other)
        assert counted(one) == counted(other) == (1, 1)


async def test_many_give_way_in_steps_that_hold_no_node_for_long(servers):
    async with sharing(servers) as [one, other]:
        await load(one, {"t": {str(n): body(n) for n in range(2500)}})
        await other.tables.refresh()
        number = other.tables.catalog.revision
        other.tables.history.begin(number)
        await define(one, "t", Definition(max_records=10))
        await agree(one, other)
        assert counted(one) == (10, 2490)
        assert max(await evictions_between(other, number)) == shared_evictions.MANY


async def test_a_cache_takes_what_comes_when_this_process_has_no_room(servers):
    async with sharing(servers, memory_limit_bytes=60_000) as [one, other]:
        database = Database(engine=one)
        await define(one, "t", Definition(max_records=10**9))
        for n in range(80):
            await put(one, "t", body(n, x="x" * 900))
        records, evicted = counted(one)
        assert (records > 20, records + evicted) == (True, 80)
        await database.insert("t", [{"id": f"n{n}", "x": "y" * 900} for n in range(30)])
        await database.load([("t", {"id": f"l{n}", "x": "x" * 900}) for n in range(30)])
        assert {f"l{n}" for n in range(30)} <= {*one.tables.catalog.table("t").records.bodies}
        with pytest.raises(MemoryLimit):
            await database.insert("others", [{"id": n, "x": "x" * 900} for n in range(100)])
        await agree(one, other)


async def test_a_cache_takes_what_comes_when_nodes_have_no_room():
    with running(maxmemory="8mb", maxmemory_policy="noeviction") as nodes:
        async with sharing(servers_of(nodes)) as [one, other]:
            await define(one, "t", Definition(max_records=10**9, unique=("id",)))
            for n in range(100):
                await put((one, other)[n % 2], "t", *(body(f"{n}-{i}", x="x" * 5000) for i in range(20)))
            await one.tables.refresh()
            records, evicted = counted(one)
            assert (evicted > 0, records + evicted) == (True, 2000)
            assert await fill(one, "others") < 5000, "what is no cache is refused"
            await agree(one, other)


class Shared(Run):
    """Random writes of one process, each of which another one has to show, and count."""

    def __init__(self, seed, servers):
        super().__init__(seed, None, "shared")
        self.servers, self.name = servers, secrets.token_hex(8)

    def made(self):
        return Database(engine=Replicated(self.servers, self.name))

    async def go(self):
        async with self.made() as self.other:
            await super().go()

    async def step(self):
        mine = self.database
        if self.random.random() < 0.5:
            self.database, self.other = self.other, self.database  # whose reads are its own
            await self.database.engine.tables.refresh()
        await super().step()
        await self.other.engine.tables.refresh()
        here, there = self.database.engine, self.other.engine
        assert {**there.tables.catalog.table("t").records.bodies} == {**here.tables.catalog.table("t").records.bodies}
        assert counted(here) == counted(there)
        if self.database is not mine:
            self.database, self.other = self.other, self.database


def test_two_processes_hold_the_same_after_each_step_and_the_feed_tells_it(node):
    for seed in range(1):
        asyncio.run(Shared(seed, servers_of([node])).go())
