"""Branches, checkpoints, resets and diffs over HTTP, under `--dev`. Each request goes all three ways to an endpoint."""

from __future__ import annotations

import re
import time

import httpx2
import pytest

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.document import Judge
from tests.inside import InsideClient
from tests.pipe import Service
from tests.problems import assert_problem
from tests.together import Together

API = "/api/v1"
ON = f"/b/one{API}"


@pytest.fixture(scope="module")
def service():
    judge = Judge(create_app(start_database(), is_dev=True).openapi())
    transport = Together(is_dev=True, max_branches=4)
    for each in transport._services:
        each.run(_kept(each))
    with httpx2.Client(transport=transport, base_url="http://127.0.0.1:8000") as client, judge.listening(client):
        yield client


async def _kept(service):
    service.database.checkpoint()


@pytest.fixture
def api(service):
    """The service as it was at the start, without branches."""
    service.post(f"{API}/reset").raise_for_status()
    for branch in service.get(f"{API}/branches").json()["branches"][1:]:
        service.delete(f"{API}/branches/{branch['name']}").raise_for_status()
    return service


def put(api, path, **record):
    return api.put(f"{path}?upsert=true", json=record)


def test_a_branch_has_what_main_has_and_goes_its_own_way(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    assert api.put(f"{API}/branches/one").status_code == 201
    put(api, f"{ON}/data/pets/1", name="Max")
    put(api, f"{API}/data/pets/2", name="Fido")
    assert api.get(f"{API}/data/pets/1").json()["name"] == "Rex"
    assert api.get(f"{ON}/data/pets/1").json()["name"] == "Max"
    assert api.get(f"{ON}/data/pets/2").status_code == 404


def test_a_branch_is_made_from_main_by_its_first_use(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    assert api.get(f"{ON}/data/pets/1").json()["name"] == "Rex"
    assert [branch["name"] for branch in api.get(f"{API}/branches").json()["branches"]] == ["main", "one"]


def test_what_is_told_of_a_branch(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    told = api.put(f"{API}/branches/one", json={"ttl_s": 600})
    assert told.headers["location"] == f"{API}/branches/one"
    assert told.json() == api.get(f"{API}/branches/one").json()
    assert (told.json()["from"], told.json()["own_bytes"]) == ("main", 0)
    main = api.get(f"{API}/branches/main").json()
    assert (main["from"], main["expires_at"], main["records"]) == (None, None, told.json()["records"])
    put(api, f"{ON}/data/pets/2", name="Max")
    assert api.get(f"{API}/branches/one").json()["own_bytes"] > 0


def test_a_branch_is_made_from_another_one(api):
    put(api, f"{ON}/data/pets/1", name="Max")
    assert api.put(f"{API}/branches/two", json={"from": "one"}).json()["from"] == "one"
    assert api.get(f"/b/two{API}/data/pets/1").json()["name"] == "Max"


def test_one_that_is_there_is_refused_and_with_replace_made_anew(api):
    put(api, f"{ON}/data/pets/1", name="Max")
    assert api.put(f"{API}/branches/one").json()["code"] == "branch-exists"
    assert api.put(f"{API}/branches/one?replace=true").status_code == 200
    assert api.get(f"{ON}/data/pets/1").status_code == 404
    put(api, f"{ON}/data/pets/1", name="Max")
    assert api.put(f"{API}/branches/one?replace=true", json={"from": "one"}).status_code == 200
    assert api.get(f"{ON}/data/pets/1").json()["name"] == "Max"


def test_what_is_dropped_is_gone(api):
    put(api, f"{ON}/data/pets/1", name="Max")
    assert api.delete(f"{API}/branches/one").status_code == 204
    assert api.get(f"{API}/branches/one").json()["code"] == "unknown-branch"
    assert api.delete(f"{API}/branches/one").status_code == 404
    assert api.get(f"{ON}/data/pets/1").status_code == 404  # made anew, from main


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/changes?since=a-1", {}),
        ("/changes?since=", {}),
        ("/changes?%73ince=a-1&table=pets", {"accept": "text/event-stream"}),
        ("/changes", {"accept": "text/event-stream", "last-event-id": "a-1"}),
        ("/data/pets?limit=2&cursor=abc", {}),
        ("/query/pets?cursor=abc", {}),
        ("/join/pets/homes/home?cursor=abc", {}),
    ],
)
def test_what_goes_on_in_a_branch_that_is_gone_does_not_make_it_anew(api, path, headers):
    put(api, f"{API}/data/pets/1", since="a-1")
    put(api, f"{API}/data/homes/1")
    problem = api.request("POST" if "query" in path else "GET", f"{ON}{path}", headers=headers).json()
    assert (problem["status"], problem["code"]) == (404, "unknown-branch")
    assert api.get(f"{API}/branches/one").status_code == 404
    assert api.get(f"{ON}/data/pets?since=a-1").json()["data"] == [{"id": "1", "since": "a-1"}]  # which is a field


@pytest.mark.parametrize("body", ['{"cursor": "abc"}', '{"limit": 2, "\\u0063ursor": ""}'])
def test_a_query_whose_body_goes_on_in_a_branch_that_is_gone_does_not_make_it_anew(api, body):
    put(api, f"{API}/data/pets/1", cursor="abc")
    json = {"content-type": "application/json"}
    problem = api.post(f"{ON}/query/pets", content=body, headers=json).json()
    assert (problem["status"], problem["code"]) == (404, "unknown-branch")
    assert api.get(f"{API}/branches/one").status_code == 404
    found = api.post(f"{ON}/query/pets", json={"where": {"cursor": "abc"}}).json()["data"]  # which is a field
    assert found == [{"id": "1", "cursor": "abc"}]
    assert api.post(f"{ON}/query/pets", content=body, headers=json).json()["code"] == "invalid-cursor"


def test_main_is_always_there(api):
    put(api, f"/b/main{API}/data/pets/1", name="Rex")
    assert api.get(f"{API}/data/pets/1").json()["name"] == "Rex"
    assert api.delete(f"{API}/branches/main").json()["code"] == "main-stays"
    for path in ("branches/main?replace=true", "branches/main"):
        assert api.put(f"{API}/{path}").json()["code"] == "main-stays"


@pytest.mark.parametrize("name", ["1", "a.b", "-a", "a" * 64, "a%20b", "a%2Fb", "a%2fb", "%C3%A9", "%00", "a%252Fb"])
def test_a_name_that_no_table_may_have_is_refused_and_pointed_at(api, name):
    asked = [
        api.put(f"{API}/branches/{name}"),
        api.get(f"/b/{name}{API}/tables"),
        api.get(f"/b/{name}{API}/data/pets/1"),
        api.post(f"/b/{name}{API}/data/pets", json={}),
        api.get(f"/b/{name}{API}/data/a%2Fb"),
    ]
    for answer in asked:
        problem = assert_problem(answer, 422, "invalid-branch")
        [fault] = problem["errors"]
        assert (fault["in"], fault["pointer"]) == ("path", "/branch")
    assert len(api.get(f"{API}/branches").json()["branches"]) == 1


def test_a_name_with_percent_signs_is_the_name_that_it_means(api):
    put(api, f"/b/%64raft{API}/data/pe%74s/%31", name="Rex")
    assert api.get(f"/b/draft{API}/data/pets/1").json()["name"] == "Rex"
    assert api.get(f"/b/nowhere%2F{API}/nothing").json()["code"] == "unknown-route"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"form": "main"}, "/form"),
        ({"from": 1}, "/from"),
        ({"from": "1bad"}, "/from"),
        ({"from": ""}, "/from"),
        ({"ttl_s": 0}, "/ttl_s"),
        ({"ttl_s": True}, "/ttl_s"),
        ({"ttl_s": 1e10}, "/ttl_s"),
    ],
)
def test_what_cannot_be_said_of_a_branch_is_refused_with_its_place(api, body, pointer):
    answer = api.put(f"{API}/branches/one", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert api.get(f"{API}/branches/one").status_code == 404


def test_an_unknown_source_is_told_with_the_nearest_name(api):
    api.put(f"{API}/branches/checkout")
    answer = api.put(f"{API}/branches/one", json={"from": "chekout"})
    assert answer.status_code == 404
    assert "checkout" in answer.json()["detail"]


def test_there_are_so_many_branches_at_once(api):
    for name in "abcd":
        assert api.put(f"{API}/branches/{name}").status_code == 201
    assert api.put(f"{API}/branches/e").json()["code"] == "too-many-branches"
    assert api.get(f"/b/e{API}/data/pets/1").status_code == 507
    assert api.put(f"{API}/branches/a?replace=true").status_code == 200


def test_a_branch_that_is_over_is_suggested_to_nobody(api):
    assert api.put(f"{API}/branches/one", json={"ttl_s": 0.001}).status_code == 201
    time.sleep(0.01)
    problem = api.get(f"{API}/branches/one").json()
    assert problem["code"] == "unknown-branch"
    assert "Did you mean" not in problem["detail"]


def test_addresses_in_answers_stay_inside_the_branch(api):
    made = api.post(f"{ON}/data/pets", json=[{"id": i} for i in range(5)])
    assert made.status_code == 201
    assert api.post(f"{ON}/data/pets", json={"id": 9}).headers["location"] == f"{ON}/data/pets/9"
    page = api.get(f"{ON}/data/pets?limit=2").json()
    assert page["next"].startswith(f"{ON}/data/pets?")
    assert [record["id"] for record in api.get(page["next"]).json()["data"]] == [2, 3]
    assert api.get(f"{ON}/data/pets/none").json()["type"] == "/problems/record-not-found"
    assert api.get("/b/one/openapi.json").json()["servers"] == [{"url": "/b/one"}]
    assert 'data-api="/b/one/api/v1"' in api.get("/b/one").text
    assert api.get("/b/one/docs").status_code == 200
    assert api.post(f"{API}/data/pets", json={"id": 9}).headers["location"] == f"{API}/data/pets/9"


@pytest.mark.parametrize("path", ["/b/one/api/v1/nowhere", "/b/none-x/api/v1/data/pets", "/b/~/api/v1/data/pets"])
def test_every_problem_of_a_branch_has_its_page(api, path):
    problem = api.get(path, headers={"accept": "nonsense/x"}).json()
    page = api.get(problem["type"])
    assert (page.status_code, page.json()["code"]) == (200, problem["code"])


def test_the_whole_api_is_there_on_a_branch(api):
    put(api, f"{API}/data/pets/1", name="Rex", home=7)
    assert api.put(f"{ON}/tables/homes", json={"unique": ["street"]}).status_code == 201
    assert api.post(f"{ON}/data/homes", json={"id": 7, "street": "Mill"}).status_code == 201
    assert api.post(f"{ON}/data/homes", json={"id": 8, "street": "Mill"}).json()["code"] == "not-unique"
    batch = {"operations": [{"op": "patch", "table": "pets", "id": 1, "record": {"name": "Max"}}]}
    assert api.post(f"{ON}/batch", json=batch).status_code == 200
    assert api.get(f"{ON}/join/pets/homes/home=id").json()["data"][0]["pets"]["name"] == "Max"
    assert api.post(f"{ON}/load", json={"pets": [{"id": 2}]}).json() == {"loaded": {"pets": 1}}
    assert len(api.get(f"{ON}/dump").json()["pets"]) == 2
    assert api.patch(f"{ON}/data/pets?all=true", json={"seen": True}).status_code == 200
    assert api.delete(f"{ON}/tables/homes").status_code == 204
    assert api.get(f"{API}/dump").json()["pets"] == [{"id": "1", "name": "Rex", "home": 7}]


def test_a_copy_of_a_page_is_none_of_the_branch_that_is_made_anew(api):
    put(api, f"{ON}/data/pets/1", name="Max")
    tag = api.get(f"{ON}/data/pets").headers["etag"]
    assert api.get(f"{ON}/data/pets", headers={"if-none-match": tag}).status_code == 304
    api.delete(f"{API}/branches/one")
    put(api, f"{ON}/data/pets/1", name="Fido")
    answer = api.get(f"{ON}/data/pets", headers={"if-none-match": tag})
    assert answer.json()["data"][0]["name"] == "Fido"


def test_a_reset_brings_back_records_tables_and_definitions(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    api.put(f"{API}/tables/homes", json={"unique": ["street"]})
    assert api.post(f"{API}/checkpoint").status_code == 204
    put(api, f"{API}/data/pets/1", name="Max")
    api.delete(f"{API}/tables/homes")
    put(api, f"{API}/data/others/1")
    assert api.post(f"{API}/reset").status_code == 204
    assert api.get(f"{API}/data/pets/1").json()["name"] == "Rex"
    assert api.get(f"{API}/tables/homes").json()["unique"] == ["street"]
    assert api.get(f"{API}/tables/others").status_code == 404
    assert api.post(f"{API}/data/homes", json=[{"street": "A"}, {"street": "A"}]).json()["code"] == "not-unique"
    for table in ("pets", "homes"):
        api.delete(f"{API}/tables/{table}")
    api.post(f"{API}/checkpoint")


def test_a_reset_is_of_the_branch_that_it_is_sent_to(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    put(api, f"{ON}/data/pets/1", name="Max")
    assert api.post(f"{ON}/reset").status_code == 204
    assert api.get(f"{ON}/data/pets/1").json()["name"] == "Rex"
    put(api, f"{ON}/data/pets/1", name="Fido")
    api.post(f"{ON}/checkpoint")
    api.delete(f"{ON}/data/pets/1")
    assert api.get(f"{ON}/diff").json() == {
        "tables": {"pets": {"created": [], "replaced": [], "deleted": [{"id": "1", "name": "Fido"}]}}
    }
    api.post(f"{ON}/reset")
    assert api.get(f"{ON}/data/pets/1").json()["name"] == "Fido"


def test_a_diff_tells_what_was_created_replaced_and_deleted(api):
    api.post(f"{ON}/data/pets", json=[{"id": 1}, {"id": 2}])
    api.post(f"{ON}/checkpoint")
    assert api.get(f"{ON}/diff").json() == {"tables": {}}
    put(api, f"{ON}/data/pets/1", a=1)
    api.delete(f"{ON}/data/pets/2")
    put(api, f"{ON}/data/pets/3")
    put(api, f"{ON}/data/others/1")
    assert api.get(f"{ON}/diff").json()["tables"] == {
        "pets": {
            "created": [{"id": "3"}],
            "replaced": [{"before": {"id": 1}, "after": {"id": 1, "a": 1}}],
            "deleted": [{"id": 2}],
        },
        "others": {"created": [{"id": "1"}], "replaced": [], "deleted": []},
    }


def test_a_list_is_no_copy_of_itself_after_a_reset(api):
    put(api, f"{API}/data/pets/1", name="Rex")
    first = api.get(f"{API}/data/pets").headers["etag"]
    api.post(f"{API}/reset")
    put(api, f"{API}/data/pets/1", name="Max")
    answer = api.get(f"{API}/data/pets", headers={"if-none-match": first})
    assert answer.status_code == 200


def test_a_branch_has_the_short_way_too():
    service = Service("below ASGI", is_dev=True)
    pipe = service.connect()
    for name in ("one", "two", "one"):
        pipe.send([f"GET /b/{name}{API}/data/users/1 HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()])
    assert {*service.app.state.short_way.targets} == {
        f"GET /b/{name}{API}/data/users".encode() for name in ("one", "two")
    }
    assert pipe.answers() == ["404 record-not-found"] * 3
    service.close()


def test_changes_are_those_of_a_branch(api):
    latest = api.get(f"{ON}/changes").json()["latest"]
    put(api, f"{API}/data/pets/1", name="Rex")
    put(api, f"{ON}/data/pets/2", name="Max")
    told = api.get(f"{ON}/changes?since={latest}").json()
    assert [change["id"] for change in told["data"]] == ["2"]
    assert told["next"].startswith(f"{ON}/changes?")
    assert api.get(f"{API}/changes?since={latest}").json()["code"] == "changes-gone"


def test_a_path_that_is_none_of_a_branch_leads_to_no_branch(api):
    assert api.get(f"/b%2Fone{API}/data/pets/1").json()["code"] == "unknown-route"
    assert api.get(f"/b//{API}/tables").json()["code"] == "unknown-route"
    assert api.get(f"/b/one/b/two{API}/tables").json()["code"] == "unknown-route"


def test_without_dev_there_is_none_of_it():
    with InsideClient(create_app(start_database()), base_url="http://127.0.0.1:8000") as client:
        for path in ("branches", "branches/one", "diff"):
            assert client.get(f"{API}/{path}").json()["code"] == "unknown-route"
        for path in ("checkpoint", "reset"):
            assert client.post(f"{API}/{path}").json()["code"] == "unknown-route"
        assert client.get(f"/b/main{API}/data/pets/1").json()["code"] == "unknown-route"
        assert not re.search("branch|checkpoint", client.get("/openapi.json").text)


def test_with_keys_branches_are_made_by_admins_and_used_by_all():
    keys = ["boss:admin=111111", "reader:read=222222", "writer:write:pets=333333"]
    app = create_app(start_database(), is_dev=True, keys=keys)
    with InsideClient(app, base_url="http://127.0.0.1:8000") as client:
        boss, reader, writer = ({"authorization": f"Bearer {secret}"} for secret in ("111111", "222222", "333333"))
        path = f"{ON}/data/pets"
        assert client.get(path).status_code == 401
        assert client.get(path, headers=reader).json()["code"] == "unknown-branch"
        unknown = client.get("/b/one/docs").json()
        assert unknown["code"] == "unknown-branch"
        assert client.get(unknown["type"]).json()["code"] == "unknown-branch"
        assert client.put(f"{API}/branches/one", headers=writer).status_code == 403
        assert client.put(f"{API}/branches/checkout", headers=boss).status_code == 201
        for headers, is_told in ((boss, True), (reader, False), (writer, False)):
            answer = client.get(f"{API}/branches/checkou", headers=headers)
            assert ("checkout" in answer.text) == is_told
            if not is_told:
                assert client.get(f"/b/checkou{API}/data/pets", headers=headers).json()["code"] == "unknown-branch"
                assert "checkout" not in client.get(f"/b/checkou{API}/data/pets", headers=headers).text
        assert client.post(path, json={"id": 1}, headers=boss).status_code == 201
        assert client.post(path, json={"id": 2}, headers=writer).status_code == 201
        assert len(client.get(path, headers=reader).json()["data"]) == 2
        for path in ("reset", "checkpoint"):
            assert client.post(f"{ON}/{path}", headers=writer).status_code == 403
        assert client.get(f"{API}/diff", headers=reader).status_code == 403
