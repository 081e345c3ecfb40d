"""What `make` says where something is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.long
def test_an_environment_that_was_left_half_done_is_made_anew(tmp_path):
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)  # as far as a kill in the first second leaves it
    made = [
        "make",
        "--no-print-directory",
        "-C",
        ROOT,
        f"PYTHON={sys.executable}",
        f"VENV={venv}",
        f"{venv}/made.stamp",
    ]
    subprocess.run(made, capture_output=True, text=True, check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "--version"]
    assert str(venv) in subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    assert "up to date" in subprocess.run(made, capture_output=True, text=True, check=True).stdout


def test_the_plain_command_lists_what_there_is():
    done = subprocess.run(["make", "--no-print-directory", "-C", ROOT], capture_output=True, text=True, check=True)
    assert "make run" in done.stdout
    assert "make test" in done.stdout
