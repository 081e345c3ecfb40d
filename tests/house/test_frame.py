"""The frame of the tests: tables of cases tell all that is wrong, and a forked command is as one that Python began."""

import os
import signal
import subprocess

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


@pytest.mark.parametrize(
    "arguments", [["--version"], ["serve", "--prt"], ["load", "-"], ["serve", "none.json"]], ids=str
)
def test_a_forked_command_is_as_one_that_python_began(arguments, tmp_path):
    def run(**more):
        environment = {**os.environ, "COLUMNS": "70", **more}
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, input="[", capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment, check=False
        )

    forked, begun = run(), run(**OTHERWISE)
    assert (forked.returncode, forked.stdout, forked.stderr) == (begun.returncode, begun.stdout, begun.stderr)


def test_a_forked_command_is_a_child_that_is_killed_and_waited_for():
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert b"http://" in process.stdout.readline()
        process.kill()
    assert process.returncode == -signal.SIGKILL
