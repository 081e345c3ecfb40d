"""The page about testing, and the example that it names, do what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ramekin.testing import Server

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "testing.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files of the page, named as each says in its first line."""
    folder = tmp_path_factory.mktemp("page")
    for kind, text in BLOCK.findall(PAGE):
        if kind in ("ini", "py", "js"):
            name = re.match(r"(?:#|//) (\S+)\n", text)[1]
            (folder / name).write_text(text)
        elif kind == "json":
            (folder / "db.json").write_text(text)
    return folder


def passing(folder, *arguments):
    """Run pytest in a folder, and return how many tests passed; all must."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "ramekin.testing.plugin",
        *arguments,
    ]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"(\d+) passed", done.stdout)[1])


def test_the_tests_of_the_page_pass(folder):
    assert passing(folder) == 4


def test_the_front_end_of_the_page_passes(folder):
    if (node := shutil.which("node")) is None:
        assert os.environ.get("CI") != "true", "node is missing"
        pytest.skip("no node on this machine")
    with Server(folder / "db.json") as server:
        done = subprocess.run(
            [node, "--test", "users.test.mjs"],
            cwd=folder, env=os.environ | {"RAMEKIN_URL": server.url}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_tests_of_the_example_pass():
    assert passing(ROOT / "examples" / "shop") == 4


def django_tests(folder, *arguments):
    """Run Django's tests in a folder, and return how many passed; all must."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"Ran (\d+) test", done.stderr)[1])


@pytest.mark.long
def test_the_django_site_of_the_page_and_its_tests(folder):
    (folder / "site_settings.py").write_text("SECRET_KEY = 'x'\nRAMEKIN_URL = ''\n")
    assert django_tests(folder, "-m", "django", "test", "site_tests", "--settings", "site_settings") == 1


def test_the_tests_of_the_django_example_pass():
    assert django_tests(ROOT / "examples" / "guestbook", "manage.py", "test") == 9
