"""Fields that no record has: looked for once, all together, and kept in step with every write from then on."""

from __future__ import annotations

import asyncio
import json
from random import Random

import pytest

from ramekin.changes import Change
from ramekin.database.database import Database
from ramekin.database.finding import FindRequest
from ramekin.database.operations import Operation
from ramekin.database.presence import MAX_HINTS
from ramekin.engine import embedded_view as views
from ramekin.engine import work
from ramekin.engine.access import Access
from ramekin.engine.embedded import Embedded
from ramekin.query.where import parse_where
from ramekin.schema.fields import Field, NoSchema, Trait
from ramekin.storage.absences import MAX_WATCHED, Absences
from ramekin.storage.indexed import BATCH
from ramekin.testing import SetClock
from ramekin.testing.engines.steps import change, load, write
from ramekin.values import codec
from ramekin.values.paths import parse_path

pytestmark = pytest.mark.anyio

FREE = NoSchema()
RECORDS = 3000


@pytest.fixture
def looked_at(monkeypatch):
    """Return a list that grows by each batch of bodies in which fields are looked for."""
    batches, plain = [], views.EmbeddedView.batches

    async def counted(self, table):
        async for bodies in plain(self, table):
            batches.append(len(bodies))
            yield bodies

    monkeypatch.setattr(views.EmbeddedView, "batches", counted)
    return batches


async def fill(engine, records=RECORDS, **members):
    await load(engine, {"t": {str(i): codec.dump({"id": i, **members}) for i in range(records)}}, replace=True)


async def holders(engine, *names):
    return await engine.tables.holders("t", [Trait(parse_path(name)) for name in names])


async def test_several_fields_are_looked_for_in_one_pass_which_ends_when_each_is_found(engine, looked_at):
    await fill(engine, 3000, a={"b": None})
    assert await holders(engine, "a.b", "a") == ["0", "0"]
    assert sum(looked_at) == views.BATCH_ROWS
    looked_at.clear()
    assert await holders(engine, "a.b", "none", "a.c", "d\\.e", "a.b", "none") == ["0", None, None, None, "0", None]
    assert sum(looked_at) == 3000


async def test_what_is_known_to_be_absent_is_not_looked_for_again_whatever_is_written(engine, looked_at):
    await fill(engine)
    assert await holders(engine, "none", "o.x") == [None, None]
    looked_at.clear()
    for i in range(20):
        old = engine.tables.get("t", str(i))
        assert await write(engine, [Change("t", str(i), old, codec.dump({"id": i, "o": i}))])
        assert await write(engine, [Change("t", f"n{i}", None, codec.dump({"id": f"n{i}", "o": {"y": 1}}))])
        await load(engine, {"t": {f"l{i}": codec.dump({"id": f"l{i}"})}}, replace=False)
        assert await holders(engine, "none", "o.x") == [None, None]
    assert looked_at == []


@pytest.mark.parametrize("how", ["change", "write", "bulk", "load", "long load", "replacing load"])
async def test_a_write_that_brings_the_field_is_noticed(engine, how):
    await fill(engine)
    assert await holders(engine, "none", "o.x") == [None, None]
    body = codec.dump({"id": "new", "o": {"x": None}})
    if how == "change":
        await change(engine, "t", "new", lambda _: body)
    elif how == "write":
        assert await write(engine, [Change("t", "new", None, body)])
    elif how == "bulk":
        others = [Change("t", f"b{i}", None, codec.dump({"id": f"b{i}"})) for i in range(2 * BATCH)]
        assert await write(engine, [*others, Change("t", "new", None, body)])
    else:
        others = {f"b{i}": codec.dump({"id": f"b{i}"}) for i in range(2 * BATCH if how == "long load" else 3)}
        assert await load(engine, {"t": {**others, "new": body}}, replace=how == "replacing load")
    assert await holders(engine, "none", "o.x") == [None, "new"]
    await change(engine, "t", "new", lambda _: None)
    assert await holders(engine, "none", "o.x") == [None, None]


async def test_a_write_in_the_middle_of_the_pass_is_noticed(engine, monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)  # a quick machine would be done in one turn
    await fill(engine)
    looking = asyncio.create_task(holders(engine, "x"))
    await asyncio.sleep(0)
    await change(engine, "t", "5", lambda _: codec.dump({"id": 5, "x": 1}))
    assert not looking.done() or engine.guarantees.is_durable
    assert await looking in ([None], ["5"])
    assert await holders(engine, "x") == ["5"]


@pytest.mark.parametrize("between", ["write", "load"])
def test_a_look_proves_nothing_by_the_watch_of_a_later_one(between):
    absences, trait = Absences(), Trait(parse_path("x"))
    first = absences.watch([trait], 0.0)
    if between == "write":
        absences.note(b'{"id":5,"x":1}')
    else:
        absences.clear()
    second = absences.watch([trait], 0.0)
    absences.confirm([trait], first)
    assert absences.known == frozenset()
    assert not absences.are_known(trait, 0.0)
    absences.confirm([trait], second)
    assert absences.known == {("x",)}


def test_a_look_proves_what_was_watched_since_an_earlier_one():
    absences, trait = Absences(), Trait(parse_path("x"))
    absences.watch([trait], 0.0)
    absences.confirm([trait], absences.watch([trait], 0.0))
    assert absences.known == {("x",)}


@pytest.mark.parametrize("number", [MAX_WATCHED - 1, MAX_WATCHED, MAX_WATCHED + 1, 3 * MAX_WATCHED])
async def test_more_fields_than_are_watched_are_answered_all_the_same(engine, number):
    await fill(engine, 10)
    names = [f"f{i}" for i in range(number)]
    assert await holders(engine, *names) == [None] * number
    await change(engine, "t", "new", lambda _: codec.dump({"id": "new", "f1": 1, f"f{number - 1}": 2}))
    found = await holders(engine, *names)
    assert [name for name, key in zip(names, found, strict=True) if key] == ["f1", f"f{number - 1}"]


async def test_a_field_that_nobody_asks_for_is_watched_no_longer():
    engine = Embedded(index_idle_s=10, clock=SetClock())
    await fill(engine, 5)
    await holders(engine, "x")
    assert len(engine.tables.catalog.table("t").absences) == 1
    engine.clock.advance(30)
    await write(engine, [Change("t", "n", None, b'{"id":"n"}')])
    assert len(engine.tables.catalog.table("t").absences) == 0
    assert await holders(engine, "x") == [None]


@pytest.mark.parametrize("seed", range(10))
async def test_what_is_said_is_what_the_records_say(engine, seed):
    random, names = Random(seed), ["a", "b", "b.c", "b.c.d", "e", "b.0"]
    values = [None, 1, {"c": None}, {"c": {"d": 1}}, {}, [], [1], False]
    await load(engine, {"t": {}}, replace=True)
    for _ in range(60):
        key = random.choice("12345")
        record = {"id": key, **{name: random.choice(values) for name in "abe" if random.random() < 0.2}}
        after = None if random.random() < 0.4 else codec.dump(record)
        if random.random() < 0.1:
            await load(engine, {"t": {key: codec.dump(record)}}, replace=random.random() < 0.5)
        else:
            await change(engine, "t", key, lambda _, after=after: after)
        asked = random.sample(names, random.randrange(1, len(names)))
        bodies = engine.tables.catalog.table("t").records.bodies
        for name, key in zip(asked, await holders(engine, *asked), strict=True):
            has = [k for k, body in bodies.items() if leads_somewhere(json.loads(body), name.split("."))]
            assert key in has if has else key is None, (name, key, has)


def leads_somewhere(value, steps):
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True


async def test_a_query_with_many_unknown_names_looks_once_and_suggests_for_the_first(looked_at):
    async with Database() as database:
        await database.load([("t", {"id": i, "name": "x"}) for i in range(RECORDS)])
        where = parse_where({"or": [{f"nam{i}": {"ne": 1}} for i in range(40)]}, FREE)
        looked_at.clear()
        page = await database.find(FindRequest("t", where, limit=1))
        assert len(page.warnings) == 40
        assert sum("did you mean 'name'" in told for told in page.warnings) == MAX_HINTS
        passes = sum(looked_at) / RECORDS
        assert passes < 1.5  # the names that are suggested are those of the first batch
        looked_at.clear()
        await database.apply(Operation("patch", "t", "1", {"name": "y"}))
        assert len((await database.find(FindRequest("t", where, limit=1))).warnings) == 40
        assert sum(looked_at) < 2 * RECORDS  # only so many are kept in step


async def test_a_condition_on_a_field_that_no_record_has_costs_nothing_after_a_write(looked_at):
    async with Database() as database:
        await database.load([("t", {"id": i}) for i in range(RECORDS)])
        for condition in (
            {"none": 5},
            {"none": {"gt": 1}},
            {"none": {"contains": "x"}},
            {"none": {"null": False}},
            {"id": {"contains": 7}, "none": {"exists": True}},
            {"not": {"or": [{"none": {"ne": 5}}, {"id": 3}]}},
        ):
            request = FindRequest("t", parse_where(condition, FREE), with_explain=True)
            await database.find(request)
            for i in range(3):
                await database.apply(Operation("patch", "t", "1", {"name": i}))
                looked_at.clear()
                page = await database.find(request)
                assert page.warnings[0] == "no record in t has the field 'none'"
                assert max(looked_at, default=0) <= views.BATCH_ROWS  # names to suggest, no pass
                assert len(looked_at) <= 1
                assert (page.rows, page.explain.rows_examined) == ((), 0)
            await database.apply(Operation("create", "t", record={"id": "new", "none": ["x"]}))
            page = await database.find(request)
            assert [json.loads(body)["id"] for body in page.rows] == (["new"] if is_met_by_new(condition) else [])
            await database.apply(Operation("delete", "t", "new"))


def is_met_by_new(condition):
    return condition["none"] in ({"contains": "x"}, {"null": False}) if "none" in condition else False


# Kinds of values


async def kinds_held(engine, *traits):
    return await engine.tables.holders(
        "t", [Trait(parse_path(name), frozenset(kinds.split())) for name, kinds in traits]
    )


async def test_kinds_of_values_are_looked_for_once_and_known_from_then_on(engine, looked_at):
    await fill(engine, v=True, n=None)
    asked = [("v", "boolean"), ("v", "text"), ("v", "text number"), ("v", "boolean text"), ("n", "text"), ("n", "null")]
    assert await kinds_held(engine, *asked) == ["0", None, None, "0", None, "0"]
    assert sum(looked_at) == RECORDS
    looked_at.clear()
    absent = [("v", "text"), ("v", "text number"), ("n", "text")]
    for i in range(5):
        await change(engine, "t", f"n{i}", lambda _, i=i: codec.dump({"id": f"n{i}", "v": False, "n": None}))
        assert await kinds_held(engine, *absent) == [None] * 3
    assert looked_at == []
    await change(engine, "t", "new", lambda _: codec.dump({"id": "new", "v": "x"}))
    assert await kinds_held(engine, *absent) == ["new", "new", None]


async def test_an_index_of_the_field_tells_without_a_look(engine, looked_at):
    await fill(engine, v=True)
    for is_sorted, asked, expected in (
        (False, [("v", "boolean"), ("v", "text"), ("v", "number text")], ["0", None, None]),
        (True, [("v", "array"), ("v", "object text")], [None, None]),
    ):
        field = (Field(("v",)),)
        async with engine.tables.view([Access("t", ordered=field) if is_sorted else Access("t", equal=field)]):
            pass
        looked_at.clear()
        assert await kinds_held(engine, *asked) == expected
        assert looked_at == []


async def test_a_value_that_can_match_nothing_is_told_without_a_scan_once_it_was(looked_at):
    async with Database() as database:
        await database.load([("t", {"id": i, "vip": i % 2 == 0}) for i in range(RECORDS)])
        for where in ({"vip": "True"}, {"vip": {"ne": "True"}}, {"not": {"vip": {"in": [1, "x"]}}}):
            request = FindRequest("t", parse_where(where, FREE), limit=1)
            await database.find(request)
            for i in range(3):
                await database.apply(Operation("patch", "t", "1", {"name": i}))
                looked_at.clear()
                page = await database.find(request)
                assert "'vip', which holds booleans" in page.warnings[0]
                assert looked_at == [], where


async def test_what_many_fields_hold_instead_is_looked_for_once(looked_at):
    async with Database() as database:
        held = {f"v{i}": True for i in range(40)}
        await database.load([("t", {"id": i, **(held if i == RECORDS - 1 else {})}) for i in range(RECORDS)])
        where = parse_where({"or": [{name: "True"} for name in held]}, FREE)
        looked_at.clear()
        page = await database.find(FindRequest("t", where, limit=1))
        assert len(page.warnings) == 40
        assert all("which holds booleans" in told for told in page.warnings)
        assert sum(looked_at) < 3.5 * RECORDS  # whether there is the field, the text, something else


async def test_a_value_that_may_match_costs_no_scan(looked_at):
    async with Database() as database:
        await database.load([("t", {"id": i, "vip": i % 2 == 0, "name": f"n{i}"}) for i in range(RECORDS)])
        for where in ({"vip": False}, {"vip": {"ne": True}}, {"name": "x"}, {"name": {"nin": ["y", "z"]}}):
            looked_at.clear()
            page = await database.find(FindRequest("t", parse_where(where, FREE), limit=1))
            assert not page.warnings
            assert sum(looked_at) <= views.BATCH_ROWS, where  # the first record that has it
