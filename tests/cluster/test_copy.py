"""Whole tables are copied from any kind of place to any other, once, and both are shown to be equal."""

import json
import re
import secrets

import pytest

from ramekin.cli import ends
from ramekin.cli.configuration import Refused
from ramekin.cli.copy import copy
from ramekin.cli.ends import end_of
from ramekin.durability.contents import TableContents
from ramekin.durability.store import make_directory
from ramekin.schema.definition import NOTHING_DEFINED, Definition
from ramekin.settings import Settings
from tests.cli.test_commands import run
from tests.conftest import Server

USERS = {str(i): b'{"id":%d,"name":"n%d","email":"%d@b.c"}' % (i, i, i) for i in range(2_000)}
ODD = {"a": b'{"id":"a","deep":{"x":[1,2.5,null,"\xc3\xa9"]}}', "7": b'{"id":"7"}', "8": b'{"id":8}'}
UNIQUE = {"unique": ["email"], "schema": {"type": "object", "required": ["name"]}}
SETTINGS = Settings()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file with two tables, one of them large, one odd, and one empty."""
    path = tmp_path_factory.mktemp("copy") / "db.json"
    told = {"users": USERS, "odd": ODD, "empty": {}}
    parts = [b'"%s":[%s]' % (name.encode(), b",".join(bodies.values())) for name, bodies in told.items()]
    path.write_bytes(b"{" + b",".join(parts) + b"}")
    return str(path)


@pytest.fixture
def place(request, tmp_path, node):
    """Make the name of a new place of some kind."""
    servers = []

    def make(kind):
        name = secrets.token_hex(6)
        if kind == "server":
            servers.append(Server("serve"))
            return servers[-1].url
        if kind == "nodes":
            return f"valkey://{node.address}/{name}"
        return str(tmp_path / {"file": f"{name}.json", "backup": f"{name}.db", "directory": name}[kind])

    yield make
    for server in servers:
        assert server.stop() == 0


def copied(source, target, *, is_replacing=False):
    copy(source, target, SETTINGS, None, is_replacing=is_replacing)


def holds(place):
    return {name: kept.bodies for name, kept in end_of(place, SETTINGS, None).read().items()}


@pytest.mark.parametrize("other", ["server", "nodes", "directory", "backup"])
def test_tables_go_there_and_back(source, place, other, capsys):
    there, back = place(other), place("file")
    copied(source, there)
    copied(there, back)
    assert holds(back) == {"users": USERS, "odd": ODD, "empty": {}}
    digests = re.findall(r"Both hold the same: sha256 (\w{64})", capsys.readouterr().out)
    assert len(digests) == 2
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [("nodes", "server"), pytest.param("server", "directory", marks=pytest.mark.long), ("directory", "nodes")],
)
def test_what_is_said_of_tables_goes_with_them(place, one, other, capsys):
    there, further, server = place(one), place(other), Server("serve")
    with server.client() as client:
        assert client.put("/api/v1/tables/users", json=UNIQUE).status_code == 201
        client.post("/api/v1/data/users", json={"id": 1, "name": "Ada", "email": "a@b.c"})
    copied(server.url, there)
    copied(there, further)
    [kept] = end_of(further, SETTINGS, None).read().values()
    assert kept.definition.unique == ("email",)
    assert kept.definition.schema == UNIQUE["schema"]
    assert server.stop() == 0


def test_a_copy_that_was_ended_goes_on_and_writes_nothing_twice(source, place, monkeypatch, capsys):
    target, written = place("nodes"), []
    real = ends._chunks
    monkeypatch.setattr(ends, "CHUNK_RECORDS", 500)

    def ending(contents):
        for number, chunk in enumerate(real(contents)):
            if number == 2:
                raise KeyboardInterrupt
            yield chunk

    monkeypatch.setattr(ends, "_chunks", ending)
    with pytest.raises(KeyboardInterrupt):
        copied(source, target)
    before = sum(map(len, holds(target).values()))
    assert 0 < before < 2_003

    def noting(contents):
        for chunk in real(contents):
            written.append(len(chunk[1].bodies))
            yield chunk

    monkeypatch.setattr(ends, "_chunks", noting)
    copied(source, target)
    assert sum(written) == 2_003 - before
    copied(source, target)
    assert sum(written) == 2_003 - before, "all was there"
    assert "Both hold the same" in capsys.readouterr().out


def test_a_source_that_nobody_has_begun_is_refused_and_nothing_is_written(place, node, tmp_path):
    make_directory(tmp_path / "target", {"t": TableContents(NOTHING_DEFINED, {"1": b'{"id":1}'})})
    mistyped = place("nodes")
    with pytest.raises(Refused, match="is not there"):
        copied(mistyped, str(tmp_path / "target"), is_replacing=True)
    assert [*holds(str(tmp_path / "target"))] == ["t"]
    assert node.ask("KEYS", "*" + mistyped.rpartition("/")[2] + "*") == []


DUE = {
    "t": TableContents(
        NOTHING_DEFINED, {"1": b'{"id":1}', "2": b'{"id":2}', "3": b'{"id":3}'}, {"1": 4_000_000_000, "3": 5}
    )
}
"""A table whose records are due: one some time, one never, and one already."""


def test_due_times_go_between_all_that_know_them(tmp_path, place, capsys):
    make_directory(tmp_path / "source", DUE)
    nodes = place("nodes")
    copied(str(tmp_path / "source"), nodes)
    for target in ("directory", "backup.db"):
        copied(nodes, str(tmp_path / target))
        [found] = end_of(str(tmp_path / target), SETTINGS, None).read().values()
        assert (found.dues, [*found.bodies]) == ({"1": 4_000_000_000}, ["1", "2"])
    make_directory(tmp_path / "later", {"t": TableContents(NOTHING_DEFINED, DUE["t"].bodies, {"2": 4_000_000_000})})
    with pytest.raises(Refused, match=r"t \(2 records\); say --replace"):
        copied(str(tmp_path / "later"), nodes)
    copied(str(tmp_path / "later"), nodes, is_replacing=True)
    assert end_of(nodes, SETTINGS, None).read()["t"].dues == {"2": 4_000_000_000}


def test_due_times_go_to_a_server_and_back_to_within_two_seconds(tmp_path, place, capsys):
    bodies = {str(number): b'{"id":%d}' % number for number in range(50)}
    tables = {
        "some": TableContents(NOTHING_DEFINED, bodies, {str(number): 3_000_000_000 + number for number in range(30)}),
        "brief": TableContents(Definition(expire_after_s=60), bodies, {"1": 3_000_000_000}),
        "lasting": TableContents(NOTHING_DEFINED, bodies),
    }
    make_directory(tmp_path / "source", tables)
    server = place("server")
    copied(str(tmp_path / "source"), server)
    assert "due at some time are so to within 2 seconds" in capsys.readouterr().out
    copied(server, str(tmp_path / "back"))
    found = end_of(str(tmp_path / "back"), SETTINGS, None).read()
    for name, kept in tables.items():
        assert found[name].bodies == kept.bodies
        assert found[name].dues.keys() == kept.dues.keys(), "those that stay for ever do, also where others do not"
        assert all(abs(due - kept.dues[key]) <= 2 for key, due in found[name].dues.items())
    copied(str(tmp_path / "source"), server)
    copied(str(tmp_path / "back"), server)


def test_due_times_that_would_be_lost_refuse_the_copy(tmp_path, place):
    make_directory(tmp_path / "source", DUE)
    with pytest.raises(Refused, match="due at some time"):
        copied(str(tmp_path / "source"), place("file"))


def test_what_the_source_does_not_have_is_kept_unless_it_is_said(source, place, capsys):
    target = place("nodes")
    engine = ("--engine", target.rpartition("/")[0], "--database", target.rpartition("/")[2])
    server = Server("serve", *engine)
    with server.client() as client:
        client.post("/api/v1/load", json={"users": [{"id": 1, "name": "other"}], "own": [{"id": 1}, {"id": 2}]})
        with pytest.raises(Refused, match=r"users \(1 record\), own \(2 records\); say --replace"):
            copied(source, target)
        assert client.get("/api/v1/data/users/1").json()["name"] == "other"
        copied(source, target, is_replacing=True)
        assert client.get("/api/v1/tables/own").status_code == 404
        assert client.get("/api/v1/data/users/1").json()["name"] == "n1", "a server on the nodes shows what was copied"
    assert server.stop() == 0


def test_a_table_of_a_model_that_the_source_does_not_have_is_left_empty(tmp_path, capsys):
    (tmp_path / "db.json").write_text('{"things":[{"id":1}]}')
    server = Server("demo")
    copied(str(tmp_path / "db.json"), server.url, is_replacing=True)
    assert "Both hold the same" in capsys.readouterr().out
    assert {name: len(bodies) for name, bodies in holds(server.url).items()} == {
        "users": 0,
        "orders": 0,
        "shops": 0,
        "things": 1,
    }
    assert server.stop() == 0


def test_reads_and_writes_of_a_source_go_on_and_one_moment_is_copied(source, place, monkeypatch):
    there, target = place("server"), place("directory")
    copied(source, there)
    real = ends.DirectoryEnd.write

    def write(self, *arguments):
        with server_client(there) as client:
            assert client.post("/api/v1/data/users", json={"id": 99_999}).status_code == 201
            assert client.get("/api/v1/data/users/99999").status_code == 200
        real(self, *arguments)

    monkeypatch.setattr(ends.DirectoryEnd, "write", write)
    copied(there, target)
    assert holds(target)["users"] == USERS


def server_client(url):
    import httpx2

    return httpx2.Client(base_url=url, trust_env=False, verify=False, timeout=30)


def test_a_target_that_others_write_meanwhile_is_told(source, place, monkeypatch):
    target = place("file")
    monkeypatch.setattr(ends.FileEnd, "write", lambda self, *_: self._path.write_text('{"users": []}'))
    with pytest.raises(Refused, match="the target holds something else now: users"):
        copied(source, target)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("none.json", "a.csv", ["a.csv", ".json"]),
        ("none.json", "valkey://127.0.0.1:1/main", ["No node answers: 127.0.0.1:1: Connection refused"]),
        ("valkey://127.0.0.1:1/main", "a.json", ["No node answers: 127.0.0.1:1: Connection refused"]),
        ("none.json", "valkey://a:geheim@127.0.0.1:x/main", ["host:port"]),
        ("none.json", "valkey://127.0.0.1:1/a b", ["--database"]),
        ("http://127.0.0.1:9", "a.json", ["http://127.0.0.1:9"]),
        ("ftp://h", "a.json", ["valkey://"]),
    ],
)
def test_what_cannot_be_copied_is_one_line(tmp_path, source, target, words):
    source = str(tmp_path / source) if "://" not in source else source
    if source.endswith(".json"):
        (tmp_path / "none.json").write_text(json.dumps({"t": [{"id": 1}]}))
    target = str(tmp_path / target) if "://" not in target else target
    done = run("copy", source, target)
    assert done.returncode == 2, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("ramekin: ")
    for word in words:
        assert word in line
    assert "geheim" not in line


def test_a_source_that_is_not_there_is_no_empty_database(tmp_path):
    for source in ("none.json", "none.db", "none"):
        done = run("copy", tmp_path / source, tmp_path / "a.json")
        assert done.returncode == 2
        assert "is not there" in done.stderr


def test_the_command_prints_what_both_hold(source, tmp_path):
    done = run("copy", source, tmp_path / "tables")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^users: 2,000 records, sha256 \w{64}$", done.stdout, re.MULTILINE)
    assert "users: 2000 records" in run("check", tmp_path / "tables").stdout.replace(",", "")
