"""What a hint names exists: every "did you mean" and every list of names, on typed tables, untyped ones and joins."""

import re
from itertools import product

import pytest

from ramekin.schema.declarations import type_in
from ramekin.schema.models import ModelSchema
from tests.each import each
from tests.problems import assert_problem
from tests.unit.test_columns import TREE, Tree
from tests.unit.test_schema import Everything

NAMED = re.compile(r"'([^']+)'")


def named_in_hint(text):
    """Return the names that a hint offers."""
    found = re.search(r"[Dd]id you mean (.*?)\?", text)
    return NAMED.findall(found[1]) if found else []


@pytest.fixture
def data(local):
    local.post("/api/v1/data/persons", json={"id": 1, "name": "Ada", "age": 36, "home": {"city": "Paris"}})
    local.post("/api/v1/data/buys", json={"id": 1, "person": 1, "total": 5})
    local.put(
        "/api/v1/tables/closed",
        json={
            "schema": {
                "properties": {"size": {"type": "integer"}, "at": {"properties": {"x": {}}}},
                "additionalProperties": False,
            }
        },
    )
    local.post("/api/v1/data/closed", json={"id": 1, "size": 1})
    return local


EXISTING = {
    "persons": {"id", "name", "age", "home", "home.city"},
    "buys": {"id", "person", "total"},
    "closed": {"id", "size", "at", "at.x"},
}


@each(product([
        "age",
        "nmae",
        "tota",
        "home.city",
        "home.ctiy",
        "person.age",
        "person.agee",
        "buy.total",
        "buys.agee",
        "sizee",
        "zzz",
        "persons",
        "limt",
    ], [("persons", "buys"), ("persons", "closed"), ("closed", "buys")], ["", "sort=", "select=", "as=a,b&sort="]))  # fmt: skip
def test_a_hint_of_a_join_names_a_field_that_one_of_the_sides_has(case, data):
    name, (left, right), word = case
    query = f"{word}{name}" if word else f"{name}=5"
    answer = data.get(f"/api/v1/join/{left}/{right}/id=id?{query}")
    sides = {"a": left, "b": right} if "as=" in word else {left: left, right: right}
    texts = answer.json().get("warnings", []) if answer.status_code == 200 else [answer.json()["detail"]]
    for text in texts:
        for meant in named_in_hint(text):
            side, _, field = meant.partition(".")
            if side in sides:
                assert field in EXISTING[sides[side]], text
            else:
                assert meant in {"limit", "sort"} or any(meant in EXISTING[table] for table in (left, right)), text


def test_a_field_of_one_side_is_offered_with_that_side_alone(data):
    def detail(query, tables="persons/buys"):
        return assert_problem(data.get(f"/api/v1/join/{tables}/id=person?{query}"), 400, "unknown-field")["detail"]

    assert detail("age=5").endswith("Did you mean 'persons.age'?")
    assert detail("id=5").endswith("Did you mean 'persons.id' or 'buys.id'?")
    assert detail("person.age=5").endswith("Did you mean 'persons.age'?")
    assert detail("zzzz=5").endswith("A field here begins with 'persons.' or 'buys.'.")
    assert detail("as=a,b&age=5").endswith("Did you mean 'a.age'?")
    assert detail("age=5", "none/buys").endswith("A field here begins with 'none.' or 'buys.'.")


@pytest.mark.parametrize("table", EXISTING)
@pytest.mark.parametrize("name", ["nmae", "agge", "home.cty", "sise", "at.y", "tota", "limt", "zzz"])
def test_a_hint_of_a_list_names_a_field_or_a_word(data, table, name):
    for query in (f"{name}=5", f"sort={name}", f"select={name}"):
        answer = data.get(f"/api/v1/data/{table}?{query}")
        texts = answer.json().get("warnings", []) if answer.status_code == 200 else [answer.json()["detail"]]
        for meant in (meant for text in texts for meant in named_in_hint(text)):
            assert meant in EXISTING[table] | {"limit", "sort"}, texts


@pytest.mark.parametrize("model", [Everything, Tree])
def test_every_name_that_a_models_hint_may_offer_is_a_field(model):
    schema = ModelSchema(model)
    for name in schema.field_names():
        assert schema.type_of(tuple(name.split("."))) is not None, name
    assert type_in(TREE, ("in", "in", "n"), is_closed=True) is not None


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("post", "query/persons", {"sotr": "age"}, "A query has no member 'sotr'. Did you mean 'sort'? Conditions"),
        ("get", "tables/persons?x=1", None, "Unknown parameter 'x'. This route takes"),
        ("put", "tables/persons", {"unqiue": []}, "A definition has no member 'unqiue'. Did you mean 'unique'?"),
        ("post", "batch", {"operations": [{"opp": "x"}]}, "An operation has no member 'opp'. Did you mean 'op'?"),
        ("get", "data/persos", None, "There is no table 'persos'. Did you mean 'persons'?"),
        ("get", "data/persons?age:gtt=1", None, "There is no operator 'gtt'. Did you mean 'gt'?"),
        ("get", "join/persons/buys/persn", None, "'persn'. Did you mean 'person'? Fields: "),
    ],
)
def test_a_hint_is_a_sentence_behind_what_was_wrong(local, data, method, path, body, told):
    answer = local.request(method, f"/api/v1/{path}", json=body)
    assert told in answer.json()["detail"]


ROUTES = {
    "/api/v1/dta/users": "/api/v1/data/{table}",
    "/api/v1/dta/users/1": "/api/v1/data/{table}/{id}",
    "/api/v1/DATA/users": "/api/v1/data/{table}",
    "/api/v1/data": "/api/v1/data/{table}",
    "/api/v1/data/users/1/2": "/api/v1/data/{table}/{id}",
    "/api/v1/tables/": "/api/v1/tables",
    "/api/v1/table": "/api/v1/tables",
    "/api/v1/join/users": "/api/v1/join/{table1}/{table2}/{key}",
    "/api/v2/data/users": "/api/v1/data/{table}",
    "/api/data/users": "/api/v1/data/{table}",
    "/v1/data/users": "/api/v1/data/{table}",
    "/data/users": "/api/v1/data/{table}",
    "/data/a%2Fb/c": "/api/v1/data/{table}/{id}",
    "/healt": "/health",
    "/doc": "/docs",
    "/openapi.jsn": "/openapi.json",
    "/api/v1/health": "/health",
    "/api/v1/openapi.json": "/openapi.json",
    "/api/v1/users": "/api/v1/data/{table}",
    "/api/v1/users/1": "/api/v1/data/{table}/{id}",
    "/api": None,
    "/api/v1": None,
    "/users": None,
    "/api/v1/clock": None,  # not served here
    "/wp-login.php": None,
    "/x": None,
}


@each(ROUTES.items())
def test_an_unknown_route_is_told_with_the_nearest_one(case, local):
    path, nearest = case
    for method in ("GET", "POST", "OPTIONS"):
        answer = local.request(method, path)
        problem = assert_problem(answer, 404, "unknown-route")
        assert (named_in_hint(problem["detail"]) or [None]) == [nearest], problem


@each(["clock", "branches", "branches/one", "reset", "diff", "checkpoint", "faults"])
def test_what_only_a_server_for_tests_has_is_told(path, local):
    problem = assert_problem(local.get(f"/api/v1/{path}"), 404, "unknown-route")
    assert problem["detail"] == "No endpoint has this path. It is served where the server was started with --dev."


CAPITALS = {
    ("POST", "/api/v1/data/t?TTL=5"): "ttl",
    ("GET", "/api/v1/data/persons?Limit=5"): "limit",
    ("GET", "/api/v1/data/persons?LIMIT=5"): "limit",
    ("GET", "/api/v1/data/persons?AGE=5"): "age",
    ("GET", "/api/v1/data/persons?age:GTE=5"): "gte",
    ("GET", "/api/v1/data/closed?SIZE=5"): "size",
    ("DELETE", "/api/v1/data/persons?WHERE={}"): "where",
    ("GET", "/api/v1/tables?Name=x"): None,
    ("GET", "/api/v1/data/PERSONS"): "persons",
    ("GET", "/api/v1/changes?table=persons&sinc=1"): "since",
    ("GET", "/api/v1/changes?table=persons&Since=1"): "since",
}


@each(CAPITALS.items())
def test_capitals_hide_no_name(case, data):
    (method, path), name = case
    answer = data.request(method, path, **({"json": {}} if method == "POST" else {}))
    told = answer.json()
    said = told.get("detail") or " ".join(told.get("warnings", []))
    assert (named_in_hint(said) or [None])[0] == name, told
