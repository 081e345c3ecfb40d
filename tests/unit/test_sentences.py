"""What people read where a value is wrong: our own sentences for every kind of fault, and nothing of a validator's."""

from __future__ import annotations

import ast
import ipaddress
import json
import re
from collections import Counter, OrderedDict, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pydantic
import pytest
from jsonschema_rs import ValidationErrorKind
from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    HttpUrl,
    Json,
    NaiveDatetime,
    PastDatetime,
    StringConstraints,
    Tag,
    create_model,
    field_validator,
)
from pydantic.types import UUID4
from pydantic_core import PydanticCustomError, PydanticKnownError
from pydantic_core._pydantic_core import list_all_errors

from ramekin.errors import InvalidDefinition, InvalidRecord
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.models import ModelSchema
from ramekin.schema.sentences import LIST_CHARS, OF_MODEL, OF_SCHEMA, of_model, of_schema
from tests.each import each

IP_TYPES = [f"IPv{version}{what}" for version in (4, 6) for what in ("Address", "Network", "Interface")]

RAW = re.compile(
    r"Input should|should (be|match|have)|\([a-z]+(_[a-z]+)+\)|\b(tuple|dict|dictionary|None|True|False|instance|list|frozenset|"
    r"timedelta|datetime|bytearray|Decimal object|pydantic|python|callable|hashable|discriminator|sentinel|str|bool)\b|<|\{|\}",
    re.IGNORECASE,
)


def assert_ours(sentence, sent=None):
    """Check that a sentence is one: ours, whole, without a validator's words and without what was sent."""
    without_json = re.sub(r"\b(true|false|null)\b", "", sentence)
    assert not RAW.search(without_json), sentence
    assert sentence.endswith("."), sentence
    assert len(sentence) <= 200
    assert sent is None or sent not in sentence, sentence


ERRORS = {error["type"]: error.get("example_context") or {} for error in list_all_errors()}


@each(ERRORS)
def test_every_type_of_pydantics_errors_has_a_sentence(kind):
    assert kind in OF_MODEL
    context = {name: "'x'" if value == "" else 2 if value is None else value for name, value in ERRORS[kind].items()}
    context |= {
        "error": "SECRET",
        "tag": "SECRET",
        "tz_actual": "SECRET",
        "actual_length": "SECRET",
        "encoding_error": "SECRET",
    }
    assert_ours(of_model(kind, context), "SECRET")
    assert of_model(kind, context) == of_model(
        kind, {**context, "class_name": "SECRET", "class": "SECRET", "attribute": "SECRET"}
    )


def errors_raised_by_pydantic():
    """Yield the types of errors that Pydantic's own Python code raises, which no list names."""
    root = Path(pydantic.__file__).parent
    for path in [*root.glob("*.py"), *root.glob("_internal/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            called = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if called in ("PydanticCustomError", "PydanticKnownError") and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_type_that_pydantics_own_types_raise_has_a_sentence():
    raised = set(errors_raised_by_pydantic())
    assert {"byte_size", "ip_any_address", "base64_decode"} <= raised
    assert raised - OF_MODEL.keys() == set()


def test_every_sentence_belongs_to_an_error_that_exists_or_is_ours():
    known = {*ERRORS, *errors_raised_by_pydantic(), "members_alike", "spelled_twice", "email", "path_does_not_exist"}
    known |= {f"ip_{version}_{what}" for version in ("v4", "v6") for what in ("address", "interface", "network")} | {
        "path_type"
    }
    assert OF_MODEL.keys() <= known


@each([name for name in dir(ValidationErrorKind) if name[0].isupper()])
def test_every_kind_of_json_schemas_errors_has_a_sentence(kind):
    assert kind in OF_SCHEMA
    context = {
        "limit": 2,
        "unexpected": ["x", "y"],
        "types": ["integer", "null"],
        "multiple_of": 0.5,
        "options": [1, "a", None],
    }
    context |= {
        "expected_value": True,
        "format": "date",
        "content_encoding": "base64",
        "content_media_type": "text/csv",
    }
    assert_ours(
        of_schema(kind, context | {"error": "SECRET", "message": "SECRET", "context": "SECRET", "schema": "SECRET"}),
        "SECRET",
    )


@pytest.mark.parametrize(
    ("kind", "context", "sentence"),
    [
        ("string_too_short", {"min_length": 1}, "At least 1 character is expected."),
        ("string_too_short", {"min_length": 11}, "At least 11 characters are expected."),
        ("decimal_max_places", {"decimal_places": 1}, "At most 1 digit after the point is expected."),
        ("greater_than", {"gt": 1}, "A value greater than 1 is expected."),
        ("literal_error", {"expected": "True, None, 'x' or <C.red: 'red'>"}, "One of true, null, 'x' or 'red' is expected."),
        ("literal_error", {"expected": "'None' or 'True'"}, "One of 'None' or 'True' is expected."),
        ("union_tag_invalid", {"discriminator": "'kind'", "tag": "SECRET", "expected_tags": "'cat', 'dog'"},
         "The member 'kind' says which form this has: one of 'cat', 'dog' is expected."),
        ("union_tag_invalid", {"discriminator": "of_kind()", "tag": "SECRET", "expected_tags": "'cat'"},
         "A member says which form this has: one of 'cat' is expected."),
        ("url_scheme", {"expected_schemes": "'http' or 'https'"}, "A URL that begins with 'http' or 'https' is expected."),
        ("greater_than", {}, "The value does not pass the model's own check."),
        ("anything_else", {"x": "SECRET"}, "The value does not pass the model's own check."),
    ],
)  # fmt: skip
def test_sentences_are_filled_from_what_the_model_says(kind, context, sentence):
    assert of_model(kind, context) == sentence


def test_a_long_list_of_values_is_cut():
    for length, is_cut in ((LIST_CHARS, False), (LIST_CHARS + 1, True)):
        said = of_schema("Enum", {"options": ["x" * (length - 2)]})
        assert ("…" in said) is is_cut
        assert_ours(said)


# Models, whose values are sent


class Colour(Enum):
    red = "red"
    none = None


class Level(IntEnum):
    low = 1


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Point(NamedTuple):
    x: int
    y: int


def tag_of(value):
    return value.get("what") if isinstance(value, dict) else None


def custom(value):
    raise PydanticCustomError("my_own", "SECRET {value}", {"value": value})


def clashing(value):
    raise PydanticCustomError("greater_than", "SECRET {value}", {"value": value})


def known(value):
    raise PydanticKnownError("less_than", {"lt": 5})


def failing(value):
    raise ValueError(f"SECRET {value}")


def asserting(value):
    raise AssertionError(f"SECRET {value}")


S = "SECRET"
SHAPES: list[tuple[Any, list[Any]]] = [
    (str, [5, None, [], {}]), (Annotated[str, Field(min_length=1, max_length=3, pattern="^x")], ["", S, "abc"]), (int, [S, 1.5, True, None]),
    (float, [S, True]), (bool, [S, 1]), (Decimal, [S, True]), (Annotated[Decimal, Field(max_digits=3, decimal_places=1, gt=Decimal("1.5"), multiple_of=Decimal("0.5"))], ["1234", "1.23", "1", "9.7"]),
    (datetime, [S, 5, "2026-13-01T00:00:00"]), (date, [S, 5, "2026-02-30"]), (time, [S, "25:00"]), (timedelta, [S, 5, True]), (UUID, [S, 5]), (UUID4, ["018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"]),
    (AwareDatetime, ["2026-01-01T00:00:00"]), (NaiveDatetime, ["2026-01-01T00:00:00Z"]), (PastDatetime, ["2999-01-01T00:00:00"]),
    (Annotated[datetime, Field(gt=datetime(2024, 1, 1), lt=datetime(2025, 1, 1))], ["2023-01-01T00:00:00", "2026-01-01T00:00:00"]), (Annotated[timedelta, Field(ge=timedelta(days=1))], ["PT1S"]),
    (Colour, [S, 5]), (Level, [S, 5, True]), (Literal["a", 1, True, None], [S, 5, False]), (HttpUrl, [S, "ftp://SECRET.example"]), (AnyUrl, [S, 5]), (IPv4Address, [S]),
    (list[int], [S, {}, [S]]), (Annotated[list[int], Field(min_length=1, max_length=2)], [[], [1, 2, 3]]), (set[int], [S, {}]), (frozenset[int], [S]), (deque[int], [S]),
    (tuple[int, str], [S, [1], [S, "x"], [1, "x", 2]]), (tuple[int, ...], [S, {}]), (dict[str, int], [S, [], {"a": S}]), (dict[int, int], [{"SECRET": 1}]), (OrderedDict[str, int], [S]), (Counter, [S]), (Point, [S, [1], {"x": S}]),
    (Cat, [S, [], {}, {"kind": S}, {"kind": "cat", "lives": 1, "SECRETname": 1}]), (Annotated[Cat | Dog, Field(discriminator="kind")], [S, {}, {"kind": S}, {"kind": "cat"}]),
    (Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(tag_of)], [S, {}, {"what": S}]), (Cat | int, [S, {}]), (int | None, [S]),
    (Json[int], [S, 5, '"SECRET"']), (ByteSize, [S, "5SECRET"]), (Base64Bytes, ["SECRET!!"]), (bytes, [5]), (Annotated[bytes, Field(min_length=2, max_length=3)], ["x", "SECRET"]), (complex, [S, [], True]), (Fraction, [S, []]),
    *[(Annotated[str, pydantic.AfterValidator(check)], [S]) for check in (custom, clashing, known, failing, asserting)],
]  # fmt: skip


@each(SHAPES)
def test_no_fault_of_a_model_holds_a_validators_words_or_what_was_sent(case):
    kind, values = case
    schema = ModelSchema(create_model("Made", id=(int, ...), value=(kind, ...)))
    refused = 0
    for value in values:
        with pytest.raises(InvalidRecord) as caught:
            schema.validate({"id": 1, "value": value})
        refused += 1
        assert "SECRET" not in caught.value.message
        for fault in caught.value.faults:
            assert fault.pointer.startswith("/value")
            if "SECRETname" not in json.dumps(value):
                assert "SECRET" not in fault.pointer or isinstance(value, dict)
            assert_ours(fault.detail, "SECRET" if "SECRETname" not in json.dumps(value) else None)
    assert refused == len(values)


def test_a_missing_and_an_unknown_member_are_told():
    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

        id: int
        name: Annotated[str, StringConstraints(to_lower=True)]

        @field_validator("name")
        @classmethod
        def check(cls, value):
            if value == "secret":
                raise ValueError(f"{value} is not allowed")
            return value

    with pytest.raises(InvalidRecord) as caught:
        ModelSchema(Strict).validate({"id": 1, "nmae": "x"})
    assert sorted((fault.pointer, fault.detail) for fault in caught.value.faults) == [
        ("/name", "This member is required."), ("/nmae", "The model has no member of this name. Did you mean 'name'?")
    ]  # fmt: skip


def test_an_email_address_is_told_as_one():
    context = {
        "type": "value_error",
        "loc": ("value",),
        "msg": "value is not a valid email address: SECRET",
        "ctx": {"reason": "SECRET"},
    }
    from ramekin.schema.faults import _sentence

    assert _sentence(context) == "An email address such as name@example.com is expected."


@each(
    [
        date,
        time,
        datetime,
        timedelta,
        UUID,
        AnyUrl,
        ByteSize,
        Fraction,
        *(getattr(ipaddress, name) for name in IP_TYPES),
    ]
)
def test_text_of_a_form_of_its_own_is_told_with_an_example_that_is_taken(kind):
    schema = ModelSchema(create_model("Formed", value=(kind, ...)))
    with pytest.raises(InvalidRecord) as caught:
        schema.validate({"id": 1, "value": "?"})
    example = re.search(r"such as (\S+?),? ", caught.value.faults[0].detail)[1]
    assert schema.validate({"id": 1, "value": example})


# JSON Schema

SCHEMAS: list[tuple[Any, list[Any], str]] = [
    ({"type": "integer"}, [S, None, 1.5], "A value of type integer is expected."),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [S], "A value of type integer or null is expected."),
    ({"oneOf": [{"type": "integer"}, {"anyOf": [{"type": "null"}, {"type": "boolean"}]}]}, [S], "A value of type integer or null or boolean is expected."),
    ({"anyOf": [{"type": "integer"}, {"minLength": 9}]}, [S], "It satisfies no alternative of the schema."),
    ({"anyOf": [{"properties": {"a": {"type": "integer"}}}, {"type": "null"}]}, [{"a": S}], "It satisfies no alternative of the schema."),
    ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, [S], "It satisfies several alternatives of the schema; one is expected."),
    ({"enum": [1, "a", None, True]}, [S], 'One of 1, "a", null, true is expected.'),
    ({"const": {"a": 1}}, [S], '{"a":1} is expected.'),
    ({"not": {"type": "string"}}, [S], "A value that the schema does not rule out is expected."),
    ({"contains": {"type": "integer"}}, [[S]], "Another number of items of the kind that the schema counts is expected."),
    ({"minLength": 99}, [S], "At least 99 characters are expected."),
    ({"maxItems": 1}, [[S, S]], "At most 1 item is expected."),
    ({"uniqueItems": True}, [[S, S]], "Items that all differ are expected."),
    ({"pattern": "^x$"}, [S], "Text that matches the schema's pattern is expected."),
    ({"multipleOf": 0.5}, [0.3], "A multiple of 0.5 is expected."),
    ({"properties": {"x": {}}, "additionalProperties": False}, [{"y": S}], "The schema has no member 'y'."),
    ({"properties": {"x": {}}, "additionalProperties": False}, [{"y": S, "z": S}], "The schema has no member 'y' and 'z'."),
    ({"unevaluatedProperties": False}, [{"y": S}], "The schema has no member 'y'."),
    ({"properties": {"y": False}}, [{"y": S}], "Nothing is taken here."),
    ({"prefixItems": [{}], "items": False}, [[S, S]], "Nothing is taken here."),
    ({"propertyNames": {"maxLength": 2}}, [{"long": S}], "It has a member of a name that the schema does not take."),
    ({"dependentRequired": {"a": ["b"]}}, [{"a": S}], "This member is required."),
    ({"if": True, "then": {"minimum": 5}}, [1], "A value of 5 or more is expected."),
]  # fmt: skip


@pytest.mark.parametrize(("part", "values", "sentence"), SCHEMAS, ids=[str(part)[:60] for part, _, _ in SCHEMAS])
def test_no_fault_of_a_schema_holds_a_validators_words_or_what_was_sent(part, values, sentence):
    schema = JsonSchema({"properties": {"value": part}})
    for value in values:
        with pytest.raises(InvalidRecord) as caught:
            schema.validate({"id": 1, "value": value})
        assert [fault.detail for fault in caught.value.faults] == [sentence]
        assert caught.value.faults[0].pointer.startswith("/value")
        assert "SECRET" not in sentence


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            {"type": "strin"},
            "at '/type': one of string, integer, number, boolean, null, array, object is expected, or an array of them.",
        ),
        ({"properties": 5}, "at '/properties': a value of type object is expected."),
        ({"minLength": -1}, "at '/minLength': a value of 0 or more is expected."),
        ({"required": ["a", "a"]}, "at '/required': items that all differ are expected."),
        ({"properties": {"a": {"enum": 5}}}, "at '/properties/a/enum': a value of type array is expected."),
        ({"multipleOf": 0}, "at '/multipleOf': a value greater than 0 is expected."),
        ({"items": [1]}, "at '/items': "),
    ],
)
def test_a_schema_that_is_none_is_told_with_its_place_in_our_words(schema, said):
    with pytest.raises(InvalidDefinition) as caught:
        JsonSchema(schema)
    assert said in caught.value.message
    assert_ours(caught.value.message)
