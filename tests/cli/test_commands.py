"""The command line, as a user runs it: a process, its exit code, and what it prints."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from ramekin.cli import main as command_line
from ramekin.settings import SETTINGS
from tests.conftest import Server
from tests.ports import free_port
from tests.programs import read_terminal


def run(*arguments, environment=None, stdin=None, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "ramekin", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
        input=stdin,
        cwd=cwd,
        check=False,
    )


def refused(done, *words):
    """Check that a command was refused in one line, with exit code 2."""
    assert done.returncode == 2, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("ramekin: ")
    for word in words:
        assert word in line, line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--data-dir", ""], "--data-dir is empty"),
        (["serve", "--data-dir="], "--data-dir is empty"),
        (["serve", "--port", "0", "--keys-file", " "], "--keys-file is empty"),
        (["serve", ""], "an argument is empty"),
        (["dump", "-o", ""], "-o is empty"),
        (["dump", ""], "an argument is empty"),
        (["load", "a.json", "--url", ""], "--url is empty"),
        (["repair", "data", "--to", "\t"], "--to is empty"),
        (["restore", "a.db", "--data-dir", ""], "--data-dir is empty"),
        (["key", "create", "a", "--role", "read", "--tables", ""], "--tables is empty"),
    ],
)
def test_what_a_variable_that_is_not_set_leaves_is_refused_in_every_command(arguments, told, monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["ramekin", *arguments])
    with pytest.raises(SystemExit, match="2"):
        command_line.run()
    assert capfd.readouterr().err == f"ramekin: {told}; give it a value or leave it out\n"


@pytest.fixture
def server():
    server = Server("serve")
    yield server
    assert server.stop() == 0


def test_version_is_right():
    from ramekin import __version__

    assert run("--version").stdout == f"ramekin {__version__}\n"


def test_the_version_needs_no_database():
    asked = "import sys, ramekin.cli.main as main\ntry: main.app(['--version'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert {"ramekin", "ramekin.version", "typer"} <= loaded
    assert not loaded & {"ramekin.database", "pydantic", "fastapi", "jsonschema_rs", "uvicorn", "asyncio"}


def test_help_names_every_command_and_setting():
    text = run("--help").stdout
    assert all(command in text for command in ("serve", "demo", "load", "dump", "health"))
    text = run("serve", "--help", environment={"COLUMNS": "200"}).stdout
    for setting in SETTINGS:
        assert f"--{setting.replace('_', '-')}" in text


def test_help_tells_the_defaults_of_its_own_command():
    for command, port, origins in (("serve", "8000", False), ("json-server", "3000", True)):
        text = " ".join(run(command, "--help", environment={"COLUMNS": "300"}).stdout.split("\n"))
        said = {words.split()[0]: words for words in text.split("--")[1:] if words.split()}
        assert f"[default: {port}]" in said["port"]
        assert ("[default: *]" in said["cors-origin"]) is origins


def test_serve_tells_where_it_is_and_ends_well(server):
    assert "in memory only" in server.greeting
    told = [server.process.stdout.readline().strip() for _ in range(4)]
    assert told[2:] == [f"Console: {server.url}/", f"Documentation: {server.url}/docs"]
    with server.client() as client:
        assert client.get("/health/ready").status_code == 200
        assert client.get("/api/v1/tables").json() == {"tables": []}
    assert run("health", "--url", server.url).returncode == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish_and_exits_0(sign):
    server = Server("serve")
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
        connection.sendall(
            b"POST /api/v1/data/t HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 8\r\n"
            b"expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"  # so the request is under way
        server.process.send_signal(sign)
        time.sleep(0.3)
        connection.sendall(b'{"id":1}')
        assert connection.recv(4096).startswith(b"HTTP/1.1 201")
    assert server.stop() == 0


def test_health_is_1_where_nothing_answers():
    done = run("health", "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (1, "not ready\n")
    assert run("health", environment={"RAMEKIN_PORT": "9"}).returncode == 1


def test_demo_serves_the_samples():
    server = Server("demo")
    try:
        with server.client() as client:
            tables = {table["name"]: table["records"] for table in client.get("/api/v1/tables").json()["tables"]}
            assert tables == {"users": 600, "orders": 6000, "shops": 40}
            assert client.get("/api/v1/join/users/orders/user_id?count=true&limit=1").json()["total"] == 6000
    finally:
        assert server.stop() == 0
    assert "curl" not in server.greeting


def test_files_become_tables(tmp_path):
    (tmp_path / "db.json").write_text('{"a": [{"id": 1}], "empty": []}')
    (tmp_path / "b.json").write_text('[{"id": 1}, {"name": "x"}]')
    (tmp_path / "c.ndjson").write_text('{"id":1}\n{"id":2}\n')
    (tmp_path / "d.csv").write_text("id,n\n1,x\n")
    server = Server("serve", *[str(tmp_path / name) for name in ("db.json", "b.json", "c.ndjson", "d.csv")])
    try:
        with server.client() as client:
            tables = {table["name"]: table["records"] for table in client.get("/api/v1/tables").json()["tables"]}
            assert tables == {"a": 1, "empty": 0, "b": 2, "c": 2, "d": 1}
            assert client.get("/api/v1/dump/d").json() == [{"id": 1, "n": "x"}]
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("db.json", '{"a": [\n{"id": 1},\n{"id": }]}', ["db.json:3:", "line 3, column 8"]),
        ("db.json", '{"a": [{"id": 1}], "a": []}', ["db.json", "twice"]),
        ("db.json", '{"a": [{"id": 1}\n,{"id": "1"}]}', ["db.json:2", "stands twice"]),
        ("db.json", "5", ["db.json", "An object of arrays"]),
        ("db.json", '{"1a": []}', ["db.json", "table's name"]),
        ("1a.json", "[]", ["1a.json", "table's name"]),
        ("a.ndjson", '{"id":1}\n\n{"id":1', ["a.ndjson:3:", "line 3"]),
        ("a.ndjson", '{"id":1}\n5', ["a.ndjson:2", "A record is a JSON object"]),
        ("a.csv", "id,n\n1,2\n3\n", ["a.csv", "line 3"]),
        ("a.txt", "x", ["a.txt", ".json"]),
        ("users.json", '[\n{"email": "x"}]', ["users.json:2", "/users/0/email"]),
        (None, None, ["none.json", "no such file"]),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(tmp_path, file, text, words):
    path = tmp_path / (file or "none.json")
    if file:
        path.write_text(text)
    refused(run("serve", "--port", 0, "--models", "ramekin.samples.models", path), *words)


def test_a_port_that_is_taken_says_what_to_do(server):
    refused(run("serve", "--port", server.url.rpartition(":")[2]), "address already in use", "--port")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--workers", 2], ["--workers", "one process"]),
        (["serve", "--port", 0, "--rate-limit", "many"], ["--rate-limit", "1000/second"]),
        (["serve", "--models", "no.such.module"], ["--models", "no module 'no'"]),
        (["serve", "--models", "json"], ["--models", "no Pydantic model"]),
        (["serve", "--port", 70000], ["--port", "65535"]),
        (["serve", "--log-format", "xml"], ["--log-format", "auto, json, text"]),
        (["serve", "--port", 0, "--rate-limit", "0/second"], ["--rate-limit", "1000/second"]),
        (["load", "none.json"], ["none.json"]),
        (["dump", "--url", "http://127.0.0.1:9"], ["No answer", "127.0.0.1:9"]),
        (["dump", "--url", "nonsense"], ["nonsense"]),
        (["health", "--url", "htp:/x"], ["--url", "htp:/x"]),
        (["dump", "--url", "http://127.0.0.1:99999"], ["--url", "127.0.0.1:99999"]),
        (["dump", "--url", "http://[::1"], ["--url", "[::1"]),
        (["dump", "--url", "http://a b"], ["--url", "a b"]),
        (["dump", "--url", f"http://{'a' * 70}.b"], ["--url"]),
        (["changes", "pets"], ["--since", "--follow"]),
        (["dump", "--api-key", "k€y"], ["--api-key", "visible"]),
        (["dump", "--format", "xml"], ["--format"]),
        (["serve", "--delay", "200ms"], ["--delay", "--dev"]),
        (["demo", "--delay", "200ms"], ["--delay", "--dev"]),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(arguments, words):
    refused(run(*arguments), *words)


def test_settings_are_read_from_the_environment_and_flags_win(tmp_path):
    environment = {"RAMEKIN_RATE_LIMIT": "5/minute", "RAMEKIN_API_KEY": "one, two", "RAMEKIN_MAX_PAGE_ROWS": "7"}
    elsewhere = {"RAMEKIN_URL": "http://127.0.0.1:9"}  # which tells programs where to ask, and no server anything
    server = Server("serve", "--rate-limit", "9/minute", environment=environment | elsewhere)
    try:
        with server.client(headers={"authorization": "Bearer two"}) as client:
            answer = client.get("/api/v1/tables")
            assert answer.headers["ratelimit-policy"] == '"default";q=9;w=60'
            assert client.post("/api/v1/data/t", json={}).status_code == 201
            assert "at most 7" in client.get("/api/v1/data/t?limit=8").json()["detail"]
        with server.client() as client:
            assert client.get("/api/v1/tables").status_code == 401
        assert run("dump", "--url", server.url, environment=environment | elsewhere).returncode == 0
        assert run("dump", environment=environment | {"RAMEKIN_URL": server.url}).returncode == 0
        refused(run("dump", "--url", server.url), "refused (unauthorized)")
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RAMEKIN_PROT", "1", ["RAMEKIN_PROT", "RAMEKIN_PORT"]),
        ("RAMEKIN_ULR", "1", ["RAMEKIN_ULR", "RAMEKIN_URL"]),
        ("RAMEKIN_PORT", "x", ["RAMEKIN_PORT", "65535"]),
        ("RAMEKIN_DOCS", "maybe", ["RAMEKIN_DOCS", "true or false"]),
    ],
)
def test_a_variable_that_is_not_understood_is_told(variable, value, words):
    refused(run("serve", environment={variable: value}), *words)


def test_of_two_servers_that_start_on_one_port_one_is_refused(tmp_path):
    (tmp_path / "a.ndjson").write_text('{"n":1}\n' * 100_000)
    port = free_port()
    command = [sys.executable, "-m", "ramekin", "serve", str(tmp_path / "a.ndjson"), "--port", str(port)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        deadline = time.monotonic() + 30
        while all(process.poll() is None for process in both) and time.monotonic() < deadline:
            time.sleep(0.01)
        [refused_one] = [process for process in both if process.poll() is not None]
        [serving] = [process for process in both if process is not refused_one]
        assert (refused_one.returncode, refused_one.stdout.read()) == (2, "")
        assert "already in use" in refused_one.stderr.read()
        assert f":{port} " in serving.stdout.readline()
        assert run("health", environment={"RAMEKIN_PORT": str(port)}).returncode == 0
    finally:
        for process in both:
            process.terminate()
            process.communicate(timeout=30)


def test_a_server_that_was_killed_with_its_connections_is_started_again_at_once(tmp_path):
    arguments = ["serve", "--data-dir", str(tmp_path / "data")]
    port = free_port()
    first = Server(*arguments, port=port)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    for client in clients:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    first.process.kill()
    first.process.communicate(timeout=30)
    command = [sys.executable, "-m", "ramekin", *arguments, "--port", str(port)]
    again = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert f":{port} " in again.stdout.readline()
        assert run("health", environment={"RAMEKIN_PORT": str(port)}).returncode == 0
    finally:
        again.terminate()
        _, said = again.communicate(timeout=30)
        for client in clients:
            client.close()
    assert again.returncode == 0, said


@pytest.mark.parametrize("environment", [{"RAMEKIN_HOST": ""}, {"RAMEKIN_HOST": " ", "RAMEKIN_DATA_DIR": ""}])
def test_an_empty_variable_neither_opens_the_server_nor_fills_a_folder(environment, tmp_path):
    server = Server("serve", environment=environment, cwd=tmp_path)
    try:
        assert server.url.startswith("http://127.0.0.1:")
        assert "in memory only" in server.greeting
        assert list(tmp_path.iterdir()) == []
    finally:
        assert server.stop() == 0


def test_a_server_for_everybody_asks_for_a_key_or_a_word():
    refused(run("serve", "--host", "0.0.0.0", "--port", 0), "--api-key", "--insecure")
    refused(run("demo", environment={"RAMEKIN_HOST": "0.0.0.0", "RAMEKIN_PORT": "0"}), "--api-key", "--insecure")
    server = Server("serve", "--host", "0.0.0.0", "--insecure")
    assert server.stop() == 0


def test_links_of_a_service_named_ramekin_are_told_and_ignored():
    links = {"RAMEKIN_PORT": "tcp://10.0.0.1:8000", "RAMEKIN_SERVICE_HOST": "10.0.0.1"}
    server = Server("serve", "--log-format", "json", environment=links)
    server.process.terminate()
    _, log = server.process.communicate(timeout=30)
    [line] = [json.loads(line) for line in log.splitlines() if "service_links" in line]
    assert line["variables"] == sorted(links)


def test_load_and_dump_go_through_a_running_server(server, tmp_path):
    (tmp_path / "db.json").write_text('{"a": [{"id": 1, "n": 1.5}], "b": []}')
    (tmp_path / "c.csv").write_text("id,n\n1,x\n")
    done = run("load", tmp_path / "db.json", tmp_path / "c.csv", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "a: 1\nb: 0\nc: 1\n")
    done = run("dump", "--url", server.url)
    assert json.loads(done.stdout) == {"a": [{"id": 1, "n": 1.5}], "b": [], "c": [{"id": 1, "n": "x"}]}
    assert run("dump", "a", "--format", "csv", "--url", server.url).stdout == "id,n\n1,1.5\n"
    assert run("dump", "a", "-o", tmp_path / "out.json", "--url", server.url).returncode == 0
    assert (tmp_path / "out.json").read_text() == '[{"id":1,"n":1.5}]'
    refused(run("dump", "none", "--url", server.url), "refused (unknown-table)", "no table")
    assert run("load", tmp_path / "c.csv", "--mode", "replace", "--url", server.url).stdout == "c: 1\n"
    assert run("load", tmp_path / "c.csv", "--ttl", "60", "--url", server.url).stdout == "c: 1\n"
    with server.client() as client:
        assert client.get("/api/v1/tables/c").json()["expiring"] == 1
    assert "'ttl'" in run("load", tmp_path / "c.csv", "--ttl", "0", "--url", server.url).stderr
    assert json.loads(run("dump", "--url", server.url).stdout) == {"c": [{"id": 1, "n": "x"}]}


def test_what_is_piped_in_is_loaded_as_the_file_that_it_is_named_after(server):
    done = run("load", "--stdin", "piped.ndjson", "--url", server.url, stdin='{"id": 1}\n{"id": 2}\n')
    assert (done.returncode, done.stdout) == (0, "piped: 2\n")
    done = run("load", "--stdin", "piped.csv", "--url", server.url, stdin="id,n\n3,a\n4\n")
    assert done.returncode == 2
    assert "piped.csv:3: " in done.stderr
    assert run("dump", "piped", "--format", "ndjson", "--url", server.url).stdout == '{"id":1}\n{"id":2}\n'
    assert run("dump", "piped", "-o", "-", "--url", server.url).stdout == '[{"id":1},{"id":2}]'
    refused(run("load", "--stdin", "piped", "--url", server.url), "piped", "must end in .json")
    for wrong in ([], ["-"]):
        refused(run("load", *wrong, "--url", server.url), "--stdin NAME")
    refused(run("dump", "--format", "csv", "--url", server.url), "of one table", "ramekin dump TABLE")


def test_changes_are_told_line_by_line(server):
    with server.client() as client:
        latest = client.get("/api/v1/changes").json()["latest"]
        told = [
            client.put(f"/api/v1/data/{table}/1?upsert=true", json={"n": 1.5}).json() for table in ("pets", "homes")
        ]
        client.delete("/api/v1/data/pets/1")
    done = run("changes", "--since", latest, "--url", server.url)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    with server.client() as client:
        assert client.get(f"/api/v1/changes?since={latest}").json()["data"] == lines
    assert [(line["table"], line["op"], line["record"]) for line in lines] == [
        ("pets", "create", told[0]),
        ("homes", "create", told[1]),
        ("pets", "delete", None),
    ]
    chosen = run("changes", "pets", "--since", latest, "--where", '{"n": 1}', "--url", server.url)
    assert (chosen.returncode, chosen.stdout, chosen.stderr) == (0, "", "")
    misspelt = run("changes", "homes", "--since", latest, "--where", '{"m": 1}', "--url", server.url)
    assert (misspelt.returncode, misspelt.stdout) == (0, "")
    assert re.fullmatch(r"ramekin: no record in homes has the field 'm'[^\n]*\n", misspelt.stderr)
    refused(run("changes", "nosuch", "--since", latest, "--url", server.url), "refused (unknown-table)")
    refused(run("changes", "--since", "no-1", "--url", server.url), "refused (changes-gone)")
    refused(run("changes", "cats", "--follow", "--url", server.url), "refused (unknown-table)")
    command = [
        sys.executable,
        "-m",
        "ramekin",
        "changes",
        "pets",
        "-f",
        "--since",
        lines[0]["position"],
        "--url",
        server.url,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert json.loads(following.stdout.readline()) == lines[2]
        with server.client() as client:
            client.delete("/api/v1/tables/pets")
        dropped = json.loads(following.stdout.readline())
        assert (dropped["op"], dropped.keys()) == ("drop", {"position", "at", "table", "op"})
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 130


def test_a_server_that_is_not_there_is_not_taken_for_a_quiet_one():
    for asked in (["--follow"], ["--follow", "--since", "a-1"], ["--since", "a-1"]):
        refused(run("changes", *asked, "--url", "http://127.0.0.1:9"), "No answer from http://127.0.0.1:9")


def test_no_proxy_stands_between_a_command_and_its_server(server):
    done = run("dump", "--url", server.url, environment={"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""})
    assert (done.returncode, done.stdout) == (0, "{}")


def test_a_load_that_is_wrong_changes_nothing(server, tmp_path):
    (tmp_path / "a.ndjson").write_text('{"id":1}\n' * 3 + "{")
    (tmp_path / "b.ndjson").write_text('{"id":1}\n{"id":1}\n')
    refused(run("load", tmp_path / "a.ndjson", "--url", server.url), "a.ndjson", "line 4")
    refused(run("load", tmp_path / "b.ndjson", "--url", server.url), "refused (duplicate-id)", "/b/1/id")
    with server.client() as client:
        assert client.get("/api/v1/tables").json() == {"tables": []}


def test_a_record_is_never_in_the_log_and_the_request_id_is():
    server = Server("serve", "--access-log", "--log-format", "json")
    with server.client() as client:
        client.post("/api/v1/data/t", json={"id": 1, "secret": "s3cr3t"}, headers={"x-request-id": "mine"})
    server.process.terminate()
    _, log = server.process.communicate(timeout=30)
    [line] = [line for each in log.splitlines() if (line := json.loads(each))["event"] == "request"]
    assert (line["request_id"], line["method"], line["path"], line["status"]) == ("mine", "POST", "/api/v1/data/t", 201)
    assert "s3cr3t" not in log


def test_a_terminal_shows_a_progress_bar(server, tmp_path):
    (tmp_path / "a.ndjson").write_text("".join(f'{{"id":{i},"x":"{"x" * 500}"}}\n' for i in range(2000)))
    command = [sys.executable, "-m", "ramekin", "load", str(tmp_path / "a.ndjson"), "--url", server.url]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = read_terminal(ours)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "a: 2,000\n")
    assert "Loading" in shown
    assert "MB" in shown or "kB" in shown


def test_a_dump_that_cannot_be_written_says_where(server, tmp_path):
    refused(run("dump", "-o", tmp_path / "none" / "x.json", "--url", server.url), "x.json", "no such file")


def test_files_of_one_table_are_loaded_together_where_they_stand_together(server, tmp_path):
    (tmp_path / "a.ndjson").write_text('{"id":1}')
    (tmp_path / "a.csv").write_text("id\n2\n")
    (tmp_path / "b.csv").write_text("id\n3\n")
    files = {name: tmp_path / name for name in ("a.ndjson", "a.csv", "b.csv")}
    assert run("load", files["a.ndjson"], files["a.csv"], "--url", server.url).stdout == "a: 2\n"
    apart = run("load", files["a.ndjson"], files["b.csv"], files["a.csv"], "--url", server.url)
    refused(apart, "'a' is in two files")


def test_a_module_that_fails_is_told(tmp_path):
    (tmp_path / "broken_models.py").write_text("1 / 0")
    refused(run("serve", "--models", "broken_models", cwd=tmp_path), "importing 'broken_models' failed")
    (tmp_path / "twins.py").write_text(
        "from pydantic import BaseModel\nclass A(BaseModel):\n    id: str\nclass B(BaseModel):\n    __table__ = 'as'\n    id: str\n"
    )
    refused(run("serve", "--models", "twins", cwd=tmp_path), "both name the table 'as'")


def test_an_answer_that_is_not_ours_is_told(tmp_path):
    import http.server
    import threading

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    other = http.server.HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=other.serve_forever)
    thread.start()
    try:
        refused(run("dump", "--url", f"http://127.0.0.1:{other.server_port}"), "status 404")
    finally:
        other.shutdown()
        thread.join()
        other.server_close()


def test_nothing_answers_until_all_is_loaded(tmp_path):
    (tmp_path / "a.ndjson").write_text('{"n":1}\n' * 50_000)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "ramekin", "serve", str(tmp_path / "a.ndjson"), "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        waited = 0
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                assert process.poll() is None
                waited += 1
                time.sleep(0.02)
        assert waited
        assert run("health", "--url", f"http://127.0.0.1:{port}").stdout.strip() == "ready"
        assert "a (50,000)" in process.stdout.readline() + process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_an_ipv6_address_is_served():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback on this machine")
    server = Server("serve", "--host", "::1")
    try:
        assert server.url.startswith("http://[::1]:")
        with server.client() as client:
            assert client.get("/health").status_code == 200
    finally:
        assert server.stop() == 0
