"""A node that has reached its maxmemory takes nothing more, and all that makes room; what is there is read."""

import asyncio
import secrets

import pytest

from ramekin.changes import Change
from ramekin.errors import MemoryLimit
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, change, define, drop, load, put, write
from tests.cluster.nodes import running
from tests.cluster.processes import agree, servers_of, sharing

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def full_node():
    """A node with a replica, and room for little."""
    with running(replicas=1, maxmemory="12mb", maxmemory_policy="noeviction") as nodes:
        yield nodes


async def fill(engine, table="t", size=20_000):
    """Store records until the node refuses one; return how many there are."""
    for number in range(5000):
        try:
            await put(engine, table, *(body(f"{number}-{n}", text="x" * (size // 20)) for n in range(20)))
        except MemoryLimit:
            return 20 * number
    raise AssertionError("it is not full yet")


async def is_full(engine):
    try:
        await put(engine, "other", body(secrets.token_hex(4), text="y" * 1000))
    except MemoryLimit:
        return True
    return False


@pytest.fixture
async def full(full_node):
    full_node[0].ask("FLUSHALL")
    async with sharing(servers_of(full_node), acknowledged_by="replicas") as engines:
        await define(engines[0], "t", Definition(unique=("id",)))
        await fill(engines[0])
        while not await is_full(engines[0]):  # what one large record lacks may be room for small ones
            pass
        yield engines
        await agree(*engines)


async def test_what_is_there_is_read_and_processes_begin(full):
    one, other = full
    await asyncio.gather(one.tables.refresh(), other.tables.refresh())
    assert other.tables.get("t", "0-0") == one.tables.get("t", "0-0")
    await agree(one, other)


async def test_records_go_one_by_one_until_there_is_room(full):
    one, other = full
    keys = list(one.tables.catalog.table("t").records.bodies)
    for count, key in enumerate(keys):
        await change(other, "t", key, lambda _: None)
        if count % 20 == 19 and not await is_full(one):
            break
    else:
        raise AssertionError("all is gone, and the node is full")
    assert count < len(keys) / 2


@pytest.mark.parametrize(
    "away",
    [
        lambda engine: drop(engine, "t"),
        lambda engine: load(engine, {}, replace=True),
        lambda engine: load(engine, {"t": {}}, replace=True),
        lambda engine: _delete_all(engine, 20),
        lambda engine: _delete_all(engine, 10**6),
    ],
    ids=["drop", "replace by nothing", "replace by an empty table", "in bulks", "at once"],
)
async def test_whole_tables_go(full, away):
    await away(full[0])
    await agree(*full)
    assert not await is_full(full[1])


async def _delete_all(engine, at_once):
    bodies = list(engine.tables.catalog.table("t").records.bodies.items())
    for start in range(0, len(bodies), at_once):
        assert await write(engine, [Change("t", key, body, None) for key, body in bodies[start : start + at_once]])


@pytest.mark.long
async def test_small_records_go_though_what_is_told_of_each_is_longer(full_node):
    full_node[0].ask("FLUSHALL")
    async with sharing(servers_of(full_node)) as [one, other]:
        count = await fill(one, "small", 400)
        assert count > 1200, "they are many, so that to delete all is a large step"
        for key in list(one.tables.catalog.table("small").records.bodies)[:300]:
            await change(one, "small", key, lambda _: None)
        assert not await is_full(other)
        await agree(one, other)


async def test_a_load_that_does_not_fit_leaves_all_as_it_was(full_node):
    full_node[0].ask("FLUSHALL")
    async with sharing(servers_of(full_node)) as [one, other]:
        await put(one, "t", body(1))
        with pytest.raises(MemoryLimit):
            await load(one, {"s": {str(n): body(n, text="x" * 1000) for n in range(20_000)}})
        assert "s" not in other.tables
        await agree(one, other)
