"""Which predicates hold whatever the records are: held against the naive reading, on every record that can differ."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.query.predicate import holds_always
from ramekin.query.url import parse_conditions
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from tests.oracle import ABSENT, holds

FREE = NoSchema()
VALUES = [ABSENT, None, True, False, 0, 1, 2, 1.5, "", "1", "a", "ab", [], [1], {}, {"x": 1}]
IDS = [0, 1, -1, 2**63 - 1, "a", "1", "ab", "é"]
RECORDS = [
    {name: value for name, value in (("id", i), ("a", a), ("b", b)) if value is not ABSENT}
    for i, a, b in itertools.product(IDS, VALUES, VALUES)
]


def always(where):
    return holds_always(parse_where(where, FREE))


ALWAYS = [
    {},
    {"and": []},
    {"and": [{}, {"and": [{}]}]},
    {"or": [{}]},
    {"or": [{"a": 1}, {}]},
    {"not": {"or": []}},
    {"not": {"not": {}}},
    {"not": {"or": [], "a": 1}},
    {"not": {"not": {"not": {"or": [{"or": []}]}}}},
    {"a": {"nin": []}},
    {"not": {"a": {"in": []}}},
    {"not": {"a": 1, "b": {"in": []}}},
    {"or": [{"a": {"ne": 1}}, {"a": 1}]},
    {"or": [{"a": {"ne": 1}}, {"a": {"ne": 2}}]},
    {"or": [{"a": {"nin": [1, 2]}}, {"b": 3}, {"a": 1.0}, {"a": {"in": [2, 5]}}]},
    {"or": [{"a": {"gt": 1}}, {"not": {"a": {"gt": 1}}}]},
    {"or": [{"a": {"gt": 1}, "b": 2}, {"not": {"b": 2, "a": {"gt": 1}}}]},
    {"or": [{"a": {"exists": True}, "b": 2}, {"a": {"exists": False}}, {"b": {"ne": 2}}]},
    {"not": {"a": {"startswith": "x"}, "b": 1, "and": [{"not": {"a": {"startswith": "x"}}}]}},
    {"or": [{"a": {"null": True}}, {"a": {"null": False}}]},
    {"or": [{"a": {"exists": True}}, {"a": {"null": True}}]},
    {"or": [{"a": {"exists": True}}, {"not": {"a": {"exists": True}}}]},
    {"or": [{"a": {"exists": False}}, {"a": None}, {"a": {"null": False}}]},
    {"id": {"exists": True}},
    {"id": {"null": False}},
    {"id": {"ne": None}},
    {"id": {"nin": [None, True, 1.5, 2**63, [], {}, "", "a/b", "."]}},
    {"not": {"id": {"null": True}}},
    {"not": {"id": ""}},
]


@pytest.mark.parametrize("where", ALWAYS, ids=str)
def test_what_holds_always_is_known(where):
    assert all(holds(record, where) for record in RECORDS[:: 7 if "a" in str(where) else 1])
    assert always(where)


@pytest.mark.parametrize(
    "where",
    [
        {"or": []},
        {"not": {}},
        {"a": {"in": []}},
        {"a": 1},
        {"a": {"ne": 1}},
        {"a": {"exists": True}},
        {"a": {"null": False}},
        {"or": [{"a": {"exists": False}}, {"a": {"null": False}}]},
        {"or": [{"a": {"ne": 1}}, {"b": 1}]},
        {"or": [{"a": {"nin": [1, 2]}}, {"a": 1}]},
        {"or": [{"a": {"ne": True}}, {"a": 1}]},
        {"or": [{"a": {"gt": 1}}, {"a": {"lte": 1}}]},
        {"or": [{"a": {"contains": "a"}}, {"a": {"ne": ""}}]},
        {"id": {"ne": 1}},
        {"id": {"ne": "1"}},
        {"id": {"gte": 0}},
        {"id": {"exists": False}},
    ],
    ids=str,
)
def test_what_may_fail_does_not_hold_always(where):
    assert not all(holds(record, where) for record in RECORDS)
    assert not always(where)


CONDITION = st.one_of(
    st.builds(lambda name, op, v: {name: {op: v}}, st.sampled_from("ab"), st.sampled_from(["eq", "ne"]),
              st.sampled_from([None, True, 1, 2, "a"])),
    st.builds(lambda name, op, v: {name: {op: v}}, st.sampled_from(["a", "id"]), st.sampled_from(["in", "nin"]),
              st.lists(st.sampled_from([None, 1, "a", 1.5]), max_size=2)),
    st.builds(lambda name, op, v: {name: {op: v}}, st.sampled_from(["a", "id"]), st.sampled_from(["null", "exists"]),
              st.booleans()),
    st.builds(lambda op, v: {"a": {op: v}}, st.sampled_from(["gt", "lte"]), st.sampled_from([0, 1, "a"])),
)  # fmt: skip
WHERE = st.recursive(
    CONDITION | st.just({}),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"or": parts}),
        st.lists(inner, max_size=2).map(lambda parts: {"and": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@given(WHERE)
def test_nothing_is_taken_for_always_that_may_fail(where):
    if always(where):
        assert all(holds(record, where) for record in RECORDS[::5])


@given(WHERE, st.lists(CONDITION, max_size=2))
def test_a_part_or_its_opposite_holds_always_however_it_is_written(where, beside):
    assert always({"or": [where, {"not": where}, *beside]})
    assert always({"not": {"and": [where, {"not": where}, *beside]}})
    assert always({"not": {"not": {"or": [{"not": {"not": where}}, {"and": [{"not": where}]}, *beside]}}})


@given(st.recursive(st.sampled_from([{}, {"or": []}, {"and": []}, {"a": {"in": []}}, {"b": {"nin": []}}]),
                    lambda inner: st.lists(inner, max_size=3).map(lambda parts: {"or": parts})
                    | st.lists(inner, max_size=3).map(lambda parts: {"and": parts})
                    | inner.map(lambda part: {"not": part}), max_leaves=8))  # fmt: skip
def test_what_is_made_of_nothing_but_constants_is_decided_exactly(where):
    assert always(where) == holds({"id": 1}, where)


@given(st.sampled_from("ab"), st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from([None, 1, "a"]))), max_size=4))
def test_choices_of_one_field_are_decided_exactly(name, choices):
    where = {"or": [{name: {"nin" if is_negated else "in": values}} for is_negated, values in choices]}
    assert always(where) == all(holds(record, where) for record in RECORDS[::3])


@pytest.mark.parametrize("text", ["id:nin=", "id:ne=", "id:exists=true", "id:null=false", "a:nin=[]"])
def test_addresses_have_them_too(text):
    assert holds_always(parse_conditions([tuple(text.split("="))], FREE))


@pytest.mark.parametrize("text", ["a:nin=", "a:ne=", "a:exists=true", "id:ne=x", "id:nin=1,2", "a:contains="])
def test_and_conditions_like_them(text):
    assert not holds_always(parse_conditions([tuple(text.split("="))], FREE))
