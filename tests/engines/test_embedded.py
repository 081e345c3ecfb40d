"""What the engine in this process does besides the contract: it lets go of indexes that nothing uses."""

import pytest

from ramekin.changes import Change
from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.engine.tables import SWEEP_S
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field
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
