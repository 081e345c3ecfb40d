"""Predicates are values: they print, compare, and are the same whichever form they were written in."""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ramekin import errors
from ramekin.query.demands import demands_of, read_demands
from ramekin.query.match import body_matcher
from ramekin.query.operand import MAX_LISTED
from ramekin.query.predicate import (
    EVERYTHING,
    All,
    AnyOf,
    Condition,
    Not,
    all_of,
    any_of,
    condition,
    conditions_in,
    paths_in,
)
from ramekin.query.steps import VALUES as AT_ONCE
from ramekin.query.url import parse_conditions, parse_select, parse_sort, read_conditions
from ramekin.query.where import MAX_CONDITIONS, MAX_PARTS, parse_where, read_where
from ramekin.schema.fields import Field, NoSchema, as_number
from ramekin.schema.models import ModelSchema
from ramekin.values import codec
from ramekin.values.comparison import NUMBER

FREE = NoSchema()


class Part(BaseModel):
    size: int | None = None
    label: str = ""


class Typed(BaseModel):
    id: int
    name: str
    age: int | None = None
    price: float = 0.0
    exact: Decimal = Decimal(0)
    at: datetime | None = None
    key: UUID | None = None
    is_old: bool = False
    kind: Literal["a", "b"] = "a"
    tags: list[str] = []
    numbers: list[int] = []
    part: Part | None = None
    parts: list[Part] = []
    extra: dict[str, int] = {}


TYPED = ModelSchema(Typed)

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
INTEGER = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
MOMENT = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
VALUES = {
    "name": TEXT,
    "age": INTEGER,
    "price": FLOAT | INTEGER,
    "at": MOMENT,
    "key": st.uuids().map(str),
    "is_old": st.booleans(),
    "part.label": TEXT,
    "part.size": INTEGER,
    "parts.0.size": INTEGER,
    "tags.1": TEXT,
    "extra.any": INTEGER,
}


def in_url(value):
    return value if isinstance(value, str) else json.dumps(value)


@st.composite
def typed_conditions(draw):
    """Draw conditions as pairs of an address and as JSON."""
    pairs, where = {}, {}
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4)):
        value = draw(VALUES[name])
        operators = ["eq", "ne", "in", "nin", "null", "exists"]
        operators += [] if name == "is_old" else ["gt", "gte", "lt", "lte"]
        operators += ["contains", "icontains", "startswith", "endswith"] if VALUES[name] is TEXT else []
        operator = draw(st.sampled_from(operators))
        if operator in ("null", "exists"):
            value = draw(st.booleans())
        elif operator in ("in", "nin"):
            value = draw(st.lists(VALUES[name], max_size=3))
        is_written = operator != "eq" or draw(st.booleans())
        pairs[f"{name}:{operator}" if is_written else name] = in_url(value)
        where[name] = {operator: value} if is_written else value
    return pairs, where


@given(typed_conditions())
def test_both_forms_build_the_same_predicate(conditions):
    pairs, where = conditions
    assert parse_conditions(pairs.items(), TYPED) == parse_where(where, TYPED)


@given(typed_conditions(), st.randoms(use_true_random=False))
def test_the_order_of_conditions_makes_no_difference(conditions, random):
    pairs, where = conditions
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    assert parse_conditions(shuffled, TYPED) == parse_where(where, TYPED)
    assert hash(parse_conditions(shuffled, TYPED)) == hash(parse_where(where, TYPED))
    assert str(parse_conditions(shuffled, TYPED)) == str(parse_where(where, TYPED))


@given(st.sampled_from(["18", "1e2", "45.50", "-0", "0150", "true", "null", "", "é", "[1", "1,2"]))
def test_a_value_of_no_declared_type_is_read_in_every_type_it_may_have(text):
    def readings(text):
        yield text
        if text in ("18", "1e2", "45.50", "-0"):
            yield json.loads(text)
        if text == "true":
            yield True

    assert parse_conditions([("v", text)], FREE) == parse_where({"v": {"in": list(readings(text))}}, FREE)


@given(
    st.lists(st.sampled_from(["a=1", "b:gt=x", "c.d:null=true", "a:in=1,2", "e:contains=x"]), unique=True), st.randoms()
)
def test_untyped_conditions_in_any_order_are_one_predicate(texts, random):
    pairs = [tuple(text.split("=")) for text in texts]
    shuffled = random.sample(pairs, len(pairs))
    assert parse_conditions(pairs, FREE) == parse_conditions(shuffled, FREE)


def test_predicates_print_as_a_reader_would_write_them():
    where = {
        "age": {"gte": 18, "lt": 65.0},
        "or": [{"address.city": "Paris"}, {"vip": True}],
        "not": {"name": {"startswith": "te\"st"}},
        "x": {"nin": [None, 2, 1, 1.0]},
    }  # fmt: skip
    assert str(parse_where(where, FREE)) == (
        '(address.city in ["Paris"] or vip in [true]) and age >= [18] and age < [65] and x nin [null, 1, 2] '
        'and not (name startswith ["te\\"st"])'
    )
    assert str(EVERYTHING) == "everything"
    assert str(AnyOf(())) == "nothing"
    assert str(parse_where({"a": {"eq": {"b": 1}}, "c": [1]}, FREE)) == "a in [{…}] and c in [[…]]"
    assert str(parse_where({"a\\.b.c": 1}, FREE)) == "a\\.b.c in [1]"


def test_inner_conjunctions_and_repetitions_are_opened():
    a, b, c = (parse_where({name: 1}, FREE) for name in "abc")
    assert all_of([a, all_of([b, c])]) == all_of([c, a, b, a])
    assert any_of([a, any_of([b, c])]) == any_of([c, a, b, a])
    assert all_of([a]) == any_of([a]) == a
    assert all_of([]) == EVERYTHING == All()
    assert paths_in(Not(all_of([a, b, a]))) == [("a",), ("b",)]


def test_predicates_cannot_be_changed():
    for predicate, member in (
        (parse_where({"a": 1}, FREE), "operands"),
        (Not(EVERYTHING), "part"),
        (EVERYTHING, "parts"),
    ):
        with pytest.raises(AttributeError):
            setattr(predicate, member, ())


def test_null_equals_null_and_not_missing():
    test = body_matcher(parse_where({"a": None}, FREE))
    assert test(b'{"a":null}')
    assert not test(b"{}")
    test = body_matcher(parse_where({"a": {"ne": None}}, FREE))
    assert not test(b'{"a":null}')
    assert test(b"{}")


def test_a_member_called_like_a_word_is_written_with_its_operator():
    for is_two in (2, {"eq": 2}, {"gt": 1, "lt": 3}):
        test = body_matcher(parse_where({"or": {"eq": 1}, "not": is_two, "and": {"gt": 0}}, FREE))
        assert test(b'{"or":1,"not":2,"and":1}')
        assert not test(b'{"or":1,"not":1,"and":1}')
        assert not test(b'{"or":1,"not":2,"and":0}')
    assert parse_conditions([("limit:eq", "5"), ("a:b:eq", "x")], FREE) == all_of(
        [parse_conditions([("limit", "5")], FREE), parse_where({"a:b": "x"}, FREE)]
    )


def test_moments_are_compared_as_instants():
    test = body_matcher(parse_conditions([("at:gte", "2024-01-01T01:00:00+01:00")], TYPED))
    assert test(b'{"at":"2024-01-01T00:00:00Z"}')
    assert test(b'{"at":"2024-01-01T00:00:00"}')
    assert not test(b'{"at":"2024-01-01T00:30:00+01:00"}')
    assert not test(b'{"at":null}')
    equal = body_matcher(parse_where({"at": "2024-01-01T00:00:00Z"}, TYPED))
    assert equal(b'{"at":"2024-01-01T02:00:00+02:00"}')


def test_decimals_are_compared_as_numbers():
    test = body_matcher(parse_conditions([("exact:gt", "9.5")], TYPED))
    assert test(b'{"exact":"10"}')
    assert not test(b'{"exact":"9.50"}')


def test_uuids_are_equal_however_they_are_written():
    text = "018CC251-F400-7C3E-8F4A-6A1B2C3D4E5F"
    assert parse_conditions([("key", text)], TYPED) == parse_where({"key": text.lower()}, TYPED)


@pytest.mark.parametrize(
    ("where", "error", "told"),
    [
        ({"nmae": "x"}, errors.UnknownField, "Did you mean 'name'?"),
        ({"part.siez": 1}, errors.UnknownField, "Did you mean 'part.size'?"),
        ({"part.size.x": 1}, errors.UnknownField, ""),
        ({"age": {"gtt": 1}}, errors.UnknownOperator, "Did you mean 'gt"),
        ({"age": {"§": 1}}, errors.UnknownOperator, "Operators: eq, ne"),
        ({"is_old": {"gt": 1}}, errors.InvalidOperator, "declared as boolean"),
        ({"age": {"contains": "1"}}, errors.InvalidOperator, "integer"),
        ({"at": {"startswith": "2024"}}, errors.InvalidOperator, "date and time"),
        ({"age": "18"}, errors.InvalidValue, "integer"),
        ({"age": {"in": [1, "x"]}}, errors.InvalidValue, "'age'"),
        ({"at": "yesterday"}, errors.InvalidValue, "ISO 8601"),
        ({"key": "x"}, errors.InvalidValue, "UUID"),
        ({"key": 5}, errors.InvalidValue, "UUID"),
        ({"exact": "x"}, errors.InvalidValue, "decimal"),
        ({"age": {"null": 1}}, errors.InvalidValue, "true or false"),
        ({"age": {"in": 1}}, errors.InvalidValue, "array"),
        ({"name": {"startswith": 1}}, errors.InvalidValue, "text"),
        ({"age": {"gt": None}}, errors.InvalidValue, "order"),
        ({"age": {}}, errors.InvalidWhere, "eq"),
        ({"or": [1]}, errors.InvalidWhere, "object"),
        ([], errors.InvalidWhere, "object"),
        ({"or": [{"age": i} for i in range(MAX_CONDITIONS + 1)]}, errors.InvalidWhere, str(MAX_CONDITIONS)),
        ({"or": [{}] * MAX_PARTS}, errors.InvalidWhere, str(MAX_PARTS)),
        ({"and": [{"not": {"or": [{}]}}] * (MAX_PARTS // 3)}, errors.InvalidWhere, str(MAX_PARTS)),
        ({"age": {"in": [1] * MAX_LISTED, "nin": [1]}}, errors.InvalidValue, str(MAX_LISTED)),
    ],
)
def test_mistakes_in_json_are_told(where, error, told):
    with pytest.raises(error) as raised:
        parse_where(where, TYPED)
    assert told in raised.value.message


def test_a_query_with_as_much_as_it_may_have_is_read():
    most = {
        "or": [
            {"age": {"in": list(range(MAX_LISTED - MAX_CONDITIONS + 1))}},
            *[{"age": {"in": [1]}}] * (MAX_CONDITIONS - 1),
        ]
    }
    assert len(conditions_in(parse_where(most, TYPED))) == 2  # one of them once
    assert parse_where({"or": [{}] * (MAX_PARTS - 2)}, TYPED) == EVERYTHING
    assert conditions_in(parse_conditions([("age:in", "1" + ",1" * (MAX_LISTED - 1))], TYPED))


class Seen(int):
    """A number that counts how often it is printed."""

    times = 0

    def __repr__(self):
        Seen.times += 1
        return int.__repr__(self)


def test_what_lies_deep_in_a_query_is_put_in_order_once():
    found = condition(Field(("a",)), "in", [(NUMBER, Seen(value)) for value in range(100)])
    for i in range(30):
        beside = condition(Field(("b",)), "eq", [(NUMBER, i)])
        found = all_of([any_of([found, Not(beside)]), beside])
    assert Seen.times == 100


@pytest.mark.parametrize(
    ("pairs", "error", "told"),
    [
        ([("nmae", "x")], errors.UnknownField, "Did you mean 'name'?"),
        ([("age:gtee", "1")], errors.UnknownOperator, "Did you mean 'gte'?"),
        ([("age", "x")], errors.InvalidValue, "integer"),
        ([("age", "0150")], errors.InvalidValue, "integer"),
        ([("is_old", "1")], errors.InvalidValue, "boolean"),
        ([("age:null", "yes")], errors.InvalidValue, "true or false"),
        ([("age:in", "[1")], errors.InvalidValue, "JSON array"),
        ([("age:in", "1,x")], errors.InvalidValue, "integer"),
        ([("at:gt", "soon")], errors.InvalidValue, "ISO 8601"),
        ([("age", "1"), ("age:eq", "2")], errors.RepeatedCondition, "in"),
        ([("age:gt", "1"), ("age:gt", "1")], errors.RepeatedCondition, "in"),
        ([("tags:gt", "a")], errors.InvalidOperator, "array"),
        ([("age:in", "1" + ",1" * (MAX_LISTED - 1)), ("age:nin", "[1]")], errors.InvalidValue, str(MAX_LISTED)),
    ],
)
def test_mistakes_in_addresses_are_told(pairs, error, told):
    with pytest.raises(error) as raised:
        parse_conditions(pairs, TYPED)
    assert told in raised.value.message


@pytest.mark.parametrize(
    ("names", "error"), [([""], errors.InvalidSort), (["-"], errors.InvalidSort), (["a", "-a"], errors.InvalidSort)]
)
def test_mistakes_in_sort_are_told(names, error):
    with pytest.raises(error):
        parse_sort(names, FREE)
    with pytest.raises(errors.UnknownField):
        parse_sort(["nmae"], TYPED)
    with pytest.raises(errors.InvalidSelect):
        parse_select([""], FREE)
    with pytest.raises(errors.UnknownField):
        parse_select(["name", "nmae"], TYPED)


@given(
    st.recursive(
        st.none() | st.booleans() | INTEGER | FLOAT | TEXT,
        lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXT, v, max_size=3),
        max_leaves=8,
    )
)
def test_any_value_equals_itself_and_prints(value):
    predicate = parse_where({"v": {"eq": value}}, FREE)
    assert isinstance(predicate, Condition)
    assert body_matcher(predicate)(codec.dump({"v": value}))
    assert str(predicate)


def test_long_digits_are_no_slow_numbers():
    predicate = parse_conditions([("v", "9" * 5000)], FREE)
    assert body_matcher(predicate)(codec.dump({"v": "9" * 5000}))


def count_calls(work):
    """Return how many functions a piece of work calls, in Python and in C."""
    calls = []
    sys.setprofile(lambda frame, event, _: calls.append(event) if event in ("call", "c_call") else None)
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(calls)


def in_address(values):
    return parse_conditions([("n:in", ",".join(values))], FREE)


def in_json(values):
    return parse_where({"n": {"in": values}}, FREE)


LISTED = 2000


@pytest.mark.parametrize(
    ("read", "values", "most"),
    [
        (in_address, [str(i) for i in range(LISTED)], 6.5),
        (in_address, [f"word {i}" for i in range(LISTED)], 2.5),
        (in_address, [f"{i}.5" for i in range(LISTED)], 9.5),
        (in_address, ["1.5", "true", "0150", "null"] * (LISTED // 4), 5),
        (in_json, [*range(LISTED)], 1.5),
        (in_json, [f"word {i}" for i in range(LISTED)], 3.5),
    ],
)
def test_a_long_list_is_read_with_few_calls_a_value(read, values, most):
    assert count_calls(lambda: demands_of(read(values))) < most * len(values)
    found, again = read(values), read(values[::-1])
    assert found == again
    assert found.rank == again.rank


@given(
    st.lists(st.one_of(st.none(), st.booleans(), INTEGER, FLOAT, TEXT, st.sampled_from(["1", "1.0", "true", "5e-1"])))
)
def test_a_list_asks_for_each_kind_of_its_values_once(values):
    """A text goes with a number or a boolean that it may mean, where that is in the list too."""
    numbers = {
        ("boolean" if type(value) is bool else "number", value) for value in values if type(value) in (bool, int, float)
    }
    expected, meant = set(), set()
    for text in (value for value in values if isinstance(value, str)):
        also = {("boolean", text == "true")} if text in ("true", "false") else {("number", as_number(text))}
        meant |= also & numbers
        expected.add(frozenset({"text", *(kind for kind, _ in also & numbers)}))
    expected |= {frozenset({kind}) for kind, _ in numbers - meant}
    asked = demands_of(parse_where({"n": {"in": values}}, FREE))
    assert sorted(map(sorted, expected)) == sorted(sorted(each.trait.kinds) for each in asked)


def steps_of(reading):
    """Return how many steps a reading takes."""
    return sum(1 for _ in reading)


@pytest.mark.parametrize("fields", [FREE, TYPED])
@pytest.mark.parametrize("name", ["age:in", "exact:in", "at:nin"])
def test_a_long_list_is_read_in_steps(fields, name):
    times = [f"2026-01-01T00:00:{i % 60:02}.{i:06}Z" for i in range(LISTED)]
    texts = times if name == "at:nin" else [str(i) for i in range(LISTED)]
    assert steps_of(read_conditions([(name, ",".join(texts))], fields)) >= LISTED // AT_ONCE
    if fields is FREE:  # else a list holds no texts that may be numbers
        assert steps_of(read_demands(parse_conditions([(name, ",".join(texts))], fields))) >= LISTED // AT_ONCE
    path, operator = name.split(":")
    values = [int(text) for text in texts] if path == "age" else texts
    assert steps_of(read_where({"or": [{path: {operator: values}}]}, fields)) >= LISTED // AT_ONCE
