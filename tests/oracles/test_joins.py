"""Joins against nested loops: all four types, mixed and missing keys, duplicates, empty sides, a table with itself."""

import asyncio
import functools
import json
from contextlib import suppress

import pytest

from ramekin import Database
from ramekin.database.join_request import JoinRequest
from ramekin.database.operations import Operation
from ramekin.engine import work
from ramekin.errors import UnknownTable
from ramekin.query.pairs import PairFields
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from tests import oracle
from tests.oracles.generate import PER_TABLE, QUERIES, SEEDS, Generator
from tests.turns import TURNS, give_turns

FREE = NoSchema()
KEYS = ["id", "a", "b", "c", "o.x", "t.0", "none"]
TYPES = ["inner", "left", "right", "full"]


class Pairs(Generator):
    """Conditions and orders of pairs."""

    def side_where(self, names):
        """Return a condition of which each member speaks of one side, or of the side itself."""
        found = {}
        for _ in range(self.choice([0, 0, 1, 1, 2])):
            side = self.choice(names)
            if self.random() < 0.1:
                found[side] = {self.choice(["null", "exists"]): self.random() < 0.5}
            else:
                [(name, part)] = self.condition().items()
                found[f"{side}.{name}"] = part
        return found

    def pair_where(self, names):
        where = self.side_where(names)
        if self.random() < 0.2:
            where["or"] = [self.side_where(names), self.side_where(names)]
        if self.random() < 0.1:
            where["not"] = self.side_where(names)
        return where

    def pair_sort(self, names):
        paths = self.sample([f"{side}.{name}" for side in names for name in KEYS], self.choice([0, 0, 1, 1, 2]))
        return [self.choice(["", "-"]) + path for path in paths]


def by_fields(pairs, names, sort):
    """Put pairs, which come in their own order, into another; those that are equal stay as they are."""

    def compared(a, b):
        for name in sort:
            x, y = (oracle.at(dict(zip(names, pair, strict=True)), name.removeprefix("-")) for pair in (a, b))
            lasts = [value is None or value is oracle.ABSENT for value in (x, y)]
            sign = -1 if name.startswith("-") else 1
            if found := lasts[0] - lasts[1] if any(lasts) else oracle.compare(x, y) * sign:
                return found
        return 0

    return sorted(pairs, key=functools.cmp_to_key(compared))


async def pages_of(database, request):
    """Return all rows of a join, page by page: pairs of records, or (record, matches)."""
    rows, cursor, total, explain = [], None, None, None
    while True:
        asked = request(cursor=cursor)
        page = await database.join(asked)
        rows += [tuple(None if row is None else json.loads(row[1]) for row in pair) for pair in page.pairs]
        rows += [(json.loads(tree.left[1]), [json.loads(row[1]) for row in tree.rights]) for tree in page.trees]
        total = page.total if total is None else total
        explain = page.explain
        assert total == page.total
        if page.cursor is None:
            return rows, total, explain
        cursor = page.cursor


def tables(generator, others):
    """Return two tables; the right one's keys point at the left one's ids now and then."""
    left, right = generator.table(30), generator.table(others)
    for record in right.values():
        if left and generator.random() < 0.6:
            target = generator.choice(list(left.values()))["id"]
            record["a"] = generator.choice([target, str(target), target])
    return left, right


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pairs_are_those_of_nested_loops(seed):
    generator = Pairs(seed)

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE)):
            left, right = tables(generator, 30)
            is_self = generator.random() < 0.2
            if is_self:
                left = right
            names = ("x", "y") if is_self or generator.random() < 0.2 else ("l", "r")
            async with Database() as database:
                await database.load([("l", None), *(("l", record) for record in ({} if is_self else left).values())])
                await database.load([("r", None), *(("r", record) for record in right.values())])
                for _ in range(PER_TABLE):
                    await one_join(database, generator, ("r" if is_self else "l", "r"), names, left, right)
                    if right and generator.random() < 0.5:
                        gone = generator.choice(list(right))
                        await database.apply(Operation("delete", "r", gone))
                        del right[gone]

    asyncio.run(run())


async def one_join(database, generator, stored, names, left, right):
    on, kind = (generator.choice(KEYS), generator.choice(KEYS)), generator.choice(TYPES)
    where, sort = generator.pair_where(names), generator.pair_sort(names)
    limit, offset = generator.page()
    fields = PairFields(names, (FREE, FREE))

    def request(cursor):
        return JoinRequest(
            *stored,
            f"{on[0]}={on[1]}",
            kind,
            names,
            where=parse_where(where, fields),
            sort=parse_sort(sort, fields),
            limit=limit,
            offset=0 if cursor else offset,
            cursor=cursor,
            with_count=True,
        )

    found, total, _ = await pages_of(database, request)
    pairs = oracle.joined(left.values(), right.values(), *on, kind)
    kept = [pair for pair in pairs if oracle.holds(dict(zip(names, pair, strict=True)), where)]
    assert total == len(kept), (on, kind, where, left, right)
    assert found == by_fields(kept, names, sort)[offset:], (on, kind, where, sort, left, right)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_trees_are_those_of_nested_loops(seed):
    generator = Pairs(500 + seed)

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE // 2)):
            left, right = tables(generator, 40)
            async with Database() as database:
                for name, model in (("l", left), ("r", right)):
                    await database.load([(name, None), *((name, record) for record in model.values())])
                for _ in range(PER_TABLE):
                    await one_forest(database, generator, left, right)

    asyncio.run(run())


async def one_forest(database, generator, left, right):
    names = ("l", "r")
    on, kind = (generator.choice(KEYS), generator.choice(KEYS)), generator.choice(TYPES[:2])
    where = {name: part for name, part in generator.side_where(names).items() if name not in names}
    left_sort, right_sort = ([name for name in generator.pair_sort(names) if side in name] for side in ("l.", "r."))
    fields, limit = PairFields(names, (FREE, FREE)), generator.choice([1, 2, 5, 100])
    own, others = ({n: part for n, part in where.items() if n.startswith(side)} for side in ("l.", "r."))

    def request(cursor):
        return JoinRequest(
            "l",
            "r",
            f"{on[0]}={on[1]}",
            kind,
            shape="tree",
            where=parse_where(where, fields),
            sort=parse_sort(left_sort + right_sort, fields),
            limit=limit,
            cursor=cursor,
            with_count=True,
        )

    found, total, _ = await pages_of(database, request)
    expected = []
    lefts = [record for record in left.values() if oracle.holds({"l": record, "r": None}, own)]
    for record in oracle.ordered(lefts, [name.replace("l.", "") for name in left_sort]):
        matches = [pair[1] for pair in oracle.joined([record], right.values(), *on, "inner")]
        kept = [match for match in matches if oracle.holds({"l": record, "r": match}, others)]
        if kept or kind == "left":
            expected.append((record, oracle.ordered(kept, [name.replace("r.", "") for name in right_sort])))
    assert total == len(expected)
    assert found == expected, (on, kind, where, left_sort, right_sort, left, right)


def test_a_join_is_of_one_moment_even_where_its_table_is_dropped_meanwhile(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)  # a quick machine would be done in one turn

    async def run():
        async with Database() as database:
            await database.insert("l", [{"id": i} for i in range(500)])
            request, kept = JoinRequest("l", "r", "id=l_id", shape="tree", limit=500), 0
            for turns in TURNS:
                await database.insert("r", [{"id": i, "l_id": i} for i in range(500)])
                before = await database.join(request)
                joining = asyncio.create_task(database.join(request))
                is_under_way = await give_turns(joining, turns)
                await database.drop("r")
                with suppress(UnknownTable):  # it had not begun to look
                    assert await joining == before
                    kept += is_under_way
            assert kept

    asyncio.run(run())
