"""Conditions in Python are those of the JSON form, and print as it."""

import asyncio
import datetime as dt
import enum
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin import Database, Field
from ramekin.errors import InvalidValue
from ramekin.query.where import parse_where, print_where
from ramekin.schema.fields import NoSchema
from tests.each import each

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["a", "or", "and", "not", "gt", "a.b", "", "x.0", r"dotted\.name"])
CONDITIONS = st.one_of(
    st.builds(lambda name, value: {name: {"eq": value}}, NAMES, JSON),
    st.builds(lambda name, values: {name: {"nin": values}}, NAMES, st.lists(JSON, max_size=3)),
    st.builds(
        lambda name, op, value: {name: {op: value}},
        NAMES,
        st.sampled_from(["gt", "lte"]),
        st.integers(-9, 9) | st.text(max_size=3),
    ),
    st.builds(lambda name, op, value: {name: {op: value}}, NAMES, st.sampled_from(["null", "exists"]), st.booleans()),
    st.builds(lambda name, value: {name: {"contains": value}}, NAMES, JSON),
)
WHERES = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3))
        | st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3))
        | st.builds(lambda part: {"not": {"and": [part]}}, inner)
    ),
    max_leaves=6,
)


@given(WHERES)
def test_what_is_printed_means_the_same(where):
    predicate = parse_where(where, NoSchema())
    assert parse_where(print_where(predicate), NoSchema()) == predicate


class Size(enum.Enum):
    SMALL = "s"


SAID = [
    (Field("a") == 1, {"a": {"in": [1]}}),
    (Field("a") == None, {"a": {"in": [None]}}),  # noqa: E711
    (Field("a") != "x", {"a": {"nin": ["x"]}}),
    (Field("a.b") < 1.5, {"a.b": {"lt": 1.5}}),
    (Field("a") <= "x", {"a": {"lte": "x"}}),
    (Field("a") > 1, {"a": {"gt": 1}}),
    (Field("a") >= dt.datetime(2026, 1, 1, tzinfo=dt.UTC), {"a": {"gte": "2026-01-01T00:00:00Z"}}),
    (18 <= Field("a"), {"a": {"gte": 18}}),  # noqa: SIM300
    (Field("a").is_in({2}), {"a": {"in": [2]}}),
    (Field("a").not_in([None, True]), {"a": {"nin": [None, True]}}),
    (Field("a").contains(Size.SMALL), {"a": {"contains": "s"}}),
    (Field("a").icontains("X"), {"a": {"icontains": "X"}}),
    (Field("a").startswith("x"), {"a": {"startswith": "x"}}),
    (Field("a").endswith("x"), {"a": {"endswith": "x"}}),
    (Field("a").is_null(), {"a": {"null": True}}),
    (Field("a").exists(False), {"a": {"exists": False}}),
    (Field("a") == Decimal("1.50"), {"a": {"in": ["1.50"]}}),
    (Field("a") == UUID(int=1), {"a": {"in": [str(UUID(int=1))]}}),
    ((Field("a") == 1) & (Field("b") == 2), {"and": [{"a": {"in": [1]}}, {"b": {"in": [2]}}]}),
    ((Field("a") == 1) | (Field("b") == 2), {"or": [{"a": {"in": [1]}}, {"b": {"in": [2]}}]}),
    (~(Field("a") == 1), {"not": {"and": [{"a": {"in": [1]}}]}}),
]


@each(SAID, lambda case: str(case[0]))
def test_a_condition_in_python_is_one_in_json(case):
    assert print_where(case[0]) == case[1]


def test_a_condition_is_neither_true_nor_false():
    for use in (lambda: bool(Field("a") == 1), lambda: 1 < Field("a") < 5, lambda: (Field("a") == 1) and True):
        with pytest.raises(TypeError, match="join conditions with &"):
            use()
    with pytest.raises(TypeError):
        (Field("a") == 1) & True
    with pytest.raises(TypeError):
        hash(Field("a"))


def test_a_value_that_json_has_not_is_refused():
    for use in (lambda: Field("a") == object(), lambda: Field("a") > True, lambda: Field("a").startswith(5)):
        with pytest.raises(InvalidValue):
            use()


def test_a_database_takes_them():
    async def ask():
        async with Database() as database:
            await database.insert("t", [{"id": i, "at": f"2026-01-0{i}"} for i in range(1, 6)])
            page = await database.find("t", where=(Field("id") > 1) & (Field("at") < dt.date(2026, 1, 4)))
            changed = await database.change("t", where=Field("id") == 5, delete=True)
            return [record["id"] for record in page.records], changed.changed

    assert asyncio.run(ask()) == ([2, 3], 1)
