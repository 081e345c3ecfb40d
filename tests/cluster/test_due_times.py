"""Due times on nodes: what one process writes, all see until it is due, and none after; who comes later reads them."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from ramekin import Database
from ramekin.database.following import ChangesRequest
from ramekin.engine.replicated import Replicated
from ramekin.testing.clock import SetClock
from tests.cluster.processes import servers_of, soon
from tests.stateful.test_expiry import Run

pytestmark = pytest.mark.anyio


class Shared(Run):
    """Random writes of one process, each of which another one has to show."""

    def __init__(self, seed, servers):
        super().__init__(seed, None, "shared")
        self.servers, self.name = servers, secrets.token_hex(8)

    def made(self):
        return Database(engine=Replicated(self.servers, self.name, clock=self.clock))

    async def step(self):
        mine = self.database
        await super().step()
        if self.random.random() < 0.5:
            async with self.made() as self.database:  # it reads everything anew
                await self.check()
        self.database = mine


def test_records_on_nodes_are_there_until_they_are_due_and_never_after(node):
    for seed in range(1):
        asyncio.run(Shared(seed, servers_of([node])).go())


async def test_any_process_takes_out_what_is_due_and_all_tell_the_same(node):
    clock, name = SetClock(), secrets.token_hex(8)
    engines = [Replicated(servers_of([node]), name, clock=clock) for _ in range(2)]
    async with Database(engine=engines[0]) as one, Database(engine=engines[1]) as other:
        await one.define("t", {"unique": ["u"], "expire_after_s": 10})
        await one.insert("t", [{"id": i, "u": i} for i in range(200)])
        await one.load([("t", {"id": f"l{i}", "u": f"l{i}"}) for i in range(1500)])
        await engines[1].tables.refresh()
        follower = other.follow(ChangesRequest(None))
        clock.advance(10)
        counts = await asyncio.gather(*((each.find("t", count=True)) for each in (one, other)))
        assert [page.total for page in counts] == [0, 0]
        await other.insert("t", {"id": "x", "u": 5})
        await engines[0].tables.refresh()
        assert await one.revision("t") == await other.revision("t")
        told = [change.op for change in follower.some() if change is not None]
        assert told
        assert set(told) == {"expire", "create"}


async def test_a_process_that_is_closed_looks_for_nothing_that_is_due(node):
    engine = Replicated(servers_of([node]), secrets.token_hex(8))
    async with Database(engine=engine) as database:
        await database.insert("t", {"id": 1}, ttl=1)
    await asyncio.sleep(1.5)
    timer = engine.tables.expirations._timer
    assert timer is None or timer.cancelled()


def test_records_go_by_themselves_in_another_loop_too(node):
    engine = Replicated(servers_of([node]), secrets.token_hex(8))
    database = Database(engine=engine)

    async def write():
        await engine.open()
        await database.insert("t", {"id": 1}, ttl=1)

    async def wait():
        await database.tables()
        await soon(lambda: database.record_count("t") == 0)
        await engine.close()

    asyncio.run(write())
    asyncio.run(wait())
