"""The house itself: names, docstrings, sizes, and what a repository must not hold."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

import ramekin
from ramekin import errors
from ramekin.engine.base import Guarantees
from tests.each import each

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def name(path):
    return str(path.relative_to(ROOT))


@cache
def parsed(path):
    return ast.parse(path.read_text())


def test_importing_the_package_loads_no_web_framework():
    code = "import sys, ramekin; print([m for m in ('fastapi', 'starlette', 'uvicorn', 'typer') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@each(SOURCES, name)
def test_every_module_says_what_lives_in_it(path):
    assert ast.get_docstring(parsed(path))


OURS = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}


def silent_refusals(tree):
    """Yield the public functions that raise an error of ours and do not say so; an endpoint's are declared."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            raised = {last_name(each.exc) for each in ast.walk(node) if isinstance(each, ast.Raise) and each.exc}
            told = ast.get_docstring(node) or "see `its contract`"
            is_endpoint = any(last_name(decorator) == "endpoint" for decorator in node.decorator_list)
            if raised & OURS and not is_endpoint and "raises" not in told.lower() and "see `" not in told:
                yield node.name


@each(SOURCES, name)
def test_a_function_says_what_errors_it_raises(path):
    assert [*silent_refusals(parsed(path))] == []


def test_that_look_at_refusals_finds_them():
    text = 'def f(x):\n    """Return x."""\n    if not x:\n        raise errors.InvalidRecord("No.")\n    return x'
    assert [*silent_refusals(ast.parse(text))] == ["f"]
    assert [*silent_refusals(ast.parse(text.replace('x."', 'x. Raises InvalidRecord."')))] == []


def members():
    """Yield the public methods of each public class of the package, with whether anything says what they do."""
    for module in pkgutil.walk_packages(ramekin.__path__, "ramekin."):
        if module.name.endswith("__main__") or ".testing.engines" in module.name:  # whose tests are sentences
            continue
        for owner in vars(importlib.import_module(module.name)).values():
            if isinstance(owner, type) and owner.__module__ == module.name and not owner.__name__.startswith("_"):
                for key, member in vars(owner).items():
                    if not key.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                        is_inherited = any(key in vars(base) for base in owner.__mro__[1:])
                        yield f"{owner.__qualname__}.{key}", is_inherited or member.__doc__ is not None


def test_a_method_without_words_does_what_one_of_its_name_says():
    """It carries out a contract, which is written where the contract is."""
    told = {name.rpartition(".")[2] for name, is_told in members() if is_told}
    assert [name for name, is_told in members() if not is_told and name.rpartition(".")[2] not in told] == []


DOORS = {"api", "cli", "client", "samples", "testing"}
"""Rooms in which a file may have the name of what it opens."""


def test_a_file_has_its_name_alone_but_for_doors_to_it():
    inside = [path.relative_to(ROOT / "src/ramekin") for path in SOURCES if path.stem != "__init__"]
    names = [path.name for path in inside if path.parts[0] not in DOORS]
    assert sorted(names) == sorted(set(names))


FACES = {"client", "samples", "testing"}
"""Rooms that give applications, under its name, what something stands for here; `Field` is given by `query` too."""


def test_a_class_has_its_name_alone_but_for_faces_of_it():
    """So do types that have a name; one word would have two meanings."""
    inside = [path for path in SOURCES if path.relative_to(ROOT / "src/ramekin").parts[0] not in FACES]
    names = [
        node.name if isinstance(node, ast.ClassDef) else node.targets[0].id
        for path in inside
        for block in (parsed(path).body, *(node.body for node in parsed(path).body if isinstance(node, ast.If)))
        for node in block
        if isinstance(node, ast.ClassDef) or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name))
    ]
    types = [name for name in names if re.match(r"[A-Z]\w*[a-z]", name)]
    assert {name for name in types if types.count(name) > 1} == {"Field"}


def test_no_modules_of_the_console_import_each_other_in_a_circle():
    """Of ours in Python `make check` says so."""
    console = ROOT / "src/ramekin/console"
    left = {
        path: {(path.parent / told).resolve() for told in re.findall(r'from "(\.[^"]+)"', path.read_text())}
        for path in console.rglob("*.js")
        if "vendor" not in path.parts
    }
    while ends := {path for path, imported in left.items() if not imported & left.keys()}:
        left = {path: imported for path, imported in left.items() if path not in ends}
    assert sorted(map(name, left)) == []


MAX_FILE, MAX_CLASS, MAX_FUNCTION = 400, 250, 45
"""Lines. What is longer has a second noun in it."""


def too_long():
    """Yield the names of files, classes and functions that are longer than they may be."""
    for path in SOURCES:
        text = path.read_text()
        if len(text.splitlines()) > MAX_FILE:
            yield path.stem
        for node in ast.walk(parsed(path)):
            most = {ast.ClassDef: MAX_CLASS, ast.FunctionDef: MAX_FUNCTION, ast.AsyncFunctionDef: MAX_FUNCTION}
            if type(node) in most and node.end_lineno - node.lineno + 1 > most[type(node)]:
                yield node.name


def test_files_classes_and_functions_are_short():
    assert [*too_long()] == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "service"])
def test_no_file_is_named_after_nothing(word):
    assert not [path for path in SOURCES if path.stem == word]


@pytest.mark.parametrize("lock", ["run.lock", "dev.lock", "build.lock", "clients.lock"])
def test_locks_have_hashes_and_no_addresses(lock):
    text = (ROOT / "requirements" / lock).read_text()
    assert "://" not in text
    for line in re.findall(r"^[a-z0-9].*", text, re.MULTILINE):
        assert re.match(r"[a-z0-9._-]+(\[.*\])?==\S+.*\\$", line), line
    assert text.count("--hash=sha256:") >= text.count("==")


def test_the_lock_of_nodes_packages_has_hashes_and_no_addresses():
    lock = json.loads((ROOT / "tests" / "clients" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_sample_datasets_are_what_the_script_makes():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "make_samples.py", "--check"], check=False)
    assert done.returncode == 0


FILES = [
    str(path.relative_to(ROOT))
    for part in ("src", "tests", "benchmarks", "scripts", "docs")
    for path in (ROOT / part).rglob("*")
]
FILES += [path.name for path in ROOT.iterdir()]
TEXTS = [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "tests").rglob("*.py")]
OTHERS = {"shop/models.py"}  # files of users, in examples


@each([path for path in TEXTS if path.name != "CHANGELOG.md"], name)
def test_every_file_that_a_text_names_is_there(path):
    told = set(re.findall(r"`([\w/.-]+\.(?:py|md))`", path.read_text())) - OTHERS
    assert [one for one in told if not any(file == one or file.endswith(f"/{one}") for file in FILES)] == []


ROOT_MODULES = {"__init__", "__main__", "changes", "clock", "limits", "stats", "settings", "version"}


def test_the_listing_of_the_package_is_its_rooms():
    assert {path.stem for path in (ROOT / "src" / "ramekin").glob("*.py")} == ROOT_MODULES


TOLD = {
    "time": {"*"},
    "secrets": {"*"},
    "random": {"*"},
    "os": {"urandom", "getrandom", "times"},
    "uuid": {"uuid1", "uuid4"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
"""What asks the machine for time or chance, by the module or class that has it."""

ASKS = {"clock.py", "values/ids.py"}
ELSEWHERE = {
    "durability/step_queue.py": {"time.sleep"},  # which reads no time
    "durability/store.py": {"time.sleep"},
    "testing/engines/building.py": {"random.Random"},  # which is given its seed
}


def asked_of_the_machine(tree):
    """Yield the names by which a module asks the machine for time or chance."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            pairs = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            pairs = [(alias.name, "*") for alias in node.names]
        elif isinstance(node, ast.Attribute):
            pairs = [(last_name(node.value), node.attr)]
        else:
            continue
        yield from (f"{home}.{name}" for home, name in pairs if {name, "*"} & TOLD.get(home, set()))


def test_time_and_chance_come_from_two_modules_alone():
    """Everything else is given a clock, a stopwatch or a source of ids; tests give their own."""
    home = ROOT / "src" / "ramekin"
    for path in SOURCES:
        file = path.relative_to(home).as_posix()
        asked = set(asked_of_the_machine(parsed(path)))
        assert bool(asked) if file in ASKS else asked == ELSEWHERE.get(file, set()), file


@pytest.mark.parametrize(
    "text",
    [
        "from time import perf_counter",
        "import time",
        "import secrets",
        "from uuid import uuid4",
        "datetime.now(UTC)",
        "os.urandom(8)",
    ],
)
def test_that_look_at_time_and_chance_finds_them(text):
    assert [*asked_of_the_machine(ast.parse(text))]


CHANGES_A_DISK = {"open", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "unlink", "rename"}


def disk_calls(tree):
    """Yield the calls that change a disk past the object that a test can set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CHANGES_A_DISK:
            asked = last_name(node.value)
            if asked == "os" or (node.attr in ("unlink", "rename") and asked not in ("disk", "_disk")):
                yield ast.unparse(node)


@pytest.mark.parametrize("path", sorted((ROOT / "src" / "ramekin" / "durability").glob("*.py")), ids=name)
def test_a_data_directory_is_changed_through_one_object_alone(path):
    """So a test may hand in a disk that is full, refuses, or forgets."""
    assert bool([*disk_calls(parsed(path))]) == (path.name == "disk.py")


def test_pytest_is_for_those_who_test_engines_and_applications():
    """Whoever serves a database needs no pytest."""
    home = ROOT / "src" / "ramekin" / "testing"
    assert all(
        path.is_relative_to(home / "engines") or path == home / "plugin.py"
        for path in SOURCES
        if re.search(r"^\s*(import|from) pytest", path.read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("guarantee", [field.name for field in fields(Guarantees)])
def test_every_guarantee_of_an_engine_is_asked_by_somebody(guarantee):
    doors = [path for path in SOURCES if not {"engine", "testing"} & set(path.parts)]
    assert any(f"guarantees.{guarantee}" in path.read_text() for path in doors)


def truth_tests(tree):
    """Yield the expressions whose truth a module asks."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            yield node.test
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def last_name(node):
    """Return the name that an expression ends with: of a variable, an attribute, or what is called."""
    if isinstance(node, ast.NamedExpr):
        return last_name(node.value)
    if isinstance(node, (ast.Await, ast.Starred)):
        return last_name(node.value)
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def absent_or_empty(trees):
    """Return the names of what may be absent, or there and false: annotated as `X | None`, where an X has a length."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    sized = {
        node.name
        for node in nodes
        if isinstance(node, ast.ClassDef)
        and {"__len__", "__bool__"} & {getattr(part, "name", "") for part in node.body}
    }

    def may_be(annotation):
        if not isinstance(annotation, ast.BinOp):
            return False
        parts = {ast.unparse(part).split("[")[0] for part in ast.walk(annotation) if isinstance(part, ast.expr)}
        return "None" in parts and bool(sized & parts)

    found = set()
    for node in nodes:
        if isinstance(node, ast.AnnAssign) and may_be(node.annotation):
            found.add(last_name(node.target))
        elif isinstance(node, ast.arg) and may_be(node.annotation):
            found.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and may_be(node.returns):
            found.add(node.name)
    return found


@each(SOURCES, name)
def test_no_group_is_repeated_possessively(path):
    """Up to 3.11.4 CPython ends such a match in the midst of a repetition; `(?>(...)*)` says the same."""
    assert not re.search(r"\)(?:[*+?]|\{[\d,]+\})\+(?!,)", path.read_text())


def test_presence_is_never_asked_by_truth_of_what_may_be_there_and_empty():
    """An empty table is a table: `if table` would take it for none."""
    trees = {path: parsed(path) for path in SOURCES}
    names = absent_or_empty(trees.values())
    wrong = [
        f"{name(path)}:{test.lineno}"
        for path, tree in trees.items()
        for test in truth_tests(tree)
        if last_name(test) in names
    ]
    assert wrong == []


def test_that_search_finds_what_it_looks_for():
    text = """
class Bag:
    def __len__(self): ...
class Shelf:
    bag: Bag | None
def find(name) -> Bag | None: ...
if (bag := find("x")) and bag.size: ...
rest = shelf.bag or 5
if shelf.bag is not None: ...
"""
    tree = ast.parse(text)
    found = [test.lineno for test in truth_tests(tree) if last_name(test) in absent_or_empty([tree])]
    assert found == [7, 8]


SENTENCES = {"message", "said", "hint", "detail"}
"""The members of our errors and their faults that are for people."""


def reads_sentences(tree):
    """Yield the lines of a module that look into the words of one of our errors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(how, ast.In | ast.NotIn) for how in node.ops):
            looked_at = node.comparators
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and hasattr(str, node.func.attr):
            looked_at = [node.func.value]
        elif isinstance(node, ast.Call) and last_name(node.func) in {"search", "match", "fullmatch", "findall", "sub"}:
            looked_at = node.args
        else:
            continue
        if any(isinstance(each, ast.Attribute) and each.attr in SENTENCES for each in looked_at):
            yield node.lineno


@each([path for path in SOURCES if path.name != "error.py" or path.parent.name != "errors"], name)
def test_no_code_reads_what_an_error_says(path):
    """What it may want to know is a member of the error, such as `hint`, `path` or `place`."""
    assert [*reads_sentences(parsed(path))] == []
