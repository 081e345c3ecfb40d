"""Columns of CSV: what a schema's word makes of a cell, what the column itself does, and that typed tables come back."""

from __future__ import annotations

import functools
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from ramekin.errors import IntegerOutOfRange, InvalidRecord, MalformedJson, RamekinError
from ramekin.formats.csv_table import CsvTable
from ramekin.formats.record_text import CsvForm, CsvText, records_in
from ramekin.schema.columns import ANY_KIND, SILENT, UNTYPED, Columns, Quoted
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.models import ModelSchema
from ramekin.values.comparison import MISSING
from tests.conftest import EXAMPLES
from tests.unit.test_values_and_paths import JSON


def read(text, columns=UNTYPED, **form):
    return list(records_in(CsvText(lambda: [text.encode()], columns, 10_000, CsvForm(**form))))


def column(schema, *, required=False):
    whole = {"properties": {"v": schema}, "required": ["v"] if required else []}
    return Columns(whole).column("v")


# What a schema takes


TREE = {"$ref": "#/$defs/Tree", "$defs": {"Tree": {"properties": {"n": {"type": "integer"}, "in": {"$ref": "#/$defs/Tree"}}, "type": "object"}}}  # fmt: skip
CIRCLE = {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"type": "string"}]}}, "properties": {"v": {"$ref": "#/$defs/a"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ({"type": "integer"}, {"number"}),
        ({"type": ["string", "null"]}, {"text", "null"}),
        ({"enum": [1, "a", None]}, {"number", "text", "null"}),
        ({"const": True}, {"boolean"}),
        ({"type": ["integer", "string"], "enum": [1, 2]}, {"number"}),
        ({"type": "string", "anyOf": [{"minLength": 5}, {"pattern": "x"}]}, {"text"}),
        ({"allOf": [{"type": "integer"}, {"minimum": 0}]}, {"number"}),
        ({"allOf": [{"type": ["integer", "string"]}, {"type": ["string", "null"]}]}, {"text"}),
        (
            {"anyOf": [{"type": "integer"}, {"oneOf": [{"type": "array"}, {"const": None}]}]},
            {"number", "array", "null"},
        ),
        ({"anyOf": [{"type": "integer"}, {"minimum": 5}]}, ANY_KIND),
        ({"type": "object", "properties": {"x": {}}}, {"object"}),
        ({}, ANY_KIND),
        (True, ANY_KIND),
        ({"pattern": "^x"}, ANY_KIND),
        (False, None),
    ],
)
def test_the_kinds_of_a_column_are_what_the_schema_takes(schema, kinds):
    found = column(schema)
    assert (found is SILENT) if kinds is None else (found.kinds == kinds)


@pytest.mark.parametrize(
    ("schema", "name", "kinds"),
    [
        (TREE, "n", {"number"}),
        (TREE, "in", {"object"}),
        (CIRCLE, "v", {"text"}),
        ({"additionalProperties": {"type": "string"}}, "x", {"text"}),
        ({"patternProperties": {"^x": {"type": "string"}}}, "x", None),
        ({"additionalProperties": False, "properties": {"a": True}}, "x", None),
        ({"properties": {"v": {"$ref": "#name"}}, "$defs": {"n": {"$anchor": "name", "type": "string"}}}, "v", {"text"}),
        ({"properties": {"v": {"$ref": "#/$defs/none"}}}, "v", ANY_KIND),
        ({"oneOf": [{"properties": {"v": {"type": "integer"}}}, {"properties": {"v": {"type": "string"}}}]}, "v", {"number", "text"}),
        ({"oneOf": [{"properties": {"v": {"type": "integer"}}}, {"properties": {"w": {}}}]}, "v", None),
    ],
)  # fmt: skip
def test_columns_are_found_behind_references_and_branches(schema, name, kinds):
    found = Columns(schema).column(name)
    assert (found is SILENT) if kinds is None else (found.kinds == kinds)


def test_a_schema_whose_references_multiply_is_looked_at_once():
    branches = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{(i + k) % 60}"} for k in range(1, 60)]} for i in range(60)}
    schema = {"$defs": branches, "properties": {"v": {"$ref": "#/$defs/d0"}}}
    assert Columns(schema).column("v").kinds == ANY_KIND


def test_a_schema_deeper_than_the_stack_is_looked_at_as_far_as_it_helps():
    def nested(inner):
        for _ in range(30):
            inner = {"allOf": [inner]}
        return inner

    chain = {f"d{i}": nested({"$ref": f"#/$defs/d{i + 1}"}) for i in range(90)}
    schema = {"$defs": {**chain, "d90": {"type": "string"}}, "properties": {"v": {"$ref": "#/$defs/d0"}}}
    assert Columns(schema).column("v").kinds == ANY_KIND


# One cell


@pytest.mark.parametrize(
    ("types", "cell", "value"),
    [
        ("integer", "5", 5), ("integer", Quoted("5"), 5), ("integer", "5.0", 5.0), ("integer", "05", "05"), ("integer", "+5", "+5"),
        ("integer", " 5", " 5"), ("integer", "1_000", "1_000"), ("integer", "١", "١"), ("integer", "true", "true"), ("integer", "", MISSING),
        ("number", "1e2", 100.0), ("number", "-0.0", -0.0), ("number", "NaN", "NaN"), ("number", ".5", ".5"),
        ("boolean", "true", True), ("boolean", "TRUE", "TRUE"), ("boolean", "1", "1"),
        ("string", "5", "5"), ("string", "null", "null"), ("string", Quoted(""), ""), ("string", "", MISSING), ("string", '"a"', '"a"'), ("string", "[1]", "[1]"),
        ("null", "null", None), ("null", "NULL", "NULL"),
        ("array", "[1, 2]", [1, 2]), ("array", Quoted("[1]"), [1]), ("array", '{"a":1}', {"a": 1}), ("array", "1", "1"), ("object", '"a"', '"a"'),
        ("string number", "5", 5), ("string number", Quoted("5"), "5"), ("string number", "1.10", 1.1), ("string number", "1e2", 100.0),
        *[("string integer", cell, cell) for cell in ("2.5", "1.0", "1.10", "1e2", "01", "9" * 21, "1e400", "true")], ("string integer", "5", 5),
        ("string number", "9" * 21, "9" * 21), ("string number", "1e400", "1e400"),
        ("string null", "null", None), ("string null", Quoted("null"), "null"), ("string null", "NULL", "NULL"), ("string boolean", "true", True),
        ("string array", "[1]", [1]), ("string array", "[draft] x", "[draft] x"), ("string array", Quoted('"[1]"'), "[1]"), ("string array", "x", "x"),
    ],
)  # fmt: skip
def test_a_cell_is_what_the_schema_takes(types, cell, value):
    found = column({"type": types.split()}).read(cell)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("cell", ["", Quoted("")])
def test_nothing_is_null_only_where_the_member_must_be_there_and_may_be_null(cell):
    assert column({"type": ["integer", "null"]}, required=True).read(cell) is None
    assert column({"type": ["integer", "null"]}).read(cell) is MISSING
    assert column({"type": "integer"}, required=True).read(cell) is MISSING


def test_null_is_written_as_nothing_where_nothing_is_read_as_null():
    schema = ModelSchema(create_model("Made", a=(int | None, None), b=(int | None, 5), c=(int | None, ...)))
    assert [schema.columns.column(name).write(None) for name in "abc"] == ["", "null", ""]
    loose = Columns({"properties": {"a": {"type": ["integer", "null"], "default": None}, "b": {}}})
    assert [loose.column(name).write(None) for name in "abc"] == ["null", "null", ""]


@pytest.mark.parametrize(
    ("types", "cell", "error", "pointer"),
    [
        ("integer", "9" * 21, IntegerOutOfRange, "/1/v"),
        ("number", "1e400", MalformedJson, "/1/v"),
        ("array", "[1", MalformedJson, "/1/v/1"),
        ("object", '{"a":1,"a":2}', MalformedJson, "/1/v/a"),
    ],
)
def test_a_cell_that_can_be_nothing_else_is_refused_with_its_place(types, cell, error, pointer):
    columns = Columns({"properties": {"v": {"type": types}}})
    text = f'id,v\n1,\n2,"{cell.replace(chr(34), chr(34) * 2)}"\n'
    with pytest.raises(error) as refused:
        read(text, columns)
    assert (refused.value.index, refused.value.faults[0].pointer, refused.value.faults[0].line) == (1, pointer, 3)
    assert refused.value.message.count("(line 3") == 1
    assert "line 1" not in refused.value.message


# Columns of which nothing is said


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2.5", "1e2"], [1, -2.5, 100.0]),
        (["true", "1"], [True, 1]),
        (["1", "x"], ["1", "x"]),
        (["1", "0150"], ["1", "0150"]),
        (["1", "+1"], ["1", "+1"]),
        (["1", "1_000"], ["1", "1_000"]),
        (["1", " 5"], ["1", " 5"]),
        (["1", "\u0661"], ["1", "\u0661"]),
        (["1", "NULL"], ["1", "NULL"]),
        (["true", "TRUE"], ["true", "TRUE"]),
        (["1", "9223372036854775808"], ["1", "9223372036854775808"]),
        (["1", "9223372036854775807"], [1, 9223372036854775807]),
        (["1", "9" * 21], ["1", "9" * 21]),
        (["1", "1e400"], ["1", "1e400"]),
        (["1.5", "1" * 400 + ".0"], ["1.5", "1" * 400 + ".0"]),
        (["[1]", "{}"], ["[1]", "{}"]),
        (["null", "1"], ["null", "1"]),
        (['"1"', "2"], [1, 2]),
        (["1.10"], [1.1]),
    ],
)
def test_a_column_is_plain_values_or_texts(cells, values):
    records = read("n,v\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    assert [record["v"] for record in records] == values
    assert [type(record["v"]) for record in records] == [type(value) for value in values]
    assert read("v\n" + "".join(f"{cell}\n" for cell in cells), types="text") == [
        {"v": cell.strip('"')} for cell in cells
    ]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2"], [1, 2]), (["1.0", "1.1"], ["1.0", "1.1"]), (["1", "1.5"], ["1", "1.5"]), (["1", "1e2"], ["1", "1e2"]),
        (["true", "1"], ["true", "1"]), (["1", "-0"], ["1", "-0"]), (["1", "01"], ["1", "01"]), (["1", "9" * 19], ["1", "9" * 19]),
        (["-5", "0"], [-5, 0]),
    ],
)  # fmt: skip
def test_an_id_is_an_integer_in_all_rows_or_a_text_in_all(cells, values):
    assert [record["id"] for record in read("id\n" + "".join(f"{cell}\n" for cell in cells))] == values
    closed = Columns({"properties": {"v": {"type": "string"}}, "additionalProperties": False})
    rows = "id,v\n" + "".join(f"{cell},1\n" for cell in cells)
    assert [record["id"] for record in read(rows, closed)] == values


def test_an_empty_cell_is_an_absent_member_in_quotes_too():
    assert read('id,a,b\n1,,""\n2,x,y\n') == [{"id": 1}, {"id": 2, "a": "x", "b": "y"}]


class Level(IntEnum):
    low = 1
    high = 2


NUMBERS, TEXTS = "1.50 2.25 1e2", '1.50 2.25 1e2 "7" x'


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        *[(kind, NUMBERS, [1.5, 2.25, 100.0]) for kind in (float | str, Any, object)],
        *[(kind, TEXTS, ["1.50", "2.25", "1e2", "7", "x"]) for kind in (float | str, Any, object)],
        (float | str, '1.50 "7" 2', [1.5, "7", 2]),
        (int | str, '1 "7" 2', [1, "7", 2]),
        (int | str, "1 2.5", ["1", "2.5"]),
        (int | str, "1 1.0", ["1", "1.0"]),
        (bool | str, "true false", [True, False]),
        (bool | str, "true no", ["true", "no"]),
        (Any, "5 null", [5, None]),
        (Any, "true 5 [1]", [True, 5, [1]]),
        (Any, "0150 5 [1] null", ["0150", "5", [1], None]),
        (float | Annotated[str, Field(min_length=1)], "1.50 x", ["1.50", "x"]),
        # where it is settled what a cell is, it stays so
        (float | Literal["n/a"], "1.50 n/a", [1.5, "n/a"]),
        (int | Literal["auto"], "5 auto", [5, "auto"]),
        (int | datetime, "5 2024-01-01", [5, "2024-01-01"]),
        (int | Annotated[str, Field(pattern="^[a-z]+$")], "5 x", [5, "x"]),
        (Literal[1, 2, "3"], "1 3", [1, "3"]),
        (Level | str, "1 3", ["1", "3"]),
        (Decimal, "1.10 5 null", ["1.10", 5, None]),
        (str, "5 null", ["5", None]),
    ],
)
def test_where_numbers_may_as_well_be_texts_the_column_decides_at_every_door(kind, cells, values):
    schema = ModelSchema(create_model("Made", id=(int, ...), v=(kind | None, None)))
    text = "id,v\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells.split())) + "99,\n"
    for columns in (schema.columns, Columns(json.loads(json.dumps(schema.json_schema)))):  # the second: `load`
        found = [record.get("v", MISSING) for record in read(text, columns)]
        assert [(value, type(value)) for value in found] == [(value, type(value)) for value in [*values, MISSING]]
    texts = [record["v"] for record in read(text, schema.columns, types="text")[:-1]]
    assert not schema.columns.column("v").is_open or all(type(value) not in (int, float, bool) for value in texts)


def test_what_a_json_schema_says_of_texts_and_numbers_is_read_alike():
    columns = Columns(
        {"properties": {"v": {"type": ["number", "string", "null"]}, "w": {"type": ["string", "integer"]}}}
    )
    assert read("v,w\n1.50,2.5\n2.25,1.0\n", columns) == [{"v": 1.5, "w": "2.5"}, {"v": 2.25, "w": "1.0"}]
    assert read("v,w\n1.50,1\nx,2\n", columns) == [{"v": "1.50", "w": 1}, {"v": "x", "w": 2}]


def test_a_decimal_that_is_only_text_stays_text():
    found = column({"type": ["string", "null"], "format": "decimal"})
    assert [found.read(cell) for cell in ("2", "1.50", "true", "null")] == ["2", "1.50", "true", None]


@pytest.mark.parametrize("kind", [int | str, Any])
def test_an_id_that_may_be_both_is_integers_or_texts(kind):
    columns = ModelSchema(create_model("Made", id=(kind, ...))).columns
    assert read("id\n1\n2\n", columns) == [{"id": 1}, {"id": 2}]
    assert read("id\n1\n2.5\n", columns) == [{"id": "1"}, {"id": "2.5"}]


@pytest.mark.parametrize("said", [{"pattern": "^[0-9]{5}$"}, {}, True, {"title": "v"}])
def test_where_a_schema_names_a_member_alone_the_column_decides(said):
    columns = Columns({"properties": {"v": said, "id": said}})
    assert read("id,v\n1,75001\n2,01000\n", columns) == [{"id": 1, "v": "75001"}, {"id": 2, "v": "01000"}]
    assert read('id,v\n1,75001\n2.5,"1"\n3,[1]\n', columns) == [
        {"id": "1", "v": 75001}, {"id": "2.5", "v": "1"}, {"id": "3", "v": [1]}
    ]  # fmt: skip


def test_where_a_schema_is_silent_the_column_decides():
    columns = Columns({"properties": {"zip": {"type": "string"}}})
    assert read("id,zip,n\n1,75001,5\n2,0150,\n", columns) == [
        {"id": 1, "zip": "75001", "n": 5},
        {"id": 2, "zip": "0150"},
    ]
    assert read("id,zip,n\n1,1,5\n", columns, types="text") == [{"id": "1", "zip": "1", "n": "5"}]


# There and back


class Colour(Enum):
    red = "red"
    one = "1"
    null = "null"


class Inner(BaseModel):
    n: int
    text: str | None = None


class Tree(BaseModel):
    id: str
    n: int
    children: list[Tree] = []
    parent: Tree | None = None


TEXT = st.text(max_size=6) | st.sampled_from(
    ["", "5", "1.10", "true", "null", "[1]", '{"a":1}', '"x"', '"', " ", "\ufeff", "a\r\nb", "=1"]
)
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INNER = st.builds(lambda n, text: {"n": n, "text": text}, INTEGERS, st.none() | TEXT)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda moment: f"{moment.isoformat()}Z")
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str) | st.sampled_from(
    ["1.10", "100", "0.1", "-0", "1E+5"]
)

FIELDS: list[tuple[Any, st.SearchStrategy[Any], Any]] = [
    (str, TEXT, "x"), (str | None, TEXT | st.none(), "x"), (int, INTEGERS, 5), (int | None, INTEGERS | st.none(), None), (float, FLOATS, 1.5),
    (bool, st.booleans(), True), (bool | None, st.booleans() | st.none(), False), (int | str, INTEGERS | TEXT, "5"),
    (bool | str | None, st.booleans() | TEXT | st.none(), "true"), (Decimal, DECIMALS, Decimal("1.10")), (Decimal | None, DECIMALS | st.none(), Decimal(1)),
    (int | Decimal, INTEGERS | DECIMALS, 1), (datetime, MOMENTS, datetime(2026, 1, 1, tzinfo=UTC)), (date | None, st.dates().map(str) | st.none(), date(2026, 1, 1)),
    (time, st.times().map(str), time(10)), (timedelta, st.sampled_from(["PT30M", "P1DT2H", "-PT5S"]), timedelta(1)), (UUID, st.uuids().map(str), UUID(int=1)),
    (Level, st.sampled_from([1, 2]), Level.low), (Level | None, st.sampled_from([1, 2, None]), Level.high), (Colour, st.sampled_from(["red", "1", "null"]), Colour.one),
    (Literal[1, "1", "a", True, None], st.sampled_from([1, "1", "a", True, None]), "1"), (Literal[1, 2], st.sampled_from([1, 2]), 1),
    (Inner, INNER, Inner(n=1)), (Inner | None, INNER | st.none(), Inner(n=1)), (list[str], st.lists(TEXT, max_size=2), ["x"]),
    (list[Inner] | None, st.lists(INNER, max_size=2) | st.none(), []), (dict[str, int], st.dictionaries(TEXT, INTEGERS, max_size=2), {}),
    (str | list[str], TEXT | st.lists(TEXT, max_size=2), "[1]"), (str | Inner | int | None, TEXT | INNER | INTEGERS | st.none(), "1"),
    (Annotated[int, Field(ge=0)], st.integers(0, 9), 0), (float | str, FLOATS | TEXT, "1.50"),
    (float | Literal["n/a"], FLOATS | st.just("n/a"), 1.5), (int | date, INTEGERS | st.dates().map(str), 1), (Any, JSON | TEXT, "5"), (object, JSON | TEXT, None),
]  # fmt: skip


def there_and_back(schema, bodies):
    """Return bodies once they were written as CSV and read again."""
    records = [json.loads(body) for body in bodies]
    names = list(dict.fromkeys([*schema.fields, *[name for record in records for name in record]]))
    table = CsvTable(names, schema.columns)
    text = table.header() + table.rows(records)
    records = records_in(CsvText(lambda: [text], schema.columns, 10**6, CsvForm()))
    return [schema.validate(record) for record in records]


def same(bodies):
    return [repr(sorted(json.loads(body).items())) for body in bodies]


def same_values(bodies):
    """Return what bodies hold, where 1 and 1.0 are one number."""
    return [
        {name: (value is True or value is False, value) for name, value in json.loads(body).items()} for body in bodies
    ]


@functools.cache
def model_of(place):
    """Return the table of a model whose members have one type, each with another kind of default."""
    kind, values, default = FIELDS[place]
    fields = {
        "id": (int, ...),
        "required": (kind, ...),
        "nullable": (kind | None, None),
        "filled": (kind, default),
        "made": (kind | None, Field(default_factory=lambda: None)),
    }
    return ModelSchema(create_model("Made", **fields)), values


@pytest.mark.parametrize("place", range(len(FIELDS)), ids=[str(kind) for kind, _, _ in FIELDS])
@settings(max_examples=EXAMPLES // 5)
@given(data=st.data())
def test_a_models_table_takes_back_what_it_gives(place, data):
    schema, values = model_of(place)
    records = [
        {
            "id": i,
            "required": data.draw(values),
            "nullable": data.draw(st.none() | values),
            "made": data.draw(values | st.none()),
        }
        | data.draw(st.just({}) | values.map(lambda value: {"filled": value}))
        for i in range(data.draw(st.integers(1, 3)))
    ]
    bodies = [schema.validate(record) for record in records]
    assert same(there_and_back(schema, bodies)) == same(bodies)


def test_a_recursive_models_table_takes_back_what_it_gives():
    schema = ModelSchema(Tree)
    leaf = {"id": "5", "n": 1}
    bodies = [schema.validate(record) for record in (leaf, {"id": "05", "n": 2, "children": [leaf], "parent": leaf})]
    assert same(there_and_back(schema, bodies)) == same(bodies)


WHOLE = st.integers(-(2**53), 2**53).map(float)
ANYTHING = [
    {},
    True,
    {"description": "x"},
    {"maxLength": 99},
    {"pattern": "^"},
    {"anyOf": [{"type": "null"}, {}]},
    {"allOf": [{}]},
]
KINDS = {"null": st.none(), "boolean": st.booleans(), "integer": INTEGERS | WHOLE, "number": INTEGERS | FLOATS, "string": TEXT,
         "array": st.lists(JSON, max_size=2), "object": st.dictionaries(st.text(max_size=3), JSON, max_size=2)}  # fmt: skip


@st.composite
def declared(draw):
    """Return a schema of one member that says which types it has, in one of many ways, and a strategy of its values."""
    if draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from(ANYTHING)), st.one_of([*KINDS.values()])
    kinds = draw(st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=3, unique=True))
    values = st.one_of([KINDS[kind] for kind in kinds])
    way = draw(st.sampled_from(["type", "anyOf", "oneOf of refs", "allOf", "enum", "const"]))
    if way == "type":
        return {"type": kinds}, values
    if way == "anyOf":
        return {"anyOf": [{"type": kind} for kind in kinds]}, values
    if way == "oneOf of refs":
        return {"anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds]}, values
    if way == "allOf":
        return {"allOf": [{"type": kinds}, {"description": "x"}]}, values
    chosen = draw(st.lists(values, min_size=1, max_size=3))
    return ({"enum": chosen}, st.sampled_from(chosen)) if way == "enum" else ({"const": chosen[0]}, st.just(chosen[0]))


@given(declared(), declared(), st.data())
@settings(max_examples=2 * EXAMPLES)
def test_a_json_schemas_table_takes_back_what_it_gives(first, second, data):
    definitions = {kind: {"type": kind} for kind in KINDS}
    schema = JsonSchema(
        {"$defs": definitions, "properties": {"id": {"type": ["integer", "string"]}, "a": first[0], "b": second[0]}, "required": ["a"]}
    )  # fmt: skip
    records = [
        {"id": data.draw(st.sampled_from([1, "1", "01", "x"])), "a": data.draw(first[1])}
        | data.draw(st.just({}) | second[1].map(lambda value: {"b": value}))
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    try:
        bodies = [schema.validate(record) for record in records]
    except InvalidRecord:
        return  # an integer of a float that JSON Schema calls none
    assert same_values(there_and_back(schema, bodies)) == same_values(bodies)


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "5", 5, 1.5, True, None, "", "true", [1]])),
        max_size=4,
    )
)
def test_an_untyped_table_comes_back_by_the_rule_of_columns(records):
    names = list(dict.fromkeys(name for record in records for name in record))
    text = CsvTable(names).header() + CsvTable(names).rows(records)
    found = list(records_in(CsvText(lambda: [text], UNTYPED, 10_000, CsvForm())))
    assert len(found) == (len(records) if names else 0)
    for name in names:
        cells = [record.get(name) for record in records]
        written = ["" if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in cells]
        plain = all(cell in ("", "5", "1.5", "true") for cell in written)
        expected = [MISSING if cell == "" else json.loads(cell) if plain else cell for cell in written]
        assert [record.get(name, MISSING) for record in found] == expected


def test_columns_without_records_or_records_without_columns_are_nothing():
    assert CsvTable().header() == CsvTable().rows([{}, {}]) == b""
    assert read("") == []


def test_no_error_of_a_cell_repeats_it():
    columns = Columns({"properties": {"v": {"type": "object"}}})
    with pytest.raises(RamekinError) as refused:
        read('v\n"{secret"\n', columns)
    assert "secret" not in refused.value.message
