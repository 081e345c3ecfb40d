"""Random writes with lifetimes, a clock that is set, and restarts, against a dictionary of values and due times."""

from __future__ import annotations

import asyncio
import json
import os
from itertools import pairwise
from math import ceil
from random import Random

import pytest

from ramekin import Database, RamekinError
from ramekin.database.operations import Operation
from ramekin.testing.clock import SetClock

SEQUENCES = int(os.environ.get("SEQUENCES", "25"))
TABLES = {"plain": None, "session": 5}
TTLS = [None, None, 1, 2, 7, "none"]
ENGINES = {"in memory": (None, 20), "everysec": ("everysec", 50), "always": ("always", 100)}


class Model:
    """What a table should hold: by id, a value and the second from which on it is not there."""

    def __init__(self, clock):
        self.clock = clock
        self.held = {name: {} for name in TABLES}

    @property
    def now(self):
        return self.clock.now.timestamp()

    def alive(self, table):
        held = self.held[table]
        return {key: value for key, (value, due) in held.items() if due is None or due > self.now}

    def write(self, table, key, value, ttl, *, keeps=False):
        if ttl is None and keeps:
            due = self.held[table][key][1]
        else:
            seconds = TABLES[table] if ttl is None else ttl
            due = None if seconds in (None, "none") else ceil(self.now) + seconds
        self.held[table][key] = (value, due)


class Run:
    def __init__(self, seed, folder, fsync):
        self.random, self.folder, self.fsync = Random(seed), folder, fsync
        self.clock = SetClock()
        self.model = Model(self.clock)

    def made(self):
        if self.fsync is None:
            return Database(clock=self.clock)
        return Database(directory=self.folder, fsync=self.fsync, clock=self.clock)

    async def go(self):
        for _ in range(3 if self.fsync else 1):
            async with self.made() as database:
                self.database = database
                for table, seconds in TABLES.items():
                    definition = {"unique": ["u"], "indexes": [{"field": "v", "kind": "sorted"}]}
                    await database.define(table, {**definition, "expire_after_s": seconds})
                for _ in range(25):
                    await self.step()
                    await self.check()
            self.clock.advance(self.random.choice([0, 0.5, 3]))

    async def step(self):
        random = self.random
        table, key, ttl = random.choice([*TABLES]), random.randrange(6), random.choice(TTLS)
        step = random.choice(
            [self.put, self.patch, self.delete, self.bulk, self.batch, self.load, self.wait, self.wait]
        )
        await step(table, key, ttl)

    def value(self, key):
        return {"id": key, "u": key, "v": self.random.randrange(3)}

    async def put(self, table, key, ttl):
        value = self.value(key)
        await self.database.replace(table, key, value, upsert=True, ttl=ttl)
        self.model.write(table, key, value, ttl)

    async def patch(self, table, key, ttl):
        alive, patch = self.model.alive(table), {"v": self.random.randrange(3)}
        try:
            outcome = await self.database.patch(table, key, patch, ttl=ttl)
        except RamekinError as error:
            assert (error.code, key in alive) == ("record-not-found", False)
        else:
            self.model.write(table, key, alive[key] | patch, ttl, keeps=True)
            assert outcome.record == alive[key] | patch

    async def delete(self, table, key, _):
        try:
            await self.database.delete(table, key)
        except RamekinError:
            assert key not in self.model.alive(table)
        else:
            assert key in self.model.alive(table)
            del self.model.held[table][key]

    async def bulk(self, table, _, ttl):
        keys, rule = self.random.sample(range(6), 3), self.random.choice(["error", "ignore", "replace", "merge"])
        alive, values = self.model.alive(table), {key: self.value(key) for key in keys}
        try:
            await self.database.insert(table, [*values.values()], on_conflict=rule, ttl=ttl)
        except RamekinError as error:
            assert error.code == "record-exists"
            assert alive.keys() & values.keys()
            return
        assert rule != "error" or not alive.keys() & values.keys()
        for key, value in values.items():
            if key not in alive or rule in ("replace", "merge"):
                self.model.write(table, key, value, ttl, keeps=key in alive and rule == "merge")

    async def batch(self, _, key, ttl):
        operations = []
        for table in TABLES:
            value = self.value(key)
            operations.append(Operation("upsert", table, str(key), value, ttl=ttl))
            operations.append(Operation("patch", table, str(key), {"v": 9}, ttl=self.random.choice([None, 3])))
            self.model.write(table, key, value, ttl)
            self.model.write(table, key, value | {"v": 9}, operations[-1].ttl, keeps=True)
        await self.database.write(operations)

    async def load(self, table, key, ttl):
        values = {each: self.value(each) for each in {key, key + 1}}
        await self.database.load([(table, value) for value in values.values()], ttl=ttl)
        for each, value in values.items():
            self.model.write(table, each, value, ttl)

    async def wait(self, *_):
        self.clock.advance(self.random.choice([0.25, 1, 1, 2, 4]))

    async def check(self):
        database, looks = self.database, [self.look_at_records, self.look_at_list, self.look_at_counts]
        self.random.shuffle(looks)  # each has to be right when it comes first
        for table in TABLES:
            alive = self.model.alive(table)
            for look in looks:
                await look(table, alive)
        pairs = (await database.join("plain", "session", "id=id")).pairs
        assert len(pairs) == len(self.model.alive("plain").keys() & self.model.alive("session").keys())

    async def look_at_records(self, table, alive):
        for key in range(7):
            try:
                found = json.loads(await self.database.get(table, key))
            except RamekinError:
                assert key not in alive
            else:
                assert found == alive[key]
                due, told = self.model.held[table][key][1], await self.database.due(table, key)
                assert (told.timestamp() if told else None) == due

    async def look_at_list(self, table, alive):
        page = await self.database.find(table, where={"v": {"gte": 1}}, sort="v", count=True)
        found = [json.loads(row) for row in page.rows]
        assert page.total == len(found)
        assert all(a["v"] <= b["v"] for a, b in pairwise(found))
        assert {each["id"]: each for each in found} == {key: each for key, each in alive.items() if each["v"] >= 1}
        dumped = [record async for _, record in self.database.dump(table) if record]
        assert {each["id"]: each for each in dumped} == alive

    async def look_at_counts(self, table, alive):
        info = await self.database.table(table)
        dues = [self.model.held[table][key][1] for key in alive]
        assert (info.stats.records, info.stats.expiring) == (len(alive), sum(due is not None for due in dues))


@pytest.mark.parametrize(("fsync", "part"), ENGINES.values(), ids=ENGINES)
def test_a_record_is_there_until_it_is_due_and_never_after(tmp_path, fsync, part):
    for seed in range(1 + SEQUENCES // part):
        run = Run(seed, tmp_path / str(seed), fsync)
        try:
            asyncio.run(run.go())
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
