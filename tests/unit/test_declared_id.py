"""Which JSON Schemas declare `id`, and so are asked about a record with it."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from ramekin.errors import InvalidRecord
from ramekin.schema.declared_id import declares_id
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.references import References
from tests.conftest import EXAMPLES


def declares(schema):
    return declares_id(schema, References(schema, 1000))


NAMED = {"properties": {"id": {"type": "integer"}}}
REQUIRED = {"required": ["id"]}
FORBIDDEN = {"not": REQUIRED}


@pytest.mark.parametrize(
    "schema",
    [
        NAMED,
        REQUIRED,
        {"properties": {"id": True}},
        {"required": ["a", "id"]},
        {"dependentRequired": {"id": ["a"]}},
        {"dependentRequired": {"a": ["id"]}},
        {"dependentSchemas": {"id": {"required": ["a"]}}},
        {"dependentSchemas": {"a": NAMED}},
        {"$ref": "#/$defs/r", "$defs": {"r": NAMED}},
        {"$ref": "#r", "$defs": {"r": {"$anchor": "r", **NAMED}}},
        {"$dynamicRef": "#r", "$defs": {"r": {"$dynamicAnchor": "r", **NAMED}}},
        {"$id": "https://a.example/", "$ref": "b", "$defs": {"r": {"$id": "b", **NAMED}}},
        {"allOf": [{}, NAMED]},
        {"anyOf": [{"maxProperties": 0}, NAMED]},
        {"oneOf": [NAMED, {"required": ["key"]}]},
        {"if": NAMED, "then": {"required": ["a"]}},
        {"if": {"required": ["a"]}, "then": NAMED},
        {"if": {"required": ["a"]}, "else": REQUIRED},
        {"not": {"properties": {"id": {"const": 0}}}},
        {"not": FORBIDDEN},
        {"not": {"required": ["id", "a"]}},
        {"allOf": [{"allOf": [{"anyOf": [{"$ref": "#/$defs/r"}]}]}], "$defs": {"r": REQUIRED}},
        {"enum": [{"id": 1}, {"id": 2}]},
        {"const": {"id": 1, "a": 2}},
        {"properties": {"id": {"type": "array"}}},  # it cannot be kept, but that is for the record's author to hear
        {"additionalProperties": False, **NAMED},
    ],
)
def test_a_schema_that_names_it_declares_it(schema):
    assert declares(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"a": NAMED}},
        {"items": NAMED},
        {"additionalProperties": False},
        {"additionalProperties": {"type": "boolean"}},
        {"unevaluatedProperties": False},
        {"patternProperties": {"^id$": {"type": "integer"}}},
        {"propertyNames": {"const": "id"}},
        {"maxProperties": 1},
        {"const": {"a": 1}},
        {"enum": ["id", ["id"], {"a": "id"}]},
        {"default": {"id": 1}, "examples": [{"id": 2}], "title": "id", "$comment": "id"},
        {"$defs": {"r": NAMED}},
        {"$defs": {"id": NAMED}, "properties": {"home": {"$ref": "#/$defs/id"}}},
        {"contains": NAMED},
        {"unknown": NAMED},
    ],
)
def test_a_schema_that_does_not_name_it_in_the_record_itself_does_not(schema):
    assert not declares(schema)


@pytest.mark.parametrize(
    "schema",
    [
        FORBIDDEN,
        {"properties": {"id": False, "a": True}},
        {"properties": {"id": {"not": {}}}},
        {"not": {"type": "object", **REQUIRED}},
        {"not": {"anyOf": [REQUIRED, {"required": ["key"]}]}},
        {"allOf": [{"$ref": "#/$defs/r"}], "$defs": {"r": FORBIDDEN}},
        {"anyOf": [FORBIDDEN, {"properties": {"id": False}}]},
        {"oneOf": [FORBIDDEN, {"properties": {"id": False}, "required": ["a"]}]},
        {"if": REQUIRED, "then": False},
        {"if": FORBIDDEN, "else": FORBIDDEN},
        {"if": {"required": ["a"]}, "then": FORBIDDEN, "else": FORBIDDEN},
        {"dependentSchemas": {"id": False}},
        {"not": {"title": "those with an id", **REQUIRED}},
    ],
)
def test_a_schema_that_forbids_it_does_not(schema):
    assert not declares(schema)
    assert JsonSchema(schema).validate({"id": 1}) == b'{"id":1}'


def test_references_in_circles_and_without_end_are_read():
    assert not declares({"$ref": "#"})
    assert declares({"allOf": [{"$ref": "#"}, REQUIRED]})
    deep = {f"d{i}": {"allOf": [{"allOf": [{"not": {"not": {"$ref": f"#/$defs/d{i + 1}"}}}]}]} for i in range(90)}
    assert declares({"$defs": deep | {"d90": FORBIDDEN}, "$ref": "#/$defs/d0"})  # too far to see that it is forbidden
    assert declares({"$defs": deep | {"d90": REQUIRED}, "$ref": "#/$defs/d0"})


LEAVES = st.sampled_from(
    [True, False, {}, REQUIRED, {"required": ["a"]}, {"required": ["id", "a"]}, NAMED, {"properties": {"id": False}},
     {"properties": {"a": {"type": "integer"}}}, {"type": "object"}, {"type": "array"}, {"maxProperties": 1}, {"dependentRequired": {"a": ["id"]}},
     {"additionalProperties": False}, {"const": {"id": 1}}, {"enum": [{"a": 1}, 5]}, {"$ref": "#/$defs/r"}, {"$ref": "#"}]
)  # fmt: skip
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda keyword, parts: {keyword: parts}, st.sampled_from(["allOf", "anyOf", "oneOf"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
        st.builds(lambda name, part: {"dependentSchemas": {name: part}}, st.sampled_from(["id", "a"]), inner),
        st.builds(lambda a, b: {**(a if isinstance(a, dict) else {}), **(b if isinstance(b, dict) else {})}, inner, inner),
    ),
    max_leaves=6,
)  # fmt: skip
VALUES = [None, 1, "x"]
RECORDS = [{name: value for name, value in zip(("id", "a", "b"), values, strict=True) if value is not None} for values in product(VALUES, repeat=3)]  # fmt: skip


@given(SCHEMAS, SCHEMAS)
@settings(max_examples=5 * EXAMPLES)
def test_whatever_it_says_the_schema_decides_about_records_that_can_be(schema, definition):
    """An exhaustive reading of small records: a schema that allows one with an id is asked with it, if it names it."""
    if not isinstance(schema, dict):
        schema = {"allOf": [schema]}
    schema = {**schema, "$defs": {"r": definition}}
    validator = Draft202012Validator(schema)
    allowed = [record for record in RECORDS if validator.is_valid(record)]
    is_declared = declares(schema)
    if not is_declared and any("id" in record for record in allowed):
        assert not is_named(schema, schema, set())
    table = JsonSchema(schema)
    for record in RECORDS:
        if "id" in record:
            asked = record if is_declared else {name: value for name, value in record.items() if name != "id"}
            assert takes(table, record) == validator.is_valid(asked)


def takes(table, record):
    try:
        table.validate(record)
    except InvalidRecord:
        return False
    return True


def is_named(part, root, seen):
    """Say whether a schema of `SCHEMAS` names the id, read another way: by a depth-first walk over its text."""
    if not isinstance(part, dict) or id(part) in seen:
        return False
    seen.add(id(part))
    found = [
        part.get("properties", {}),
        part.get("required", []),
        part.get("dependentSchemas", {}),
        part.get("const", {}),
    ]
    if any("id" in place for place in found) or "dependentRequired" in part:
        return True
    inner = [part[name] for name in ("not", "if", "then", "else") if name in part]
    for name in ("allOf", "anyOf", "oneOf"):
        inner += part.get(name, [])
    inner += list(part.get("dependentSchemas", {}).values())
    inner += [{"#": root, "#/$defs/r": root["$defs"]["r"]}[part["$ref"]]] if "$ref" in part else []
    return any(is_named(child, root, seen) for child in inner)
