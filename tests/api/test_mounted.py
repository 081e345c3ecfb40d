"""Served below a path, mounted or behind a root path, every address that an answer gives leads to what it names."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from fastapi import FastAPI

from ramekin.api.app import create_app
from ramekin.api.routes import read_root_path
from tests import pipe
from tests.conftest import start_database
from tests.data.http_cases import get, sized
from tests.inside import InsideClient
from tests.problems import assert_problem

API = "/api/v1"


def mounted(*paths, **options):
    """Return a client of an application that has ours below some paths, one inside another, and their whole path."""
    app = create_app(start_database(), **options)
    for path in reversed(paths):
        outer = FastAPI()
        outer.mount(path, app)
        app = outer
    return app


def behind_a_proxy(path, **options):
    """Return an application behind a proxy that takes a path off."""
    app = create_app(start_database(), root_path=path, **options)

    async def proxy(scope, receive, send):
        taken = {"path": scope["path"].removeprefix(path)} if scope["type"] == "http" else {}
        await app({**scope, **taken}, receive, send)

    return proxy


WAYS = {
    "behind a proxy": (lambda: behind_a_proxy("/db"), "", "/db"),
    "mounted": (lambda: mounted("/db"), "", "/db"),
    "mounted without short ways": (lambda: mounted("/db", has_short_ways=False), "", "/db"),
    "mounted twice": (lambda: mounted("/a", "/b c"), "", "/a/b%20c"),
    "root path": (mounted, "/proxy", "/proxy"),
    "root path, and mounted": (lambda: mounted("/db"), "/proxy", "/proxy/db"),
    "mounted below a parameter": (lambda: mounted("/{tenant}"), "", "/ac%22me%0d%0ax"),
}


@pytest.fixture
def below(served):
    yield served
    client, prefix = served
    for table in ("t", "made"):
        client.delete(f"{prefix}{API}/tables/{table}")


@pytest.fixture(params=WAYS, scope="module")
def served(request):
    make, root, prefix = WAYS[request.param]
    with InsideClient(make(), root_path=root, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client, prefix


def agree(address, prefix):
    """Say whether an address begins with a prefix, whatever the case of its percent signs."""
    return address.lower().startswith(f"{prefix}/".lower())


def follow(client, prefix, address):
    assert agree(address, prefix), address
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer


def test_location_leads_to_what_was_created(below):
    client, prefix = below
    made = client.post(f"{prefix}{API}/data/t", json={"id": "a b", "n": 1})
    assert follow(client, prefix, made.headers["location"]).json() == {"id": "a b", "n": 1}
    made = client.put(f"{prefix}{API}/data/t/x?upsert=true", json={})
    assert follow(client, prefix, made.headers["location"]).json() == {"id": "x"}
    made = client.put(f"{prefix}{API}/tables/made", json={})
    assert follow(client, prefix, made.headers["location"]).json()["name"] == "made"


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
@pytest.mark.parametrize("path", ["/data/t?limit=2", "/data/t?n=1&limit=1&sort=-id", "/join/t/t/n?as=a,b&limit=4"])
def test_next_and_link_lead_to_the_next_page(below, path, accept):
    client, prefix = below
    client.post(f"{prefix}{API}/data/t", json=[{"id": i, "n": 1} for i in range(5)])
    address, pages = f"{prefix}{API}{path}", []
    while address is not None:
        answer = follow(client, prefix, address) if pages else client.get(address, headers={"accept": accept})
        pages.append(answer.content)
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        address = None if link is None else link[1]
        if answer.headers["content-type"] == "application/json":
            assert answer.json()["next"] == address
        assert len(pages) < 10
    assert len(set(pages)) == len(pages) > 2


def test_the_next_page_of_a_query_is_asked_for_at_its_address(below):
    client, prefix = below
    client.post(f"{prefix}{API}/data/t", json=[{"id": i} for i in range(3)])
    query = {"where": {"id": {"gte": 1}}, "limit": 1}
    first = client.post(f"{prefix}{API}/query/t", json=query).json()
    assert agree(first["next"], prefix)
    assert client.post(first["next"], json=query).json()["data"] == [{"id": 2}]


def test_a_problem_says_where_it_is_explained(below):
    client, prefix = below
    for answer, status, code in (
        (client.get(f"{prefix}{API}/data/none/1"), 404, "unknown-table"),
        (client.get(f"{prefix}/none"), 404, "unknown-route"),
        (client.put(f"{prefix}{API}/data"), 404, "unknown-route"),
        (client.put(f"{prefix}/docs"), 405, "method-not-allowed"),
        (client.post(f"{prefix}{API}/data/t", content=b"{"), 415, "unsupported-media-type"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert follow(client, prefix, answer.json()["type"]).json()["code"] == code


def test_the_list_of_problems_leads_to_each(below):
    client, prefix = below
    html = client.get(f"{prefix}/problems", headers={"accept": "text/html"}).text
    found = re.findall(r"href='([^']*)'", html)
    assert len(found) > 40
    follow(client, prefix, found[0])


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_documentation_finds_its_files_and_its_document(below, page):
    client, prefix = below
    here = f"{prefix}{page}"
    files = re.findall(r'(?:src|href)="([^"]*)"', client.get(here).text)
    assert len(files) > 2
    for file in files:
        text = follow(client, prefix, urljoin(here, file)).text
        if file.endswith("init.js"):
            [document] = re.findall(r'"([^"/]*openapi.json)"', text)
            told = follow(client, prefix, urljoin(here, document)).json()
            [server] = told["servers"]
            assert server["url"].lower() == prefix.lower()
            assert f"{API}/data/{{table}}" in told["paths"]


def test_what_is_not_mounted_says_no_prefix(local):
    assert "servers" not in local.get("/openapi.json").json()
    assert_problem(local.get("/none"), 404, "unknown-route")


def test_one_application_may_stand_in_several_places():
    app = create_app(start_database())
    outer = FastAPI()
    outer.mount("/a", app)
    outer.mount("/b", app)
    with InsideClient(outer) as client, InsideClient(app) as alone:
        for path in ("/a", "/b"):
            assert client.get(f"{path}/openapi.json").json()["servers"] == [{"url": path}]
            assert json.loads(client.get(f"{path}/none").content)["type"] == f"{path}/problems/unknown-route"
        assert alone.get("/none").json()["type"] == "/problems/unknown-route"


@pytest.mark.parametrize("way", pipe.WAYS)
@pytest.mark.parametrize("written", ["/db", "/db/"])
def test_what_a_proxy_takes_off_stands_in_every_answer_on_each_way(way, written):
    service = pipe.Service(way, root_path=written)
    service.run(service.database.insert("t", [{"id": 1}, {"id": 2}]))
    for sent, told in (
        (sized(body=b"{}"), b"\r\nlocation: /db/api/v1/data/t/"),
        (get(first=b"GET /api/v1/data/t?limit=1 HTTP/1.1"), b'"next":"/db/api/v1/data/t?'),
        (get(first=b"GET /api/v1/data/t/none HTTP/1.1"), b'"type":"/db/problems/record-not-found"'),
        (get(first=b"GET / HTTP/1.1"), b'data-root="/db" data-api="/db/api/v1"'),
    ):
        connection = service.connect()
        connection.send([sent, sent])
        assert connection.written.count(told) == 2, connection.written
    service.close()


@pytest.mark.parametrize(
    "path",
    [
        "db",
        "/a b",
        "/a//b",
        "//evil.example",
        "/a?b",
        "/a%20b",
        "http://a",
        "/a\r\nb",
        "/db/../x",
        "/db/./x",
        "/..",
        "/.",
        "/db/..",
    ],
)
def test_a_root_path_that_is_none_is_refused(path):
    with pytest.raises(ValueError):
        read_root_path(path)
