"""Many requests at once over one connection: all are answered in order, and others are read between them."""

import asyncio
from itertools import pairwise

import pytest

from ramekin.api.wire.backlog import AT_ONCE, LONG_AT_ONCE, Backlog
from ramekin.api.wire.connection import CHUNKS_AS_ONE
from tests.data.http_cases import LIVE, get, sized
from tests.pipe import WAYS, Service
from tests.wire import request

MANY = 100


@pytest.fixture(scope="module", params=WAYS)
def service(request):
    service = Service(request.param)
    service.run(service.database.insert("t", [{"id": i} for i in range(MANY)]))
    yield service
    service.close()


@pytest.mark.parametrize("number", [AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, MANY])
def test_requests_that_come_together_are_answered_in_order(service, number):
    pipe = service.connect()
    pipe.send([b"".join(request("GET", f"/api/v1/data/t/{i}") for i in range(number))])
    assert [int(part.split(b"}")[0]) for part in pipe.written.split(b'{"id":')[1:]] == list(range(number))
    assert not pipe.is_ended
    pipe.send([LIVE])
    assert pipe.answers() == ["200"] * (number + 1)


def test_writes_among_them_are_done_once_and_a_body_may_come_in_pieces(service):
    pipe, sent = service.connect(), sized() * 20 + sized(body=b'{"last":1}')
    pipe.send([sent[:700], sent[700:-3], sent[-3:]])
    assert pipe.answers() == ["201"] * 21


def test_a_client_that_sends_its_last_byte_with_them_gets_all_answers(service):
    pipe = service.connect()
    pipe.send([LIVE * MANY], is_last=True)
    assert pipe.answers() == ["200"] * MANY
    assert pipe.is_closed


@pytest.mark.parametrize("last", [get(b"Connection: close"), b"\n\n"])
def test_the_connection_ends_where_it_would_have_ended(service, last):
    pipe = service.connect()
    pipe.send([LIVE * 30 + last + LIVE * 5])
    assert len(pipe.answers()) == 31
    assert pipe.is_ended


def test_others_are_answered_between(monkeypatch):
    service, read = Service("below ASGI"), request("GET", "/api/v1/data/none/1")
    monkeypatch.setattr(service.app.state.short_way, "backlog", Backlog(slice_s=0.0))
    flood, other = service.connect(), service.connect()
    asyncio._set_running_loop(service.loop)
    flood._protocol.data_received(read * MANY)
    asyncio._set_running_loop(None)
    assert len(flood.answers()) == AT_ONCE
    service.run(asyncio.sleep(0))
    other._protocol.data_received(read)
    assert other.written
    assert len(flood.answers()) < MANY
    for _ in range(MANY):
        service.run(asyncio.sleep(0))
    assert flood.answers() == ["404 unknown-table"] * MANY
    service.close()


def test_while_some_wait_none_is_answered_at_once(monkeypatch):
    service, read = Service("below ASGI"), request("GET", "/api/v1/data/none/1")
    monkeypatch.setattr(service.app.state.short_way, "backlog", Backlog(slice_s=0.0))
    pipes = [service.connect() for _ in range(3)]
    asyncio._set_running_loop(service.loop)
    for pipe in pipes:
        pipe._protocol.data_received(read * MANY)
    asyncio._set_running_loop(None)
    assert [len(pipe.answers()) for pipe in pipes] == [AT_ONCE, 0, 0]
    for _ in range(MANY):
        service.run(asyncio.sleep(0))
    assert all(pipe.answers() == ["404 unknown-table"] * MANY for pipe in pipes)
    service.close()


class Waiting:
    def __init__(self, log, name, times, backlog, loop):
        self.log, self.name, self.times, self.backlog, self.loop = log, name, times, backlog, loop

    def go_on(self, most):
        self.log.append(self.name)
        self.times -= 1
        if self.times:
            self.backlog.add(self, self.loop)


@pytest.mark.parametrize("slice_s", [0.0, 10.0])
def test_connections_take_turns_and_each_waits_once(slice_s):
    async def run():
        log, waits, loop = [], Backlog(slice_s=slice_s), asyncio.get_running_loop()
        for name, times in (("a", 3), ("b", 1), ("c", 2)):
            one = Waiting(log, name, times, waits, loop)
            waits.add(one, loop)
            waits.add(one, loop)
        for _ in range(10):
            await asyncio.sleep(0)
        assert log == ["a", "b", "c", "a", "c", "a"]
        assert not waits._is_begun

    asyncio.run(run())


@pytest.mark.parametrize(("slice_s", "order"), [(0.0, "bacdac"), (10.0, "bcadca")])
def test_who_has_just_sent_something_goes_before_those_that_wait_but_keeps_none_of_them_waiting(slice_s, order):
    async def run():
        log, waits, loop = [], Backlog(slice_s=slice_s), asyncio.get_running_loop()
        for name, times, is_new in (("a", 2, False), ("d", 1, False), ("b", 1, True), ("c", 2, True)):
            waits.add(Waiting(log, name, times, waits, loop), loop, is_new=is_new)
        for _ in range(10):
            await asyncio.sleep(0)
        assert "".join(log) == order

    asyncio.run(run())


def test_of_many_that_take_the_long_way_a_few_begin_in_each_turn():
    service, sent = Service("FastAPI alone"), request("GET", "/api/v1/dump/none")
    pipes = [service.connect() for _ in range(LONG_AT_ONCE * 5 + 3)]
    begun = [0]

    async def watch():
        for pipe in pipes:
            pipe._protocol.data_received(sent)
        while begun[-1] < len(pipes):
            begun.append(sum(pipe._protocol._cycle is not None or bool(pipe.written) for pipe in pipes))
            await asyncio.sleep(0)

    service.run(watch())
    assert begun[1] == LONG_AT_ONCE
    assert all(after - before <= LONG_AT_ONCE for before, after in pairwise(begun))
    for pipe in pipes:
        pipe.send([])
        assert pipe.answers() == ["404 unknown-table"]
    service.close()


def test_health_waits_for_none_of_them():
    service, sent = Service("FastAPI alone"), request("GET", "/api/v1/dump/none")
    pipes, health = [service.connect() for _ in range(100)], service.connect()
    asyncio._set_running_loop(service.loop)
    for pipe in pipes:
        pipe._protocol.data_received(sent)
    health._protocol.data_received(LIVE)
    asyncio._set_running_loop(None)
    assert health._protocol._cycle is not None
    for pipe in pipes:
        pipe.end()
    service.close()


def test_a_connection_that_has_gone_holds_up_none_of_those_behind_it():
    service, sent = Service("FastAPI alone"), request("GET", "/api/v1/dump/none")
    pipes = [service.connect() for _ in range(40)]
    asyncio._set_running_loop(service.loop)
    for pipe in pipes:
        pipe._protocol.data_received(sent)
    asyncio._set_running_loop(None)
    for pipe in pipes[10:30]:
        pipe.end()
    for pipe in pipes[30:]:
        pipe.send([])
        assert pipe.answers() == ["404 unknown-table"]
    service.close()


class Arrived(bytes):
    """What arrived, which counts the bytes that are copied out of it and out of its copies."""

    copied_bytes = 0

    def __getitem__(self, key):
        part = super().__getitem__(key)
        if isinstance(part, int):
            return part
        Arrived.copied_bytes += len(part)
        return Arrived(part)


def test_a_request_costs_the_same_however_many_wait_behind_it(monkeypatch):
    service, read = Service("below ASGI"), request("GET", "/api/v1/data/none/1")
    copied = []
    for waiting in (0, 2000):
        monkeypatch.setattr(Arrived, "copied_bytes", 0)
        asyncio._set_running_loop(service.loop)
        service.connect()._protocol.data_received(Arrived(read * (AT_ONCE + waiting)))
        asyncio._set_running_loop(None)
        copied.append(Arrived.copied_bytes)
    service.close()
    assert copied[1] == copied[0] > 0


def test_what_waits_is_not_copied_while_it_waits(monkeypatch):
    monkeypatch.setattr(Arrived, "copied_bytes", 0)
    service, count = Service("below ASGI"), 2000
    pipe, sent = service.connect(), Arrived(request("GET", "/api/v1/data/none/1") * count)
    pipe.send([sent])
    assert pipe.answers() == ["404 unknown-table"] * count
    service.close()
    assert 0 < Arrived.copied_bytes <= len(sent)


def test_a_body_in_tiny_chunks_is_read_bit_by_bit_and_copied_once(service, monkeypatch):
    monkeypatch.setattr(Arrived, "copied_bytes", 0)
    record = b'{"id": "tiny", "text": "%b"}' % (b"x" * 9000)
    chunks = Arrived(b"".join(b"1\r\n%c\r\n" % byte for byte in record) + b"0\r\n\r\n")
    head = request(
        "PUT", "/api/v1/data/t/tiny?upsert=true", Content_Type="application/json", Transfer_Encoding="chunked"
    )
    pipes, other = [service.connect() for _ in range(3)], service.connect()
    for pipe in pipes:
        pipe.send([head[:-2], head[-2:]])
    asyncio._set_running_loop(service.loop)
    for pipe in pipes:
        pipe._protocol.data_received(chunks)
    read_bytes = [len(pipe._protocol._cycle._content) for pipe in pipes]
    other._protocol.data_received(LIVE)
    asyncio._set_running_loop(None)
    assert read_bytes == [AT_ONCE * CHUNKS_AS_ONE, 0, 0], "the first begins, the others wait for their turn"
    for pipe, answer in zip(pipes, ["201", "200", "200"], strict=True):
        pipe.send([LIVE])
        assert pipe.answers() == [answer, "200"]
    other.send([])
    assert other.answers() == ["200"]
    assert Arrived.copied_bytes <= 3 * len(chunks)
    assert service.run(service.database.get("t", "tiny")).count(b"x") == 9001
