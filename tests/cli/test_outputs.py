"""Files that commands write: whole, or as they were before."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import pytest

from tests.cli.test_commands import refused, run
from tests.conftest import Server

OLD = '[{"id":0}]'


@pytest.fixture(scope="module")
def server():
    server = Server("serve")
    with server.client() as client:
        client.post("/api/v1/data/t", json=[{"id": i, "text": "x" * 1000} for i in range(200)])
    yield server
    assert server.stop() == 0


@contextmanager
def cut():
    """A server that ends its answer before it is whole."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            with listener.accept()[0] as connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[" + b" " * 100)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)


def on_a_small_disk(*arguments):
    """Run a command that may write no more than 10,000 bytes into a file."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    command = [sys.executable, "-m", "ramekin", *map(str, arguments)]
    measured = {name for name in os.environ if name.startswith("COVERAGE")}  # whose own file would not fit
    environment = {name: value for name, value in os.environ.items() if name not in measured}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, preexec_fn=limit, check=False, env=environment
    )


def test_a_dump_that_the_server_ends_early_leaves_the_old_file(tmp_path):
    old = tmp_path / "old.json"
    old.write_text(OLD)
    for command in (["dump", "-o", old], ["backup", tmp_path / "new.db"]):
        with cut() as url:
            refused(run(*command, "--url", url), f"the server ended the {command[0]} early")
    assert old.read_text() == OLD
    assert list(tmp_path.iterdir()) == [old]


def test_a_disk_that_is_full_is_told_as_one_and_leaves_the_old_file(server, tmp_path):
    old = tmp_path / "old.json"
    old.write_text(OLD)
    for command in (["dump", "-o", old], ["backup", tmp_path / "new.db"]):
        refused(on_a_small_disk(*command, "--url", server.url), str(command[-1]), "file too large")
    assert old.read_text() == OLD
    assert list(tmp_path.iterdir()) == [old]
    refused(run("dump", "t", "-o", "/dev/full", "--url", server.url), "/dev/full: no space left")


def test_a_dump_takes_the_place_and_the_mode_of_what_was_there(server, tmp_path):
    old, link = tmp_path / "old.json", tmp_path / "link.json"
    old.write_text(OLD)
    old.chmod(0o600)
    link.symlink_to(old)
    assert run("dump", "t", "-o", link, "--url", server.url).returncode == 0
    assert link.is_symlink()
    assert len(json.loads(old.read_text())) == 200
    assert old.stat().st_mode & 0o777 == 0o600


def test_a_dump_goes_into_what_is_no_file_as_it_is(server, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (tmp_path / "read").open("wb") as target, subprocess.Popen(["cat", pipe], stdout=target):
        assert run("dump", "t", "-o", pipe, "--url", server.url).returncode == 0
    assert len(json.loads((tmp_path / "read").read_bytes())) == 200
    assert len(json.loads(run("dump", "t", "-o", "/dev/stdout", "--url", server.url).stdout)) == 200


def test_a_dump_whose_reader_leaves_ends_quietly(server):
    line = f"{sys.executable} -m ramekin dump t --url {server.url} | head -c 10"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (len(done.stdout), done.stderr) == (10, "")


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"])
def test_what_is_no_server_of_ours_is_told(answer, tmp_path):
    (tmp_path / "t.json").write_text("[]")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection:
                        connection.sendall(answer)
                        connection.recv(10_000)

        thread = threading.Thread(target=speak)
        thread.start()
        refused(run("load", tmp_path / "t.json", "--url", f"http://127.0.0.1:{listener.getsockname()[1]}"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
