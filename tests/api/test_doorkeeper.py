"""Connections beyond what there is room for: told so and closed, and health and metrics answer all the same."""

import asyncio
import resource
import socket
import time

import pytest

from ramekin.api.edge.proxies import Proxies
from ramekin.api.edge.refusals import Refusals
from ramekin.api.wire import channel, connection, deadlines, short_way
from ramekin.api.wire.doorkeeper import ASKED, GUESTS, GUESTS_OF_ONE, Doorkeeper, Entrance
from tests.conftest import Server
from tests.data.http_cases import LIVE, get, post, sized
from tests.pipe import WAYS, Service
from tests.wire import connect, request, wire


class Inmate:
    """A connection that gives way, or does not."""

    def __init__(self, *, is_idle=False):
        self.is_idle, self.asked = is_idle, 0

    def gives_way(self):
        self.asked += 1
        return self.is_idle


class Door(Doorkeeper):
    """A doorkeeper to whom a connection is an address and a number."""

    def enter(self, peer, inmate=None):
        return super().enter(peer, inmate or Inmate())


def keep(most=3, most_of_one=2, proxies=()):
    return Door(Proxies(proxies), Refusals(), most, most_of_one)


def test_where_all_places_are_taken_one_that_is_idle_gives_way():
    door, idle, busy = keep(), Inmate(is_idle=True), Inmate()
    door.enter("10.0.0.1", busy)
    door.enter("10.0.0.1", idle)
    assert door.enter("10.0.0.1") is Entrance.INSIDE
    assert door.inside == 3  # until it has left
    door.leave("10.0.0.1", idle, Entrance.INSIDE)
    assert door.inside == 2
    assert door.enter("10.0.0.1") is Entrance.GUEST
    assert (busy.asked, idle.asked) == (2, 1)


def test_idle_ones_of_an_address_keep_their_places_from_others_while_there_are_some():
    door, idle = keep(most=5), Inmate(is_idle=True)
    door.enter("10.0.0.1", idle)
    assert [door.enter("10.0.0.2") for _ in range(3)] == [Entrance.INSIDE] * 2 + [Entrance.GUEST]
    assert idle.asked == 0


def test_whoever_comes_first_is_asked_first_and_whoever_stays_is_asked_last():
    door, inmates = keep(most=ASKED + 8, most_of_one=100), [Inmate() for _ in range(ASKED + 8)]
    for inmate in inmates:
        door.enter("10.0.0.1", inmate)
    door.enter("10.0.0.2")
    assert [inmate.asked for inmate in inmates] == [1] * ASKED + [0] * 8
    door.enter("10.0.0.2")
    assert [inmate.asked for inmate in inmates] == [2] * 8 + [1] * (ASKED - 8) + [1] * 8


def test_who_comes_when_all_places_are_taken_is_a_guest():
    door = keep()
    assert [door.enter(f"10.0.0.{i}") for i in range(5)] == [Entrance.INSIDE] * 3 + [Entrance.GUEST] * 2
    assert door.inside == 3


def test_who_leaves_makes_room():
    door, inmates = keep(), [Inmate() for _ in range(3)]
    for i, inmate in enumerate(inmates):
        door.enter(f"10.0.0.{i}", inmate)
    door.leave("10.0.0.1", inmates[1], Entrance.INSIDE)
    assert door.enter("10.0.0.9") is Entrance.INSIDE
    assert door.enter("10.0.0.8") is Entrance.GUEST


def test_one_address_has_some_places_and_others_have_theirs():
    door = keep()
    assert [door.enter("10.0.0.1") for _ in range(3)] == [Entrance.INSIDE] * 2 + [Entrance.GUEST]
    assert door.enter("10.0.0.2") is Entrance.INSIDE


def test_all_addresses_of_a_network_of_ipv6_are_one():
    door = keep()
    assert [door.enter(f"2001:db8::{i}") for i in range(3)] == [Entrance.INSIDE] * 2 + [Entrance.GUEST]
    assert door.enter("2001:db8:0:1::1") is Entrance.INSIDE


def test_a_trusted_proxy_has_as_many_as_there_is_room_for():
    door = keep(proxies=["10.0.0.0/24"])
    assert [door.enter("10.0.0.1") for _ in range(4)] == [Entrance.INSIDE] * 3 + [Entrance.GUEST]


def test_guests_are_few_in_all_and_of_one_address():
    door = keep(most=1)
    door.enter("10.0.0.1")
    entries = [door.enter("10.0.1.1") for _ in range(GUESTS_OF_ONE + 1)]
    assert entries == [Entrance.GUEST] * GUESTS_OF_ONE + [Entrance.NONE]
    entries = [door.enter(f"10.0.2.{i}") for i in range(GUESTS)]
    assert entries.count(Entrance.GUEST) == GUESTS - GUESTS_OF_ONE


def test_nothing_is_remembered_of_who_has_left():
    door, came = keep(), []
    for i in range(300):
        peer = f"10.0.{i % 7}.1"
        inmate = Inmate()
        came.append((peer, inmate, door.enter(peer, inmate)))
    for peer, inmate, entry in came:
        door.leave(peer, inmate, entry)
    assert door.inside == 0
    assert (len(door._inside_by_address), len(door._guests_by_address)) == (0, 0)
    assert door.enter("10.0.0.1") is Entrance.INSIDE


@pytest.fixture(scope="module")
def services():
    """The three ways, full."""
    services = [Service(way) for way in WAYS]
    for service in services:
        edge = service.app.state.edge
        service.app.state.short_way.doorkeeper = Doorkeeper(edge.proxies, edge.metrics.refusals, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "SWEEP_S", 0.01)
        for module in (connection, short_way):
            patch.setattr(module, "GUEST_S", 0.1)
        yield services
    for service in services:
        service.close()


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_guest_may_ask_how_the_server_is_once(services, method, path):
    for service in services:
        pipe = service.connect()
        pipe.send([request(method, path)])
        assert pipe.written.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in pipe.written
        assert pipe.is_ended
        pipe.end()


@pytest.mark.parametrize(
    "data",
    [
        get(first=b"GET /api/v1/data/t/1 HTTP/1.1"),
        get(first=b"GET /api/v1/data/t HTTP/1.1"),
        sized(),
        post(b"Content-Length: 3", first=b"POST /health HTTP/1.1"),
        get(first=b"GET /none HTTP/1.1"),
    ],
)
def test_a_guest_that_asks_anything_else_is_told_that_there_is_no_room(services, data):
    for service in services:
        pipe = service.connect()
        pipe.send([data])
        assert pipe.answers() == ["503 overloaded"]
        assert b"\r\nretry-after: 1\r\n" in pipe.written
        assert b"\r\nconnection: close\r\n" in pipe.written
        assert pipe.is_ended
        assert not pipe.is_cut
        pipe.end()


@pytest.mark.parametrize("part", [b"", LIVE[:10]])
def test_a_guest_that_asks_nothing_is_told_the_same_a_second_later(services, part):
    for service in services:
        pipe, began = service.connect(), time.monotonic()
        pipe.send([part] if part else [])
        while not pipe.is_ended:
            service.run(asyncio.sleep(0.01))
            assert time.monotonic() - began < 5
        assert pipe.answers() == ["503 overloaded"]
        pipe.end()


def test_who_comes_when_there_are_guests_enough_is_told_at_once(services):
    for service in services:
        guests = [service.connect() for _ in range(GUESTS_OF_ONE)]
        pipe = service.connect()
        assert pipe.answers() == ["503 overloaded"]
        assert pipe.is_closed
        for each in [*guests, pipe]:
            each.end()


def refused(figures, reason):
    """Return how often something was refused for a reason, as metrics tell."""
    return float(figures.partition(b'\nramekin_refusals_total{reason="%b"} ' % reason.encode())[2].split()[0])


def test_silent_connections_neither_take_all_descriptors_nor_the_server_away():
    server = Server("serve", before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (60, 192)))
    port, silent = int(server.url.rpartition(":")[2]), []
    for i in range(200):  # more than there are descriptors, from many addresses
        sock = socket.socket()
        sock.bind((f"127.0.0.{2 + i % 50}", 0))
        sock.connect(("127.0.0.1", port))
        silent.append(sock)
    for _ in range(100):
        time.sleep(0.3)  # until the guests among them have had their time, and the others have been silent for long
        with wire(server) as client:
            is_let_in = client.ask(request("GET", "/api/v1/tables")).startswith(b"HTTP/1.1 200")
        with connect(port, source="127.0.0.98") as client:
            figures = client.ask(request("GET", "/metrics"))
        if is_let_in and b"\nramekin_connections 48.0\n" in figures:
            break
    with connect(port, source="127.0.0.99") as client:
        assert client.ask(request("GET", "/health/ready")).startswith(b"HTTP/1.1 200")
    assert b"\nramekin_connections 48.0\n" in figures
    assert refused(figures, "connections") + refused(figures, "gave-way") >= 152
    assert refused(figures, "gave-way") >= 1
    for sock in silent:
        sock.close()
    with wire(server) as client:
        assert client.ask(request("GET", "/health/live")).startswith(b"HTTP/1.1 200")
        assert client.ask(request("GET", "/api/v1/tables")).startswith(b"HTTP/1.1 200")
    assert server.stop() == 0


def test_connections_that_ask_for_nothing_give_way_to_new_ones(pass_time):
    service = Service("below ASGI")
    service.app.state.short_way.doorkeeper = keep(most_of_one=4, most=4)
    silent, idle, unfinished, asking = pipes = [service.connect() for _ in range(4)]
    idle.send([LIVE])
    unfinished.send([LIVE[:9]])
    asking._protocol._task = object()
    assert service.connect()._protocol._entry is Entrance.GUEST  # nobody has been idle for long
    pass_time(silent, channel.STAY_S)
    assert [service.connect()._protocol._entry for _ in range(2)] == [Entrance.INSIDE] * 2
    assert [pipe.is_closed for pipe in pipes] == [True, True, False, False]
    silent.end()
    idle.end()
    assert service.connect()._protocol._entry is Entrance.GUEST
    asking._protocol._task = None
    service.close()
