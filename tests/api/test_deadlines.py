"""How long the other end of a connection is waited for: for a head, a body, a reader, the next request."""

import asyncio
import time

import pytest

from ramekin.api.wire import deadlines
from ramekin.api.wire.deadlines import LATE_AT_ONCE, Deadlines, Sweep
from tests.data.http_cases import LIVE, get, sized
from tests.pipe import WAYS, Service
from tests.wire import request

SHORT = Deadlines(head_s=0.2, body_s=0.2, reader_s=0.4)
FIGURES = request("GET", "/metrics")


@pytest.fixture(scope="module")
def services():
    """The three ways, with little patience."""
    services = [Service(way) for way in WAYS]
    for service in services:
        service.app.state.short_way.deadlines = SHORT
        service.app.state.short_way.idle_s = 0.4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "SWEEP_S", 0.01)
        yield services
    for service in services:
        service.close()


def wait(service, pipe, *, drip=b""):
    """Wait until the server closes or ends a connection; return how long that took."""
    began = time.monotonic()
    while not pipe.is_ended:
        assert time.monotonic() - began < 5
        pipe.send([drip] if drip else [])
        service.run(asyncio.sleep(0.01))
    return time.monotonic() - began


def refusals(service, reason):
    pipe = service.connect()
    pipe.send([FIGURES])
    line = next(line for line in pipe.written.split(b"\n") if line.startswith(b'ramekin_refusals_total{reason="%b"}' % reason))  # fmt: skip
    pipe.end()
    return float(line.split()[-1])


def test_a_connection_that_asks_nothing_is_closed_without_a_word(services):
    for service in services:
        pipe = service.connect()
        wait(service, pipe)
        assert pipe.written == b""
        pipe.end()


def test_one_that_has_asked_is_kept_as_long_as_idle_ones_are(services):
    for service in services:
        pipe = service.connect()
        pipe.send([LIVE])
        wait(service, pipe)
        assert pipe.answers() == ["200"]
        pipe.end()


@pytest.mark.parametrize("drip", [b"", b"x"])
def test_a_head_that_is_not_whole_in_time_is_408_however_it_drips(services, drip):
    for service in services:
        before, pipe = refusals(service, b"head-too-slow"), service.connect()
        pipe.send([LIVE, LIVE[:10]])
        wait(service, pipe, drip=drip)
        assert pipe.answers() == ["200", "408 head-too-slow"]
        assert b"\r\nconnection: close\r\n" in pipe.written
        assert refusals(service, b"head-too-slow") == before + 1
        pipe.end()


def test_the_time_of_a_head_begins_with_its_first_byte(services):
    for service in services:
        pipe = service.connect()
        before_s = pipe._protocol.due_s
        pipe.send([LIVE[:1]])
        first_s = pipe._protocol.due_s
        pipe.send([LIVE[1:2]])
        assert before_s < first_s == pipe._protocol.due_s
        pipe.end()


def test_a_body_that_is_late_is_408_and_counted(services):
    for service in services:
        before, pipe = refusals(service, b"body-too-slow"), service.connect()
        pipe.send([sized()[:-1]])
        wait(service, pipe)
        assert pipe.answers() == ["408 body-too-slow"]
        assert refusals(service, b"body-too-slow") == before + 1
        pipe.end()


def keep_waiting(pipe, unread_bytes):
    """The client reads no more: so much of what was written stays here."""
    pipe.unread_bytes = unread_bytes
    pipe._protocol.pause_writing()


def test_a_reader_that_takes_nothing_is_cut(services):
    for service in services:
        before, pipe = refusals(service, b"reader-too-slow"), service.connect()
        pipe.send([LIVE])
        keep_waiting(pipe, 100_000)
        pipe.send([LIVE])
        wait(service, pipe)
        assert pipe.is_cut
        assert pipe.answers() == ["200"]
        assert refusals(service, b"reader-too-slow") == before + 1
        pipe.end()


def test_a_reader_that_takes_nothing_of_a_short_answer_is_cut_too(services):
    for service in services:
        pipe = service.connect()
        pipe.send([LIVE])
        pipe.unread_bytes = 100
        wait(service, pipe)
        assert pipe.is_cut
        pipe.end()


@pytest.mark.parametrize(("takes_bytes", "is_cut"), [(100, True), (1000, False)])
def test_a_reader_must_take_a_kibibyte_a_second(services, pass_time, takes_bytes, is_cut):
    for service in services:
        pipe = service.connect()
        pipe.send([LIVE])
        keep_waiting(pipe, 100_000)
        for _ in range(4):
            pass_time(pipe, 0.15)
            pipe.unread_bytes -= takes_bytes
        assert pipe.is_cut == is_cut
        pipe.end()


def test_a_reader_that_has_taken_nearly_all_begins_anew(services, pass_time):
    for service in services:
        pipe = service.connect()
        pipe.send([LIVE])
        for _ in range(3):
            keep_waiting(pipe, 100_000)
            pass_time(pipe, 0.3)
            pipe.unread_bytes = 0
            pipe._protocol.resume_writing()
        assert not pipe.is_ended
        pipe.end()


def test_a_last_answer_that_nobody_reads_is_not_waited_for_for_ever(services):
    for service in services:
        pipe = service.connect()
        pipe.unread_bytes = 100
        pipe.send([get(b"Connection: close")], is_last=True)
        pipe._protocol.due_s = 0.0
        began = time.monotonic()
        while not pipe.is_cut:
            assert time.monotonic() - began < 5
            service.run(asyncio.sleep(0.01))
        pipe.end()


def test_a_flood_is_told_to_the_log_in_one_line(services, caplog):
    service = Service("below ASGI")
    for _ in range(20):
        pipe = service.connect()
        pipe.send([b"\n\n"])
        assert pipe.answers() == ["400 malformed-request"]
    lines = [record for record in caplog.records if record.message == "refused"]
    assert [(line.reason, line.times, line.last_address) for line in lines] == [("malformed", 1, "127.0.0.1")]
    assert refusals(service, b"malformed") == 20
    service.close()


class Budget:
    """What connections may hold together, and what they were found to hold."""

    def __init__(self, most_bytes=1000):
        self.most_bytes, self.buffered_bytes = most_bytes, 0

    def most_buffered_bytes(self):
        return self.most_bytes

    def weigh(self, buffered_bytes):
        self.buffered_bytes = buffered_bytes


class Waiting:
    def __init__(self, size_bytes=0, due_s=0.0):
        self.due_s, self.expired = due_s, 0
        self.size_bytes, self.is_cut = size_bytes, False

    def held_bytes(self):
        return self.size_bytes

    def cut(self):
        self.is_cut = True

    def expire(self, now_s):
        self.expired += 1
        self.due_s = now_s + 60


@pytest.mark.parametrize("number", [0, 1, LATE_AT_ONCE, LATE_AT_ONCE + 1, 3 * LATE_AT_ONCE])
def test_a_sweep_tells_all_that_are_late_once_and_some_in_a_turn(monkeypatch, number):
    monkeypatch.setattr(deadlines, "SWEEP_S", 0.01)

    async def run():
        sweep, all_of_them, loop = Sweep(Budget()), [Waiting() for _ in range(number)], asyncio.get_running_loop()
        for one in all_of_them:
            sweep.watch(one, loop)
        told, most = 0, 0
        deadline = time.monotonic() + 5
        while told < number:
            await asyncio.sleep(0)
            now = sum(one.expired for one in all_of_them)
            told, most = now, max(most, now - told)
            assert time.monotonic() < deadline
        await asyncio.sleep(0.03)
        assert [one.expired for one in all_of_them] == [1] * number
        assert most <= LATE_AT_ONCE
        for one in all_of_them:
            sweep.forget(one)
        await asyncio.sleep(0.03)
        assert not sweep._is_begun, "it goes on without connections"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [([], []), ([1000], []), ([1001], [1001]), ([1, 600, 500, 2], [600]), ([900, 800, 700, 3], [900, 800])],
)
def test_where_connections_hold_too_much_those_that_hold_most_are_cut(monkeypatch, sizes, cut):
    monkeypatch.setattr(deadlines, "SWEEP_S", 0.01)
    budget, waiting = Budget(), [Waiting(size, due_s=float("inf")) for size in sizes]

    async def run():
        sweep = Sweep(budget)
        for one in [*waiting, Waiting(due_s=float("inf"))]:
            sweep.watch(one, asyncio.get_running_loop())
        await asyncio.sleep(0.03)

    asyncio.run(run())
    assert budget.buffered_bytes == sum(sizes)
    assert [one.size_bytes for one in waiting if one.is_cut] == cut


def test_the_sweep_goes_on_while_a_server_ends_whose_database_is_closed(monkeypatch):
    monkeypatch.setattr(deadlines, "SWEEP_S", 0)
    service, told = Service("below ASGI"), []
    service.loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    pipe = service.connect()
    service.run(service.database.__aexit__())
    pipe._protocol.due_s = 0.0
    pipe.send([])
    assert pipe.is_ended
    assert told == []
    service.close()


class Broken(Waiting):
    def expire(self, now_s):
        super().expire(now_s)
        raise ZeroDivisionError


def test_a_fault_of_one_connection_leaves_no_other_without_an_end(monkeypatch):
    monkeypatch.setattr(deadlines, "SWEEP_S", 0)
    all_of_them, told = [Broken(), Waiting(), Broken(), Waiting()], []

    async def run():
        loop, sweep = asyncio.get_running_loop(), Sweep(Budget())
        loop.set_exception_handler(lambda _, context: told.append(type(context["exception"])))
        for number in (1, 2):
            for one in all_of_them:
                one.due_s = 0.0
                sweep.watch(one, loop)
            for _ in range(100):
                await asyncio.sleep(0)
            assert [one.expired for one in all_of_them] == [number] * 4

    asyncio.run(run())
    assert told == [ZeroDivisionError] * 4


def test_what_is_not_whole_and_what_is_not_read_is_counted_with_what_is_in_flight(monkeypatch):
    monkeypatch.setattr(deadlines, "SWEEP_S", 0.01)
    service = Service("below ASGI")
    flight, unfinished, unread = service.app.state.context.flight, service.connect(), service.connect()
    unfinished.send([LIVE[:20]])
    unread.unread_bytes = 5000
    service.run(asyncio.sleep(0.03))
    assert flight.buffered_bytes == 5020
    monkeypatch.setattr(flight, "most_buffered_bytes", lambda: 4000)
    service.run(asyncio.sleep(0.03))
    assert (unread.is_cut, unfinished.is_cut) == (True, False)
    service.close()
