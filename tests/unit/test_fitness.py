"""What a model stores it takes back: what is looked at before any record comes, and what is asked of each record."""

import json
import logging
import uuid
from datetime import UTC, datetime
from enum import Enum, IntEnum
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, PlainSerializer, field_validator
from pydantic_core import core_schema

from ramekin.errors import InvalidRecord
from ramekin.samples.models import Order, Shop, User
from ramekin.schema.fitness import UnfitModel
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.models import ModelSchema


class Reads:
    """Counts how often the model reads a record, by a validator that changes nothing."""

    def __init__(self, model):
        self.schema, self.count = ModelSchema(model), 0
        read = self.schema._read

        def counted(body):
            self.count += 1
            return read(body)

        self.schema._read = counted


ADA = {"email": "ada@example.com", "full_name": "Ada"}
ORDER = {"user_id": str(uuid.uuid4()), "product_name": "Dish", "quantity": 1, "total_price": 9.5}
SHOP = {
    "id": "a",
    "name": "A",
    "address": {"street": "", "postcode": "", "city": "", "country": "FR"},
    "location": {"lat": 1, "lon": 2},
}


@pytest.mark.parametrize(
    ("model", "record"), [(User, ADA), (Order, ORDER), (Shop, SHOP)], ids=["User", "Order", "Shop"]
)
def test_records_of_plain_models_are_read_once(model, record):
    reads = Reads(model)
    reads.schema.validate(record)
    assert reads.count == 1


def test_records_of_models_with_code_of_their_own_are_read_twice():
    class Own(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def same(cls, value):
            return value

    reads = Reads(Own)
    reads.schema.validate({"id": 1, "n": 1})
    assert reads.count == 2


def test_a_fault_says_where_a_value_would_not_come_back():
    class Inner(BaseModel):
        rows: list[Annotated[int, PlainSerializer(lambda value: value + 1)]]

    class Outer(BaseModel):
        inner: Inner

    with pytest.raises(InvalidRecord, match="would not take back") as refused:
        ModelSchema(Outer).validate({"id": 1, "inner": {"rows": [1, 2]}})
    assert [fault.pointer for fault in refused.value.faults] == ["/inner/rows/0"]


def test_sets_are_printed_in_order_whatever_order_python_has():
    class Bag(BaseModel):
        words: set[str]
        numbers: frozenset[int]
        inner: list[set[float]] = []

    record = {"id": 1, "words": list("qwertyuiop"), "numbers": [100, 2, -5, 30], "inner": [[2, 1.5]]}
    stored = json.loads(ModelSchema(Bag).validate(record))
    assert stored == {"id": 1, "words": sorted("qwertyuiop"), "numbers": [-5, 2, 30, 100], "inner": [[1.5, 2.0]]} | {
        "id": 1
    }


def test_a_fixed_default_is_stored_as_the_field_itself_writes_it():
    class Priced(BaseModel):
        price: float = 0
        tags: set[str] = {"b", "a"}

    schema = ModelSchema(Priced)
    body = schema.validate({"id": 1})
    assert b'"price":0.0' in body
    assert schema.validate(json.loads(body)) == body


@pytest.mark.parametrize("default", [{"default": "De Fault "}, {"default_factory": lambda: "De Fault "}])
def test_a_default_is_stored_as_a_validator_would_write_it(default):
    class Post(BaseModel):
        slug: str = Field(**default)
        also: Annotated[str, AfterValidator(str.strip)] = " x"

        @field_validator("slug")
        @classmethod
        def normalise(cls, value):
            return value.lower().strip()

    schema = ModelSchema(Post)
    body = schema.validate({"id": 1})
    assert json.loads(body) == {"id": 1, "slug": "de fault", "also": "x"}
    assert schema.validate(json.loads(body)) == body


def test_a_default_over_which_code_further_inside_fails_is_left_to_the_records():
    class Inner(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def look_up(cls, value, info):
            return info.context["n"]

    class Outer(BaseModel):
        first: Inner = Inner.model_construct(n=1)
        second: Inner | None = None

    schema = ModelSchema(Outer)
    with pytest.raises(InvalidRecord, match="failed over the record"):
        schema.validate({"id": 1})


def test_defaults_that_can_change_are_not_shared():
    class Listed(BaseModel):
        rows: list[float] = [1]

        @field_validator("rows", mode="after")
        @classmethod
        def note(cls, value):
            return value

    schema = ModelSchema(Listed)
    assert schema.validate({"id": 1}) == schema.validate({"id": 1})


@pytest.mark.parametrize(
    ("kind", "factory", "is_fine"),
    [(int, lambda: 1, True), (int, lambda: True, False), (int, lambda: 2**63, False), (int, lambda: 2**63 - 1, True), (str, lambda: 1, False),
     (str, lambda: "\ud800", False), (datetime, lambda: datetime.now(UTC), True), (datetime, lambda: "now", False), (uuid.UUID, lambda: str(uuid.uuid4()), False),
     (uuid.UUID | None, uuid.uuid4, True)],
)  # fmt: skip
def test_what_a_factory_makes_is_of_the_fields_type(kind, factory, is_fine):
    class Made(BaseModel):
        value: kind = Field(default_factory=factory)

    schema = ModelSchema(Made)
    if is_fine:
        body = schema.validate({"id": 1})
        assert schema.validate(json.loads(body)) == body
    else:
        with pytest.raises(InvalidRecord):
            schema.validate({"id": 1})


@pytest.mark.parametrize("extra", ["forbid", "ignore", "allow"])
def test_one_field_sent_under_two_names_is_refused_and_neither_is_dropped(extra):
    class Mail(BaseModel):
        model_config = ConfigDict(extra=extra, populate_by_name=True)
        label: str = Field(alias="Label")
        to: str = Field("", validation_alias=AliasChoices("to", "To"), serialization_alias="to")

    schema = ModelSchema(Mail)
    assert json.loads(schema.validate({"id": 1, "label": "a", "To": "b"})) == {"id": 1, "Label": "a", "to": "b"}
    for record, stored in (({"Label": "a", "label": "b"}, "Label"), ({"Label": "a", "to": "x", "To": "y"}, "to")):
        with pytest.raises(InvalidRecord) as refused:
            schema.validate({"id": 1, **record})
        assert f"send it once, as '{stored}'" in refused.value.faults[0].detail


def test_code_that_fails_is_told_to_the_operator_without_the_value(caplog):
    class Failing(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def look_up(cls, value):
            return {}[value]

    with (
        caplog.at_level(logging.WARNING, "ramekin"),
        pytest.raises(InvalidRecord, match="the server's log says where") as refused,
    ):
        ModelSchema(Failing).validate({"id": 1, "word": "secret"})
    assert "the model Failing failed: KeyError at test_fitness.py:" in caplog.text
    assert "secret" not in caplog.text + str(refused.value)


def test_a_validator_without_data_does_not_judge_a_default():
    class Range(BaseModel):
        low: int = 1
        high: int = 5

        @field_validator("high")
        @classmethod
        def check(cls, value, info):
            if value < info.data["low"]:
                raise ValueError("high is below low")
            return value

    schema = ModelSchema(Range)
    assert json.loads(schema.validate({"id": 1})) == {"id": 1, "low": 1, "high": 5}
    with pytest.raises(InvalidRecord):
        schema.validate({"id": 1, "low": 9})  # Pydantic does not look at the default, but a PATCH would


def test_an_id_of_its_own_type_is_read_as_strictly_as_in_the_record():
    class Dated(BaseModel):
        id: datetime

    schema = ModelSchema(Dated)
    assert schema.stored_id("2024-03-11T08:30:00+00:00") == "2024-03-11T08:30:00Z"
    assert schema.read_id("1710072000") == "1710072000"


def test_an_id_is_read_by_the_settings_of_its_class():
    class Tag(BaseModel):
        model_config = ConfigDict(regex_engine="python-re", str_to_lower=True)
        id: str = Field(pattern=r"^(?!x)\w+$")

    class Label(BaseModel):
        model_config = ConfigDict(str_to_lower=True, str_strip_whitespace=True)
        id: str

    for model in (Tag, Label):
        schema = ModelSchema(model)
        assert json.loads(schema.validate({"id": "AB"}))["id"] == schema.stored_id("AB") == schema.read_id("AB") == "ab"
    assert ModelSchema(Tag).stored_id("x") == "x"  # which it refuses


def test_a_model_that_cannot_be_read_is_told_whole_in_one_line_with_the_field():
    class Odd:
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            return core_schema.str_schema(metadata={"pydantic_js_functions": [cls.describe]})

        @staticmethod
        def describe(schema, handler):
            raise ValueError("one\n  two\n\nthree " + "x" * 200)

    class Bad(BaseModel):
        id: str
        fine: int = 1
        odd: Odd

    with pytest.raises(UnfitModel) as refused:
        ModelSchema(Bad)
    assert str(refused.value) == f"Bad.odd: it cannot be read: ValueError: one two three {'x' * 200}"


@pytest.mark.parametrize(
    ("field", "place"),
    [
        (Field(0, json_schema_extra={"$ref": "#/$defs/Nope"}), "Linked.x"),
        (Field(0, json_schema_extra={"not": {"$ref": "#/properties/x"}}), "Linked.x"),
    ],
)
def test_a_reference_that_pydantic_cannot_follow_is_told_with_its_field(field, place):
    class Linked(BaseModel):
        id: str
        x: int = field

    with pytest.raises(
        UnfitModel, match=rf"^{place}: Pydantic cannot follow the '\$ref' '.*' in its JSON Schema; leave it out$"
    ):
        ModelSchema(Linked)


def test_a_value_of_an_enum_that_has_two_names_is_told_once():
    class Colour(Enum):
        red = "r"
        green = "g"
        rouge = "r"  # noqa: PIE796  # another name of it

    class Level(IntEnum):
        low = 1
        least = 1

    class Painted(BaseModel):
        colour: Colour
        level: Level

    schema = ModelSchema(Painted)
    with pytest.raises(InvalidRecord) as refused:
        schema.validate({"id": 1, "colour": "x", "level": 2})
    assert [fault.detail for fault in refused.value.faults] == [
        "One of 'r' or 'g' is expected.",
        "One of 1 is expected.",
    ]
    assert [schema.json_schema["$defs"][name]["enum"] for name in ("Colour", "Level")] == [["r", "g"], [1]]
    given = JsonSchema({"properties": {"v": {"enum": ["a", "b", "a"]}}})
    assert given.type_of(("v",)).describe() == 'one of "a", "b"'
    with pytest.raises(InvalidRecord) as refused:
        given.validate({"id": 1, "v": 1})
    assert refused.value.faults[0].detail == 'One of "a", "b" is expected.'


def test_a_model_with_any_field_is_plain():
    class Anything(BaseModel):
        value: Any = None

    reads = Reads(Anything)
    reads.schema.validate({"id": 1, "value": {"a": [1, "x"]}})
    assert reads.count == 1


def test_unfit_models_are_value_errors_for_whoever_uses_the_package():
    assert issubclass(UnfitModel, ValueError)
