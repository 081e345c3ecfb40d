"""The pytest plugin, as a user's run of pytest finds it: in a process of its own, with files of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.each import first

CONFIGURED = "[pytest]\nfilterwarnings = error\nramekin_files = db.json\n"
MODELS = "\n[tool.pytest.ini_options]\nramekin_files = ['db.json']\nramekin_models = ['shop:User', 'shop:Order']\n"
SHOP = "from pydantic import BaseModel\nclass User(BaseModel):\n    id: str\n    name: str\nclass Order(BaseModel):\n    id: int\n"
DB = {"users": [{"id": "max", "name": "Max"}, {"id": "eva", "name": "Eva"}]}

TESTS = """
import threading
import pytest

seen = set()

@pytest.mark.parametrize("n", range(5))
def test_each_begins_anew(ramekin, ramekin_client, ramekin_url, n):
    users = ramekin_client.table("users")
    assert users.count() == 2
    users.delete("max")
    assert ramekin_url == ramekin.url
    seen.add(ramekin_url)

def test_each_had_a_branch_of_its_own():
    assert len(seen) == 5

def test_all_share_one_server(ramekin_server, ramekin_url):
    assert {url.partition("/b/")[0] for url in seen} == {ramekin_server.url}
    assert sum(thread.name == "ramekin" for thread in threading.enumerate()) == 1

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async(ramekin, ramekin_async_client, anyio_backend):
    users = ramekin_async_client.table("users")
    await users.create({"id": "ada"})
    assert [user["id"] async for user in users.find(sort="id")] == ["ada", "eva", "max"]
    assert ramekin.diff() == {"users": {"created": [{"id": "ada"}], "replaced": [], "deleted": []}}

def test_fails(ramekin, ramekin_client):
    ramekin_client.table("users").delete("max")
    assert ramekin.diff() == {}
"""


BY_NAME = ("-p", "ramekin.testing.plugin", "-p", "xdist")  # plugins of this environment that are left out cost a second


def run(folder, *arguments, is_found=False, **files):
    """Run pytest on files, and return its exit code and what it printed. With `is_found` it finds plugins itself."""
    for name, text in files.items():
        path = folder / name.replace("_dot_", ".")
        path.write_text(text if isinstance(text, str) else json.dumps(text))
    named = () if is_found else BY_NAME
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *arguments]
    environment = os.environ | ({} if is_found else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


def test_a_run_finds_the_fixtures_and_a_failing_assertion_says_what_became_of_records(tmp_path):
    _, printed = run(tmp_path, is_found=True, pytest_dot_ini=CONFIGURED, db_dot_json=DB, test_users_dot_py=TESTS)
    assert re.search(r"^1 failed, 8 passed", printed, re.MULTILINE), printed
    assert 'users: 1 deleted\nE           - {"id":"max","name":"Max"}' in printed
    assert "expected:\nE         nothing differs" in printed


SEEDED = """
import pytest
from pydantic import BaseModel

class User(BaseModel):
    id: int
    name: str

@pytest.fixture(scope="session")
def ramekin_models():
    return [User]

@pytest.fixture(scope="session")
def ramekin_seed():
    {seed}
"""


@pytest.mark.parametrize(
    "seed",
    first(
        1,
        [
            'return lambda c: c.table("users").create({"id": 1, "name": "Ada"})',
            'return {"users": [{"id": 1, "name": "Ada"}]}',
        ],
    ),
)
def test_a_fixture_says_what_tables_hold(tmp_path, seed):
    test = "def test_it(ramekin, ramekin_client):\n    assert ramekin_client.table('users').get(1)['name'] == 'Ada'\n    assert ramekin.diff() == {}\n"
    code, printed = run(tmp_path, conftest_dot_py=SEEDED.replace("{seed}", seed), test_it_dot_py=test)
    assert code == 0, printed


ASYNC = "\n\nasync def made(client):\n    pass\n"
ASKS = "def test_it(ramekin):\n    pass\n"


@pytest.mark.parametrize(
    "case",
    first(
        1,
        [
            ({"conftest_dot_py": SEEDED.replace("{seed}", 'return {"users": [{"id": "x"}]}')}, "ramekin_seed: "),
            (
                {"conftest_dot_py": SEEDED.replace("{seed}", 'return {"a b": [{"id": 1}]}')},
                "ramekin_seed: A table's name is 1 to 63 letters, digits, '_' or '-', and begins with a letter or '_'. /a b\n",
            ),
            ({"conftest_dot_py": SEEDED.replace("{seed}", "return made") + ASYNC}, "ramekin_seed: an async function"),
            ({"conftest_dot_py": SEEDED.replace("{seed}", "return 'db.json'")}, "ramekin_seed: records by table, or a"),
            ({"pytest_dot_ini": CONFIGURED}, "ramekin_files: db.json: no such file"),
            ({"pytest_dot_ini": "[pytest]\nramekin_models = nowhere"}, "ramekin_models: there is no module 'nowhere'"),
        ],
    ),
)
def test_what_cannot_be_loaded_is_told_by_the_name_of_the_setting(tmp_path, case):
    files, said = case
    code, printed = run(tmp_path, test_it_dot_py=ASKS, **files)
    assert code == 1
    assert f"\n{said}" in printed
    assert "Traceback" not in printed
    assert "During handling" not in printed


SETS = """
import httpx2, time

def test_one_sets_all_that_it_may(ramekin_url):
    assert httpx2.put(f"{ramekin_url}/api/v1/clock", json={"now": "2040-01-01T00:00:00Z", "is_frozen": True}).status_code == 200
    assert httpx2.put(f"{ramekin_url}/api/v1/faults", json={"rules": [{"status": 503}]}).status_code == 200

def test_the_next_knows_nothing_of_it(ramekin_url, ramekin_client):
    assert ramekin_client.table("users").get("max") == {"id": "max", "name": "Max"}
    assert httpx2.get(f"{ramekin_url}/api/v1/clock").json()["is_real"]
    assert [table["name"] for table in ramekin_client.tables()] == ["users", "orders"]
"""


def test_what_a_test_sets_of_the_server_ends_with_it_and_models_may_be_a_list(tmp_path):
    code, printed = run(tmp_path, pyproject_dot_toml=MODELS, shop_dot_py=SHOP, db_dot_json=DB, test_it_dot_py=SETS)
    assert code == 0, printed


def test_a_run_that_does_not_ask_loads_nothing(tmp_path):
    test = (
        "import sys\ndef test_it():\n"
        "    assert not {'fastapi', 'pydantic', 'httpx2', 'uvicorn', 'ramekin.database', 'ramekin.client'} & {*sys.modules}\n"
    )
    code, printed = run(tmp_path, test_it_dot_py=test)
    assert code == 0, printed


@pytest.mark.long
def test_processes_of_xdist_have_a_server_each(tmp_path):
    test = (
        "import os, pytest\nfrom pathlib import Path\n"
        "@pytest.mark.parametrize('n', range(20))\n"
        "def test_it(ramekin_server, ramekin_client, n):\n"
        "    ramekin_client.table('users').delete('max')\n"
        "    Path('served-' + os.environ['PYTEST_XDIST_WORKER']).write_text(ramekin_server.url)\n"
    )
    code, printed = run(tmp_path, "-n", "2", pytest_dot_ini=CONFIGURED, db_dot_json=DB, test_it_dot_py=test)
    assert code == 0, printed
    assert len({path.read_text() for path in tmp_path.glob("served-*")}) == 2
