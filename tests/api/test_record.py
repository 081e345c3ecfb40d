"""`GET`, `PUT`, `PATCH`, `DELETE /api/v1/data/{table}/{id}`, and the conditions on them."""

import json

import pytest

from tests.problems import assert_problem

REX = "/api/v1/data/pets/rex"
JSON = {"content-type": "application/json"}


@pytest.fixture
def rex(api):
    """The record `rex`; its tag."""
    return api.post(
        "/api/v1/data/pets", json={"id": "rex", "kind": "dog", "home": {"city": "Lyon", "zip": "69002"}}
    ).headers["etag"]


# GET


def test_get_returns_the_record_with_a_strong_tag(api, rex):
    answer = api.get(REX)
    assert (answer.status_code, answer.headers["etag"]) == (200, rex)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"id": "rex", "kind": "dog", "home": {"city": "Lyon", "zip": "69002"}}


def test_get_of_what_is_not_there_is_404(api, rex):
    assert_problem(api.get("/api/v1/data/pets/tom"), 404, "record-not-found")
    problem = assert_problem(api.get("/api/v1/data/pet/rex"), 404, "unknown-table")
    assert "Did you mean 'pets'?" in problem["detail"]


@pytest.mark.parametrize("tags", ["{}", "W/{}", '"x", {}', "*"])
def test_get_answers_304_where_the_tag_still_holds(api, rex, tags):
    answer = api.get(REX, headers={"if-none-match": tags.format(rex)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", rex)


def test_get_answers_200_where_the_tag_is_old(api, rex):
    api.patch(REX, json={"kind": "cat"})
    assert api.get(REX, headers={"if-none-match": rex}).json()["kind"] == "cat"


@pytest.mark.parametrize("header", ["rex", '"a" "b"', "", ", ,"])
def test_a_tag_that_cannot_be_read_is_told(api, rex, header):
    assert_problem(api.get(REX, headers={"if-none-match": header}), 400, "invalid-header")


def test_select_returns_only_the_chosen_fields_in_their_places(api, rex):
    answer = api.get(f"{REX}?select=home.city,id,nothing")
    assert answer.json() == {"id": "rex", "home": {"city": "Lyon"}}
    assert answer.headers["etag"].startswith(f"W/{rex[:-1]}-")


def test_select_of_a_field_that_no_record_has_is_told(api, rex):
    answer = api.get(f"{REX}?select=knid")
    assert (answer.json(), answer.headers["vary"]) == ({}, "Prefer")
    assert json.loads(answer.headers["x-warnings"]) == ["no record in pets has the field 'knid'; did you mean 'kind'?"]
    assert "x-warnings" not in api.get(f"{REX}?select=kind").headers
    strict = {"prefer": "handling=strict"}
    assert_problem(api.get(f"{REX}?select=knid", headers=strict), 400, "unknown-field")
    known = strict | {"if-none-match": answer.headers["etag"]}
    assert_problem(api.get(f"{REX}?select=knid", headers=known), 400, "unknown-field")
    gadget = api.post("/api/v1/data/gadgets", json={"id": 1, "Label": "a"}).headers["location"]
    assert_problem(api.get(f"{gadget}?select=label"), 400, "unknown-field")


def test_select_without_a_name_is_told(api, rex):
    assert_problem(api.get(f"{REX}?select="), 400, "invalid-select")
    assert_problem(api.get(f"{REX}?select=id,"), 400, "invalid-select")
    assert_problem(api.get(f"{REX}?fields=id"), 400, "unknown-parameter")
    assert_problem(api.get("/api/v1/data/none/x?select="), 400, "invalid-select")


def test_a_dot_in_a_name_is_escaped(api):
    api.post("/api/v1/data/pets", json={"id": 1, "a.b": 1, "a": {"b": 2}, "t": [{"x": 1, "y": 2}, 5]})
    assert api.get("/api/v1/data/pets/1?select=a%5C.b").json() == {"a.b": 1}
    assert api.get("/api/v1/data/pets/1?select=t.0.x,t.1").json() == {"t": [{"x": 1}, 5]}


def test_get_refuses_to_answer_in_a_media_type_it_does_not_have(api, rex):
    assert_problem(api.get(REX, headers={"accept": "text/html"}), 406, "not-acceptable")
    for fine in ("*/*", "application/*", "application/json", "text/html, application/json;q=0.1", ""):
        assert api.get(REX, headers={"accept": fine}).status_code == 200
    assert_problem(api.get(REX, headers={"accept": "application/json;q=0"}), 406, "not-acceptable")


# PUT


def test_put_replaces_the_whole_record(api, rex):
    answer = api.put(REX, json={"kind": "cat"})
    assert (answer.status_code, answer.json()) == (200, {"id": "rex", "kind": "cat"})
    assert answer.headers["etag"] != rex
    assert api.get(REX).json() == {"id": "rex", "kind": "cat"}


def test_put_of_what_is_not_there_is_404(api, rex):
    assert_problem(api.put("/api/v1/data/pets/tom", json={}), 404, "record-not-found")
    for method in ("PUT", "PATCH"):
        assert_problem(api.request(method, "/api/v1/data/none/tom", json={}), 404, "unknown-table")
    assert_problem(api.delete("/api/v1/data/none/tom"), 404, "unknown-table")
    assert_problem(api.get("/api/v1/data/none"), 404, "unknown-table")


def test_put_with_upsert_creates_the_record_and_the_table(api):
    answer = api.put("/api/v1/data/new/7?upsert=true", json={"a": 1})
    assert (answer.status_code, answer.json()) == (201, {"id": "7", "a": 1})
    assert answer.headers["location"] == "/api/v1/data/new/7"
    answer = api.put("/api/v1/data/new/8?upsert=true", json={"id": 8, "a": 1})
    assert (answer.status_code, answer.json()) == (201, {"id": 8, "a": 1})


def test_put_with_upsert_replaces_what_is_there_and_keeps_its_id(api):
    api.post("/api/v1/data/pets", json={"id": 7})
    answer = api.put("/api/v1/data/pets/7?upsert=true", json={"id": "7", "a": 1})
    assert (answer.status_code, answer.json()) == (200, {"id": 7, "a": 1})


def test_put_keeps_the_type_of_an_id_wherever_it_stands(api):
    api.post("/api/v1/data/pets", content=b'{"name":"a","id":"5"}', headers=JSON)
    answer = api.put("/api/v1/data/pets/5", content=b'{"name":"a","id":5}', headers=JSON)
    assert answer.json()["id"] == "5"


def test_put_refuses_another_id(api, rex):
    assert_problem(api.put(REX, json={"id": "tom"}), 400, "id-mismatch")
    assert_problem(api.put(REX, json={"id": None}), 422, "invalid-id")
    assert api.get(REX).headers["etag"] == rex


def test_put_refuses_what_is_no_object_after_it_has_looked_for_the_record(api, rex):
    assert_problem(api.put(REX, json=[]), 422, "invalid-record")
    assert_problem(api.put("/api/v1/data/pets/tom", json=[]), 404, "record-not-found")
    huge = b'{"n": 9223372036854775808}'
    assert_problem(api.put(REX, content=huge, headers=JSON), 422, "integer-out-of-range")
    assert_problem(api.put("/api/v1/data/pets/tom", content=huge, headers=JSON), 404, "record-not-found")


def test_put_applies_only_while_the_tag_holds(api, rex):
    assert api.put(REX, json={"n": 1}, headers={"if-match": rex}).status_code == 200
    assert_problem(api.put(REX, json={"n": 2}, headers={"if-match": rex}), 412, "precondition-failed")
    assert api.get(REX).json() == {"id": "rex", "n": 1}


def test_if_match_star_needs_a_record(api, rex):
    assert api.put(REX, json={}, headers={"if-match": "*"}).status_code == 200
    assert_problem(api.put("/api/v1/data/pets/tom", json={}, headers={"if-match": "*"}), 404, "record-not-found")
    upsert = "/api/v1/data/pets/tom?upsert=true"
    assert_problem(api.put(upsert, json={}, headers={"if-match": "*"}), 412, "precondition-failed")


def test_if_match_with_a_weak_tag_matches_nothing(api, rex):
    assert_problem(api.put(REX, json={}, headers={"if-match": f"W/{rex}"}), 412, "precondition-failed")


def test_if_none_match_star_creates_only(api, rex):
    assert_problem(api.put(f"{REX}?upsert=true", json={}, headers={"if-none-match": "*"}), 412, "precondition-failed")
    fresh = api.put("/api/v1/data/pets/tom?upsert=true", json={}, headers={"if-none-match": "*"})
    assert fresh.status_code == 201


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", ""])
def test_upsert_is_true_or_false(api, rex, value):
    assert_problem(api.put(f"{REX}?upsert={value}", json={}), 400, "invalid-parameter")


# PATCH


def test_patch_merges_as_rfc_7396_says(api, rex):
    answer = api.patch(REX, json={"kind": None, "home": {"zip": None, "floor": 2}, "tags": ["a"]})
    assert answer.json() == {"id": "rex", "home": {"city": "Lyon", "floor": 2}, "tags": ["a"]}
    assert answer.headers["etag"] != rex


def test_patch_takes_both_media_types(api, rex):
    for kind in ("application/merge-patch+json", "application/json"):
        assert api.patch(REX, content=b'{"n":1}', headers={"content-type": kind}).status_code == 200
    answer = api.patch(REX, content=b"[]", headers={"content-type": "application/json-patch+json"})
    assert_problem(answer, 415, "unsupported-media-type")


def test_patch_that_changes_nothing_keeps_the_tag(api, rex):
    assert api.patch(REX, json={}).headers["etag"] == rex


def test_patch_refuses_to_touch_the_id(api, rex):
    assert_problem(api.patch(REX, json={"id": "tom"}), 400, "id-mismatch")
    assert_problem(api.patch(REX, json={"id": None}), 422, "invalid-id")
    assert_problem(api.patch(REX, json=["a"]), 422, "invalid-record")
    assert api.patch(REX, json={"id": "rex"}).headers["etag"] == rex


def test_patch_over_the_limit_is_refused_and_changes_nothing(api):
    api.post("/api/v1/data/pets", json={"id": 1, "a": "x" * 40_000})
    assert_problem(api.patch("/api/v1/data/pets/1", json={"b": "x" * 40_000}), 413, "body-too-large")
    assert "b" not in api.get("/api/v1/data/pets/1").json()


def test_patch_of_what_is_not_there_is_404(api, rex):
    assert_problem(api.patch("/api/v1/data/pets/tom", json={}), 404, "record-not-found")


# DELETE


def test_delete_answers_204_and_the_record_is_gone(api, rex):
    answer = api.delete(REX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(api.get(REX), 404, "record-not-found")
    assert_problem(api.delete(REX), 404, "record-not-found")


def test_delete_applies_only_while_the_tag_holds(api, rex):
    assert_problem(api.delete(REX, headers={"if-match": '"other"'}), 412, "precondition-failed")
    assert api.delete(REX, headers={"if-match": f'"other", {rex}'}).status_code == 204


def test_delete_takes_no_body(api, rex):
    assert_problem(api.request("DELETE", REX, json={}), 400, "unexpected-body")
    assert api.delete(REX).status_code == 204


def test_an_address_that_no_record_can_have_is_404_and_for_upsert_422(api, rex):
    path = f"/api/v1/data/pets/{'x' * 256}"
    assert_problem(api.get(path), 404, "record-not-found")
    assert_problem(api.put(path, json={}), 404, "record-not-found")
    assert_problem(api.patch(path, json={}), 404, "record-not-found")
    assert_problem(api.delete(path), 404, "record-not-found")
    assert_problem(api.delete(path.replace("pets", "none")), 404, "unknown-table")
    assert_problem(api.put(f"{path}?upsert=true", json={}), 422, "invalid-id")


def test_the_first_of_several_faults_is_told_in_the_order_of_the_contract(api, rex):
    bad = {"content": b"{", "headers": {"content-type": "text/plain", "accept": "text/html"}}
    assert_problem(api.put("/api/v1/none", **bad), 404, "unknown-route")
    assert_problem(api.put("/api/v1/data/pets/tom?x=1", **bad), 415, "unsupported-media-type")
    bad["headers"]["content-type"] = "application/json"
    assert_problem(api.put("/api/v1/data/pets/tom?x=1", **bad), 400, "unknown-parameter")
    assert_problem(api.put("/api/v1/data/pets/tom", **bad), 406, "not-acceptable")
    del bad["headers"]["accept"]
    assert_problem(api.put("/api/v1/data/pets/tom", **bad), 400, "malformed-json")
    assert_problem(api.put("/api/v1/data/pets/tom", json=[], headers={"if-match": '"x"'}), 404, "record-not-found")
    assert_problem(api.put(REX, json=[], headers={"if-match": '"x"'}), 412, "precondition-failed")
    assert_problem(api.put(REX, json=[], headers={"if-match": rex}), 422, "invalid-record")
