"""Engines that share one database as processes do, and what they are to agree on."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from inspect import isawaitable

from ramekin.cluster.address import Address, Servers
from ramekin.engine.replicated import Replicated


def servers_of(nodes):
    return Servers(tuple(Address(node.host, node.port) for node in nodes))


@asynccontextmanager
async def sharing(servers, count=2, **options):
    """Give some engines on a database of their own, which are open."""
    name = secrets.token_hex(8)
    engines = [Replicated(servers, name, **options) for _ in range(count)]
    try:
        for engine in engines:
            await engine.open()
        yield engines
    finally:
        for engine in engines:
            await engine.close()


@asynccontextmanager
async def another(engine, servers=None):
    """Give one more engine on the database of another, which begins now."""
    new = Replicated(servers or engine._link.servers, engine._link.keys.database)
    await new.open()
    yield new
    await new.close()


def everything(engine):
    """Return all that an engine holds: definitions, revisions and records by table, tables in their order."""
    return [
        (table.name, table.revision, table.definition, dict(sorted(table.records.bodies.items())))
        for table in engine.tables.catalog
    ]


def versions_of(engine):
    """Return what an engine knows of the steps that made, defined and changed each table."""
    chronicle = engine._link.replica.chronicle
    return chronicle.births, chronicle.name, {name: engine.tables.version(name) for name in chronicle.births}


async def agree(*engines):
    """Wait until all engines have seen all that happened, and see that they hold the same, and count it the same."""
    for engine in engines:
        await engine._link.catch_up()
    first = everything(engines[0])
    for engine in engines[1:]:
        assert everything(engine) == first
        assert versions_of(engine) == versions_of(engines[0])
    async with another(engines[0]) as new:
        assert everything(new) == first
        assert versions_of(new) == versions_of(engines[0])
        await claims_are_right(new)
    for engine in engines:
        for table in engine.tables.catalog:
            assert table.size_bytes == sum(map(len, table.records.bodies.values()))


async def claims_are_right(engine):
    """See that the cluster's claims are those of the records."""
    from ramekin.cluster.claims import claims_of

    for table in engine.tables.catalog:
        wanted = {
            claim: key for key, body in table.records.bodies.items() for claim in claims_of(table.unique_fields, body)
        }
        words = await engine._link.line.read("HGETALL", engine._link.keys.claims(table.name))
        found = {claim.decode(): key.decode() for claim, key in zip(words[::2], words[1::2], strict=True)}
        assert found == wanted, table.name


async def soon(is_so, seconds=30.0):
    """Wait until something is so, which may have to be awaited."""
    for _ in range(int(seconds / 0.01)):
        said = is_so()
        if (await said) if isawaitable(said) else said:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is not so yet")


async def is_well(engine):
    """Say whether an engine says so. It does not while a busy machine keeps it from hearing its node."""
    return await engine.state() == "ok"
