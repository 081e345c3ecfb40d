"""Clients that others generate from the OpenAPI document, used against a running server.

`make setup` installs what they need below `.venv/clients`; without it these tests are skipped, and fail where CI=true.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Server

HERE = Path(__file__).parent
HOME = Path(sys.prefix) / "clients"
PYTHON, NODE = HOME / "python" / "bin", HOME / "node" / "node_modules"
pytestmark = pytest.mark.long

MODELS = ("ramekin.samples.models:User,Order", "tests.odd_models:Tree,Page,Letter,Problem,Record,Table,Count,Query")
"""The samples, and models whose classes are called as things here, or like each other, or hold themselves."""


@pytest.fixture
def server():
    server = Server("serve", *[f"--models={module}" for module in MODELS])
    yield server
    server.stop()


@pytest.fixture
def document(server, tmp_path):
    with server.client() as client:
        path = tmp_path / "openapi.json"
        path.write_bytes(client.get("/openapi.json").content)
        return path


def needed(path, package):
    if path.exists():
        return path
    reason = f"the generator is not installed: `make setup` does it, with {package}"
    assert os.environ.get("CI") != "true", reason
    pytest.skip(reason)


def run(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_openapi_python_client(server, document, tmp_path):
    generator = needed(PYTHON / "openapi-python-client", "pip")
    said = run(
        generator, "generate", "--path", document, "--output-path", tmp_path / "made", "--meta", "none", folder=tmp_path
    )
    unread = re.findall(r"^(?:WARNING|ERROR|Attempted|Cannot|Unsupported).*", said, re.MULTILINE)
    assert [
        line for line in unread if not re.search(r"WARNING parsing POST|application/x-ndjson|text/csv|sqlite3", line)
    ] == []
    shutil.copy(HERE / "calls.py", tmp_path)
    told = json.loads(run(PYTHON / "python", "calls.py", server.url, folder=tmp_path))
    assert told == {
        "created": "Ada",
        "bulk": ["bo", "cy"],
        "minimal": 2,
        "select": {"full_name": "Ada"},
        "list": [["bo", "bo", "bo"], True, 4, 3],
        "rest": ["cy"],
        "put": 36,
        "problem": [412, "precondition-failed"],
        "patch": ["Ada Lovelace", None],
        "join": ["users.id = orders.user_id", 1],
        "typed": [["Ada Lovelace", 2]],
        "query": [{"age": 30, "n": 4}, {"age": None, "n": 1}],
        "batch": [[201, "t"], [204, "t"]],
        "free": ["Rex", 1],
        "tree": "c",
        "delete": 204,
    }


def test_openapi_typescript_and_openapi_fetch(server, document, tmp_path):
    needed(NODE / "typescript", "npm")
    node = shutil.which("node")
    (tmp_path / "node_modules").symlink_to(NODE)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    source = (HERE / "calls.ts").read_text()
    assert not re.search(r"\bas (?!const)|<any>|: any\b|@ts-|[\w)\]]!", re.sub(r"//.*", "", source)), "a cast"
    (tmp_path / "calls.ts").write_text(source)
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT, "files": ["calls.ts"]}))
    run(node, NODE / "openapi-typescript" / "bin" / "cli.js", document, "-o", "schema.d.ts", folder=tmp_path)
    run(node, NODE / "typescript" / "bin" / "tsc", "--project", ".", folder=tmp_path)
    assert json.loads(run(node, "calls.js", server.url, folder=tmp_path)) == {
        "created": "ADA",
        "bulk": ["Bo", "Cy"],
        "get": "ada@example.com",
        "select": ["Ada", None],
        "list": [["Bo"], None, 1, 1],
        "put": 36,
        "patch": ["Ada Lovelace", None],
        "join": ["users.id = orders.user_id", 3],
        "typed": [["Ada Lovelace", 2]],
        "query": [2],
        "batch": [[201, "t", 5], [200, "t", 6], [204, "t", None]],
        "delete": 204,
        "error": ["record-not-found", 404],
        "order": True,
        "free": ["Rex"],
        "same": True,
    }


STRICT = {
    "strict": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2022", "dom"],
    "types": [],
    "exactOptionalPropertyTypes": True,
}
