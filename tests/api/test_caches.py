"""What a cache, in a browser or between, is told: whose answer it has, what it depends on, whether it may give it."""

import itertools
from contextlib import ExitStack

import httpx2
import pytest

from ramekin.api.app import create_app
from ramekin.engine.work import Work
from tests.conftest import Server, start_database
from tests.inside import InsideClient
from tests.problems import assert_problem
from tests.programs import nginx

PETS = "/api/v1/data/pets"
JOIN = "/api/v1/join/pets/kinds/kind=id"
FORMATS = ["application/json", "application/x-ndjson", "text/csv"]
STRICT = {"prefer": "handling=strict"}
KEY = "a-secret-of-32-characters-length"
CACHE = """
    gzip on; gzip_min_length 1; gzip_types application/json;
    proxy_cache kept; proxy_cache_valid 200 301 404 10m; add_header X-Cache $upstream_cache_status always;
    location / { proxy_pass http://tables; proxy_set_header Host $http_host; }
"""


@pytest.fixture
def pets(api):
    api.post("/api/v1/data/kinds", json={"id": "dog"})
    api.post(PETS, json=[{"id": i, "kind": "dog", "n": i} for i in range(3)])


@pytest.fixture
def proxied(tmp_path):
    """Start a server, and nginx with a cache before it; return what fetches through both."""
    with ExitStack() as stack:

        def start(*arguments):
            server = Server(*arguments)
            stack.callback(server.stop)
            around = f"proxy_cache_path {tmp_path}/kept keys_zone=kept:1m;"
            port = stack.enter_context(nginx(tmp_path, server.url, CACHE, around))
            client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=30)
            return stack.enter_context(client).request

        yield start


@pytest.mark.parametrize("path", [PETS, f"{PETS}?sort=-n&limit=2", JOIN, f"{JOIN}?shape=tree", "/api/v1/dump/pets"])
def test_no_two_formats_of_an_address_share_a_tag(api, pets, path):
    whole = {kind: api.get(path, headers={"accept": kind}) for kind in FORMATS}
    assert len({answer.headers["etag"] for answer in whole.values()}) == 3
    for kind, known in itertools.product(FORMATS, FORMATS):
        answer = api.get(path, headers={"accept": kind, "if-none-match": whole[known].headers["etag"]})
        assert answer.status_code == (304 if kind == known else 200)
        assert "Accept" in answer.headers["vary"]
        assert answer.headers["etag"] == whole[kind].headers["etag"]
        if answer.status_code == 200:
            assert answer.headers["content-type"].startswith(kind)
            assert answer.content == whole[kind].content


def test_no_two_addresses_of_a_table_share_a_tag(api, pets):
    queries = ["", "?limit=2", "?sort={}n", "?select={}n", "?{}n=1", "?count=true", "?limit=2&offset=1"]
    paths = [path + query.format(prefix) for path, prefix in ((PETS, ""), (JOIN, "pets.")) for query in queries]
    tags = [api.get(path).headers["etag"] for path in [*paths, "/api/v1/dump/pets", "/api/v1/dump"]]
    assert len(set(tags)) == len(tags)


def test_a_tag_of_another_address_hides_no_error(api, pets):
    tags = ", ".join(api.get(path).headers["etag"] for path in (PETS, JOIN, "/api/v1/dump/pets"))
    for headers in ({"if-none-match": tags}, {"if-none-match": "*"}):
        assert_problem(api.get("/api/v1/join/pets/kinds/nothing", headers=headers), 422, "key-not-resolved")
        assert_problem(api.get(f"{PETS}?n:foo=1", headers=headers), 400, "unknown-operator")
        assert_problem(api.get(f"{PETS}?cursor=x", headers=headers), 400, "invalid-cursor")
        assert_problem(api.get(PETS, headers=headers | {"accept": "image/png"}), 406, "not-acceptable")
        assert_problem(api.get("/api/v1/data/none", headers=headers), 404, "unknown-table")


@pytest.mark.parametrize("query", ["?nope=1", "?sort=nope", "?select=nope"])
@pytest.mark.parametrize("path", [PETS, JOIN])
def test_what_a_strict_client_is_refused_is_no_304(api, pets, path, query):
    if path == JOIN:
        query = query.replace("nope", "pets.nope")
    lenient = api.get(path + query)
    assert "warnings" in lenient.json()
    known = {"if-none-match": lenient.headers["etag"]}
    assert api.get(path + query, headers=known).status_code == 304
    for headers in (STRICT, STRICT | known, STRICT | {"if-none-match": "*"}):
        assert_problem(api.get(path + query, headers=headers), 400, "unknown-field")
    assert "Prefer" in lenient.headers["vary"]
    assert api.get(path, headers=STRICT | {"if-none-match": api.get(path).headers["etag"]}).status_code == 304


def test_how_a_page_was_found_is_never_a_copy(api, pets):
    for path in (PETS, JOIN):
        answer = api.get(f"{path}?explain=true")
        assert "etag" not in answer.headers
        assert answer.headers["vary"] == "Accept, Prefer"


NO_STORE = ["/health", "/health/live", "/health/ready", "/metrics"]
ASKS_AGAIN = [
    "/", "/docs", "/openapi.json", "/problems", "/problems/conflict", PETS, f"{PETS}/1", f"{PETS}/1?select=n", f"{PETS}/none",
    JOIN, "/api/v1/dump/pets", "/api/v1/dump", "/api/v1/tables", "/api/v1/tables/pets", "/api/v1/none", f"{PETS}?n:foo=1",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_says_what_a_cache_may_do(api, pets, method):
    for path in NO_STORE:
        assert api.request(method, path).headers["cache-control"] == "no-store", path
    for path in ASKS_AGAIN:
        assert api.request(method, path).headers["cache-control"] == "no-cache", path
    assert api.request(method, "/static/favicon.svg").headers["cache-control"] == "public, max-age=86400"
    assert api.post(PETS, json={}).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("has_short_ways", [False, True])
def test_with_keys_no_cache_that_many_share_may_keep_an_answer(has_short_ways):
    app = create_app(start_database(), keys=[KEY], rate_limit="1000/second", has_short_ways=has_short_ways)
    with InsideClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        client.headers["authorization"] = f"Bearer {KEY}"
        client.post(PETS, json={"id": 1, "n": 1, "kind": "dog"})
        client.post("/api/v1/data/kinds", json={"id": "dog"})
        for path in ASKS_AGAIN:
            if path.startswith("/api/"):
                assert client.get(path).headers["cache-control"] == "private, no-cache", path
        assert client.get("/health").headers["cache-control"] == "no-store"
        del client.headers["authorization"]
        refused = client.get(f"{PETS}/1")
        assert (refused.status_code, refused.headers["cache-control"]) == (401, "private, no-cache")


@pytest.mark.parametrize("path", ["/problems", "/problems/conflict"])
def test_a_problem_page_depends_on_what_is_accepted(api, path):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for accept, kind in [
        (browser, "text/html"), ("text/html", "text/html"), ("*/*", "application/json"), ("", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"), ("text/html;q=0", "application/json"),
        ("image/png", "application/json"), ("application/problem+json", "application/json"),
    ]:  # fmt: skip
        answer = api.get(path, headers={"accept": accept})
        assert answer.headers["content-type"].startswith(kind), accept
        assert answer.headers["vary"] == "Accept"


def test_a_real_cache_gives_a_record_to_nobody_without_a_key(proxied):
    fetch = proxied("serve", "--api-key", KEY)
    allowed = {"authorization": f"Bearer {KEY}"}
    path = "/api/v1/data/pets/1"
    assert fetch("PUT", f"{path}?upsert=true", headers=allowed, json={"n": 1}).status_code == 201
    assert fetch("GET", path, headers=allowed).json()["n"] == 1
    assert_problem(fetch("GET", path), 401, "unauthorized")
    assert fetch("PATCH", path, headers=allowed, json={"n": 2}).status_code == 200
    assert fetch("GET", path, headers=allowed).json()["n"] == 2


def test_a_real_cache_mixes_up_no_formats_and_keeps_nothing_that_is_old(proxied):
    fetch = proxied("serve")
    fetch("POST", PETS, json=[{"id": 1, "n": 1}])
    for path, kinds in [
        (PETS, FORMATS),
        ("/api/v1/dump/pets", FORMATS),
        ("/problems/conflict", ["text/html", FORMATS[0]]),
    ]:
        for kind in [*kinds, *kinds]:
            assert fetch("GET", path, headers={"accept": kind}).headers["content-type"].startswith(kind), path
    assert fetch("GET", f"{PETS}/2").status_code == 404
    fetch("PUT", f"{PETS}/2?upsert=true", json={})
    assert fetch("GET", f"{PETS}/2").status_code == 200
    assert fetch("GET", "/health").headers["x-cache"] == "MISS"


def test_a_proxy_that_compresses_weakens_tags_and_the_page_on_troubles_says_what_to_do(proxied):
    fetch = proxied("serve")
    path = f"{PETS}/1"
    fetch("PUT", f"{path}?upsert=true", json={"n": 1})
    weak = fetch("GET", path, headers={"accept-encoding": "gzip"}).headers["etag"]
    assert weak.startswith('W/"')
    told = assert_problem(fetch("PUT", path, json={"n": 2}, headers={"if-match": weak}), 412, "precondition-failed")
    assert "W/" in told["detail"]
    plain = fetch("GET", path, headers={"accept-encoding": "identity"}).headers["etag"]
    assert weak == f"W/{plain}"
    for tag in (weak.removeprefix("W/"), "*"):
        assert fetch("PUT", path, json={"n": 1}, headers={"if-match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/data/t?at:in=", "/api/v1/join/t/t/id=id?as=a,b&a.at:in="])
def test_no_page_is_confirmed_that_was_read_by_another_definition(monkeypatch, path):
    """A long query is read in turns, between which texts become moments: equal where they are so in other zones."""
    path += ",".join(f"2026-01-01T00:00:00.{i:03}Z" for i in range(100))
    definitions = [{"schema": {"properties": {"at": {"type": "string", "format": "date-time"}}}}]
    database = start_database()

    class Turns(Work):
        async def through(self, steps):
            found = await super().through(steps)
            while definitions:
                await database.define("t", definitions.pop())
            return found

    monkeypatch.setattr("ramekin.api.declared.endpoint.Work", Turns)
    with InsideClient(create_app(database), base_url="http://127.0.0.1:8000") as client:
        client.post("/api/v1/data/t", json={"id": 1, "at": "2026-01-01T01:00:00+01:00"})
        tag = client.get(path).headers.get("etag", 'W/"none"')
        assert not definitions
        now = client.get(path, headers={"if-none-match": tag})
        assert now.status_code == 200
        assert len(now.json()["data"]) == 1
