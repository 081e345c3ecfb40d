"""Whoever follows a database that processes share may ask any of them: positions are the database's."""

import pytest

from ramekin import Database
from ramekin.database.following import ChangesRequest
from ramekin.engine.work import Work
from ramekin.errors import ChangesGone
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.testing.engines.steps import body, change, define, drop, load, put
from tests.cluster.processes import agree, another, servers_of, sharing
from tests.cluster.test_replicated import left_behind, parted

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


async def told(engine, since=None):
    """Return what one process tells of what has happened since a position, and the last position."""
    await engine._link.catch_up()
    page = await Database(engine=engine).follow(ChangesRequest(since=since, limit=10_000)).page(Work())
    return [(each.position, each.table, each.op, each.id, each.record) for each in page.changes], page.latest


async def test_every_process_tells_the_same_from_the_same_position(servers):
    async with sharing(servers, 2) as [one, other]:
        _, begin = await told(one)
        await put(one, "t", body(1), body("x"))
        await put(other, "t", body(2))
        await change(other, "t", "1", lambda _: body(1, n=1))
        await define(one, "t", Definition(indexes=(IndexDefinition("n", "sorted"),)))
        await load(other, {"s": {str(n): body(n) for n in range(1200)}, "t": {}})
        await put(one, "many", *(body(n) for n in range(1500)))
        await drop(one, "s")
        found, latest = await told(one, begin)
        assert (found, latest) == await told(other, begin)
        assert [entry[1:4] for entry in found[:5]] == [
            ("t", "create", 1),
            ("t", "create", "x"),
            ("t", "create", 2),
            ("t", "replace", 1),
            ("t", "define", None),
        ]
        assert [entry[2] for entry in found].count("create") == 3 + 1500
        assert found[-1][1:3] == ("s", "drop")
        middle = found[3][0]
        assert await told(one, middle) == await told(other, middle)
        await agree(one, other)


async def test_a_process_that_read_everything_anew_says_what_it_cannot_tell(servers, node):
    async with sharing(servers) as [one, other]:
        _, begin = await told(one)
        await put(one, "t", body(1))
        assert await told(one, begin) == await told(other, begin)
        async with left_behind(other):
            await put(one, "t", body(2))
            await put(one, "t", body(3))
            node.ask("XTRIM", one._link.keys.of("feed"), "MAXLEN", 0)
        found, latest = await told(one, begin)
        assert len(found) == 3
        with pytest.raises(ChangesGone):
            await told(other, begin)
        assert await told(other, latest) == ([], latest)
        async with another(one) as new:
            with pytest.raises(ChangesGone):
                await told(new, begin)
        await put(other, "t", body(4))
        assert await told(other, latest) == await told(one, latest)


async def test_a_position_behind_a_step_that_a_failover_lost_is_never_taken_for_a_good_one():
    async with parted() as (one, behind, ahead):
        follower = Database(engine=one).follow(ChangesRequest())
        _, begin = await told(ahead)
        await put(behind, "t", body("lost"), body("too"))
        page = await Database(engine=behind).follow(ChangesRequest(since=begin, limit=1)).page(Work())
        lost, midst = page.latest, page.next
        assert midst.endswith(".1")
        await put(ahead, "t", body("kept"))
        [(kept, *_)], _ = await told(ahead, begin)
        await one.tables.refresh()
        with pytest.raises(ChangesGone):
            [*follower.some()]
        await put(ahead, "t", body("later"))
        for gone in (lost, midst):
            with pytest.raises(ChangesGone):
                await told(ahead, gone)
        assert [each[3] for each in (await told(ahead, kept))[0]] == ["later"]
