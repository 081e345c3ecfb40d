"""Several workers on one port: all serve, one that dies is replaced, a stop drains all, and nobody is left behind."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest

from tests.cli.test_commands import refused, run
from tests.cluster.nodes import until
from tests.conftest import Server


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("workers") / "users.json"
    path.write_text(json.dumps([{"id": n} for n in range(100)]))
    return str(path)


def started(node, *arguments):
    engine = ("--engine", f"valkey://{node.address}", "--database", secrets.token_hex(8))
    return Server("serve", *arguments, *engine, "--workers", "2", "--shutdown-seconds", "5")


@pytest.fixture(scope="module")
def server(node, file):
    server = started(node, file)
    yield server
    assert server.stop() == 0


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return {int(word) for word in found.split()}


def is_alive(pid):
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(told.strip()) and not told.startswith("Z")  # of one whose parent was killed nobody may ask the code


def worker_of(server):
    """Return which worker answers over a new connection: its figures come before those of others."""
    with server.client() as client:
        return re.search(r'ramekin_info\{.*worker="(\d+)"', client.get("/metrics").text)[1]


def both_serve(server):
    return {worker_of(server) for _ in range(12)} == {"1", "2"}


def test_all_workers_serve_the_port_and_show_the_same(server):
    until(lambda: both_serve(server))
    for i in range(20):
        with server.client() as one, server.client() as other:
            assert one.post("/api/v1/data/notes", json={"id": i}).status_code == 201
            assert other.get(f"/api/v1/data/notes/{i}").status_code == 200
            assert other.get("/api/v1/tables/users").json()["records"] == 100


def figures_of(client):
    """Return the lines of metrics: what stands before the value, and the value. A worker that is busy is asked again."""
    for _ in range(10):
        lines = [line for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
        if all(any(f'worker="{number}"' in line for line in lines) for number in (1, 2)):
            break
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_scrape_has_the_figures_of_all_workers(server):
    until(lambda: both_serve(server))
    told = []
    for _ in range(12):
        with server.client() as client:
            assert client.get("/api/v1/data/users/7").status_code == 200
            told.append(figures_of(client))
    count = 'ramekin_request_duration_seconds_count{operation="get_record"'
    gets = [sum(value for name, value in figures.items() if name.startswith(count)) for figures in told]
    assert [later - gets[0] for later in gets] == [*range(12)]
    for figures in told:
        assert all(re.search(r'[{,]worker="[12]"', name) for name in figures)
        assert {figures[f'ramekin_table_records{{table="users",worker="{n}"}}'] for n in (1, 2)} == {100}


@pytest.mark.long
def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(server):
    until(lambda: both_serve(server))
    before = children_of(server.process.pid)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(children_of(server.process.pid) - {victim}) == 2)
    until(lambda: both_serve(server))
    with server.client() as client:
        assert client.get("/api/v1/tables/users").json()["records"] == 100


def test_the_port_is_taken_for_all_others(server, node):
    port = server.url.rpartition(":")[2]
    engine = ("--engine", f"valkey://{node.address}")
    refused(run("serve", "--port", port), "address already in use")
    refused(run("serve", "--port", port, *engine, "--workers", 2), "address already in use")


@pytest.mark.long
def test_a_stop_drains_all_workers(node):
    server = started(node)
    until(lambda: both_serve(server))
    answers, faults = [], []

    def write(name):
        with server.client() as client:
            for i in range(100_000):
                try:
                    answers.append(client.put(f"/api/v1/data/t/{name}-{i}?upsert=true", json={}).status_code)
                except Exception as fault:  # which one it is does not matter
                    faults.append(fault)
                    return

    writers = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(4)]
    for writer in writers:
        writer.start()
    until(lambda: len(answers) > 50)
    children = children_of(server.process.pid)
    server.process.terminate()
    _, said = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    assert set(answers) <= {200, 201}
    assert not [child for child in children if is_alive(child)]
    logs = [json.loads(line) for line in said.splitlines()]
    assert {line.get("worker") for line in logs if line["event"] == "stopped"} == {None, 1, 2}
    for writer in writers:
        writer.join(10)


@pytest.mark.long
def test_workers_end_when_their_supervisor_is_killed(node):
    server = started(node)
    until(lambda: both_serve(server))
    children = children_of(server.process.pid)
    server.process.kill()
    server.process.communicate(timeout=30)  # whose pipes its workers have too
    until(lambda: not [child for child in children if is_alive(child)], 15)


@pytest.mark.long
def test_ctrl_c_is_for_the_supervisor_alone(node):
    arguments = ["serve", "--engine", f"valkey://{node.address}", "--workers", "2", "--port", "0"]
    command = [sys.executable, "-X", "utf8", "-m", "ramekin", *arguments]  # which is not forked: it has a group then
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        assert process.stdout.readline().startswith("Ramekin serves")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped" in said


def test_a_worker_that_keeps_dying_is_started_again_later_each_time(monkeypatch, tmp_path):
    import asyncio

    from structlog.testing import capture_logs

    from ramekin.cli import workers
    from ramekin.cli.signals import Signals
    from ramekin.settings import Settings

    monkeypatch.setattr(workers, "PAUSE_S", 0.01)
    monkeypatch.setattr(workers, "MAX_PAUSE_S", 0.05)
    starts = []

    class Dying(workers.Supervisor):
        async def _live(self, orders, answers=None):
            if answers is not None:
                answers.set()
                await self._stopping.wait()
                return 0
            starts.append(time.monotonic())
            if len(starts) == 6:
                self._stop()
            return 2

    async def watch():
        supervisor = Dying([], Settings(engine="valkey://h", workers=2), Signals.__new__(Signals), tmp_path)
        supervisor._signals.attach = lambda _: None
        return await supervisor.run()

    with capture_logs() as lines:
        assert asyncio.run(watch()) == 0
    told = [line["in_seconds"] for line in lines if line.get("worker") == 2]
    assert told == [0.01, 0.02, 0.04, 0.05, 0.05]
    waited = [later - sooner for sooner, later in pairwise(starts)]
    assert all(each > 0.9 * promised for each, promised in zip(waited, told, strict=True))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--workers", 2], ["--workers 2", "one process owns the tables", "--engine"]),
        (["serve", "--workers", 2, "--data-dir", "d"], ["--workers 2", "--engine"]),
        (["serve", "--workers", 2, "--engine", "valkey://127.0.0.1:1"], ["No node answers"]),
        (["serve", "--workers", 0], ["--workers", "from 1 to 256"]),
    ],
)
def test_workers_that_cannot_be_are_one_line(arguments, words):
    refused(run(*arguments, "--port", 0), *words)
