"""What the engine in this process does besides the contract: it lets go of indexes that nothing uses."""

import pytest

from ramekin.changes import Change
from ramekin.database.database import Database
from ramekin.database.operations import Operation, Outcome
from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.engine.tables import SWEEP_S
from ramekin.errors import NotUnique
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field
from ramekin.storage.indexes import FieldIndex
from ramekin.testing import SetClock
from ramekin.testing.engines.steps import define, write
from ramekin.values import codec

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def indexed(engine):
    return {index.field for index in engine.tables.index_stats("t")}


async def use(engine, name):
    async with engine.tables.view([Access("t", equal=(Field((name,)),))]):
        pass


async def test_an_index_goes_when_nothing_has_used_it_for_long_and_a_pinned_one_stays():
    clock = SetClock()
    engine = Embedded(index_idle_s=600, clock=clock)
    await define(engine, "t", Definition(unique=("u",), indexes=(IndexDefinition("p", "hash"),)))
    await write(engine, [Change("t", "1", None, codec.dump({"id": 1, "u": 1, "a": 1, "b": 1}))])
    await use(engine, "a")
    await use(engine, "b")
    clock.advance(599)
    await use(engine, "b")
    assert await indexed(engine) == {"u", "p", "a", "b"}
    clock.advance(SWEEP_S)
    await use(engine, "b")
    assert await indexed(engine) == {"u", "p", "b"}
    clock.advance(601)
    await write(engine, [Change("t", "2", None, codec.dump({"id": 2}))])
    assert await indexed(engine) == {"u", "p"}
    await use(engine, "a")
    assert await indexed(engine) == {"u", "p", "a"}


async def test_a_view_keeps_what_it_holds_while_the_index_goes():
    clock = SetClock()
    engine = Embedded(index_idle_s=600, clock=clock)
    await write(engine, [Change("t", "1", None, codec.dump({"id": 1, "a": 1}))])
    async with engine.tables.view([Access("t", equal=(Field(("a",)),))]) as view:
        clock.advance(10_000)
        await write(engine, [Change("t", "2", None, codec.dump({"id": 2, "a": 1}))])
        assert await indexed(engine) == set()
        assert [row[0] for row in (await view.lookup("t", Field(("a",)), ["1"]))[0]] == [1]


async def test_a_write_waits_for_nothing_though_a_field_of_its_table_is_unique():
    async with Database() as database:
        await database.define("t", {"unique": ["u"]})
        await database.insert("t", [{"id": 0, "u": 0}])
        for i, u in ((1, 1), (2, 2), (1, 3), (2, 1)):
            assert type(database.apply_now(Operation("upsert", "t", str(i), {"u": u}))) is Outcome
        with pytest.raises(NotUnique):
            database.apply_now(Operation("patch", "t", "1", {"u": 0}))
        assert await database.get("t", 1) == b'{"id":"1","u":3}'


async def test_a_write_that_leaves_unique_values_as_they_are_asks_nobody_whether_they_are_taken(monkeypatch):
    async with Database() as database:
        await database.define("t", {"unique": ["u"]})
        await database.insert("t", [{"id": 1, "u": 1}, {"id": 2}])
        monkeypatch.setattr(FieldIndex, "find_joined", None)
        for key in ("1", "2"):
            assert await database.patch("t", key, {"a": 1})
        with pytest.raises(TypeError):
            await database.patch("t", 2, {"u": 2})
