"""Plans are values, chosen by what the indexes estimate; no server, no table."""

import pytest

from ramekin.fields import Field, NoSchema
from ramekin.query.plan import (
    ById,
    Equal,
    Plan,
    Position,
    Query,
    Range,
    Scan,
    Walk,
    choose_access_path,
    choose_counting_path,
    fields_to_index,
    intersect,
    spans_behind,
)
from ramekin.query.predicate import EVERYTHING
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.values import NUMBER, TEXT, Span

FREE = NoSchema()


def query(where=None, sort=(), **page):
    return Query(parse_where(where or {}, FREE), parse_sort(sort, FREE), **page)


def plan(asked, count=1_000_000, **estimates):
    """Choose a plan with the given number of rows in each field's index; others have one for every record."""
    return choose_access_path(asked, lambda field, _: estimates.get(field.path[0], count), count)


def test_an_id_is_looked_up():
    found = plan(query({"id": 7, "age": {"gt": 1}}))
    assert found.access == ById(("7",))
    assert str(found) == "id, then age > [1] and id in [7]"
    assert fields_to_index(query({"id": 7, "age": {"gt": 1}})) == ((), ())


def test_a_rare_value_comes_from_its_index_in_id_order():
    found = plan(query({"city": "Paris"}), city=200)
    assert found == Plan(Equal(Field(("city",)), ((TEXT, "Paris"),)), EVERYTHING, is_sorted=True)
    assert str(found) == "index on city"


def test_the_rarest_of_several_values_leads():
    found = plan(query({"city": "Paris", "name": "Ada"}), city=200, name=3)
    assert (found.index, str(found.rest)) == ("name", 'city in ["Paris"]')


def test_a_range_comes_from_its_index_if_few_lie_in_it():
    found = plan(query({"age": {"gte": 18, "lt": 20}}), age=300)
    assert found == Plan(
        Range(Field(("age",)), (Span(NUMBER, 18, 20, includes_high=False),)), EVERYTHING, is_sorted=True
    )


def test_a_range_that_holds_almost_all_is_scanned():
    found = plan(query({"age": {"gte": 1}}, limit=10), age=900_000)
    assert (found.access, found.name, found.index) == (Scan(), "scan", None)


def test_an_order_walks_its_index():
    found = plan(query(sort=["-age"]))
    assert found.access == Walk(parse_sort(["-age"], FREE)[0], includes_absent=True)
    assert (found.is_sorted, str(found)) == (True, "index on age")


def test_an_order_and_a_range_of_one_field_share_a_walk():
    found = plan(query({"age": {"gt": 5}}, ["-age"]), age=900_000)
    assert found.access == Walk(parse_sort(["-age"], FREE)[0], (Span(NUMBER, 5, includes_low=False),))
    assert found.is_sorted


def test_a_rare_value_is_sorted_rather_than_found_along_the_order():
    found = plan(query({"city": "Paris"}, ["age"]), city=20)
    assert (found.index, found.is_sorted) == ("city", False)


def test_a_common_value_is_found_along_the_order():
    found = plan(query({"city": "Paris"}, ["age"]), city=500_000)
    assert (found.index, found.is_sorted, str(found.rest)) == ("age", True, 'city in ["Paris"]')


@pytest.mark.parametrize(
    "where",
    [{"a": {"ne": 1}}, {"a": None}, {"a": [1]}, {"a": {"contains": "x"}}, {"a": {"null": True}}, {"or": [{"a": 1}, {"b": 1}]}, {"not": {"a": 1}}],
)  # fmt: skip
def test_what_no_index_answers_is_scanned(where):
    assert plan(query(where)).access == Scan()
    assert fields_to_index(query(where)) == ((), ())


def test_one_query_has_four_indexes_built_at_the_most():
    asked = query(dict.fromkeys("abcdef", 1) | {name: {"gt": 1} for name in "ghijkl"}, ["z"])
    equal, ordered = fields_to_index(asked)
    assert len(equal) + len(ordered) == 4
    assert ordered[0] == Field(("z",))


def test_counting_takes_the_fewest_rows():
    asked = query({"a": 1, "b": 2}, ["c"])
    found = choose_counting_path(asked, lambda field, _: {"a": 50, "b": 9}[field.path[0]], 100)
    assert found.index == "b"
    assert choose_counting_path(asked, lambda *_: 1000, 100).access == Scan()


def test_spans_meet():
    assert intersect([Span(NUMBER, 1), Span(TEXT)], [Span(NUMBER, None, 5)]) == (Span(NUMBER, 1, 5),)
    assert intersect([Span(NUMBER, 1, includes_low=False)], [Span(NUMBER, 1)]) == (Span(NUMBER, 1, includes_low=False),)
    assert intersect([Span(NUMBER)], [Span(TEXT)]) == ()


def test_nothing_lies_behind_null():
    [order] = parse_sort(["a"], FREE)
    assert spans_behind(order, None) == ()
    assert spans_behind(order, (TEXT, "x"))[0] == Span(TEXT, "x")


def test_plans_and_queries_compare_and_cannot_be_changed():
    assert query({"a": 1, "b": 2}, ["c"]) == query({"b": 2, "a": 1}, ["c"])
    assert len({query({"a": 1}), query({"a": 1}), query({"a": 2})}) == 2
    for value, member in ((query(), "limit"), (plan(query()), "rest"), (Position((), 1), "values")):
        with pytest.raises(AttributeError):
            setattr(value, member, None)


def test_counting_asks_only_for_indexes_that_the_list_asked_for():
    asked = query({name: {"gt": 1} for name in "abcdef"}, ["z"])
    _, ordered = fields_to_index(asked)

    def estimate(field, _):
        assert field in ordered
        return 5

    assert choose_counting_path(asked, estimate, 100).index in ("a", "b")
