"""The map of the code names what is there, and all that is there."""

import ast
import re

from tests.each import each
from tests.house.test_house import ROOT, SOURCES, parsed

HOME = ROOT / "src" / "ramekin"
MAP = (ROOT / "ARCHITECTURE.md").read_text()
ROWS = [line for line in MAP.splitlines() if line.startswith("| ") and ".py`" in line]
MODULES = {path.relative_to(HOME).as_posix() for path in SOURCES if path.stem != "__init__"} - {"version.py"}
NOT_OURS = {"Allow", "Expect", "IntEnum", "SO_REUSEADDR", "Union"}


def files_in(text):
    """Return the files that a text names: by their paths in the package, or in the repository."""
    return re.findall(r"`([^`\s]+\.(?:py|lua))`", text)


def names_in(text):
    """Yield the classes, their members, and the functions that a text names; other words in code are none of these."""
    for name in re.findall(r"`([A-Za-z_][\w.]*)`", text):
        owner, _, member = name.rpartition(".")
        if (
            not name.endswith(".py")
            and name not in NOT_OURS
            and (name.startswith("_") or (owner or member)[0].isupper())
        ):
            yield owner, member


def defined_in(tree):
    """Yield what a module defines: classes and functions by name, and members with their classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield "", node.name
            for part in ast.walk(node):
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node.name, part.name
                elif isinstance(part, ast.Attribute | ast.Name) and isinstance(part.ctx, ast.Store):
                    yield node.name, part.attr if isinstance(part, ast.Attribute) else part.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield "", node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield "", node.targets[0].id


def test_every_module_is_named_on_the_map():
    assert MODULES - set(files_in(MAP)) == set()


@each(ROWS)
def test_what_a_row_of_the_map_names_stands_in_the_files_that_it_names(row):
    files = [HOME / name if (HOME / name).exists() else ROOT / name for name in files_in(row)]
    assert [path for path in files if not path.exists()] == []
    defined = {pair for path in files if path.suffix == ".py" for pair in defined_in(parsed(path))}
    assert [pair for pair in names_in(row) if pair not in defined] == []


def test_what_the_map_names_elsewhere_is_defined():
    defined = {pair for path in SOURCES for pair in defined_in(parsed(path))}
    assert [pair for pair in names_in(MAP) if pair not in defined] == []
