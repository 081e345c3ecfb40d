"""Who may do what: each operation, by each key, on tables in and out of its reach, on each of the three ways."""

import asyncio
import json
from itertools import product

import pytest

from ramekin.api.app import create_app
from ramekin.testing.clock import SetClock
from tests.conftest import start_database
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.problems import assert_problem

# Written by hand from the contract, and from nothing else: what each operation takes, how it is asked for a table, and
# with which body. `*` takes a key without tables; `open` needs no key.
OPERATIONS = {
    "get_record": ("read", "GET", "/api/v1/data/{t}/1", ""),
    "get_record, part": ("read", "GET", "/api/v1/data/{t}/1?select=id", ""),
    "list_records": ("read", "GET", "/api/v1/data/{t}?id=1", ""),
    "query_table": ("read", "POST", "/api/v1/query/{t}", "{}"),
    "join_tables, left": ("read", "GET", "/api/v1/join/{t}/open-1/id", ""),
    "join_tables, right": ("read", "GET", "/api/v1/join/open-1/{t}/id", ""),
    "dump_table": ("read", "GET", "/api/v1/dump/{t}", ""),
    "get_table": ("read", "GET", "/api/v1/tables/{t}", ""),
    "list_changes": ("read", "GET", "/api/v1/changes", ""),
    "list_changes, of a table": ("read", "GET", "/api/v1/changes?table=open-1&table={t}", ""),
    "list_tables": ("read", "GET", "/api/v1/tables", ""),
    "dump_database": ("read", "GET", "/api/v1/dump", ""),
    "create_record": ("write", "POST", "/api/v1/data/{t}", "{}"),
    "create_record, many": ("write", "POST", "/api/v1/data/{t}?on_conflict=replace", "[{}]"),
    "put_record": ("write", "PUT", "/api/v1/data/{t}/1", "{}"),
    "put_record, new": ("write", "PUT", "/api/v1/data/{t}/2?upsert=true", "{}"),
    "patch_record": ("write", "PATCH", "/api/v1/data/{t}/1", "{}"),
    "delete_record": ("write", "DELETE", "/api/v1/data/{t}/none", ""),
    "patch_records": ("write", "PATCH", "/api/v1/data/{t}?id=none", "{}"),
    "delete_records": ("write", "DELETE", "/api/v1/data/{t}?id=none", ""),
    "apply_batch": ("write", "POST", "/api/v1/batch", '{"operations":[{"op":"create","table":"{t}","record":{}}]}'),
    "apply_batch, second": ("write", "POST", "/api/v1/batch", '{"operations":[{"op":"upsert","table":"open-1","id":1,"record":{}},{"op":"delete","table":"{t}","id":9}]}'),
    "load_database": ("write", "POST", "/api/v1/load", '{"{t}":[]}'),
    "load_database, merge": ("write", "POST", "/api/v1/load?mode=merge", '{"open-1":[{"id":1}],"{t}":[]}'),
    "load_database, replace": ("admin *", "POST", "/api/v1/load?mode=replace", '{"{t}":[]}'),
    "load_database, in disguise": ("admin *", "POST", "/api/v1/load?%6dode=%72eplace", '{"{t}":[]}'),
    "put_table": ("admin", "PUT", "/api/v1/tables/{t}", "{}"),
    "drop_table": ("admin", "DELETE", "/api/v1/tables/{t}", ""),
    "backup": ("admin *", "POST", "/api/v1/backup", ""),
    "metrics": ("admin *", "GET", "/metrics", ""),
    "health": ("open", "GET", "/health", ""),
    "health_live": ("open", "GET", "/health/live", ""),
    "health_ready": ("open", "GET", "/health/ready", ""),
    "list_problems": ("open", "GET", "/problems", ""),
    "explain_problem": ("open", "GET", "/problems/forbidden", ""),
    "console_home": ("open", "GET", "/", ""),
    "console_page": ("open", "GET", "/console", ""),
    "console_file": ("open", "GET", "/console/assets/main.js", ""),
    "console_view": ("open", "GET", "/console/tables/users?age:gte=1", ""),
    "swagger_page": ("open", "GET", "/docs", ""),
    "redoc_page": ("open", "GET", "/redoc", ""),
    "static_file": ("open", "GET", "/static/favicon.svg", ""),
    "openapi_document": ("open", "GET", "/openapi.json", ""),
}  # fmt: skip
IN_BRANCHES = [name for name, (_, _, path, _) in OPERATIONS.items() if "/api/v1/" in path and name != "backup"]
OPERATIONS |= {
    "list_branches": ("admin *", "GET", "/api/v1/branches", ""),
    "get_branch": ("admin *", "GET", "/api/v1/branches/side", ""),
    "put_branch": ("admin *", "PUT", "/api/v1/branches/side?replace=true", ""),
    "drop_branch": ("admin *", "DELETE", "/api/v1/branches/none", ""),
    "make_checkpoint": ("admin *", "POST", "/api/v1/checkpoint", ""),
    "reset": ("admin *", "POST", "/api/v1/reset", ""),
    "diff": ("admin *", "GET", "/api/v1/diff?from=main&to=side", ""),
    "get_faults": ("admin *", "GET", "/api/v1/faults", ""),
    "put_faults": ("admin *", "PUT", "/api/v1/faults", '{"rules":[]}'),
    "delete_faults": ("admin *", "DELETE", "/api/v1/faults", ""),
    "get_clock": ("admin *", "GET", "/api/v1/clock", ""),
    "put_clock": ("admin *", "PUT", "/api/v1/clock", "{}"),
    "delete_clock": ("admin *", "DELETE", "/api/v1/clock", ""),
}
ROLES = ["read", "write", "admin"]
KEYS = [
    *(f"{role}-all:{role}={role}-all" for role in ROLES),
    *(f"{role}-some:{role}:open*,one={role}-some" for role in ROLES),
]
TABLES = {"open-1": True, "ones": False, "none": False}
"""Tables, the last of which is not there, and whether keys with tables reach them."""


def expected(operation, key, table):
    """Return the status of the refusal that the contract says, None for no refusal."""
    needs, _, path, body = OPERATIONS[operation]
    role, _, whole = needs.partition(" ")
    if role == "open":
        return None
    if key is None or key == "wrong":
        return 401
    has, _, reach = key.partition("-")
    names_it = "{t}" in path or "{t}" in body
    lacks = ROLES.index(has) < ROLES.index(role)
    lacks |= reach == "some" and (bool(whole) or (names_it and not TABLES[table]))
    return 403 if lacks else None


def test_no_operation_is_missing():
    app = create_app(start_database(), keys=KEYS, is_dev=True)
    known = {name.partition(",")[0] for name in OPERATIONS}
    assert {route.name for route in app.routes} == known


@pytest.fixture(
    params=[pytest.param(way, marks=[pytest.mark.long] if "alone" in way else []) for way in WAYS], scope="module"
)
def service(request):
    service = Service(request.param, SetClock(), keys=KEYS, is_dev=True)
    fill(service)
    send(service, "PUT", "/api/v1/branches/side", "", "admin-all", "")
    yield service
    service.close()


def fill(service):
    for table in TABLES:
        if table != "none":
            service.run(service.database.insert(table, [{"id": 1}], on_conflict="replace"))


def send(service, method, path, body, key, table):
    """Return the status of an answer, and its body where it is a problem."""
    lines = [f"{method} {path.replace('{t}', table)} HTTP/1.1", "Host: localhost"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.replace('{t}', table))}"]
    pipe = service.connect()
    pipe.send(["\r\n".join([*lines, "", body.replace("{t}", table)]).encode()])
    for _ in range(2000):  # a backup is written by a thread
        if pipe.written:
            break
        service.run(asyncio.sleep(0.001))
    pipe.end()
    head, _, text = pipe.written.partition(b"\r\n\r\n")
    status = int(head[9:12])
    return status, json.loads(text) if status >= 400 and method != "HEAD" else None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_key_may_do_what_the_contract_says(service, operation):
    ask_with_each_key(service, operation)


@pytest.mark.long
@pytest.mark.parametrize("operation", IN_BRANCHES)
def test_each_key_may_do_the_same_in_a_branch(service, operation):
    ask_with_each_key(service, operation, "/b/side")


def ask_with_each_key(service, operation, branch=""):
    _, method, path, body = OPERATIONS[operation]
    path = f"{branch}{path}"
    service.database.clock.advance(120)  # or there would be too many wrong keys of one address
    tables = TABLES if "{t}" in path + body else ["none"]
    for key, table in product((None, "wrong", *(key.partition("=")[2] for key in KEYS)), tables):
        if method != "GET":
            fill(service)
        status, problem = send(service, method, path, body, key, table)
        refusal = expected(operation, key, table)
        assert status == refusal if refusal else status not in (401, 403), (key, table, problem)
        assert status < 500, (key, table)
        if refusal == 403:
            assert problem["code"] == "forbidden"
            assert f"'{key}'" in problem["detail"]
        if method == "GET" and table == "none":
            assert send(service, "HEAD", path, body, key, table)[0] == status


ACTS = [name for name, (needs, method, _, _) in OPERATIONS.items() if "admin" in needs and method != "GET"]


@pytest.mark.parametrize("operation", ACTS)
def test_each_administrative_act_is_in_the_log(service, operation, caplog):
    caplog.set_level("INFO", logger="ramekin")
    _, method, path, body = OPERATIONS[operation]
    statuses = [send(service, method, path, body, key, "open-1")[0] for key in ("read-all", "admin-all")]
    told = [(line.key, line.act, line.status) for line in caplog.records if line.msg == "audit"]
    act = operation.partition(",")[0]
    assert told == [("read-all", act, 403), ("admin-all", act, statuses[1])]


def test_a_refusal_is_the_same_for_a_table_that_does_not_exist(service):
    told = {send(service, "GET", "/api/v1/data/{t}/1", "", "read-some", table)[1]["detail"].replace(table, "T") for table in ("ones", "none")}  # fmt: skip
    assert len(told) == 1


def test_what_is_refused_is_not_done(service):
    fill(service)
    before = [info.stats for info in service.run(service.database.tables())]
    for operation, key in product(OPERATIONS, ("read-all", "write-some", "admin-some")):
        _, method, path, body = OPERATIONS[operation]
        if expected(operation, key, "ones"):
            send(service, method, path, body, key, "ones")
    assert [info.stats for info in service.run(service.database.tables())] == before


def client(**options):
    return InsideClient(create_app(start_database(), keys=KEYS, **options), raise_server_exceptions=False)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_an_audit_line_names_the_branch_that_an_act_is_in_or_about(caplog):
    with client(is_dev=True) as api:
        caplog.set_level("INFO", logger="ramekin")
        for path in ("/api/v1/branches/draft", "/b/draft/api/v1/tables/t", "/api/v1/tables/t"):
            assert api.put(path, json={}, headers=bearer("admin-all")).status_code == 201
    told = [(line.table, getattr(line, "branch", None)) for line in caplog.records if line.msg == "audit"]
    assert told == [("*", "draft"), ("t", "draft"), ("t", None)]


def test_what_lists_tables_shows_those_that_a_key_reaches():
    with client() as api:
        for table in ("open-1", "one", "closed"):
            api.post(f"/api/v1/data/{table}", json={"id": 1}, headers=bearer("write-all"))
        for key, seen in (("read-all", {"closed", "one", "open-1"}), ("read-some", {"one", "open-1"})):
            tables = {table["name"] for table in api.get("/api/v1/tables", headers=bearer(key)).json()["tables"]}
            assert tables == api.get("/api/v1/dump", headers=bearer(key)).json().keys()
            assert tables & {"closed", "one", "open-1"} == seen
            assert ("users" in tables) == (key == "read-all")
        told = [
            api.get("/api/v1/tables", headers=bearer(key)).headers["x-ramekin-grant"]
            for key in ("read-all", "read-some")
        ]
        assert ("tables=" in told[0], "tables=" in told[1]) == (False, True)
        assert all("role=read" in each for each in told)
        both = [api.get("/api/v1/dump", headers=bearer(key)).headers["etag"] for key in ("read-all", "read-some")]
        assert both[0] != both[1]
        again = api.get("/api/v1/dump", headers={**bearer("read-some"), "If-None-Match": both[0]})
        assert again.status_code == 200


def test_a_key_that_reaches_no_table_that_is_there_sees_none():
    with InsideClient(create_app(start_database(), keys=["a:read:nothing=abc"])) as api:
        assert api.get("/api/v1/dump", headers=bearer("abc")).json() == {}
        assert api.get("/api/v1/tables", headers=bearer("abc")).json() == {"tables": []}


NAMING = [name for name, (_, _, path, body) in OPERATIONS.items() if "{t}" in path + body]


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_table_is_not_told_by_the_name_of_one_out_of_reach(way):
    service = Service(way, keys=KEYS)
    service.run(service.database.insert("xopen-orders", [{"id": 1}]))
    told = {"some": {}, "all": {}}
    for operation, reach in product(NAMING, told):
        needs, method, path, body = OPERATIONS[operation]
        _, problem = send(service, method, path, body, f"{needs.split()[0]}-{reach}", "open-orders")
        if problem and problem["code"] == "unknown-table":
            told[reach][operation] = "xopen" in json.dumps(problem)
        send(service, "DELETE", "/api/v1/tables/{t}", "", "admin-all", "open-orders")
    assert told["some"] == dict.fromkeys(told["some"], False)
    assert (
        {"get_record", "list_records", "join_tables, left", "apply_batch, second"}
        <= {operation for operation, is_told in told["all"].items() if is_told}
        <= told["some"].keys()
    )
    service.close()


def test_the_operation_of_a_batch_that_is_refused_is_named_whatever_else_is_wrong():
    operations = [{"op": "none"}, {"op": "create", "table": "closed", "record": 1}]
    with client() as api:
        answer = api.post("/api/v1/batch", json={"operations": operations}, headers=bearer("write-some"))
        problem = assert_problem(answer, 403, "forbidden")
        assert problem["index"] == 1
        assert "'closed'" in problem["detail"]


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_asked_for_before_anything_else_of_a_request_is_read(way):
    service = Service(way, keys=KEYS)
    for key, status in ((None, 401), ("read-all", 403), ("write-some", 403)):
        for path in ("/api/v1/data/closed?x=%ff", "/api/v1/load?mode=replace&x=%ff", "/api/v1/tables/closed?x=1"):
            method = "PUT" if "tables" in path else "POST"
            assert send(service, method, path, "{", key, "closed")[0] == status
    service.close()


def test_a_key_in_the_address_is_none():
    with client() as api:
        for path in (
            "/api/v1/tables?key=read-all",
            "/api/v1/tables?access_token=read-all",
            "/api/v1/tables?api_key=read-all",
        ):
            assert_problem(api.get(path), 401, "unauthorized")
        assert_problem(api.get("/api/v1/tables", headers={"X-Api-Key": "read-all"}), 401, "unauthorized")
        assert_problem(api.get("/api/v1/tables", headers={"Cookie": "key=read-all"}), 401, "unauthorized")


def test_the_document_says_which_role_each_operation_takes():
    document = create_app(start_database(), keys=KEYS).openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            needs = next((told[0] for name, told in OPERATIONS.items() if name == operation["operationId"]), None)
            if needs:
                role = needs.split()[0]
                assert operation["security"] == ([] if role == "open" else [{"key": [role]}]), (path, method)
                assert ("403" in operation["responses"]) == (role != "open")


def test_nobody_watches_tables_grow_at_the_open_page_of_health(service):
    for key in (None, "wrong", *(key.partition("=")[2] for key in KEYS)):
        pipe = service.connect()
        shown = f"Authorization: Bearer {key}\r\n" if key else ""
        pipe.send([f"GET /health HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n".encode()])
        for _ in range(200):
            if pipe.written:
                break
            service.run(asyncio.sleep(0.001))
        pipe.end()
        told = json.loads(pipe.written.partition(b"\r\n\r\n")[2])
        assert set(told) == {"status", "version", "engine", "uptime_seconds"}, key
