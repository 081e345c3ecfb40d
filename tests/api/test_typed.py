"""Tables with a Pydantic model: strict validation, defaults, ids by type, the schema."""

import uuid

import pytest

from tests.problems import assert_problem

USERS, GADGETS, NOTES = "/api/v1/data/users", "/api/v1/data/gadgets", "/api/v1/data/notes"
ADA = {"email": "ada@example.com", "full_name": "Ada"}


def test_absent_ids_and_timestamps_are_filled_in(api):
    record = api.post(USERS, json=ADA).json()
    assert uuid.UUID(record["id"]).version == 7
    assert record["created_at"].endswith("Z")
    assert record["age"] is None
    assert list(record) == ["id", "email", "full_name", "age", "created_at"]


@pytest.mark.parametrize(
    ("member", "value", "detail"),
    [
        ("age", "1", "An integer is expected."),
        ("age", True, "An integer is expected."),
        ("age", 1.5, "An integer is expected."),
        ("age", -1, "A value of 0 or more is expected."),
        ("email", 5, "Text is expected."),
        ("email", "nobody", "Text that matches the model's pattern is expected."),
        ("full_name", "", "At least 1 character is expected."),
        ("id", "x", "A UUID as text, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6, is expected."),
        ("created_at", "yesterday", "A date and time in ISO 8601, such as 2024-03-11T08:30:00Z, is expected."),
        ("created_at", "1710072000", "A date and time in ISO 8601, such as 2024-03-11T08:30:00Z, is expected."),
        ("created_at", "2024-03-11", "A date and time in ISO 8601, such as 2024-03-11T08:30:00Z, is expected."),
        ("created_at", 1700000000, "A date and time in ISO 8601, such as 2024-03-11T08:30:00Z, is expected."),
        ("nickname", "a", "The model has no member of this name."),
    ],
)
def test_a_fault_is_pointed_at_and_said_in_our_words(api, member, value, detail):
    problem = assert_problem(api.post(USERS, json=ADA | {member: value}), 422, "invalid-record")
    assert problem["errors"] == [{"pointer": f"/{member}", "detail": detail}]


def test_every_fault_is_told(api):
    problem = assert_problem(api.post(USERS, json={"age": "x", "y": 1}), 422, "invalid-record")
    assert {fault["pointer"] for fault in problem["errors"]} == {"/age", "/y", "/email", "/full_name"}


def test_a_bulk_points_with_the_index_first(api):
    problem = assert_problem(api.post(USERS, json=[ADA, {"email": "x"}, ADA | {"age": "x"}]), 422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/1/email", "/1/full_name", "/2/age"]
    assert api.get(USERS).json()["data"] == []


def test_many_faults_stay_within_2_kib(api):
    many = [{"id": f"{i}" * 30, "a" * 120: 1} for i in range(200)]
    assert_problem(api.post(USERS, json=many), 422, "invalid-record")


def test_nested_structures_are_validated_inside(api):
    gadget = {"id": 1, "Label": "a", "parts": [{"code": "x", "weight": 1}, {"code": 5, "weight": 0, "z": 1}]}
    problem = assert_problem(api.post(GADGETS, json=gadget), 422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/parts/1/code", "/parts/1/weight", "/parts/1/z"]


def test_stored_is_the_models_own_json_by_alias(api):
    answer = api.post(GADGETS, json={"id": 1, "Label": "a", "price": 1.5, "made": "2026-01-02"})
    assert answer.json() == {
        "id": 1, "Label": "a", "parts": [], "kind": "small", "made": "2026-01-02", "price": "1.5",
    }  # fmt: skip
    assert_problem(api.post(GADGETS, json={"id": 2, "label": "a"}), 422, "invalid-record")


def test_patch_is_validated_as_a_whole_and_stored_json_validates_again(api):
    api.post(GADGETS, json={"id": 1, "Label": "a", "price": 1.5})
    assert api.patch(f"{GADGETS}/1", json={"kind": "big"}).json()["kind"] == "big"
    problem = assert_problem(api.patch(f"{GADGETS}/1", json={"Label": None}), 422, "invalid-record")
    assert problem["errors"] == [{"pointer": "/Label", "detail": "This member is required."}]
    assert_problem(api.patch(f"{GADGETS}/1", json={"kind": "huge"}), 422, "invalid-record")
    assert api.get(f"{GADGETS}/1").json()["kind"] == "big"


def test_an_id_without_a_default_is_asked_for(api):
    problem = assert_problem(api.post(GADGETS, json={"Label": "a"}), 422, "invalid-record")
    assert problem["errors"] == [{"pointer": "/id", "detail": "This member is required."}]


def test_an_id_in_a_record_may_be_in_any_spelling_and_in_a_path_in_that_of_the_model(api):
    key = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
    assert api.post(USERS, json=ADA | {"id": key.upper()}).headers["location"] == f"{USERS}/{key}"
    assert api.get(f"{USERS}/{key}").json()["id"] == key
    assert api.patch(f"{USERS}/{key}", json={"id": key.upper(), "age": 5}).json()["id"] == key
    assert_problem(api.post(USERS, json=ADA | {"id": key.upper()}), 409, "record-exists")
    for spelling in (key.upper(), key.replace("-", ""), "nobody"):
        assert_problem(api.get(f"{USERS}/{spelling}"), 404, "record-not-found")
        assert_problem(api.patch(f"{USERS}/{spelling}", json={"age": 5}), 404, "record-not-found")
        assert_problem(api.delete(f"{USERS}/{spelling}"), 404, "record-not-found")
    assert_problem(api.put(f"{USERS}/{key.upper()}?upsert=true", json=ADA), 422, "invalid-id")
    assert api.delete(f"{USERS}/{key}").status_code == 204


def test_upsert_takes_the_paths_id_in_the_models_type(api):
    answer = api.put(f"{GADGETS}/7?upsert=true", json={"Label": "a"})
    assert (answer.status_code, answer.json()["id"]) == (201, 7)
    problem = assert_problem(api.put(f"{GADGETS}/x?upsert=true", json={"Label": "a"}), 422, "invalid-record")
    assert problem["errors"][0]["pointer"] == "/id"


def test_put_needs_no_id_in_the_body(api):
    api.post(GADGETS, json={"id": 1, "Label": "a"})
    assert api.put(f"{GADGETS}/1", json={"Label": "b"}).json()["Label"] == "b"


def test_on_conflict_merge_is_validated_as_a_whole(api):
    api.post(GADGETS, json={"id": 1, "Label": "a"})
    answer = api.post(f"{GADGETS}?on_conflict=merge", json={"id": 1, "kind": "big"})
    assert (answer.status_code, answer.json()["Label"], answer.json()["kind"]) == (200, "a", "big")
    assert_problem(api.post(f"{GADGETS}?on_conflict=merge", json={"id": 2, "kind": "big"}), 422, "invalid-record")


def test_a_model_without_an_id_keeps_one_beside_it_and_may_take_other_members(api):
    record = api.post(NOTES, json={"text": "a", "more": [1]}).json()
    assert list(record) == ["id", "text", "more"]
    assert api.patch(f"{NOTES}/{record['id']}", json={"text": "b"}).json() == record | {"text": "b"}
    assert api.post(NOTES, json={"id": 5, "text": "a"}).json() == {"id": 5, "text": "a"}
    assert_problem(api.post(NOTES, json={"id": None, "text": "a"}), 422, "invalid-id")


def test_csv_is_read_by_the_models_types(api):
    text = b'id,Label,parts,kind\n1,0150,"[{""code"":""7"",""weight"":1}]",\n2,42,,big\n'
    answer = api.post(GADGETS, content=text, headers={"content-type": "text/csv"})
    assert answer.status_code == 201, answer.text
    assert [record["Label"] for record in answer.json()] == ["0150", "42"]
    assert answer.json()[0]["parts"] == [{"code": "7", "weight": 1.0}]


def test_csv_comes_out_in_the_models_order(api):
    api.post(GADGETS, json={"id": 1, "Label": "a"})
    for path in (GADGETS, "/api/v1/dump/gadgets"):
        text = api.get(path, headers={"accept": "text/csv"}).text
        assert text.split("\r\n")[0] == "id,Label,parts,kind,made,price"


def test_models_name_their_tables(api):
    names = {table["name"]: table["schema"] for table in api.get("/api/v1/tables").json()["tables"]}
    assert {"users", "orders", "gadgets", "notes", "people"} <= set(names)
    assert not {"parts", "secrets"} & set(names)
    assert names["gadgets"]["properties"]["Label"]["maxLength"] == 20


def test_a_join_of_typed_tables_reads_the_models(api):
    user = api.post(USERS, json=ADA).json()
    order = {"user_id": user["id"], "product_name": "Dish", "quantity": 1, "total_price": 9.5}
    order = api.post("/api/v1/data/orders", json=order).json()
    answer = api.get("/api/v1/join/users/orders/user_id").json()
    assert answer["data"] == [{"users": user, "orders": order}]
    assert answer["join"]["on"] == "users.id = orders.user_id"


def test_a_typed_table_that_is_dropped_is_emptied_and_stays(api):
    api.post(USERS, json=ADA)
    assert api.delete("/api/v1/tables/users").status_code == 204
    assert api.get(USERS).json()["data"] == []


def test_an_id_that_its_type_rewrites_is_found_as_it_is_written(api):
    tags = "/api/v1/data/tags"
    assert api.post(tags, json={"id": "ABC"}).json() == {"id": "abc"}
    assert_problem(api.put(f"{tags}/XYZ?upsert=true", json={}), 422, "invalid-id")
    assert api.put(f"{tags}/xyz?upsert=true", json={"id": "XYZ"}).json() == {"id": "xyz"}
    assert [api.get(f"{tags}/{path}").status_code for path in ("abc", "ABC", "xyz", "XYZ")] == [200, 404, 200, 404]
    assert_problem(api.post(tags, json={"id": "Abc"}), 409, "record-exists")
    assert api.post(f"{tags}?on_conflict=merge", json={"id": "ABC"}).status_code == 200


def test_an_id_that_the_model_changes_unseen_never_stands_under_another_key(api):
    shouted = "/api/v1/data/shouteds"
    assert api.post(shouted, json={"id": "abc"}).headers["location"] == f"{shouted}/ABC"
    assert_problem(api.put(f"{shouted}/xyz?upsert=true", json={}), 422, "invalid-record")
    assert_problem(api.post(f"{shouted}?on_conflict=merge", json={"id": "xyz"}), 422, "invalid-record")
    assert [record["id"] for record in api.get(shouted).json()["data"]] == ["ABC"]
