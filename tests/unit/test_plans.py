"""Plans are values, chosen by what the indexes estimate; no server, no table."""

import random
from difflib import SequenceMatcher
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.errors import did_you_mean
from ramekin.errors.error import LIKELY_NAMES
from ramekin.query.choose import MAX_POINTS, Needs, choose_access_path, choose_counting_path, fields_to_index
from ramekin.query.decide import without_fields
from ramekin.query.match import body_matcher
from ramekin.query.plan import (
    ALL_IDS,
    ALL_SPANS,
    ById,
    Equal,
    IdWalk,
    Plan,
    Position,
    Query,
    Range,
    Union,
    Walk,
    intersect,
    spans_after,
)
from ramekin.query.predicate import EVERYTHING, paths_in
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import Field, NoSchema
from ramekin.values import codec
from ramekin.values.comparison import BOOLEAN, NUMBER, TEXT, Span
from tests.oracles.generate import Generator

FREE = NoSchema()
COUNT = 1_000_000
CITY = Field(("city",))
PARIS = Equal(CITY, ((TEXT, "Paris"),))


def query(where=None, sort=(), **page):
    return Query(parse_where(where or {}, FREE), parse_sort(sort, FREE), **page)


def plan(asked, choose=choose_access_path, **estimates):
    """Choose a plan with the given number of rows for each field's condition; others have one for every record."""

    def estimate(part):
        if isinstance(part, ById):
            return len(part.keys)
        needs = fields_to_index(asked)
        field = part.of.field if isinstance(part, IdWalk) and part.of else getattr(part, "field", None)
        assert field in (None, *needs.equal, *needs.ordered)
        if isinstance(part, IdWalk):
            return min(estimates.get("id", COUNT), estimates.get(field.path[0], COUNT) if field else COUNT)
        return estimates.get(field.path[0], COUNT)

    return choose(asked, estimate, COUNT)


def test_an_id_is_looked_up():
    asked = query({"id": 7, "age": {"gt": 1}})
    found = plan(asked)
    assert found.access == ById(("7",))
    assert str(found) == "id, then age > [1] and id in [7]"
    assert fields_to_index(asked) == Needs()


def test_an_id_that_cannot_be_leads_nowhere():
    assert plan(query({"id": {"in": [[], {}, None]}})).access == ById(())


def test_one_value_comes_from_its_index_in_id_order_however_many_records_have_it():
    for city in (200, COUNT // 2, COUNT):
        found = plan(query({"city": "Paris"}), city=city)
        assert found == Plan(IdWalk(of=PARIS), is_sorted=True)
        assert str(found) == "index on city"


def test_the_rarest_of_several_values_leads():
    found = plan(query({"city": "Paris", "name": "Ada"}), city=200, name=3)
    assert (found.index, str(found.rest), found.rival) == ("name", 'city in ["Paris"]', None)


def test_a_range_comes_from_its_index_if_few_lie_in_it():
    found = plan(query({"age": {"gte": 18, "lt": 20}}), age=90)
    assert found == Plan(Range(Field(("age",)), (Span(NUMBER, 18, 20, includes_high=False),)))


def test_a_range_of_many_is_gone_in_turns_with_the_ids_and_the_likelier_way_begins():
    many = plan(query({"age": {"gte": 1}}, limit=10), age=500_000)
    assert (many.access, many.rival.access) == (IdWalk(), Range(Field(("age",)), (Span(NUMBER, 1),)))
    assert (many.head_start, many.first_turn) == (4 * 22, 4 * 22)
    few = plan(query({"age": {"gte": 1}}, limit=10), age=2000)
    assert (few.head_start, few.first_turn) == (11, 2 * 2000)
    assert str(few) == "scan, then age >= [1]; else index on age"


def test_a_range_that_holds_all_has_no_rival():
    found = plan(query({"age": {"gte": 1}}, limit=10), age=COUNT)
    assert (found.access, found.name, found.index, found.rival) == (IdWalk(), "scan", None, None)


def test_a_stretch_of_ids_is_walked():
    asked = query({"id": {"gt": "x", "lte": "y"}})
    found = plan(asked, id=10)
    assert found == Plan(IdWalk((Span(TEXT, "x", "y", includes_low=False),)), is_sorted=True)
    assert (found.name, found.index) == ("id", None)
    assert fields_to_index(asked) == Needs(ids=True)
    assert plan(query({"id": {"gt": "x"}}, ["-id"]), id=10).access.is_descending


def test_a_stretch_of_ids_and_a_value_are_one_walk():
    found = plan(query({"id": {"gt": 5}, "city": "Paris"}), id=COUNT // 10, city=COUNT // 2)
    assert found == Plan(IdWalk((Span(NUMBER, 5, includes_low=False),), PARIS), is_sorted=True)


def test_an_order_by_id_needs_no_index_and_others_after_it_do_not_matter():
    asked = query(sort=["-id", "name"])
    assert plan(asked) == Plan(IdWalk(is_descending=True), is_sorted=True)
    assert fields_to_index(asked) == Needs()


def test_an_order_walks_its_index():
    found = plan(query(sort=["-age"]))
    assert found.access == Walk(parse_sort(["-age"], FREE)[0], includes_absent=True)
    assert (found.is_sorted, str(found)) == (True, "index on age")


@pytest.mark.parametrize(
    ("condition", "spans", "includes_absent"),
    [
        ({"gt": 5}, (Span(NUMBER, 5, includes_low=False),), False),
        ({"in": [5, True]}, (Span(BOOLEAN, True, True), Span(NUMBER, 5, 5)), False),
        ({"null": True}, (), True),
        ({"null": False}, ALL_SPANS, False),
        ({"startswith": "a"}, (Span(TEXT, "a", "b", includes_high=False),), False),
    ],
)
def test_an_order_and_conditions_on_one_field_share_a_walk(condition, spans, includes_absent):
    found = plan(query({"age": condition}, ["-age"]), age=900_000)
    assert found.access == Walk(parse_sort(["-age"], FREE)[0], spans, includes_absent)
    assert (found.is_sorted, found.rest, found.rival) == (True, EVERYTHING, None)


def test_a_long_list_is_looked_up_and_no_walk():
    asked = query({"age": {"in": list(range(MAX_POINTS + 1))}}, ["age"])
    found = plan(asked, age=101)
    assert isinstance(found.access if found.rival is None else found.rival.access, Equal)
    assert plan(query({"age": {"in": list(range(MAX_POINTS))}}, ["age"]), age=100).rest == EVERYTHING


def test_few_rows_are_sorted_rather_than_found_along_the_order():
    found = plan(query({"city": "Paris"}, ["age"]), city=20)
    assert (found.access, found.is_sorted) == (PARIS, False)


def test_a_value_and_an_order_are_gone_in_turns():
    found = plan(query({"city": "Paris"}, ["age"]), city=500_000)
    assert (found.index, found.is_sorted, str(found.rest)) == ("age", True, 'city in ["Paris"]')
    assert found.rival == Plan(PARIS)


@pytest.mark.parametrize(
    "where",
    [{"a": {"ne": 1}}, {"a": None}, {"a": [1]}, {"a": {"contains": "x"}}, {"a": {"exists": False}}, {"not": {"a": 1}}, {"or": [{"a": 1}, {"b": {"ne": 1}}]}, {"or": [{"a": 1}, {}]}, {"id": {"contains": 1}}],
)  # fmt: skip
def test_what_no_index_answers_is_scanned(where):
    assert plan(query(where)).access == IdWalk()
    assert fields_to_index(query(where)) == Needs()


def test_a_field_without_a_value_is_in_its_index():
    assert plan(query({"a": {"null": True}}), a=5).access == Range(Field(("a",)), (), includes_absent=True)
    assert fields_to_index(query({"a": {"null": True}})) == Needs(ordered=(Field(("a",)),))


@pytest.mark.parametrize(
    ("where", "access", "rest"),
    [
        ({"or": [{"city": "a"}, {"city": "b"}]}, Equal(CITY, ((TEXT, "a"), (TEXT, "b"))), EVERYTHING),
        ({"city": {"in": ["a", "b"]}}, Equal(CITY, ((TEXT, "a"), (TEXT, "b"))), EVERYTHING),
        (
            {"or": [{"city": "Paris"}, {"age": {"gt": 1}}]},
            Union((PARIS, Range(Field(("age",)), (Span(NUMBER, 1, includes_low=False),)))),
            EVERYTHING,
        ),
        (
            {"or": [{"city": "Paris", "name": {"contains": "x"}}, {"and": [{"or": [{"age": 1}, {"id": 3}]}]}]},
            Union((PARIS, Equal(Field(("age",)), ((NUMBER, 1),)), ById(("3",)))),
            None,
        ),
        ({"or": [{"id": {"lt": 3}}, {"id": "x"}]}, Union((IdWalk((Span(NUMBER, None, 3, includes_high=False),)), ById(("x",)))), None),
        ({"or": []}, Union(()), EVERYTHING),
        ({"or": [{"or": []}, {"city": "Paris"}]}, IdWalk(of=PARIS), EVERYTHING),
    ],
)  # fmt: skip
def test_what_one_of_several_conditions_means_is_a_union(where, access, rest):
    found = plan(query(where), city=5, age=6, id=7)
    found_parts = found.access.parts if isinstance(found.access, Union) else {found.access}
    assert set(found_parts) == set(access.parts if isinstance(access, Union) else {access})
    assert found.rest == (parse_where(where, FREE) if rest is None else rest)


def test_of_conditions_inside_a_union_the_one_with_the_fewest_rows_leads():
    asked = query({"or": [{"city": "Paris", "age": 5}, {"id": 1}], "name": "x", "city": "Lyon"})
    assert Field(("age",)) not in fields_to_index(asked).equal  # of the two conditions inside, one is enough
    asked = query({"or": [{"city": "Paris", "age": 5}, {"age": 6}], "name": "x", "city": "Lyon"})
    found = plan(asked, city=900, age=4, name=100)
    assert found.access == Equal(Field(("age",)), ((NUMBER, 5), (NUMBER, 6)))


def test_one_query_has_four_indexes_built_at_the_most():
    needs = fields_to_index(query(dict.fromkeys("abcdef", 1) | {name: {"gt": 1} for name in "ghijkl"}, ["z"]))
    assert len(needs.equal) + len(needs.ordered) == 4
    assert needs.ordered[0] == Field(("z",))
    wide = query({"or": [{name: 1} for name in "abcde"], "k": 1})
    assert fields_to_index(wide) == Needs(equal=(Field(("k",)),))
    assert plan(wide, k=3).index == "k"


def test_counting_takes_the_fewest_rows():
    asked = query({"a": 1, "b": 2}, ["c"])
    assert plan(asked, choose_counting_path, a=50, b=9).index == "b"
    assert plan(asked, choose_counting_path).access in (Equal(Field(("a",)), ((NUMBER, 1),)), IdWalk())
    assert plan(query({"a": {"ne": 1}}), choose_counting_path).access == IdWalk()
    assert plan(query({"id": {"gt": 3}}), choose_counting_path, id=5).access == IdWalk(
        (Span(NUMBER, 3, includes_low=False),)
    )


def test_spans_meet():
    assert intersect([Span(NUMBER, 1), Span(TEXT)], [Span(NUMBER, None, 5)]) == (Span(NUMBER, 1, 5),)
    assert intersect([Span(NUMBER, 1, includes_low=False)], [Span(NUMBER, 1)]) == (Span(NUMBER, 1, includes_low=False),)
    assert intersect([Span(NUMBER)], [Span(TEXT)]) == ()
    assert intersect(ALL_IDS, ALL_SPANS) == ALL_IDS


def test_nothing_lies_after_null():
    [order] = parse_sort(["a"], FREE)
    assert spans_after(order, None) == ()
    assert spans_after(order, (TEXT, "x"))[0] == Span(TEXT, "x")


def test_plans_and_queries_compare_and_cannot_be_changed():
    assert query({"a": 1, "b": 2}, ["c"]) == query({"b": 2, "a": 1}, ["c"])
    assert len({query({"a": 1}), query({"a": 1}), query({"a": 2})}) == 2
    for value, member in ((query(), "limit"), (plan(query()), "rest"), (Position((), 1), "values")):
        with pytest.raises(AttributeError):
            setattr(value, member, None)


@given(st.randoms(use_true_random=False))
def test_conditions_that_are_decided_before_are_what_they_would_be_for_each_record(random):
    generator = Generator(random.random())
    record = {key: value for key, value in generator.record(1).items() if key not in ("none", "a", "t")}
    where = parse_where(generator.where(), FREE)
    absent = {("none",), ("a",), ("t",), ("t", "0"), ("t", "1")}
    left = without_fields(where, absent)
    assert not absent & set(paths_in(left))
    body = codec.dump(record)
    assert body_matcher(left)(body) is body_matcher(where)(body)


def test_a_suggestion_is_little_work_however_many_and_long_the_names_are():
    names = ["".join(random.Random(i).sample("abcdefghij" * 10, 100)) for i in range(5000)]
    compared = []

    class Matcher(SequenceMatcher):
        def ratio(self):
            compared.append(1)
            return super().ratio()

    with patch("difflib.SequenceMatcher", Matcher):
        did_you_mean("".join(random.Random(-1).sample("abcdefghij" * 10, 100)), iter(names))
        assert len(compared) <= 2 * LIKELY_NAMES
        assert did_you_mean("nmae", [f"field{i}" for i in range(400)] + ["name"]) == "Did you mean 'name'?"
        assert did_you_mean("nmae", ["name" + "e" * 100, "named"]) == "Did you mean 'named'?"
