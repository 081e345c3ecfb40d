"""Long work and short work side by side, over a real server: nobody waits for a query, and nobody pays for one that is not wanted."""

import asyncio
import json
import socket
import threading
import weakref
from time import perf_counter, sleep

import httpx2
import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.api.endpoints import lists, queries
from ramekin.api.http.answer import Stream
from ramekin.api.http.headers import CSV, JSON, NDJSON
from ramekin.api.http.pages import LongRow, PageText, page_reply
from ramekin.engine import work
from ramekin.query.join import AT_ONCE, take_pairs
from ramekin.query.order import FirstRows
from ramekin.values import pieces
from tests.conftest import Server
from tests.problems import assert_problem

RECORDS = 20_000
LONG = "/api/v1/join/t/t/k=k?as=a,b&sort=-a.n,b.n&b.n:ne=-1"  # 40,000,000 pairs


class Row:
    """Something that can be seen to go."""


def serve(*options):
    """Start a server with a table of many records."""
    server = Server("serve", "--max-sorted-rows", "1000", *options)
    with server.client() as client:
        lines = "".join(f'{{"id":{i},"k":{i % 10},"n":{i}}}\n' for i in range(RECORDS))
        answer = client.post(
            "/api/v1/data/t",
            content=lines,
            headers={"content-type": "application/x-ndjson", "prefer": "return=minimal"},
        )
        assert answer.json() == {"count": RECORDS}
    return server


@pytest.fixture(scope="module")
def server():
    server = serve()
    yield server
    assert server.stop() == 0


@pytest.fixture
def logging_server():
    server = serve("--access-log", "--log-format", "json")
    yield server
    assert server.stop() == 0


def send(server, path):
    """Send a request and return the socket, without waiting for the answer."""
    connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nx-request-id: long\r\n\r\n".encode())
    return connection


def line_of(server, request_id):
    """Return the line that the log has of a request, once it is there."""
    while True:
        line = json.loads(server.process.stderr.readline())
        if line.get("request_id") == request_id:
            return line


@pytest.mark.parametrize(
    "path",
    [
        LONG,
        LONG.replace("sort=-a.n,b.n", "count=true&limit=0"),
        LONG.replace("b.n:ne=-1", "b.n:lt=5000") + "&shape=tree&type=left&count=true&limit=0",  # 500 in each tree
    ],
)
def test_a_client_that_goes_away_stops_its_query(logging_server, path):
    connection = send(logging_server, path)
    sleep(0.3)
    went = perf_counter()
    connection.close()
    line = line_of(logging_server, "long")
    assert perf_counter() - went < 30  # 0.1 s is what benchmarks/ measures; minutes is what it would take
    assert line["status"] == 0 or line["status"] >= 499
    with logging_server.client() as client:
        assert client.get("/health").status_code == 200


def test_short_requests_are_answered_while_long_ones_run(server):
    connection = send(server, LONG)
    with server.client() as client:
        for i in range(200):
            assert client.get(f"/api/v1/data/t/{i}").json() == {"id": i, "k": i % 10, "n": i}
            assert client.patch(f"/api/v1/data/t/{i}", json={"new": i}).status_code == 200
    connection.close()


def test_a_query_that_would_hold_too_many_rows_is_refused_before_it_does(server):
    with server.client() as client:
        for path in (
            "/api/v1/data/t?sort=k,n&offset=5000",
            "/api/v1/join/t/t/k=k?as=a,b&sort=b.n&offset=5000",
            "/api/v1/join/t/t/k=k?as=a,b&shape=tree",
        ):
            problem = assert_problem(client.get(path), 422, "too-many-rows")
            assert "1000" in problem["detail"]
        assert_problem(client.post("/api/v1/query/t", json={"group_by": ["n"]}), 422, "too-many-rows")
        deep = client.get("/api/v1/data/t?sort=n&offset=5000&limit=1")  # an index of its own gives the order
        assert deep.json()["data"][0]["n"] == 5000


def test_a_join_in_an_order_of_its_left_side_is_answered_where_the_list_is(server):
    with server.client() as client:
        expected = sorted(range(RECORDS), key=lambda i: (i % 10, -i))[:3000]
        listed = client.get("/api/v1/data/t?sort=k,-id&limit=900").json()["data"]
        assert [record["id"] for record in listed] == expected[:900]
        path = "/api/v1/join/t/t/id=id?as=a,b&sort=a.k,-a.id&limit=3000"
        assert [pair["a"]["id"] for pair in client.get(path).json()["data"]] == expected
        trees = client.get(f"{path.replace('3000', '900')}&shape=tree&count=true").json()
        assert [tree["id"] for tree in trees["data"]] == expected[:900]
        assert trees["total"] == RECORDS
        narrow = client.get("/api/v1/join/t/t/id=id?as=a,b&sort=a.k,-a.id&a.id:lt=19000&b.id:lt=10&type=left").json()[
            "data"
        ]
        assert [pair["a"]["id"] for pair in narrow] == list(range(10))


def test_the_advice_speaks_of_what_was_sent(server):
    with server.client() as client:
        told = {
            "/api/v1/data/t?sort=k,n&offset=5000": "'offset'",
            "/api/v1/data/t?sort=k,n&limit=5000": "'limit'",
            "/api/v1/join/t/t/k=k?as=a,b&sort=b.n&limit=5000": "'limit'",
            "/api/v1/join/t/t/k=k?as=a,b&shape=tree": "take pairs",
        }
        for path, word in told.items():
            detail = assert_problem(client.get(path), 422, "too-many-rows")["detail"]
            assert word in detail
            assert ("'offset'" in detail) == ("offset" in path)
        detail = client.post("/api/v1/query/t", json={"group_by": ["n"]}).json()["detail"]
        assert "fewer fields" in detail


def test_a_join_that_is_long_is_streamed_and_whole(server):
    with server.client() as client:
        found = client.get("/api/v1/join/t/t/id=n?as=a,b&limit=10000").json()["data"]
        assert len(found) == 10_000
        assert all(pair["a"]["id"] == pair["b"]["n"] for pair in found)
        lines = client.get(
            "/api/v1/join/t/t/id=n?as=a,b&limit=10000", headers={"accept": "application/x-ndjson"}
        ).text.splitlines()
        assert [json.loads(line) for line in lines] == found


def test_many_clients_that_ask_for_one_new_index_share_its_making(server):
    answers = []

    def ask():
        with server.client() as client:
            answers.append(client.get("/api/v1/data/t?n:gte=19990&sort=-n&explain=true").json())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all([record["n"] for record in answer["data"]] == list(range(19_999, 19_989, -1)) for answer in answers)


def test_walks_in_an_order_give_every_untouched_record_once_while_others_come_and_go(server):
    is_done = threading.Event()

    def disturb():
        with server.client() as client:
            number = 100_000
            while not is_done.is_set():
                number += 1
                client.post(
                    "/api/v1/data/t", json={"id": number, "k": number % 10, "n": (number * 7919) % RECORDS + 0.5}
                )
                client.delete(f"/api/v1/data/t/{number - 50}")

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        with server.client() as client:
            for path in ("?sort=n", "?sort=-n,k", "?sort=k,-n", "?n:gt=-500&k:nin=99", "?k:lt=5&sort=-id"):
                found, following = [], f"/api/v1/data/t{path}&limit=999"
                while following:
                    page = client.get(following).json()
                    found += page["data"]
                    following = page["next"]
                ids = [record["id"] for record in found if record["id"] < RECORDS]
                expected = [i for i in range(RECORDS) if "k:lt" not in path or i % 10 < 5]
                assert sorted(ids) == expected, path
                assert len({record["id"] for record in found}) == len(found)
    finally:
        is_done.set()
        thread.join()
    with server.client() as client:
        assert client.delete(f"/api/v1/data/t?id:gte={RECORDS}").status_code == 200


def write(page, kind):
    """Return what a page is as text, and how many turns other tasks got meanwhile."""

    async def run():
        turns = 0

        async def others():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        answer = await page_reply(page, kind, {})
        is_whole = not isinstance(answer, Stream)
        text = answer.body if is_whole else answer.first + b"".join([chunk async for chunk in answer.chunks])
        task.cancel()
        return text, turns

    return asyncio.run(run())


@pytest.fixture
def short_turns(monkeypatch):
    """A turn is over as soon as somebody looks."""
    monkeypatch.setattr(work, "TURN_S", 0.0)


@pytest.mark.usefixtures("short_turns")
def test_short_rows_that_must_be_made_are_made_in_steps():
    text, turns = write(PageText(lambda _: (b"%d" % i for i in range(10_000)), 50_000, None), JSON)
    assert json.loads(text) == {"data": list(range(10_000)), "next": None}
    assert turns >= 10


@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize("kind", [JSON, NDJSON, CSV])
@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_row_of_many_items_is_written_in_steps(kind, size):
    row = LongRow(b'{"id":1}', "inside", (b"%d" % i for i in range(10_000)))
    text, turns = write(PageText(lambda _: iter([b'{"id":0}', row, b'{"id":2}']), size, None), kind)
    assert b"9998,9999]" in text
    assert turns >= 40


@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize("kind", [JSON, NDJSON, CSV])
def test_of_many_pages_that_are_written_one_goes_on_in_a_turn(kind):
    made = []

    def rows(_):
        for i in range(100):
            made.append(turn[0])
            yield b'{"id":%d}' % i

    turn = [0]

    async def run():
        async def others():
            while True:
                turn[0] += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        await asyncio.gather(*[page_reply(PageText(rows, 1000, None), kind, {}) for _ in range(20)])
        task.cancel()

    asyncio.run(run())
    begun = 2 if kind == CSV else 1  # of each page the first row is made at once; of CSV it is read for its columns too
    assert len(made) == 20 * 100 * begun
    assert max(made.count(each) for each in range(2, turn[0])) <= 4


@pytest.mark.parametrize("groups", [[1] * 5000, [5000], [10] * 500])
def test_the_pairs_of_a_page_are_made_in_steps(groups):
    rests = []

    class Resting:
        async def rest(self):
            rests.append(None)

    async def batches():
        yield [((place, b"{}"), [(i, b"{}") for i in range(size)]) for place, size in enumerate(groups)]

    pairs, has_more = asyncio.run(take_pairs(Resting(), batches(), 100, 4000))
    assert len(pairs) == 4000
    assert has_more
    assert len(rests) >= 4000 // AT_ONCE


def test_rows_that_were_put_in_order_are_let_go_one_by_one():
    first = FirstRows(5000)
    rows = [Row() for _ in range(5000)]
    watched = [weakref.ref(row) for row in rows]
    for i, row in enumerate(rows):
        first.add((i,), row)
    del rows, row
    in_order = first.in_order()
    for _ in range(2500):
        next(in_order)
    assert sum(ref() is not None for ref in watched) <= 2505


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_long_queries_that_come_at_once_begin_one_after_the_other(monkeypatch, method):
    """In one turn of the loop one is begun, or two, where the first has left time for it."""
    monkeypatch.setattr("ramekin.engine.work.TURN_S", 0)
    begun = []

    def reading(read):
        def steps(*given, **words):
            begun.append(given)
            return (yield from read(*given, **words))

        return steps

    monkeypatch.setattr(pieces, "read", reading(pieces.read))
    monkeypatch.setattr(lists, "read_conditions_of", reading(lists.read_conditions_of))
    monkeypatch.setattr(queries, "read_where", reading(queries.read_where))
    values = [f"{number:08}" for number in range(2000)]
    asked = {"GET": {"url": "data/t?a:in=" + ",".join(values)}, "POST": {"url": "query/t", "json": {"where": {"a": {"in": values}}}}}[method]  # fmt: skip

    async def ask_all():
        async with Database() as database:
            door = httpx2.ASGITransport(create_app(database))
            async with httpx2.AsyncClient(transport=door, base_url="http://127.0.0.1:8000/api/v1/") as http:
                await http.post("data/t", json={"id": 1})
                asking = asyncio.gather(*[http.request(method, **asked) for _ in range(10)])
                most = 0
                while not asking.done():
                    before = len(begun)
                    await asyncio.sleep(0)
                    most = max(most, len(begun) - before)
                assert {answer.status_code for answer in await asking} == {200}
        return most

    assert asyncio.run(ask_all()) <= 2
    assert len(begun) == {"GET": 10, "POST": 20}[method]  # a body is read, and what it means
