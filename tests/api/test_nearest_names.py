"""Every name that a request has and nothing here has is told with the nearest right one: each parameter, each value of
those that have few, and each member of a body, as the OpenAPI document lists them, in capitals and misspelt."""

from __future__ import annotations

import re

import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.api.http.query_string import WORDS_OF
from ramekin.clock import MovableClock
from tests.each import each
from tests.inside import InsideClient
from tests.problems import assert_problem

API = "/api/v1"
STRICT = {"prefer": "handling=strict"}
PARTS = {"table": "pets", "table1": "pets", "table2": "pets", "key": "id=id", "branch": "one", "id": "1", "code": "x"}
SCHEMA = {
    "properties": {
        "name": {"type": "string"},
        "home": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False},
        "toys": {"items": {"properties": {"colour": {}}, "unevaluatedProperties": False}},
    },
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def client():
    app = create_app(Database(clock=MovableClock()), is_dev=True)
    database = app.state.context.database
    with InsideClient(app, raise_server_exceptions=False) as found:
        found.run(database.__aenter__())
        found.post(f"{API}/data/pets", json={"id": 1, "name": "Rex"}).raise_for_status()
        found.put(f"{API}/tables/typed", json={"schema": SCHEMA}).raise_for_status()
        yield found
        found.run(database.__aexit__())


@pytest.fixture(scope="module")
def document(client):
    return client.app.openapi()


def resolved(document, part):
    while "$ref" in part:
        found = document
        for step in part["$ref"].split("/")[1:]:
            found = found[step]
        part = found
    return part


def operations(document):
    """Yield each operation with its method, its path as it is asked, and the media type of its body."""
    for path, told in document["paths"].items():
        for method, operation in told.items():
            body = resolved(document, operation["requestBody"])["content"] if "requestBody" in operation else {}
            yield operation, method, re.sub(r"{(\w+)}", lambda part: PARTS[part[1]], path), body


def parameters(document, operation):
    """Return the parameters in the query that an operation names."""
    known = [resolved(document, told) for told in operation.get("parameters", ())]
    return [word for word in known if word["in"] == "query" and word["name"] != "conditions"]


def misspelt(name):
    """Return a name in capitals, with a letter twice, and with two letters in the other order."""
    return {name.upper(), name + name[-1], name[0] + name[2:3] + name[1:2] + name[3:]} - {name}


def told(client, method, path, **sent):
    """Return all names in quotes that an answer has."""
    return re.findall(r"'([^']+)'", client.request(method, path, **sent).text)


def as_json(media, value):
    return {"json": value} if next(iter(media), "").endswith("json") else {}


def test_each_parameter_that_is_misspelt_is_told(client, document):
    asked = 0
    for operation, method, path, media in operations(document):
        for name in [word["name"] for word in parameters(document, operation)]:
            for wrong in misspelt(name):
                query = {wrong: "1"} | ({"as": "a,b"} if "/join/" in path and name != "as" else {})
                assert name in told(client, method, path, params=query, **as_json(media, {})), (method, path, wrong)
                asked += 1
    assert asked > 100


def test_each_value_of_a_parameter_that_is_misspelt_is_told(client, document):
    asked = 0
    for operation, method, path, media in operations(document):
        for word in parameters(document, operation):
            for value in word["schema"].get("enum", ()):
                for wrong in misspelt(value):
                    names = told(client, method, path, params={word["name"]: wrong}, **as_json(media, {}))
                    assert value in names, (method, path, word["name"], wrong)
                    asked += 1
    assert asked > 20


def choices(document, schema, steps=()):
    """Yield where names or values can be one of few, and which, in a body's schema; but for queries in JSON."""
    schema = resolved(document, schema)
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is False:
        yield steps, True, list(properties)
    if "enum" in schema:
        yield steps, False, schema["enum"]
    for name, inner in properties.items():
        if name not in ("where", "schema"):
            yield from choices(document, inner, (*steps, name))
    if "items" in schema:
        yield from choices(document, schema["items"], (*steps, 0))


def around(steps, value):
    for step in reversed(steps):
        value = [value] if step == 0 else {step: value}
    return value


def test_each_member_and_value_of_a_body_that_is_misspelt_is_told_and_pointed_at(client, document):
    asked = 0
    for _, method, path, media in operations(document):
        schema = media.get("application/json", {}).get("schema", {})
        for steps, are_members, names in choices(document, schema):
            for name, wrong in ((right, wrong) for right in names for wrong in misspelt(right)):
                value = around(steps, {wrong: 1} if are_members else wrong)
                problem = client.request(method, path, json=value).json()
                assert f"Did you mean '{name}'?" in problem["detail"], (method, path, value, problem)
                place = "".join(f"/{step}" for step in [*steps, *([wrong] if are_members else [])])
                assert problem["errors"][0]["pointer"] == place, (method, path, value, problem)
                asked += 1
    assert asked > 80


@each(["data/pets", "data/pets/1", "join/pets/pets/id=id?as=a,b", "changes?table=pets", "tables"])
def test_a_word_of_another_route_is_told_as_such(path, client):
    for whose, words in WORDS_OF.items():
        for word in words:
            answer = client.get(f"{API}/{path}{'&' if '?' in path else '?'}{word.upper()}=1")
            said = answer.json().get("detail") or answer.json()["warnings"][0]
            assert f"'{word}' is a word of {whose}." in said or f"id you mean '{word}'?" in said


def test_all_words_are_known(client, document):
    declared = {word["name"] for operation, *_ in operations(document) for word in parameters(document, operation)}
    assert declared == {word for words in WORDS_OF.values() for word in words}


def test_of_a_table_without_records_a_word_in_capitals_is_told(client):
    assert client.get(f"{API}/data/typed").json()["data"] == []
    client.put(f"{API}/tables/empty", json={}).raise_for_status()
    assert client.get(f"{API}/data/empty?Limit=5").json()["warnings"] == [
        "no record in empty has the field 'Limit'; did you mean 'limit'?"
    ]
    assert "warnings" not in client.get(f"{API}/data/empty?limits=5").json(), "which may be a field's name"


@each(
    {
        "/nmae": {"nmae": "Rex"},
        "/NAME": {"NAME": "Rex"},
        "/home/ctiy": {"home": {"ctiy": "Paris"}},
        "/toys/1/color": {"toys": [{}, {"color": "red"}]},
    }.items()
)
def test_a_member_that_a_schema_does_not_take_is_told_with_one_that_it_does(case, client):
    place, record = case
    problem = assert_problem(client.post(f"{API}/data/typed", json=record), 422, "invalid-record")
    [fault] = problem["errors"]
    near = {"nmae": "name", "NAME": "name", "ctiy": "city", "color": "colour"}[place.rpartition("/")[2]]
    assert (fault["pointer"], fault["detail"].partition("Did")[2]) == (place, f" you mean '{near}'?")


def test_several_members_that_a_schema_does_not_take_are_told_with_several(client):
    problem = assert_problem(client.post(f"{API}/data/typed", json={"nmae": "x", "hoem": {}}), 422, "invalid-record")
    assert problem["errors"][0]["detail"].endswith("Did you mean 'name' and 'home'?")


@pytest.mark.parametrize("name", ["where", "sort", "select", "group_by", "aggregate", "limit", "as", "table"])
@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("GET", "/api/v1/data/t", ("where", "sort", "select", "limit")),
        ("PATCH", "/api/v1/data/t", ("where",)),
        ("DELETE", "/api/v1/data/t", ("where",)),
        ("GET", "/api/v1/changes?table=t&", ("where", "limit", "table")),
    ],
)
def test_a_field_that_is_called_like_a_word_of_others_is_a_field(api, method, path, name, taken):
    api.post("/api/v1/data/t", json={"id": 1, "n": 1})
    if name not in taken:
        address = f"{path}{'' if '?' in path else '?'}{name}=1"
        answer = api.request(method, address, json={} if method == "PATCH" else None, headers=STRICT)
        problem = assert_problem(answer, 400, "unknown-field")
        assert [(one["in"], one["pointer"]) for one in problem["errors"]] == [("query", f"/{name}")]


@pytest.mark.parametrize(("field", "asked"), [("types", "type"), ("Table", "table")])
def test_the_nearest_field_is_told_before_a_word_of_others(api, field, asked):
    api.post("/api/v1/data/t", json={"id": 1, field: 1})
    problem = assert_problem(api.get(f"/api/v1/data/t?{asked}=x", headers=STRICT), 400, "unknown-field")
    assert f"Did you mean '{field}'?" in problem["detail"]
