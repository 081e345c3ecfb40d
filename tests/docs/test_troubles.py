"""What the page on troubles says is so: each trouble is brought about, and its cure tried."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.inside import InsideClient
from tests.problems import assert_problem

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
TROUBLES = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
PETS = "/api/v1/data/pets"


def unsupported_media_type(http):
    form = {"content-type": "application/x-www-form-urlencoded"}
    for headers in ({}, form):
        answer = http.request("POST", PETS, content=b'{"id": 1}', headers=headers)
        assert_problem(answer, 415, "unsupported-media-type")
    assert http.post(PETS, content=b'{"id": 1}', headers={"content-type": "application/json"}).status_code == 201


def invalid_record(http):
    gadget = {"id": 1, "Label": "x"}
    for broken in ({"id": "36"}, {"id": 1.0}, {"more": 1}):
        problem = assert_problem(http.post("/api/v1/data/gadgets", json=gadget | broken), 422, "invalid-record")
        assert [fault["pointer"] for fault in problem["errors"]] == [f"/{name}" for name in broken]
    assert http.post("/api/v1/data/gadgets", json=gadget).status_code == 201
    assert http.post("/api/v1/data/notes", json={"text": "x", "more": 1}).status_code == 201  # extra="allow"


def unknown_parameter(http):
    http.post("/api/v1/data/users", json={"email": "a@example.com", "full_name": "Ada", "age": 36})
    user = http.get("/api/v1/data/users?age=36").json()["data"][0]
    for method, path in [
        ("GET", "/api/v1/dump/users"), ("GET", f"/api/v1/data/users/{user['id']}"), ("POST", "/api/v1/data/users"),
        ("POST", "/api/v1/load"),
    ]:  # fmt: skip
        options = {"json": {}} if method == "POST" else {}
        problem = assert_problem(http.request(method, f"{path}?age=36", **options), 400, "unknown-parameter")
        assert "This route takes" in problem["detail"]


def record_exists(http):
    http.post(PETS, json={"id": 1})
    assert_problem(http.post(PETS, json={"id": "1"}), 409, "record-exists")
    twice = [{"id": 5}, {"id": 6}, {"id": "5"}]
    assert assert_problem(http.post(PETS, json=twice), 409, "duplicate-id")["index"] == 2
    for rule in ("ignore", "replace", "merge"):
        assert http.post(f"{PETS}?on_conflict={rule}", json=twice).status_code in (200, 201)


def not_found_on_put(http):
    assert http.post(PETS, json={"id": 1}).status_code == 201
    assert_problem(http.put(f"{PETS}/2", json={}), 404, "record-not-found")
    assert http.put(f"{PETS}/2?upsert=true", json={}).status_code == 201


def precondition_failed(http):
    tag = http.post(PETS, json={"id": 1}).headers["etag"]
    assert_problem(http.put(f"{PETS}/1", json={}, headers={"if-match": '"old"'}), 412, "precondition-failed")
    answer = http.put(f"{PETS}/1", json={}, headers={"if-match": f"W/{tag}"})
    assert "W/" in assert_problem(answer, 412, "precondition-failed")["detail"]
    assert http.get(f"{PETS}/1", headers={"if-none-match": f"W/{tag}"}).status_code == 304
    assert http.put(f"{PETS}/1", json={}, headers={"if-match": tag}).status_code == 200


def invalid_header(http):
    tag = http.post(PETS, json={"id": 1}).headers["etag"]
    bare = tag.strip('"')
    for name in ("if-match", "if-none-match"):
        assert_problem(http.put(f"{PETS}/1", json={}, headers={name: bare}), 400, "invalid-header")
    for method, path in [("GET", PETS), ("POST", PETS), ("POST", "/api/v1/batch"), ("PUT", "/api/v1/tables/pets")]:
        body = {"operations": []} if path.endswith("batch") else {}
        options = {} if method == "GET" else {"json": body}
        answer = http.request(method, path, headers={"if-match": tag}, **options)
        assert_problem(answer, 400, "precondition-not-possible")
    operation = {"op": "delete", "table": "pets", "id": 1, "if_match": tag}
    assert http.post("/api/v1/batch", json={"operations": [operation]}).status_code == 200


def empty_join(http):
    http.post("/api/v1/data/owners", json=[{"id": "01", "owner_id": "x"}])
    http.post(PETS, json=[{"id": "p", "owner": 1, "owner_id": "01"}])
    empty = http.get("/api/v1/join/owners/pets/id=owner").json()
    assert (empty["data"], empty["join"]["on"]) == ([], "owners.id = pets.owner")
    assert "id=owner_id" in empty["warnings"][0]
    assert len(http.get("/api/v1/join/owners/pets/id=owner_id").json()["data"]) == 1


def many_in_a_join(http):
    http.post("/api/v1/data/a", json=[{"id": i, "k": 1} for i in range(3)])
    http.post("/api/v1/data/b", json=[{"id": i, "k": 1} for i in range(4)])
    assert http.get("/api/v1/join/a/b/k?count=true&limit=0").json()["total"] == 12


def malformed_json(http):
    headers = {"content-type": "application/json"}
    marked, wide = b'\xef\xbb\xbf{"id": 1}', '{"id": 1}'.encode("utf-16")
    for text, code in [
        (marked, "malformed-json"), (wide, "malformed-json"), (b'[{"id": 1},]', "malformed-json"),
        (b'{"id": 1, "n": NaN}', "malformed-json"),
    ]:  # fmt: skip
        problem = assert_problem(http.request("POST", PETS, content=text, headers=headers), 400, code)
        assert re.search(r"line \d+, column \d+", problem["detail"]), problem


def empty_list(http):
    http.post(PETS, json=[{"id": 1, "name": "Ada", "age": 7}, {"id": 2, "name": "Bob", "age": 8}])
    for query, found in [("nmae=Ada", 0), ("nmae:ne=Ada", 2)]:
        answer = http.get(f"{PETS}?{query}").json()
        assert (len(answer["data"]), "did you mean 'name'" in answer["warnings"][0]) == (found, True)
    assert http.get(f"{PETS}?age=07").json()["data"] == []
    assert http.post("/api/v1/query/pets", json={"where": {"age": "7"}}).json()["data"] == []
    strict = {"prefer": "handling=strict"}
    assert_problem(http.get(f"{PETS}?nmae=Ada", headers=strict), 400, "unknown-field")
    assert http.get(f"{PETS}?name=ada").json()["data"] == []
    assert len(http.get(f"{PETS}?name:icontains=ADA").json()["data"]) == 1


def integer_out_of_range(http):
    headers = {"content-type": "application/json"}
    answer = http.request("POST", PETS, content=b'{"id": 1, "n": 9223372036854775808}', headers=headers)
    assert_problem(answer, 422, "integer-out-of-range")
    assert http.post(PETS, json={"id": 1, "n": "9223372036854775808"}).status_code == 201


def body_too_large(http):
    limits = http.app.state.context.database.limits
    assert_problem(http.post(PETS, json={"x": "x" * limits.record_bytes}), 413, "body-too-large")
    assert_problem(http.post(PETS, json=[{"x": "x" * 1000}] * (limits.bulk_bytes // 1000)), 413, "body-too-large")
    assert (
        http.post("/api/v1/load", json={"pets": [{"id": i, "x": "x" * 1000} for i in range(2000)]}).status_code == 200
    )


def records_gone(http):
    table = http.put("/api/v1/tables/pets", json={"max_records": 1, "expire_after_s": 60}).json()
    position = http.get("/api/v1/changes").json()["latest"]
    http.post(PETS, params={"ttl": "none"}, json={"id": 1})
    http.post(PETS, json={"id": 2})
    assert [each["op"] for each in http.get("/api/v1/changes", params={"since": position}).json()["data"]][
        -1
    ] == "evict"
    told = http.get("/api/v1/tables/pets").json()
    assert (table["evicted"], told["evicted"], told["expiring"]) == (0, 1, 1)
    assert http.put("/api/v1/tables/pets", json={}).json()["max_records"] is None


def slow_first_query(http):
    http.post(PETS, json=[{"id": i, "age": i} for i in range(10)])
    pinned = {"indexes": [{"field": "age", "kind": "sorted"}]}
    answer = http.put("/api/v1/tables/pets", json=pinned)
    assert [(index["field"], index["pinned"]) for index in answer.json()["indexes"]] == [("age", True)]


def forbidden(_):
    keys = ["app:write:users,order*=abc"]
    with InsideClient(create_app(start_database(), keys=keys), headers={"authorization": "Bearer abc"}) as http:
        problem = assert_problem(http.put("/api/v1/tables/users", json={}), 403, "forbidden")
        assert "'admin'" in problem["detail"]
        problem = assert_problem(http.get("/api/v1/join/orders/pets/id"), 403, "forbidden")
        assert "'pets'" in problem["detail"]
        for method, path in (("POST", "/api/v1/load?mode=replace"), ("POST", "/api/v1/backup"), ("GET", "/metrics")):
            assert_problem(http.request(method, path), 403, "forbidden")


CHECKS = {
    "415 `unsupported-media-type` on every POST": unsupported_media_type,
    "422 `invalid-record` although the value looks right": invalid_record,
    "400 `unknown-parameter`": unknown_parameter,
    "409 `record-exists` for an id that I never used": record_exists,
    "404 `record-not-found` on PUT": not_found_on_put,
    "412 `precondition-failed`": precondition_failed,
    "400 `invalid-header`, or `precondition-not-possible`": invalid_header,
    "A join is empty": empty_join,
    "A join has each record many times": many_in_a_join,
    "400 `malformed-json` from a file that an editor shows as fine": malformed_json,
    "A list is empty, or has everything, although the condition is right": empty_list,
    "422 `integer-out-of-range`": integer_out_of_range,
    "413 `body-too-large`": body_too_large,
    "403 `forbidden`": forbidden,
    "Records are gone that nobody deleted": records_gone,
    "The first query on a field is slow": slow_first_query,
}


@pytest.mark.parametrize("heading", CHECKS)
def test_a_trouble_of_requests_is_as_the_page_says(local, heading):
    assert heading in TROUBLES, "the page has another heading"
    CHECKS[heading](local)


@pytest.mark.parametrize("heading", [heading for heading in TROUBLES if re.match(r"4\d\d `", heading)])
def test_no_trouble_of_requests_is_left_out(heading):
    beyond_requests = (
        "`malformed-request`",
        "`rate-limited`",
        "`foreign-",
        "would not take back",
        "`too-many-rows`",
        "share tables",
    )
    assert heading in CHECKS or any(word in heading for word in beyond_requests)


def test_the_codes_on_the_page_are_codes(local):
    known = {problem["code"]: problem["status"] for problem in local.get("/problems").json()}
    told = re.findall(r"(\d{3}) (`[a-z-]+`(?:, or (?:(\d{3}) )?`[a-z-]+`)?)", PAGE)
    assert len(told) >= 12
    for status, codes, other in told:
        for place, code in enumerate(re.findall(r"`([a-z-]+)`", codes)):
            assert known[code] == int(other if place and other else status), code


@pytest.mark.parametrize(("member", "value"), [("profile", {"name": "x"}), ("$schema", "./schema.json")])
def test_what_json_server_has_and_a_table_is_not_is_refused_by_name(tmp_path, member, value):
    (tmp_path / "db.json").write_text(json.dumps({"posts": [{"id": 1}], member: value}))
    command = [sys.executable, "-m", "ramekin", "serve", "db.json", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"'{member}'" in done.stderr
