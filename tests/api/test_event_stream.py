"""What happens, as server-sent events: `GET /api/v1/changes` with `Accept: text/event-stream`."""

import asyncio
import json
import re
import socket
import time

import pytest

from ramekin import Database
from ramekin.access.keys import Keys, read_key
from ramekin.api import broadcast as module
from ramekin.api.app import create_app
from ramekin.api.broadcast import Broadcast
from ramekin.database.following import ChangesRequest, TableChange
from ramekin.engine import work
from ramekin.query.where import parse_where
from ramekin.schema.fields import NO_SCHEMA
from tests.conftest import Server
from tests.problems import assert_problem

CHANGES = "/api/v1/changes"


class Events:
    """A stream of events, read as a browser reads it, from a socket of its own."""

    def __init__(self, url, query="", version="1.1", method="GET", **headers):
        host, _, port = url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.last_id, self.comments, self._text = "", 0, b""
        lines = [f"{method} {CHANGES}{query} HTTP/{version}", f"Host: {host}:{port}", "Accept: text/event-stream"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.head = self._until(b"\r\n\r\n").decode().lower()
        self._is_chunked = "transfer-encoding: chunked" in self.head
        self._raw, self._text = self._text, b""

    def _until(self, end):
        while end not in self._text:
            data = self.socket.recv(65536)
            assert data, self._text
            self._text += data
        found, _, self._text = self._text.partition(end)
        return found

    def _body(self):
        """Return the next piece of the body; nothing at its end."""
        while True:
            if not self._is_chunked and self._raw:
                piece, self._raw = self._raw, b""
                return piece
            size, end, rest = self._raw.partition(b"\r\n")
            if self._is_chunked and end and len(rest) >= int(size, 16) + 2:
                self._raw = rest[int(size, 16) + 2 :]
                return rest[: int(size, 16)]
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._raw += data

    def next(self):
        """Return the next event as its name and data; None at the end."""
        name, data = "message", []
        while True:
            while b"\n" not in self._text:
                piece = self._body()
                if not piece:
                    return None
                self._text += piece
            line, _, self._text = self._text.partition(b"\n")
            field, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                self.last_id = value
            elif not line:
                if data:
                    return name, json.loads("\n".join(data))
                name = "message"
            elif not field:
                self.comments += 1

    def records(self, count):
        return [self.next()[1]["record"] for _ in range(count)]

    def close(self):
        self.socket.close()


@pytest.fixture
def open_events(shared_server):
    opened = []

    def open_one(*arguments, **options):
        opened.append(Events(shared_server.url, *arguments, **options))
        return opened[-1]

    yield open_one
    for events in opened:
        events.close()


@pytest.fixture
def client(shared_server):
    with shared_server.client() as found:
        found.put("/api/v1/tables/events", json={})
        yield found
        found.delete("/api/v1/tables/events")


def put(client, key, **record):
    assert client.put(f"/api/v1/data/events/{key}?upsert=true", json=record).status_code in (200, 201)


def test_changes_come_as_they_happen_and_the_id_is_the_position(client, open_events):
    events = open_events("?table=events&since=" + client.get(CHANGES).json()["latest"])
    assert "200 ok" in events.head
    assert "content-type: text/event-stream" in events.head
    put(client, "a", n=1)
    name, change = events.next()
    assert (name, change["op"], change["record"]) == ("change", "create", {"id": "a", "n": 1})
    listed = client.get(CHANGES, params={"since": events.last_id}).json()
    assert events.last_id == change["position"] == listed["latest"]
    client.delete("/api/v1/data/events/a")
    assert events.next()[1] | {"at": "", "position": ""} == {
        "position": "", "at": "", "table": "events", "op": "delete", "id": "a", "record": None,
    }  # fmt: skip


def followers(client):
    return int(re.search(r"^ramekin_followers (\d+)", client.get("/metrics").text, re.MULTILINE)[1])


def test_a_client_that_leaves_a_quiet_stream_is_noticed_at_once(client, open_events):
    def are(count):
        until_s = time.monotonic() + 10  # a quiet stream that nobody noticed would be told of after 15
        while followers(client) != count:
            assert time.monotonic() < until_s
            time.sleep(0.05)

    put(client, "a")
    are(0)  # those of other tests have left
    streams = [open_events("?table=events") for _ in range(5)]
    assert followers(client) == 5
    for events in streams:
        events.close()
    are(0)


def test_no_proxy_holds_events_back(open_events, client):
    put(client, "a")
    head = open_events("?table=events").head
    assert "cache-control: no-store, no-transform" in head
    assert "x-accel-buffering: no" in head
    assert "content-encoding" not in head


def test_a_stream_begins_with_where_it_stands_so_that_nothing_is_missed_if_it_breaks(client, open_events):
    put(client, "a")
    first = open_events("?table=events")
    while not first.last_id:
        first._text += first._body()
        line, _, first._text = first._text.rpartition(b"\n\n")
        if found := re.search(rb"id: (\S+)", line):
            first.last_id = found[1].decode()
    first.close()
    put(client, "b", n=2)
    second = open_events("?table=events&since=abc-1", Last_Event_ID=first.last_id)
    assert second.records(1) == [{"id": "b", "n": 2}]


def test_a_stream_from_a_position_has_what_was_before_and_what_comes(client, open_events):
    begin = client.get(CHANGES).json()["latest"]
    for i in range(300):
        put(client, i, text="x" * 1000)
    events = open_events(f"?table=events&since={begin}")
    put(client, "last")
    assert [record["id"] for record in events.records(301)] == [*(str(i) for i in range(300)), "last"]


def test_what_was_done_together_has_an_id_at_its_end(client, open_events):
    put(client, "first")
    events = open_events("?table=events")
    client.post("/api/v1/data/events", json=[{"id": i} for i in range(3)])
    put(client, "last")
    ids = []
    positions = []
    for _ in range(4):
        positions.append(events.next()[1]["position"])
        ids.append(events.last_id)
    assert positions[0] == positions[1] == positions[2] != positions[3]
    assert ids[0] == ids[1] != positions[0]
    assert ids[2:] == positions[2:]


def test_the_end_of_a_step_is_told_where_its_last_change_is_not_asked_for(client, open_events):
    put(client, "first", n=0)
    events = open_events("?table=events&n=1")
    client.post("/api/v1/data/events", json=[{"id": i, "n": i % 2} for i in (1, 2, 3, 4)])
    put(client, "last", n=1)
    first, second = events.next()[1], events.next()[1]
    assert [first["id"], second["id"]] == [1, 3]
    events.next()
    assert first["position"] == second["position"]


def test_conditions_choose_among_events(client, open_events):
    put(client, "a", age=1)
    events = open_events("?table=events&age:gte=18")
    for age in (17, 18, 3, 40):
        put(client, age, age=age)
    assert [record["age"] for record in events.records(2)] == [18, 40]


def test_http_1_0_gets_events_without_chunks(client, open_events):
    put(client, "a")
    events = open_events("?table=events", version="1.0")
    assert "transfer-encoding" not in events.head
    assert "connection: close" in events.head
    put(client, "b")
    assert events.records(1) == [{"id": "b"}]


def test_head_is_answered_and_ends(client, open_events):
    put(client, "a")
    events = open_events("?table=events", method="HEAD", Connection="close")
    assert "content-type: text/event-stream" in events.head
    assert events.socket.recv(100) == b""


def test_what_cannot_be_is_refused(client):
    put(client, "a")
    accept = {"Accept": "text/event-stream"}
    for query, expected in {
        "table=events&limit=5": (400, "conflicting-parameters"),
        "since=abc-1": (410, "changes-gone"),
        "table=nobody": (404, "unknown-table"),
    }.items():
        assert_problem(client.get(f"{CHANGES}?{query}", headers=accept), *expected)
    assert_problem(client.get(CHANGES, headers=accept | {"Last-Event-ID": "abc-1"}), 410, "changes-gone")


def test_a_stop_ends_streams_at_once():
    server = Server("serve", "--shutdown-seconds", "20")
    events = Events(server.url)
    began_s = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began_s < 15
    assert events.next() is None
    events.close()


def test_pages_of_origins_that_are_named_may_read_events_and_keys_count():
    server = Server("serve", "--cors-origin", "https://app.example.com", "--api-key", "app:read:t*=secret", "--api-key", "w:write=other")  # fmt: skip
    try:
        with server.client(headers={"Authorization": "Bearer other"}) as client:
            client.post("/api/v1/data/t1", json={"id": 1})
            key = {"Authorization": "Bearer secret", "Origin": "https://app.example.com"}
            events = Events(server.url, **key)
            assert "access-control-allow-origin: https://app.example.com" in events.head
            client.post("/api/v1/data/hidden", json={"id": 1})
            client.post("/api/v1/data/t1", json={"id": 2})
            assert events.records(1) == [{"id": 2}]
            events.close()
            answer = client.get(f"{CHANGES}?table=hidden", headers={"Authorization": "Bearer secret"})
            assert_problem(answer, 403, "forbidden")
            assert_problem(client.get(CHANGES, headers={"Authorization": ""}), 401, "unauthorized")
    finally:
        assert server.stop() == 0


# One who reads for all


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.02)


def chosen(where=None):
    return ChangesRequest(("t",), parse_where(where or {}, NO_SCHEMA))


async def database_with_a_table():
    database = await Database().__aenter__()
    await database.insert("t", {"id": 0})
    return database


async def texts_of(seat, last):
    """Return all that a seat is given, up to a text with something in it."""
    found = b""
    async for text in seat:
        found += text
        if last in found:
            return found
    return found


@pytest.mark.anyio
async def test_each_change_is_made_into_text_once_for_all(monkeypatch):
    database = await database_with_a_table()
    made, json_of = [], TableChange.json
    monkeypatch.setattr(TableChange, "json", lambda change: made.append(1) or json_of(change))
    broadcast = Broadcast(database, lambda _: True)
    seats = [broadcast.take_seat(chosen()).texts() for _ in range(20)]
    seats += [broadcast.take_seat(chosen({"n": {"gte": 1}})).texts() for _ in range(20)]
    firsts = [await anext(seat) for seat in seats]
    assert all(text.startswith(b":\nid: ") for text in firsts)
    waiting = [asyncio.ensure_future(texts_of(seat, b'"id":2')) for seat in seats]
    await asyncio.sleep(0)
    await database.insert("t", [{"id": 1, "n": 1}, {"id": 2, "n": 2}])
    found = await asyncio.gather(*waiting)
    assert len({*found}) == 1
    assert len(made) == 2
    assert broadcast.seats == 40
    for seat in seats:
        await seat.aclose()
    assert broadcast.seats == 0
    await database.__aexit__()


@pytest.mark.anyio
async def test_nothing_waits_for_news_once_all_have_left():
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    for _ in range(3):
        seat = broadcast.take_seat(chosen()).texts()
        await anext(seat)
        await asyncio.sleep(0)
        assert database.engine.tables.history._waiting
        await seat.aclose()
        await asyncio.sleep(0)
        assert not database.engine.tables.history._waiting
    await database.__aexit__()


@pytest.mark.anyio
async def test_a_comment_comes_again_and_again_and_moves_the_id_on(quick):
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    seat = broadcast.take_seat(chosen({"n": 1})).texts()
    first = await anext(seat)
    await database.insert("t", {"id": 1, "n": 2})  # not asked for
    second, third = await anext(seat), await anext(seat)
    assert first.startswith(b":\n")
    assert second.startswith(b":\n")
    assert third == second != first
    await seat.aclose()
    await database.__aexit__()


@pytest.mark.anyio
async def test_a_comment_tells_no_position_but_where_its_reader_is(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 60.0)  # the pump has no turn within the write
    monkeypatch.setattr(module, "PIECE_BYTES", 500)
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    first = broadcast.take_seat(chosen())
    begins = first.place
    await database.insert("t", [{"id": n, "text": "x" * 100} for n in range(1, 20)])
    ahead = broadcast.take_seat(chosen())  # the pump has read nothing yet
    assert ahead.place > broadcast.place == begins
    ahead._waiting = asyncio.get_running_loop().create_future()
    ahead.give(b":\nid: the pump's\n\n")
    assert await ahead._waiting == b":\n\n"
    texts = first.texts()
    await anext(texts)
    while broadcast.place < ahead.place:
        await asyncio.sleep(0)
    first._waiting = asyncio.get_running_loop().create_future()
    first.give(b":\nid: the pump's\n\n")
    assert first.place < broadcast.place
    assert b"the pump's" not in await first._waiting, "not all was told yet"
    await texts.aclose()
    await database.__aexit__()


async def one_who_begins_before_the_pump_is_there(monkeypatch):
    """Return a database, what tells of it, and one who begins now, while the pump has yet to tell of much."""
    monkeypatch.setattr(module, "PIECE_BYTES", 500)
    monkeypatch.setattr(module, "BEHIND_BYTES", 5000)
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    broadcast.take_seat(chosen())  # who never reads
    for n in range(1, 100):
        await database.insert("t", {"id": n, "text": "x" * 100})
    seat = broadcast.take_seat(chosen())
    texts = seat.texts()
    assert seat.place > broadcast.place
    await anext(texts)
    return database, broadcast, seat, texts


@pytest.mark.anyio
async def test_one_who_begins_before_the_pump_is_there_does_not_wait_for_it(monkeypatch):
    database, broadcast, seat, texts = await one_who_begins_before_the_pump_is_there(monkeypatch)
    begins = seat.place
    await database.insert("t", {"id": "small"})
    assert b'"small"' in await anext(texts)
    assert broadcast.place < begins
    await database.insert("t", {"id": "next"})
    found = await texts_of(texts, b'"next"')
    assert found.count(b"event: change") == 1
    await texts.aclose()
    await database.__aexit__()


@pytest.mark.anyio
async def test_one_is_not_lost_for_what_was_before_it_began(monkeypatch):
    database, broadcast, seat, texts = await one_who_begins_before_the_pump_is_there(monkeypatch)
    waiting = asyncio.ensure_future(texts_of(texts, b'"small"'))
    while broadcast.place < seat.place:
        await asyncio.sleep(0)
    await database.insert("t", {"id": "small"})
    assert (await waiting).count(b"event: change") == 1
    await texts.aclose()
    await database.__aexit__()


@pytest.mark.anyio
async def test_one_who_begins_within_a_step_is_told_no_position_before_it():
    database = await database_with_a_table()
    await database.insert("t", [{"id": n} for n in range(1, 5)])
    broadcast = Broadcast(database, lambda _: True)
    seat = broadcast.take_seat(chosen())
    seat.place = broadcast.place = broadcast.place._replace(number=broadcast.place.number - 1, read=2)
    seat._waiting = asyncio.get_running_loop().create_future()
    await broadcast._hand_over(is_beat=True)
    assert b"id:" not in await seat._waiting
    await database.__aexit__()


@pytest.mark.anyio
async def test_one_who_is_in_step_and_falls_behind_is_lost_and_others_go_on(monkeypatch):
    monkeypatch.setattr(module, "BEHIND_BYTES", 5000)
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    slow, quick = (broadcast.take_seat(chosen()).texts() for _ in range(2))
    await anext(slow), await anext(quick)
    waiting = asyncio.ensure_future(anext(slow))
    for i in range(1, 100):
        task = asyncio.ensure_future(texts_of(quick, b'"id":%d,' % i))
        await asyncio.sleep(0)
        await database.insert("t", {"id": i, "text": "x" * 100})
        assert (await task).count(b"event: change") == 1
    assert (await waiting).count(b"event: change") == 1
    rest = [text async for text in slow]
    assert rest[-1].startswith(b'event: lost\ndata: {"latest":"')
    await quick.aclose()
    assert broadcast.seats == 0
    await database.__aexit__()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "records", [[{"id": 1, "text": "x" * 9000}], [{"id": n, "text": "x" * 100} for n in range(1, 90)]]
)
async def test_nobody_who_waits_is_lost_however_much_is_told_at_once(monkeypatch, records):
    monkeypatch.setattr(module, "BEHIND_BYTES", 5000)
    database = await database_with_a_table()
    seat = Broadcast(database, lambda _: True).take_seat(chosen()).texts()
    await anext(seat)
    for last in ([{"id": -1}], records):  # the first brings it in step
        task = asyncio.ensure_future(texts_of(seat, b'"id":%d' % last[-1]["id"]))
        await asyncio.sleep(0)
        await database.insert("t", last)
        assert (await task).count(b"event: change") == len(last)
    await seat.aclose()
    await database.__aexit__()


@pytest.mark.anyio
async def test_one_who_is_late_by_less_reads_what_is_missing_once(monkeypatch):
    monkeypatch.setattr(module, "PIECE_BYTES", 500)
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    late = broadcast.take_seat(chosen()).texts()
    await anext(late)
    for i in range(1, 60):
        await database.insert("t", {"id": i})
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    task = asyncio.ensure_future(texts_of(late, b'"id":80,'))
    for i in range(60, 81):
        await asyncio.sleep(0)
        await database.insert("t", {"id": i})
    found = await task
    assert [int(n) for n in re.findall(rb'"op":"create","id":(\d+)', found)] == [*range(1, 81)]
    await late.aclose()
    await database.__aexit__()


@pytest.mark.anyio
async def test_streams_end_with_the_database():
    database = await database_with_a_table()
    broadcast = Broadcast(database, lambda _: True)
    seat = broadcast.take_seat(chosen()).texts()
    await anext(seat)
    waiting = asyncio.ensure_future(anext(seat, b"the end"))
    await asyncio.sleep(0)
    await database.__aexit__()
    assert await asyncio.wait_for(waiting, 30) == b"the end"


@pytest.mark.anyio
async def test_the_streams_of_a_key_end_with_it(quick):
    database = await database_with_a_table()
    app = create_app(database, keys=["app:read=secret"])
    edge, context = app.state.edge, app.state.context
    grant = edge.keys.find("secret")
    seat = context.broadcast(database).take_seat(ChangesRequest(("t",), grant=grant)).texts()
    await anext(seat)
    assert (await anext(seat)).startswith(b":")
    edge.keys = Keys([read_key("other:read=secret")])
    assert [text async for text in seat][1:] == []
    assert context.followers() == 0
    await database.__aexit__()


class Loop:
    """The time that work takes, counted instead of measured: so long for a write, so long for the text of a change."""

    WRITE_S, TEXT_S = 0.000017, 0.000010

    def __init__(self, monkeypatch):
        self.now_s, self._sleep = 1000.0, asyncio.sleep
        json_of = TableChange.json
        monkeypatch.setattr(work, "TURN_S", 60.0)
        monkeypatch.setattr(module, "stopwatch_s", lambda: self.now_s)
        monkeypatch.setattr(module.asyncio, "sleep", self.sleep)
        monkeypatch.setattr(TableChange, "json", lambda change: self.spend(self.TEXT_S) or json_of(change))

    def spend(self, seconds):
        self.now_s += seconds

    async def sleep(self, seconds):
        until_s = self.now_s + seconds
        await self._sleep(0)
        while self.now_s < until_s:
            await self._sleep(0)


@pytest.mark.anyio
@pytest.mark.parametrize("at_once", [1, 50])
async def test_whoever_reads_at_once_is_told_soon_while_one_writes_at_full_speed(monkeypatch, at_once):
    database = await database_with_a_table()
    loop, broadcast = Loop(monkeypatch), Broadcast(database, lambda _: True)
    texts, told, behind = broadcast.take_seat(chosen()).texts(), 0, []

    async def read():
        nonlocal told
        async for text in texts:
            told += text.count(b"event: change")

    reader = asyncio.ensure_future(read())
    await loop.sleep(0)
    for n in range(1, 8001):
        await database.insert("t", {"id": n, "text": "x" * 200})
        loop.spend(loop.WRITE_S)
        behind.append(n - told)
        if n % at_once == 0:
            await loop.sleep(0)
    reader.cancel()
    assert max(behind) < 1000, "which is what is written within 17 ms"


@pytest.mark.anyio
@pytest.mark.parametrize("now", ["app:read=secret", "app:read:others=secret", "app:read=another", "other:read=secret"])
async def test_nothing_is_told_behind_the_end_of_a_key(now):
    database = await database_with_a_table()
    app = create_app(database, keys=["app:read=secret"])
    edge, context = app.state.edge, app.state.context
    follower = context.broadcast(database).take_seat(ChangesRequest(("t",), grant=edge.keys.find("secret"))).texts()
    await anext(follower)
    told = asyncio.ensure_future(anext(follower, b"the end"))
    await asyncio.sleep(0)
    edge.keys = Keys([read_key(now)])
    await database.insert("t", {"id": 1})
    text = await asyncio.wait_for(told, 30)
    assert b'"id":1' in text if now == "app:read=secret" else text == b"the end"
    await follower.aclose()
    await database.__aexit__()
