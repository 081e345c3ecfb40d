"""Faults on purpose, under `--dev`: what is held up, refused or dropped, and what is applied all the same."""

from __future__ import annotations

import time

import httpx2
import pytest

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.document import Judge
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.together import Together, as_bytes, ask

API = "/api/v1"


@pytest.fixture(scope="module")
def service():
    with httpx2.Client(transport=Together(is_dev=True), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def api(service):
    service.delete(f"{API}/faults").raise_for_status()
    for table in service.get(f"{API}/tables").json()["tables"]:
        service.delete(f"{API}/tables/{table['name']}")
    return service


def rule(api, **members):
    answer = api.put(f"{API}/faults", json={"rules": [members]})
    assert answer.status_code == 200, answer.text
    return answer.json()["rules"]


def create(api, **options):
    return api.post(f"{API}/data/pets", json={"name": "Rex"}, **options).status_code


def count(api):
    answer = api.get(f"{API}/dump").json()
    return len(answer.get("pets", []))


def test_a_request_fails_with_the_status_that_a_rule_says(api):
    assert rule(api, method="POST", status=418) == [{"method": "POST", "status": 418}]
    answer = api.post(f"{API}/data/pets", json={"name": "Rex"})
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (418, 418, "on-purpose")
    assert answer.headers["x-ramekin-fault"] == "1"
    assert "retry-after" not in answer.headers
    assert count(api) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_it_may_be_asked_for_again_a_second_later(api, status):
    rule(api, table="pets", status=status)
    assert api.get(f"{API}/data/pets/1").headers["retry-after"] == "1"


def test_with_after_commit_the_request_is_applied_first(api):
    rule(api, method="POST", status=503, after_commit=True)
    assert create(api) == 503
    api.delete(f"{API}/faults")
    assert count(api) == 1


def test_what_no_rule_is_about_is_answered_as_ever(api):
    api.put(f"{API}/data/pets/1?upsert=true", json={})
    before = api.get(f"{API}/data/pets/1")
    rule(api, method="DELETE", status=500)
    after = api.get(f"{API}/data/pets/1")
    assert after.content == before.content
    assert "x-ramekin-fault" not in after.headers
    assert api.delete(f"{API}/data/pets/1").status_code == 500
    assert api.delete(f"{API}/faults").status_code == 204
    assert api.delete(f"{API}/data/pets/1").status_code == 204


def test_the_first_rule_that_fits_and_is_due_strikes(api):
    rules = [{"method": "POST", "status": 500, "count": 1}, {"status": 502, "table": "pets"}]
    api.put(f"{API}/faults", json={"rules": rules})
    assert [create(api), create(api)] == [500, 502]
    answer = api.get(f"{API}/data/pets/1")
    assert (answer.status_code, answer.headers["x-ramekin-fault"]) == (502, "2")


def test_every_so_manyth_request_and_only_so_many(api):
    rule(api, method="POST", status=500, every=3, count=2)
    assert [create(api) for _ in range(10)] == [201, 201, 500, 201, 201, 500, 201, 201, 201, 201]


def test_a_rate_repeats_with_its_seed(api):
    def run():
        rule(api, method="POST", status=500, rate=0.5, seed=7)
        return [create(api) for _ in range(20)]

    first = run()
    assert first == run()
    assert 3 < first.count(500) < 17


def test_a_path_is_matched_with_stars_as_it_is_sent(api):
    rule(api, path="/b/one/*", status=500)
    assert api.get(f"/b/one{API}/tables").status_code == 500
    assert api.get(f"/b/two{API}/tables").status_code == 200
    rule(api, path="*/data/pets*", status=500)
    assert api.get(f"/b/one{API}/data/pets").status_code == 500
    assert api.get(f"{API}/data/homes").status_code == 404


def test_a_table_is_one_that_the_path_names(api):
    rule(api, table="pets", status=500)
    for path in ("data/pets", "data/pets/1", "tables/pets", "dump/pets", "join/pets/homes/id", "join/homes/pets/id"):
        assert api.get(f"{API}/{path}").status_code == 500, path
    assert api.get(f"{API}/data/homes/pets").status_code == 404


def test_the_rules_themselves_are_always_reached(api):
    rule(api, status=500)
    assert api.get(f"{API}/tables").status_code == 500
    assert api.get(f"{API}/faults").json() == {"rules": [{"status": 500}]}
    assert api.get(f"/b/one{API}/faults").status_code == 200
    assert api.delete(f"{API}/faults").status_code == 204


def test_a_delay_holds_a_request_up():
    with InsideClient(create_app(start_database(), is_dev=True), base_url="http://127.0.0.1:8000") as client:
        rule(client, method="POST", delay_ms=30, jitter_ms=1)
        began = time.perf_counter()
        answer = client.post(f"{API}/data/pets", json={})
        assert time.perf_counter() - began > 0.03
        assert (answer.status_code, answer.headers["x-ramekin-fault"]) == (201, "1")


@pytest.mark.parametrize("way", WAYS)
def test_a_request_that_is_dropped_gets_no_answer(way):
    service = Service(way, is_dev=True)
    client = httpx2.Client(base_url="http://127.0.0.1:8000")

    def send(method, path, value):
        return ask(service, as_bytes(client.build_request(method, path, json=value)))

    send("PUT", f"{API}/faults", {"rules": [{"method": "POST", "drop": True, "after_commit": True, "count": 1}]})
    pipe = service.connect()
    pipe.send([as_bytes(client.build_request("POST", f"{API}/data/pets", json={"id": 1}))])
    assert (pipe.written, pipe.is_closed) == (b"", True)
    assert b" 409 " in send("POST", f"{API}/data/pets", {"id": 1})
    service.close()


WRONG = [
    ([], ""),
    ({}, ""),
    ({"rules": {}}, "/rules"),
    ({"rules": [], "more": 1}, "/more"),
    ({"rule": []}, "/rule"),
    ({"rules": [1]}, "/rules/0"),
    ({"rules": [{}]}, "/rules/0"),
    ({"rules": [{"method": "POST"}]}, "/rules/0"),
    ({"rules": [{"status": 500}, {"stauts": 500}]}, "/rules/1/stauts"),
    ({"rules": [{"status": 200}]}, "/rules/0/status"),
    ({"rules": [{"status": True}]}, "/rules/0/status"),
    ({"rules": [{"status": "500"}]}, "/rules/0/status"),
    ({"rules": [{"status": 500, "drop": True}]}, "/rules/0/drop"),
    ({"rules": [{"drop": 1}]}, "/rules/0/drop"),
    ({"rules": [{"delay_ms": -1}]}, "/rules/0/delay_ms"),
    ({"rules": [{"delay_ms": 600_001}]}, "/rules/0/delay_ms"),
    ({"rules": [{"delay_ms": 1, "after_commit": True}]}, "/rules/0/after_commit"),
    ({"rules": [{"status": 500, "rate": 0}]}, "/rules/0/rate"),
    ({"rules": [{"status": 500, "rate": 1.1}]}, "/rules/0/rate"),
    ({"rules": [{"status": 500, "every": 0}]}, "/rules/0/every"),
    ({"rules": [{"status": 500, "count": 0}]}, "/rules/0/count"),
    ({"rules": [{"status": 500, "seed": -1}]}, "/rules/0/seed"),
    ({"rules": [{"status": 500, "method": "get"}]}, "/rules/0/method"),
    ({"rules": [{"status": 500, "method": ["GET"]}]}, "/rules/0/method"),
    ({"rules": [{"status": 500, "path": ""}]}, "/rules/0/path"),
    ({"rules": [{"status": 500, "table": "1"}]}, "/rules/0/table"),
    ({"rules": [{"status": 500}] * 101}, "/rules"),
]


def test_a_rule_that_cannot_be_is_refused_with_its_place(api):
    rule(api, status=500, table="pets")
    for value, pointer in WRONG:
        answer = api.put(f"{API}/faults", json=value)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fault"), value
        found = [fault["pointer"] for fault in answer.json().get("errors", [])]
        assert found == [pointer], value
    assert api.get(f"{API}/faults").json()["rules"] == [{"status": 500, "table": "pets"}]
    assert "Did you mean 'status'?" in api.put(f"{API}/faults", json={"rules": [{"stauts": 500}]}).json()["detail"]


def test_the_document_tells_of_the_rules_and_of_the_mark(api):
    document = create_app(start_database(), is_dev=True).openapi()
    assert "X-Ramekin-Fault" in document["paths"][f"{API}/data/{{table}}"]["get"]["responses"]["200"]["headers"]
    with Judge(document).listening(api):
        rule(api, method="POST", delay_ms=1)
        api.get(f"{API}/faults")
        api.post(f"{API}/data/pets", json={})
        api.delete(f"{API}/faults")


def test_without_dev_there_are_none():
    with InsideClient(create_app(start_database()), base_url="http://127.0.0.1:8000") as client:
        assert client.get(f"{API}/faults").json()["code"] == "unknown-route"
        assert client.put(f"{API}/faults", json={"rules": []}).json()["code"] == "unknown-route"
        told = client.get("/openapi.json").text
        assert "/faults" not in told
        assert "X-Ramekin-Fault" not in told


def test_with_keys_they_are_for_admins():
    app = create_app(start_database(), is_dev=True, keys=["boss:admin=111111", "writer:write=222222"])
    with InsideClient(app, base_url="http://127.0.0.1:8000") as client:
        boss, writer = ({"authorization": f"Bearer {secret}"} for secret in ("111111", "222222"))
        assert client.put(f"{API}/faults", json={"rules": [{"status": 500}]}, headers=writer).status_code == 403
        assert client.put(f"{API}/faults", json={"rules": [{"status": 500}]}, headers=boss).status_code == 200
        assert client.get(f"{API}/tables").status_code == 401
        assert client.get(f"{API}/tables", headers=writer).status_code == 500
