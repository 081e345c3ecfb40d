"""Values that can match nothing that a field holds: told in lists, an error for strict clients and for changes."""

import json

import pytest

from tests.problems import assert_problem

USERS = "/api/v1/data/users_of_no_model"
TABLE = "users_of_no_model"
RECORDS = [
    {"id": i, "vip": i % 2 == 0, "age": i, "name": f"n{i}", "tags": ["a", 1], "o": {"x": 1}, "nul": None, "mix": [3, "x"][i % 2]}
    for i in range(6)
]  # fmt: skip

TOLD = {
    "vip=True": "has text in 'vip', which holds booleans; did you mean 'true'?",
    "vip:ne=FALSE": "has text in 'vip', which holds booleans; did you mean 'false'?",
    "vip=1": "has a number or text in 'vip', which holds booleans; did you mean 'true'?",
    "vip=maybe": "has text in 'vip', which holds booleans",
    "vip:gt=true": "has text in 'vip', which holds booleans; did you mean 'true'?",
    "age=abc": "has text in 'age', which holds numbers",
    "age=0150": "has text in 'age', which holds numbers",
    "age:gte=": "has text in 'age', which holds numbers",
    "age:in=1,abc": "has text in 'age', which holds numbers",
    "age:nin=1,abc": "has text in 'age', which holds numbers",
    "age:startswith=1": "has text in 'age', which holds numbers",
    "age:contains=1": "has an array or text in 'age', which holds numbers",
    "tags=a": "has text in 'tags', which holds arrays; an element of an array is asked for with 'contains'",
    "o=x": "has text in 'o', which holds objects",
    "o.x=y": "has text in 'o.x', which holds numbers",
    "tags.1=a": "has text in 'tags.1', which holds numbers",
    "id:ne=abc": "has text in 'id', which holds numbers",
    'where={"age":"18"}': "has text in 'age', which holds numbers; in JSON a number stands without quotes",
    'where={"name":5}': "has a number in 'name', which holds texts; in JSON a text stands in quotes",
    'where={"vip":{"in":[true,"true"]}}': "",
    'where={"or":[{"vip":"yes"},{"age":1}]}': "has text in 'vip', which holds booleans; did you mean 'true'?",
    'where={"not":{"vip":0}}': "has a number in 'vip', which holds booleans; did you mean 'false'?",
    'where={"age":[1]}': "has an array in 'age', which holds numbers",
    'where={"age":{"x":1}}': "",
    'where={"age":{"eq":{"x":1}}}': "has an object in 'age', which holds numbers",
}

FINE = [
    "vip=true", "vip:ne=false", "age=1", "age:in=1,2", "name=5", "name:gt=5", "name:ne=x", "mix=y", "mix=5", "nul=5",
    "nul:ne=x", "tags:contains=zz", "age:null=true", "vip:exists=false", "id=abc", "id:in=1,abc", "o.x=1", "name:contains=5",
    'where={"age":null}', 'where={"mix":{"in":["x",3]}}', 'where={"not":{"vip":true}}',
]  # fmt: skip


@pytest.fixture
def users(api):
    api.post(USERS, json=RECORDS)
    return api


@pytest.mark.parametrize("query", [query for query, told in TOLD.items() if told])
def test_a_value_that_can_match_nothing_is_told(users, query):
    told = f"no record in {TABLE} {TOLD[query]}"
    assert users.get(f"{USERS}?{query}").json()["warnings"] == [told]
    strict = users.get(f"{USERS}?{query}", headers={"Prefer": "handling=strict"})
    assert TOLD[query] in assert_problem(strict, 400, "invalid-value")["detail"]
    joined = users.get(f"/api/v1/join/{TABLE}/{TABLE}/id?as=a,b&type=left&{of_side(query, 'b')}").json()
    assert told in joined["warnings"]
    before = users.get(USERS).json()
    for answer in (users.delete(f"{USERS}?{query}"), users.patch(f"{USERS}?{query}", json={"new": 1})):
        assert TOLD[query] in assert_problem(answer, 400, "invalid-value")["detail"]
    assert users.get(USERS).json() == before
    if query.startswith("where="):
        body = {"where": json.loads(query.removeprefix("where=")), "group_by": ["name"]}
        assert told in users.post(f"/api/v1/query/{TABLE}", json=body).json()["warnings"]


def of_side(query, side):
    """Return a query about the records of one side of a join."""
    if not query.startswith("where="):
        return f"{side}.{query}"
    where = json.loads(query.removeprefix("where="))

    def named(part):
        if isinstance(part, list):
            return [named(each) for each in part]
        return {
            name if name in ("or", "not", "and") else f"{side}.{name}": named(value)
            if name in ("or", "not", "and")
            else value
            for name, value in part.items()
        }

    return f"where={json.dumps(named(where))}"


@pytest.mark.parametrize("query", FINE)
def test_a_value_that_may_match_is_not_told(users, query):
    answer = users.get(f"{USERS}?{query}", headers={"Prefer": "handling=strict"})
    assert answer.status_code == 200, answer.text
    assert "warnings" not in answer.json()
    assert users.delete(f"{USERS}?{query}&max_affected=0").status_code in (200, 409)


def test_a_boolean_as_python_writes_it_deletes_nothing(users):
    assert_problem(users.delete(USERS, params={"vip:ne": "True"}), 400, "invalid-value")
    assert users.delete(USERS, params={"vip:ne": "true"}).json() == {"matched": 3, "changed": 3}


def test_what_records_hold_now_counts(users):
    assert "warnings" in users.get(f"{USERS}?vip:ne=True").json()
    users.patch(f"{USERS}/1", json={"vip": "True"})
    assert "warnings" not in users.get(f"{USERS}?vip:ne=True").json()
    users.patch(f"{USERS}/1", json={"vip": True})
    assert "warnings" in users.get(f"{USERS}?vip:ne=True").json()
    users.delete(f"{USERS}?all=true")
    assert "warnings" not in users.get(f"{USERS}?vip:ne=True").json()


def test_one_value_is_told_once_and_several_each(users):
    warnings = users.get(f"{USERS}?vip:in=True,Yes,no&age:nin=x,y&name=5").json()["warnings"]
    assert [told.partition(" in '")[2][:3] for told in warnings] == ["age", "vip"]


def test_a_member_of_which_a_schema_says_nothing_is_looked_at_too(api):
    api.put(f"/api/v1/tables/{TABLE}", json={"schema": {"properties": {"age": {"type": "integer"}}}})
    api.post(USERS, json={"id": 1, "age": 5, "vip": True})
    assert "did you mean 'true'?" in api.get(f"{USERS}?vip=True").json()["warnings"][0]
    assert_problem(api.delete(f"{USERS}?vip:ne=True"), 400, "invalid-value")
    assert "warnings" not in api.get(f"{USERS}?age=4").json()
