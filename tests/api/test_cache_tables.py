"""Tables that are caches, over HTTP: records that are too many give way, those that nobody asks for first."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from ramekin.api.app import create_app
from ramekin.engine.embedded import Embedded
from tests.conftest import start_database
from tests.problems import assert_problem

TABLE, DATA = "/api/v1/tables/pages", "/api/v1/data/pages"


def define(api, **definition):
    answer = api.put(TABLE, json=definition)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def fill(api, *ids, **members):
    for each in ids:
        assert api.post(DATA, json={"id": each, **members}).status_code == 201


def ids(api):
    return [record["id"] for record in api.get(DATA).json()["data"]]


def read(api, record_id, method="GET", **headers):
    """Return the status of a read, which each server sees where two are asked in turn: it knows its own readers alone."""
    servers = 2 if is_shared(api) else 1
    [status] = {api.request(method, f"{DATA}/{record_id}", headers=headers).status_code for _ in range(servers)}
    return status


def is_shared(api):
    return api.get("/health/ready").json()["guarantees"]["is_shared"]


def all_ids(api):
    return [record["id"] for record in api.get("/api/v1/dump/pages").json()]


def told(api, *members):
    table = api.get(TABLE).json()
    return tuple(table[member] for member in members)


def test_what_nobody_asks_for_gives_way_to_what_is_new(api):
    define(api, max_records=3)
    fill(api, "a", "b", "c")
    assert (read(api, "a"), read(api, "x")) == (200, 404)
    fill(api, "d")
    assert ids(api) == ["a", "c", "d"]
    assert api.put(f"{DATA}/c", json={"n": 1}).status_code == 200
    fill(api, "e", "f")
    assert ids(api)[-1] == "f"
    assert ids(api) == ["c", "e", "f"] or is_shared(api)  # where each server goes through a queue of its own
    assert told(api, "records", "max_records", "max_bytes", "evicted", "hits", "misses") == (3, 3, None, 3, 1, 1)


def test_a_table_that_is_no_cache_tells_of_no_reads(api):
    fill(api, "a")
    assert told(api, "max_records", "max_bytes", "evicted", "hits", "misses") == (None,) * 5


def test_lists_joins_and_dumps_are_no_reads_of_single_records(api):
    define(api, max_records=2)
    fill(api, "a", "b")
    for path in (DATA, "/api/v1/dump/pages", "/api/v1/join/pages/pages/id=id?as=l,r", f"{DATA}?id=a"):
        assert api.get(path).status_code == 200
    fill(api, "c")
    assert ids(api) == ["b", "c"]
    assert told(api, "hits", "misses") == (0, 0)


def test_head_and_not_modified_are_reads(api):
    define(api, max_records=2)
    fill(api, "a", "b")
    assert read(api, "a", "HEAD") == 200
    assert read(api, "a", **{"If-None-Match": api.put(f"{DATA}/a", json={}).headers["etag"]}) == 304
    assert told(api, "hits", "misses") == (2, 0)


def test_records_have_so_many_bytes_together_at_the_most(api):
    assert define(api, max_bytes="1KiB")["max_bytes"] == 1024
    fill(api, *range(20), x="x" * 100)
    records, size_bytes, evicted = told(api, "records", "bytes", "evicted")
    assert records + evicted == 20
    assert size_bytes <= 1024 < size_bytes * (records + 1) / records
    assert_problem(api.post(DATA, json={"x": "x" * 1024}), 413, "body-too-large")
    assert ids(api)[-1] == 19


@pytest.mark.parametrize("how", ["bulk", "batch", "load", "patch"])
def test_however_it_is_written_no_more_is_kept(api, how):
    define(api, max_bytes=200)
    fill(api, "a", "b", x="x" * 40)
    records = [{"id": f"n{n}", "x": "x" * 40} for n in range(9)]
    if how == "bulk":
        answer = api.post(DATA, json=records)
    elif how == "batch":
        operations = [{"op": "create", "table": "pages", "record": record} for record in records]
        answer = api.post("/api/v1/batch", json={"operations": operations})
    elif how == "load":
        answer = api.post("/api/v1/load", json={"pages": records})
    else:
        answer = api.patch(f"{DATA}/a", json={"x": "x" * 150})
    assert answer.status_code in (200, 201), answer.text
    assert ids(api) == (["a"] if how == "patch" else ["n6", "n7", "n8"])


def test_a_table_that_holds_more_when_it_becomes_a_cache_is_told_as_it_is_then(api):
    api.post(DATA, json=[{"id": n} for n in range(300)])
    table = define(api, max_records=2)
    assert (table["records"], table["evicted"]) == (2, 298)
    assert ids(api) == [298, 299]
    assert define(api)["evicted"] is None
    fill(api, 1, 2)
    assert len(ids(api)) == 4


def test_unique_values_indexes_and_tags_know_who_gave_way(api):
    define(api, max_records=2, unique=["u"], indexes=[{"field": "v", "kind": "sorted"}])
    for n in range(4):
        tag = api.get(DATA).headers["etag"]
        assert api.post(DATA, json={"id": n, "u": n % 3, "v": n}).status_code == 201
        assert api.get(DATA, headers={"If-None-Match": tag}).status_code == 200
    assert [each["v"] for each in api.get(DATA, params={"v:gte": 0, "sort": "-v"}).json()["data"]] == [3, 2]
    assert_problem(api.post(DATA, json={"id": 9, "u": 2}), 409, "not-unique")
    assert ids(api) == [2, 3]


def test_what_gives_way_is_a_change_of_its_own(api):
    define(api, max_records=1)
    fill(api, "a")
    since = api.get("/api/v1/changes").json()["latest"]
    fill(api, "b")
    page = api.get("/api/v1/changes", params={"since": since}).json()
    assert [(each["op"], each["id"], each["record"]) for each in page["data"]] == [
        ("create", "b", {"id": "b"}),
        ("evict", "a", None),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"max_records": value} for value in (0, -1, 1.5, "3", True, 2**53, [])),
        *({"max_bytes": value} for value in (0, -1, 1.5, "3 XiB", "", "MiB", True, 2**53, "9999999TiB", "1\n")),
    ],
    ids=str,
)
def test_limits_are_whole_numbers(api, wrong):
    assert_problem(api.put(TABLE, json=wrong), 422, "invalid-definition")
    assert api.get(TABLE).status_code == 404


def test_a_cache_takes_what_comes_when_memory_is_short():
    database = start_database(engine=Embedded(memory_limit_bytes=300_000))
    with TestClient(create_app(database), raise_server_exceptions=False) as api:
        define(api, max_records=10**9)
        fill(api, *range(600), x="x" * 900)
        records, evicted = told(api, "records", "evicted")
        assert (records > 200, records + evicted) == (True, 600)
        many = [{"id": f"n{n}"} for n in range(1100)]
        assert api.post(DATA, json=many).status_code == 201
        assert len(ids(api)) == 100
        assert api.get(f"{DATA}/n0").json() == {"id": "n0"}
        load = [{"id": f"l{n}", "x": "x" * 900} for n in range(150)]
        assert api.post("/api/v1/load", json={"pages": load}).status_code == 200
        assert {each["id"] for each in load} <= {*all_ids(api)}
        assert_problem(api.post("/api/v1/load", json={"others": load}), 507, "memory-limit")
        answer = api.post("/api/v1/data/others", json=[{"x": "x" * 900} for _ in range(300)])
        assert_problem(answer, 507, "memory-limit")  # only what is written to the cache has room made for it


def test_a_branch_forgets_by_itself():
    with TestClient(create_app(start_database(), is_dev=True)) as api:
        assert api.post("/api/v1/checkpoint").status_code < 300
        define(api, max_records=2)
        fill(api, "a", "b")
        api.post("/b/one/api/v1/data/pages", json={"id": "c"})
        assert [each["id"] for each in api.get("/b/one/api/v1/data/pages").json()["data"]] == ["b", "c"]
        assert ids(api) == ["a", "b"]
        fill(api, "d")
        assert api.post("/api/v1/reset").status_code == 204
        assert_problem(api.get(TABLE), 404, "unknown-table")
