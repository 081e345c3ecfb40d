"""Every sample of the README and the manual runs, and prints what the page says.

In a page, a ```console block holds commands behind ``$`` and what they print; ``...`` stands for anything. The
commands of a page run in order against a demo server of their own, with `--dev` where the page is about that; those about json-server against its file. A ```python block is run as a program. A block
that cannot run here (installing, containers) is marked as ```sh or ```text. The page about nodes has a test beside theirs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Server

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name != "cluster.md")]
DEV = {"branches.md", "faults.md"}
"""Pages of what a server does with `--dev` alone."""
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "http://127.0.0.1:8000"
FILES = {"json-server.md": "http://127.0.0.1:3000"}
"""Pages whose first ```json block is served by `ramekin json-server`, with the address that they name."""


def blocks(path, kind):
    return [text for name, text in BLOCK.findall(path.read_text()) if name == kind]


def samples(path):
    """Yield (command, what it prints)."""
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            end = 1
            while lines[end - 1].endswith("\\") or (end < len(lines) and lines[end].startswith("> ")):
                end += 1
            command = "\n".join(line.removeprefix("> ") for line in lines[:end])
            yield command, "\n".join(lines[end:]).strip()


def alike(expected, printed):
    pattern = ".*?".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


@pytest.fixture(scope="module")
def curl():
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "curl is missing"
        pytest.skip("no curl on this machine")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_print_what_the_page_says(page, curl, tmp_path):
    todo = list(samples(page))
    if not todo:
        return
    address, arguments = FILES.get(page.name, SERVER), ["demo", *(["--dev"] if page.name in DEV else [])]
    if page.name in FILES:
        (tmp_path / "db.json").write_text(blocks(page, "json")[0])
        arguments = ["json-server", "db.json"]
    server = Server(*arguments, cwd=tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}
    environment["RAMEKIN_PORT"] = server.url.rpartition(":")[2]
    try:
        for command, expected in todo:
            done = subprocess.run(
                ["bash", "-c", re.sub(r"\bcurl ", "curl -sS ", command.replace(address, server.url))],
                capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=False,
            )  # fmt: skip
            printed = re.sub(r"\r", "", (done.stdout + done.stderr)).strip().replace(server.url, address)
            assert alike(expected, printed), f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}"
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_programs_run(page, tmp_path):
    for number, program in enumerate(blocks(page, "python")):
        file = tmp_path / f"sample{number}.py"
        file.write_text(program)
        done = subprocess.run(
            [sys.executable, file], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        for line, said in re.findall(r"^(.*?)  # prints: (.*)$", program, re.MULTILINE):
            assert said in done.stdout, line


def test_there_are_samples_on_the_pages_that_teach():
    for name in ("README.md", "docs/tutorial.md", "docs/api.md", "docs/models.md"):
        assert len(list(samples(ROOT / name))) >= 3, name
