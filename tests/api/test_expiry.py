"""Records that are gone after a while, over HTTP."""

from __future__ import annotations

import pytest

from ramekin.api.app import create_app
from ramekin.testing.clock import SetClock
from tests.conftest import start_database
from tests.inside import InsideClient
from tests.problems import assert_problem

SESSIONS = "/api/v1/data/sessions"
IN_60, IN_30 = "Thu, 01 Jan 2026 00:01:00 GMT", "Thu, 01 Jan 2026 00:00:30 GMT"


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def timed(clock, judge):
    """The service at a time that is set, with a table whose records live for a minute."""
    app = create_app(start_database(clock=clock))
    with InsideClient(app, raise_server_exceptions=False) as client, judge.listening(client) as api:
        api.put("/api/v1/tables/sessions", json={"expire_after_s": 60})
        yield api


def expires(answer):
    assert answer.status_code < 400, answer.text
    return answer.headers.get("expires")


def test_a_record_lives_for_as_long_as_its_table_says(timed, clock):
    assert expires(timed.post(SESSIONS, json={"id": "a"})) == IN_60
    assert expires(timed.get(f"{SESSIONS}/a")) == IN_60
    assert expires(timed.head(f"{SESSIONS}/a")) == IN_60
    assert expires(timed.get(f"{SESSIONS}/a", params={"select": "id"})) == IN_60
    clock.advance(59)
    assert timed.get(SESSIONS).json()["data"] == [{"id": "a"}]
    clock.advance(1)
    assert_problem(timed.get(f"{SESSIONS}/a"), 404, "record-not-found")
    assert timed.get(SESSIONS, params={"count": "true"}).json() == {"data": [], "next": None, "total": 0}
    assert timed.get("/api/v1/dump/sessions").json() == []
    assert timed.get("/api/v1/dump").json()["sessions"] == []


def test_each_write_may_say_how_long_its_records_live(timed):
    one = f"{SESSIONS}/a"
    assert expires(timed.put(one, params={"upsert": "true", "ttl": 30}, json={})) == IN_30
    assert expires(timed.put(one, json={})) == IN_60
    assert expires(timed.patch(one, json={"n": 1}, params={"ttl": 30})) == IN_30
    assert expires(timed.patch(one, json={"n": 2})) == IN_30
    assert expires(timed.put(one, json={}, params={"ttl": "none"})) is None
    assert expires(timed.get(one)) is None
    timed.post(SESSIONS, params={"ttl": 30, "on_conflict": "replace"}, json=[{"id": "a"}, {"id": "b"}])
    assert [expires(timed.get(f"{SESSIONS}/{key}")) for key in "ab"] == [IN_30] * 2
    timed.post("/api/v1/load", params={"ttl": "none"}, json={"sessions": [{"id": "b"}], "others": [{"id": 1}]})
    assert expires(timed.get(f"{SESSIONS}/b")) is None
    timed.post("/api/v1/load", json={"sessions": [{"id": "b"}], "others": [{"id": 1}]})
    assert [expires(timed.get(path)) for path in (f"{SESSIONS}/b", "/api/v1/data/others/1")] == [IN_60, None]


def test_what_is_merged_into_a_record_leaves_it_its_due_time(timed, clock):
    timed.post(SESSIONS, params={"ttl": "none"}, json={"id": "a"})
    timed.post(SESSIONS, params={"ttl": 30}, json={"id": "b"})
    clock.advance(10)
    merged = {"on_conflict": "merge"}
    assert expires(timed.post(SESSIONS, params=merged, json={"id": "a", "n": 1})) is None
    timed.post(SESSIONS, params=merged, json=[{"id": "a", "n": 2}, {"id": "b", "n": 2}, {"id": "c"}])
    in_70 = "Thu, 01 Jan 2026 00:01:10 GMT"
    assert [expires(timed.get(f"{SESSIONS}/{key}")) for key in "abc"] == [None, IN_30, in_70]
    timed.post(SESSIONS, params=merged | {"ttl": 60}, json=[{"id": "a"}, {"id": "b"}])
    assert [expires(timed.get(f"{SESSIONS}/{key}")) for key in "ab"] == [in_70] * 2


def test_each_operation_of_a_batch_may_say_so_too(timed):
    operations = [
        {"op": "create", "table": "sessions", "id": "a", "record": {}, "ttl": 30},
        {"op": "upsert", "table": "sessions", "id": "b", "record": {}, "ttl": "none"},
        {"op": "create", "table": "sessions", "id": "c", "record": {}},
        {"op": "create", "table": "others", "id": "d", "record": {}},
        {"op": "patch", "table": "others", "id": "d", "record": {"n": 1}, "ttl": 30},
    ]
    assert timed.post("/api/v1/batch", json={"operations": operations}).status_code == 200
    found = [expires(timed.get(f"/api/v1/data/{each['table']}/{each['id']}")) for each in operations]
    assert found == [IN_30, None, IN_60, IN_30, IN_30]


def test_a_list_that_is_known_is_another_one_when_a_record_is_due(timed, clock):
    timed.post(SESSIONS, json={"id": "a"})
    addresses = [SESSIONS, "/api/v1/dump/sessions", "/api/v1/dump", "/api/v1/join/sessions/sessions/id=id?as=a,b"]
    tags = [timed.get(path).headers["etag"] for path in addresses]
    for seconds, status in ((59, 304), (1, 200)):
        clock.advance(seconds)
        for path, tag in zip(addresses, tags, strict=True):
            assert timed.get(path, headers={"if-none-match": tag}).status_code == status


def test_a_record_that_is_known_says_when_it_is_due(timed):
    timed.post(SESSIONS, json={"id": "a"})
    tag = timed.get(f"{SESSIONS}/a").headers["etag"]
    answer = timed.get(f"{SESSIONS}/a", headers={"if-none-match": tag})
    assert (answer.status_code, expires(answer)) == (304, IN_60)


def test_a_table_tells_how_long_its_records_live_and_how_many_will_go(timed, clock):
    timed.post(SESSIONS, json=[{"id": i} for i in range(3)])
    timed.post(SESSIONS, json={"id": 9}, params={"ttl": "none"})
    for records, expiring in ((4, 3), (1, 0)):
        table = timed.get("/api/v1/tables/sessions").json()
        assert (table["expire_after_s"], table["records"], table["expiring"]) == (60, records, expiring)
        assert timed.get("/api/v1/tables").json()["tables"][-1]["records"] == records
        clock.advance(60)
    table = timed.put("/api/v1/tables/sessions", json={}).json()
    assert table["expire_after_s"] is None


def test_who_changes_records_by_condition_leaves_them_their_due_times(timed, clock):
    timed.post(SESSIONS, json=[{"id": i} for i in range(3)], params={"ttl": 30})
    assert timed.patch(SESSIONS, params={"all": "true"}, json={"n": 1}).json() == {"matched": 3, "changed": 3}
    clock.advance(30)
    assert timed.delete(SESSIONS, params={"all": "true"}).json() == {"matched": 0, "changed": 0}


@pytest.mark.parametrize("ttl", ["0", "-1", "1.5", "", "never", "None", "1e3", " 5", "99999999999", "9" * 5000, "٣"])
def test_a_time_to_live_that_cannot_be_is_refused(timed, ttl):
    for send in (
        lambda: timed.post(SESSIONS, json={"id": "a"}, params={"ttl": ttl}),
        lambda: timed.post(SESSIONS, json=[{"id": "a"}], params={"ttl": ttl}),
        lambda: timed.put(f"{SESSIONS}/a", json={}, params={"ttl": ttl, "upsert": "true"}),
        lambda: timed.post("/api/v1/load", json={"sessions": []}, params={"ttl": ttl}),
    ):
        assert_problem(send(), 400, "invalid-parameter")
    assert timed.get(SESSIONS).json()["data"] == []


@pytest.mark.parametrize("ttl", [0, -1, 1.5, True, None, "5", [], 10**12])
def test_an_operation_with_a_time_to_live_that_cannot_be_is_refused(timed, ttl):
    operation = {"op": "create", "table": "sessions", "record": {"id": "a"}, "ttl": ttl}
    problem = assert_problem(timed.post("/api/v1/batch", json={"operations": [operation]}), 422, "invalid-operation")
    assert problem["errors"][0]["pointer"] == "/operations/0/ttl"


@pytest.mark.parametrize("seconds", [0, -1, 1.5, True, "5", 10**12])
def test_a_definition_with_a_lifetime_that_cannot_be_is_refused(timed, seconds):
    answer = timed.put("/api/v1/tables/sessions", json={"expire_after_s": seconds})
    assert_problem(answer, 422, "invalid-definition")


def test_a_deletion_takes_no_time_to_live(timed):
    timed.post(SESSIONS, json={"id": "a"})
    assert_problem(timed.delete(f"{SESSIONS}/a", params={"ttl": 5}), 400, "unknown-parameter")
    operation = {"op": "delete", "table": "sessions", "id": "a", "ttl": 5}
    assert_problem(timed.post("/api/v1/batch", json={"operations": [operation]}), 422, "invalid-operation")


def test_who_follows_is_told_that_a_record_was_due(timed, clock):
    since = timed.get("/api/v1/changes").json()["latest"]
    timed.post(SESSIONS, json={"id": "a"})
    clock.advance(60)
    timed.get(SESSIONS)
    changes = timed.get("/api/v1/changes", params={"since": since}).json()["data"]
    assert [(change["op"], change["id"], change["record"]) for change in changes][-1] == ("expire", "a", None)
