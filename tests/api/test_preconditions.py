"""Preconditions (RFC 9110, section 13): held against what has a tag, refused everywhere else, never ignored."""

import json

import pytest
from fastapi.routing import iter_route_contexts

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
REX = f"{PETS}/rex"
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
OTHER = '"000000000000000000000000"'
DEMANDS = [{"if-match": OTHER}, {"if-match": "*"}, {"if-match": f"W/{OTHER}"}, {"if-unmodified-since": DATE}]
DOUBTS = [{"if-none-match": OTHER}, {"if-none-match": "*"}]


@pytest.fixture
def rex(api):
    api.post("/api/v1/data/kinds", json={"id": "dog"})
    return api.post(PETS, json={"id": "rex", "kind": "dog", "n": 1}).headers["etag"]


def body(value, kind="application/json"):
    return {"content": json.dumps(value).encode(), "headers": {"content-type": kind}}


# Everything below the API but single records: method, path, what is sent.
READS = [
    PETS, f"{PETS}?kind=dog&sort=n", "/api/v1/join/pets/kinds/kind=id", "/api/v1/dump/pets", "/api/v1/dump",
    "/api/v1/tables", "/api/v1/tables/pets",
]  # fmt: skip
WRITES = [
    ("POST", PETS, body({"id": "new"})),
    ("POST", PETS, body([{"id": "new"}])),
    ("POST", PETS, body({"id": "new"}, "application/x-ndjson")),
    ("PATCH", f"{PETS}?n=1", body({"n": 2})),
    ("DELETE", f"{PETS}?n=1", {}),
    ("POST", "/api/v1/query/pets", body({})),
    ("POST", "/api/v1/batch", body({"operations": [{"op": "delete", "table": "pets", "id": "rex"}]})),
    ("POST", "/api/v1/load?mode=replace", body({"pets": []})),
    ("PUT", "/api/v1/tables/pets", body({"unique": ["kind"]})),
    ("DELETE", "/api/v1/tables/pets", {}),
    ("POST", "/api/v1/backup", {}),
]


def sent(api, method, path, options, headers):
    return api.request(method, path, **options | {"headers": options.get("headers", {}) | headers})


@pytest.mark.parametrize(("method", "path", "options"), WRITES, ids=lambda value: str(value)[:40])
def test_what_has_no_tag_refuses_every_precondition(api, rex, method, path, options):
    before = api.get("/api/v1/dump").content
    for headers in [*DEMANDS, *DOUBTS]:
        assert_problem(sent(api, method, path, options, headers), 400, "precondition-not-possible")
    assert api.get("/api/v1/dump").content == before
    assert api.get("/api/v1/tables/pets").json()["unique"] == []


@pytest.mark.parametrize("path", READS)
def test_what_has_a_weak_tag_refuses_what_asks_for_a_strong_one(api, rex, path):
    for headers in DEMANDS:
        assert_problem(api.get(path, headers=headers), 400, "precondition-not-possible")
        assert api.head(path, headers=headers).status_code == 400


@pytest.mark.parametrize("path", READS)
def test_a_weak_tag_serves_a_reader(api, rex, path):
    whole = api.get(path)
    tag = whole.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', f", {tag} ,", "*"):
        for method in ("GET", "HEAD"):
            answer = api.request(method, path, headers={"if-none-match": known})
            assert (answer.status_code, answer.content) == (304, b""), known
            for name in ("etag", "vary", "cache-control"):
                assert answer.headers.get(name) == whole.headers.get(name)
    assert api.get(path, headers={"if-none-match": OTHER}).content == whole.content
    api.post(PETS, json={"id": "new"})
    assert api.get(path, headers={"if-none-match": tag}).status_code == 200


def test_every_route_below_the_api_is_tried_here():
    routes = {
        (method, context.path.replace("{table}", "pets").replace("{id}", "rex"))
        for context in iter_route_contexts(create_app(start_database()).routes)
        for method in context.methods or ()
        if context.path.startswith("/api/v1/")
    }
    tried = {(method, path.partition("?")[0]) for method, path, _ in WRITES}
    tried |= {(method, path.partition("?")[0]) for path in READS for method in ("GET", "HEAD")}
    tried |= {(method, REX) for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")}
    joined = {(method, "/api/v1/join/{table1}/{table2}/{key}") for method in ("GET", "HEAD")}
    untagged = {(method, "/api/v1/changes") for method in ("GET", "HEAD")}
    assert routes - joined - untagged == tried - {(m, "/api/v1/join/pets/kinds/kind=id") for m in ("GET", "HEAD")}


# A record


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?select=n"])
def test_a_read_of_a_record_may_ask_for_its_tag(api, rex, method, query):
    for held in (rex, "*", f"{OTHER}, {rex}"):
        assert api.request(method, REX + query, headers={"if-match": held}).status_code == 200
    for broken in (OTHER, f"W/{rex}", '""'):
        assert api.request(method, REX + query, headers={"if-match": broken}).status_code == 412
    assert_problem(api.get(REX + query, headers={"if-match": OTHER}), 412, "precondition-failed")
    assert_problem(api.get(f"{PETS}/tom{query}", headers={"if-match": rex}), 404, "record-not-found")
    assert_problem(api.get(REX + query, headers={"if-match": OTHER, "if-none-match": rex}), 412, "precondition-failed")
    assert api.get(REX, headers={"if-match": rex, "if-none-match": rex}).status_code == 304


OPERATIONS = [("GET", {}), ("PUT", {"json": {}}), ("PATCH", {"json": {}}), ("DELETE", {})]


UNREADABLE = ["x", '"x', 'x"', '"a" "b"', "", ",", '*, "x"', '"x", *', 'w/"x"', 'W/ "x"', '"x";']


@pytest.mark.parametrize(("method", "options"), OPERATIONS)
def test_what_cannot_be_read_is_told_whether_or_not_the_record_is_there(api, rex, method, options):
    for name in ("if-match", "if-none-match"):
        for value in UNREADABLE:
            for path in (REX, f"{PETS}/tom"):
                assert_problem(api.request(method, path, **options, headers={name: value}), 400, "invalid-header")
    assert api.get(REX).headers["etag"] == rex


def test_it_is_told_of_what_has_a_weak_tag_too(api, rex):
    for path in READS:
        assert_problem(api.get(path, headers={"if-none-match": "x"}), 400, "invalid-header")


@pytest.mark.parametrize(("method", "options"), OPERATIONS)
def test_a_date_is_refused_unless_a_tag_stands_beside_it(api, rex, method, options):
    answer = api.request(method, REX, **options, headers={"if-unmodified-since": DATE})
    assert_problem(answer, 400, "precondition-not-possible")
    answer = api.request(method, REX, **options, headers={"if-unmodified-since": DATE, "if-match": OTHER})
    assert_problem(answer, 412, "precondition-failed")
    answer = api.request(method, REX, **options, headers={"if-unmodified-since": DATE, "if-match": rex})
    assert answer.status_code in (200, 204)


def test_a_date_that_only_spares_a_copy_asks_for_nothing(api, rex):
    for path in (REX, PETS):
        assert api.get(path, headers={"if-modified-since": DATE, "range": "bytes=0-1"}).status_code == 200


def test_a_weakened_tag_says_what_to_do(api, rex):
    for method, options in OPERATIONS:
        answer = api.request(method, REX, **options, headers={"if-match": f"W/{rex}"})
        assert "W/" in assert_problem(answer, 412, "precondition-failed")["detail"]
    answer = api.put(REX, json={}, headers={"if-match": OTHER})
    assert "W/" not in assert_problem(answer, 412, "precondition-failed")["detail"]


def test_a_part_of_a_record_is_not_taken_for_the_whole(api, rex):
    headers = {"content-range": "bytes 0-1/10"}
    for method in ("PUT", "PATCH"):
        assert_problem(api.request(method, REX, json={}, headers=headers), 400, "invalid-header")
    assert_problem(api.post(PETS, json={}, headers=headers), 400, "invalid-header")
    assert api.get(REX).headers["etag"] == rex


def test_a_selection_has_a_tag_of_its_own(api, rex):
    tags = [api.get(f"{REX}{query}").headers["etag"] for query in ("", "?select=n", "?select=kind", "?select=n,kind")]
    assert len({tag.removeprefix("W/") for tag in tags}) == 4
    assert [tag.startswith("W/") for tag in tags] == [False, True, True, True]
    for tag in tags:
        answers = [api.get(REX + q, headers={"if-none-match": tag}) for q in ("", "?select=n", "?select=kind")]
        assert sum(answer.status_code == 304 for answer in answers) == (tag != tags[3])
    assert api.patch(REX, json={"n": 2}).status_code == 200
    assert api.get(f"{REX}?select=n", headers={"if-none-match": tags[1]}).status_code == 200


@pytest.mark.parametrize("if_match", [None, 5, "", "x", '"x', [], "*, *"])
def test_a_batch_reads_its_tags_as_strictly(api, rex, if_match):
    operation = {"op": "delete", "table": "pets", "id": "rex", "if_match": if_match}
    problem = assert_problem(api.post("/api/v1/batch", json={"operations": [operation]}), 422, "invalid-operation")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/operations/0/if_match"]
    assert api.get(REX).status_code == 200


def test_a_batch_compares_strongly(api, rex):
    operation = {"op": "delete", "table": "pets", "id": "rex", "if_match": f"W/{rex}"}
    problem = assert_problem(api.post("/api/v1/batch", json={"operations": [operation]}), 412, "precondition-failed")
    assert "W/" in problem["detail"]
    operation["if_match"] = f"{OTHER}, {rex}"
    assert api.post("/api/v1/batch", json={"operations": [operation]}).status_code == 200


def test_a_table_that_asks_for_if_match_is_not_content_with_its_contrary(api, rex):
    api.put("/api/v1/tables/pets", json={"require_if_match": True})
    answer = api.put(REX, json={}, headers={"if-none-match": OTHER})
    assert_problem(answer, 428, "precondition-required")
    assert_problem(api.put(f"{REX}?upsert=true", json={}, headers={"if-none-match": "*"}), 412, "precondition-failed")
    assert api.put(REX, json={}, headers={"if-match": rex}).status_code == 200
