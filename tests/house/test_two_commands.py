"""What `make` says where something is missing."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def make_venv(python, target):
    return subprocess.run([ROOT / "scripts" / "make-venv", python, target], capture_output=True, text=True, check=False)


def test_no_python_is_told_with_what_to_do(tmp_path):
    done = make_venv("", tmp_path / "venv")
    assert done.returncode == 1
    assert "Install Python 3.11 or later" in done.stderr


def test_an_old_python_is_told_with_what_to_do(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make_venv(old, tmp_path / "venv")
    assert done.returncode == 1
    assert "older than Python 3.11" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_the_plain_command_lists_what_there_is():
    done = subprocess.run(["make", "--no-print-directory", "-C", ROOT], capture_output=True, text=True, check=True)
    assert "make run" in done.stdout
    assert "make test" in done.stdout
