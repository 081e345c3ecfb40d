"""How large a schema may be, and a record that is held against many alternatives: nobody is answered meanwhile."""

import pytest

from ramekin.errors import InvalidDefinition, InvalidRecord
from ramekin.schema.extent import MAX_PARTS, MAX_PATTERNS, check_extent
from ramekin.schema.json_schema import MAX_SCANNED, MAX_TRIED, JsonSchema
from ramekin.schema.references import References


def members(count):
    """Return a schema of so many arrays, objects and members."""
    return {"required": [], "properties": {f"m{i}": True for i in range(count - 5)}}


def test_a_schema_has_as_many_parts_as_it_may():
    check_extent(members(MAX_PARTS))
    with pytest.raises(InvalidDefinition, match="more than 10,000"):
        check_extent(members(MAX_PARTS + 1))


@pytest.mark.parametrize(
    "patterns",
    [
        lambda count: {"allOf": [{"pattern": "a"}] * count},
        lambda count: {"patternProperties": {f"a{i}": True for i in range(count)}},
    ],
    ids=["pattern", "patternProperties"],
)
def test_a_schema_has_as_many_patterns_as_it_may(patterns):
    check_extent(patterns(MAX_PATTERNS))
    with pytest.raises(InvalidDefinition, match="more than 300"):
        check_extent(patterns(MAX_PATTERNS + 1))


def test_the_name_of_a_member_is_no_pattern():
    check_extent({"properties": {"pattern": {}, "patternProperties": {}}, "required": ["pattern"] * MAX_PATTERNS})


CASES = {
    "anyOf": ({"anyOf": [True] * 70}, 70),
    "names": ({"patternProperties": {f"a{i}": True for i in range(70)}}, 70),
    "enum": ({"enum": [{"a": i} for i in range(7)]}, 70),
    "texts in enum": ({"enum": ["a"] * 70}, 0),
    "written out": ({"$defs": {"d": {"oneOf": [True] * 9}}, "allOf": [{"$ref": "#/$defs/d"}] * 7}, 70),
    "in circles": ({"$defs": {"d": {"items": {"$ref": "#/$defs/d"}, "oneOf": [True] * 70}}, "$ref": "#/$defs/d"}, 70),
}


@pytest.mark.parametrize(("schema", "count"), CASES.values(), ids=CASES)
def test_alternatives_are_counted_where_they_apply(schema, count):
    assert References(schema, 1000).alternatives == count


def test_a_record_is_refused_whose_values_times_alternatives_are_too_many():
    schema = JsonSchema({"properties": {"a": {"items": {"enum": [{"a": i} for i in range(800)]}}}})
    most = MAX_TRIED // 8000
    assert schema.validate({"id": 1, "a": [{"a": 0}] * (most // 4)})
    with pytest.raises(InvalidRecord) as caught:
        schema.validate({"id": 1, "a": [{"a": 0}] * most})
    assert "too large" in caught.value.faults[0].detail


def test_a_record_is_refused_whose_bytes_times_patterns_are_too_many():
    schema = JsonSchema({"properties": {"a": {"allOf": [{"pattern": "^a*$"}] * 100}}})
    assert schema.validate({"id": 1, "a": "a" * (MAX_SCANNED // 100 - 50)})
    with pytest.raises(InvalidRecord):
        schema.validate({"id": 1, "a": "a" * (MAX_SCANNED // 100)})
