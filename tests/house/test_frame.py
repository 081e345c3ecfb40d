"""The frame of the tests: tables of cases tell all that is wrong, and a forked command is as one that Python began."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.each import each
from tests.forks import COMMAND

OTHERWISE = {"PYTHONHASHSEED": "1"}  # so that nothing is forked


def test_a_table_tells_each_case_that_does_not_hold():
    @each([1, 2, 3, 4], name=lambda number: f"number {number}")
    def is_odd(number, word):
        assert number % 2, word

    with pytest.raises(ExceptionGroup, match="2 of 4 cases") as failed:
        is_odd(word="even")
    assert [error.__notes__ for error in failed.value.exceptions] == [["case: number 2"], ["case: number 4"]]


PROGRAM = """
import sys
import beside
if __name__ == "__main__":
    print(sys.argv[1:], sys.path[0] == sys.argv[0].removesuffix("/program.py"), sys.stdin.read())
    print(sys.modules["__main__"].__name__, end=" ", file=sys.stderr)
    sys.exit(beside.CODE)
"""


def run_forked_and_begun(command, folder):
    for more in ({}, OTHERWISE):
        environment = {**os.environ, "COLUMNS": "70", **more}
        done = subprocess.run(
            command, input="[", capture_output=True, text=True, timeout=60, cwd=folder, env=environment, check=False
        )
        yield done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments", [["--version"], ["serve", "--prt"], ["load", "-"], ["serve", "none.json"]], ids=str
)
def test_a_forked_command_is_as_one_that_python_began(arguments, tmp_path):
    forked, begun = run_forked_and_begun([*COMMAND, *arguments], tmp_path)
    assert forked == begun


def test_a_forked_program_is_as_one_that_python_began(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("CODE = 7")
    forked, begun = run_forked_and_begun([COMMAND[0], tmp_path / "program.py", "x"], Path("/"))
    assert forked == begun == (7, "['x'] True [\n", "__main__ ")


def test_a_forked_command_is_a_child_that_is_killed_and_waited_for():
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert b"http://" in process.stdout.readline()
        process.kill()
    assert process.returncode == -signal.SIGKILL
