"""The command `json-server`: a file served, followed and kept."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from ramekin import Database
from ramekin.cli.files import FileFault
from ramekin.cli.json_file import JsonFile
from ramekin.cli.json_server import read_json_server
from tests.conftest import Server

CONTENT = {
    "$schema": "./schema.json",
    "posts": [{"id": 1, "title": "a"}, {"id": "2", "title": "b", "tags": []}],
    "profile": {"name": "x"},
    "comments": [],
}


@contextmanager
def serving(folder, *options, content=CONTENT):
    path = folder / "db.json"
    if content is not None:
        path.write_text(json.dumps(content))
    server = Server("json-server", "db.json", *options, cwd=folder)
    try:
        with server.client() as client:
            yield path, client, server
    finally:
        assert server.stop() == 0


def until(holds):
    """Wait until something holds, for ten seconds at the most."""
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def refused(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-m", "ramekin", "json-server", *arguments, "--port", "0"],
        capture_output=True, text=True, cwd=cwd, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_reset_returns_to_what_others_wrote_and_saves_nothing_over_it(tmp_path):
    with serving(tmp_path, "--save", "--watch", "--dev") as (path, client, _):
        client.post("/api/v1/checkpoint")
        path.write_text(json.dumps({"posts": [{"id": "7", "title": "by hand"}]}))
        until(lambda: client.get("/posts/7").status_code == 200)
        client.post("/posts", json={"title": "by a test"})
        until(lambda: "by a test" in path.read_text())
        assert client.post("/api/v1/reset").status_code == 204
        until(lambda: "by a test" not in path.read_text())
        assert json.loads(path.read_text()) == {"posts": [{"id": "7", "title": "by hand"}]}


def test_what_is_written_is_saved_and_what_others_write_is_read(tmp_path):
    with serving(tmp_path, "--save", "--watch") as (path, client, _):
        path.chmod(0o640)
        made = client.post("/posts", json={"title": "née"}).json()
        client.patch("/profile", json={"age": 3})
        until(lambda: json.loads(path.read_text())["profile"] == {"name": "x", "age": 3})
        saved = json.loads(path.read_text())
        assert list(saved) == ["$schema", "posts", "profile", "comments"]
        assert saved["posts"] == [{"id": "1", "title": "a"}, {"id": "2", "title": "b", "tags": []}, made]
        assert path.stat().st_mode & 0o777 == 0o640
        assert [each.name for each in tmp_path.iterdir()] == ["db.json"]
        assert path.read_text().startswith('{\n  "$schema": "./schema.json",\n  "posts": [\n    {\n      "id": "1",')

        path.write_text(json.dumps({"cats": [{"id": 7}]}))
        until(lambda: client.get("/cats").json() == [{"id": "7"}])
        assert client.get("/posts").status_code == 404

        path.write_text('{"cats": [')  # as an editor that has not finished
        time.sleep(0.6)
        assert client.get("/cats").json() == [{"id": "7"}]
        path.write_text(json.dumps({"cats": [{"id": 8}]}))
        until(lambda: client.get("/cats").json() == [{"id": "8"}])
        client.post("/cats", json={"last": True})
    assert json.loads(path.read_text())["cats"][-1]["last"] is True


def test_a_file_that_others_changed_is_not_overwritten(tmp_path):
    with serving(tmp_path, "--save") as (path, client, server):
        path.write_text('{"mine": []}')
        client.delete("/posts/1")
        time.sleep(0.8)
        assert path.read_text() == '{"mine": []}'
        assert client.get("/mine").status_code == 404
        server.process.terminate()
        assert "others have changed it" in server.process.stderr.read()
    assert path.read_text() == '{"mine": []}'


def test_a_file_that_cannot_be_read_is_not_overwritten_either(tmp_path):
    with serving(tmp_path, "--save", "--watch") as (path, client, server):
        for text in ("", '{"posts": [{"id": 1, "title": "by hand"},]}', '{"posts": [{"id": 1}, {"id": 1}]}'):
            path.write_text(text)
            time.sleep(0.6)
            client.post("/posts", json={"title": "by a page"})
            time.sleep(0.8)
            assert path.read_text() == text
            assert client.get("/posts").json()[-1]["title"] == "by a page"
        path.write_text('{"posts": []}')
        until(lambda: client.get("/posts").json() == [])
        client.post("/posts", json={"title": "saved again"})
        until(lambda: "saved again" in path.read_text())
        server.process.terminate()
        log = server.process.stderr.read()
        assert log.count("what was not saved") == 1
        assert "others have changed it" in log


def test_what_others_put_among_the_objects_is_saved_as_json(tmp_path):
    with serving(tmp_path, "--save", "--dialect", "0.17", content={"posts": [{"id": 7}]}) as (path, client, _):
        for record in ({"id": 5, "x": 1}, {"id": "posts", "value": 1}, {"id": "$schema", "value": 1}):
            assert client.post("/api/v1/data/_objects", json=record).status_code == 201
        until(lambda: "5" in json.loads(path.read_text()))
        assert json.loads(path.read_text()) == {"posts": [{"id": 7}], "5": {"x": 1}, "$schema": 1}
        assert client.get("/db").json() == {"posts": [{"id": 7}], "5": {"x": 1}, "$schema": 1}
        assert client.get("/posts").json() == [{"id": 7}]
        assert client.get("/5").json() == {"x": 1}


def test_without_a_word_the_file_stays_as_it_is(tmp_path):
    with serving(tmp_path) as (path, client, _):
        client.delete("/posts/1")
        path.write_text("{}")
        time.sleep(0.4)
        assert client.get("/posts").json() == [{"id": "2", "title": "b", "tags": []}]
    assert path.read_text() == "{}"


def test_an_empty_file_is_an_empty_database_and_the_older_dialect_keeps_numbers(tmp_path):
    with serving(tmp_path, "--dialect", "0.17", content={"posts": [{"id": 1}]}) as (_, client, _):
        assert client.post("/posts", json={}).json() == {"id": 2}
    (tmp_path / "db.json").write_text(" \n")
    with serving(tmp_path, content=None) as (_, client, _):
        assert client.get("/").status_code == 200


def test_public_and_named_directories_are_served(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("hello")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.txt").write_text("more")
    with serving(tmp_path, "-s", "more") as (_, client, _):
        assert client.get("/").text == "hello"
        assert client.get("/x.txt").text == "more"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "db.json: an object of arrays is expected"),
        ("{", "db.json: The text is not valid JSON"),
        ('{"posts": [1]}', "db.json: A record is a JSON object. /posts/0: An object is expected."),
        ('{"posts": [{"id": 1}, {"id": "1"}]}', "db.json: An id stands twice"),
        ('{"my posts": []}', "db.json: A table's name is 1 to 63 letters, digits, '_' or '-', and begins"),
        ('{"my posts": []}', " /my posts"),
        ('{"_objects": [{"id": 1, "keep": "me"}]}', "is kept for what is no array; take another one. /_objects"),
        ('{"posts": [{}, {"id": null}]}', "db.json: An id is text"),
        ('{"posts": [{}, {"id": null}]}', " /posts/1"),
        ('{"posts": [{}, {"id": "x/y"}]}', " /posts/1"),
        ('{"posts": [{}, {"id": ""}]}', " /posts/1"),
        (f'{{"posts": [{{}}, {{"t": "{"x" * 2**20}"}}]}}', " /posts/1"),
        ('{"a": [], "a": []}', "db.json: The member 'a' is there twice"),
    ],
)
def test_a_file_that_cannot_be_served_is_told_in_one_line(tmp_path, content, said):
    (tmp_path / "db.json").write_text(content)
    server = read_json_server(tmp_path / "db.json", None, None, watch=None, save=None)
    with pytest.raises(FileFault) as fault:
        asyncio.run(server.load(Database()))
    assert str(fault.value).startswith("db.json: ")
    assert said in str(fault.value)


def test_a_file_may_hold_more_than_a_record(tmp_path):
    records = [{"id": n, "title": "t", "views": n, "more": {"a": [n]}} for n in range(26_000)]
    (tmp_path / "db.json").write_text(json.dumps({"posts": records}))
    database = Database()
    server = read_json_server(tmp_path / "db.json", None, None, watch=None, save=None)
    asyncio.run(server.load(database))
    assert len(asyncio.run(database.find("posts", limit=1)).rows) == 1
    assert database.engine.tables.table_stats("posts").records == 26_000


@pytest.mark.parametrize("content", [{"posts": [{"many": [0] * 100_000 + [[]] * 100_000}]}, {"x": [[0]] * 200_000}])
def test_each_record_of_a_file_has_its_limit(tmp_path, content):
    (tmp_path / "db.json").write_text(json.dumps(content))
    server = read_json_server(tmp_path / "db.json", None, None, watch=None, save=None)
    with pytest.raises(FileFault):
        asyncio.run(server.load(Database()))


def test_what_stops_the_start_is_one_line(tmp_path):
    (tmp_path / "db.json").write_text('{"my posts": []}')
    assert refused("db.json", cwd=tmp_path).startswith("ramekin: db.json: A table's name is ")


@pytest.fixture
def json5():
    if importlib.util.find_spec("json5") is None:
        assert os.environ.get("CI") != "true", "json5 is missing"
        pytest.skip("json5 is not installed")


def test_json5_is_read(tmp_path, json5):
    (tmp_path / "db.json5").write_text("// posts\n{posts: [{id: 1, title: 'a', views: +1,}], 'profile': {x: null}}")
    server = Server("json-server", "db.json5", "--delay", "1ms", cwd=tmp_path)
    try:
        with server.client() as client:
            assert client.get("/posts").json() == [{"id": "1", "title": "a", "views": 1}]
            assert client.get("/profile").json() == {"x": None}
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{a: [", "line 1 Unexpected end"),
        ("{a: NaN}", "number"),
        ("{a: 1, a: 2}", "Duplicate"),
        ("[" * 5000, "nested too deep"),
        ("[]", "an object of arrays is expected"),
        ("{a: '" + "x" * 2**20 + "'}", "at most 1048576 bytes"),
    ],
    ids=lambda text: text[:20],
)
def test_json5_that_cannot_be_served_is_told(tmp_path, json5, content, said):
    (tmp_path / "db.json5").write_text(content)
    with pytest.raises(FileFault) as fault:
        JsonFile(tmp_path / "db.json5").read()
    assert str(fault.value).startswith("db.json5: ")
    assert said.lower() in str(fault.value).lower()


def test_options_that_mean_nothing_are_refused(tmp_path):
    assert "nope.json: no such file" in refused("nope.json", cwd=tmp_path)
    assert "--dialect: '2' is not one of 1.x, 0.17" in refused("--dialect", "2")
    assert "--watch is about a file" in refused("--watch")
    assert "--static: nope is no directory" in refused("--static", "nope", cwd=tmp_path)
