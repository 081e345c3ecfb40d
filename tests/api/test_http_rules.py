"""Where a request ends, and what is one: each case on all three ways to an endpoint, cut in every manner."""

import os
import time
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramekin.api.wire import connection, deadlines
from tests.conftest import FAST_PATHS, Server
from tests.data.http_cases import CASES, CHUNKS, CONNECTS, H1SPEC, HIDDEN, LIVE, UPGRADES, chunked, sized
from tests.each import each
from tests.pipe import WAYS, Service, read_answers
from tests.wire import request, wire

READ = request("GET", "/api/v1/data/t/victim")
NAME = attrgetter("name")
WRITE = request("PUT", "/api/v1/data/t/victim?upsert=true", b"{}")
LARGE_BYTES = 4096


@pytest.fixture(scope="module", params=WAYS)
def service(request):
    service = Service(request.param)
    yield service
    service.close()


def deliver(service, case, pieces):
    """Send a case, cut so, and then what shows whether the connection goes on; check what came of it."""
    service.run(service.database.insert("t", [{"id": "victim"}], on_conflict="replace"))
    before = count(service)
    pipe = service.connect()
    pipe.send(pieces)
    assert pipe.answers() == list(case.answers)
    assert pipe.is_ended != case.stays_open
    pipe.send([case.rest + LIVE])
    more = (["404 unknown-route"] if case.rest else []) + (["200"] if case.stays_open else [])
    assert pipe.answers() == [*case.answers, *more]
    pipe.end()
    assert service.run(service.database.get("t", "victim")), "the hidden request was carried out"
    assert count(service) - before == case.answers.count("201")


def count(service):
    return sum(info.stats.records for info in service.run(service.database.tables()))


@each(CASES, NAME)
def test_in_one_piece(case, service):
    deliver(service, case, [case.sent])


@each([case for case in CASES if len(case.sent) < LARGE_BYTES], NAME)
def test_byte_by_byte(case, service):
    deliver(service, case, [case.sent[i : i + 1] for i in range(len(case.sent))])


@pytest.mark.long
@each([case for case in CASES if len(case.sent) >= LARGE_BYTES], NAME)
def test_large_ones_byte_by_byte(case, service):
    deliver(service, case, [case.sent[i : i + 1] for i in range(len(case.sent))])


@each([*UPGRADES[:10], *CONNECTS, *CHUNKS], NAME)
def test_in_two_pieces(case, service):
    for cut in sorted({1, len(case.sent) // 3, len(case.sent) // 2, len(case.sent) - 1}):
        deliver(service, case, [case.sent[:cut], case.sent[cut:]])


def test_the_public_list_is_whole():
    assert len(H1SPEC) == 33


@pytest.fixture(scope="module", params=FAST_PATHS)
def server(request):
    server = Server("serve", "--fast-path", request.param)
    yield server
    assert server.stop() == 0


def ask(server, case, pieces, pause_s=0.0):
    """Send a case over a real connection, and check its answers and what became of the connection."""
    with wire(server) as connection:
        assert connection.ask(WRITE)[9:12] in (b"200", b"201")
        for piece in pieces:
            connection.send(piece)
            time.sleep(pause_s)
        assert [answer_of(connection) for _ in case.answers] == list(case.answers)
        if case.stays_open:
            connection.send(case.rest + LIVE)
            assert [answer_of(connection) for _ in range(2 if case.rest else 1)][-1] == "200"
        else:
            assert connection.is_closed()
    with wire(server) as connection:
        assert connection.ask(READ).startswith(b"HTTP/1.1 200"), "the hidden request was carried out"


def answer_of(connection):
    return read_answers(connection.read())[0]


@each(CASES, NAME)
def test_over_a_real_connection(case, server):
    ask(server, case, [case.sent])


@each([*UPGRADES[:5], *CONNECTS[:6]], NAME)
def test_over_a_real_connection_byte_by_byte(case, server):
    ask(server, case, [case.sent[i : i + 1] for i in range(len(case.sent))], 0.0003)


STAYS = b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n"


def test_an_answer_says_how_long_the_connection_stays_open(server):
    for sent in (
        READ,
        WRITE,
        request("GET", "/api/v1/data/t?limit=1"),
        request("HEAD", "/health"),
        request("GET", "/x"),
    ):
        with wire(server) as connection:
            assert STAYS % 5 in connection.ask(sent)
            assert STAYS % 5 in connection.ask(sent)


def test_an_answer_behind_which_the_connection_ends_says_nothing_of_the_kind(server):
    old = READ.replace(b"HTTP/1.1", b"HTTP/1.0")
    broken = request("GET", "/api/v1/data/t", host="y")
    for sent in (request("GET", "/api/v1/data/t/victim", connection="close"), old, broken):
        with wire(server) as connection:
            answer = connection.ask(sent)
            assert b"connection: close" in answer
            assert b"keep-alive" not in answer
            assert connection.is_closed()


@pytest.mark.parametrize("way", ["off", "protocol"])
def test_an_idle_connection_stays_a_little_longer_than_is_said(way):
    server = Server("serve", "--fast-path", way, "--keep-alive-seconds", "1")
    with wire(server) as connection:
        assert STAYS % 1 in connection.ask(WRITE)
        time.sleep(1.1)
        began = time.monotonic()
        connection.ask(READ)
        assert connection.is_closed()
        assert time.monotonic() - began >= 1 + deadlines.GRACE_S
    assert server.stop() == 0


def test_what_drips_in_gets_no_more_time_for_each_drop(service):
    for first in (READ[:20], WRITE[:-1]):
        pipe = service.connect()
        assert pipe._protocol.due_s > 0, "whoever asks nothing would stay for ever"
        pipe.send([first])
        due_s = pipe._protocol.due_s
        pipe.send([b"x"] if first == READ[:20] else [])
        assert pipe._protocol.due_s == due_s
        pipe.end()


@pytest.mark.parametrize("path", ["data/t", "query/t", "batch"])
@pytest.mark.parametrize("line", [b"Content-Type: x/y", b"Origin: https://evil.example"])
@pytest.mark.parametrize(
    ("how", "pieces"),
    [
        (b"Content-Length: 2", [b"{}"]),
        (b"Transfer-Encoding: chunked", [b"1\r\n{", b"\r\n1\r\n}\r\n0\r", b"\n\r\n"]),
        (b"Transfer-Encoding: chunked", [b"2\r\n{}\r\n0\r\nA: b", b"\r\n\r\n"]),
    ],
)
def test_no_answer_comes_before_a_short_body_that_follows_at_once(service, path, line, how, pieces):
    pipe = service.connect()
    head = b"POST /api/v1/%b HTTP/1.1\r\nHost: localhost\r\n%b\r\n%b\r\n\r\n" % (path.encode(), line, how)
    for sent in (head, *pieces):
        assert pipe.answers() == []
        pipe.send([sent])
    assert pipe.answers() == ["403 foreign-origin" if line.startswith(b"Origin") else "415 unsupported-media-type"]
    assert not pipe.is_ended


@pytest.fixture(scope="module")
def services():
    """The three ways; a short body that does not come is waited for no longer than until the next turn."""
    services = [Service(way) for way in WAYS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "SOON_S", 0)
        patch.setattr(deadlines, "SWEEP_S", 0)
        yield services
    for service in services:
        service.close()


def test_an_answer_that_needs_no_body_is_the_same_on_all_ways_without_it(services):
    sent = b'POST /api/v1/data/t HTTP/1.1\r\nHost: localhost\r\nContent-Type: x/y\r\nContent-Length: 7\r\n\r\n{"n":'
    for service in services:
        pipe = service.connect()
        pipe.send([sent])
        assert pipe.answers() == ["415 unsupported-media-type"]
        pipe.end()


PARTS = [LIVE, sized(), chunked(b'3\r\n{"n\r\n4;a="b"\r\n":1}\r\n0\r\na: b\r\n\r\n'), HIDDEN, b"\r\n", b"0\r\n\r\n", *(case.sent[:2000] for case in CASES)]  # fmt: skip
SNIPPETS = [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"\0", b"0", b"7", b";", b",", b"\xff", b"Host: a\r\n", b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n"]  # fmt: skip
REFUSALS = ("400 malformed-request", "431 head-too-large")  # of two faults either may be told


@settings(max_examples=int(os.environ.get("MUTATIONS", "50")))
@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=4),
    changes=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["cut", "put", "swap"]), st.sampled_from(SNIPPETS)), max_size=4),
    cuts=st.lists(st.floats(0, 1), max_size=5),
)  # fmt: skip
def test_whatever_is_sent_has_the_same_answers_on_all_ways_however_it_is_cut(services, parts, changes, cuts):
    data = b"".join(parts)
    for place, kind, snippet in changes:
        at = int(place * len(data))
        data = data[:at] + (b"" if kind == "cut" else snippet) + data[at + (kind != "put") :]
    places = sorted(int(cut * len(data)) for cut in cuts)
    manners = [[data], [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]]
    if len(data) < 3000:
        manners.append([data[i : i + 1] for i in range(len(data))])
    outcomes = []
    for service in services:
        for manner in manners:
            service.run(service.database.insert("t", [{"id": "victim"}], on_conflict="replace"))
            before, pipe = count(service), service.connect()
            pipe.send([piece for piece in manner if piece])
            answers = ["refused" if answer in REFUSALS else answer for answer in pipe.answers()]
            outcomes.append((answers, pipe.is_ended, count(service) - before))
            pipe.end()
    assert all(outcome == outcomes[0] for outcome in outcomes), outcomes
    assert not any(answer.startswith("5") for answer in outcomes[0][0])
