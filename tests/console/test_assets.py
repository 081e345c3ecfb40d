"""The console as it is served: files, policy, addresses, and where the libraries come from."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from ramekin import console
from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.each import each
from tests.inside import InsideClient

ROOM = Path(console.__file__).parent
VENDOR = ROOM / "vendor"
OWN = [path for path in sorted(ROOM.rglob("*.js")) if VENDOR not in path.parents]


@pytest.fixture(scope="module")
def client():
    with InsideClient(create_app(start_database(), root_path="/db", is_dev=True)) as client:
        yield client


def test_every_library_is_as_it_was_published():
    told = json.loads((VENDOR / "manifest.json").read_text())
    assert {path.name for path in VENDOR.iterdir()} == {one["file"] for one in told} | {"manifest.json"}
    for one in told:
        assert hashlib.sha256((VENDOR / one["file"]).read_bytes()).hexdigest() == one["sha256"], one["file"]
        assert one["package"]
        assert one["version"]
        assert one["licence"] in ("MIT", "Apache-2.0")
    notice = (ROOM.parent.parent.parent / "NOTICE").read_text()
    assert all(one["version"] in notice for one in told)


def test_every_address_of_a_view_is_the_page(client):
    pages = [
        client.get(path) for path in ("/", "/console", "/console/", "/console/tables/users?age:gte=18", "/console/x")
    ]
    assert {page.text for page in pages} == {pages[0].text}
    assert pages[0].headers["content-type"] == "text/html; charset=utf-8"


def test_the_page_says_where_things_are_also_on_a_branch(client):
    found = dict(re.findall(r'data-(\w+)="([^"]*)"', client.get("/").text))
    assert (found["root"], found["api"], found["console"], found["dev"]) == ("/db", "/db/api/v1", "/db/console", "yes")
    assert client.put("/api/v1/branches/one", json={}).status_code == 201
    found = dict(re.findall(r'data-(\w+)="([^"]*)"', client.get("/b/one/console/live").text))
    assert (found["root"], found["api"], found["console"]) == ("/db", "/db/b/one/api/v1", "/db/b/one/console")


def test_all_that_the_page_names_is_there_and_of_this_server(client):
    text = client.get("/").text
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', text)[1])["imports"].values()
    references = [*re.findall(r'(?:src|href)="([^"]*)"', text), *imports]
    assert len(references) > 20
    assert references.count("/db/api/v1/tables") == 1, "asked for with the page"
    references.remove("/db/api/v1/tables")
    for reference in references:
        assert reference.startswith("/db/console/assets/")
        assert client.get(reference.removeprefix("/db")).status_code == 200, reference


def test_only_what_the_first_view_needs_is_fetched_with_the_page(client):
    early = re.findall(r'<link rel="modulepreload" href="/db/console/assets/v\w{12}/([^"]*)"', client.get("/").text)
    assert {"main.js", "grid/grid.js", "vendor/preact.mjs"} < {*early}
    rooms = {path.partition("/")[0] for path in early}
    assert not {"builder", "dev", "live"} & rooms
    assert client.get("/console/assets/style.css").text.count("--accent: ") == 3


def test_the_policy_allows_this_server_alone(client):
    policy = client.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    without_hashes = re.sub(r"'sha256-[^']*'", "", policy)  # which may hold anything
    assert "unsafe" not in without_hashes
    assert "//" not in without_hashes
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_file_that_the_page_names_is_kept_and_another_version_has_another_address(client):
    address = re.search(r'src="/db(/console/assets/v\w{12}/main.js)"', client.get("/").text)[1]
    answer = client.get(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    old = client.get("/console/assets/v0123456789ab/main.js")
    assert (old.content, old.headers["cache-control"]) == (answer.content, "no-cache")


def test_a_file_without_a_version_is_asked_for_again_and_sent_only_if_it_changed(client):
    answer = client.get("/console/assets/main.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    again = client.get("/console/assets/main.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_nothing_else_of_the_package_is_served(client):
    for path in ("__init__.py", "index.html", "vendor/manifest.json", "x.js", "%2e%2e/app.py"):
        answer = client.get(f"/console/assets/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-route"), path


def test_a_key_is_needed_for_tables_and_not_for_the_page():
    with InsideClient(create_app(start_database(), keys=["reports:read:users,pet*=secret", "boss:admin=s"])) as client:
        assert (
            client.get("/console/tables/users").status_code == client.get("/console/assets/main.js").status_code == 200
        )
        assert 'data-keys="yes"' in client.get("/").text
        assert client.get("/api/v1/tables").status_code == 401
        told = [
            client.get("/api/v1/tables", headers={"authorization": f"Bearer {key}"}).headers["x-ramekin-grant"]
            for key in ("secret", "s")
        ]
        assert told == ['reports; role=read; tables="users pet*"', "boss; role=admin"]


@each(OWN)
def test_a_module_takes_no_html_and_is_short(path):
    text = path.read_text()
    assert text.startswith("//"), "its first lines say what lives there"
    assert len(text.splitlines()) <= 300
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ' style="'):
        assert word not in text
