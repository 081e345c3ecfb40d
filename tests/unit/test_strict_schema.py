"""Which JSON values a declared type takes: written from the contract, not from what Pydantic does."""

import collections
import dataclasses
import datetime as dt
import enum
import fractions
import ipaddress
import json
import pathlib
import uuid
from decimal import Decimal
from itertools import product
from typing import Annotated, Any, Iterable, Literal, NamedTuple, Sequence, get_args  # noqa: UP035

import pytest
from pydantic import (
    AnyUrl,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    Json,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core.core_schema import CoreSchemaType
from typing_extensions import TypedDict

from ramekin.errors import InvalidRecord
from ramekin.query.match import body_matcher
from ramekin.query.operand import from_texts
from ramekin.query.steps import at_once
from ramekin.schema.models import ModelSchema
from tests.each import each


class Size(enum.IntEnum):
    small = 1
    big = 2


class Mixed(enum.Enum):
    one = 1
    yes = "yes"
    half = 0.5
    two = 2.0


class Word(enum.StrEnum):
    a = "a"


class Day(enum.Enum):
    first = dt.date(2024, 1, 1)


class Pair(enum.Enum):
    one = (1, "a")


class Rights(enum.IntFlag):
    read = 1
    write = 2


class Wide(enum.Enum):
    """Takes text in any case, which it says itself."""

    up = "UP"

    @classmethod
    def _missing_(cls, value):
        return cls.up if str(value).upper() == "UP" else None


class Point(NamedTuple):
    x: int
    y: int = 0


class Box(TypedDict):
    width: int


class OpenBox(TypedDict):
    __pydantic_config__ = ConfigDict(extra="allow")
    width: int


@dataclasses.dataclass
class Coin:
    value: int
    tags: list[str] = dataclasses.field(default_factory=list)


class Inner(BaseModel):
    n: int


ID = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
NO_TEXT = [None, True, False, 0, 1, 1.0, 1.5, [], {}]
NO_NUMBER_TEXTS = ["1", "1.0", "", " 1", "true", "NaN", "Infinity", "null"]
NO_MOMENTS = [
    "",
    "now",
    "5",
    "1710072000",
    "1710072000.5",
    "1e9",
    "+5",
    "2024",
    "20240311",
    "20240311T083000Z",
    "2024-3-11",
    "2024-W10-1",
    "2024-071",
]

TABLE = [
    (int, [0, -1, 2**63 - 1, -(2**63)], [None, True, 1.0, 1.5, [], {}, *NO_NUMBER_TEXTS]),
    (float, [0, 1, 1.5, -0.0, 1e300], [None, True, [], {}, *NO_NUMBER_TEXTS]),
    (bool, [True, False], [None, 0, 1, 1.0, "true", "false", "yes", "1", ""]),
    (str, ["", "1", " x ", "true", "\u0665"], NO_TEXT),
    (bytes, ["", "abc", "é"], NO_TEXT),
    (dt.datetime,
     ["2024-03-11T08:30:00Z", "2024-03-11T08:30:00", "2024-03-11T08:30:00+02:00", "2024-03-11T08:30:00-0200", "2024-03-11 08:30:00",
      "2024-03-11t08:30:00z", "2024-03-11T08:30", "2024-03-11T08:30:00.5Z", "2024-03-11T08:30:00.123456Z", "2024-03-11T08:30:00,5", "2024-03-11T08:30:00.1230000Z"],
     [*NO_TEXT, 1710072000, *NO_MOMENTS, "2024-03-11", "08:30:00", "2024-03-11_08:30:00", "2024-03-11T08", "2024-03-11T24:00:00", "2024-03-11T08:30:60Z",
      "2024-02-30T00:00:00", "0000-01-01T00:00:00", "2024-03-11T08:30:00\u221202:00", "2024-03-11T08:30:00.1234567Z", " 2024-03-11T08:30:00Z",
      "2024-03-11T08:30:00Z\n", "\u0662024-03-11T08:30:00Z", "2024-03-11T08:30:00+25:00"]),
    (dt.date, ["2024-03-11", "0001-01-01", "9999-12-31"],
     [*NO_TEXT, *NO_MOMENTS, "2024-03-11T00:00:00", "2024-03-11T00:00:00Z", "2024-03-11 ", "2024-02-30", "0000-01-01"]),
    (dt.time, ["08:30:00", "08:30", "08:30:00.25", "08:30:00Z", "08:30:00+02:00"],
     [*NO_TEXT, *NO_MOMENTS, "8:30", "0830", "T08:30", "24:00:00", "08:30:60", "08:30:00.1234567", "08:30 "]),
    (dt.timedelta, ["PT30M", "P1D", "P1DT2H3M4.5S", "-PT1H", "P1W", "PT0S", "PT1.5H"],
     [*NO_TEXT, *NO_MOMENTS, "P", "PT", "30", "1:30", "01:30:00", "1 day, 0:00:00", "3 days", "pt1h", "PT1", "PT0.1234567S", " PT1H"]),
    (Decimal, [0, 1.5, -2, "1.50", "-0.5", "+1", "1e3", "007", ".5", "5."],
     [None, True, [], {}, "", "1_000", " 5 ", "5 ", "\u0665", "1,5", "0x1", "NaN", "Infinity", "-Infinity", "sNaN", "1e", "--1", "1e99999"]),
    (fractions.Fraction, [1, 0.5, "1/3", "-2/4", "1.5"], [None, True, [], {}, "", "1_0", " 1 ", "1 / 3", "\u0665", "NaN", "1/-3"]),
    (complex, [1, 1.5, "1+2j", "2j"], [None, True, [], {}, "", "1_0", " 1 ", "\u0665", "NaN", "inf"]),
    (uuid.UUID, [ID, ID.upper(), ID.replace("-", "")], [*NO_TEXT, "", "x", ID[:-1], ID + "0", f" {ID}"]),
    (Size, [1, 2], [None, True, 1.0, 2.0, 3, "1", "small", [], {}]),
    (Mixed, [1, "yes", 0.5, 2.0, 2], [None, True, 1.0, "1", "0.5", "no"]),
    (Word, ["a"], [*NO_TEXT, "A", "b", ""]),
    (Wide, ["UP", "up"], [*NO_TEXT, "down"]),
    (Day, ["2024-01-01"], [*NO_TEXT, "2024-01-02"]),
    (Pair, [[1, "a"]], [[1], [True, "a"], ["a", 1], 1, "a"]),
    (Rights, [1, 2, 3], [None, True, 1.0, "1"]),
    (Literal[1], [1], [True, 1.0, "1", None, 2]),
    (Literal[True], [True], [1, 1.0, "true", False]),
    (Literal[1, "1", None], [1, "1", None], [True, 1.0, 0, ""]),
    (Literal["a"], ["a"], ["A", 1, None]),
    (Literal[Size.small, Mixed.yes], [1, "yes"], [2, True, 1.0, "small"]),
    (list[int], [[], [1]], [None, {}, "", "1", 1, [1.0], ["1"], [True]]),
    (tuple[int, str], [[1, "a"]], [[1], [1, "a", 2], {"0": 1}, "1a"]),
    (set[int], [[], [1, 2]], [{}, "12", [1.0], [True]]),
    (frozenset[str], [[], ["a"]], [{}, "a", [1]]),
    (collections.deque[int], [[], [1]], [{}, "1", ["1"]]),
    (Iterable[int], [[], [1]], [{}, "1", "123", ["1"], {"1": 2}]),
    (Sequence[int], [[], [1]], [{}, "1", ["1"]]),
    (dict[str, int], [{}, {"a": 1}], [[], "", [["a", 1]], {"a": "1"}, {"a": True}]),
    (dict[int, str], [{"1": "a", "-2": "b"}], [{"01": "a"}, {" 1": "a"}, {"1.0": "a"}, {"1_0": "a"}, {"x": "a"}, {"+1": "a"}, {"": "a"}, {"\u0665": "a"}]),
    (dict[float, str], [{"1.5": "a"}, {"2": "b"}], [{"NaN": "a"}, {" 1": "a"}, {"1_0": "a"}, {"1": "a", "1.0": "b"}]),
    (dict[bool, str], [{"true": "a", "false": "b"}], [{"1": "a"}, {"yes": "a"}, {"True": "a"}]),
    (dict[Decimal, str], [{"1.50": "a"}], [{"1_0": "a"}, {" 1": "a"}, {"1.0": "a", "1.00": "b"}]),
    (dict[Size, str], [{"1": "a"}], [{"3": "a"}, {"small": "a"}, {"1.0": "a"}]),
    (dict[dt.date, str], [{"2024-03-11": "a"}], [{"5": "a"}, {"1710072000": "a"}]),
    (dict[uuid.UUID, str], [{ID: "a"}], [{ID: "a", ID.upper(): "b"}, {"x": "a"}]),
    (collections.Counter[str], [{"a": 1}], [{"a": 1.0}, {"a": "1"}, ["a"], "a"]),
    (Point, [[1], [1, 2]], [[], [1, 2, 3], ["1"], [1, True], "12"]),
    (Box, [{"width": 1}], [{}, {"width": 1, "depth": 2}, {"width": "1"}, []]),
    (OpenBox, [{"width": 1}, {"width": 1, "depth": 2}], [{}, {"width": "1"}]),
    (Coin, [{"value": 1}, {"value": 1, "tags": ["a"]}], [{}, {"value": 1, "metal": "gold"}, {"value": "1"}, [1]]),
    (Inner, [{"n": 1}], [{}, {"n": 1, "m": 2}, {"n": True}, []]),
    (ipaddress.IPv4Address, ["10.0.0.1"], [*NO_TEXT, 167772161, "10.0.0", "010.0.0.1", " 10.0.0.1"]),
    (ipaddress.IPv6Network, ["2001:db8::/32"], [*NO_TEXT, "x"]),
    (pathlib.PurePosixPath, ["a/b", "."], NO_TEXT),
    (AnyUrl, ["https://example.com/a"], [*NO_TEXT, "", "example"]),
    (ByteSize, [5, "5", "1 KiB", "1.5GB"], [None, True, 5.0, -1, "", "-1", "1.5", "2024-03-11", "1_000", " 5 ", "\u0665"]),
    (Json[list[int]], ["[1]"], [[1], "1", "[1.0]", '["1"]', "x"]),
    (int | float, [1, 1.5], ["1", True, None]),
    (int | None, [1, None], ["1", 1.0, True, "null"]),
    (bool | int, [True, 1], [1.0, "1"]),
    (dt.date | dt.datetime, ["2024-03-11", "2024-03-11T00:00:00Z"], ["5", 5, "1710072000"]),
    (Decimal | None, ["1.5", None], ["", "1_0", "null"]),
]  # fmt: skip


def before(value):
    return value


def around(value, handler):
    return handler(value)


class Whole(BaseModel):
    """Sees the whole record as Python has it, before any member is read."""

    @model_validator(mode="before")
    @classmethod
    def see(cls, value):
        return dict(value)


PLACES = {
    "a field": lambda kind: create_model("Made", v=(kind, ...)),
    "behind a validator that runs before": lambda kind: create_model(
        "Made", v=(Annotated[kind, BeforeValidator(before)], ...)
    ),
    "inside a validator that runs around": lambda kind: create_model(
        "Made", v=(Annotated[kind, WrapValidator(around)], ...)
    ),
    "in a model that is seen before": lambda kind: create_model("Made", __base__=Whole, v=(kind, ...)),
    "in a model that says it is lax": lambda kind: create_model(
        "Made", __config__=ConfigDict(strict=False, coerce_numbers_to_str=True), v=(kind, ...)
    ),
    "in a model that says it is strict": lambda kind: create_model(
        "Made", __config__=ConfigDict(strict=True), v=(kind, ...)
    ),
}


@each(product(PLACES, TABLE))
def test_a_type_takes_its_own_json_values_and_no_others(case):
    place, (kind, taken, refused) = case
    schema = ModelSchema(PLACES[place](kind))
    for value in taken:
        assert "v" in json.loads(schema.validate({"id": 1, "v": value})), value
    for value in refused:
        with pytest.raises(InvalidRecord) as error:
            pytest.fail(f"{value!r} was taken: {schema.validate({'id': 1, 'v': value})}")
        assert all(fault.pointer.startswith("/v") for fault in error.value.faults)


def test_what_is_taken_is_stored_with_its_value():
    class Event(BaseModel):
        at: dt.datetime
        price: Decimal
        lasts: dt.timedelta
        size: Size
        by_size: dict[Size, int]

    body = ModelSchema(Event).validate(
        {"id": 1, "at": "2024-03-11 08:30", "price": "1.50", "lasts": "PT90M", "size": 2, "by_size": {"1": 5}}
    )
    assert json.loads(body) == {
        "id": 1, "at": "2024-03-11T08:30:00", "price": "1.50", "lasts": "PT1H30M", "size": 2, "by_size": {"1": 5},
    }  # fmt: skip


def test_validators_are_given_values_of_the_declared_types():
    seen = []

    class Event(BaseModel):
        at: Annotated[dt.datetime, BeforeValidator(lambda value: dt.datetime(2024, 1, 1) if value == "now" else value)]
        size: Size

        @model_validator(mode="after")
        def see(self):
            seen.append((self.at, self.size))
            return self

    ModelSchema(Event).validate({"id": 1, "at": "now", "size": 1})
    assert set(seen) == {(dt.datetime(2024, 1, 1), Size.small)}


def test_a_constraint_of_a_type_is_said_as_before():
    class Event(BaseModel):
        price: Annotated[Decimal, Field(gt=0)]

    with pytest.raises(InvalidRecord) as refused:
        ModelSchema(Event).validate({"id": 1, "price": "-1"})
    assert refused.value.faults[0].detail == "A value greater than 0 is expected."


def test_a_default_that_looks_like_a_schema_is_left_alone():
    class Column(BaseModel):
        shape: dict[str, Any] = {"type": "datetime"}

    assert json.loads(ModelSchema(Column).validate({"id": 1})) == {"id": 1, "shape": {"type": "datetime"}}


def test_a_field_called_type_is_strict_like_any_other():
    class Column(BaseModel):
        type: int
        schema_: int = Field(alias="schema")

    schema = ModelSchema(Column)
    assert json.loads(schema.validate({"id": 1, "type": 1, "schema": 2})) == {"id": 1, "type": 1, "schema": 2}
    with pytest.raises(InvalidRecord, match="2 faults"):
        schema.validate({"id": 1, "type": True, "schema": "2"})


def test_every_kind_of_schema_that_pydantic_has_was_looked_at():
    """One that is new to Pydantic may take more than its own JSON values, until somebody has looked."""
    gated = {
        "bool",
        "int",
        "float",
        "str",
        "decimal",
        "fraction",
        "complex",
        "date",
        "time",
        "datetime",
        "timedelta",
        "literal",
        "enum",
        "generator",
    }
    closed = {"model", "dataclass", "typed-dict", "model-fields", "dataclass-args", "named-tuple"}
    by_name = {"dict", "frozendict", "ordered-dict", "counter"}
    exact_already = {
        "any",
        "none",
        "bytes",
        "uuid",
        "url",
        "multi-host-url",
        "json",
        "list",
        "deque",
        "tuple",
        "set",
        "frozenset",
        "ellipsis",
        "missing-sentinel",
    }
    around = {"function-after", "function-before", "function-wrap", "default", "nullable", "union", "tagged-union", "chain", "lax-or-strict", "json-or-python",
              "custom-error", "definitions", "definition-ref"}  # fmt: skip
    users_own = {"function-plain"}
    no_json = {"invalid", "is-instance", "is-subclass", "callable", "arguments", "arguments-v3", "call"}
    assert set(get_args(CoreSchemaType)) == gated | closed | by_name | exact_already | around | users_own | no_json


@pytest.mark.parametrize("kind", [dt.datetime, dt.date, dt.time, dt.timedelta, Decimal, uuid.UUID])
def test_a_condition_reads_every_spelling_that_a_record_may_have(kind):
    taken = next(taken for each, taken, _ in TABLE if each is kind)
    schema = ModelSchema(create_model("Made", v=(kind, ...)))
    for value in taken:
        body = schema.validate({"id": 1, "v": value})
        condition = at_once(from_texts(("v",), "eq", [value if isinstance(value, str) else json.dumps(value)], schema))
        assert body_matcher(condition)(body), value
