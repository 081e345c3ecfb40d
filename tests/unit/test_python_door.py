"""`Database` used from Python: what no request could say is refused by the errors of requests, and nothing is changed."""

import asyncio
import collections
import datetime as dt
import enum
import subprocess
import sys
import uuid
from decimal import Decimal

import pytest

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.finding import FindRequest
from ramekin.database.join_request import JoinRequest
from ramekin.database.operations import Operation
from ramekin.errors import (
    IntegerOutOfRange,
    InvalidDefinition,
    InvalidOperation,
    InvalidParameter,
    InvalidRecord,
    InvalidTableName,
    MalformedJson,
    NumberNotFinite,
    RamekinError,
    TooDeep,
    TooManyAffected,
)
from ramekin.samples.models import User
from ramekin.schema.definition import Definition

DEEP = [value := []] + [value := [value] for _ in range(100)]
LOOP = []
LOOP.append(LOOP)
TWICE = {}
TWICE |= {"a": TWICE, "b": [TWICE, TWICE]}


class Size(enum.IntEnum):
    small = 1


NO_JSON = [
    (10**30, IntegerOutOfRange), (2**63, IntegerOutOfRange), (-(2**63) - 1, IntegerOutOfRange), (float("nan"), NumberNotFinite), (float("-inf"), NumberNotFinite),
    ({5: 6}, InvalidRecord), ({None: 1}, InvalidRecord), ({b"a": 1}, InvalidRecord), ((1, 2), InvalidRecord), ({1, 2}, InvalidRecord), (b"x", InvalidRecord),
    (dt.datetime(2024, 1, 1), InvalidRecord), (uuid.uuid4(), InvalidRecord), (Decimal("1.5"), InvalidRecord), (Size.small, InvalidRecord), (object(), InvalidRecord),
    (collections.OrderedDict(a=1), InvalidRecord), ("\ud800", MalformedJson), ({"\udfff": 1}, MalformedJson), (DEEP[-1], TooDeep), (LOOP, TooDeep), (TWICE, TooDeep),
]  # fmt: skip
JSON = [
    None,
    True,
    0,
    2**63 - 1,
    -(2**63),
    1.5,
    -0.0,
    1e300,
    "",
    "é\U0001f600",
    [],
    {},
    {"": [1, {"a": None}]},
    DEEP[61],
]


@pytest.fixture
def run():
    with asyncio.Runner() as runner:
        database = Database({"users": User})
        runner.run(database.__aenter__())
        runner.run(database.insert("t", [{"id": 1, "n": 1}]))

        def call(work):
            return runner.run(work(database))

        yield call
        bodies = runner.run(_all(database))
        assert bodies == [b'{"id":1,"n":1}'], "what was refused changed something"


async def _all(database):
    found = []
    async with database.snapshot() as snapshot:
        for table in snapshot.tables:
            async for bodies in snapshot.view.batches(table):
                found += bodies
    return found


DOORS = {
    "create": lambda value: lambda db: db.apply(Operation("create", "t", record={"id": 2, "v": value})),
    "upsert": lambda value: lambda db: db.apply(Operation("upsert", "t", "2", {"v": value})),
    "replace": lambda value: lambda db: db.apply(Operation("replace", "t", "1", {"v": value})),
    "patch": lambda value: lambda db: db.apply(Operation("patch", "t", "1", {"v": value})),
    "write": lambda value: (
        lambda db: db.write([Operation("create", "t", record={"id": 2}), Operation("patch", "t", "1", {"v": value})])
    ),
    "insert": lambda value: lambda db: db.insert("t", [{"id": 2}, {"id": 3, "v": value}]),
    "load": lambda value: lambda db: db.load([("t", {"id": 2}), ("t", {"id": 3, "v": value})]),
    "change": lambda value: lambda db: _change(db, value),
    "define": lambda value: lambda db: db.define("t", Definition(schema={"const": value})),
    "a typed table": lambda value: lambda db: db.insert("users", [{"email": "a@example.com", "full_name": value}]),
}


async def _change(database, value):
    return await database.change(ChangeRequest("t", patch={"v": value}))


@pytest.mark.parametrize("door", DOORS)
def test_values_that_json_has_not_are_refused_at_every_door(run, door):
    for value, error in NO_JSON:
        with pytest.raises((error, InvalidDefinition) if door == "define" else error) as refused:  # it has many parts
            run(DOORS[door](value))
        assert type(refused.value).__module__.startswith("ramekin.errors"), value


def test_values_that_json_has_are_stored_as_they_are():
    async def work():
        async with Database() as database:
            for value in JSON:
                await database.insert("t", [{"v": value}])

    asyncio.run(work())


@pytest.mark.parametrize(
    ("work", "error", "words"),
    [
        (
            lambda db: db.insert("t", [{"id": 1, "n": 2}], on_conflict="ignor"),
            InvalidOperation,
            "Did you mean 'ignore'?",
        ),
        (
            lambda db: db.apply(Operation("create", "t", record={"id": 1}, on_conflict="replce")),
            InvalidOperation,
            "Did you mean 'replace'?",
        ),
        (
            lambda db: db.apply(Operation("create", "t", record={"id": 2}, on_conflict=None)),
            InvalidOperation,
            "one of error, ignore",
        ),
        (lambda db: db.apply(Operation("upsrt", "t", "1", {})), InvalidOperation, "Did you mean 'upsert'?"),
        (lambda db: db.apply(Operation("patch", "t", record={})), InvalidOperation, "address"),
        (lambda db: db.apply(Operation("patch", "t", 1, {})), InvalidOperation, "text of its id"),
        (lambda db: db.apply(Operation("create", "my table", record={})), InvalidTableName, "table"),
        (lambda db: db.apply(Operation("create", "t", record=[1])), InvalidRecord, "object"),
        (lambda db: db.insert("t", [None]), InvalidRecord, "not valid"),
        (lambda db: _find(db, limit=-1), InvalidParameter, "limit"),
        (lambda db: _find(db, offset=-1), InvalidParameter, "offset"),
        (lambda db: _join(db, limit=-1), InvalidParameter, "limit"),
        (lambda db: _join(db, type="outer"), InvalidParameter, "inner, left"),
        (lambda db: _join(db, shape="three"), InvalidParameter, "pairs, tree"),
        (lambda db: _affect(db, -1), InvalidParameter, "max_affected"),
    ],
)
def test_words_that_mean_nothing_are_refused(run, work, error, words):
    with pytest.raises(error, match=words.replace("?", r"\?")):
        run(work)


async def _find(database, **words):
    return await database.find(FindRequest("t", **words))


async def _join(database, **words):
    return await database.join(JoinRequest("t", "users", "id", **words))


async def _affect(database, most):
    return await database.change(ChangeRequest("t", patch={}, max_affected=most))


def test_a_change_of_too_many_records_looks_at_few():
    looked_at = []

    async def hold(records, size_bytes):
        looked_at.append(records)

    async def delete_all():
        async with Database() as database:
            await database.load([("t", {"id": i}) for i in range(10_000)], is_replacing=True)
            await database.change(ChangeRequest("t", is_deletion=True, max_affected=10, hold=hold))

    with pytest.raises(TooManyAffected):
        asyncio.run(delete_all())
    assert 10 < max(looked_at) < 2_000


def test_a_fault_of_a_load_says_which_record(run):
    with pytest.raises(RamekinError) as refused:
        run(lambda db: db.load([("t", None), ("t", {"id": 5}), ("t", {"id": 6, "v": 10**30})]))
    assert [fault.pointer for fault in refused.value.faults] == ["/t/1"]


@pytest.mark.parametrize("name", ["us ers", "", "1st", "a/b", "x" * 64])
def test_a_model_under_a_name_that_no_table_may_have_is_refused_at_once(name):
    with pytest.raises(InvalidTableName):
        Database({name: User})


def test_a_model_that_was_typed_in_is_taken():
    """Its module says that it comes from a file of the name ``<stdin>``."""
    typed = (
        "from pydantic import BaseModel\nfrom ramekin import Database\nclass A(BaseModel): id: int\nDatabase({'as': A})"
    )
    subprocess.run([sys.executable, "-"], input=typed.encode(), check=True, timeout=60)
