"""What is refused costs little: no work is done for it that nobody will see, and what it leaves holds nobody up."""

import asyncio

import pytest
from pydantic import BaseModel

from ramekin import Database, Limits, Operation
from ramekin.database import writing
from ramekin.errors import DefinitionBroken, InvalidRecord, MalformedJson, RecordExists, TooManyAffected, TooManyRows
from ramekin.formats.record_text import ArrayText
from ramekin.query.aggregate import Groups
from ramekin.query.order import FirstRows
from ramekin.schema.models import MAX_TOLD, ModelSchema
from ramekin.values import codec

pytestmark = pytest.mark.anyio

RECORDS = 3000
CLOSED = {"schema": {"properties": {"n": {"type": "integer"}}}}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def database():
    async with Database() as database:
        await database.insert("t", ({"id": i, "n": i, "same": 1} for i in range(RECORDS)))
        await database.define("closed", CLOSED)
        yield database


@pytest.fixture
def checked(monkeypatch):
    """The records that were held against rules."""
    seen, prepare = [], writing.prepare

    def noting(operation, rules):
        seen.append(operation.record)
        return prepare(operation, rules)

    monkeypatch.setattr(writing, "prepare", noting)
    return seen


@pytest.mark.parametrize("wrong", [0, 1500])
async def test_behind_a_wrong_record_of_a_bulk_only_some_are_looked_at(database, checked, wrong):
    records = [{"id": i, "n": "x" if i == wrong else i} for i in range(RECORDS)]
    with pytest.raises(InvalidRecord):
        await database.insert("closed", ArrayText(codec.dump(records), 10**6), is_parsed=True)
    assert len(checked) == wrong + writing.LOOKED_AT


async def test_the_faults_behind_the_first_are_told_if_they_are_near(database):
    wrong = {5, 6, 5 + writing.LOOKED_AT - 1, 5 + writing.LOOKED_AT}
    records = [{"id": i, "n": "x" if i in wrong else i} for i in range(RECORDS)]
    with pytest.raises(InvalidRecord) as caught:
        await database.insert("closed", records)
    assert [fault.steps[0] for fault in caught.value.faults] == ["5", "6", str(5 + writing.LOOKED_AT - 1)]


async def test_what_is_no_json_is_told_first_however_far_behind_a_wrong_record_it_stands(database):
    text = codec.dump([{"id": i, "n": "x"} for i in range(RECORDS)])[:-1] + b",]"
    with pytest.raises(MalformedJson):
        await database.insert("closed", ArrayText(text, 10**6), is_parsed=True)


async def exists(database):
    await database.insert("t", ({"id": (i + 1) % RECORDS + RECORDS - 1} for i in range(RECORDS)))


async def invalid(database):
    await database.insert("closed", ({"id": i, "n": i if i < RECORDS - 1 else "x"} for i in range(RECORDS)))


async def batch(database):
    await database.write([Operation("create", "t", record={"id": i, "n": 1}) for i in reversed(range(RECORDS))])


async def change(database):
    await database.change("t", where={"same": 1}, patch={"n": 0}, max_affected=RECORDS - 2)


async def load(database):
    await database.load(("closed", {"id": i, "n": i if i < RECORDS - 1 else "x"}) for i in range(RECORDS))


async def definition(database):
    await database.patch("t", 7, {"n": 8})
    await database.define("t", {"unique": ["n"]})


@pytest.mark.parametrize("refused", [exists, invalid, batch, change, load, definition])
async def test_what_an_error_leaves_is_taken_apart_bit_by_bit(database, refused):
    with pytest.raises((DefinitionBroken, InvalidRecord, RecordExists, TooManyAffected, TooManyRows)):
        await refused(database)
    assert database.memory().passing_bytes > 100 * RECORDS
    for _ in range(1000):
        await asyncio.sleep(0)
    assert database.memory().passing_bytes == 0


async def test_what_a_client_that_leaves_was_sending_is_taken_apart_bit_by_bit(database, monkeypatch):
    taken, garbage = [], database.engine.tables.catalog.memory.garbage
    monkeypatch.setattr(garbage, "take", lambda left: taken.append(left.copy_bytes))

    async def records():
        for i in range(RECORDS):
            yield "new", {"id": i}
        task.cancel()
        await asyncio.sleep(1)

    task = asyncio.create_task(database.load(records()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert max(taken) > 100 * RECORDS


QUERIES = {
    "list": lambda database: database.find("t", sort="same,-n", offset=500),
    "join": lambda database: database.join("t", "t", "id=id", names=("a", "b"), sort="b.n", offset=500),
    "groups": lambda database: database.find_groups("t", group_by=["n"]),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_rows_that_are_too_many_to_be_held_are_let_go_of_in_steps(database, query, monkeypatch):
    steps = []

    def noting(let_go):
        def noted(self):
            steps.append(self)
            return let_go(self)

        return noted

    monkeypatch.setattr(FirstRows, "let_go", noting(FirstRows.let_go))
    monkeypatch.setattr(Groups, "emptied", noting(Groups.emptied))
    database.limits = Limits(sorted_rows=100)
    with pytest.raises(TooManyRows):
        await query(database)
    assert steps


class Listed(BaseModel):
    id: int
    numbers: list[int] = []
    by_name: dict[str, int] = {}


def faults_of(record):
    with pytest.raises(InvalidRecord) as caught:
        ModelSchema(Listed).validate(record)
    return [fault.pointer for fault in caught.value.faults], str(caught.value)


def test_a_long_record_is_told_the_first_fault_of_each_list_and_dictionary():
    many = {"numbers": [1, *["x"] * 10_000], "by_name": dict.fromkeys(map(str, range(10_000)), "x")}
    assert faults_of({"id": "a", **many})[0] == ["/id", "/numbers/1", "/by_name/0"]
    few = {"numbers": ["x"] * 2, "by_name": {"a": "x", "b": "x"}}
    assert faults_of({"id": 1, **few})[0] == ["/numbers/0", "/numbers/1", "/by_name/a", "/by_name/b"]


def test_faults_are_told_as_long_as_they_are_not_very_many():
    assert len(faults_of({"id": 1, **{f"m{i}": 1 for i in range(MAX_TOLD)}})[0]) == 10
    pointers, told = faults_of({"id": 1, **{f"m{i}": 1 for i in range(MAX_TOLD + 1)}})
    assert pointers == [""]
    assert f"{MAX_TOLD + 1} faults" in told
