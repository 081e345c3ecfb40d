"""`/api/v1/tables`: definitions by JSON Schema, unique fields, pinned indexes, and the demand for `If-Match`."""

import pytest

from tests.problems import assert_problem

PETS, TABLE = "/api/v1/data/pets", "/api/v1/tables/pets"
SCHEMA = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-zé]+$"},
        "age": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 30},
        "home": {"$ref": "#/$defs/home"},
        "tags": {"type": "array", "items": {"enum": ["good", "bad"]}, "uniqueItems": True, "maxItems": 2},
        "born": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": False,
    "$defs": {"home": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
}


def define(api, **definition):
    answer = api.put(TABLE, json=definition)
    assert answer.status_code in (200, 201), answer.text
    return answer


def test_a_definition_makes_the_table_and_is_shown(api):
    made = define(
        api, schema=SCHEMA, unique=["name"], indexes=[{"field": "age", "kind": "sorted"}], require_if_match=True
    )
    assert (made.status_code, made.headers["location"]) == (201, TABLE)
    shown = api.get(TABLE).json()
    assert shown == made.json()
    assert (shown["schema"], shown["unique"], shown["require_if_match"]) == (SCHEMA, ["name"], True)
    assert [(index["field"], index["kind"], index["pinned"]) for index in shown["indexes"]] == [
        ("name", "hash", True),
        ("age", "sorted", True),
    ]
    assert api.put(TABLE, json={}).status_code == 200
    bare = api.get(TABLE).json()
    assert (bare["schema"], bare["unique"], bare["require_if_match"]) == (None, [], False)
    assert not any(index["pinned"] for index in bare["indexes"])


@pytest.mark.parametrize(
    ("record", "pointers"),
    [
        ({"id": 1, "name": "rex"}, []),
        ({"id": 1, "name": "rex", "age": None, "home": {"city": "Paris", "zip": 5}, "tags": ["good"]}, []),
        ({"id": 1}, ["/name"]),
        ({"id": 1, "name": "R"}, ["/name"]),
        ({"id": 1, "name": "rex", "age": 30}, ["/age"]),
        ({"id": 1, "name": "rex", "age": "3"}, ["/age"]),
        ({"id": 1, "name": "rex", "agee": 3}, ["/agee"]),
        ({"id": 1, "name": "rex", "home": {}}, ["/home/city"]),
        ({"id": 1, "name": "rex", "tags": ["good", "ugly"]}, ["/tags/1"]),
        ({"id": 1, "name": "rex", "tags": ["good", "good"]}, ["/tags"]),
        ({"id": "1", "name": "rex"}, ["/id"]),
        ({"id": 1, "name": "rex", "born": "no date"}, []),  # `format` is a remark, as the standard has it
    ],
)
def test_records_must_satisfy_the_schema(api, record, pointers):
    define(api, schema=SCHEMA)
    answer = api.post(PETS, json=record)
    if not pointers:
        assert (answer.status_code, answer.json()) == (201, record)
        return
    problem = assert_problem(answer, 422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == pointers or len(problem["errors"]) > len(pointers)
    assert set(pointers) <= {fault["pointer"] for fault in problem["errors"]}
    for fault in problem["errors"]:
        assert "ugly" not in fault["detail"]


def test_every_way_to_write_is_checked(api):
    define(api, schema=SCHEMA)
    api.post(PETS, json={"id": 1, "name": "rex"})
    before = api.get("/api/v1/dump/pets").json()
    assert_problem(api.put(f"{PETS}/1", json={"name": "R"}), 422, "invalid-record")
    assert_problem(api.put(f"{PETS}/2?upsert=true", json={"name": "R"}), 422, "invalid-record")
    assert_problem(api.patch(f"{PETS}/1", json={"name": None}), 422, "invalid-record")
    assert_problem(api.patch(f"{PETS}?id=1", json={"age": -1}), 422, "invalid-record")
    assert_problem(api.post(PETS, json=[{"id": 5, "name": "tom"}, {"id": 6}]), 422, "invalid-record")
    assert_problem(api.post("/api/v1/load", json={"pets": [{"id": 7}]}), 422, "invalid-record")
    for operation in (
        {"op": "create", "record": {"id": 8, "name": ""}},
        {"op": "upsert", "id": 8, "record": {"name": ""}},
        {"op": "replace", "id": 1, "record": {"name": ""}},
        {"op": "patch", "id": 1, "record": {"name": ""}},
    ):
        operations = [operation | {"table": "pets"}]
        assert_problem(api.post("/api/v1/batch", json={"operations": operations}), 422, "invalid-record")
    lines = api.post(
        PETS, content='{"id":5,"name":"tom"}\n{"id":6}\n', headers={"content-type": "application/x-ndjson"}
    )
    assert_problem(lines, 422, "invalid-record")
    csv = api.post(PETS, content="id,name,age\n5,tom,x\n", headers={"content-type": "text/csv"})
    assert_problem(csv, 422, "invalid-record")
    assert api.get("/api/v1/dump/pets").json() == before
    assert api.put(f"{PETS}/2?upsert=true", json={"name": "tom"}).json() == {"id": 2, "name": "tom"}


def test_a_schema_knows_its_fields_in_queries(api):
    define(api, schema=SCHEMA)
    api.post(PETS, json={"id": 1, "name": "rex", "born": "2024-01-01T01:00:00+01:00"})
    assert_problem(api.get(f"{PETS}?nmae=x"), 400, "unknown-field")
    assert_problem(api.get(f"{PETS}?age=x"), 400, "invalid-value")
    assert api.get(f"{PETS}?born=2024-01-01T00:00:00Z").json()["data"][0]["id"] == 1
    assert api.get(f"{PETS}?home.any=1").json()["data"] == []


def test_contains_reads_an_element_as_the_schema_declares_it(api):
    items = {"type": "array", "items": {"type": "string", "format": "date-time"}}
    define(api, schema={"type": "object", "properties": {"name": {"type": "string"}, "seen": items}})
    api.post(PETS, json={"id": 1, "name": "rex", "seen": ["2024-01-01T01:00:00+01:00"]})
    assert len(api.get(f"{PETS}?seen:contains=2024-01-01T00:00:00Z").json()["data"]) == 1
    where = {"seen": {"contains": "2024-01-01T00:00:00Z"}}
    assert len(api.post("/api/v1/query/pets", json={"where": where}).json()["data"]) == 1
    for wrong in ({"seen": {"contains": "soon"}}, {"seen": {"contains": 5}}, {"name": {"contains": 5}}):
        assert_problem(api.post("/api/v1/query/pets", json={"where": wrong}), 400, "invalid-value")


def test_a_text_whose_format_is_uuid_is_kept_as_it_was_sent_and_compared_as_what_it_is(api):
    api.put(TABLE, json={"schema": {"properties": {"key": {"type": "string", "format": "uuid"}}}})
    key = "5A9B9BB6-0000-4000-8000-000000000001"
    api.post(PETS, json=[{"id": 1, "key": key}, {"id": 2, "key": "none"}])
    assert [pet["id"] for pet in api.get(f"{PETS}?key={key}").json()["data"]] == [1]
    assert [pet["id"] for pet in api.get(f"{PETS}?key:ne={key}").json()["data"]] == [2]
    assert_problem(api.get(f"{PETS}?key=none"), 400, "invalid-value")
    assert [pet["id"] for pet in api.post("/api/v1/query/pets", json={"where": {"key": key}}).json()["data"]] == [1]
    assert api.get(f"{PETS}?key={key.lower()}").json()["data"] == [{"id": 1, "key": key}]


def test_a_reference_to_an_anchor_lets_any_value_be_asked_for(api):
    named = {"$anchor": "years", "type": "integer"}
    define(api, schema={"type": "object", "properties": {"age": {"$ref": "#years"}}, "$defs": {"years": named}})
    assert_problem(api.post(PETS, json={"id": 1, "age": "x"}), 422, "invalid-record")
    api.post(PETS, json={"id": 1, "age": 5})
    assert api.get(f"{PETS}?age:gte=5").json() == {"data": [{"id": 1, "age": 5}], "next": None}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"v": {"$id": "inner", "$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}}},
        {"properties": {"v": {"$ref": "#/$defs/in/$defs/y"}}, "$defs": {"in": {"$id": "in", "$defs": {"x": {"type": "string"}, "y": {"$ref": "#/$defs/x"}}}}},
        {"properties": {"v": {"$ref": "#/$defs/x%20y"}}, "$defs": {"x y": {"type": "string"}, "x%20y": {"type": "integer"}}},
        {"properties": {"v": {"$ref": "#/$defs/x~1y"}}, "$defs": {"x/y": {"type": "string"}}},
    ],
)  # fmt: skip
def test_a_query_reads_a_value_as_the_part_declares_it_that_a_reference_means(api, schema):
    define(api, schema={**schema, "$defs": {"x": {"type": "integer"}, **schema.get("$defs", {})}})
    assert api.post(PETS, json={"id": 1, "v": "abc"}).status_code == 201
    assert_problem(api.post(PETS, json={"id": 2, "v": 5}), 422, "invalid-record")
    assert [pet["id"] for pet in api.get(f"{PETS}?v=abc").json()["data"]] == [1]


def test_records_that_break_a_new_definition_are_named_and_nothing_changes(api):
    api.post(PETS, json=[{"id": i, "name": "rex", "age": i - 2} for i in range(4)])
    before = api.get(TABLE).json()
    problem = assert_problem(api.put(TABLE, json={"schema": SCHEMA}), 409, "definition-broken")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/0/age", "/1/age"]
    problem = assert_problem(api.put(TABLE, json={"unique": ["name"]}), 409, "definition-broken")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/1/name", "/2/name", "/3/name"]
    assert {fault["detail"] for fault in problem["errors"]} == {
        "The record '0' has this value too, and it is to be unique."
    }
    after = api.get(TABLE).json()
    assert (after["schema"], after["unique"], after["revision"]) == (None, [], before["revision"])
    assert api.post(PETS, json={"id": 9, "name": "R"}).status_code == 201


def test_an_error_may_name_what_the_definition_says_and_never_what_a_record_holds(api):
    api.post(PETS, json=[{"id": "rex", "v": "a secret"}])
    problem = assert_problem(
        api.put(TABLE, json={"schema": {"properties": {"v": {"const": "b"}}}}), 409, "definition-broken"
    )
    assert problem["errors"] == [{"in": "records", "pointer": "/rex/v", "detail": '"b" is expected.'}]
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    "sent",
    [
        [{"id": 9, "name": "rex"}],
        [{"id": 9, "name": "new"}, {"id": 10, "name": "new"}],
        [{"id": 9, "name": 1}, {"id": 10, "name": "1"}],
        [{"id": 9, "name": 1.0}, {"id": 10, "name": 1}],
    ],
)
def test_a_unique_field_is_kept_so_within_a_bulk_too(api, sent):
    api.post(PETS, json=[{"id": 1, "name": "rex"}, {"id": 2}])
    define(api, unique=["name"])
    answer = api.post(PETS, json=sent)
    problem = assert_problem(answer, 409, "not-unique")
    assert problem["index"] == len(sent) - 1
    assert "name" in problem["detail"]
    operations = [{"op": "create", "table": "pets", "record": record} for record in sent]
    assert_problem(api.post("/api/v1/batch", json={"operations": operations}), 409, "not-unique")
    assert_problem(api.post("/api/v1/load", json={"pets": sent}), 409, "not-unique")
    assert api.get(TABLE).json()["records"] == 2


def test_values_may_change_hands_within_one_batch(api):
    api.post(PETS, json=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    define(api, unique=["name"])
    swap = [{"op": "patch", "table": "pets", "id": i, "record": {"name": name}} for i, name in ((1, "b"), (2, "a"))]
    assert api.post("/api/v1/batch", json={"operations": swap}).status_code == 200
    assert_problem(api.put(f"{PETS}/1", json={"name": "a"}), 409, "not-unique")
    assert_problem(api.put(f"{PETS}/3?upsert=true", json={"name": "a"}), 409, "not-unique")
    assert_problem(api.patch(f"{PETS}/1", json={"name": "a"}), 409, "not-unique")
    assert api.put(f"{PETS}/1", json={"name": "b", "age": 1}).status_code == 200
    api.delete(f"{PETS}/2")
    assert api.patch(f"{PETS}/1", json={"name": "a"}).status_code == 200


def test_null_missing_and_structures_are_never_the_same(api):
    define(api, unique=["name"])
    records = [
        {"id": 1},
        {"id": 2},
        {"id": 3, "name": None},
        {"id": 4, "name": None},
        {"id": 5, "name": [1]},
        {"id": 6, "name": [1]},
    ]
    assert api.post(PETS, json=records).status_code == 201


def test_a_nested_field_may_be_unique(api):
    define(api, unique=["home.city"])
    api.post(PETS, json={"id": 1, "home": {"city": "Paris"}})
    problem = assert_problem(api.post(PETS, json={"id": 2, "home": {"city": "Paris"}}), 409, "not-unique")
    assert "home.city" in problem["detail"]


def test_unique_outlives_a_load(api):
    define(api, unique=["name"])
    api.post("/api/v1/load", json={"pets": [{"id": 1, "name": "a"}]})
    assert_problem(api.post(PETS, json={"id": 2, "name": "a"}), 409, "not-unique")
    assert_problem(api.post("/api/v1/load", json={"pets": [{"id": 2, "name": "a"}]}), 409, "not-unique")
    assert api.post("/api/v1/load?mode=replace", json={"pets": [{"id": 2, "name": "a"}]}).status_code == 200


def test_a_table_may_ask_for_if_match(api):
    api.post(PETS, json={"id": 1, "name": "rex"})
    define(api, require_if_match=True)
    tag = api.get(f"{PETS}/1").headers["etag"]
    assert_problem(api.put(f"{PETS}/1", json={"name": "x"}), 428, "precondition-required")
    assert_problem(api.patch(f"{PETS}/1", json={"name": "x"}), 428, "precondition-required")
    assert_problem(api.delete(f"{PETS}/1"), 428, "precondition-required")
    assert_problem(api.patch(f"{PETS}?id=1", json={"name": "x"}), 428, "precondition-required")
    operation = {"op": "patch", "table": "pets", "id": 1, "record": {"name": "x"}}
    assert_problem(api.post("/api/v1/batch", json={"operations": [operation]}), 428, "precondition-required")
    assert_problem(api.delete(f"{PETS}/9"), 404, "record-not-found")
    assert api.get(f"{PETS}/1").json()["name"] == "rex"
    changed = api.patch(f"{PETS}/1", json={"name": "x"}, headers={"if-match": tag})
    assert changed.status_code == 200
    operation["if_match"] = changed.headers["etag"]
    assert api.post("/api/v1/batch", json={"operations": [operation]}).status_code == 200
    assert api.put(f"{PETS}/2?upsert=true", json={"name": "new"}).status_code == 201


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ([], "object"),
        ({"schemas": {}}, "Did you mean 'schema'?"),
        ({"schema": []}, "schema"),
        ({"schema": {"type": "strin"}}, "/type"),
        ({"schema": {"$schema": "http://json-schema.org/draft-04/schema#"}}, "2020-12"),
        ({"schema": {"properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#"}}}}, "2020-12"),
        ({"schema": {"$ref": "https://example.com/other.json"}}, "$defs"),
        ({"schema": {"$ref": "file:///etc/passwd"}}, "$defs"),
        ({"schema": {"$ref": "http://json-schema.org/draft-07/schema#"}}, "$defs"),
        ({"schema": {"$id": "https://example.com/a", "$ref": "b"}}, "$defs"),
        ({"schema": {"$ref": "#/$defs/nope"}}, "names nothing"),
        ({"schema": {"$ref": "#nope"}}, "names nothing"),
        ({"schema": {"$dynamicRef": "#nope"}}, "names nothing"),
        ({"schema": {"$ref": "http://[bad"}}, "is not an address"),
        ({"schema": {"$ref": "https://json-schema.org/draft/2020-12/nope"}}, "names nothing"),
        ({"schema": {"$defs": {"a": {"$id": "a"}, "b": {"$id": "./a"}}}}, "same '$id'"),
        ({"schema": {"$defs": {"a": {"$anchor": "a"}, "b": {"$dynamicAnchor": "a"}}}}, "have the same '$"),
        ({"schema": {"properties": {"a": {"pattern": "("}}}}, "expression at '/properties/a/pattern'"),
        ({"schema": {"properties": {"a": {"pattern": "^(?!x)"}}}}, "Look-around"),
        ({"schema": {"patternProperties": {"(a)\\1": {}}}}, "back-references"),
        ({"schema": {"$ref": "#/x", "x": {"required": 5}}}, "/x/required"),
        ({"unique": "name"}, "array"),
        ({"unique": ["name", "name"]}, "twice"),
        ({"unique": [""]}, "array"),
        ({"indexes": [{"field": "a", "kind": "tree"}]}, "sorted"),
        ({"indexes": [{"fields": "a"}]}, "field"),
        ({"indexes": [{"field": ""}]}, "field"),
        ({"indexes": [{"field": "a"}, {"field": "a", "kind": "sorted"}]}, "twice"),
        ({"unique": [f"f{i}" for i in range(17)]}, "16"),
        ({"require_if_match": 1}, "true or false"),
    ],
)
def test_a_definition_that_cannot_be_read_is_told(api, definition, told):
    problem = assert_problem(api.put(TABLE, json=definition), 422, "invalid-definition")
    assert told in problem["detail"]
    assert api.get(TABLE).status_code == 404


def doubled(depth, reference="#/$defs/d{}", name=None):
    """Return a schema of definitions that each name the next one twice."""
    twice = {f"d{i}": {"allOf": [{"$ref": reference.format(i + 1)}] * 2} for i in range(depth)}
    parts = twice | {f"d{depth}": {"required": ["x"]}}
    if name is not None:
        parts = {key: {name[0]: name[1].format(key[1:]), **part} for key, part in parts.items()}
    return {"$id": "https://a.example/b/root", "$defs": parts, "$ref": reference.format(0)}


@pytest.mark.parametrize(
    "schema",
    [
        doubled(20),
        doubled(20, "#/%24defs/%64{}"),
        doubled(20, "https://a.example/b/root#/$defs/d{}"),
        doubled(20, "../b/root#/$defs/d{}"),
        doubled(20, "item{}", ("$id", "item{}")),
        doubled(20, "/b/item{}#", ("$id", "./item{}")),
        doubled(20, "urn:item:{}", ("$id", "urn:item:{}")),
        doubled(20, "root#item{}", ("$anchor", "item{}")),
        doubled(20, "#item{}", ("$dynamicAnchor", "item{}")),
        {"properties": {"x": doubled(20) | {"$id": "inner"}}},
        {"$defs": {"a": {"$anchor": "a", "anyOf": [{"$ref": "#b"}] * 200}, "b": {"$anchor": "b", "allOf": [{"$ref": "#c"}] * 60}, "c": {"$anchor": "c"}}, "$ref": "#a"},
        {"$defs": {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(500)}, "$ref": "#/$defs/d0"},
    ],
    ids=["doubled", "percent", "absolute", "relative", "ids", "paths", "urns", "anchor", "dynamic", "embedded", "anchors", "chain"],
)  # fmt: skip
def test_references_that_multiply_are_refused(api, schema):
    problem = assert_problem(api.put(TABLE, json={"schema": schema}), 422, "invalid-definition")
    assert "10,000" in problem["detail"]
    assert api.put(TABLE, json={"schema": doubled(8)}).status_code == 201


def test_a_schema_that_takes_long_to_compile_is_refused(api):
    for schema in ({"enum": [[]] * 10_000}, {"allOf": [{"pattern": "a"}] * 301}):
        problem = assert_problem(api.put(TABLE, json={"schema": schema}), 422, "invalid-definition")
        assert "'schema' has more than" in problem["detail"]
    assert api.get(TABLE).status_code == 404


def test_circular_references_do_not_multiply_the_search_for_faults(api):
    node = {"type": "object", "properties": {"c": {"anyOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}}
    schema = {"$defs": {"n": node}, "allOf": [{"$ref": "#/$defs/n"}]}
    assert api.put(TABLE, json={"schema": schema}).status_code == 201
    deep = shallow = {"c": 1}
    for _ in range(60):
        deep = {"c": deep}
    assert api.post(PETS, json=shallow).json()["errors"][0]["pointer"] == "/c"
    problem = assert_problem(api.post(PETS, json=deep), 422, "invalid-record")
    assert "too deeply" in problem["errors"][0]["detail"]
    assert api.get(f"{PETS}?{'c.' * 60}x=1").status_code == 200


def test_a_reference_whose_address_is_only_equal_by_normal_form_is_refused_not_overlooked(api):
    schema = doubled(20, "HTTPS://A.example/b/item{}", ("$id", "item{}"))
    assert_problem(api.put(TABLE, json={"schema": schema}), 422, "invalid-definition")


def test_a_reference_that_may_lead_to_several_anchors_counts_as_the_largest(api):
    heavy = doubled(20)
    heavy["$defs"] |= {"light": {"$id": "light", "$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}}}
    schema = {"$id": "top", "$dynamicAnchor": "n", "$ref": "https://a.example/b/light", "$defs": {"heavy": heavy}}
    assert api.put(TABLE, json={"schema": schema}).status_code == 201
    schema["$defs"]["heavy"]["$dynamicAnchor"] = "n"
    assert "10,000" in assert_problem(api.put(TABLE, json={"schema": schema}), 422, "invalid-definition")["detail"]


@pytest.mark.parametrize(("references", "most"), [(0, 20_000), (10, 10_000), (190, 1000)])
def test_the_faults_of_a_record_are_listed_where_there_can_only_be_so_many(local, references, most):
    schema = {
        "$defs": {"n": {}},
        "properties": {"v": {"items": {"type": "string"}, "allOf": [{}] + [{"$ref": "#/$defs/n"}] * references}},
    }
    assert local.put(TABLE, json={"schema": schema}).status_code == 201
    listed = assert_problem(local.post(PETS, json={"id": 1, "v": [1] * most}), 422, "invalid-record")
    assert (f"{most} faults" in listed["detail"], len(listed["errors"])) == (True, 10)
    told = assert_problem(local.post(PETS, json={"id": 1, "v": [1] * (most + 1)}), 422, "invalid-record")
    assert [fault["pointer"] for fault in told["errors"]] == [""]
    assert "too large" in told["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("schema", "record"),
    [
        ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, {"a": 1}),
        ({"maxProperties": 1}, {"a": 1}),
        ({"minProperties": 1, "propertyNames": {"pattern": "^a"}}, {"a": 1}),
        ({"additionalProperties": {"type": "boolean"}}, {"a": True}),
        ({"not": {"required": ["id"]}, "required": ["a"]}, {"a": 1}),
        ({"properties": {"id": False, "c": {"type": "integer"}}}, {"a": 1}),
        ({"enum": [{"a": 1}, {"b": 2}]}, {"b": 2}),
        ({"patternProperties": {"^[a-z]+$": {"type": "integer"}}}, {"a": 1}),
    ],
)
def test_a_schema_that_does_not_declare_the_id_is_asked_about_the_record_without_it(api, schema, record):
    define(api, schema=schema)
    for sent in (5, "five"):
        assert api.post(PETS, json={"id": sent, **record}).json() == {"id": sent, **record}
        assert api.put(f"{PETS}/{sent}", json=record).json() == {"id": sent, **record}
        assert api.get(f"{PETS}?id={sent}").json()["data"] == [{"id": sent, **record}]
    made = api.post(PETS, json=record)
    assert (made.status_code, len(made.json()["id"])) == (201, 36)
    assert_problem(api.post(PETS, json={"id": 6, "b": 1, "c": "x", "9": 2}), 422, "invalid-record")
    assert_problem(api.post(PETS, json={"id": [], **record}), 422, "invalid-id")
    dumped = api.get("/api/v1/dump/pets").json()
    assert api.post("/api/v1/load?mode=replace", json={"pets": dumped}).status_code == 200
    assert api.get("/api/v1/dump/pets").json() == dumped


@pytest.mark.parametrize(
    ("schema", "taken", "refused"),
    [
        ({"oneOf": [{"properties": {"id": {"type": "integer"}}}]}, 5, "x"),
        ({"$ref": "#/$defs/r", "$defs": {"r": {"properties": {"id": {"type": "integer"}}}}}, 5, "x"),
        ({"if": {"required": ["id"]}, "then": {"properties": {"id": {"minimum": 3}}}}, 3, 2),
        ({"properties": {"id": {"pattern": "^p"}}, "additionalProperties": False}, "p1", "q1"),
        ({"required": ["id"]}, "x", None),
    ],
)
def test_a_schema_that_declares_the_id_is_asked_about_it(api, schema, taken, refused):
    define(api, schema=schema)
    assert api.post(PETS, json={"id": taken}).status_code == 201
    assert api.get(f"{PETS}/{taken}").json() == {"id": taken}
    assert api.post(PETS, json={"id": refused}).status_code == 422


@pytest.mark.parametrize(
    "schema", [{"type": "array"}, {"type": ["string", "null"]}, {"const": 5}, {"not": {}}, {"enum": []}]
)
def test_a_schema_that_allows_no_object_is_a_table_that_takes_no_record(api, schema):
    define(api, schema=schema)
    problem = assert_problem(api.post(PETS, json={"id": 1}), 422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == [""]
    assert api.get(PETS).json() == {"data": [], "next": None}


def test_a_member_that_may_be_anything_may_come_in_a_csv(api):
    define(api, schema={"properties": {"id": True, "a": True, "b": False}})
    answer = api.post(PETS, content="id,a\nx,y\n", headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()) == (201, [{"id": "x", "a": "y"}])


def test_a_models_table_keeps_its_definition(api):
    assert_problem(api.put("/api/v1/tables/users", json={}), 409, "model-table")
    assert api.delete("/api/v1/tables/users").status_code == 204
    assert api.get("/api/v1/tables/users").json()["records"] == 0


def test_a_table_of_an_impossible_name_is_not_made(api):
    assert_problem(api.put("/api/v1/tables/1x", json={}), 422, "invalid-table-name")


def test_dropping_a_table_drops_its_definition(api):
    define(api, schema=SCHEMA, unique=["name"], require_if_match=True)
    assert api.delete(TABLE).status_code == 204
    assert api.post(PETS, json={"id": "free", "any": 1}).status_code == 201
    assert api.get(TABLE).json()["schema"] is None
    assert api.delete(f"{PETS}/free").status_code == 204


def test_replacing_everything_keeps_defined_tables_as_it_keeps_models(api):
    define(api, schema=SCHEMA)
    api.post(PETS, json={"id": 1, "name": "rex"})
    assert api.post("/api/v1/load?mode=replace", json={}).status_code == 200
    shown = api.get(TABLE).json()
    assert (shown["records"], shown["schema"]) == (0, SCHEMA)


def test_queries_leave_indexes_that_tables_show(api):
    api.post(PETS, json=[{"id": i, "age": i % 7, "home": {"city": f"c{i}"}} for i in range(100)])
    for condition in ("age=3", "sort=home.city", "age:gt=3"):
        for _ in range(2):  # each server has indexes of its own
            api.get(f"{PETS}?{condition}")
    indexes = api.get(TABLE).json()["indexes"]
    assert [(index["field"], index["kind"]) for index in indexes] == [("age", "sorted"), ("home.city", "sorted")]
    assert all(index["bytes"] > 100 and not index["pinned"] for index in indexes)


def test_a_schema_that_allows_no_id_keeps_it_outside(api):
    define(api, schema={"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False})
    created = api.post(PETS, json={"name": "x"})
    assert created.status_code == 201
    assert len(created.json()["id"]) == 36
    assert api.get(f"{PETS}?id={created.json()['id']}").json()["data"] == [created.json()]


def test_a_schema_in_the_openapi_document_is_not_needed_to_use_it(api):
    define(api, schema=True and {"properties": {"a": {"default": 5}}})
    assert api.post(PETS, json={"id": 1}).json() == {"id": 1}
