"""Two databases on one engine: what the model of one forbids, the other cannot store."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import BaseModel

from ramekin import Database, Operation, errors
from tests.engines.conftest import ENGINES

pytestmark = pytest.mark.anyio


class Number(BaseModel):
    id: int
    n: int


class Text(BaseModel):
    id: int
    n: str


JUNK = {"id": 2, "n": "junk"}

WRITES = {
    "insert": lambda other: other.insert("t", JUNK),
    "bulk": lambda other: other.insert("t", [JUNK], on_conflict="merge"),
    "batch": lambda other: other.write([Operation("upsert", "t", "1", {"n": "junk"})]),
    "replace": lambda other: other.replace("t", 1, JUNK | {"id": 1}),
    "patch": lambda other: other.patch("t", 1, {"n": "junk"}),
    "change": lambda other: other.change("t", where={}, patch={"n": "junk"}),
    "load": lambda other: other.load([("t", JUNK)]),
    "load that replaces": lambda other: other.load([("t", JUNK)], is_replacing=True),
    "definition": lambda other: other.define("t", {}),
}
CLEARINGS = {
    "nothing": lambda other: other.tables(),
    "drop": lambda other: other.drop("t"),
    "load of other tables": lambda other: other.load([("u", {"id": 1})], is_replacing=True),
    "delete": lambda other: other.delete("t", 1),
}


@pytest.fixture(params=["opened", "not opened yet"])
async def one(engine, request):
    database = Database({"t": Number}, engine=engine)
    if request.param == "opened":
        await database.__aenter__()
    await database.insert("t", {"id": 1, "n": 1})
    return database


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("clearing", CLEARINGS)
async def test_what_the_model_of_one_forbids_is_not_stored_by_the_other(engine, one, clearing, write):
    other = Database(engine=engine)
    await CLEARINGS[clearing](other)
    try:
        await WRITES[write](other)
    except (errors.ModelMissing, errors.ModelTable, errors.NotFound):
        pass
    else:
        assert (write, clearing != "nothing") == ("change", True), "only what means no record may pass"
    await one.insert("t", {"id": 3, "n": 3})
    assert {type(record["n"]) for record in (await one.find("t")).records} == {int}
    with pytest.raises(errors.InvalidRecord):
        await one.insert("t", JUNK)


async def test_the_other_reads_what_the_model_stored(engine, one):
    other = Database(engine=engine)
    assert (await other.find("t", where={"n": {"gte": 1}})).records == [{"id": 1, "n": 1}]
    assert await other.get("t", 1) == b'{"id":1,"n":1}'
    with pytest.raises(errors.UnknownField):
        await other.find("t", where={"m": 1})


async def test_of_two_models_of_one_table_one_is_in_force(engine):
    one, other = Database({"t": Number}, engine=engine), Database({"t": Text}, engine=engine)
    for database in (one, other):  # the last one that was opened
        await database.__aenter__()
    with pytest.raises(errors.ModelMissing):
        await one.insert("t", {"id": 5, "n": 5})
    await other.insert("t", {"id": 5, "n": "text"})


def journals():
    return sum(thread.name == "ramekin-journal" for thread in threading.enumerate())


async def test_an_engine_is_opened_once_by_all_of_its_databases(tmp_path):
    engine = ENGINES["durable"](tmp_path)
    one, other = Database({"t": Number}, engine=engine), Database({"u": Text}, engine=engine)
    await asyncio.gather(one.__aenter__(), other.__aenter__())
    await one.insert("t", {"id": 1, "n": 1})
    await other.insert("u", {"id": 1, "n": "a"})
    assert journals() == 1
    assert (await other.get("t", 1), await one.get("u", 1)) == (b'{"id":1,"n":1}', b'{"id":1,"n":"a"}')
    await one.__aexit__(None, None, None)
    await other.__aexit__(None, None, None)
    assert journals() == 0
