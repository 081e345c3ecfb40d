"""How long the records of a model's table live, and how many there may be: its class says so."""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.errors import InvalidDefinition
from ramekin.schema.bounds import MOST, SIZE, read_bounds
from ramekin.schema.fitness import UnfitModel
from ramekin.testing.clock import SetClock


class Plain(BaseModel):
    id: int


class Session(Plain):
    __expire_after_s__ = 60
    __max_records__: ClassVar[int] = 3
    __max_bytes__ = "1 KiB"


class Derived(Session):
    __expire_after_s__ = 30
    __max_bytes__ = None


def bounds(told):
    return told["expire_after_s"], told["max_records"], told["max_bytes"]


def test_a_class_says_how_long_its_records_live_and_how_many_there_may_be():
    clock = SetClock()
    database = Database({"sessions": Session, "derived": Derived, "plain": Plain}, clock=clock)
    asyncio.run(database.__aenter__())
    with TestClient(create_app(database)) as api:
        tables = {table["name"]: bounds(table) for table in api.get("/api/v1/tables").json()["tables"]}
        assert tables == {"sessions": (60, 3, 1024), "derived": (30, 3, None), "plain": (None, None, None)}
        assert api.post("/api/v1/data/sessions", json={"id": 1}).headers["expires"] == "Thu, 01 Jan 2026 00:01:00 GMT"
        api.post("/api/v1/data/sessions", json=[{"id": n} for n in (2, 3, 4)])
        assert [each["id"] for each in api.get("/api/v1/data/sessions").json()["data"]] == [2, 3, 4]
        clock.advance(60)
        assert api.get("/api/v1/data/sessions").json()["data"] == []
        assert "expires" not in api.post("/api/v1/data/plain", json={"id": 1}).headers


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_the_class_says_counts_from_the_next_start_on(tmp_path):
    class Longer(Plain):
        __expire_after_s__ = 1000

    clock = SetClock()

    async def opened(model, *ids):
        models = {"t": model} if model else {}
        async with Database(models, directory=tmp_path, clock=clock) as database:
            for each in ids:
                await database.insert("t", {"id": each})
            definition = (await database.table("t")).stats.definition
            return (definition.expire_after_s, definition.max_records), [
                await database.due("t", each)
                for each in range(1, 7)
                if (await database.find("t", where={"id": each})).rows
            ]

    told, dues = await opened(Plain, 1, 2, 3, 4)
    assert (told, dues) == ((None, None), [None] * 4)
    told, dues = await opened(Session, 5)
    assert (told, len(dues), dues[:2]) == ((60, 3), 3, [None, None])
    told, dues = await opened(Longer, 6)
    assert (told, [due and round(due.timestamp() - clock.wall_ms() / 1000) for due in dues]) == (
        (1000, None),
        [None, None, 60, 1000],
    )
    clock.advance(500)
    told, dues = await opened(Plain)
    assert (told, len(dues)) == ((None, None), 3)


@pytest.mark.parametrize(
    "wrong",
    [{"__expire_after_s__": 0}, {"__expire_after_s__": "60"}, {"__max_records__": True}, {"__max_bytes__": "3 XiB"}],
    ids=str,
)
def test_a_bound_that_cannot_be_is_told_at_the_start(wrong):
    model = type("Wrong", (Plain,), {**wrong})
    [name] = wrong
    with pytest.raises(UnfitModel, match=f"^Wrong: '{name.strip('_')}' is a whole number "):
        Database({"t": model})


@pytest.mark.parametrize(
    "size", ["0", "0MiB", "064MiB", "9999TiB", "9999999999999999", "-1", "1.5GiB", "1 XiB", "5 ", "1MiB\n"]
)
def test_a_size_that_is_none_is_refused_by_the_document_too(size):
    assert re.search(SIZE.replace("$", r"\Z"), size) is None
    with pytest.raises(InvalidDefinition):
        read_bounds({"max_bytes": size})


@pytest.mark.parametrize(
    ("size", "size_bytes"),
    [
        ("1", 1),
        ("64MiB", 64 * 2**20),
        ("5 kB", 5000),
        ("999TiB", 999 * 2**40),
        ("999 TB", 999 * 10**12),
        ("1GB", 10**9),
    ],
)
def test_a_size_may_have_a_unit(size, size_bytes):
    assert read_bounds({"max_bytes": size})["max_bytes"] == size_bytes <= MOST
