"""The log: nobody who writes a line waits for whoever reads it, and what is dropped is told."""

import asyncio
import fcntl
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from ramekin.cli.logs import MAX_BYTES, QueuedLines, _make_printable
from tests.conftest import FAST_PATHS, Server


def record(text):
    return logging.LogRecord("t", logging.INFO, "", 0, text, None, None)


@pytest.fixture
def pipe():
    """A log that is written into a pipe of one page, and the pipe's other end."""
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    log = QueuedLines(theirs)
    yield log, ours
    log.close()
    os.close(ours)  # a write that waits ends with this
    log._thread.join(10)
    os.close(theirs)


def read_until(descriptor, word):
    text = b""
    while word not in text:
        text += os.read(descriptor, 65536)
    return text


def test_lines_are_whole_and_in_order(pipe):
    log, ours = pipe
    for i in range(200):
        log.handle(record(f"line {i}"))
    assert read_until(ours, b"line 199\n").decode().splitlines() == [f"line {i}" for i in range(200)]
    assert log.dropped == 0


def test_a_reader_that_stalls_costs_lines_and_no_time(pipe):
    log, ours = pipe
    line = "x" * 999
    for _ in range(MAX_BYTES // 1000 + 500):  # as many as the queue and the pipe hold, and some more
        log.handle(record(line))
    assert 400 <= log.dropped <= 500
    dropped = log.dropped
    told = read_until(ours, f"{dropped} log lines were dropped".encode())
    assert all(one in (line, "") or "were dropped" in one for one in told.decode().splitlines()[:-1])
    log.handle(record("again"))
    read_until(ours, b"again\n")
    assert log.dropped == dropped


def test_the_end_does_not_wait_for_a_reader_that_stalls(pipe):
    log, _ = pipe
    for _ in range(100):
        log.handle(record("x" * 1000))
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < 10
    before = log.dropped
    log.handle(record("too late"))
    assert log.dropped == before + 1 > 50


def test_whoever_waits_for_lines_finds_them_written(pipe):
    log, ours = pipe
    log.handle(record("told"))
    asyncio.run(log.drain())
    assert os.read(ours, 100) == b"told\n"


def test_nobody_waits_long_for_a_reader_that_stalls(pipe):
    log, _ = pipe
    for _ in range(100):
        log.handle(record("x" * 1000))
    began = time.monotonic()
    asyncio.run(log.drain())
    assert 0.9 < time.monotonic() - began < 10


def test_a_line_that_cannot_be_printed_is_counted(pipe):
    log, ours = pipe
    log.handle(logging.LogRecord("t", logging.INFO, "", 0, "%d", ("x",), None))
    assert log.dropped == 1
    log.handle(record("lone \ud800"))
    assert b"lone \\ud800\n" in read_until(ours, b"lone")


FULL = """
import resource, signal, sys
from ramekin.cli.logs import QueuedLines
import logging, time
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
log = QueuedLines(1)
def line(text):
    log.handle(logging.LogRecord("t", logging.INFO, "", 0, text, None, None))
for i in range(100):
    line(f"line {i:04}" + "x" * 20)
time.sleep(0.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
line("there is room")
log.close()
print(log.dropped, file=sys.stderr)
"""


def test_a_full_disk_costs_lines_and_says_so_when_there_is_room(tmp_path):
    with (tmp_path / "log").open("w") as file:
        done = subprocess.run([sys.executable, "-c", FULL], stdout=file, stderr=subprocess.PIPE, text=True, timeout=60)
    lines = (tmp_path / "log").read_text().splitlines()
    whole = [line for line in lines if line.startswith("line") and len(line) == 29]
    assert lines[-2] == "there is room"
    assert lines[-1].startswith(f"{100 - len(whole)} log lines were dropped")
    assert int(done.stderr) == 100 - len(whole) > 0


def test_a_server_answers_while_nobody_reads_its_log():
    server = Server("serve", "--access-log", "--log-format", "json")
    fcntl.fcntl(server.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    name = "x" * 190
    with server.client() as client:
        for _ in range(400):  # a pipe of one page is full after 15
            assert client.get(f"/api/v1/data/{name}").status_code == 404
        assert "ramekin_log_lines_dropped_total 0.0" in client.get("/metrics").text
    server.process.send_signal(signal.SIGTERM)
    _, log = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    assert all(json.loads(line)["level"] for line in log.splitlines())


HEAD = b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LEFT_HALF_WAY = [
    b"GET /api/v1/dump" + HEAD + b"\r\n",
    b"GET /api/v1/dump/orders" + HEAD + b"Accept: text/csv\r\n\r\n",
    b"GET /api/v1/data/orders?limit=6000&sort=-total_price" + HEAD + b"\r\n",
    b"GET /api/v1/join/users/orders/user_id?limit=6000" + HEAD + b"\r\n",
    b"POST /api/v1/backup" + HEAD + b"\r\n",
    b"POST /api/v1/data/x" + HEAD + b'Content-Length: 10000\r\n\r\n[{"a',
    b"POST /api/v1/data/x" + HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"i',
    b"POST /api/v1/data/x" + HEAD + b"Content-Length: 10000\r\nExpect: 100-continue\r\n\r\n",
    b"POST /api/v1/load" + HEAD + b'Content-Length: 10000\r\n\r\n{"a":[',
    b"POST /api/v1/batch" + HEAD + b'Content-Length: 10000\r\n\r\n{"oper',
    b"PATCH /api/v1/data/users?all=true" + HEAD + b'Content-Length: 10000\r\n\r\n{"oper',
    b"PUT /api/v1/tables/x" + HEAD + b'Content-Length: 10000\r\n\r\n{"sch',
]


@pytest.mark.parametrize("way", FAST_PATHS)
def test_clients_that_leave_put_nothing_into_the_log(way):
    server = Server("demo", environment={"RAMEKIN_FAST_PATH": way})
    for is_reset in (True, False):
        for request in LEFT_HALF_WAY:
            for received in (0, 1):
                with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as client:
                    client.sendall(request)
                    time.sleep(0.01)
                    if received and request.startswith(b"GET"):
                        client.recv(received)
                    if is_reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with server.client() as client:
        assert client.get("/health/ready").status_code == 200
    server.process.terminate()
    _, log = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert [event for event in events if event != "audit"] == ["started", "stopping", "stopped"]


@pytest.mark.parametrize("sign", ["%1b[31m", "%c2%9b31m", "%00", "%c2%85", "%e2%80%a8", "%e2%80%ae", "%7f"])
def test_text_for_people_holds_nothing_that_a_terminal_obeys(sign):
    server = Server("serve", "--access-log", "--log-format", "text")
    with server.client() as client:
        client.get(f"/x{sign}")
    server.process.terminate()
    _, said = server.process.communicate(timeout=30)
    assert "path" in said
    assert said.replace("\n", "").isprintable()


def test_a_stack_keeps_its_lines_in_text_for_people():
    event = {"exception": "a\nb\x1b", "path": "a\nb"}
    assert _make_printable(None, "", event) == {"exception": "a\nb\\x1b", "path": "a\\nb"}
