"""Dumps, loads and batches: whole tables out and in, and several changes at once."""

import json

import pytest

from tests.problems import assert_problem

JSON = {"content-type": "application/json"}


# dump


@pytest.mark.parametrize("size", [0, 1, 2, 3000])
def test_a_dump_is_the_whole_table_in_the_order_of_storing_or_by_id_where_servers_share_it(api, size):
    records = [{"id": str(size - i), "text": "x" * 50} for i in range(size)]
    assert api.post("/api/v1/load", json={"t": records}).json() == {"loaded": {"t": size}}
    if api.get("/health/ready").json()["guarantees"]["is_shared"]:
        records.sort(key=lambda record: record["id"])
    assert api.get("/api/v1/dump/t").json() == records
    lines = api.get("/api/v1/dump/t", headers={"accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == records


def test_a_csv_dump_has_the_columns_of_the_whole_table(api):
    api.post("/api/v1/load", json={"t": [{"id": 1, "a": 1}, {"id": 2, "b": [1]}]})
    answer = api.get("/api/v1/dump/t", headers={"accept": "text/csv"})
    assert answer.text == "id,a,b\r\n1,1,\r\n2,,[1]\r\n"


def test_a_dump_of_everything_has_the_shape_that_load_takes(api):
    api.post("/api/v1/load", json={"b": [{"id": 1}], "a": []})
    dump = api.get("/api/v1/dump").json()
    assert (dump["b"], dump["a"], dump["users"]) == ([{"id": 1}], [], [])
    assert api.post("/api/v1/load?mode=replace", json=dump).status_code == 200
    assert api.get("/api/v1/dump").json() == dump


def test_a_dump_answers_304_until_the_table_changes(api):
    api.post("/api/v1/load", json={"t": [{"id": 1}]})
    tags = [api.get(path).headers["etag"] for path in ("/api/v1/dump/t", "/api/v1/dump")]
    for path, tag in zip(("/api/v1/dump/t", "/api/v1/dump"), tags, strict=True):
        assert api.get(path, headers={"if-none-match": tag}).status_code == 304
    api.post("/api/v1/data/t", json={"id": 2})
    assert api.get("/api/v1/dump/t", headers={"if-none-match": tags[0]}).status_code == 200


def test_a_dump_takes_no_words_and_no_other_media_type(api):
    api.post("/api/v1/load", json={"t": []})
    assert_problem(api.get("/api/v1/dump/t?limit=1"), 400, "unknown-parameter")
    assert_problem(api.get("/api/v1/dump/t", headers={"accept": "text/html"}), 406, "not-acceptable")
    assert_problem(api.get("/api/v1/dump", headers={"accept": "text/csv"}), 406, "not-acceptable")
    assert_problem(api.get("/api/v1/dump/none"), 404, "unknown-table")


def test_head_of_a_dump_has_no_body(api):
    api.post("/api/v1/load", json={"t": [{"id": 1}]})
    answer = api.head("/api/v1/dump/t")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == api.get("/api/v1/dump/t").headers["etag"]


# load


def test_load_replaces_same_ids_and_leaves_the_rest(api):
    api.post("/api/v1/load", json={"t": [{"id": 1, "a": 1}, {"id": 2}], "u": [{"id": 1}]})
    assert api.post("/api/v1/load", json={"t": [{"id": "1", "b": 1}, {"id": 3}]}).json() == {"loaded": {"t": 2}}
    assert api.get("/api/v1/data/t").json()["data"] == [{"id": 1, "b": 1}, {"id": 2}, {"id": 3}]
    assert api.get("/api/v1/data/u").json()["data"] == [{"id": 1}]


def test_load_with_replace_drops_what_is_not_named_and_empties_what_has_a_model(api):
    api.post("/api/v1/load", json={"t": [{"id": 1}], "u": [{"id": 1}], "people": [{"id": "a", "name": "Ada"}]})
    assert api.post("/api/v1/load?mode=replace", json={"t": [{"id": 2}]}).json() == {"loaded": {"t": 1}}
    assert api.get("/api/v1/dump/t").json() == [{"id": 2}]
    assert_problem(api.get("/api/v1/dump/u"), 404, "unknown-table")
    assert api.get("/api/v1/dump/people").json() == []


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"[]", 400, "malformed-json"),
        (b"", 400, "malformed-json"),
        (b'{"t":{}}', 400, "malformed-json"),
        (b'{"t":[{"id":2},]}', 400, "malformed-json"),
        (b'{"t":[{"id":2}', 400, "malformed-json"),
        (b'{"t":[{"id":2}]}x', 400, "malformed-json"),
        (b'{"t":[{"id":2 "a":1}]}', 400, "malformed-json"),
        (b'{"t":[{"id":2}],"t":[]}', 400, "duplicate-member"),
        (b'{"t":[{"id":2,"id":3}]}', 400, "duplicate-member"),
        (b'{"t":[{"id":2},5]}', 422, "invalid-record"),
        (b'{"t":[{"id":2},{"id":null}]}', 422, "invalid-id"),
        (b'{"t":[{"id":2},{"id":"2"}]}', 409, "duplicate-id"),
        (b'{"t":[{"id":2}],"1t":[]}', 422, "invalid-table-name"),
        (b'{"t":[{"id":2}],"people":[{"id":"a"}]}', 422, "invalid-record"),
        (b'{"t":[{"id":2,"x":"' + b"x" * 65_536 + b'"}]}', 413, "body-too-large"),
        (b'{"t":[' + b" " * 8_388_608, 413, "body-too-large"),
    ],
)
def test_a_load_that_is_wrong_changes_nothing(api, text, status, code):
    api.post("/api/v1/load", json={"t": [{"id": 1}]})
    for mode in ("merge", "replace"):
        assert_problem(api.post(f"/api/v1/load?mode={mode}", content=text, headers=JSON), status, code)
    assert api.get("/api/v1/dump/t").json() == [{"id": 1}]


def test_a_fault_in_a_load_is_pointed_at(api):
    answer = api.post("/api/v1/load", json={"people": [{"id": "a", "name": "A"}, {"id": "b", "name": 5}]})
    assert answer.json()["errors"] == [{"pointer": "/people/1/name", "detail": "Text is expected.", "line": 1}]
    assert answer.json()["index"] == 1


def test_load_has_two_modes(api):
    assert_problem(api.post("/api/v1/load?mode=upsert", json={}), 400, "invalid-parameter")


# batch


def batch(api, *operations):
    return api.post("/api/v1/batch", json={"operations": operations})


def test_a_batch_does_every_kind_over_any_tables(api):
    api.post("/api/v1/load", json={"t": [{"id": 1, "a": 1}, {"id": 2}, {"id": 3}]})
    answer = batch(
        api,
        {"op": "create", "table": "new", "record": {"id": "x"}},
        {"op": "create", "table": "new", "id": 5, "record": {"a": 1}},
        {"op": "upsert", "table": "t", "id": 9, "record": {"a": 1}},
        {"op": "upsert", "table": "t", "record": {"id": 2, "b": 2}},
        {"op": "replace", "table": "t", "id": "1", "record": {"c": 1}},
        {"op": "patch", "table": "t", "id": 1, "record": {"d": 1}},
        {"op": "delete", "table": "t", "id": 3},
    )
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 201, 201, 200, 200, 200, 204]
    assert [result["id"] for result in results] == ["x", 5, 9, 2, 1, 1, 3]
    assert results[5]["record"] == {"id": 1, "c": 1, "d": 1}
    assert results[6] == {"status": 204, "id": 3, "etag": None, "record": None}
    assert results[5]["etag"] == api.get("/api/v1/data/t/1").headers["etag"]
    assert api.get("/api/v1/data/t").json()["data"] == [{"id": 1, "c": 1, "d": 1}, {"id": 2, "b": 2}, {"id": 9, "a": 1}]


def test_later_operations_see_earlier_ones(api):
    answer = batch(
        api,
        {"op": "create", "table": "t", "record": {"id": 1}},
        {"op": "patch", "table": "t", "id": 1, "record": {"a": 1}},
        {"op": "delete", "table": "t", "id": 1},
        {"op": "create", "table": "t", "record": {"id": 1, "b": 1}},
    )
    assert [result["status"] for result in answer.json()["results"]] == [201, 200, 204, 201]
    assert api.get("/api/v1/dump/t").json() == [{"id": 1, "b": 1}]


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ({"op": "create", "table": "t", "record": {"id": 1}}, 409, "record-exists"),
        ({"op": "replace", "table": "t", "id": 7, "record": {}}, 404, "record-not-found"),
        ({"op": "patch", "table": "none", "id": 7, "record": {}}, 404, "unknown-table"),
        ({"op": "delete", "table": "none", "id": 7}, 404, "unknown-table"),
        ({"op": "delete", "table": "t", "id": 7}, 404, "record-not-found"),
        ({"op": "delete", "table": "t", "id": 1, "if_match": '"x"'}, 412, "precondition-failed"),
        ({"op": "replace", "table": "t", "id": 1, "record": {"id": 2}}, 400, "id-mismatch"),
        ({"op": "create", "table": "t", "record": []}, 422, "invalid-record"),
        ({"op": "create", "table": "people", "record": {"id": "a"}}, 422, "invalid-record"),
        ({"op": "create", "table": "t!", "record": {}}, 422, "invalid-table-name"),
        ({"op": "create", "table": "t", "record": {"id": 5}, "id": 6}, 422, "invalid-operation"),
        ({"op": "create", "table": "t", "record": {"id": 5}, "if_match": "*"}, 422, "invalid-operation"),
        ({"op": "creat", "table": "t", "record": {}}, 422, "invalid-operation"),
        ({"op": None, "table": "t", "record": {}}, 422, "invalid-operation"),
        ({"op": "create", "table": "t"}, 422, "invalid-operation"),
        ({"op": "delete", "table": "t", "id": 1, "record": {}}, 422, "invalid-operation"),
        ({"op": "delete", "table": "t"}, 422, "invalid-operation"),
        ({"op": "delete", "table": "t", "id": None}, 422, "invalid-id"),
        ({"op": "delete", "table": 5, "id": 1}, 422, "invalid-operation"),
        ({"op": "delete", "table": "t", "id": 1, "if_match": 5}, 422, "invalid-operation"),
        ({"op": "delete", "table": "t", "id": 1, "where": {}}, 422, "invalid-operation"),
        ("delete", 422, "invalid-operation"),
    ],
)
def test_one_failure_applies_nothing_and_is_told_with_its_index(api, operation, status, code):
    api.post("/api/v1/load", json={"t": [{"id": 1}]})
    answer = batch(api, {"op": "patch", "table": "t", "id": 1, "record": {"a": 1}}, operation)
    assert assert_problem(answer, status, code)["index"] == 1
    assert api.get("/api/v1/dump/t").json() == [{"id": 1}]


def test_a_record_that_is_not_in_a_table_which_the_batch_makes_is_told_as_such(api):
    made = {"op": "create", "table": "new", "record": {"id": 1}}
    answer = batch(api, made, {"op": "patch", "table": "new", "id": 2, "record": {}})
    assert assert_problem(answer, 404, "record-not-found")["index"] == 1


def test_a_record_is_written_over_by_one_request_so_many_bytes_long(api):
    """Each body is held until it is answered: a record that grew by a member 10,000 times was there 10,000 times."""
    api.put("/api/v1/data/pets/rex?upsert=true", json={"text": "x" * 60_000})
    patches = [{"op": "patch", "table": "pets", "id": "rex", "record": {"n": n}} for n in range(600)]
    assert api.post("/api/v1/batch", json={"operations": patches[:20]}).status_code == 200
    answer = api.post("/api/v1/batch", json={"operations": patches})
    assert_problem(answer, 413, "body-too-large")
    assert "again" in answer.json()["detail"]
    assert api.get("/api/v1/data/pets/rex").json()["n"] == 19
    merged = api.post("/api/v1/data/pets?on_conflict=merge", json=[{"id": "rex", "n": n} for n in range(600)])
    assert_problem(merged, 413, "body-too-large")
    ignored = api.post(
        "/api/v1/data/pets?on_conflict=ignore", json=[{"id": "rex"}] * 600, headers={"prefer": "return=minimal"}
    )
    assert ignored.status_code == 200


def test_if_match_of_a_batch_takes_the_tag_as_it_was_given(api):
    tag = api.post("/api/v1/data/t", json={"id": 1}).headers["etag"]
    assert batch(api, {"op": "delete", "table": "t", "id": 1, "if_match": tag}).status_code == 200


@pytest.mark.parametrize("body", [[], {}, {"operations": {}}, {"operations": [], "x": 1}, 5])
def test_a_batch_is_an_object_with_operations(api, body):
    assert_problem(api.post("/api/v1/batch", json=body), 422, "invalid-operation")


def test_a_long_batch_with_another_member_is_refused_like_a_short_one(api):
    batch = {"operations": [{"op": "create", "table": "t", "record": {"text": "x" * 50_000}}] * 4, "x": 1}
    assert_problem(api.post("/api/v1/batch", json=batch), 422, "invalid-operation")


def test_an_operation_longer_than_a_record_may_be_is_refused_before_it_is_parsed(api):
    batch = {"operations": [{"op": "create", "table": "t", "record": {"text": "x" * 200_000}}]}
    problem = assert_problem(api.post("/api/v1/batch", json=batch), 413, "body-too-large")
    assert problem["index"] == 0


@pytest.mark.parametrize("other", [True, 1.0, "1"])
def test_an_id_beside_a_record_is_the_record_s_own(api, other):
    item = {"op": "create", "table": "t", "id": other, "record": {"id": 1}}
    assert_problem(api.post("/api/v1/batch", json={"operations": [item]}), 422, "invalid-operation")


def test_an_empty_batch_does_nothing(api):
    assert batch(api).json() == {"results": []}


def test_a_fault_in_a_batch_is_pointed_at(api):
    answer = batch(api, {"op": "create", "table": "people", "record": {"id": "a", "name": 5}})
    assert answer.json()["errors"] == [{"pointer": "/operations/0/record/name", "detail": "Text is expected."}]
    answer = batch(api, {"op": "creat", "table": "people", "record": {}})
    assert answer.json()["errors"] == [{"pointer": "/operations/0/op", "detail": "Unknown operation."}]
