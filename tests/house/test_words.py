"""One word for a thing, and one thing for a word, as `CONTRIBUTING.md` lists them: in the names that code gives."""

import ast
import re

import pytest

from tests.each import each
from tests.house.test_house import SOURCES, name, parsed

HOME = "src/ramekin/"

GIVEN_UP = {"hot": "short way", "fastpath": "short way", "salvage": "repair"}
"""Words that stood beside another one for the same thing, with the one that is left."""

ROOMS_OF_KINDS = ("schema/", "query/", "values/", "storage/", "database/")
"""They speak of JSON's values, and of indexes: these have a kind, and nothing else has."""

ELSEWHERE = {"api/openapi/typed_paths.py", "cluster/claims.py", "engine/embedded_view.py", "stats.py"}


def given_names(tree):
    """Yield the names that a module gives: to classes, functions, arguments, variables and members."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def words_in(identifier):
    """Return the words of a name: `_hot_table` and `HotTable` have two."""
    return {*re.sub(r"(?<=[a-z])(?=[A-Z])", "_", identifier).lower().split("_")}


@each(SOURCES, name)
def test_no_name_has_a_word_that_was_given_up_for_another(path):
    assert [one for one in given_names(parsed(path)) if words_in(one) & GIVEN_UP.keys()] == []


@each(SOURCES, name)
def test_only_values_and_indexes_have_a_kind(path):
    file = name(path).removeprefix(HOME)
    if not file.startswith(ROOMS_OF_KINDS) and file not in ELSEWHERE:
        assert [one for one in given_names(parsed(path)) if one.strip("_").lower() in ("kind", "kinds")] == []


@pytest.mark.parametrize("text", ["class HotTable: ...", "def f(hot_table): ...", "self._hot = 1", "HOT = 2"])
def test_that_look_at_names_finds_them(text):
    assert any("hot" in words_in(one) for one in given_names(ast.parse(text)))
