"""What outlives a load: definitions, unique fields, pinned indexes, and the ids of records, whatever a load brings."""

import pytest

from tests.problems import assert_problem

TABLE, DATA, LOAD = "/api/v1/tables/pets", "/api/v1/data/pets", "/api/v1/load"
INDEXES = [{"field": "age", "kind": "sorted"}, {"field": "home.city", "kind": "hash"}]

emptied = pytest.mark.parametrize(
    "empty",
    [
        lambda api: api.post(f"{LOAD}?mode=replace", json={"pets": []}),
        lambda api: api.post(f"{LOAD}?mode=replace", json={}),
        lambda api: api.delete(f"{DATA}?all=true"),
    ],
    ids=["replaced by none", "not named", "all deleted"],
)


def define(api, **definition):
    assert api.put(TABLE, json=definition).status_code in (200, 201)


def shown(api):
    table = api.get(TABLE).json()
    indexes = {(index["field"], index["kind"]) for index in table["indexes"] if index["pinned"]}
    return table["schema"], table["unique"], indexes, table["require_if_match"]


@emptied
def test_a_table_with_a_unique_field_takes_records_after_it_was_emptied(api, empty):
    define(api, unique=["name"])
    api.post(DATA, json={"id": 1, "name": "rex"})
    assert empty(api).status_code == 200
    assert api.get(TABLE).json()["unique"] == ["name"]
    assert api.put(f"{DATA}/2?upsert=true", json={"name": "rex"}).status_code in (200, 201)
    assert api.post(DATA, json=[{"id": 3, "name": "a"}, {"id": 4, "name": "b"}]).status_code == 201
    batch = {"operations": [{"op": "create", "table": "pets", "record": {"id": 5, "name": "c"}}]}
    assert api.post("/api/v1/batch", json=batch).status_code == 200
    for name in ("rex", "a", "c"):
        assert_problem(api.post(DATA, json={"id": 9, "name": name}), 409, "not-unique")


@pytest.mark.parametrize(
    "definition",
    [{"unique": ["name"]}, {"indexes": INDEXES}, {"require_if_match": True}, {"schema": {}}, {"schema": {"a": 1}}],
    ids=lambda definition: next(iter(definition)),
)
def test_replacing_everything_empties_whatever_has_a_definition_and_drops_the_rest(api, definition):
    define(api, **definition)
    before = shown(api)
    api.post(DATA, json={"id": 1, "name": "rex"})
    api.post("/api/v1/data/plain", json={"id": 1})
    assert api.put("/api/v1/tables/bare", json={}).status_code == 201
    assert api.post(f"{LOAD}?mode=replace", json={"other": []}).status_code == 200
    assert shown(api) == before
    assert api.get(TABLE).json()["records"] == 0
    assert_problem(api.get("/api/v1/tables/plain"), 404, "unknown-table")
    assert_problem(api.get("/api/v1/tables/bare"), 404, "unknown-table")


@pytest.mark.parametrize("mode", ["merge", "replace"])
@pytest.mark.parametrize("records", [0, 1, 1000])
def test_pinned_indexes_outlive_a_load_in_their_kind(api, mode, records):
    define(api, unique=["name"], indexes=[*INDEXES, {"field": "name", "kind": "sorted"}])
    before = shown(api)
    assert before[2] == {("age", "sorted"), ("home.city", "hash"), ("name", "sorted")}
    sent = [{"id": i, "name": f"n{i}", "age": i % 7} for i in range(records)]
    assert api.post(f"{LOAD}?mode={mode}", json={"pets": sent}).status_code == 200
    assert shown(api) == before
    api.get(f"{DATA}?age=3")
    api.get(f"{DATA}?name=n3")
    assert shown(api) == before
    built = {index["field"] for index in api.get(TABLE).json()["indexes"] if index["bytes"]}
    assert built >= ({"age", "name"} if records else set())


@pytest.mark.parametrize("is_typed", [False, True], ids=["without a schema", "with a schema"])
@pytest.mark.parametrize(("stored", "sent"), [("26", 26), (26, "26"), ("-1", -1), (0, "0"), ("26", "26"), (26, 26)])
def test_a_load_keeps_the_type_of_an_id_that_stands(api, stored, sent, is_typed):
    if is_typed:
        define(api, schema={"properties": {"id": {"type": ["string", "integer"]}, "n": {"type": "integer"}}})
    api.post(DATA, json=[{"id": stored, "n": 1}, {"id": "x", "n": 1}])
    assert api.post(LOAD, json={"pets": [{"n": 2, "id": sent}, {"id": 7, "n": 2}]}).status_code == 200
    assert api.get(f"{DATA}/{stored}").json() == {"id": stored, "n": 2}
    records = [{"id": 7, "n": 2}, {"id": stored, "n": 2}, {"id": "x", "n": 1}]
    by_id = sorted(records, key=lambda record: (isinstance(record["id"], str), str(record["id"])))
    found = api.get(DATA).json()["data"]
    assert sorted(found, key=lambda record: (isinstance(record["id"], str), str(record["id"]))) == by_id
    assert api.post(f"{LOAD}?mode=replace", json={"pets": [{"id": sent}]}).status_code == 200
    assert api.get(DATA).json()["data"] == [{"id": sent}], "what replaces all stands on its own"


def test_a_load_that_the_schema_does_not_take_with_the_id_that_stands_is_refused(api):
    api.post(DATA, json=[{"id": "26", "n": 1}])
    define(
        api, schema={"if": {"properties": {"id": {"type": "string"}}}, "then": {"properties": {"n": {"maximum": 1}}}}
    )
    problem = assert_problem(api.post(LOAD, json={"pets": [{"id": 1}, {"id": 26, "n": 2}]}), 422, "invalid-record")
    assert [error["pointer"] for error in problem["errors"]] == ["/pets/1/n"]
    assert api.get(DATA).json()["data"] == [{"id": "26", "n": 1}]
