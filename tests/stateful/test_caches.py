"""Random reads and writes of a cache, one by one and many at once, with restarts: the feed tells what is there."""

from __future__ import annotations

import asyncio
import json
import os
from random import Random

import pytest

from ramekin import Database, RamekinError
from ramekin.database.following import ChangesRequest
from ramekin.database.operations import Operation

SEQUENCES = int(os.environ.get("SEQUENCES", "50"))
ENGINES = {"in memory": (None, 20), "everysec": ("everysec", 50), "always": ("always", 100)}
MOST = 5
KEYS = [f"k{n}" for n in range(12)]


class Run:
    def __init__(self, seed, folder, fsync):
        self.random, self.folder, self.fsync = Random(seed), folder, fsync
        self.told = {}
        """What is there, as far as the feed has told."""

    def made(self):
        return Database() if self.fsync is None else Database(directory=self.folder, fsync=self.fsync)

    async def go(self):
        for _ in range(3 if self.fsync else 1):
            async with self.made() as database:
                self.database = database
                assert await self.there() == self.told, "a restart has another state"
                definition = {"unique": ["u"], "indexes": [{"field": "v", "kind": "sorted"}], "max_records": MOST}
                await database.define("t", definition)
                self.position = (await self.since(None)).latest
                for _ in range(15):
                    await self.step()
                    await self.check()

    async def since(self, position):
        return await self.database.changed(ChangesRequest(("t",), since=position, limit=1000))

    async def there(self):
        if "t" not in self.database.engine.tables:
            return {}
        return {json.loads(row)["id"]: json.loads(row) for row in (await self.database.find("t")).rows}

    def record(self, key):
        return {"id": key, "u": self.random.randrange(30), "v": self.random.randrange(5)}

    async def step(self):
        keys = self.random.sample(KEYS, self.random.choice([1, 1, 2, 4]))
        kind = self.random.choice(["read", "one", "one", "bulk", "batch", "at once"])
        self.kept = []
        if kind == "read":
            await asyncio.gather(*(self.tried(self.database.get("t", key)) for key in keys))
        elif kind == "one":
            self.kept = keys[:1] if await self.tried(self.put(keys[0])) else []
        elif kind == "bulk":
            records = [self.record(key) for key in keys]
            self.kept = keys if await self.tried(self.database.insert("t", records, on_conflict="replace")) else []
        elif kind == "batch":
            ops = [Operation("upsert", "t", key, self.record(key)) for key in keys[1:]]
            ops += [Operation("delete", "t", keys[0])]
            self.kept = keys[1:] if await self.tried(self.database.write(ops)) else []
        else:
            deeds = [self.put(key) if self.random.random() < 0.8 else self.database.delete("t", key) for key in KEYS]
            await asyncio.gather(*map(self.tried, deeds))

    def put(self, key):
        return self.database.replace("t", key, self.record(key), upsert=True)

    async def tried(self, deed):
        """Say whether a deed was done."""
        try:
            await deed
        except RamekinError:
            return False
        return True

    async def check(self):
        page = await self.since(self.position)
        self.position = page.latest
        for change in page.changes:
            if change.body is None:
                del self.told[change.id]
            else:
                self.told[change.id] = json.loads(change.body)
        there = await self.there()
        assert there == self.told
        assert len(there) <= MOST
        assert there.keys() >= set(self.kept), "what was written last gave way"
        by_index = (await self.database.find("t", where={"v": {"gte": 0}}, sort="v")).rows
        assert sorted(json.loads(row)["id"] for row in by_index) == sorted(there)
        [table] = self.database.engine.tables.catalog
        assert table.memory_bytes == table.recount()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_feed_tells_what_a_cache_holds_and_it_holds_no_more(engine, tmp_path):
    fsync, dearer = ENGINES[engine]
    for seed in range(max(1, SEQUENCES * 2 // dearer)):
        asyncio.run(Run(seed, tmp_path / str(seed), fsync).go())
