"""How far code reaches: through how many objects, and whether it sets what is another object's own."""

import ast

import pytest

from tests.each import each
from tests.house.test_house import SOURCES, last_name, name, parsed

MOST = 2
"""Objects that a chain of attributes may go through: ``engine.tables.get(...)``, and not ``engine.tables.catalog.find``.

One's own are free: ``self.tables.catalog.find(...)`` goes through two.
"""

PARTS = {name for kind in (dict, list, set, str) for name in dir(kind)} - {"count", "find", "index", "format"}
"""What plain values have: to ask one goes through nothing. (Objects of ours count, find and format as well.)"""

FIGURES = {
    "_memory": {"reserved_bytes"},
    "memory": {"body_bytes", "borrowed_bytes", "found_bytes", "indexes", "records", "reserved_bytes", "used_bytes"},
    "family": {"shared_bytes"},
    "records": {"counter", "shared_bytes"},
    "sieve": {"evicted"},
}
"""What tables count where all of them count, in the step that changes it: a call for each would be a tenth of a write."""


def chain(node):
    """Return the names of a chain of attributes; what it begins with is empty where it is no name."""
    names = []
    while isinstance(node, ast.Attribute):
        if node.attr != "state" or last_name(node.value) not in ("app", "_app"):  # a bag that Starlette has for us
            names.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(names)]


def reaches(tree):
    """Yield the chains of attributes that go through too many objects."""
    nodes = [*ast.walk(tree)]
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    modules = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            names = chain(node)
            start = names[0] in ("self", "cls") or names[0] in modules
            end = len(names) - (names[-1] in PARTS)
            if end - start - 1 > MOST:
                yield ".".join(names)


@each(SOURCES, name)
def test_no_code_reaches_through_three_objects(path):
    """What it wants is told by the first of them, or it is given that."""
    assert [*reaches(parsed(path))] == []


def test_that_look_at_chains_finds_them():
    found = "a.b.c.d; self.a.b.c.d; find(x).a.b.c; a.b.c.d[0].e"
    free = "a.b.c; self.a.b.c; a.b.c.get(1); a.b(1).c.d; import os; os.path.a.b"
    assert len([*reaches(ast.parse(found))]) == 4
    assert [*reaches(ast.parse(free.replace("; ", "\n")))] == []


def called(trees):
    """Return the names of attributes that hold a function which somebody hands in, whichever class has them."""
    annotated = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)]
    named = [(last_name(node.target), "Callable[" in ast.unparse(node.annotation)) for node in annotated]
    return {name for name, is_call in named if is_call} - {name for name, is_call in named if not is_call}


def assigned(tree):
    """Yield the chains of attributes that are given a value, those of `self` itself apart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names = chain(node)
            if len(names) > 2 or names[0] not in ("self", "cls"):
                yield names


def set_from_outside(tree, hooks):
    """Yield what is another object's own and is set by this module: what it calls, or whatever lies behind it."""
    for names in assigned(tree):
        *_, owner, last = names
        if last in hooks or (len(names) > 2 and last not in FIGURES.get(owner, ())):
            yield ".".join(names)


@pytest.fixture(scope="module")
def hooks():
    return called(parsed(path) for path in SOURCES)


@each(SOURCES, name)
def test_nobody_sets_what_another_object_calls_or_what_lies_behind_it(path, hooks):
    """It is handed in when that object is made, or that object has a method for it."""
    assert [*set_from_outside(parsed(path), hooks)] == []


def test_that_look_at_what_is_set_finds_it():
    text = "class A:\n    def __init__(self):\n        self.when: Callable[[], None] = print\n"
    tree = ast.parse(text + "a.when = f\nself.a.b = 1\na.b.c += 1\ntwin.size = 1\nself.memory.used_bytes += 1")
    assert [*set_from_outside(tree, called([tree]))] == ["a.when", "self.a.b", "a.b.c"]
