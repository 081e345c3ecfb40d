"""json-server itself beside ours, and react-admin's data providers, used against a running server.

`make setup` installs what they need below `.venv/clients`; without it these tests are skipped, and fail where CI=true.
"""

import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.api.test_json_server import short
from tests.clients.test_generated import NODE, needed, run
from tests.conftest import Server
from tests.data.json_server_cases import ALIKE, FILE, MENDED, OLDER

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "json-server.md"
pytestmark = pytest.mark.long


@pytest.fixture
def folder(tmp_path):
    needed(NODE / "json-server", "npm")
    (tmp_path / "node_modules").symlink_to(NODE)
    for name in ("json_server.mjs", "react_admin.mjs"):
        shutil.copy(HERE / name, tmp_path)
    [provider] = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "provider.mjs").write_text(provider)
    return tmp_path


@contextmanager
def json_server(folder, version, content):
    """Give a client of json-server itself."""
    (folder / "db.json").write_text(json.dumps(content))
    command = [shutil.which("node"), "json_server.mjs", version, "db.json"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.kill()
        process.communicate()


def test_json_server_answers_as_the_cases_say(folder):
    with json_server(folder, "1.x", FILE) as client:
        for path, status, expected in ALIKE:
            answer = client.get(quote(path, safe="/?&=:,%+[]"))
            assert (answer.status_code, short(path, answer.json())) == (status, expected), path
        for path, _, ours in MENDED:
            assert short(path, client.get(quote(path, safe="/?&=:,%+[]")).json()) != ours, f"{path}: no need to mend it"


def test_the_older_json_server_answers_as_the_cases_say(folder):
    content = {name: value for name, value in FILE.items() if name != "version"}
    with json_server(folder, "0.17", content) as client:
        for path, status, expected, total in OLDER:
            answer = client.get(path)
            found = answer.status_code, short(path, answer.json()), answer.headers.get("x-total-count")
            assert found == (status, expected, total), path


WRITES = [
    ("PUT", "/posts/1", {"id": "other", "n": {"a": 1}}),
    ("PATCH", "/posts/1", {"n": {"b": 2}, "z": None}),
    ("PATCH", "/posts/none", {"a": 1}),
    ("PUT", "/profile", {"x": {"y": 1}}),
    ("PATCH", "/profile", {"x": {"z": 1}}),
    ("PUT", "/posts", {}),
    ("POST", "/profile/1", {}),
    ("POST", "/nowhere", {}),
    ("POST", "/posts", [1]),
    ("DELETE", "/authors/2", None),
    ("DELETE", "/posts/10", None),
    ("DELETE", "/profile", None),
    ("GET", "/posts", None),
    ("GET", "/comments", None),
]


def test_writes_leave_what_they_leave_in_json_server(folder):
    with json_server(folder, "1.x", FILE) as theirs:
        (folder / "ours.json").write_text(json.dumps(FILE))
        server = Server("json-server", "ours.json", cwd=folder)
        try:
            with server.client() as ours:
                for method, path, body in WRITES:
                    sent = {} if body is None else {"json": body}
                    one, other = theirs.request(method, path, **sent), ours.request(method, path, **sent)
                    assert (other.status_code, other.json()) == (one.status_code, one.json()), (method, path)
        finally:
            server.stop()


POSTS = [
    {"id": n, "title": title, "views": 10 * n, "author": {"name": name}}
    for n, (title, name) in enumerate((("one", "Ann"), ("two", "Bob"), ("three", "Ann")), 1)
]
COMMENTS = [{"id": n, "text": text, "postId": 1} for n, text in enumerate(("first", "second"), 1)]


@pytest.mark.parametrize("kind", ["json-server", "our own"])
def test_react_admin_lists_and_changes(folder, kind):
    (folder / "db.json").write_text(json.dumps({"posts": POSTS, "comments": COMMENTS}))
    server = Server("json-server", "db.json", "--dialect", "0.17", cwd=folder)
    try:
        told = json.loads(run(shutil.which("node"), "react_admin.mjs", kind, server.url, folder=folder))
    finally:
        server.stop()
    assert told.pop("asTexts", ["one", "three"]) == ["one", "three"]
    assert told.pop("unknown", 400) == 400
    assert told == {
        "all": [["one", "two", "three"], 3],
        "second": [["one"], 3],
        "filtered": [["two"], 1],
        "nested": [["one"], 1],
        "several": [["one", "three"], 2],
        "one": "two",
        "many": ["one", "three"],
        "referring": [["first"], 2],
        "referringText": [["first"], 2],
        "made": ["new", True],
        "updated": "newer",
        "updatedMany": 2,
        "deletedMany": 1,
        "left": [[1, 2], 2],
        "missing": 404,
    }
