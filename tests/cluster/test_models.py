"""Tables of models that several servers share, of which not all have the model, or the same version of it."""

import asyncio
import json
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

import pytest
from pydantic import BaseModel, field_validator

from ramekin import Database, Operation
from ramekin.api.app import create_app
from ramekin.changes import Dropped
from ramekin.cli.copy import copy
from ramekin.database import adoption
from ramekin.database.defining import define
from ramekin.engine.replicated import Replicated
from ramekin.errors import DefinitionBroken, InvalidRecord, ModelMissing
from ramekin.schema.definition import NOTHING_DEFINED, SEVERAL
from ramekin.settings import Settings
from tests.cluster.nodes import running
from tests.cluster.processes import servers_of, soon
from tests.inside import InsideClient

pytestmark = pytest.mark.anyio


class Item(BaseModel):
    id: int
    name: str


def version(**more):
    """Return another version of the model."""
    members = {"__annotations__": {"id": int, "name": str} | {name: kind for name, (kind, _) in more.items()}}
    members |= {name: default for name, (_, default) in more.items() if default is not None}
    return type("Item", (BaseModel,), {"__module__": __name__, **members})


Sized = version(size=(int, 3))
Dated = type("Item", (BaseModel,), {"__module__": __name__, "__annotations__": {"id": int, "name": datetime}})


class Loud(BaseModel):
    id: int
    name: str

    @field_validator("name")
    @classmethod
    def is_loud(cls, name):
        assert name.isupper()
        return name


Loud.__name__ = Loud.__qualname__ = "Item"
Loud.model_rebuild(force=True)


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


@asynccontextmanager
async def databases(servers, *models):
    """Give databases on one set of tables, each with its model of the table `items`, or without."""
    name = secrets.token_hex(8)
    async with AsyncExitStack() as stack:
        found = []
        for model in models:
            found.append(await stack.enter_async_context(database_of(servers, name, model)))
        yield found


def database_of(servers, name, model):
    """Return a database that is not open yet."""
    database = Database({} if model is None else {"items": model}, engine=Replicated(servers, name))
    if model is Loud:
        database.schemas.fingerprints["items"] = "loud"  # as if its code were in another file
    return database


def another(database, model):
    """Return one more on the same tables."""
    link = database.engine._link
    return database_of(link.servers, link.keys.database, model)


async def caught_up(*those):
    for database in those:
        await database.engine._link.catch_up()


def known_model(database):
    return database.engine.tables.definitions.get("items", NOTHING_DEFINED).model


async def is_typed_again(typed, plain):
    """See that a table is the model's, and that who does not have the model stores nothing in it."""
    fingerprint = typed.schemas.fingerprints["items"]
    for database in (plain, typed):
        await soon(lambda database=database: known_model(database) == fingerprint)
    with pytest.raises(ModelMissing):
        await plain.insert("items", {"id": "junk"})
    await typed.insert("items", {"id": 7, "name": "a"})
    await caught_up(plain)
    assert json.loads(await plain.get("items", 7)) == {"id": 7, "name": "a"}


async def dropped(database):
    await database.drop("items")


async def replaced(database):
    await database.load([("users", {"id": 1})], is_replacing=True)


async def reset(database):
    await database.reset()


@pytest.mark.parametrize("way", [dropped, replaced, reset])
async def test_a_server_without_the_model_empties_its_table_which_stays(servers, way):
    async with databases(servers, None, Item) as [plain, typed]:
        await caught_up(plain)
        if way is reset:
            plain.checkpoint()
            plain._checkpoint.store(Dropped("items"))  # it was kept before the model was there
        await typed.insert("items", {"id": 1, "name": "a"})
        await caught_up(plain)
        births = plain.engine._link.replica.chronicle.births["items"]
        await way(plain)
        assert plain.record_count("items") == 0
        assert plain.engine._link.replica.chronicle.births["items"] == births, "it was not dropped and made again"
        with pytest.raises(ModelMissing):
            await plain.insert("items", {"id": "junk"})
        await is_typed_again(typed, plain)


async def test_a_table_whose_model_no_server_has_any_more_is_set_free_and_dropped(servers):
    async with databases(servers, Item, None) as [typed, plain]:
        await typed.insert("items", {"id": 1, "name": "a"})
        await typed.__aexit__(None, None, None)
        await plain.define("items", {})
        await plain.drop("items")
        assert await plain.tables() == []


async def test_a_table_that_was_dropped_all_the_same_is_made_again(servers):
    async with databases(servers, None, Item) as [plain, typed]:
        await plain.engine.apply(Dropped("items"))  # as a program does that knows nothing of models
        await is_typed_again(typed, plain)


async def test_a_table_that_nodes_have_lost_is_made_again():
    with running() as [node]:
        async with databases(servers_of([node]), None, Item) as [plain, typed]:
            await typed.insert("items", {"id": 1, "name": "a"})
            node.ask("FLUSHALL")
            await soon(lambda: {each.engine._link.feed.readings for each in (plain, typed)} == {2})
            await is_typed_again(typed, plain)
            assert not typed.warnings()


async def test_a_table_that_another_server_sets_free_is_its_models_again(servers):
    async with databases(servers, None, Item) as [plain, typed]:
        await plain.define("items", {})
        await is_typed_again(typed, plain)


@asynccontextmanager
async def junk_of(servers):
    """Give a server with a model, and one without, and how often the first looked at all records: one is junk."""
    looks = []

    async def counted(*asked):
        looks.append(asked)
        return await define(*asked)

    async with databases(servers, None, Item) as [plain, typed]:
        adopt = typed._adoption._look
        typed.engine.tables.when_defined.remove(adopt)  # it is slow to hear of it
        await plain.define("items", {})
        await plain.insert("items", {"id": "junk"})
        await typed.engine._link.catch_up()
        typed.engine.tables.when_defined.append(adopt)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(adoption, "define", counted)
            adopt()
            await soon(typed.warnings)
            yield plain, typed, looks


async def test_a_table_set_free_that_took_junk_is_told_of_until_the_junk_is_gone(servers, monkeypatch):
    monkeypatch.setattr(adoption, "AGAIN_S", 0.05)
    async with junk_of(servers) as (plain, typed, _):
        assert "do not satisfy the model Item" in typed.warnings()[0]
        with pytest.raises(InvalidRecord):
            await typed.insert("items", {"id": "more junk"})
        await plain.delete("items", "junk")
        await is_typed_again(typed, plain)
        assert not typed.warnings()


async def test_records_are_looked_at_again_once_the_one_that_was_junk_is_none(servers, monkeypatch):
    monkeypatch.setattr(adoption, "AGAIN_S", 0.001)
    rounds, is_broken = [], adoption.Adoption._is_broken
    monkeypatch.setattr(adoption.Adoption, "_is_broken", lambda *asked: rounds.append(1) or is_broken(*asked))
    async with junk_of(servers) as (plain, typed, looks):
        await plain.insert("items", {"id": 7, "name": "a"})
        await soon(lambda: len(rounds) > 20)
        assert len(looks) == 1
        await plain.insert("items", {"id": "more"})
        await plain.delete("items", "junk")
        await soon(lambda: "more" in typed._adoption._broken.values())
        assert len(looks) == 2
        await plain.delete("items", "more")
        await soon(lambda: known_model(plain) is not None)


def test_a_long_look_is_followed_by_a_longer_pause():
    assert [adoption.pause_after(spent_s) for spent_s in (0, 0.1, 60)] == [5, 5, 600]


async def test_what_is_copied_into_a_models_table_is_looked_at_by_the_next_start(servers, tmp_path, capsys):
    async with databases(servers, Item) as [typed]:
        await typed.insert("items", {"id": 1, "name": "a"})
        for content, faults in (
            ({"users": [{"id": 1}]}, []),
            ({"items": [{"id": "junk"}]}, ["/junk/id", "/junk/name"]),
        ):
            (tmp_path / "db.json").write_text(json.dumps(content))
            await asyncio.to_thread(copied_to, typed.engine._link, str(tmp_path / "db.json"))
            await caught_up(typed)
            with pytest.raises(InvalidRecord):
                await typed.insert("items", {"id": "more junk"})
            if not faults:
                assert known_model(typed) == typed.schemas.fingerprints["items"]
                continue
            with pytest.raises(DefinitionBroken) as met:
                async with another(typed, Item):
                    pass
            assert [fault.pointer for fault in met.value.faults] == faults


def copied_to(link, file):
    target = f"valkey://{link.servers.addresses[0]}/{link.keys.database}"
    copy(file, target, Settings(), None, is_replacing=True)


# Two versions of a model


async def test_two_versions_store_what_both_take(servers):
    async with databases(servers, Item, Sized) as [old, new]:
        await soon(old.warnings)
        assert "several versions of the model Item type the table 'items'" in old.warnings()[0]
        await old.insert("items", {"id": 1, "name": "a"})
        await new.insert("items", {"id": 2, "name": "b", "size": 4})
        await caught_up(old, new)
        await new.patch("items", 1, {"size": 5})
        await caught_up(old)
        assert json.loads(await old.get("items", 1)) == {"id": 1, "name": "a", "size": 5}
        assert (await old.find("items", where={"size": {"gt": 4}})).records == [{"id": 1, "name": "a", "size": 5}]
        with pytest.raises(InvalidRecord):
            await old.insert("items", {"id": 3, "name": 3})
        with pytest.raises(ModelMissing, match="another version of the model Item, which alone takes such a record"):
            await old.patch("items", 2, {"name": "c"})
        await old.delete("items", 2)
        await old.replace("items", 1, {"name": "c"})
        await soon(new.warnings)
        assert known_model(new) == SEVERAL


async def policy_noted(database):
    database.engine._link.policy.replicas.note("a replica is not well")


def test_readiness_warns_of_several_versions(servers):
    name = secrets.token_hex(8)
    database = database_of(servers, name, Item)
    with InsideClient(create_app(database)) as api:

        async def another_begins():
            async with database_of(servers, name, Sized) as other:
                await soon(other.warnings)

        api.run(database.__aenter__())
        api.run(another_begins())
        told = api.get("/health/ready")
        assert (told.status_code, told.json()["status"]) == (200, "ok")
        assert "several versions of the model Item type the table 'items'" in told.json()["warnings"][0]
        assert api.post("/api/v1/data/items", json={"id": 1, "name": "a"}).status_code == 201
        refusal = api.post("/api/v1/data/items", json={"id": 2, "name": "a", "size": 1})
        assert (refusal.status_code, refusal.json()["code"]) == (409, "model-missing")
        assert "start this one with it" in refusal.json()["detail"]
        api.run(policy_noted(database))
        told = api.get("/health/ready")
        assert (told.status_code, told.json()["warnings"][1]) == (200, "a replica is not well")
        api.run(database.__aexit__())


async def test_an_older_version_stores_nothing_that_the_newer_does_not_take(servers):
    async with databases(servers, Item, version(size=(int, None))) as [old, new]:
        await caught_up(old)
        with pytest.raises(ModelMissing, match="which does not take such a record"):
            await old.insert("items", {"id": 1, "name": "a"})
        await new.insert("items", {"id": 1, "name": "a", "size": 1})


async def test_of_two_versions_that_read_a_text_otherwise_the_last_one_alone_writes(servers):
    async with databases(servers, Item, Dated) as [old, new]:
        await caught_up(old)
        with pytest.raises(ModelMissing, match="which reads members of records otherwise"):
            await old.insert("items", {"id": 1, "name": "2026-01-01T01:00:00+01:00"})
        await new.insert("items", {"id": 1, "name": "2026-01-01T01:00:00+01:00"})


async def test_what_the_code_of_one_version_alone_refuses_the_next_start_finds(servers):
    async with databases(servers, Item, Loud) as [old, new]:
        await soon(old.warnings)
        await old.insert("items", {"id": 1, "name": "low"})
        with pytest.raises(InvalidRecord):
            await new.insert("items", {"id": 2, "name": "low"})
        with pytest.raises(DefinitionBroken, match="Item, which has changed") as met:
            async with another(new, Loud):
                pass
        assert [fault.pointer for fault in met.value.faults] == ["/1/name"]


async def test_two_versions_do_not_fight_and_the_next_start_ends_it(servers):
    async with databases(servers, Item, Sized) as [old, new]:
        await soon(lambda: known_model(old) == SEVERAL)
        number = old.engine._link.feed.number
        await new.apply(Operation("upsert", "items", "1", {"id": 1, "name": "a"}))
        assert old.engine._link.feed.number <= number + 1
        await old.__aexit__(None, None, None)
        async with another(new, Sized) as third:
            await soon(lambda: known_model(new) == third.schemas.fingerprints["items"])
            assert not new.warnings()
