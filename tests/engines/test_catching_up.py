"""Work of many steps is done at one moment: whoever was answered before it is seen by it, whatever goes on beside it.

Each test lets another client act after every number of turns of the work, on every engine.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext

import pytest

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.operations import Operation
from ramekin.errors import DefinitionBroken, InvalidRecord, NotUnique, RamekinError, RecordNotFound, TooManyAffected
from ramekin.query.where import parse_where
from ramekin.schema.definition import Definition
from ramekin.schema.fields import NO_SCHEMA
from tests.turns import give_turns

pytestmark = pytest.mark.anyio

RECORDS = 150
"""Records that a change by condition looks at in several turns."""

TURNS = (0, 1, 2, 3, 4, 6, 9)
K_IS_1 = parse_where({"k": 1}, NO_SCHEMA)


@pytest.fixture
async def database(engine):
    """A database on each engine, with a table of records whose k is 1."""
    database = Database(engine=engine)
    await fill(database)
    return database


async def fill(database):
    await database.load([("t", {"id": i, "k": 1, "v": i}) for i in range(RECORDS)], is_replacing=True)


async def record(database, key, table="t"):
    return json.loads(await database.get(table, str(key)))


def patch(**options):
    return ChangeRequest("t", K_IS_1, {"seen": True}, **options)


def create(i, **members):
    return Operation("create", "t", record={"id": i, **members})


async def is_later(database):
    """Say whether a change of all records is still to come: it cannot come before what was answered by now."""
    return "seen" not in await record(database, 0)


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize(
    ("acts", "key", "is_meant"),
    [
        ([create("new", k=1)], "new", True),
        ([create("new", k=2), Operation("patch", "t", "new", {"k": 1})], "new", True),
        ([Operation("patch", "t", "9", {"k": 2})], 9, False),
        ([Operation("delete", "t", "9"), create(9, k=2)], 9, False),
        ([Operation("delete", "t", "9"), create(9, k=1, n=1)], 9, True),
    ],
    ids=["made", "made to match", "made not to match", "made anew, not matching", "made anew, matching"],
)
async def test_a_change_means_the_records_as_they_stand_when_it_is_done(database, turns, acts, key, is_meant):
    change = asyncio.create_task(database.change(patch()))
    await give_turns(change, turns)
    for act in acts:
        await database.apply(act)
    later = await is_later(database)
    matched = (await change).matched
    if later:
        assert ("seen" in await record(database, key)) is is_meant
        assert matched == RECORDS + (1 if key == "new" else 0 if is_meant else -1)


@pytest.mark.parametrize("turns", TURNS)
async def test_the_most_that_may_be_affected_is_judged_when_it_is_done(database, turns):
    change = asyncio.create_task(database.change(patch(max_affected=RECORDS)))
    await give_turns(change, turns)
    await database.apply(create("new", k=1))
    if await is_later(database):
        with pytest.raises(TooManyAffected):
            await change
        assert await is_later(database)
    else:
        assert (await change).matched == RECORDS


@pytest.mark.parametrize("turns", TURNS)
async def test_a_deletion_by_condition_spares_what_does_not_match_any_more(database, turns):
    change = asyncio.create_task(database.change(ChangeRequest("t", K_IS_1, is_deletion=True)))
    await give_turns(change, turns)
    try:
        await database.apply(Operation("patch", "t", "9", {"k": 2}))
    except RecordNotFound:
        assert change.done() or (await change)
        return
    await change
    assert await record(database, 9) == {"id": 9, "k": 2, "v": 9}
    assert [info.stats.records for info in await database.tables()] == [1]


@pytest.mark.parametrize("turns", TURNS)
async def test_a_change_is_checked_by_the_definition_in_force_when_it_is_done(database, turns):
    change = asyncio.create_task(database.change(patch()))
    await give_turns(change, turns)
    try:
        await database.define("t", Definition({"properties": {"seen": False}}))
    except DefinitionBroken:
        assert (await change).matched == RECORDS
        return
    with pytest.raises(InvalidRecord):
        await change
    assert await is_later(database)


@pytest.mark.parametrize("is_deletion", [False, True])
async def test_a_change_ends_however_much_is_written_beside_it(database, is_deletion, monkeypatch):
    await database.load(("t", {"id": f"r{i}", "k": 1}) for i in range(3000))
    goes_on, written = True, 0

    async def write_on():
        nonlocal written
        while goes_on:
            await database.apply(Operation("upsert", "t", f"w{written % 500}", {"k": 1, "n": written}))
            written += 1
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write_on()) for _ in range(4)]
    await asyncio.sleep(0.01)
    meant = {"is_deletion": True} if is_deletion else {"patch": {"seen": True}}
    done = await asyncio.wait_for(database.change(ChangeRequest("t", K_IS_1, **meant)), 20)
    goes_on = False
    await asyncio.gather(*writers)
    assert done.matched >= 3000 + RECORDS


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("count", [199, 200, 450])
async def test_a_bulk_that_ignores_answers_with_what_stands_when_it_is_done(database, turns, count):
    sent = [{"id": i, "new": True} for i in range(RECORDS - 1, RECORDS - 1 + count)]
    bulk = asyncio.create_task(database.insert("t", sent, on_conflict="ignore"))
    await give_turns(bulk, turns)
    await database.apply(Operation("delete", "t", str(RECORDS - 1)))
    try:
        await database.get("t", str(RECORDS))
    except RecordNotFound:
        effect = "created"  # the bulk is still to come, so it finds nothing there
    else:
        effect = None
    outcomes = await bulk
    assert [outcome.effect for outcome in outcomes[1:]] == ["created"] * (count - 1)
    if effect is not None:
        assert outcomes[0].effect == effect
        assert (await record(database, RECORDS - 1))["new"]


async def test_a_bulk_ends_however_often_its_records_are_written_beside_it(database):
    goes_on, number = True, 0

    async def write_on(start):
        nonlocal number
        while goes_on:
            number += 1
            await database.apply(Operation("upsert", "t", str(start + number % 450), {"n": number}))
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write_on(start)) for start in (0, 200)]
    await asyncio.sleep(0.01)
    sent = [{"id": i, "m": True} for i in range(900)]
    outcomes = await asyncio.wait_for(database.insert("t", sent, on_conflict="merge"), 20)
    goes_on = False
    await asyncio.gather(*writers)
    assert len(outcomes) == 900


BREAKING = [
    (Definition({"properties": {"v": {"type": "integer"}}}), {"v": "text"}),
    (Definition(unique=("v",)), {"v": 7}),
    (Definition(unique=("v",)), {"v": "7"}),
]


@pytest.mark.parametrize("turns", [0, 1, 3, 6])
@pytest.mark.parametrize(("definition", "members"), BREAKING, ids=["schema", "unique", "unique by text"])
@pytest.mark.parametrize("door", ["one", "bulk", "load", "by condition"])
async def test_a_definition_is_in_force_for_all_that_come_behind_it(database, turns, definition, members, door):
    define = asyncio.create_task(database.define("t", definition))
    await give_turns(define, turns)
    write = {
        "one": lambda: database.apply(create("new", **members)),
        "bulk": lambda: database.insert("t", [{"id": "new", **members}, *({"id": f"n{i}"} for i in range(300))]),
        "load": lambda: database.load([("t", {"id": "new", **members})]),
        "by condition": lambda: database.change(ChangeRequest("t", parse_where({"v": 9}, NO_SCHEMA), members)),
    }[door]
    try:
        await write()
        is_written = True
    except (InvalidRecord, NotUnique):
        is_written = False
    if is_written:
        with pytest.raises(DefinitionBroken):
            await define
        assert not database.engine.tables.definitions
    else:
        await define
        assert database.engine.tables.definitions == {"t": definition}


@pytest.mark.parametrize("definition", [BREAKING[0][0], Definition(unique=("u",))], ids=["schema", "unique"])
async def test_a_definition_comes_into_force_however_much_is_written_beside_it(database, definition):
    await database.load(("t", {"id": f"r{i}", "v": i, "u": f"r{i}"}) for i in range(3000))
    goes_on, written = True, 0

    async def write_on():
        nonlocal written
        while goes_on:
            written += 1
            await database.apply(Operation("upsert", "t", f"w{written % 500}", {"v": written, "u": written}))
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write_on()) for _ in range(4)]
    await asyncio.sleep(0.01)
    await asyncio.wait_for(database.define("t", definition), 20)
    goes_on = False
    await asyncio.gather(*writers)
    assert database.engine.tables.definitions == {"t": definition}


ONE, OTHER = Definition({"required": ["one"]}, require_if_match=True), Definition({"required": ["other"]})


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("first", ["define", "drop"])
async def test_a_definition_and_a_drop_at_once_leave_what_the_last_of_them_says(engine, turns, first):
    database = Database(engine=engine)
    await database.define("t", ONE)
    calls = {"define": lambda: database.define("t", OTHER), "drop": lambda: database.drop("t")}
    begun = asyncio.create_task(calls.pop(first)())
    await give_turns(begun, turns)
    [other] = calls.values()
    await asyncio.gather(begun, other())
    in_force = engine.tables.definitions.get("t")
    assert in_force in (None, OTHER)
    [code] = await codes(database)
    assert code == ("record-not-found" if in_force else "unknown-table")
    with pytest.raises(InvalidRecord) if in_force else nullcontext():
        await database.apply(create(1, one=1))
    assert (await database.table("t")).schema == (in_force and OTHER.schema)


async def codes(database):
    try:
        await database.apply(Operation("delete", "t", "none"))
    except RamekinError as error:
        return [error.code]


@pytest.mark.parametrize("turns", TURNS)
async def test_of_two_definitions_at_once_the_last_is_in_force_for_everybody(engine, turns):
    database = Database(engine=engine)
    await database.define("t", Definition())
    begun = asyncio.create_task(database.define("t", ONE))
    await give_turns(begun, turns)
    told = await asyncio.gather(begun, database.define("t", OTHER))
    [last] = [info for info, _ in told if info.stats.definition is engine.tables.definitions["t"]]
    assert last.stats.revision == max(info.stats.revision for info, _ in told)
    assert database.schemas.rules("t").schema.json_schema == last.schema
    assert (await database.table("t")).schema == last.schema
    with pytest.raises(InvalidRecord):
        await database.apply(create(1))


async def test_two_databases_on_one_engine_hold_to_the_same_definitions(engine):
    one, other = Database(engine=engine), Database(engine=engine)
    await one.define("t", Definition({"required": ["a"]}, unique=("a",), require_if_match=True))
    with pytest.raises(InvalidRecord):
        await other.apply(create(1))
    await other.apply(create(1, a=1))
    with pytest.raises(NotUnique):
        await other.insert("t", [{"id": 2, "a": 1}])
    await other.define("t", Definition({"properties": {"a": {"minimum": 1}}}))
    with pytest.raises(InvalidRecord):
        await one.apply(create(2, a=0))
    await other.drop("t")
    await one.apply(create("free"))


@pytest.mark.parametrize("value", ["text", 5])
async def test_a_load_is_checked_by_the_definition_in_force_when_it_is_stored(database, value):
    async def records():
        yield "t", {"id": "a", "v": 1}
        yield "t", {"id": "b", "v": value}
        await database.define("t", BREAKING[0][0])
        yield "t", {"id": "c", "v": 1}

    if value == 5:
        await database.load(records())
        return
    with pytest.raises(InvalidRecord) as met:
        await database.load(records())
    assert [fault.pointer for fault in met.value.faults] == ["/t/1/v"]
    assert (await database.table("t")).stats.records == RECORDS
