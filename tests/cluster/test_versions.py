"""What tells the contents of a table from all others: the same in every process, and never the same for two contents."""

import pytest

from ramekin import Database
from ramekin.database.following import ChangesRequest
from ramekin.engine.work import Work
from ramekin.testing.engines.steps import body, change, drop, load, put
from tests.cluster.processes import agree, another, servers_of, sharing, soon, versions_of
from tests.cluster.test_replicated import left_behind, parted

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


def version_of(engine, table="t"):
    """Return what weak tags are made of."""
    return engine.tables.lineage, engine.tables.version(table)


async def test_another_step_that_gets_the_number_of_a_lost_one_has_another_name():
    async with parted() as (one, behind, ahead):
        await put(behind, "t", body("lost"))
        await put(ahead, "t", body("kept"))
        number = behind.tables.catalog.table("t").revision
        assert number == ahead.tables.catalog.table("t").revision
        assert version_of(behind) != version_of(ahead)
        await put(behind, "t", body("later"))
        await put(ahead, "t", body("later"))
        assert version_of(behind) != version_of(ahead), "names are made of all before"
        await one.tables.refresh()
        assert version_of(one) == version_of(ahead)


async def test_what_is_read_while_others_write_has_the_versions_of_those_who_followed(servers):
    async with sharing(servers) as [one, other]:
        await load(one, {"t": {str(n): body(n) for n in range(3)}, "s": {}})
        replica, read = other._link.replica, other._link.replica._read_table

        async def slowly(name, *rest):
            if name == "t":  # what is read then has the changes, and the steps that made them come behind it
                await put(one, "u", body(1))
                await change(one, "t", "1", lambda _: None)
                await drop(one, "s")
            await read(name, *rest)

        replica._read_table = slowly
        async with left_behind(other):
            connection = await other._link.slot.connect("ramekin-test")
            await other._link.feed._begin_anew(connection)
            connection.close()
        await agree(one, other)
        assert versions_of(one) == versions_of(other)


async def test_processes_that_ask_for_nothing_hear_that_the_database_is_another_one():
    from tests.cluster.nodes import running

    with running() as [node]:
        async with sharing(servers_of([node]), reads="local") as [one, other]:
            before = other.tables.lineage
            node.ask("FLUSHALL")
            await soon(lambda: other.tables.lineage != before and one.tables.lineage == other.tables.lineage)
            await put(one, "t", body(1))
            async with another(one) as new:
                assert version_of(new) == version_of(one)
            await soon(lambda: other._link.feed.number == 1)
            assert version_of(other) == version_of(one)


class Stopped:
    """A clock that stands at a moment."""

    steady_s = staticmethod(lambda: 0.0)

    def __init__(self, at_ms):
        self._at_ms = at_ms

    def wall_ms(self):
        return self._at_ms


async def test_every_process_tells_when_a_step_happened_as_the_one_that_made_it(servers):
    async with sharing(servers, 2) as [one, other]:
        one._link.line._clock = Stopped(1_000_000)
        followers = [Database(engine=engine).follow(ChangesRequest()) for engine in (one, other)]
        await put(one, "t", body(1))
        await load(one, {"s": {str(n): body(n) for n in range(3)}})
        await put(one, "many", *(body(n) for n in range(1500)))
        await agree(one, other)
        for follower in followers:
            page = await follower.page(Work())
            assert {change.at_ms for change in page.changes} == {1_000_000}


async def test_whole_tables_are_in_one_order_in_every_process(servers):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(3), body("x"), body(1), body("a"), *(body(n) for n in range(1000, 500, -1)))
        await other._link.catch_up()
        await change(other, "t", "3", lambda _: None)
        await put(other, "t", body(3), body(2))
        await load(one, {"s": {"b": body("b"), "a": body("a")}})
        async with another(one) as new:
            dumps = [[each async for each in Database(engine=engine).dump()] for engine in (one, other, new)]
        assert dumps[0] == dumps[1] == dumps[2]
        assert [record["id"] for _, record in dumps[0][1:4]] == [1, 2, 3]
        assert [record["id"] for _, record in dumps[0][-2:]] == ["a", "b"]
