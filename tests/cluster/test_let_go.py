"""What nobody needs any more, after large steps of others and after all was read anew, is taken apart in turns."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ramekin.changes import Change, Loaded, Written
from ramekin.cluster.node_connection import Lost
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.storage.garbage import Garbage
from ramekin.storage.staging import LARGE
from ramekin.testing.engines.steps import body, define, load, put, write
from tests.cluster.processes import agree, servers_of, sharing, soon

pytestmark = pytest.mark.anyio

MANY = LARGE + 500


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


def records(kind):
    return {str(n): body(n, k=kind) for n in range(MANY)}


@pytest.fixture
def taken(monkeypatch):
    """Hold on to what is left to be taken apart: what is freed at once would keep all that it has."""
    held = []
    take = Garbage.take

    def noted(self, structure, *size_bytes):
        held.extend((piece, next(iter(piece), None)) for piece in structure.pieces())
        take(self, structure, *size_bytes)

    monkeypatch.setattr(Garbage, "take", noted)
    return held


async def is_taken_apart(taken, *those):
    """See that some dictionaries and lists are among what was left, and have nothing any more soon."""
    assert {id(each) for each in those} <= {id(piece) for piece, _ in taken}
    await soon(lambda: not any(those))


@asynccontextmanager
async def left_behind(engine, node):
    """Have an engine not follow for a while, and the nodes forget what happens meanwhile."""
    engine._link._tasks[1].cancel()
    yield
    node.ask("XTRIM", engine._link.keys.of("feed"), "MAXLEN", 0)
    engine._link._tasks[1] = asyncio.create_task(engine._link.feed.run())


async def test_tables_that_gave_way_to_those_that_were_read_anew(servers, node, taken):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(indexes=(IndexDefinition("k", "hash"),)))
        await load(one, {"t": records("before")})
        await agree(one, other)
        table = other.tables.catalog.table("t")
        old = [table.records.bodies, *(piece for index in table.indexes.values() for piece in index.pieces())]
        async with left_behind(other, node):
            await load(one, {"t": records("after")})
        await soon(lambda: other._link.feed.readings == 2)
        await is_taken_apart(taken, *old)
        await agree(one, other)


async def test_tables_whose_reading_was_given_up(servers, node, taken):
    async with sharing(servers) as [one, other]:
        await load(one, {"t": records("before")})
        await agree(one, other)
        replica, given_up = other._link.replica, []
        repeat_all = replica._repeat_all

        async def lost(step, connection, catalog, chronicle):
            given_up.append(catalog.table("t").records.bodies)
            replica._repeat_all = repeat_all
            raise Lost("The node was lost.")

        replica._repeat_all = lost
        async with left_behind(other, node):
            await put(one, "t", body("new"))
        await soon(lambda: other._link.feed.readings == 2)
        await is_taken_apart(taken, *given_up)
        await agree(one, other)


@pytest.mark.parametrize("kind", ["load", "bulk"])
async def test_what_a_large_step_of_another_process_was_told_in(servers, taken, kind):
    async with sharing(servers) as [one, other]:
        await load(one, {"t": records("before")})
        await agree(one, other)
        told, tell = [], other._link.replica._told

        async def noted(*entry):
            told.append(await tell(*entry))
            return told[-1]

        other._link.replica._told = noted
        before = records("before")
        if kind == "load":
            assert await one.apply(Loaded({"t": records("after")}))
        else:
            await write(one, [Change("t", key, before[key], body(int(key))) for key in before])
        await agree(one, other)
        [step] = told
        if isinstance(step, Loaded):
            await is_taken_apart(taken, *step.tables.values())
        else:
            assert isinstance(step, Written)
            [left] = [piece for piece, first in taken if first is step.changes[0]]
            await is_taken_apart(taken, left)
