"""Servers on one database, as users start them: what is refused, who loads files, and that all show the same."""

import json
import secrets
import signal
import time

import pytest

from tests.cli.test_commands import refused, run
from tests.cluster.nodes import running
from tests.cluster.recorder import IN_TIME_S
from tests.conftest import Server

USERS = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "users.json"
    path.write_text(json.dumps(USERS))
    return str(path)


@pytest.fixture(scope="module")
def engine(node):
    return ("--engine", f"valkey://{node.address}", "--database", secrets.token_hex(8))


@pytest.fixture(scope="module")
def servers(engine, file):
    """Two servers that were started alike."""
    started = [Server("serve", file, *engine) for _ in range(2)]
    yield started
    for server in started:
        assert server.stop() == 0


@pytest.fixture
def clients(servers):
    with servers[0].client() as one, servers[1].client() as other:
        yield one, other


def test_the_first_server_loads_files_and_says_where_tables_are(servers):
    assert "(kept by nodes as the database '" in servers[0].greeting
    assert "', acknowledged by primary, reads fresh)." in servers[0].greeting
    for server in servers:
        assert server.process.stdout.readline() == "Tables: users (2).\n"


def test_a_server_that_begins_later_loads_nothing(clients, engine, file):
    clients[0].put("/api/v1/data/users/1", json={"name": "Augusta"})
    with_file = Server("serve", file, *engine)
    with with_file.client() as third:
        assert third.get("/api/v1/data/users/1").json()["name"] == "Augusta"
    assert with_file.stop() == 0


def test_what_one_server_was_answered_all_show(clients):
    one, other = clients
    for i in range(20):
        assert one.post("/api/v1/data/notes", json={"id": i, "n": 0}).status_code == 201
        assert other.get(f"/api/v1/data/notes/{i}").json() == {"id": i, "n": 0}
        assert other.patch(f"/api/v1/data/notes/{i}", json={"n": i}).status_code == 200
        assert one.get(f"/api/v1/data/notes?n={i}").json()["data"] == [{"id": i, "n": i}]
    assert one.get("/api/v1/dump").content == other.get("/api/v1/dump").content


def test_tags_of_one_server_are_those_of_the_other(clients):
    one, other = clients
    one.put("/api/v1/data/tagged/1?upsert=true", json={"n": 1})
    for path in ("/api/v1/data/users/2", "/api/v1/join/users/tagged/id", "/api/v1/data/users"):
        tag = one.get(path).headers["etag"]
        assert other.get(path, headers={"If-None-Match": tag}).status_code == 304, path
    other.put("/api/v1/data/users/2", json={"name": "G."})
    assert one.get("/api/v1/data/users", headers={"If-None-Match": tag}).status_code == 200


def test_definitions_batches_loads_and_drops_are_everywhere(clients):
    one, other = clients
    definition = {"unique": ["email"], "schema": {"type": "object", "required": ["email"]}}
    assert one.put("/api/v1/tables/people", json=definition).status_code == 201
    assert other.post("/api/v1/data/people", json={"id": 1}).status_code == 422
    assert other.post("/api/v1/data/people", json={"id": 1, "email": "a@b.c"}).status_code == 201
    assert one.post("/api/v1/data/people", json={"id": 2, "email": "a@b.c"}).status_code == 409
    batch = {
        "operations": [{"op": "create", "table": name, "record": {"id": 9, "email": "x"}} for name in ("people", "p")]
    }
    assert other.post("/api/v1/batch", json=batch).status_code == 200
    assert one.get("/api/v1/data/p/9").status_code == 200
    assert one.post("/api/v1/load?mode=merge", json={"p": [{"id": n} for n in range(500)]}).status_code == 200
    assert other.get("/api/v1/tables/p").json()["records"] == 500
    assert other.delete("/api/v1/tables/p").status_code == 204
    assert one.get("/api/v1/tables/p").status_code == 404


def test_a_backup_of_one_server_is_what_all_have(servers, tmp_path):
    file = tmp_path / "backup.db"
    assert run("backup", file, "--url", servers[1].url).returncode == 0
    assert run("restore", file, "--data-dir", tmp_path / "data").returncode == 0
    assert "users: 2 records" in run("check", tmp_path / "data").stdout


def test_readiness_tells_what_is_guaranteed_and_how_far_behind_it_is(clients):
    told = clients[0].get("/health/ready").json()
    assert (told["status"], told["engine"], told["behind_steps"]) == ("ok", "cluster", 0)
    assert told["guarantees"] == {
        "is_durable": True,
        "is_shared": True,
        "acknowledged_by": "primary",
        "reads": "fresh",
    }
    assert told["silent_seconds"] < 3
    assert "reason" not in told


def test_metrics_tell_of_the_nodes(clients):
    figures = dict(line.rsplit(" ", 1) for line in clients[0].get("/metrics").text.splitlines() if line[0] != "#")
    assert float(figures["ramekin_feed_steps_total"]) > 0
    assert float(figures["ramekin_engine_calls_total"]) > 0
    assert (figures["ramekin_feed_readings_total"], figures["ramekin_feed_behind_steps"]) == ("1.0", "0.0")


def test_a_server_without_nodes_serves_nothing_new_and_says_why_until_they_are_back():
    with running() as [node]:
        server = Server("serve", "--engine", f"valkey://{node.address}", "--reads", "local")
        with server.client() as client:
            client.post("/api/v1/data/t", json={"id": 1})
            node.process.send_signal(signal.SIGSTOP)
            refusal = client.post("/api/v1/data/t", json={"id": 2})
            assert refusal.status_code == 503
            assert refusal.headers["retry-after"]
            assert refusal.json()["code"] in ("unavailable", "outcome-unknown")
            assert client.get("/api/v1/data/t/1").status_code == 200, "local reads go on"
            told = client.get("/health/ready")
            assert (told.status_code, told.json()["reason"]) == (503, "the nodes do not answer")
            node.process.send_signal(signal.SIGCONT)
            end_s = time.monotonic() + 20
            while client.get("/health/ready").status_code != 200:
                assert time.monotonic() < end_s
                time.sleep(0.05)
            assert client.put("/api/v1/data/t/2?upsert=true", json={}).status_code in (200, 201)
        assert server.stop() == 0


@pytest.mark.parametrize("more", [("--dev",), ("--workers", "2")])
def test_a_server_without_nodes_tells_of_itself(more):
    """Its figures are asked for when the nodes are gone, and no node knows them."""
    with running() as [node]:
        server = Server("serve", "--engine", f"valkey://{node.address}", *more)
        with server.client() as client:
            client.post("/api/v1/data/t", json={"id": 1})
            node.process.send_signal(signal.SIGSTOP)
            figures = client.get("/metrics")
            assert figures.status_code == 200
            assert "\nramekin_records" in figures.text
            if "--dev" in more:
                assert client.put("/api/v1/faults", json={"rules": []}).status_code == 200
                assert client.get("/api/v1/faults").json() == {"rules": []}
                assert client.delete("/api/v1/faults").status_code == 204
            assert client.get("/api/v1/data/t/1").status_code == 503, "a record is read anew"
            node.process.send_signal(signal.SIGCONT)
        assert server.stop() == 0


@pytest.mark.long
def test_a_write_on_its_way_to_a_node_that_stops_is_told_as_unknown_in_time():
    with running() as [node]:
        server = Server("serve", "--engine", f"valkey://{node.address}", "--reads", "local")
        with server.client() as client:
            assert client.post("/api/v1/data/t", json={"id": 1, "v": 1}).status_code == 201
            node.process.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            try:
                answer = client.patch("/api/v1/data/t/1", json={"v": 2}, timeout=20)
            finally:
                node.process.send_signal(signal.SIGCONT)
            assert time.monotonic() - began < IN_TIME_S
            assert (answer.status_code, answer.json()["code"]) == (503, "outcome-unknown")
            assert int(answer.headers["Retry-After"]) > 0
            assert "disk" not in answer.json()["detail"]
            for _ in range(50):
                if client.patch("/api/v1/data/t/2", json={}).status_code == 404:
                    break
                time.sleep(0.1)
            assert client.get("/api/v1/data/t/1").json()["v"] in (1, 2)
            assert client.patch("/api/v1/data/t/1", json={"v": 3}).status_code == 200
            assert client.get("/api/v1/data/t/1").json()["v"] == 3
        assert server.stop() == 0


# What is refused at the start


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--engine", "valkey://127.0.0.1:1"], ["No node answers: 127.0.0.1:1"]),
        (["--engine", "valkey://anna:geheim@127.0.0.1:1"], ["No node answers: 127.0.0.1:1"]),
        (["--engine", "http://geheim"], ["--engine", "valkey://"]),
        (["--engine", "valkey://a:geheim@h", "--engine-password", "geheim"], ["--engine", "two passwords"]),
        (["--engine", "valkey://a:geheim@[::1"], ["--engine", "such as valkey://"]),
        (["--engine", "valkey://a:geheim\u2100@h"], ["--engine", "such as valkey://"]),
        (["--engine", "valkeys://h?ca=/none"], ["--engine", "'ca'"]),
        (["--engine", "valkey://h", "--data-dir", "d"], ["--engine", "--data-dir", "one of them"]),
        (["--engine", "valkey://h", "--database", "a b"], ["--database", "letters"]),
        (["--engine", "valkey://h", "--ack", "all"], ["--ack", "auto, primary, replicas"]),
        (["--database", "main"], ["--database", "give --engine too"]),
        (["--engine-password", "geheim"], ["--engine-password", "give --engine too"]),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(options, words):
    done = run("serve", "--port", 0, *options)
    refused(done, *words)
    assert "geheim" not in done.stdout + done.stderr
    assert "anna" not in done.stdout + done.stderr


def test_a_wrong_password_is_one_line_and_a_right_one_lets_in(tmp_path):
    with running(requirepass="geheim") as [node]:
        url = f"valkey://{node.address}"
        refused(run("serve", "--port", 0, "--engine", url), "a password is needed", "RAMEKIN_ENGINE_PASSWORD")
        done = run("serve", "--port", 0, "--engine", url, environment={"RAMEKIN_ENGINE_PASSWORD": "falsch"})
        refused(done, "the user or the password is wrong")
        server = Server("serve", "--engine", url, environment={"RAMEKIN_ENGINE_PASSWORD": "geheim"})
        server.process.terminate()
        said = "".join(server.process.communicate(timeout=30))
        assert server.process.returncode == 0
        assert "geheim" not in server.greeting + said + done.stdout + done.stderr


def test_what_is_no_record_is_one_line(node):
    database = secrets.token_hex(8)
    node.ask("HSET", f"{{ramekin:{database}}}births", "k", "1:0 0")
    node.ask("HSET", f"{{ramekin:{database}}}records:k", "evil", "not json")
    done = run("serve", "--port", 0, "--engine", f"valkey://{node.address}", "--database", database)
    refused(done, "records:k holds under 'evil' what is no record")


def test_nodes_that_speak_no_tls_are_one_line(node):
    done = run("serve", "--port", 0, "--engine", f"valkeys://{node.address}")
    refused(done, f"No node answers: {node.address}")
