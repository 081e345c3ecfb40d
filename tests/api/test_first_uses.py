"""First uses of fields at once, and lists beside loads, over a real server: it goes on answering."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.timeout(60)

RECORDS, ROUNDS = 2000, 12


@pytest.fixture
def server():
    server = Server("serve")
    yield server
    if server.process.poll() is None:
        server.process.kill()  # one that spins does not end by itself
    server.process.communicate(timeout=30)


def ask(server, path):
    with server.client() as client:
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == 200
        return answer.json()


def test_the_first_condition_on_a_field_beside_the_first_orders_by_it(server):
    fields = [f"g{i}" for i in range(ROUNDS)]
    with server.client() as client:
        records = [{"id": i, **dict.fromkeys(fields, i % 7)} for i in range(RECORDS)]
        assert client.post("/api/v1/data/t", json=records).status_code == 201
    with ThreadPoolExecutor(8) as pool:
        for field in fields:
            orders = [pool.submit(ask, server, f"/data/t?sort={field}&limit=1") for _ in range(7)]
            equal = pool.submit(ask, server, f"/data/t?{field}=3&limit=1&count=true")
            assert equal.result(20)["total"] == len(range(3, RECORDS, 7))
            assert [order.result(20)["data"][0]["id"] for order in orders] == [0] * 7
    assert ask(server, "/tables/t")["records"] == RECORDS


def test_lists_beside_loads_are_answered(server):
    with server.client() as client:
        records = [{"id": i, "g": i % 7} for i in range(RECORDS)]
        assert client.post("/api/v1/data/t", json=records).status_code == 201

        def lists(path):
            return [ask(server, path)["data"][0]["id"] for _ in range(6)]

        with ThreadPoolExecutor(6) as pool:
            paths = ["/data/t?limit=1", "/data/t?sort=g&limit=1", "/data/t?g=3&limit=1"] * 2
            asked = [pool.submit(lists, path) for path in paths]
            loads = 0
            while loads < 5 or not all(each.done() for each in asked):
                content = json.dumps({"t": [{"id": 7, "g": 0, "load": loads}]})
                answer = client.post("/api/v1/load", content=content, headers={"content-type": "application/json"})
                assert answer.json() == {"loaded": {"t": 1}}
                loads += 1
            assert [each.result(1) for each in asked] == [[0] * 6, [0] * 6, [3] * 6] * 2
