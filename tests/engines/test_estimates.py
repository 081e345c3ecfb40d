"""How many rows a list of values has: what is told is exact, and what a way is chosen by is an estimate."""

from __future__ import annotations

import pytest

from ramekin import Database
from ramekin.engine.access import Access
from ramekin.query.plan import MOST_COUNTED, Equal
from ramekin.schema.fields import Field
from ramekin.values.comparison import NUMBER

pytestmark = pytest.mark.anyio

VALUES = 5 * MOST_COUNTED


@pytest.fixture
async def database():
    async with Database() as database:
        records = [{"id": i, "n": i % VALUES} for i in range(3 * VALUES)]
        records += [{"id": 3 * VALUES + i, "n": 10 * i} for i in range(VALUES // 10)]  # each tenth value has one more
        await database.insert("t", records)
        yield database


@pytest.mark.parametrize("asked", [1, MOST_COUNTED, MOST_COUNTED + 1, VALUES - 3])
async def test_of_a_list_of_any_length_the_total_is_exact(database, asked):
    page = await database.find("t", where={"n": {"in": [*range(asked)]}}, limit=0, count=True)
    assert page.total == 3 * asked + -(-asked // 10)


@pytest.mark.parametrize(("asked", "looked_up"), [(1, 1), (MOST_COUNTED, MOST_COUNTED), (VALUES, MOST_COUNTED)])
async def test_a_way_is_chosen_by_part_of_a_long_list(database, asked, looked_up):
    field, keys = Field(("n",)), Looked((NUMBER, i) for i in range(asked))
    async with database.engine.tables.view([Access("t", equal=(field,))]) as view:
        assert view.estimate("t", Equal(field, keys)) == pytest.approx(3 * asked, rel=0.4)
    assert keys.looked == looked_up


class Looked(list):
    """A list that knows how many of its elements were taken as a slice."""

    looked = 0

    def __getitem__(self, place):
        found = super().__getitem__(place)
        self.looked = len(found)
        return found
