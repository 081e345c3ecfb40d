"""Models: their tables' names, parts, strictness, and what their faults say."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field, create_model, field_validator

from ramekin.errors import InvalidRecord
from ramekin.schema.model_tables import table_name
from ramekin.schema.models import ModelSchema


@pytest.mark.parametrize(
    ("model", "table"),
    [("User", "users"), ("OrderItem", "order_items"), ("Category", "categories"), ("Day", "days"), ("Box", "boxes"),
     ("Address", "addresses"), ("Branch", "branches"), ("Dish", "dishes"), ("HTTPLog", "http_logs"), ("Quiz", "quizes"), ("A1B", "a1_bs")],
)  # fmt: skip
def test_a_table_is_named_after_its_model_in_the_plural(model, table):
    assert table_name(model) == table


class Leaf(BaseModel):
    text: str


class Tree(BaseModel):
    id: str
    leaves: list[Leaf] = []
    children: list["Tree"] = []


class Base(BaseModel):
    pass


class Colour(Enum):
    red = "red"


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Lax(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int


class Everything(BaseModel):
    id: int
    text: str = "x"
    flag: bool = True
    number: float = 1.0
    amount: Decimal = Decimal("1.5")
    moment: datetime | None = None
    day: date | None = None
    hour: time | None = None
    key: UUID | None = None
    colour: Colour = Colour.red
    choice: Literal["a", "b"] = "a"
    either: Leaf | int | None = None
    some: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    table: dict[str, int] = {}
    open: Open | None = None
    lax: Lax | None = None
    even: int = Field(2, multiple_of=2, gt=0, le=10)
    short: str = Field("ab", min_length=2, max_length=3)

    @field_validator("text")
    @classmethod
    def check(cls, value):
        if value == "secret":
            raise ValueError(f"{value} is not allowed")
        return value

    @computed_field
    @property
    def double(self) -> int:
        return self.even * 2


SCHEMA = ModelSchema(Everything)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("text", 5), ("flag", 1), ("flag", "true"), ("number", "1"), ("number", True), ("amount", "x"), ("moment", 5), ("moment", "x"),
        ("moment", "2026-13-01T00:00:00Z"), ("day", "2026-02-30"), ("hour", "25:00"), ("key", "x"), ("colour", "blue"), ("choice", "c"),
        ("either", "x"), ("either", {"text": 5}), ("some", []), ("some", [1, 2, 3]), ("some", [1.5]), ("some", {}), ("table", {"a": "x"}),
        ("table", []), ("even", 3), ("even", 0), ("even", 12), ("short", "a"), ("short", "abcd"), ("text", "secret"), ("double", 4),
    ],
)  # fmt: skip
def test_every_fault_points_into_the_document_and_repeats_no_value(member, value):
    with pytest.raises(InvalidRecord) as refused:
        SCHEMA.validate({"id": 1, member: value})
    for fault in refused.value.faults:
        assert fault.pointer.startswith(f"/{member}")
        assert "secret" not in fault.detail
        assert fault.detail.endswith(".")


@pytest.mark.parametrize(
    ("member", "value"),
    [("moment", "2026-01-01T00:00:00"), ("moment", "2026-01-01T00:00:00+02:00"), ("day", "2026-01-01"), ("hour", "10:00:00"),
     ("key", "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"), ("number", 5), ("either", 5), ("either", {"text": "x"}), ("open", {"a": 1, "more": 2}), ("amount", 2.5)],
)  # fmt: skip
def test_json_of_the_right_type_is_taken_and_stored_json_validates_again(member, value):
    import json

    body = SCHEMA.validate({"id": 1, member: value})
    assert SCHEMA.validate(json.loads(body)) == body
    assert "double" not in json.loads(body)


def test_a_model_that_says_what_to_do_with_other_members_is_obeyed():
    assert b'"more":2' in SCHEMA.validate({"id": 1, "open": {"a": 1, "more": 2}})
    assert b'"more"' not in SCHEMA.validate({"id": 1, "lax": {"a": 1, "more": 2}})
    with pytest.raises(InvalidRecord):
        SCHEMA.validate({"id": 1, "either": {"text": "x", "more": 2}})


def test_only_the_first_faults_are_listed_and_all_are_counted():
    with pytest.raises(InvalidRecord, match="26 faults; the first 10 are listed") as refused:
        SCHEMA.validate({"id": 1} | {f"x{i}": 1 for i in range(26)})
    assert len(refused.value.faults) == 10


@pytest.mark.parametrize(
    ("kind", "default", "takes"),
    [
        (str, ..., True), (str | None, None, True), (UUID, ..., True), (UUID | None, None, True), (int, ..., False),
        (int | None, None, False), (str, "x", False), (Annotated[str, Field(max_length=8)], ..., False),
    ],
)  # fmt: skip
def test_a_uuid_is_given_where_the_model_makes_no_id_and_would_take_it(kind, default, takes):
    assert ModelSchema(create_model("Made", id=(kind, default))).takes_uuid is takes


def test_a_model_that_makes_its_ids_is_given_none():
    class Made(BaseModel):
        id: str = Field(default_factory=lambda: "made")

    assert not ModelSchema(Made).takes_uuid


def test_path_ids_are_read_by_type():
    assert SCHEMA.read_id("5") == 5
    assert SCHEMA.read_id("x") == "x"
    assert ModelSchema(Tree).read_id("5") == "5"
