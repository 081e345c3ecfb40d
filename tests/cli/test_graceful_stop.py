"""A stop under load: what was received is answered, what was acknowledged is kept, and no connection is reset."""

import re
import signal
import socket
import threading
import time

import pytest

from tests.conftest import Server
from tests.wire import Wire, request

STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


class Writer(threading.Thread):
    """Writes records one after the other over one connection until the server ends it; then it connects anew, once."""

    def __init__(self, port, number, table="/api/v1/data/t"):
        super().__init__(daemon=True)
        self.port, self.number, self.table = port, number, table
        self.acknowledged, self.faults = [], []
        self.said_no_more = False

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
                self.write(Wire(sock))
        except OSError as fault:
            self.faults.append(repr(fault))

    def write(self, client):
        for i in range(1_000_000):
            record_id = f"{self.number}-{i}"
            answer = client.ask(request("PUT", f"{self.table}/{record_id}?upsert=true", b'{"n":1}'))
            if STATUS.match(answer)[1] != b"201":
                self.faults.append(answer[:200])
                return
            self.acknowledged.append(record_id)
            if b"\r\nconnection: close\r\n" in answer:
                self.said_no_more = True
                return


class Follower(threading.Thread):
    """Reads a stream of changes to its end."""

    def __init__(self, port, branch=""):
        super().__init__(daemon=True)
        self.port, self.path = port, f"{branch}/api/v1/changes"
        self.faults, self.began = [], threading.Event()

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
                sock.sendall(request("GET", self.path, Accept="text/event-stream"))
                end = b""
                while piece := sock.recv(65_536):
                    self.began.set()
                    end = (end + piece)[-5:]
                if end != b"0\r\n\r\n":
                    self.faults.append(end)
        except OSError as fault:
            self.faults.append(repr(fault))


def stop_under_load(directory, writers=6):
    """Stop a server that is written to, a cache and a branch too, and followed.

    Return who wrote to what is kept, the exit code, how long it took, and what went wrong for all others.
    """
    server = Server("serve", "--data-dir", str(directory), "--fsync", "everysec", "--dev")
    port = int(server.url.rpartition(":")[2])
    with server.client() as client:
        assert client.put("/api/v1/tables/cached", json={"max_records": 100}).status_code == 201
        assert client.put("/api/v1/branches/side").status_code == 201
    all_of_them = [Writer(port, i) for i in range(writers)]
    others = [Writer(port, 0, "/api/v1/data/cached"), Writer(port, 0, "/b/side/api/v1/data/t")]
    followers = [Follower(port), Follower(port), Follower(port, "/b/side")]
    for each in (*followers, *others, *all_of_them):
        each.start()
    for follower in followers:
        assert follower.began.wait(10)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as prober, socket.create_connection(("127.0.0.1", port), timeout=10):  # fmt: skip
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        began, probe = time.monotonic(), Wire(prober)
        while STATUS.match(readiness := probe.ask(request("GET", "/health/ready")))[1] == b"200":
            pass  # it has not heard of it
        server.process.communicate(timeout=30)
    took_s = time.monotonic() - began
    for each in (*followers, *others, *all_of_them):
        each.join(10)
    faults = [each.faults for each in (*followers, *others) if each.faults]
    return all_of_them, server.process.returncode, took_s, readiness, faults


@pytest.mark.parametrize("run", [0, *(pytest.param(i, marks=pytest.mark.long) for i in range(1, 50))])
def test_a_stop_under_load_loses_and_resets_nothing(tmp_path, run):
    writers, code, took_s, readiness, faults = stop_under_load(tmp_path / "data")
    assert faults == []
    assert [writer.faults for writer in writers] == [[]] * len(writers)
    assert all(writer.said_no_more for writer in writers)
    assert STATUS.match(readiness)[1] == b"503"
    assert b'"draining"' in readiness
    assert (code, took_s < 10) == (0, True)
    server = Server("serve", "--data-dir", str(tmp_path / "data"))
    with server.client() as client:
        kept = {record["id"] for line in [client.get("/api/v1/dump/t").json()] for record in line}
    assert server.stop() == 0
    assert {record_id for writer in writers for record_id in writer.acknowledged} <= kept
