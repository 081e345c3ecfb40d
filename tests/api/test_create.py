"""`POST /api/v1/data/{table}`: one record."""

import re

import pytest

from tests.problems import assert_problem

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_create_answers_201_with_the_record_its_address_and_its_tag(api):
    answer = api.post("/api/v1/data/pets", json={"id": "rex", "kind": "dog"})
    assert answer.status_code == 201
    assert answer.json() == {"id": "rex", "kind": "dog"}
    assert answer.headers["location"] == "/api/v1/data/pets/rex"
    assert api.get(answer.headers["location"]).headers["etag"] == answer.headers["etag"]


def test_create_makes_a_uuid_of_version_7_where_there_is_no_id(api):
    first = api.post("/api/v1/data/pets", json={"kind": "dog"}).json()
    second = api.post("/api/v1/data/pets", json={"kind": "cat"}).json()
    assert UUID7.fullmatch(first["id"])
    assert first["id"] < second["id"]
    assert list(first) == ["id", "kind"]


def test_create_refuses_an_id_that_exists(api):
    api.post("/api/v1/data/pets", json={"id": "rex"})
    assert_problem(api.post("/api/v1/data/pets", json={"id": "rex", "n": 1}), 409, "record-exists")
    assert api.get("/api/v1/data/pets/rex").json() == {"id": "rex"}


def test_the_integer_1_and_the_text_1_are_one_id(api):
    assert api.post("/api/v1/data/pets", json={"id": 1}).status_code == 201
    assert_problem(api.post("/api/v1/data/pets", json={"id": "1"}), 409, "record-exists")
    assert api.get("/api/v1/data/pets/1").json() == {"id": 1}


@pytest.mark.parametrize("id", [None, True, 1.5, [], {}, "", "a/b", ".", "..", "a\nb", "x" * 256])
def test_what_is_no_id_is_refused(api, id):
    assert_problem(api.post("/api/v1/data/pets", json={"id": id}), 422, "invalid-id")
    assert_problem(api.get("/api/v1/data/pets"), 404, "unknown-table")


@pytest.mark.parametrize("id", ["x" * 255, "Zoë ☕", "a b", "%", "a.b", "...", "-1", "007", -5, 2**63 - 1, -(2**63)])
def test_what_is_an_id_finds_its_record_at_its_location(api, id):
    answer = api.post("/api/v1/data/pets", json={"id": id})
    assert answer.status_code == 201
    assert api.get(answer.headers["location"]).json() == {"id": id}


@pytest.mark.parametrize("body", [b"3", b'"x"', b"null", b"true", b"1.5"])
def test_a_record_is_an_object(api, body):
    answer = api.post("/api/v1/data/pets", content=body, headers={"content-type": "application/json"})
    assert_problem(answer, 422, "invalid-record")


@pytest.mark.parametrize("name", ["1pets", "-pets", "p" * 64, "pe ts", "pe.ts", "größe"])
def test_a_table_name_that_is_not_allowed_is_refused(api, name):
    assert_problem(api.post(f"/api/v1/data/{name}", json={"id": 1}), 422, "invalid-table-name")


@pytest.mark.parametrize("name", ["p", "_", "p" * 63, "Pets-2_b"])
def test_a_table_name_that_is_allowed_is_created(api, name):
    assert api.post(f"/api/v1/data/{name}", json={"id": 1}).status_code == 201


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        ({"content-type": "text/plain"}, b"{}"),
        ({"content-type": "application/json; charset=utf-16"}, b"{}"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, b"{}"),
    ],
)
def test_another_media_type_or_an_encoding_is_415(api, headers, body):
    answer = api.post("/api/v1/data/pets", content=body, headers=headers)
    assert assert_problem(answer, 415, "unsupported-media-type")["title"] == "The form of the body is not supported"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_the_media_type_is_read_as_http_writes_it(api, kind):
    answer = api.post(
        "/api/v1/data/pets", content=b'{"id":1}', headers={"content-type": kind, "content-encoding": "identity"}
    )
    assert answer.status_code == 201


def test_a_record_over_the_limit_is_413(api):
    assert_problem(api.post("/api/v1/data/pets", json={"id": 1, "x": "x" * 65_536}), 413, "body-too-large")


def test_return_minimal_answers_with_a_count(api):
    answer = api.post("/api/v1/data/pets", json={"id": 1}, headers={"prefer": "return=minimal"})
    assert (answer.status_code, answer.json()) == (201, {"count": 1})
    assert answer.headers["preference-applied"] == "return=minimal"
    assert answer.headers["location"] == "/api/v1/data/pets/1"


def test_on_conflict_ignore_answers_with_the_stored_record(api):
    api.post("/api/v1/data/pets", json={"id": 1, "a": 1})
    answer = api.post("/api/v1/data/pets?on_conflict=ignore", json={"id": 1, "a": 2})
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "a": 1})


def test_on_conflict_replace_replaces_the_whole_record(api):
    api.post("/api/v1/data/pets", json={"id": 1, "a": 1})
    answer = api.post("/api/v1/data/pets?on_conflict=replace", json={"id": "1", "b": 2})
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "b": 2})
    assert api.get("/api/v1/data/pets/1").json() == {"id": 1, "b": 2}


def test_on_conflict_merge_merges(api):
    api.post("/api/v1/data/pets", json={"id": 1, "a": {"x": 1, "y": 2}, "b": 1})
    answer = api.post("/api/v1/data/pets?on_conflict=merge", json={"id": 1, "a": {"y": None, "z": 3}})
    assert answer.json() == {"id": 1, "a": {"x": 1, "z": 3}, "b": 1}


def test_on_conflict_merge_creates_what_is_absent(api):
    assert api.post("/api/v1/data/pets?on_conflict=merge", json={"id": 7, "a": None}).json() == {"id": 7, "a": None}
    assert api.post("/api/v1/data/pets?on_conflict=merge", json={"a": 1}).status_code == 201


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("on_conflict=merg", "invalid-parameter"),
        ("on_conflct=merge", "unknown-parameter"),
        ("on_conflict=error&on_conflict=error", "invalid-parameter"),
        ("limit=1", "unknown-parameter"),
    ],
)
def test_a_parameter_that_is_not_understood_is_told(api, query, code):
    problem = assert_problem(api.post(f"/api/v1/data/pets?{query}", json={"id": 1}), 400, code)
    assert query.split("=")[0] in problem["detail"] or "merge" in problem["detail"]


def test_the_nearest_parameter_is_named(api):
    answer = api.post("/api/v1/data/pets?on_conflct=merge", json={"id": 1})
    assert "Did you mean 'on_conflict'?" in answer.json()["detail"]
