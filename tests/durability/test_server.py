"""A server with a data directory, as a user starts it: restarts, readiness, files, backups, models."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from ramekin.durability.contents import TableContents
from ramekin.durability.store import write_backup
from ramekin.schema.definition import Definition
from tests.conftest import Server
from tests.ports import free_port
from tests.programs import read_terminal


def run(*arguments):
    command = [sys.executable, "-m", "ramekin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def serve(path, *options):
    return Server("serve", "--data-dir", str(path), *map(str, options))


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_everything_is_there_after_a_restart(tmp_path, fsync):
    server = serve(tmp_path / "data", "--fsync", fsync)
    definition = {
        "schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "unique": ["n"],
        "indexes": [{"field": "n", "kind": "sorted"}],
        "require_if_match": True,
    }
    with server.client() as client:
        assert f"fsync {fsync}" in server.greeting
        client.put("/api/v1/tables/t", json=definition)
        assert (
            client.post("/api/v1/data/t", json=[{"id": 10, "n": 1}, {"id": "9", "n": 2}, {"id": "x"}]).status_code
            == 201
        )
        client.post("/api/v1/data/gone", json={"id": 1})
        client.delete("/api/v1/tables/gone")
        client.put("/api/v1/tables/empty", json={})
        before = client.get("/api/v1/dump").content
    assert server.stop() == 0
    server = serve(tmp_path / "data")
    with server.client() as client:
        assert client.get("/api/v1/dump").content == before
        assert [record["id"] for record in client.get("/api/v1/data/t").json()["data"]] == [10, "9", "x"]
        assert client.post("/api/v1/data/t", json={"n": 2}).json()["code"] == "not-unique"
        assert client.post("/api/v1/data/t", json={"n": "x"}).json()["code"] == "invalid-record"
        assert client.delete("/api/v1/data/t/10").json()["code"] == "precondition-required"
        table = client.get("/api/v1/tables/t").json()
        assert table["indexes"][0]["pinned"]
        assert table["schema"] == definition["schema"]
        assert client.get("/api/v1/tables/empty").json()["records"] == 0
    server.stop()


def test_the_port_answers_that_it_is_starting_until_all_is_read(tmp_path):
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    bodies = {str(i): b'{"id":%d,"name":"User %d"}' % (i, i) for i in range(150_000)}
    write_backup(path / "tables.db", {"t": TableContents(Definition(), bodies)})
    port = free_port()
    command = [sys.executable, "-m", "ramekin", "serve", "--data-dir", str(path), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = set()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=10) as client:
        end = time.monotonic() + 60
        while (200, "ok") not in seen:
            assert time.monotonic() < end
            try:
                answer = client.get("/health/ready")
                seen.add((answer.status_code, answer.json()["status"]))
                if answer.status_code == 503:
                    assert client.get("/health/live").status_code == 200
                    assert client.get("/health").json()["status"] in ("starting", "ok")
                    told = client.get("/api/v1/data/t/1")
                    assert told.status_code == 200 or told.json()["code"] == "starting"
                    written = client.put("/api/v1/data/t/x?upsert=true", json={})
                    assert written.status_code == 201 or written.json()["code"] == "starting"
            except httpx2.TransportError:
                time.sleep(0.01)
        assert seen == {(503, "starting"), (200, "ok")}
        assert client.get("/api/v1/data/t/149999").status_code == 200
    process.terminate()
    _, log = process.communicate(timeout=30)
    assert '"records": 150000' in log


def test_a_terminal_shows_how_far_a_start_has_read(tmp_path):
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    bodies = {str(i): b'{"id":%d}' % i for i in range(200_000)}
    write_backup(path / "tables.db", {"t": TableContents(Definition(), bodies)})
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ramekin", "serve", "--data-dir", str(path), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    assert "http://" in process.stdout.readline()
    process.terminate()
    shown = read_terminal(ours)
    process.communicate(timeout=30)
    assert "Reading" in shown
    assert "200000/200000" in shown.replace(",", "")


def test_files_are_loaded_into_an_empty_directory_only(tmp_path):
    (tmp_path / "t.json").write_text('[{"id": 1}]')
    server = serve(tmp_path / "data", tmp_path / "t.json")
    assert "t (1)" in server.process.stdout.readline()
    server.stop()
    done = run("serve", "--port", 0, "--data-dir", tmp_path / "data", tmp_path / "t.json")
    assert done.returncode == 2
    assert "empty data directory" in done.stderr
    server = serve(tmp_path / "data")
    with server.client() as client:
        assert client.get("/api/v1/dump/t").json() == [{"id": 1}]
    server.stop()


def test_a_backup_is_of_one_moment_and_a_server_starts_from_it(tmp_path):
    server = serve(tmp_path / "data")
    done = threading.Event()

    def write():
        with server.client() as client:
            number = 0
            while not done.is_set():
                number += 1
                steps = [{"op": "upsert", "table": t, "record": {"id": "n", "n": number}} for t in ("a", "b")]
                assert client.post("/api/v1/batch", json={"operations": steps}).status_code == 200

    with server.client() as client:
        client.post("/api/v1/data/many", json=[{"id": i, "x": "x" * 100} for i in range(8000)])
    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.1)
    for i in range(3):
        assert run("backup", tmp_path / f"{i}.db", "--url", server.url).returncode == 0
    assert run("backup", tmp_path / "0.db", "--url", server.url).returncode == 2
    done.set()
    writer.join()
    assert not list((tmp_path / "data").glob("*.unfinished"))
    server.stop()
    for i in range(3):
        (tmp_path / f"restored{i}").mkdir(mode=0o700)
        shutil.copy(tmp_path / f"{i}.db", tmp_path / f"restored{i}" / "tables.db")
        server = serve(tmp_path / f"restored{i}")
        with server.client() as client:
            dump = client.get("/api/v1/dump").json()
            assert len(dump["many"]) == 8000
            assert dump["a"] == dump["b"]
        server.stop()


def test_a_server_in_memory_can_be_backed_up_too(tmp_path):
    server = Server("serve")
    with server.client() as client:
        client.post("/api/v1/data/t", json={"id": 1})
    assert run("backup", tmp_path / "b.db", "--url", server.url).returncode == 0
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600
    server.stop()


def test_a_model_that_has_changed_is_checked_against_what_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models = tmp_path / "shop.py"
    text = "from pydantic import BaseModel\n\nclass Pet(BaseModel):\n    id: int\n    name: str\n"
    models.write_text(text)
    server = serve(tmp_path / "data", "--models", "shop")
    with server.client() as client:
        assert client.post("/api/v1/data/pets", json={"id": 1, "name": "Rex"}).status_code == 201
    server.stop()
    models.write_text(text + "    age: int | None = None\n")
    server = serve(tmp_path / "data", "--models", "shop")
    with server.client() as client:
        assert client.post("/api/v1/data/pets", json={"id": 2, "name": "Tom", "age": 3}).status_code == 201
    server.stop()
    models.write_text(text + "    legs: int\n")
    done = run("serve", "--port", 0, "--data-dir", tmp_path / "data", "--models", "shop")
    assert done.returncode == 2
    assert "pets" in done.stderr
    assert "/1/legs" in done.stderr
    assert "Traceback" not in done.stderr
