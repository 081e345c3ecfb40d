"""Errors that are about no record point at what is wrong: a part of the path, of the query, a header, a member."""

from __future__ import annotations

import pytest

from ramekin.api.http.problems import status_of
from ramekin.errors import all_errors
from tests.each import each
from tests.problems import NOWHERE, assert_problem

API = "/api/v1"
ALWAYS_SAID = {
    *("definition-broken", "duplicate-id", "integer-out-of-range", "invalid-clock", "invalid-fault", "not-unique"),
    "unknown-field",
}
"""Errors of which each one is made with its place."""

ABSTRACT = {"bad-request", "conflict", "not-found", "unprocessable"}


@pytest.mark.parametrize(
    "error", [error for error in all_errors() if 400 <= status_of(error) < 500], ids=lambda error: error.code
)
def test_every_refusal_says_where_or_is_about_nothing_that_has_a_place(error):
    is_said = bool(error.place) or error.code in ALWAYS_SAID
    assert is_said is (error.code not in NOWHERE | ABSTRACT)


PLACES = {
    "a table's name": ("POST", "/data/a%20b", {"json": {}}, 422, "invalid-table-name", "path", "/table"),
    "a table's name with a slash": ("POST", "/data/a%2Fb", {"json": {}}, 422, "invalid-table-name", "path", "/table"),
    "a defined table's name": ("PUT", "/tables/a%2fb", {"json": {}}, 422, "invalid-table-name", "path", "/table"),
    "an unknown table": ("GET", "/data/none", {}, 404, "unknown-table", "path", "/table"),
    "an unknown table with a slash": ("GET", "/tables/a%2Fb", {}, 404, "unknown-table", "path", "/table"),
    "a join's left table": ("GET", "/join/none/pets/id", {}, 404, "unknown-table", "path", "/table1"),
    "a join's right table": ("GET", "/join/pets/none/id", {}, 404, "unknown-table", "path", "/table2"),
    "a join's key": ("GET", "/join/pets/pets/a=b=c?as=a,b", {}, 400, "invalid-key", "path", "/key"),
    "an id": ("PUT", "/data/pets/a%2Fb?upsert=true", {"json": {}}, 422, "invalid-id", "path", "/id"),
    "an id in a body": ("POST", "/data/pets", {"json": {"id": ""}}, 422, "invalid-id", None, "/id"),
    "an id that differs": ("PUT", "/data/pets/1", {"json": {"id": 2}}, 400, "id-mismatch", None, "/id"),
    "an id that is there": ("POST", "/data/pets", {"json": {"id": 1}}, 409, "record-exists", None, "/id"),
    "a parameter": ("GET", "/tables?verbose=1", {}, 400, "unknown-parameter", "query", "/verbose"),
    "a number": ("GET", "/data/pets?limit=x", {}, 400, "invalid-parameter", "query", "/limit"),
    "a large limit": ("GET", "/data/pets?limit=100001", {}, 400, "limit-too-large", "query", "/limit"),
    "a word twice": ("GET", "/data/pets?limit=1&limit=2", {}, 400, "invalid-parameter", "query", "/limit"),
    "a time to live": ("PUT", "/data/pets/1?ttl=0", {"json": {}}, 400, "invalid-parameter", "query", "/ttl"),
    "a time to live of many": ("POST", "/data/pets?ttl=x", {"json": [{}]}, 400, "invalid-parameter", "query", "/ttl"),
    "a position": ("GET", "/changes?since=x", {}, 400, "invalid-parameter", "query", "/since"),
    "an unknown table of a query": ("GET", "/changes?table=none", {}, 404, "unknown-table", "query", "/table"),
    "a query that is no UTF-8": ("GET", "/data/pets?%ff=1", {}, 400, "malformed-path", "query", ""),
    "a cursor": ("GET", "/data/pets?cursor=x", {}, 400, "invalid-cursor", "query", "/cursor"),
    "a sort": ("GET", "/data/pets?sort=a,,b", {}, 400, "invalid-sort", "query", "/sort"),
    "a selection": ("GET", "/data/pets?select=a,,b", {}, 400, "invalid-select", "query", "/select"),
    "a record's selection": ("GET", "/data/pets/1?select=a,,b", {}, 400, "invalid-select", "query", "/select"),
    "a record's field": (
        *("GET", "/data/pets/1?select=none", {"headers": {"Prefer": "handling=strict"}}),
        *(400, "unknown-field", "query", "/select"),
    ),
    "a condition": ("GET", "/data/pets?age:gtt=1", {}, 400, "unknown-operator", "query", "/age:gtt"),
    "a condition twice": ("GET", "/data/pets?age=1&age=1", {}, 400, "repeated-condition", "query", "/age"),
    "a where": ("GET", '/data/pets?where={"a":{}}', {}, 400, "invalid-where", "query", "/where/a"),
    "no condition": ("DELETE", "/data/pets", {}, 400, "condition-required", "query", ""),
    "an unknown field": ("DELETE", "/data/pets?agee=1", {}, 400, "unknown-field", "query", "/agee"),
    "a tag": (
        "PUT",
        "/data/pets/1",
        {"json": {}, "headers": {"If-Match": "x"}},
        400,
        "invalid-header",
        "header",
        "/If-Match",
    ),
    "a media type": (
        "POST",
        "/data/pets",
        {"content": b"{}"},
        415,
        "unsupported-media-type",
        "header",
        "/Content-Type",
    ),
    "what is accepted": ("GET", "/tables", {"headers": {"Accept": "a/b"}}, 406, "not-acceptable", "header", "/Accept"),
    "a member of a query": ("POST", "/query/pets", {"json": {"sotr": "a"}}, 400, "unknown-parameter", None, "/sotr"),
    "a query's condition": (
        *("POST", "/query/pets", {"json": {"where": {"or": [{"a": 1}, {"b": {"gtt": 1}}]}}}),
        *(400, "unknown-operator", None, "/where/or/1/b"),
    ),
    "a query's cursor": ("POST", "/query/pets", {"json": {"cursor": "x"}}, 400, "invalid-cursor", None, ""),
    "an aggregate": (
        *("POST", "/query/pets", {"json": {"aggregate": {"n": "cuont"}}}),
        *(400, "invalid-aggregate", None, "/aggregate/n"),
    ),
    "a definition": ("PUT", "/tables/pets", {"json": {"uniqe": []}}, 422, "invalid-definition", None, "/uniqe"),
    "a definition's index": (
        *("PUT", "/tables/pets", {"json": {"indexes": ["a"]}}),
        *(422, "invalid-definition", None, "/indexes/0"),
    ),
    "a schema": (
        *("PUT", "/tables/pets", {"json": {"schema": {"properties": {"a": {"type": "txt"}}}}}),
        *(422, "invalid-definition", None, "/schema/properties/a/type"),
    ),
    "a definition's bound": (
        "PUT",
        "/tables/pets",
        {"json": {"max_records": 0}},
        422,
        "invalid-definition",
        None,
        "/max_records",
    ),
}


@each(PLACES.values())
def test_a_refusal_points_at_what_is_wrong(case, api):
    method, path, sent, status, code, part, pointer = case
    api.put(f"{API}/data/pets/1?upsert=true", json={"name": "Rex"})
    problem = assert_problem(api.request(method, API + path, **sent), status, code)
    [fault] = problem["errors"]
    assert (fault.get("in"), fault["pointer"]) == (part, pointer)
    assert fault["detail"]


MEMBERS = {
    "a misspelled member": ({"op": "create", "table": "pets", "record": {}, "tll": 5}, "/tll"),
    "a table's name": ({"op": "create", "table": "a b", "record": {}}, "/table"),
    "a record that lacks": ({"op": "create", "table": "pets"}, "/record"),
    "a tag too many": ({"op": "create", "table": "pets", "record": {}, "if_match": "*"}, "/if_match"),
    "an id": ({"op": "upsert", "table": "pets", "id": "a/b", "record": {}}, "/id"),
    "a record's id": ({"op": "create", "table": "pets", "record": {"id": ""}}, "/record/id"),
}


@each(MEMBERS.values())
def test_an_operation_of_a_batch_is_wrong_at_a_member(case, api):
    operation, inner = case
    good = {"op": "create", "table": "pets", "record": {}}
    problem = assert_problem(api.post(f"{API}/batch", json={"operations": [good, operation]}), 422, code_of(operation))
    [fault] = problem["errors"]
    assert (problem["index"], fault["pointer"]) == (1, f"/operations/1{inner}")


def code_of(operation):
    if operation["table"] == "a b":
        return "invalid-table-name"
    has_bad_id = operation.get("id") == "a/b" or operation.get("record", {}).get("id") == ""
    return "invalid-id" if has_bad_id else "invalid-operation"
