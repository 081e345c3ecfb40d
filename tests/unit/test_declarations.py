"""What a schema declares of a field: keywords narrow, branches widen, and nothing that may stand there is ruled out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ramekin.schema.declarations import names_in, type_in
from ramekin.schema.fields import ANYTHING, FieldType, common_reading, narrowed, widened
from ramekin.values.comparison import kind_of
from tests.oracle import ABSENT, at

DATE, TEXT, NULL, WHOLE = (
    {"type": "string", "format": "date"}, {"type": "string"}, {"type": "null"}, {"type": "integer"}
)  # fmt: skip


def of(schema, path="v", **more):
    return type_in({"properties": {"v": schema}, **more}, tuple(path.split(".")), is_closed=False)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (WHOLE, "integer"),
        ({"type": "number"}, "number"),
        ({"type": ["integer", "number"]}, "number"),
        (DATE, "date (such as 2024-03-11)"),
        ({"anyOf": [DATE, NULL]}, "date (such as 2024-03-11)"),
        ({"type": ["string", "null"], "format": "date"}, "date (such as 2024-03-11)"),
        ({"anyOf": [DATE, TEXT]}, "text"),
        ({"anyOf": [DATE, WHOLE]}, "integer or date (such as 2024-03-11)"),
        ({"anyOf": [DATE, {"type": "string", "format": "time"}]}, "text"),
        ({"anyOf": [DATE, {"type": "string", "format": "date-time"}]}, "date and time (ISO 8601, such as 2024-03-11T08:30:00Z)"),
        ({"allOf": [TEXT, {"format": "date"}]}, "date (such as 2024-03-11)"),
        ({"$ref": "#/$defs/day", "description": "x"}, "date (such as 2024-03-11)"),
        ({"$ref": "#/$defs/day", "anyOf": [{"minLength": 1}, {"maxLength": 5}]}, "date (such as 2024-03-11)"),
        ({"enum": ["a", "b", 3]}, 'one of "a", "b", 3'),
        ({"enum": ["a", None]}, 'one of "a"'),
        ({"type": "string", "enum": ["a", 3]}, 'one of "a"'),
        ({"anyOf": [{"const": "a"}, {"const": "b"}, NULL]}, 'one of "a", "b"'),
        ({"anyOf": [{"const": "auto"}, WHOLE]}, 'integer or one of "auto"'),
        ({"anyOf": [{"const": "auto"}, TEXT]}, "text"),
        ({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]}, "one of 2, 3"),
        ({"type": ["boolean", "array"]}, "array or boolean"),
        ({"enum": list(range(12))}, "one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
    ],
)  # fmt: skip
def test_a_schema_says_what_may_stand_there(schema, told):
    assert of(schema, **{"$defs": {"day": DATE}}).describe() == told


def test_a_format_alone_is_a_reading_of_texts_and_rules_nothing_out():
    found = of({"format": "date"})
    assert (found.reading, found.kinds) == ("date", frozenset())
    assert of({"format": "email"}) == ANYTHING


@pytest.mark.parametrize(
    ("schema", "path", "is_there"),
    [
        (TEXT, "v.x", False),
        ({"properties": {"x": WHOLE}, "additionalProperties": False}, "v.x", True),
        ({"properties": {"x": WHOLE}, "additionalProperties": False}, "v.y", False),
        ({"properties": {"x": False}}, "v.x", False),
        ({"allOf": [{"properties": {"x": WHOLE}}, {"additionalProperties": False}]}, "v.x", False),
        ({"anyOf": [TEXT, {"type": "object"}]}, "v.x", True),
        ({"type": "array", "prefixItems": [TEXT], "items": False}, "v.0", True),
        ({"type": "array", "prefixItems": [TEXT], "items": False}, "v.1", False),
        ({"type": "array", "maxItems": 2}, "v.1", True),
        ({"type": "array", "maxItems": 2}, "v.2", False),
        ({"type": "array"}, "v.01", False),
        ({"allOf": [TEXT, WHOLE]}, "v", False),
        (False, "v", False),
    ],
)
def test_a_schema_says_where_nothing_can_stand(schema, path, is_there):
    assert (of(schema, path) is not None) is is_there


def test_branches_that_only_ask_for_members_leave_their_types_alone():
    asked = {"anyOf": [{"required": ["v"]}, {"required": ["w"]}], "oneOf": [{"minProperties": 1}]}
    assert of(DATE, **asked).reading == "date"


@pytest.mark.parametrize(
    ("schema", "path", "is_named"),
    [
        (True, "v", True),
        ({}, "v.x", False),
        ({"additionalProperties": WHOLE}, "v.x", False),
        ({"additionalProperties": {"properties": {"x": WHOLE}}}, "v.y.x", False),
        ({"patternProperties": {"x": WHOLE}}, "v.x", False),
        ({"properties": {"x": {"additionalProperties": WHOLE}}}, "v.x", True),
        ({"allOf": [{"properties": {"x": True}}, {"additionalProperties": WHOLE}]}, "v.x", True),
        ({"oneOf": [{"additionalProperties": WHOLE}, {"properties": {"x": WHOLE}}]}, "v.x", True),
        ({"propertyNames": {"enum": ["x"]}, "additionalProperties": WHOLE}, "v.x", True),
        ({"propertyNames": {"enum": ["x"]}, "additionalProperties": WHOLE}, "v.y", None),
        ({"propertyNames": {"maxLength": 1}, "additionalProperties": WHOLE}, "v.x", False),
        ({"type": "array", "items": WHOLE}, "v.0", False),
        ({"type": "array", "prefixItems": [WHOLE], "items": WHOLE}, "v.0", True),
        ({"type": "array", "prefixItems": [WHOLE], "items": WHOLE}, "v.1", False),
    ],
)
def test_a_field_is_named_where_each_step_to_it_is(schema, path, is_named):
    found = of(schema, path)
    assert (found if found is None else found.is_named) is is_named


def test_circles_and_schemas_without_end_say_nothing():
    assert of({"$ref": "#/properties/v"}) == ANYTHING
    assert of({"$ref": "#/$defs/a"}, **{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}) == ANYTHING
    tree = {"$defs": {"n": {"properties": {"v": WHOLE, "next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    assert type_in(tree, ("next",) * 40 + ("v",), is_closed=False).is_integer
    assert type_in(tree, ("next",) * 5000 + ("v",), is_closed=False) == ANYTHING
    chain = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(5000)}
    assert of({"$ref": "#/$defs/d0"}, **{"$defs": chain}) == ANYTHING


def test_a_schema_of_many_parts_is_looked_at_for_so_long():
    branches = [{"allOf": [{"type": "integer"}] * 10} for _ in range(100)]
    assert of({"anyOf": branches}).is_integer
    many = [{"allOf": [{"type": "integer"} for _ in range(50)]} for _ in range(200)]
    assert of({"anyOf": many}) == ANYTHING


VALUE = st.sampled_from(
    [None, True, False, 0, 1, 2.5, "a", "b", "2024-03-11", [], [1], ["a"], {}, {"x": 1}, {"x": "a"}, {"x": None}]
)
LEAF = st.sampled_from(
    [
        True, False, TEXT, WHOLE, NULL, DATE, {"type": "boolean"}, {"type": ["number", "null"]}, {"enum": ["a", 1, None]},
        {"const": "b"}, {"type": "object"}, {"type": "array"}, {"minimum": 1}, {"$ref": "#/$defs/d"}, {"required": ["x"]},
    ]
)  # fmt: skip
SCHEMA = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["anyOf", "allOf", "oneOf"]), st.lists(inner, min_size=1, max_size=3), min_size=1),
        st.fixed_dictionaries({"properties": st.dictionaries(st.just("x"), inner)}, optional={"additionalProperties": inner}),
        st.fixed_dictionaries({"items": inner}, optional={"type": st.just("array"), "prefixItems": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=8,
)  # fmt: skip


def test_a_record_is_no_array():
    assert of(TEXT, "0", properties={"0": WHOLE}).is_integer
    assert of({"properties": {"0": WHOLE}}, "v.0").kinds == frozenset()


def test_an_anchor_of_a_definition_is_followed():
    assert of({"$ref": "#day"}, **{"$defs": {"x": {"$anchor": "day", **DATE}}}).reading == "date"
    assert of({"$ref": "#day"}, **{"$defs": {"x": {"$id": "/x", "$anchor": "day", **DATE}}}) == ANYTHING


@given(SCHEMA, SCHEMA.filter(lambda shared: "$ref" not in str(shared)), VALUE, st.sampled_from(["v", "v.x", "v.0"]))
def test_what_is_valid_is_never_ruled_out(schema, shared, value, path):
    whole = {"properties": {"v": schema}, "$defs": {"d": shared}}
    record = {"v": value}
    if not Draft202012Validator(whole).is_valid(record):
        return
    stands = at(record, path)
    if stands is ABSENT:
        return
    found = type_in(whole, tuple(path.split(".")), is_closed=False)
    assert found is not None
    assert not found.kinds or kind_of(stands) in found.kinds
    key = FieldType().read_value(stands) if stands is not None else None
    assert key is None or found.can_equal([key])


def test_narrowing_and_widening_know_the_impossible_and_the_possible():
    whole = FieldType(frozenset({"number"}), is_integer=True)
    assert narrowed(None, whole) is None is narrowed(whole, None)
    assert widened(None, whole) == whole == widened(whole, None)
    assert narrowed(ANYTHING, whole) == whole
    assert not widened(ANYTHING, whole).kinds


def test_fields_are_read_alike_where_both_are_declared_so():
    kept, canonical = FieldType(frozenset({"text"}), "uuid"), FieldType(frozenset({"text"}), "uuid", is_canonical=True)
    decimal, number = FieldType(frozenset({"text"}), "decimal"), FieldType(frozenset({"number", "null"}))
    text = FieldType(frozenset({"text"}))
    assert common_reading(canonical, canonical) == "plain"
    assert common_reading(canonical, kept) == common_reading(kept, kept) == "uuid"
    assert common_reading(decimal, number) == common_reading(number, decimal) == "decimal"
    for other in (text, ANYTHING, None, FieldType(frozenset({"text"}), "date")):
        assert common_reading(decimal, other) == common_reading(other, decimal) == "plain"


def test_names_are_told_outer_ones_first():
    schema = {
        "properties": {"a": {"properties": {"b": {}}}, "c": {"anyOf": [{"properties": {"d": {}}}, NULL]}, "no": False}
    }
    assert names_in(schema) == ["a", "c", "a.b", "c.d"]
