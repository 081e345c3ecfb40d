"""`PATCH` and `DELETE` on a table: many records at once, all or nothing."""

from urllib.parse import quote

import pytest

from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
def pets(api):
    api.post(PETS, json=[{"id": i, "age": i, "home": {"city": "Paris" if i % 2 else "Lyon"}} for i in range(6)])


def whole(api):
    return api.get(f"{PETS}?limit=100").json()["data"]


def test_a_patch_changes_the_records_that_satisfy_the_conditions(api, pets):
    answer = api.patch(f"{PETS}?home.city=Paris&age:gt=1", json={"home": {"zip": "75"}, "age": None}, headers=MERGE)
    assert (answer.status_code, answer.json()) == (200, {"matched": 2, "changed": 2})
    assert [record for record in whole(api) if "age" not in record] == [
        {"id": 3, "home": {"city": "Paris", "zip": "75"}},
        {"id": 5, "home": {"city": "Paris", "zip": "75"}},
    ]


def test_what_is_as_it_was_is_matched_and_not_changed(api, pets):
    revision = api.get("/api/v1/tables/pets").json()["revision"]
    assert api.patch(f"{PETS}?id=1", json={"age": 1}).json() == {"matched": 1, "changed": 0}
    assert api.patch(f"{PETS}?all=true", json={}).json() == {"matched": 6, "changed": 0}
    assert api.get("/api/v1/tables/pets").json()["revision"] == revision


def test_a_deletion_removes_them(api, pets):
    where = quote('{"or": [{"id": 0}, {"age": {"gte": 4}}]}')
    assert api.delete(f"{PETS}?where={where}").json() == {"matched": 3, "changed": 3}
    assert [record["id"] for record in whole(api)] == [1, 2, 3]
    assert api.delete(f"{PETS}?id=99").json() == {"matched": 0, "changed": 0}


def test_everything_needs_its_word(api, pets):
    assert_problem(api.delete(PETS), 400, "condition-required")
    assert_problem(api.patch(PETS, json={"x": 1}), 400, "condition-required")
    assert_problem(api.delete(f"{PETS}?all=false"), 400, "condition-required")
    assert_problem(api.delete(f"{PETS}?all=true&id=1"), 400, "conflicting-parameters")
    assert len(whole(api)) == 6
    assert api.patch(f"{PETS}?all=true", json={"seen": True}).json() == {"matched": 6, "changed": 6}
    assert api.delete(f"{PETS}?all=true").json() == {"matched": 6, "changed": 6}
    assert whole(api) == []


HOLDS_ALWAYS = [
    "where={}",
    'where={"and":[]}',
    'where={"or":[{}]}',
    'where={"not":{"not":{"and":[{}]}}}',
    'where={"not":{"or":[]}}',
    'where={"age":{"nin":[]}}',
    'where={"or":[{"age":{"ne":1}},{"age":{"ne":2}}]}',
    "age:nin=[]",
    "id:exists=true",
    "id:null=false&id:ne=",
    "id:exists=true&where={}",
]


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize("query", HOLDS_ALWAYS)
def test_a_condition_that_holds_whatever_the_records_are_needs_the_word_too(api, pets, method, query):
    options = {"json": {"x": 1}} if method == "patch" else {}
    problem = assert_problem(getattr(api, method)(f"{PETS}?{query}", **options), 400, "condition-required")
    assert "all=true" in problem["detail"]
    assert not any("x" in record for record in whole(api))
    assert getattr(api, method)(f"{PETS}?{query}&all=true", **options).json() == {"matched": 6, "changed": 6}


def test_a_condition_that_happens_to_hold_for_all_needs_no_word(api, pets):
    assert api.patch(f"{PETS}?age:gte=0", json={"x": 1}).json() == {"matched": 6, "changed": 6}
    assert api.delete(f"{PETS}?age:exists=true").json() == {"matched": 6, "changed": 6}


def test_max_affected_counts_what_would_change(api, pets):
    assert_problem(api.delete(f"{PETS}?age:gte=2&max_affected=3"), 409, "too-many-affected")
    assert_problem(api.patch(f"{PETS}?all=true&max_affected=0", json={"x": 1}), 409, "too-many-affected")
    assert len(whole(api)) == 6
    assert api.patch(f"{PETS}?all=true&max_affected=1", json={"age": 3}).status_code == 409
    assert api.patch(f"{PETS}?age:gte=3&max_affected=2", json={"age": 3}).json() == {"matched": 3, "changed": 2}
    assert api.delete(f"{PETS}?age:lt=3&max_affected=3").json()["changed"] == 3


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("agee=1", "unknown-field"),
        ("age:gtt=1", "unknown-operator"),
        ("age=1&age=2", "repeated-condition"),
        ("id=1&max_affected=x", "invalid-parameter"),
        ("limit=1", "unknown-field"),
        ("where=1", "invalid-where"),
    ],
)
def test_a_mistake_changes_nothing(api, pets, method, query, code):
    options = {"json": {"x": 1}} if method == "patch" else {}
    assert_problem(getattr(api, method)(f"{PETS}?{query}", **options), 400, code)
    assert len(whole(api)) == 6


NUMBERS = {"additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize("asked", ["vpi", "stock.vpi", "named.vpi", "sizes.7", "pair.7", "parts.vpi.city", "any.vpi"])
@pytest.mark.parametrize(
    ("more", "named"),
    [
        (NUMBERS, {"propertyNames": {"enum": ["vip"]}, **NUMBERS}),
        ({"patternProperties": {"^v": {"type": "integer"}}}, {"propertyNames": {"$ref": "#/$defs/names"}, **NUMBERS}),
        (
            {"allOf": [{"required": ["vip"]}], **NUMBERS},
            {"anyOf": [{"propertyNames": {"const": "vip"}, **NUMBERS}, {"type": "null"}]},
        ),
        ({"anyOf": [NUMBERS, {"required": ["vip"]}]}, {"$ref": "#/$defs/numbers"}),
    ],
)
def test_a_field_that_no_record_has_and_no_schema_names_is_unknown_whatever_type_it_would_have(api, asked, more, named):
    schema = {
        "properties": {
            "id": {},
            "stock": NUMBERS,
            "named": named,
            "sizes": {"type": "array", "items": {"type": "integer"}},
            "pair": {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "integer"}},
            "parts": {"additionalProperties": {"properties": {"city": {"type": "string"}}}},
            "any": {},
            "late": True,
        },
        "$defs": {"numbers": NUMBERS, "names": {"enum": ["vip"]}},
        **more,
    }
    assert api.put("/api/v1/tables/things", json={"schema": schema}).status_code == 201
    record = {"vip": 1, "stock": {"vip": 1}, "named": {"vip": 1}, "sizes": [1], "pair": [1, 2], "any": {"vip": 1}}
    things = "/api/v1/data/things"
    bulk = [{"id": i, **record, "parts": {"vip": {"city": "Paris"}}} for i in range(2)]
    assert api.post(things, json=bulk).status_code == 201
    for method, options in (
        ("DELETE", {}),
        ("PATCH", {"json": {}}),
        ("GET", {"headers": {"prefer": "handling=strict"}}),
    ):
        problem = assert_problem(api.request(method, f"{things}?{asked}:ne=1", **options), 400, "unknown-field")
    if "vpi" in asked and asked != "named.vpi":
        assert f"'{asked.replace('vpi', 'vip')}'" in problem["detail"]
    for words in (f"sort={asked}", f"select={asked}", f"{asked}:exists=true"):
        answer = api.get(f"{things}?{words}")
        assert answer.status_code == 400 or answer.json()["warnings"], words
    for known in ("vip", "stock.vip", "named.vip", "sizes.0", "pair.1", "parts.vip.city", "any.vip", "late"):
        assert "warnings" not in api.get(f"{things}?sort={known}").json()
    assert api.delete(f"{things}?late:ne=1").json()["changed"] == 2


def test_a_patch_is_an_object_that_leaves_the_id_alone(api, pets):
    assert_problem(api.patch(f"{PETS}?id=1", json=[]), 422, "invalid-record")
    assert_problem(api.patch(f"{PETS}?id=1", json={"id": 2}), 400, "id-mismatch")
    assert_problem(api.patch(f"{PETS}?id=1", content="x", headers=MERGE), 400, "malformed-json")
    assert_problem(
        api.patch(f"{PETS}?id=1", content="{}", headers={"content-type": "text/csv"}), 415, "unsupported-media-type"
    )


def test_a_deletion_has_no_body(api, pets):
    assert_problem(api.request("DELETE", f"{PETS}?id=1", json={"id": 1}), 400, "unexpected-body")
    assert len(whole(api)) == 6


def test_the_model_is_asked_about_every_result(api):
    api.post(
        "/api/v1/data/gadgets",
        json=[{"id": i, "Label": "x", "parts": [{"code": "a", "weight": i + 1}]} for i in range(3)],
    )
    before = api.get("/api/v1/dump/gadgets").json()
    problem = assert_problem(
        api.patch("/api/v1/data/gadgets?id:gt=0", json={"Label": "", "kind": "huge"}), 422, "invalid-record"
    )
    assert [fault["pointer"] for fault in problem["errors"]] == ["/1/Label", "/1/kind", "/2/Label", "/2/kind"]
    assert api.get("/api/v1/dump/gadgets").json() == before
    assert api.patch("/api/v1/data/gadgets?id:gt=0", json={"kind": "big"}).json() == {"matched": 2, "changed": 2}
    assert [record["kind"] for record in api.get("/api/v1/dump/gadgets").json()] == ["small", "big", "big"]


def test_a_unique_field_is_kept_unique(api, pets):
    api.put("/api/v1/tables/pets", json={"unique": ["age"]})
    assert_problem(api.patch(f"{PETS}?id:lt=2", json={"age": 50}), 409, "not-unique")
    assert_problem(api.patch(f"{PETS}?id=1", json={"age": "2"}), 409, "not-unique")
    assert [record["age"] for record in whole(api)] == [0, 1, 2, 3, 4, 5]
    assert api.patch(f"{PETS}?id=1", json={"age": 50}).json()["changed"] == 1
    assert api.patch(f"{PETS}?all=true", json={"age": None}).json()["changed"] == 6


def test_many_records_change_in_one_step(api):
    api.post(PETS, json=[{"id": i, "n": i} for i in range(5000)])
    assert api.patch(f"{PETS}?n:gte=2500", json={"half": 2}).json() == {"matched": 2500, "changed": 2500}
    assert api.get(f"{PETS}?half=2&count=true&limit=0").json()["total"] == 2500
    assert api.delete(f"{PETS}?half=2").json()["changed"] == 2500
    assert api.get(f"{PETS}?count=true&limit=0").json()["total"] == 2500  # /tables tells how far indexes have followed


def test_an_unknown_table_is_404(api):
    assert_problem(api.delete("/api/v1/data/nope?all=true"), 404, "unknown-table")
    assert_problem(api.patch("/api/v1/data/nope?id=1", json={}), 404, "unknown-table")


def test_what_a_patch_names_is_looked_up_before_the_patch_itself(api, pets):
    assert_problem(api.patch("/api/v1/data/absent?all=true", json=[]), 404, "unknown-table")
    assert_problem(api.patch(f"{PETS}?nmae=x", json=[]), 400, "unknown-field")


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_a_word_of_lists_that_is_no_field_is_told_apart(api, pets, method):
    body = {"json": {}} if method == "patch" else {}
    problem = assert_problem(getattr(api, method)(f"{PETS}?age:gt=1&limit=1", **body), 400, "unknown-field")
    assert "max_affected" in problem["detail"]
    assert len(whole(api)) == 6


def test_a_field_that_is_called_like_a_word_of_lists_is_not_blamed_for_another(api, pets):
    api.post(PETS, json={"name": "Z", "sort": [1]})
    problem = assert_problem(
        api.delete(PETS, params={"where": '{"or":[{"zz":1},{"sort":{"exists":false}}]}'}), 400, "unknown-field"
    )
    assert "'zz'" in problem["detail"]
    assert "sort" not in problem["detail"]
