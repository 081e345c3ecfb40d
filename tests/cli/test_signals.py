"""What signals do to a server: while it loads, while it serves, and as process 1 of a container."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ramekin.durability.contents import TableContents
from ramekin.durability.store import write_backup
from ramekin.schema.definition import NOTHING_DEFINED
from tests.conftest import Server

STOP = [signal.SIGTERM, signal.SIGINT]
NOTHING = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file that takes seconds to load."""
    path = tmp_path_factory.mktemp("large") / "large.ndjson"
    path.write_text('{"n":1,"text":"xxxxxxxxxxxxxxxxxxxx"}\n' * 400_000)
    return path


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A data directory that takes half a second to read."""
    path = tmp_path_factory.mktemp("large") / "data"
    path.mkdir(mode=0o700)
    bodies = {str(i): b'{"id":%d,"text":"xxxxxxxxxxxxxxxxxxxx"}' % i for i in range(250_000)}
    write_backup(path / "tables.db", {"large": TableContents(NOTHING_DEFINED, bodies)})
    return path


def start(*arguments, prefix=()):
    command = [
        *prefix,
        sys.executable,
        "-m",
        "ramekin",
        "serve",
        "--port",
        "0",
        "--log-format",
        "json",
        *map(str, arguments),
    ]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


def events(log):
    return [json.loads(line)["event"] for line in log.splitlines()]


def reads(process, path, number=None):
    """Wait until a process has a file open."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        for descriptor in Path(f"/proc/{number or process.pid}/fd").iterdir():
            with suppress(OSError):
                if path in str(descriptor.readlink()):
                    return
        time.sleep(0.01)
    raise AssertionError("it never opened the file")


@pytest.mark.parametrize("sign", STOP)
def test_a_server_that_loads_a_file_is_stopped(large, sign):
    process = start(large)
    reads(process, large.name)
    process.send_signal(sign)
    said, log = process.communicate(timeout=20)
    assert (process.returncode, said, events(log)) == (0, "", ["stopped before it served"])


def test_a_server_that_reads_its_directory_is_stopped_and_may_be_started_again(directory):
    process = start("--data-dir", directory)
    reads(process, str(directory / "tables.db"))
    process.terminate()
    said, log = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, "")
    assert events(log)[-1] == "stopped before it served"
    server = Server("serve", "--data-dir", str(directory))
    with server.client() as client:
        assert client.get("/api/v1/tables/large").json()["records"] == 250_000
    assert server.stop() == 0


def test_process_1_of_a_container_is_stopped_while_it_loads(large):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        if os.environ.get("CI"):
            pytest.fail("this needs root and unshare (util-linux)")
        pytest.skip("this needs root and unshare (util-linux)")
    outer = start(large, prefix=["unshare", "--pid", "--fork", "--kill-child"])
    deadline = time.monotonic() + 20
    inner = ""
    while not inner and time.monotonic() < deadline:
        time.sleep(0.05)
        inner = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().strip()
    reads(outer, large.name, inner)
    os.kill(int(inner), signal.SIGTERM)
    said, log = outer.communicate(timeout=20)
    assert (outer.returncode, said, events(log)) == (0, "", ["stopped before it served"])


@pytest.mark.parametrize("sign", NOTHING)
def test_a_signal_that_means_nothing_is_told_and_kills_nobody(sign):
    server = Server("serve", "--log-format", "json")
    server.process.send_signal(sign)
    time.sleep(0.2)
    with server.client() as client:
        assert client.get("/health").status_code == 200
    server.process.terminate()
    _, log = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    told = [json.loads(line) for line in log.splitlines()]
    assert [line.get("signal") for line in told if "means nothing" in line["event"]] == [sign.name]


@pytest.mark.parametrize("sign", NOTHING)
def test_a_signal_that_means_nothing_does_not_stop_a_start(large, sign):
    process = start(large)
    reads(process, large.name)
    process.send_signal(sign)
    time.sleep(0.2)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_stop_is_told_from_its_beginning_to_its_end():
    server = Server("serve", "--log-format", "json", "--shutdown-seconds", "7")
    server.process.terminate()
    _, log = server.process.communicate(timeout=20)
    started, stopping, stopped = [json.loads(line) for line in log.splitlines()]
    assert (stopping["event"], stopping["requests"], stopping["seconds_at_most"]) == ("stopping", 0, 7)
    assert (started["event"], started["tables"], started["keys"], stopped["event"]) == ("started", 0, 0, "stopped")
    assert 0 < stopped["seconds"] < 7


def test_more_signals_while_it_stops_do_not_make_it_look_like_a_crash():
    server = Server("serve")
    for _ in range(50):
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.005)
        if server.process.poll() is not None:
            break
    server.process.communicate(timeout=20)
    assert server.process.returncode == 0


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_hangup_stops_a_server_only_if_its_terminal_was_closed(is_closed):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ramekin", "serve", "--port", "0", "--log-format", "json"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    assert process.stdout.readline().startswith("Ramekin serves")
    if is_closed:
        os.close(ours)
    process.send_signal(signal.SIGHUP)
    if not is_closed:
        time.sleep(0.3)
        assert process.poll() is None
        process.terminate()
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert ("a signal that means nothing here" in events(log)) is not is_closed
    if not is_closed:
        os.close(ours)
