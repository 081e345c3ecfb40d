"""There are only so many tables, however they come to be."""

import pytest

from ramekin import Database, errors
from ramekin.storage import catalog

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(catalog, "MAX_TABLES", 3)


async def full(database, tables=3):
    await database.load([(f"t{number}", {"id": 1}) for number in range(tables)])


@pytest.mark.parametrize(
    "make",
    [
        lambda database: database.insert("new", {"id": 1}),
        lambda database: database.define("new", {}),
        lambda database: database.load([("t0", {"id": 1}), ("new", {"id": 1})]),
        lambda database: database.load([(name, {"id": 1}) for name in "abcd"], is_replacing=True),
    ],
    ids=["a record", "a definition", "a merge", "a load"],
)
async def test_one_too_many_is_refused_and_changes_nothing(make):
    async with Database() as database:
        await full(database)
        before = await database.tables()
        with pytest.raises(errors.TooManyTables, match="at most 3 tables"):
            await make(database)
        assert await database.tables() == before


async def test_tables_that_are_there_go_on():
    async with Database() as database:
        await full(database)
        await database.insert("t0", {"id": 2})
        await database.define("t1", {"unique": ["id"]})
        await database.load([("t2", {"id": 3})])


async def test_there_is_room_again_where_one_is_dropped_or_all_are_replaced():
    async with Database() as database:
        await full(database)
        await database.drop("t0")
        await database.insert("new", {"id": 1})
        await database.load([(name, {"id": 1}) for name in "abc"], is_replacing=True)
        assert [info.stats.name for info in await database.tables()] == ["a", "b", "c"]


async def test_more_that_are_on_a_disk_are_served(tmp_path, monkeypatch):
    async with Database(directory=tmp_path / "data") as database:
        await full(database)
    monkeypatch.setattr(catalog, "MAX_TABLES", 2)
    async with Database(directory=tmp_path / "data") as database:
        await database.insert("t2", {"id": 2})
        with pytest.raises(errors.TooManyTables):
            await database.insert("new", {"id": 1})
        assert len(await database.tables()) == 3
