"""What json-server's words mean: conditions on one record, names of one and of many, the order of texts."""

import pytest

from ramekin.api.json_server.collation import text_key
from ramekin.api.json_server.conditions import matches, read_conditions
from ramekin.api.json_server.relations import plural, singular
from ramekin.api.json_server.words import number, whole_number

RECORD = {"a": 10, "b": 20, "c": "x", "d": None, "t": True, "list": [1], "nested": {"a": 10, "b": 20}}


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"a": {"eq": 10}}, True),
        ({"a": {"eq": 10.0}}, True),
        ({"a": {"eq": "10"}}, False),
        ({"t": {"eq": 1}}, False),
        ({"t": {"eq": True}}, True),
        ({"list": {"eq": [1]}}, False),
        ({"c": {"ne": "y"}}, True),
        ({"c": {"ne": "x"}}, False),
        ({"missing": {"ne": 1}}, False),
        ({"a": {"lt": 10}}, False),
        ({"a": {"lte": 10}}, True),
        ({"b": {"gt": 19}}, True),
        ({"b": {"gt": 20}}, False),
        ({"b": {"gte": 20}}, True),
        ({"b": {"gte": "20"}}, True),
        ({"d": {"lt": 1}}, True),
        ({"c": {"lt": 1}}, False),
        ({"c": {"lt": "y"}}, True),
        ({"list": {"lt": 5}}, False),
        ({"a": {"gt": 0}, "b": {"lt": 30}}, True),
        ({"a": {"gt": 10}, "b": {"lt": 30}}, False),
        ({"or": [{"a": {"lt": 0}}, {"b": {"gt": 19}}]}, True),
        ({"or": [{"a": {"lt": 0}}, {"b": {"gt": 20}}]}, False),
        ({"or": []}, False),
        ({"or": [1]}, False),
        ({"nested": {"a": {"eq": 10}}}, True),
        ({"nested": {"b": {"lt": 20}}}, False),
        ({"nested": {"or": [{"a": {"eq": 1}}, {"b": {"eq": 20}}]}}, True),
        ({"a": {"in": [10, 11]}}, True),
        ({"a": {"in": [1, 2]}}, False),
        ({"a": {"in": 10}}, True),
        ({"a": {"in": [10, 11], "gt": 10}}, False),
        ({"a": {"foo": 10}}, True),
        ({"a": {"foo": 10, "eq": 10}}, True),
        ({"missing": {"foo": 1}}, True),
        ({"c": {"contains": "X"}}, True),
        ({"a": {"contains": "1"}}, False),
        ({"c": {"contains": 1}}, False),
        ({"c": {"startsWith": "X"}}, True),
        ({"c": {"endsWith": "z"}}, False),
        ({}, True),
    ],
    ids=str,
)
def test_conditions_hold_as_in_json_server(where, holds):
    assert matches(RECORD, where) is holds


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("title", "hello", "hello"),
        ("title:eq", "a", "a"),
        ("first_name_eq", "Alice", None),
        ("author.name:lt", "c", "b"),
        ("views_gt", "99", 100),
        ("published", "true", True),
        ("deleted:eq", "null", None),
        ("deleted:eq", "null", "null"),
        ("ratio:lt", "0.5", 0.25),
        ("id:in", "1, 3", "3"),
        ("id:in", "1,3", 3),
        ("id", "1", "1"),
        ("id", "1", 1),
        ("id", "01", "01"),
        ("limit:", "x", None),
    ],
)
def test_a_condition_in_an_address_is_read(name, text, value):
    record = {"title": value, "views": value, "id": value, "published": value, "deleted": value, "ratio": value}
    record |= {"author": {"name": value}, "first_name": "Alice", "limit:": "x"}
    assert matches(record, read_conditions([(name, text)]))
    assert not matches({}, read_conditions([(name, text)]))


def test_an_unknown_operator_is_no_condition():
    assert read_conditions([("views:foo", "1")]) == {}


@pytest.mark.parametrize(
    ("text", "found"), [("1", 1), ("-2.5", -2.5), ("1e3", 1000), ("", None), ("1x", None), ("0x10", None), (".5", 0.5)]
)
def test_a_number_is_read(text, found):
    assert number(text) == found


@pytest.mark.parametrize(("text", "found"), [("7", 7), ("7x", 7), ("-1", -1), ("x", None), ("", None), (None, None)])
def test_the_number_that_a_text_begins_with_is_read(text, found):
    assert whole_number(text) == found


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("post", "posts"),
        ("category", "categories"),
        ("day", "days"),
        ("address", "addresses"),
        ("status", "statuses"),
        ("box", "boxes"),
        ("church", "churches"),
        ("house", "houses"),
        ("case", "cases"),
        ("person", "people"),
        ("child", "children"),
        ("movie", "movies"),
        ("series", "series"),
        ("analysis", "analyses"),
        ("userProfile", "userProfiles"),
        ("order_item", "order_items"),
        ("salesPerson", "salesPeople"),
    ],
)
def test_names_of_one_and_of_many_lead_to_each_other(one, many):
    assert (plural(one), plural(many)) == (many, many)
    assert (singular(many), singular(one)) == (one, one)


def test_texts_are_in_the_order_of_browsers():
    words = ["_a", "10", "9", "a", "A", "ä", "a b", "ab", "b", "B", "co op", "co-op", "coop", "e", "E", "é", "ea", "éa"]
    words += ["f", "n", "ñ", "o", "ö", "st", "Z"]
    assert sorted(set(words), key=text_key) == words
