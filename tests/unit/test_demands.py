"""What a predicate asks of its fields: by value, with all kinds that each may match by."""

import pytest

from ramekin.query.demands import demands_of
from ramekin.query.url import parse_conditions
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema, Trait

FREE = NoSchema()


def kinds(predicate):
    return sorted("|".join(sorted(demand.trait.kinds)) for demand in demands_of(predicate))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("v", "abc", ["text"]),
        ("v", "5", ["number|text"]),
        ("v", "true", ["boolean|text"]),
        ("v:in", "5,abc", ["number|text", "text"]),
        ("v:nin", "1,2,true", ["boolean|text", "number|text"]),
        ("v:in", '[5,"5"]', ["number|text"]),
        ("v:in", '[5,"6",null]', ["number", "text"]),
        ("v:gt", "5", ["number|text"]),
        ("v:lt", "x", ["text"]),
        ("v:contains", "5", ["array|text"]),
        ("v:icontains", "5", ["text"]),
        ("v:null", "true", []),
        ("v:exists", "true", []),
        ("v:in", "[]", []),
        ("v:in", '[[1],{"a":1}]', ["array", "object"]),
        ("id", "5", []),
        ("id:ne", "5", ["number|text"]),
    ],
)
def test_each_value_asks_for_the_kinds_by_which_it_may_match(name, value, expected):
    assert kinds(parse_conditions([(name, value)], FREE)) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"or": [{"v": {"gt": 5}}, {"v": {"gt": "5"}}]}, ["number|text"]),
        ({"or": [{"v": 5}, {"v": "5"}]}, ["number|text"]),
        ({"or": [{"v": "true"}, {"v": True}, {"v": "x"}]}, ["boolean|text", "text"]),
        ({"or": [{"v": {"contains": 5}}, {"v": {"contains": "5"}}]}, ["array|text"]),
        ({"or": [{"v": {"gt": 5}}, {"w": {"gt": "5"}}, {"v": {"lt": "0"}}]}, ["number", "text", "text"]),
        ({"v": {"gt": 5}, "and": [{"v": {"gt": "5"}}]}, ["number", "text"]),
    ],
)
def test_one_of_several_conditions_asks_for_what_one_condition_of_several_values_does(where, expected):
    assert kinds(parse_where(where, FREE)) == expected


@pytest.mark.parametrize(
    ("where", "proved"),
    [
        ({"a": 1, "b": {"gt": "x"}}, {"a", "b"}),
        ({"a": {"in": [1, 2]}}, {"a"}),
        ({"a": {"in": [1, "x"]}}, set()),
        ({"a": {"ne": 1}}, set()),
        ({"or": [{"a": 1}, {"b": 1}], "c": 1}, {"c"}),
        ({"not": {"a": 1}}, set()),
        ({"and": [{"a": 1}, {"or": [{"a": 1}, {"b": 1}]}]}, {"a"}),
    ],
)
def test_a_row_that_is_found_proves_what_every_row_must_have(where, proved):
    found = demands_of(parse_where(where, FREE))
    assert {demand.trait.path[0] for demand in found if demand.is_proved} == proved


def test_a_trait_is_asked_for_once():
    found = demands_of(parse_where({"or": [{"a": i} for i in range(50)]}, FREE))
    assert [demand.trait for demand in found] == [Trait(("a",), frozenset({"number"}))]
