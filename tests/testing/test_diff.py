"""What a failing assertion says of records, whatever a test expects."""

from unittest.mock import ANY

import pytest

from ramekin.schema.definition import is_table_name
from ramekin.testing.diff import Diff
from ramekin.testing.plugin import _branch_name, pytest_assertrepr_compare

FOUND = Diff(
    {
        "users": {
            "created": [{"id": 1, "name": "New"}],
            "replaced": [{"before": {"id": 2, "n": 1}, "after": {"id": 2, "n": 2}}],
            "deleted": [],
        }
    }
)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({}, ["nothing differs"]),
        ({"users": {"created": [{"id": 1, "name": "Newt"}]}}, ["users: 1 created", '  + {"id":1,"name":"Newt"}']),
        ({"users": {"created": [{"id": ANY}]}}, ["users: 1 created", "  + {'id': <ANY>}"]),
        ({"users": {"created": [{"n": float("nan")}]}}, ["users: 1 created", '  + {"n":null}']),
        ({"users": ["max"]}, ["{'users': ['max']}"]),
        ({"users": {"replaced": [{"id": 2}]}}, ["{'users': {'replaced': [{'id': 2}]}}"]),
        ({"users": {"deleted": 1}}, ["{'users': {'deleted': 1}}"]),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_expected_is_told_line_by_line_whatever_it_is(expected, told, is_first):
    sides = (FOUND, expected) if is_first else (expected, FOUND)
    lines = pytest_assertrepr_compare("==", *sides)
    assert lines[1:4] == ["users: 1 created, 1 replaced", '  + {"id":1,"name":"New"}', "  ~ 2 n: 1 -> 2"]
    assert lines[lines.index("expected:") + 1 :] == told


@pytest.mark.parametrize("test", ["test_it", "test_it[a/b]", "_1x", "测试1", "é", "x" * 90])
def test_a_test_of_any_name_has_a_branch(test):
    assert is_table_name(_branch_name(test, 9))
