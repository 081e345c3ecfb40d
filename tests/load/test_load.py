"""Many clients at once against a real server with the sample data.

The budgets are those that were asked for: 99 of 100 single-record requests under 100 ms, 99 of 100 joins under 500 ms,
with 32 clients. They are wide on purpose: what is measured closely stands in `benchmarks/`, not here.
"""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.load

CLIENTS, REQUESTS = 32, 40


@pytest.fixture(scope="module")
def demo():
    server = Server("demo")
    yield server
    assert server.stop() == 0


async def client(port, requests):
    """Send requests on one connection, one after the other; return (status, seconds) of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    results = []
    for request in requests:
        began = perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        results.append((int(head[9:12]), perf_counter() - began))
    writer.close()
    await writer.wait_closed()
    return results


def ask(method, path, record=None):
    body = b"" if record is None else json.dumps(record).encode()
    kind = "content-type: application/json\r\n" if record is not None else ""
    return f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{kind}content-length: {len(body)}\r\n\r\n".encode() + body


def run_clients(server, make_requests):
    port = int(server.url.rpartition(":")[2])

    async def everybody():
        return await asyncio.gather(*[client(port, make_requests(number)) for number in range(CLIENTS)])

    results = [result for one in asyncio.run(everybody()) for result in one]
    assert len(results) >= CLIENTS * REQUESTS
    return {status for status, _ in results}, sorted(seconds for _, seconds in results)[int(len(results) * 0.99)]


def test_single_records_are_read_and_written_under_100_ms(demo):
    def requests(number):
        path = f"/api/v1/data/load/{number}"
        yield ask("PUT", f"{path}?upsert=true", {"n": 0})
        for i in range(REQUESTS):
            yield ask("POST", "/api/v1/data/load", {"client": number, "n": i, "nested": {"a": [1, 2, 3]}})
            yield ask("GET", path)
            yield ask("PUT", path, {"n": i})
            yield ask("PATCH", path, {"m": i})

    statuses, p99 = run_clients(demo, requests)
    assert statuses == {200, 201}
    assert p99 < 0.1


def test_joins_answer_under_500_ms(demo):
    def requests(_):
        for i in range(REQUESTS):
            yield ask("GET", f"/api/v1/join/users/orders/user_id?type={('inner', 'left')[i % 2]}")

    statuses, p99 = run_clients(demo, requests)
    assert statuses == {200}
    assert p99 < 0.5


def test_increments_under_if_match_are_never_lost(demo):
    with demo.client() as api:
        api.put("/api/v1/data/counters/c?upsert=true", json={"n": 0})

    def increment(_):
        with demo.client() as api:
            done = tries = 0
            while done < 20:
                tries += 1
                answer = api.get("/api/v1/data/counters/c")
                match = {"if-match": answer.headers["etag"]}
                done += (
                    api.put("/api/v1/data/counters/c", json={"n": answer.json()["n"] + 1}, headers=match).status_code
                    == 200
                )
            return tries

    tries = in_threads(increment, 8)
    assert sum(tries) >= 160
    with demo.client() as api:
        assert api.get("/api/v1/data/counters/c").json()["n"] == 160


def test_a_dump_never_shows_half_of_a_batch(demo):
    accounts = [{"id": i, "money": 100} for i in range(50)]
    with demo.client() as api:
        api.post("/api/v1/data/accounts", json=accounts)

    def move(number):
        with demo.client() as api:
            for i in range(30):
                one, other = (number * 7 + i) % 50, (number * 13 + i * 3 + 1) % 50
                if one == other:
                    continue
                found = [api.get(f"/api/v1/data/accounts/{n}") for n in (one, other)]
                operations = [
                    {
                        "op": "replace",
                        "table": "accounts",
                        "id": n,
                        "if_match": answer.headers["etag"],
                        "record": {"money": answer.json()["money"] + change},
                    }
                    for n, answer, change in zip((one, other), found, (-1, 1), strict=True)
                ]
                assert api.post("/api/v1/batch", json={"operations": operations}).status_code in (200, 412)

    def look(_):
        with demo.client() as api:
            return [sum(record["money"] for record in api.get("/api/v1/dump/accounts").json()) for _ in range(30)]

    sums = in_threads(lambda n: look(n) if n % 3 == 0 else move(n), 6)
    assert {total for one in sums if one for total in one} == {5000}


def test_one_of_many_creations_of_one_id_wins(demo):
    def create(number):
        with demo.client() as api:
            return api.post("/api/v1/data/race", json={"id": "one", "by": number}).status_code

    statuses = in_threads(create, 16)
    assert sorted(statuses) == [201] + [409] * 15


def in_threads(work, count):
    async def everybody():
        return await asyncio.gather(*[asyncio.to_thread(work, number) for number in range(count)])

    return asyncio.run(everybody())
