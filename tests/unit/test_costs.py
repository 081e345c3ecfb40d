"""What a query looks at, in rows: bounded by the cheaper of its ways, however matches lie among the rows.

The counts of `explain` are compared with the bodies and ids that were really handed out.
"""

import asyncio
import json

import pytest

from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.engine.embedded_view import EmbeddedView
from ramekin.query import execute
from ramekin.query.plan import Position, Query
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from ramekin.testing.engines.steps import load
from tests import oracle
from tests.each import first
from tests.oracles.generate import Generator

FREE = NoSchema()
RECORDS, LIMIT = 6000, 10
WANTED = LIMIT + 1


def record(i):
    """Return a record of which some fields go with the id, some against it, and some not at all."""
    return {
        "id": f"{i:08}",
        "at": i,
        "back": -i,
        "mixed": i * 7919 % RECORDS,
        "city": f"c{i % 10}",
        "late": i >= RECORDS // 2,
        "rare": i if i % 300 == 0 else None,
        "skew": i if i % 100 == 0 else 0,
    }


class Touched(dict):
    """Bodies that count how many of them are handed out."""

    count = 0

    def __getitem__(self, key):
        self.count += 1
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.count += 1
        return super().get(key, default)

    def values(self):
        for body in super().values():
            self.count += 1
            yield body


class Asked:
    """A table of records that answers queries, and tells what they look at."""

    def __init__(self, records):
        self.loop = asyncio.new_event_loop()
        self.engine = Embedded()
        self.records = list(records)
        bodies = {str(each["id"]): json.dumps(each).encode() for each in self.records}
        self.loop.run_until_complete(load(self.engine, {"t": bodies}, replace=True))

    def query(self, where, sort=(), limit=LIMIT, **page):
        return Query(parse_where(where, FREE), parse_sort(sort, FREE), limit, **page)

    def ask(self, where, sort=(), **page):
        """Return a page's records and how many rows it looked at, twice the same and truly counted."""
        query = self.query(where, sort, **page)
        first = self.loop.run_until_complete(self._find(query))
        assert self.loop.run_until_complete(self._find(query)) == first
        return first

    async def _find(self, query):
        async with self.engine.tables.view([Access.of("t", query)]) as view:
            records = self.engine.tables.catalog.table("t").records
            plain, records.bodies = records.bodies, Touched(records.bodies)
            try:
                found = await execute.find(view, "t", query, 100_000)
                assert records.bodies.count <= found.examined, found.plan
            finally:
                records.bodies = plain
        return [json.loads(body) for _, body in found.rows], found.examined

    async def _count(self, query):
        async with self.engine.tables.view([Access.of("t", query)]) as view:
            return await execute.count(view, "t", query)

    def count(self, where):
        """Return how many records match, and how many rows that looked at."""
        return self.loop.run_until_complete(self._count(self.query(where)))


@pytest.fixture(scope="module")
def table():
    table = Asked(map(record, range(RECORDS)))
    yield table
    table.loop.close()


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 1])
@pytest.mark.parametrize("field", ["at", "back", "mixed"])
@pytest.mark.parametrize("is_upper", [True, False])
def test_a_range_costs_no_more_than_its_rows_or_the_walk_to_the_page(table, share, field, is_upper):
    values = sorted(each[field] for each in table.records)
    size = int(RECORDS * share)
    where = {field: {"gte": values[-size]}} if is_upper else {field: {"lte": values[size - 1]}}
    found, examined = table.ask(where)
    matching = [each for each in table.records if oracle.holds(each, where)]
    assert found == matching[:LIMIT]
    walk = table.records.index(matching[min(LIMIT, len(matching) - 1)]) + 1
    assert examined <= 1.5 * size + 2 * WANTED
    assert examined <= 8 * walk + 2 * size * (size < 8 * WANTED * RECORDS / size) + 2 * WANTED


def test_the_newest_of_records_whose_ids_go_with_time_are_found_by_their_index(table):
    _, examined = table.ask({"at": {"gte": RECORDS * 99 // 100}})
    assert examined <= RECORDS // 100 + 2 * WANTED


@pytest.mark.parametrize("sort", [[], ["id"], ["-id"], ["id", "city"]])
@pytest.mark.parametrize(
    "where",
    [{"id": {"gt": "00005400"}}, {"id": {"startswith": "00005"}}, {"id": {"gte": "00005400", "lt": "00005700"}}],
)
def test_a_stretch_of_ids_costs_the_page(table, where, sort):
    found, examined = table.ask(where, sort)
    expected = oracle.ordered([each for each in table.records if oracle.holds(each, where)], sort[:1])
    assert (found, examined) == (expected[:LIMIT], WANTED)


@pytest.mark.parametrize("sort", [[], ["id"], ["-id"]])
def test_one_value_costs_the_page_in_the_order_of_ids_and_against_it(table, sort):
    for where in ({"city": "c3"}, {"late": True}, {"city": "c3", "id": {"gt": "00005400"}}):
        found, examined = table.ask(where, sort)
        expected = oracle.ordered([each for each in table.records if oracle.holds(each, where)], sort)
        assert (found, examined) == (expected[:LIMIT], WANTED)


@pytest.mark.parametrize("sort", first(2, [["at"], ["-back"], ["-at"], ["mixed"]]))
def test_a_value_in_another_order_costs_twice_its_rows_or_the_walk_at_the_most(table, sort):
    for where in ({"late": True}, {"city": "c3"}, {"rare": {"gte": 1500}}, {"city": "c3", "late": False}):
        found, examined = table.ask(where, sort)
        ordered = oracle.ordered(table.records, sort)
        matching = [each for each in ordered if oracle.holds(each, where)]
        assert found == matching[:LIMIT]
        walk = ordered.index(matching[min(LIMIT, len(matching) - 1)]) + 1
        first = min(len([e for e in table.records if oracle.holds(e, {n: p})]) for n, p in where.items())
        assert examined <= 3 * min(first, walk) + 6 * WANTED * RECORDS // first


def test_an_order_whose_first_field_has_few_values_costs_no_more_than_the_condition(table):
    where = {"at": {"gte": RECORDS * 99 // 100}}
    found, examined = table.ask(where, ["city", "-at"])
    assert found == oracle.ordered([e for e in table.records if oracle.holds(e, where)], ["city", "-at"])[:LIMIT]
    assert examined <= 2 * (RECORDS // 100) + 300


def test_an_estimate_that_is_wrong_costs_little(table):
    """Nearly all records have one value, which the estimate of the range may not see."""
    for where in ({"skew": {"gte": 0}}, {"skew": {"lte": 100}}, {"skew": {"gte": 1}}):
        found, examined = table.ask(where)
        matching = [each for each in table.records if oracle.holds(each, where)]
        assert found == matching[:LIMIT]
        assert examined <= 8 * (table.records.index(matching[LIMIT]) + 1) + 3 * WANTED


@pytest.mark.parametrize(
    ("where", "most"),
    [
        ({"or": [{"mixed": 1}, {"mixed": 2}]}, 2),
        ({"mixed": {"in": [1, 2, -1]}}, 2),
        ({"or": [{"mixed": 1}, {"at": 2}]}, 2),
        ({"or": [{"mixed": 1}, {"mixed": {"lt": 2}}]}, 3),
        ({"or": [{"mixed": 1, "city": {"contains": "c"}}, {"and": [{"at": 7}, {"late": False}]}]}, 2),
        ({"or": [{"id": "00000007"}, {"id": {"gt": "00005997"}}, {"rare": 900}]}, 4),
        ({"or": []}, 0),
        ({"rare": {"null": False}, "late": True}, 20),
        ({"none": {"null": False}}, 0),
        ({"none": 5}, 0),
        ({"none": {"gt": 5}}, 0),
    ],
)
@pytest.mark.parametrize("sort", [[], ["-id"], ["back"], ["city", "mixed"]])
def test_what_indexes_say_together_costs_what_they_give(table, where, most, sort):
    found, examined = table.ask(where, sort)
    expected = oracle.ordered([each for each in table.records if oracle.holds(each, where)], sort)
    assert found == expected[:LIMIT]
    assert examined <= most


def test_either_of_two_common_values_costs_about_the_walk_to_the_page(table):
    where = {"or": [{"city": "c1"}, {"city": "c2"}]}
    found, examined = table.ask(where)
    assert found == [each for each in table.records if each["city"] in ("c1", "c2")][:LIMIT]
    assert examined <= 4 * 5 * WANTED


def test_pages_through_all_of_a_range_cost_little_more_than_the_range(table):
    where = {"at": {"gte": RECORDS * 9 // 10}}
    cursor, total, seen = None, 0, []
    while True:
        found, examined = table.ask(where, after=cursor)
        seen, total = seen + found, total + examined
        if not found:
            break
        cursor = Position((), found[-1]["id"])
    assert seen == table.records[RECORDS * 9 // 10 :]
    assert total <= 5 * len(seen)


def test_a_count_looks_at_what_the_index_gives(table):
    assert table.count({"city": "c3"}) == (RECORDS // 10, 0)
    assert table.count({"city": {"in": ["c3", "c4"]}}) == (RECORDS // 5, 0)
    assert table.count({"id": {"gt": "00005400"}}) == (RECORDS // 10 - 1, 0)
    assert table.count({"at": {"gte": 5700}}) == (300, 300)
    assert table.count({"or": [{"at": {"gte": 5700}}, {"at": {"gte": 5850}}]}) == (300, 450)
    assert table.count({"at": {"gte": 5700}, "late": {"ne": True}}) == (0, 300)
    assert table.count({"city": {"ne": "c3"}}) == (RECORDS * 9 // 10, RECORDS)
    assert table.count({}) == (RECORDS, 0)


@pytest.mark.parametrize("seed", first(5, range(12)))
def test_what_is_looked_at_is_bounded_and_truly_counted_whatever_is_asked(seed):
    generator = Generator(seed)
    size = generator.choice([0, 1, 300, 700])
    table = Asked({"id": i, **{n: v for n, v in generator.record(i).items() if n != "id"}} for i in range(size))
    for _ in range(40):
        where, sort = generator.where(), generator.sort()
        limit, offset = generator.page()
        found, examined = table.ask(where, sort, limit=limit, offset=offset)
        expected = oracle.ordered([each for each in table.records if oracle.holds(each, where)], sort)
        assert json.dumps(found) == json.dumps(expected[offset : offset + limit]), (where, sort)
        assert examined <= 3 * size + 4 * (limit + offset + 1)
    table.loop.close()


def test_every_row_that_a_view_hands_out_is_seen_by_these_tests():
    """The ways to rows that a view has; a new one belongs into `Touched`."""
    public = {name for name in vars(EmbeddedView) if not name.startswith("_")}
    assert public == {
        "pin", "release", "page", "count", "rows_at_once", "absent", "holders", "get", "lookup", "estimate", "ids", "rows",
        "walk_ids", "walk", "kinds", "batches", "rest",
    }  # fmt: skip
