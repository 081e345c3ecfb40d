"""Standard input, output and error that are closed, full, or without a reader: for every command, and for a server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.each import first
from tests.ports import free_port

COMMAND = [sys.executable, "-m", "ramekin"]
FULL = "/dev/full"


def run(*arguments, redirected="", environment=None):
    """Run a command by a shell, with some of its streams redirected as a shell does it."""
    line = [*COMMAND, *map(str, arguments)]
    if redirected:
        line = ["sh", "-c", f'exec "$@" {redirected}', "sh", *line]
    environment = {**os.environ, **(environment or {})}
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=environment)


def answers(port, process):
    """Wait until a server is ready, and return its tables."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    return False


def log_until(process, word):
    """Wait until a line of the log has a word, and return what came up to it: a server answers before it greets."""
    lines, giving_up = [], threading.Timer(60, process.kill)
    giving_up.start()
    try:
        for line in process.stderr:
            lines.append(line)
            if word in line:
                return "".join(lines)
    finally:
        giving_up.cancel()
    raise AssertionError(lines)


def serve(redirected, *arguments, until=None):
    """Start a server, see that it serves and logs something, stop it, and return its exit code and its log."""
    port = free_port()
    line = ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, "serve", "--port", str(port), *map(str, arguments)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert answers(port, process)
        before = log_until(process, until) if until else ""
        assert answers(port, process)
        process.terminate()
        _, after = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    return process.returncode, before + after


@pytest.mark.parametrize(("where", "is_kept"), [(f">{FULL}", True), pytest.param(">&-", False, marks=pytest.mark.long)])
def test_a_server_whose_greeting_cannot_be_printed_serves(where, is_kept, tmp_path):
    code, log = serve(where, *(["--data-dir", tmp_path / "data"] if is_kept else []), until="greeting")
    assert code == 0
    [told] = [line for text in log.splitlines() if "greeting" in (line := json.loads(text))["event"]]
    assert told["reason"].startswith("standard output: ")


def test_a_server_whose_greeting_nobody_reads_serves():
    read, written = os.pipe()
    os.close(read)  # before the server begins: it may greet before it is known here that it has begun
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)], stdout=written, stderr=subprocess.PIPE, text=True
    )
    os.close(written)
    assert answers(port, process)
    assert log_until(process, "greeting")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize("where", first(1, ["<&- >&- 2>&-", "2>&-", f">{FULL} 2>{FULL}"]))
def test_a_server_starts_with_any_of_its_streams_closed_or_full(where, tmp_path):
    code, _ = serve(where, "--access-log", "--data-dir", tmp_path / "data")
    assert code == 0
    check = run("check", tmp_path / "data")  # in which nothing of the log was written
    assert (check.returncode, check.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "where", "reason"),
    [
        (["--version"], f">{FULL}", "no space left"),
        (["serve", "--help"], f">{FULL}", "no space left"),
        (["--version"], ">&-", "bad file descriptor"),
        ([], ">&-", "bad file descriptor"),
    ],
)
def test_what_cannot_be_printed_is_one_line_and_exit_code_2(command, where, reason):
    done = run(*command, redirected=where)
    [line] = done.stderr.splitlines()
    assert line.startswith(f"ramekin: standard output: {reason}")
    assert done.returncode == 2


def test_a_reader_that_leaves_ends_a_command_quietly():
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "--help"], stdout=written, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(written)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize(
    ("command", "code", "where"),
    [
        (["--version"], 0, "2>&-"),
        (["serve", "--no-such"], 2, f"2>{FULL}"),
        (["check", "/none"], 3, "2>&-"),
        (["health"], 1, "<&- 2>&-"),
    ],
)
def test_an_error_that_nobody_can_read_keeps_its_exit_code(command, code, where):
    done = run(*command, redirected=where, environment={"RAMEKIN_PORT": "9"})
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("command", [["serve", "--data-dri", "x"], ["nope"], ["load"]])
def test_a_command_that_is_written_wrongly_is_told_in_one_line(command):
    done = run(*command)
    [line] = done.stderr.splitlines()
    assert line.startswith("ramekin: ")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_interrupt_while_the_command_is_imported_is_quiet(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = run("--version", environment={"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_interrupt_while_a_command_waits_is_quiet():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, "dump", "--url", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        silent.settimeout(20)
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
