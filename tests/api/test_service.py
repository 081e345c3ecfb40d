"""What holds on every route: methods, ids of requests, problems, health, tables, the OpenAPI document."""

import re
from html import escape

import pytest

from ramekin import errors
from ramekin.api.app import create_app
from ramekin.api.http.problems import status_of
from tests.conftest import start_database
from tests.each import each
from tests.inside import InsideClient
from tests.problems import assert_problem

PROBLEMS = [error.code for error in errors.all_errors()]


@pytest.fixture
def pet(api):
    api.post("/api/v1/data/pets", json={"id": 1})


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/data/pets", "/api/v1/data/pets/1", "/api/v1/dump/pets", "/api/v1/dump", "/api/v1/tables",
        "/api/v1/tables/pets", "/api/v1/join/pets/users/id", "/health", "/health/live", "/health/ready", "/problems",
        "/problems/unknown-table", "/openapi.json", "/docs", "/redoc", "/static/favicon.svg", "/api/v1/data/none",
    ],
)  # fmt: skip
def test_head_is_get_without_the_body(api, pet, path):
    get, head = api.get(path), api.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    differ = ("x-request-id", "date", "transfer-encoding", "content-length")
    assert {k: v for k, v in head.headers.items() if k not in differ} == {
        k: v for k, v in get.headers.items() if k not in differ
    }


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/v1/data/pets", "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
        ("/api/v1/data/pets/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/api/v1/batch", "OPTIONS, POST"),
        ("/api/v1/tables/pets", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/health", "GET, HEAD, OPTIONS"),
    ],
)
def test_allow_is_complete_on_options_and_405(api, path, allow):
    options = api.options(path)
    assert (options.status_code, options.content, options.headers["allow"]) == (204, b"", allow)
    answer = api.request("TRACE", path)
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1", "/api/v1/data/a/b/c", "/api/v1/data/pets/", "/api/v2/data/pets"]
)
def test_an_unknown_route_is_a_problem_for_every_method(api, path):
    for method in ("GET", "POST", "OPTIONS", "TRACE"):
        assert_problem(api.request(method, path), 404, "unknown-route")


@pytest.mark.parametrize("path", ["/api/v1/data/pets/%ff", "/api/v1/data/%c3/1", "/%80"])
def test_an_address_that_is_not_utf_8_is_400(api, path):
    assert_problem(api.get(path), 400, "malformed-path")


def test_the_callers_request_id_comes_back_if_it_is_proper(api):
    assert api.get("/health", headers={"x-request-id": "a.B-9_"}).headers["x-request-id"] == "a.B-9_"
    for bad in ("", "a b", "x" * 129, "é".encode()):
        assert re.fullmatch(
            "[0-9a-f]{12}-[0-9]+", api.get("/health", headers={"x-request-id": bad}).headers["x-request-id"]
        )
    problem = assert_problem(api.get("/none", headers={"x-request-id": "mine"}), 404, "unknown-route")
    assert problem["instance"] == "mine"


def test_names_in_errors_are_cut(api):
    name = "n" * 5000
    for answer in (
        api.get(f"/api/v1/data/{name}"),
        api.get(f"/api/v1/data/users?{name}=1"),
        api.get(f"/problems/{name}"),
    ):
        assert_problem(answer, answer.status_code, answer.json()["code"])
        assert "n" * 101 not in answer.text


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/problems", "/problems/conflict", "/openapi.json", "/api/v1/tables",
             "/api/v1/dump", "/api/v1/tables/users", "/api/v1/dump/users"],
)  # fmt: skip
def test_a_route_that_takes_no_parameters_refuses_them(api, path):
    assert_problem(api.get(f"{path}?verbose=1"), 400, "unknown-parameter")


# problems


@each(PROBLEMS)
def test_every_code_has_a_page(code, api):
    page = api.get(f"/problems/{code}").json()
    assert page["code"] == code
    assert page["meaning"]
    assert page["remedy"]
    html = api.get(f"/problems/{code}", headers={"accept": "text/html,*/*;q=0.8"})
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert escape(page["title"]) in html.text


def test_codes_are_unique_and_listed(api):
    assert len(set(PROBLEMS)) == len(PROBLEMS)
    assert [page["code"] for page in api.get("/problems").json()] == PROBLEMS
    assert "unknown-table" in api.get("/problems", headers={"accept": "text/html"}).text


def test_an_unknown_code_is_told_with_the_nearest(api):
    problem = assert_problem(api.get("/problems/unknown-tabel"), 404, "unknown-problem")
    assert "unknown-table" in problem["detail"]


def test_every_error_has_a_status_of_its_kind():
    assert {status_of(error) for error in errors.all_errors()} <= {
        400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 416, 422, 428, 429, 431, 500, 503, 507,
    }  # fmt: skip


def test_a_fault_of_our_own_is_a_500_that_says_nothing(local, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret /path")

    monkeypatch.setattr(local.app.state.context.database, "get_now", broken)
    answer = local.get("/api/v1/data/pets/1")
    assert_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


# health


def test_health_says_that_it_is_ready(api, pet):
    for path in ("/health", "/health/live", "/health/ready"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        assert answer.json()["engine"] in ("embedded", "durable", "cluster")
    assert api.get("/health").json()["records"] == 1


def test_health_is_503_while_the_server_drains(local, monkeypatch):
    monkeypatch.setattr(local.app.state.context, "is_draining", True)
    for path in ("/health", "/health/ready"):
        answer = local.get(path)
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        assert answer.headers["retry-after"] == "1"
    assert local.get("/health/live").status_code == 200


def test_without_a_console_the_root_leads_to_the_documentation():
    with InsideClient(create_app(start_database(), has_console=False)) as client:
        answer = client.get("/", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
        assert_problem(client.get("/console"), 404, "unknown-route")


# tables


def test_tables_show_their_figures(api):
    api.post("/api/v1/load", json={"t": [{"id": 1, "k": 1}, {"id": 2, "k": 1}]})
    table = api.get("/api/v1/tables/t").json()
    assert (table["records"], table["bytes"]) == (2, len('{"id":1,"k":1}') * 2)
    assert (table["schema"], table["unique"], table["indexes"], table["require_if_match"]) == (None, [], [], False)
    assert table in api.get("/api/v1/tables").json()["tables"]


def test_a_join_makes_an_index_that_tables_show(api):
    api.post("/api/v1/load", json={"t": [{"id": 1, "k": 1}], "u": [{"id": 1, "k": 1}]})
    for _ in range(2):  # each server has indexes of its own
        api.get("/api/v1/join/t/u/k")
    [index] = api.get("/api/v1/tables/u").json()["indexes"]
    assert (index["field"], index["kind"], index["pinned"]) == ("k", "hash", False)
    assert index["bytes"] > 0


def test_the_revision_grows_with_every_write_also_over_a_drop(api, pet):
    revisions = []
    for write in (
        lambda: api.patch("/api/v1/data/pets/1", json={"a": 1}),
        lambda: api.delete("/api/v1/data/pets/1"),
        lambda: api.delete("/api/v1/tables/pets") and api.post("/api/v1/data/pets", json={"id": 1}),
    ):
        write()
        revisions.append(api.get("/api/v1/tables/pets").json()["revision"])
    assert revisions == sorted(set(revisions))


def test_a_dropped_table_is_gone(api, pet):
    assert api.delete("/api/v1/tables/pets").status_code == 204
    assert_problem(api.get("/api/v1/data/pets/1"), 404, "unknown-table")
    assert_problem(api.delete("/api/v1/tables/pets"), 404, "unknown-table")


# OpenAPI


def test_the_document_has_every_route_and_method(local):
    document = local.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    hidden = {"/docs", "/redoc", "/static/{name}", "/openapi.json", "/"}
    hidden |= {"/console", "/console/assets/{path:path}", "/console/{view:path}"}
    routes = {
        (route.path, method.lower())
        for route in local.app.routes
        for method in route.methods - {"HEAD"}
        if route.path not in hidden
    }
    told = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert routes <= told


def test_each_typed_table_has_its_own_schema_with_an_example(local):
    document = local.get("/openapi.json").json()
    create = document["paths"]["/api/v1/data/users"]["post"]
    content = create["requestBody"]["content"]["application/json"]
    sent = {"$ref": "#/components/schemas/UserInput"}
    assert content["schema"]["oneOf"] == [sent, {"type": "array", "items": sent}]
    get = document["paths"]["/api/v1/data/users/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert get["schema"]["anyOf"] == [{"$ref": f"#/components/schemas/{name}"} for name in ("User", "UserPart")]
    assert get["example"]["email"] == "soren.kohler@example.com", "a record that the demo has"
    assert content["example"]["email"] == "ada.lovelace@example.com", "one that it lacks"
    assert document["components"]["schemas"]["Gadget"]["properties"]["parts"]["items"] == {
        "$ref": "#/components/schemas/Part"
    }


def test_no_docs_removes_the_pages_and_the_document():
    with InsideClient(create_app(start_database(), has_docs=False, has_console=False)) as client:
        for path in ("/docs", "/redoc", "/openapi.json", "/"):
            assert_problem(client.get(path, follow_redirects=False), 404, "unknown-route")


def test_lists_describe_their_conditions(local):
    paths = local.get("/openapi.json").json()["paths"]
    free = {parameter["name"]: parameter for parameter in paths["/api/v1/data/{table}"]["get"]["parameters"]}
    told = dict(free["conditions"]["schema"])
    names = re.compile(told.pop("propertyNames")["pattern"])
    assert told.pop("patternProperties") == {":(null|exists)$": {"type": "string", "enum": ["true", "false"]}}
    assert told == {"type": "object", "additionalProperties": {"type": "string"}}
    assert all(map(names.search, ("age", "age:gte", "a:b:eq", "home.city:in")))
    assert not any(map(names.search, ("age:above", "age:", "a:eq:b")))
    assert (free["conditions"]["style"], free["conditions"]["explode"]) == ("form", True)
    typed = {parameter["name"]: parameter for parameter in paths["/api/v1/data/users"]["get"]["parameters"]}
    assert "conditions" not in typed
    assert typed["age:gte"]["schema"]["type"] == "number"
    assert typed["created_at:lt"]["schema"]["format"] == "date-time"
    assert typed["age:null"]["schema"]["type"] == "boolean"
    assert not {"age:contains", "created_at:startswith", "id:gt:x"} & set(typed)


def test_every_body_has_an_example(local):
    document = local.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                is_model = "$ref" in str(content["schema"])  # has the examples that the model has
                is_typed = "{" not in path.removesuffix("{id}") and content["schema"] == {"type": "string"}  # likewise
                assert "example" in content or is_model or is_typed, (path, method, kind)
