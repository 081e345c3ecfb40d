"""The house itself: layers, docstrings, sizes, and what a repository must not hold."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def name(path):
    return str(path.relative_to(ROOT))


def test_layers_only_point_down():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_the_package_loads_no_web_framework():
    code = "import sys, ramekin; print([m for m in ('fastapi', 'starlette', 'uvicorn', 'typer') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_lives_in_it(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_has_one_noun(path):
    assert len(path.read_text().splitlines()) < 500


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_functions_are_short(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name != "register":
            assert node.end_lineno - node.lineno < 60, node.name


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "service"])
def test_no_file_is_named_after_nothing(word):
    assert not [path for path in SOURCES if path.stem == word]


@pytest.mark.parametrize("lock", ["run.lock", "dev.lock", "build.lock"])
def test_locks_have_hashes_and_no_addresses(lock):
    text = (ROOT / "requirements" / lock).read_text()
    assert "://" not in text
    for line in re.findall(r"^[a-z0-9].*", text, re.MULTILINE):
        assert re.match(r"[a-z0-9._-]+(\[.*\])?==\S+.*\\$", line), line
    assert text.count("--hash=sha256:") >= text.count("==")


def test_sample_datasets_are_what_the_script_makes():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "make_samples.py", "--check"], check=False)
    assert done.returncode == 0
