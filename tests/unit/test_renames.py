"""Patches of models whose fields have several names: any of them will do, and one is stored."""

import asyncio
from typing import Any

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from ramekin import Database, Operation, errors
from ramekin.schema.models import ModelSchema


class Base(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Address(Base):
    street_name: str = Field(alias="streetName")
    city: str = "Paris"


class Plain(Base):
    street_name: str


class User(Base):
    key: int = Field(alias="id")
    full_name: str = Field("d", alias="fullName")
    mail: str = Field("", validation_alias=AliasChoices("mail", "email"))
    home: Address | None = None
    homes: dict[str, Address] = {}
    past: list[Address] = []
    friend: "User | None" = None
    more: dict[str, Any] = {}


WAYS = {
    "patch": lambda db, patch: db.patch("users", 1, patch),
    "merge": lambda db, patch: db.insert("users", {"id": 1, **patch}, on_conflict="merge"),
    "bulk": lambda db, patch: db.insert("users", [{"id": 1, **patch}], on_conflict="merge"),
    "batch": lambda db, patch: db.write([Operation("patch", "users", "1", patch)]),
    "change": lambda db, patch: db.change("users", where={"id": 1}, patch=patch),
}
RECORD = {"id": 1, "fullName": "Ada", "mail": "a@b.c", "home": {"streetName": "Rue A"}}


def stored(way, *patches, record=RECORD):
    async def work():
        async with Database({"users": User}) as db:
            await db.insert("users", record)
            for patch in patches:
                await WAYS[way](db, patch)
            return (await db.find("users")).records[0]

    return asyncio.run(work())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("patch", "place", "value"),
    [
        ({"full_name": "Bo"}, ["fullName"], "Bo"),
        ({"fullName": "Bo"}, ["fullName"], "Bo"),
        ({"full_name": None}, ["fullName"], "d"),
        ({"email": "x"}, ["mail"], "x"),
        ({"home": {"street_name": "Rue B"}}, ["home"], {"streetName": "Rue B", "city": "Paris"}),
        ({"homes": {"a": {"street_name": "Rue C"}}}, ["homes", "a", "streetName"], "Rue C"),
        ({"past": [{"street_name": "Rue D"}]}, ["past", 0, "streetName"], "Rue D"),
        ({"friend": {"key": 2, "full_name": "Cy"}}, ["friend", "fullName"], "Cy"),
        ({"more": {"full_name": 1}}, ["more"], {"full_name": 1}),
    ],
)
def test_a_patch_may_use_any_name_of_a_field_again_and_again(way, patch, place, value):
    found = stored(way, patch, patch)
    for step in place:
        found = found[step]
    assert found == value


@pytest.mark.parametrize("way", WAYS)
def test_one_field_under_two_names_is_refused(way):
    with pytest.raises(errors.InvalidRecord) as refused:
        stored(way, {"full_name": "a", "fullName": "b"})
    assert "are one field" in refused.value.faults[0].detail


@pytest.mark.parametrize("way", ["patch", "batch", "change"])
def test_the_id_by_another_name_never_changes(way):
    with pytest.raises(errors.IdMismatch):
        stored(way, {"key": 2})


def test_a_union_whose_models_store_a_name_otherwise_takes_the_names_that_it_stores():
    class Box(BaseModel):
        id: int
        inner: Address | Plain

    renamed = ModelSchema(Box).stored_names
    assert renamed({"inner": {"street_name": "x"}}) == {"inner": {"street_name": "x"}}


def test_a_model_whose_fields_have_one_name_each_renames_nothing():
    assert ModelSchema(Plain).stored_names is None
    assert ModelSchema(User).stored_names is not None
