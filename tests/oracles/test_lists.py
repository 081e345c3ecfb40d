"""Lists and groups against a naive reading of the query language, and against SQLite on plain columns."""

import asyncio
import json
import math
import sqlite3
from decimal import Decimal

import pytest

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.finding import FindRequest, GroupRequest
from ramekin.database.operations import Operation
from ramekin.errors import InvalidValue, UnknownField
from ramekin.query.aggregate import parse_columns, parse_grouping
from ramekin.query.url import parse_conditions, parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from tests import oracle
from tests.oracles.generate import NUMBERS, PER_TABLE, QUERIES, SEEDS, TEXTS, Generator

FREE = NoSchema()


async def ask(database, where, sort=(), limit=100, offset=0):
    """Return all records of a list from an offset on, page by page, after checking what every page says."""
    found, cursor, predicate, orders = [], None, where, parse_sort(sort, FREE)
    while True:
        request = FindRequest(
            "t",
            predicate,
            orders,
            limit=limit,
            offset=0 if cursor else offset,
            cursor=cursor,
            with_count=True,
            with_explain=True,
        )
        page = await database.find(request)
        found += [json.loads(body) for body in page.rows]
        assert len(page.rows) == limit or page.cursor is None
        assert page.explain.rows_returned == len(page.rows)
        if page.cursor is None:
            assert page.total == len(found) + offset or (page.total <= offset and not found)
            return found, page.explain.access
        cursor = page.cursor


async def disturb(database, generator, model):
    """Write a little, so that indexes have something to follow."""
    for _ in range(generator.randrange(4)):
        record = generator.record(generator.choice(generator.ids() or [1]))
        key = str(record["id"])
        if key in model and generator.random() < 0.5:
            await database.apply(Operation("delete", "t", key))
            del model[key]
        else:
            record["id"] = model[key]["id"] if key in model else record["id"]
            await database.apply(Operation("upsert", "t", key, record))
            model[key] = record


@pytest.mark.parametrize("seed", range(SEEDS))
def test_lists_are_what_their_description_says(seed):
    generator, accesses = Generator(seed), set()

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE)):
            model = generator.table()
            async with Database() as database:
                await database.load([("t", None), *(("t", record) for record in model.values())])
                for _ in range(PER_TABLE):
                    where, sort, (limit, offset) = generator.where(), generator.sort(), generator.page()
                    found, access = await ask(database, parse_where(where, FREE), sort, limit, offset)
                    accesses.add(access)
                    chosen = [record for record in model.values() if oracle.holds(record, where)]
                    expected = oracle.ordered(chosen, sort)[offset:]
                    assert list(map(json.dumps, found)) == list(map(json.dumps, expected)), (where, sort, model)
                    await disturb(database, generator, model)

    asyncio.run(run())
    if QUERIES >= 2000:  # else not each seed meets both
        assert accesses >= {"index", "scan"}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_conditions_in_addresses_are_what_their_description_says(seed):
    generator = Generator(1000 + seed)

    def url_condition():
        name, operator = generator.path(), generator.choice(["eq", "ne", "gt", "lte", "in", "nin", "contains"])
        values = [str(generator.choice([*TEXTS, *NUMBERS, "true", "1e2", "0150"])) for _ in range(3)]
        if operator in ("in", "nin"):
            values = [value.strip("[") for value in values if "," not in value]
            readings = [reading for value in values for reading in oracle.in_url(value)]
            return (f"{name}:{operator}", ",".join(values)), {name: {operator: readings}}
        readings = oracle.in_url(values[0])
        if operator in ("gt", "lte"):
            readings = [reading for reading in readings if not isinstance(reading, bool)]
        parts = [{name: {operator: reading}} for reading in readings]
        return (f"{name}:{operator}", values[0]), {"and": parts} if operator == "ne" else {"or": parts}

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE)):
            model = generator.table()
            async with Database() as database:
                await database.load([("t", None), *(("t", record) for record in model.values())])
                for _ in range(PER_TABLE):
                    pairs = dict([url_condition() for _ in range(generator.choice([1, 1, 2]))])
                    if len({name for name, _ in pairs}) < len(pairs):
                        continue
                    found, _ = await ask(database, parse_conditions(pairs, FREE))
                    where = {"and": list(pairs.values())}
                    expected = oracle.ordered([record for record in model.values() if oracle.holds(record, where)])
                    assert found == expected, (pairs, model)

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(SEEDS))
def test_groups_are_what_their_description_says(seed):
    generator = Generator(2000 + seed)

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE)):
            model = generator.table()
            async with Database() as database:
                await database.load([("t", None), *(("t", record) for record in model.values())])
                for _ in range(PER_TABLE):
                    where, by = (
                        generator.where(1),
                        generator.sample(["a", "b", "c", "o.x", "t", "none"], generator.choice([0, 1, 1, 2])),
                    )
                    functions = {
                        f"{f}_{name}": f"{f}:{name}"
                        for f in ("count", "sum", "avg", "min", "max")
                        for name in generator.sample(["a", "b", "c"], 1)
                    }
                    aggregates = {"n": "count", **functions}
                    grouping, found, cursor = parse_grouping(by, aggregates, FREE), [], None
                    while True:
                        request = GroupRequest(
                            "t", grouping, parse_where(where, FREE), limit=3, cursor=cursor, with_count=True
                        )
                        page = await database.find_groups(request)
                        found += [json.loads(body) for body in page.rows]
                        if page.cursor is None:
                            break
                        cursor = page.cursor
                    chosen = [record for record in model.values() if oracle.holds(record, where)]
                    expected = oracle.grouped(chosen, by, aggregates)
                    assert len(found) == len(expected) == page.total
                    for row, wanted in zip(found, expected, strict=True):
                        assert list(row) == list(wanted)
                        for name, value in wanted.items():
                            assert alike(row[name], value), (name, row, wanted, where, model)

    asyncio.run(run())


def alike(found, wanted):
    if isinstance(wanted, Decimal):
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e285)  # the exact sum, to within a float's rounding
    return oracle.equal(found, wanted)


def change(record, patch):
    """Change a record as a merge patch says, whose objects have no nulls inside."""
    for name, value in patch.items():
        if value is None:
            record.pop(name, None)
        elif isinstance(value, dict):
            inner = record.get(name)
            record[name] = {**(inner if isinstance(inner, dict) else {}), **value}
        else:
            record[name] = value


@pytest.mark.parametrize("seed", range(SEEDS))
def test_changes_by_condition_change_what_lists_find(seed):
    generator = Generator(3000 + seed)

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE // 4)):
            model = generator.table()
            async with Database() as database:
                await database.load([("t", None), *(("t", record) for record in model.values())])
                for _ in range(PER_TABLE):
                    where, patch = generator.where(1), generator.choice([None, {"c": 1}, {"b": None}, {"o": {"x": 2}}])
                    request = ChangeRequest("t", parse_where(where, FREE), patch, is_deletion=patch is None)
                    try:
                        done = await database.change(request)
                    except UnknownField:
                        continue
                    except InvalidValue:
                        assert oracle.asks_for_what_is_not_held(model.values(), where), (where, model)
                        continue
                    chosen = {key for key, record in model.items() if oracle.holds(record, where)}
                    assert done.matched == len(chosen)
                    asks = oracle.asks_for_what_is_not_held(model.values(), where)
                    assert not asks or len(chosen) == len(model), (where, model)
                    if patch is None:
                        model = {key: record for key, record in model.items() if key not in chosen}
                    for key in chosen if patch else ():
                        change(model[key], patch)
                    found, _ = await ask(database, parse_where({}, FREE))
                    assert found == oracle.ordered(model.values())

    asyncio.run(run())


COLUMNS = {"i": "INTEGER", "r": "REAL", "s": "TEXT"}
VALUES = {
    "i": [None, 0, 1, 2, 5, -7, 10**12],
    "r": [None, 0.0, 0.5, -2.25, 1e9],
    "s": [None, "", "a", "ab", "B", "é", "z\U0001f600"],
}


class Rows(Generator):
    """Rows of plain columns, and the same query in JSON and in SQL."""

    def rows(self):
        return [{"id": i, **{name: self.choice(VALUES[name]) for name in COLUMNS}} for i in range(self.randrange(80))]

    def both(self, depth=2):
        """Return (where in JSON, SQL, parameters)."""
        kind = self.random()
        if depth and kind < 0.3:
            parts = [self.both(depth - 1) for _ in range(2)]
            word = self.choice(["and", "or"])
            sql = f" {word} ".join(f"({part[1]})" for part in parts)
            return {word: [part[0] for part in parts]}, sql, [p for part in parts for p in part[2]]
        if depth and kind < 0.4:
            where, sql, parameters = self.both(depth - 1)
            return {"not": where}, f"not ({sql})", parameters
        name = self.choice(["i", "r", "s"])
        value = self.choice(VALUES[name][1:])
        operators = {"eq": "is ?", "ne": "is not ?", "gt": "> ?", "gte": ">= ?", "lt": "< ?", "lte": "<= ?"}
        if kind < 0.5:
            is_null = self.random() < 0.5
            return {name: {"null": is_null}}, f"{name} is {'' if is_null else 'not '}null", []
        if kind < 0.6:
            return {name: {"in": [value, VALUES[name][2]]}}, f"ifnull({name} in (?, ?), 0)", [value, VALUES[name][2]]
        if name == "s" and kind < 0.7:
            word = self.choice(["contains", "startswith"])
            test = f"instr(s, ?) {'> 0' if word == 'contains' else '= 1'}"
            return {"s": {word: value}}, f"ifnull({test}, 0)", [value]
        operator = self.choice(list(operators))
        return {name: {operator: value}}, f"ifnull({name} {operators[operator]}, 0)", [value]

    def order(self):
        names = self.sample(["i", "r", "s"], self.randrange(4))
        signs = [self.choice(["", "-"]) for _ in names]
        sql = [f"{name} {'desc' if sign else 'asc'} nulls last" for name, sign in zip(names, signs, strict=True)]
        return [sign + name for name, sign in zip(names, signs, strict=True)], ", ".join([*sql, "id"])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_plain_columns_are_found_as_sqlite_finds_them(seed):
    generator = Rows(seed)

    async def run():
        for _ in range(max(1, QUERIES // SEEDS // PER_TABLE)):
            rows = generator.rows()
            with sqlite3.connect(":memory:") as peer:
                peer.execute("create table t (id integer primary key, i integer, r real, s text)")
                peer.executemany("insert into t values (:id, :i, :r, :s)", rows)
                async with Database() as database:
                    await database.load([("t", None), *(("t", row) for row in rows)])
                    for _ in range(PER_TABLE):
                        await self_and_peer(database, peer, generator)
            peer.close()

    asyncio.run(run())


async def self_and_peer(database, peer, generator):
    (where, test, parameters), (sort, order) = generator.both(), generator.order()
    limit, offset = generator.page()
    found, _ = await ask(database, parse_where(where, FREE), sort, limit, offset)
    cursor = peer.execute(f"select id from t where {test} order by {order} limit -1 offset {offset}", parameters)
    assert [record["id"] for record in found] == [row[0] for row in cursor], (where, sort, test)

    by = generator.sample(["i", "r", "s"], generator.choice([1, 1, 2]))
    figures = {"n": "count", "k": "count:i", "total": "sum:i", "mean": "avg:r", "least": "min:s", "most": "max:i"}
    grouping = parse_grouping(by, figures, FREE)
    sort = [generator.choice(["n", "-n", "most", "-least"]), *by]
    request = GroupRequest("t", grouping, parse_where(where, FREE), parse_columns(sort, grouping), limit=1000)
    groups = [tuple(json.loads(body).values()) for body in (await database.find_groups(request)).rows]
    order = ", ".join(f"{name.strip('-')} {'desc' if '-' in name else 'asc'} nulls last" for name in sort)
    cursor = peer.execute(
        f"select {', '.join(by)}, count(*) n, count(i), ifnull(sum(i), 0), avg(r), min(s) least, max(i) most from t "
        f"where {test} group by {', '.join(by)} order by {order}",
        parameters,
    )
    assert groups == cursor.fetchall(), (where, by, sort)
