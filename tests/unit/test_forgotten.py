"""What is gone is forgotten; how much memory requests leave behind is measured in ``tests/load/test_leaks.py``."""

import gc
import weakref

import pytest

from ramekin import Database
from ramekin.schema.fields import Field
from ramekin.storage.table import Table

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_the_schemas_of_tables_that_are_gone():
    async with Database() as database:
        await database.define("stays", {"schema": {"type": "object"}})
        stays, gone = database.schemas["stays"], []
        for number in range(100):
            name = f"t{number}"
            await database.define(name, {"schema": {"type": "object"}})
            await database.insert(name, {"id": 1})
            gone.append(weakref.ref(database.schemas[name]))
            await database.drop(name)
        gc.collect()
        assert sum(schema() is not None for schema in gone) < 30
        assert database.schemas["stays"] is stays


def test_the_last_use_of_indexes_that_are_gone():
    table = Table("t")
    for number in range(100):
        field = Field((f"f{number}",))
        for _ in table.build_index(field, is_sorted=False):
            pass
        table.use_index(field, now_s=1.0)
        table.drop_spare_indexes(())
    assert len(table._used_s) == len(table.indexes) < 40
