"""What requests under way hold: they wait their turn, or are told that there is too much; small ones never are."""

import asyncio

import pytest

from ramekin.api.edge import flight as flights
from ramekin.api.edge.flight import FLOOR_BYTES, SMALL_BYTES, WAITING, Flight
from ramekin.api.edge.refusals import Refusals
from ramekin.api.edge.weights import body_bytes, records_bytes
from ramekin.engine import work
from ramekin.errors import MemoryLimit, Overloaded
from ramekin.stats import MemoryStats
from tests.data.http_cases import LIVE, sized
from tests.pipe import WAYS, Service
from tests.wire import request

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
LIMIT = 100 * MIB


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Tables:
    used_bytes = passing_bytes = 0
    limit_bytes = LIMIT

    def memory(self):
        return MemoryStats(self.used_bytes, self.limit_bytes, passing_bytes=self.passing_bytes)


@pytest.fixture
def tables():
    return Tables()


@pytest.fixture
def impatient(monkeypatch):
    """Whoever waits for room does not wait long."""
    monkeypatch.setattr(flights, "WAIT_S", 0.05)


@pytest.fixture
def flight(tables):
    return Flight(tables.memory, Refusals())


async def hold(flight, size_bytes, seconds=0.0, done=None, **options):
    async with flight.room() as room:
        await room.hold(size_bytes, **options)
        await asyncio.sleep(seconds)
        if done is not None:
            done.append(size_bytes)


async def test_a_request_gives_back_what_it_held(flight):
    await hold(flight, 90 * MIB)
    assert flight.taken_bytes == 0
    async with flight.room() as room:
        await room.hold(10 * MIB)
        await room.hold(30 * MIB)
        await room.hold(20 * MIB)
        assert flight.taken_bytes == 30 * MIB
    assert flight.taken_bytes == 0


async def test_it_gives_back_when_it_fails(flight):
    room = flight.room()
    await room.hold(MIB)
    await room.__aexit__(ValueError, None, None)
    assert flight.taken_bytes == 0


async def test_one_too_many_waits_for_its_turn(flight):
    done = []
    await asyncio.gather(*[hold(flight, 40 * MIB, 0.02, done) for _ in range(5)])
    assert done == [40 * MIB] * 5
    assert flight.taken_bytes == 0


async def test_who_waits_too_long_is_told_that_there_is_too_much(flight, impatient):
    async with flight.room() as room:
        await room.hold(90 * MIB)
        with pytest.raises(Overloaded):
            await hold(flight, 20 * MIB)
        assert flight.taken_bytes == 90 * MIB
    assert flight._refusals.counts["memory"] == 1
    await hold(flight, 20 * MIB)


async def test_whoever_waits_is_served_in_order_and_nobody_is_passed(flight):
    done = []
    async with flight.room() as room:
        await room.hold(95 * MIB)
        waiting = [asyncio.create_task(hold(flight, size * MIB, 0, done)) for size in (60, 3, 50, 2)]
        await asyncio.sleep(0)
        assert done == []
    await asyncio.gather(*waiting)
    assert done == [60 * MIB, 3 * MIB, 50 * MIB, 2 * MIB]


async def grow(flight, needed_bytes, done, *, begins_again=True):
    """Hold more and more, as groups do that are found one after the other."""

    async def found():
        for size_bytes in range(2 * MIB, needed_bytes + 1, 2 * MIB):
            await room.hold(size_bytes)
            await asyncio.sleep(0)
        done.append(needed_bytes)

    async with flight.room() as room:
        await (room.in_turn(found) if begins_again else found())


@pytest.mark.parametrize("size", [30, 60, 100, 140])
async def test_many_that_grow_end_one_after_the_other(flight, size):
    done = []
    async with asyncio.timeout(20):
        await asyncio.gather(*[grow(flight, size * MIB, done) for _ in range(20)])
    assert done == [size * MIB] * 20
    assert flight.taken_bytes == 0
    assert not flight._turns


async def test_many_that_grow_and_others_that_do_not_all_end(flight):
    done = []
    async with asyncio.timeout(20):
        await asyncio.gather(
            *[grow(flight, 60 * MIB, done) for _ in range(10)],
            *[hold(flight, 70 * MIB, 0.001, done) for _ in range(5)],
            *[hold(flight, MIB, 0.001, done) for _ in range(5)],
        )
    assert len(done) == 20


async def test_who_holds_some_and_needs_more_is_before_all_who_hold_nothing(flight):
    done = []
    async with flight.room() as room:
        await room.hold(40 * MIB)
        waiting = asyncio.create_task(hold(flight, 90 * MIB, 0, done))
        await asyncio.sleep(0)
        await room.hold(80 * MIB)
        assert done == []
    await waiting


async def test_who_grows_and_cannot_begin_again_is_refused_and_one_of_them_ends(flight, monkeypatch):
    monkeypatch.setattr(flights, "STUCK_S", 0.05)
    done = []
    grown = await asyncio.gather(
        *[grow(flight, 60 * MIB, done, begins_again=False) for _ in range(3)], return_exceptions=True
    )
    assert (len(done), [each.code for each in grown if each]) == (1, ["overloaded"] * 2)


async def test_whoever_leaves_while_it_waits_for_its_turn_holds_up_nobody(flight):
    done = []
    async with flight.room() as room:
        await room.hold(50 * MIB)
        tasks = [asyncio.create_task(grow(flight, 60 * MIB, done)) for _ in range(4)]
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(flight._turns) == 4
        for task in tasks[:3]:
            task.cancel()
    await tasks[3]
    assert done == [60 * MIB]
    assert flight.taken_bytes == 0


async def test_only_so_many_wait_for_their_turn(flight, impatient):
    flight._turns.extend([flight.room()] * (WAITING + 1))
    done = []
    grown = await asyncio.gather(*[grow(flight, 60 * MIB, done) for _ in range(2)], return_exceptions=True)
    assert (len(done), [each.code for each in grown if each]) == (1, ["overloaded"])


async def test_who_waits_too_long_for_its_turn_is_refused(flight, impatient):
    flight._turns.append(flight.room())
    done = []
    grown = await asyncio.gather(*[grow(flight, 60 * MIB, done) for _ in range(2)], return_exceptions=True)
    assert (len(done), [each.code for each in grown if each]) == (1, ["overloaded"])
    assert len(flight._turns) == 1


async def test_what_connections_hold_counts_too(flight, tables):
    flight.buffered_bytes = 30 * MIB
    assert flight.fits(70 * MIB)
    assert not flight.fits(70 * MIB + 1, own_bytes=1)
    assert flight.most_buffered_bytes() == LIMIT // 4
    tables.limit_bytes = None
    assert flight.most_buffered_bytes() == float("inf")


async def test_what_is_beside_the_tables_for_a_while_counts_too(flight, tables):
    tables.passing_bytes = 30 * MIB
    assert flight.held_bytes == 30 * MIB
    assert flight.fits(70 * MIB)
    assert not flight.fits(70 * MIB + 1, own_bytes=1)


async def test_who_waits_is_asked_again_when_less_is_beside_the_tables(flight, tables):
    async with flight.room() as room:
        await room.hold(SMALL_BYTES + 1)
        tables.passing_bytes = LIMIT
        waiting = asyncio.create_task(hold(flight, 50 * MIB))
        await asyncio.sleep(0)
        tables.passing_bytes = 0
        flight.weigh(0)
        await waiting


async def test_who_waits_before_a_body_waits_longer_and_holds_up_nobody_else(flight, impatient):
    done = []
    async with flight.room() as room:
        await room.hold(60 * MIB)
        waiting = [asyncio.create_task(hold(flight, 50 * MIB, 0.01, done, is_before_body=True)) for _ in range(3)]
        await asyncio.sleep(0.12)  # longer than others wait
        await hold(flight, 40 * MIB, 0, done)
        assert done == [40 * MIB]
    await asyncio.gather(*waiting)
    assert done == [40 * MIB] + [50 * MIB] * 3
    assert flight.taken_bytes == 0


async def test_only_so_many_wait(flight):
    async with flight.room() as room:
        await room.hold(95 * MIB)
        waiting = [asyncio.create_task(hold(flight, 20 * MIB)) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await hold(flight, 20 * MIB)
    assert await asyncio.gather(*waiting) == [None] * WAITING


async def test_what_is_small_waits_for_nobody(flight, impatient):
    async with flight.room() as room:
        await room.hold(LIMIT)
        await hold(flight, SMALL_BYTES)
        with pytest.raises(Overloaded):
            await hold(flight, SMALL_BYTES + 1)


@pytest.mark.parametrize(("used", "most"), [(0, 150), (40, 110), (100, 50), (140, 25)])
async def test_what_needs_more_than_there_is_goes_alone_or_never(flight, tables, used, most):
    tables.used_bytes = used * MIB
    await hold(flight, most * MIB)
    with pytest.raises(MemoryLimit):
        await hold(flight, most * MIB + 1)


async def test_the_smallest_server_takes_a_long_body_whose_records_are_few(flight, tables):
    tables.limit_bytes = 19 * MIB  # as in a control group of 128 MiB
    async with flight.room() as room:
        await room.hold(body_bytes(14 * 10**6, room.most_bytes()), is_before_body=True)
        await room.hold(records_bytes(14 * 10**6, 14_000))
    async with flight.room() as room:
        with pytest.raises(MemoryLimit):
            await room.hold(records_bytes(14 * 10**6, 100_000))


async def test_what_goes_alone_waits_for_the_others(flight):
    done = []
    await asyncio.gather(*[hold(flight, size * MIB, 0.01, done) for size in (1, 120, 1)])
    assert done == [MIB, 120 * MIB, MIB]


@pytest.mark.parametrize(("used", "limit", "room"), [(90, 100, 25), (0, 4, 8), (4, 4, 8)])
async def test_tables_that_take_all_leave_requests_some(flight, tables, used, limit, room):
    tables.used_bytes, tables.limit_bytes = used * MIB, limit * MIB
    assert flight.fits(room * MIB, own_bytes=1)
    assert not flight.fits(room * MIB + 1, own_bytes=1)
    assert FLOOR_BYTES == 8 * MIB


async def test_without_a_limit_nothing_waits(flight, tables):
    tables.limit_bytes = None
    await asyncio.gather(*[hold(flight, 1000 * MIB, 0.01) for _ in range(10)])


async def test_a_slow_body_loses_its_room_to_whoever_waits(flight, monkeypatch):
    monkeypatch.setattr(flights, "SLOW_S", 0.01)

    async def arrive():
        async with flight.room() as room:
            await room.hold(90 * MIB)
            room.begin_body()
            await asyncio.sleep(10)

    slow = asyncio.create_task(arrive())
    await asyncio.sleep(0.03)
    await hold(flight, 20 * MIB)
    with pytest.raises(Overloaded):
        await slow
    assert flight.taken_bytes == 0


async def test_a_body_that_comes_well_keeps_its_room(flight, impatient, monkeypatch):
    monkeypatch.setattr(flights, "SLOW_S", 0.01)
    async with flight.room() as room:
        await room.hold(90 * MIB)
        room.begin_body()
        room.arrived_bytes = 90 * MIB
        await asyncio.sleep(0.03)
        with pytest.raises(Overloaded):
            await hold(flight, 20 * MIB)
        room.arrived_bytes = 0
        room.end_body()
        with pytest.raises(Overloaded):
            await hold(flight, 20 * MIB)


async def test_only_so_many_works_are_under_way_at_once(flight, monkeypatch):
    monkeypatch.setattr(flights, "WORKS", 2)
    async with flight.work(), flight.work():
        with pytest.raises(Overloaded):
            async with flight.work():
                pass
        async with flight.room():
            assert flight.works == 2
    assert flight.works == 0
    async with flight.work():
        pass


@pytest.fixture(scope="module", params=WAYS)
def service(request):
    service = Service(request.param)
    service.run(service.database.insert("t", [{"id": i, "n": -i} for i in range(3000)]))
    yield service
    service.close()


LISTS = [
    request("GET", "/api/v1/data/t?sort=n"),
    request("POST", "/api/v1/query/t", b'{"sort":"n"}'),
    request("POST", "/api/v1/query/t", b'{"group_by":["n"],"aggregate":{"c":"count"}}'),
    request("GET", "/api/v1/join/t/t/id?as=a,b&sort=a.n"),
    request("GET", "/api/v1/dump/t"),
    request("GET", "/api/v1/dump/t", accept="application/x-ndjson"),
    request("GET", "/api/v1/dump/t", accept="text/csv"),
    request("GET", "/api/v1/dump"),
]


@pytest.fixture
def taken(service, monkeypatch):
    """All the room that there is, taken by one request; whoever waits for some does not wait long."""
    flight = service.app.state.context.flight
    monkeypatch.setattr(flights, "WAIT_S", 0.06)
    monkeypatch.setattr(flights, "BODY_WAIT_S", 0.06)
    monkeypatch.setattr(flight, "_memory", lambda: MemoryStats(0, 8 * MIB))
    room = flight.room()
    service.run(room.hold(8 * MIB))
    yield room
    flight.give_back(room)


@pytest.mark.parametrize("sent", LISTS, ids=range(len(LISTS)))
def test_a_list_waits_its_turn_and_is_503_if_that_does_not_come(service, monkeypatch, taken, sent):
    flight = service.app.state.context.flight
    pipe = service.connect()
    pipe.send([sent])
    service.run(asyncio.sleep(0.12))
    pipe.send([])
    assert pipe.answers() == ["503 overloaded"]
    assert b"\r\nretry-after: 1\r\n" in pipe.written
    pipe.end()
    monkeypatch.setattr(flights, "WAIT_S", 30.0)
    pipe = service.connect()
    pipe.send([sent])
    assert pipe.written == b""
    flight.give_back(taken)
    pipe.send([])
    assert pipe.written.startswith(b"HTTP/1.1 200 ")
    pipe.end()
    assert flight.taken_bytes == 0


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", "/api/v1/query/t", b'{"group_by":["n"],"aggregate":{"a":"sum:n","b":"min:n","c":"avg:n"}}'),
        request("PATCH", "/api/v1/data/t?id=gte:0", b'{"m":"%b"}' % (b"x" * 1000), kind="application/merge-patch+json"),
    ],
    ids=["groups", "changes"],
)
def test_many_that_hold_more_and_more_are_answered_one_after_the_other(service, monkeypatch, sent):
    """Each needs more than half of what there is, and each has begun before one of them ends."""
    flight = service.app.state.context.flight
    monkeypatch.setattr(flight, "_memory", lambda: MemoryStats(0, 8 * MIB))
    monkeypatch.setattr(work, "FRONT_S", 0.0)
    pipes = [service.connect() for _ in range(6)]

    async def ask():
        for pipe in pipes:
            pipe._protocol.data_received(sent)
        while not all(pipe.written for pipe in pipes):
            await asyncio.sleep(0.01)

    service.run(ask())
    for pipe in pipes:
        assert pipe.answers() == ["200"]
        pipe.end()
    assert flight.taken_bytes == 0


def test_a_dump_of_all_is_of_the_tables_that_are_there_when_it_begins(service, monkeypatch, taken):
    """And not of those that were there before it waited for room."""
    flight = service.app.state.context.flight
    monkeypatch.setattr(flights, "WAIT_S", 30.0)
    service.run(service.database.insert("gone", [{"id": 1}]))
    pipe = service.connect()
    pipe.send([request("GET", "/api/v1/dump")])
    assert pipe.written == b""
    service.run(service.database.drop("gone"))
    flight.give_back(taken)
    pipe.send([])
    assert pipe.written.startswith(b"HTTP/1.1 200 ")
    assert b'"gone"' not in pipe.written
    pipe.end()


@pytest.mark.parametrize("sent", LISTS[4::3], ids=range(2))
def test_a_dump_that_nobody_reads_keeps_no_room_from_others(service, sent):
    service.run(service.database.load([("t", {"id": i, "text": "x" * 1000}) for i in range(3000)], is_replacing=True))
    pipe = service.connect()
    write = pipe.write
    pipe.write = lambda data: [write(data), pipe._protocol.pause_writing()]
    pipe.send([sent])
    assert pipe.written.startswith(b"HTTP/1.1 200 ")
    assert len(pipe.written) < 400_000
    assert service.app.state.context.flight.taken_bytes == 0
    pipe.end()
    service.run(service.database.load([("t", {"id": i, "n": -i}) for i in range(3000)], is_replacing=True))


@pytest.mark.parametrize("sent", LISTS[:4], ids=range(4))
def test_a_list_is_503_at_once_where_as_many_are_under_way_as_may_be(service, monkeypatch, sent):
    monkeypatch.setattr(flights, "WORKS", 0)
    pipe = service.connect()
    pipe.send([sent, LIVE])
    assert pipe.answers() == ["503 overloaded", "200"]


def test_a_long_body_is_not_read_before_there_is_room_and_records_wait_for_nobody(service, taken):
    flight = service.app.state.context.flight
    body = b'[{"n":"%b"},{"n":"%b"}]' % (b"x" * 50_000, b"x" * 50_000)
    for sent, answer in ((sized(body=body)[:-80_000], "503 overloaded"), (sized(), "201"), (LIVE, "200")):
        pipe = service.connect()
        pipe.send([sent])
        service.run(asyncio.sleep(0.12))
        pipe.send([])
        assert pipe.answers() == [answer]
        pipe.end()
    flight.give_back(taken)
    pipe = service.connect()
    pipe.send([sized(body=body)])
    service.run(asyncio.sleep(0.05))
    pipe.send([])
    assert pipe.answers() == ["201"]
    assert flight.taken_bytes == 0
