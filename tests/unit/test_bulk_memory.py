"""What a bulk holds until it is applied: its bodies and a little for each, never its records as values."""

import tracemalloc

import pytest

from ramekin import Database
from ramekin.engine.work import Work
from ramekin.errors import InvalidRecord
from ramekin.formats.record_text import ArrayText
from ramekin.values import codec

pytestmark = pytest.mark.anyio

RECORDS = 3000
MEMBERS = {f"member{i}": i * 1000 for i in range(12)}
"""As values these take over 1,000 bytes."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("rule", ["ignore", "replace"])
async def test_a_bulk_holds_no_records_as_values(rule, monkeypatch):
    monkeypatch.setattr("ramekin.engine.work.TURN_S", 1.0)
    text = codec.dump([{"id": i, **MEMBERS} for i in range(RECORDS)])
    async with Database() as database:
        await database.insert("t", [{"id": 1}])
        tracemalloc.start()
        try:
            done = await database.insert("t", ArrayText(text, 10**6), on_conflict=rule, is_parsed=True)
            stays, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(done) == RECORDS
    assert (peak - stays) / RECORDS < 400


@pytest.mark.parametrize("kind", [list, iter], ids=["list", "iterator"])
async def test_a_bulk_is_read_again_where_its_table_is_defined_meanwhile(kind, monkeypatch):
    records = [{"id": i, "n": str(i)} for i in range(3)]
    async with Database() as database:
        rest, left = Work.rest, [5]

        async def define_first(work):
            left[0] -= 1
            if left[0] == 0:
                await database.define("t", {"schema": {"required": ["n"]}})
            await rest(work)

        monkeypatch.setattr(Work, "rest", define_first)
        done = await database.insert("t", kind(records))
    assert left[0] < -5, "all was done twice"
    assert [outcome.key for outcome in done] == ["0", "1", "2"]


async def test_a_bulk_that_the_new_definition_refuses_stores_none(monkeypatch):
    async with Database() as database:
        rest, left = Work.rest, [3]

        async def define_first(work):
            left[0] -= 1
            if left[0] == 0:
                await database.define("t", {"schema": {"required": ["m"]}})
            await rest(work)

        monkeypatch.setattr(Work, "rest", define_first)
        with pytest.raises(InvalidRecord):
            await database.insert("t", [{"id": 1}])
        assert database.record_count("t") == 0
