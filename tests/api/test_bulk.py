"""`POST /api/v1/data/{table}` with an array, NDJSON or CSV: many records, all or nothing."""

import json

import pytest

from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
NDJSON = {"content-type": "application/x-ndjson"}


def ids(api):
    return [record["id"] for record in api.get(PETS).json()["data"]]


def test_an_array_creates_all_its_records_and_answers_with_them_in_order(api):
    answer = api.post(PETS, json=[{"id": "b"}, {"id": "a", "n": 1}])
    assert (answer.status_code, answer.json()) == (201, [{"id": "b"}, {"id": "a", "n": 1}])
    assert ids(api) == ["a", "b"]


def test_an_empty_array_is_200_and_empty(api):
    answer = api.post(PETS, json=[])
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(
    ("body", "kind"),
    [("[]", "application/json"), ("", "text/csv"), ("id,n\n", "text/csv"), ("", NDJSON["content-type"])],
)
def test_an_empty_bulk_makes_its_table_as_a_load_does(api, body, kind):
    for _ in range(2):
        assert api.post(PETS, content=body, headers={"content-type": kind}).status_code == 200
        assert ids(api) == []
    api.post(PETS, json={"id": 1})
    assert api.post(PETS, content=body, headers={"content-type": kind}).status_code == 200
    assert ids(api) == [1]


@pytest.mark.parametrize("size", [1, 999, 1500])
def test_long_arrays_are_read_as_short_ones(api, size):
    records = [{"id": i, "text": "é" * 100, "deep": [{"a": [i]}]} for i in range(size)]
    assert api.post(PETS, json=records).json() == records


def test_one_bad_record_stores_none_and_its_place_is_told(api):
    problem = assert_problem(api.post(PETS, json=[{"id": 1}, 5, {"id": 2}, []]), 422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/1", "/3"]
    assert_problem(api.get(PETS), 404, "unknown-table")


def test_a_bad_id_stores_none_and_its_place_is_told(api):
    problem = assert_problem(api.post(PETS, json=[{"id": 1}, {"id": ""}]), 422, "invalid-id")
    assert problem["index"] == 1


def test_an_id_twice_in_one_bulk_stores_none(api):
    problem = assert_problem(api.post(PETS, json=[{"id": 1}, {"id": 2}, {"id": "1"}]), 409, "duplicate-id")
    assert (problem["index"], problem["errors"][0]["pointer"]) == (2, "/2/id")
    assert "first at index 0" in problem["detail"]
    assert_problem(api.get(PETS), 404, "unknown-table")


def test_a_batch_that_makes_and_takes_all_records_of_a_new_table_leaves_the_table(api):
    came_and_went = [
        {"op": "create", "table": "fleeting", "record": {"id": 1}},
        {"op": "delete", "table": "fleeting", "id": 1},
    ]
    assert api.post("/api/v1/batch", json={"operations": came_and_went}).status_code == 200
    assert api.get("/api/v1/tables/fleeting").json()["records"] == 0


def test_an_id_twice_is_told_as_what_exists_where_a_record_has_it(api):
    api.post(PETS, json={"id": 2})
    assert assert_problem(api.post(PETS, json=[{"id": 2}, {"id": 2}]), 409, "record-exists")["index"] == 0
    again = [
        {"op": "replace", "table": "pets", "id": 2, "record": {}},
        {"op": "create", "table": "pets", "record": {"id": 2}},
    ]
    assert_problem(api.post("/api/v1/batch", json={"operations": again}), 409, "record-exists")
    twice = [{"op": "create", "table": "pets", "record": {"id": 3}}] * 2
    problem = assert_problem(api.post("/api/v1/batch", json={"operations": twice}), 409, "duplicate-id")
    assert "first at index 0" in problem["detail"]


def test_what_exists_stores_none(api):
    api.post(PETS, json={"id": 2})
    assert_problem(api.post(PETS, json=[{"id": 1}, {"id": 2}]), 409, "record-exists")
    assert ids(api) == [2]


def test_a_bad_record_is_told_before_a_conflict(api):
    api.post(PETS, json={"id": 2})
    assert_problem(api.post(PETS, json=[{"id": 2}, 5]), 422, "invalid-record")


@pytest.mark.parametrize(
    ("rule", "stored", "status"),
    [
        ("ignore", [{"id": 1, "a": 1}, {"id": 2, "b": 2}], 201),
        ("replace", [{"id": 1, "b": 1}, {"id": 2, "b": 2}], 201),
        ("merge", [{"id": 1, "a": 1, "b": 1}, {"id": 2, "b": 2}], 201),
    ],
)
def test_on_conflict_answers_with_the_stored_records(api, rule, stored, status):
    api.post(PETS, json={"id": 1, "a": 1})
    sent = [{"id": 1, "b": 1}, {"id": 2, "b": 2}]
    answer = api.post(f"{PETS}?on_conflict={rule}", json=sent)
    assert (answer.status_code, answer.json()) == (status, stored)
    assert api.post(f"{PETS}?on_conflict={rule}", json=sent).status_code == 200


def test_return_minimal_answers_with_a_count(api):
    answer = api.post(PETS, json=[{"id": 1}, {"id": 2}], headers={"prefer": "return=minimal"})
    assert (answer.status_code, answer.json()) == (201, {"count": 2})


def test_a_bulk_over_the_limit_is_413(api):
    answer = api.post(PETS, content=b"[" + b" " * 1_048_576 + b"]", headers={"content-type": "application/json"})
    assert_problem(answer, 413, "body-too-large")


def test_one_record_over_its_own_limit_is_413(api):
    assert_problem(api.post(PETS, json=[{"id": 1}, {"id": 2, "x": "x" * 65_536}]), 413, "body-too-large")
    assert_problem(api.get(PETS), 404, "unknown-table")


@pytest.mark.parametrize("text", [b'[{"id":1}', b'[{"id":1},]', b'[{"id":1}] x', b'[{"id":1,"id":1}]', b"[{]}"])
def test_an_array_that_is_no_json_stores_none(api, text):
    for padding in (b"", b" " * 200_000):
        answer = api.post(PETS, content=padding + text, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        assert_problem(answer, 400, answer.json()["code"])
        assert "line 1" in answer.json()["detail"]
    assert_problem(api.get(PETS), 404, "unknown-table")


def test_depth_is_counted_in_each_record(api):
    def nested(depth):
        return json.loads('{"a":' * (depth - 1) + "{}" + "}" * (depth - 1))

    assert api.post(PETS, json=[nested(64)]).status_code == 201
    assert_problem(api.post(PETS, json=[nested(65)]), 400, "too-deep")


# NDJSON


def test_ndjson_creates_a_record_a_line(api):
    answer = api.post(PETS, content=b'{"id":1}\n\n {"id":2}\r\n{"id":3}', headers=NDJSON)
    assert (answer.status_code, answer.json()) == (201, [{"id": 1}, {"id": 2}, {"id": 3}])


@pytest.mark.parametrize(("text", "line"), [(b'{"id":1}\n{"id":', 2), (b'\n\n{"id":1}{}', 3), (b'{"id":1}\n[1', 2)])
def test_ndjson_that_is_wrong_names_its_line(api, text, line):
    problem = assert_problem(api.post(PETS, content=text, headers=NDJSON), 400, "malformed-json")
    assert f"line {line}," in problem["detail"]
    assert_problem(api.get(PETS), 404, "unknown-table")


def test_empty_ndjson_is_an_empty_bulk(api):
    answer = api.post(PETS, content=b"\n", headers=NDJSON)
    assert (answer.status_code, answer.json()) == (200, [])
