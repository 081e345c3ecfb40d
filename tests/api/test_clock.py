"""The database's clock over HTTP, under `--dev`: what is told of time goes by it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from ramekin import Database, now, uuid7
from ramekin.api.app import create_app
from ramekin.clock import MovableClock
from ramekin.schema.bounds import MAX_LIFETIME_S
from ramekin.testing import SetClock
from ramekin.values.ids import RepeatedIds
from tests.conftest import start_database
from tests.document import Judge
from tests.inside import InsideClient

API = "/api/v1"


class Visit(BaseModel):
    id: str = Field(default_factory=lambda: str(uuid7()))
    at: datetime = Field(default_factory=now)


def made_with(clock, **options):
    database = Database({"visits": Visit}, clock=clock)
    asyncio.run(database.__aenter__())
    app = create_app(database, is_dev=True, **options)
    return InsideClient(app, base_url="http://127.0.0.1:8000"), Judge(app.openapi())


@pytest.fixture
def api():
    client, judge = made_with(MovableClock(SetClock(datetime(2026, 1, 1, tzinfo=UTC))))
    with client, judge.listening(client):
        yield client


def test_it_is_real_until_it_is_set(api):
    assert api.get(f"{API}/clock").json() == {"now": "2026-01-01T00:00:00.000Z", "is_frozen": False, "is_real": True}
    told = api.put(f"{API}/clock", json={"now": "2027-01-01T01:00:00+01:00", "is_frozen": True})
    assert told.json() == {"now": "2027-01-01T00:00:00.000Z", "is_frozen": True, "is_real": False}
    assert api.put(f"{API}/clock", json={"advance_s": 1.5}).json()["now"] == "2027-01-01T00:00:01.500Z"
    assert api.delete(f"{API}/clock").status_code == 204
    assert api.get(f"{API}/clock").json() == {"now": "2026-01-01T00:00:00.000Z", "is_frozen": False, "is_real": True}


def test_it_may_be_stopped_where_it_is(api):
    assert api.put(f"{API}/clock", json={"is_frozen": True}).json()["is_frozen"] is True
    assert api.put(f"{API}/clock", json={"now": "2026-06-01T00:00:00Z"}).json()["is_frozen"] is False


def test_models_and_ids_follow_it(api):
    api.put(f"{API}/clock", json={"now": "2030-05-05T05:05:05Z", "is_frozen": True})
    visit = api.post(f"{API}/data/visits", json={}).json()
    assert visit["at"] == "2030-05-05T05:05:05Z"
    plain = api.post(f"{API}/data/plain", json={}).json()
    for made in (visit["id"], plain["id"]):
        assert UUID(made).int >> 80 == int(datetime(2030, 5, 5, 5, 5, 5, tzinfo=UTC).timestamp() * 1000)


def test_branches_and_changes_follow_it(api):
    api.put(f"{API}/branches/one", json={"ttl_s": 60})
    api.put(f"{API}/clock", json={"advance_s": 59})
    assert api.get(f"{API}/branches/one").status_code == 200
    api.put(f"{API}/clock", json={"advance_s": 1})
    assert api.get(f"{API}/branches/one").status_code == 404
    latest = api.get(f"{API}/changes").json()["latest"]
    api.put(f"{API}/clock", json={"now": "2030-05-05T05:05:05Z", "is_frozen": True})
    api.post(f"{API}/data/plain", json={})
    assert api.get(f"{API}/changes?since={latest}").json()["data"][0]["at"].startswith("2030-05-05T05:05:05")


def test_a_rate_limit_follows_it():
    client, _ = made_with(MovableClock(SetClock()), rate_limit="3/minute")
    with client:
        client.put(f"{API}/clock", json={"is_frozen": True})
        assert [client.get(f"{API}/tables").status_code for _ in range(4)] == [200, 200, 200, 429]
        client.app.state.context.clock.advance(120)
        assert client.get(f"{API}/tables").status_code == 200


def test_no_limit_is_in_the_way_of_who_sets_it():
    client, _ = made_with(MovableClock(SetClock()), rate_limit="1/minute")
    with client:
        assert [client.get(f"{API}/tables").status_code for _ in range(2)] == [200, 429]
        for send in (client.get, client.delete) * 2:
            assert send(f"{API}/clock").status_code < 300
        assert client.put(f"/b/one{API}/clock", json={"advance_s": 120}).status_code == 200
        assert client.get(f"{API}/tables").status_code == 200


def test_a_rate_limit_ends_also_while_it_stands_still():
    real = SetClock()
    client, _ = made_with(MovableClock(real), rate_limit="3/minute", keys=["all:admin=secret"])
    with client:
        key = {"Authorization": "Bearer secret"}
        assert client.put(f"{API}/clock", json={"is_frozen": True}, headers=key).status_code == 200
        assert [client.get(f"{API}/tables", headers=key).status_code for _ in range(4)] == [200, 200, 200, 429]
        real.advance(120)
        assert client.get(f"{API}/tables", headers=key).status_code == 200
        wrong = {"Authorization": "Bearer wrong"}
        assert [client.get(f"{API}/tables", headers=wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
        real.advance(120)
        assert client.get(f"{API}/tables", headers=wrong).status_code == 401
        client.put(f"{API}/clock", json={"now": "2000-01-01T00:00:00Z"}, headers=key)
        assert client.get(f"{API}/clock", headers=key).json()["now"] == "2000-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"time": 1}, "/time"),
        ({"now": 1}, "/now"),
        ({"now": "2027-01-01"}, "/now"),
        ({"now": "2027-01-01T00:00:00"}, "/now"),
        ({"now": "tomorrow"}, "/now"),
        ({"now": "1969-12-31T23:59:59Z"}, "/now"),
        ({"now": "0001-01-01T00:00:00+14:00"}, "/now"),
        ({"now": "9001-01-01T00:00:00Z"}, "/now"),
        ({"now": "9999-12-31T23:59:59Z"}, "/now"),
        ({"is_frozen": 1}, "/is_frozen"),
        ({"advance_s": 0}, "/advance_s"),
        ({"advance_s": True}, "/advance_s"),
        ({"advance_s": 1e15}, "/advance_s"),
        ({"advance_s": 7000 * 366 * 86400}, "/advance_s"),
        ({"advance_s": 1, "is_frozen": True}, "/advance_s"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_its_place(api, body, pointer):
    before = api.get(f"{API}/clock").json()
    answer = api.put(f"{API}/clock", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-clock")
    assert [fault["pointer"] for fault in answer.json().get("errors", [])] == [pointer]
    assert api.get(f"{API}/clock").json() == before


@pytest.mark.parametrize("now", ["9000-12-31T23:59:59.999Z", "2026-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000Z"])
def test_a_time_is_told_as_it_was_set(api, now):
    assert api.put(f"{API}/clock", json={"now": now, "is_frozen": True}).json()["now"] == now


def test_what_is_written_at_the_end_of_its_time_can_be_told(api):
    assert api.put(f"{API}/clock", json={"now": "9000-12-31T23:59:59.999Z"}).status_code == 200
    assert api.get(f"{API}/clock").json()["now"] >= "9000-12-31"
    latest = api.get(f"{API}/changes").json()["latest"]
    made = api.post(f"{API}/data/t?ttl={MAX_LIFETIME_S}", json={})
    assert (made.status_code, made.headers["expires"][-17:-13]) == (201, "9101")
    assert api.get(f"{API}/changes?since={latest}").json()["data"][0]["at"] >= "9000-12-31"
    assert api.put(f"{API}/branches/late", json={"ttl_s": 366 * 86400}).status_code == 201
    assert api.get(f"{API}/branches").status_code == 200
    assert api.get("/health").json()["uptime_seconds"] < 1000
    api.delete(f"{API}/clock")


def test_a_clock_that_a_program_gave_stays():
    client, _ = made_with(SetClock())
    with client:
        assert client.get(f"{API}/clock").json()["is_real"] is False
        assert client.put(f"{API}/clock", json={"is_frozen": True}).json()["code"] == "clock-stays"
        assert client.delete(f"{API}/clock").json()["code"] == "clock-stays"


def test_without_dev_there_is_none():
    with InsideClient(create_app(start_database()), base_url="http://127.0.0.1:8000") as client:
        assert client.get(f"{API}/clock").json()["code"] == "unknown-route"


def test_what_is_steady_never_goes_back():
    real = SetClock()
    clock, told = MovableClock(real), []
    for step in (
        lambda: clock.set(0),
        lambda: clock.advance(3600),
        lambda: clock.set(clock.wall_ms() + 5000, is_frozen=True),
        lambda: real.advance(100),
        lambda: clock.set(1000),
        lambda: real.advance(1),
        clock.follow,
        lambda: real.advance(1),
    ):
        before = clock.steady_s()
        step()
        told.append(clock.steady_s() - before)
    assert [round(seconds, 3) for seconds in told] == [0, 3600, 5, 0, 0, 1, 0, 1]
    assert clock.wall_ms() == real.wall_ms()


def test_ids_repeat_with_a_seed():
    def some(seed):
        clock = MovableClock()
        ids = RepeatedIds(clock, seed)
        found = [ids.text() for _ in range(100)]
        clock.set(1_900_000_000_000, is_frozen=True)
        return found + [ids.text() for _ in range(3)]

    assert some(1) == some(1) == sorted(some(1))
    assert not {*some(1)} & {*some(2)}
    assert int(some(1)[-1].replace("-", ""), 16) >> 80 == 1_900_000_000_000
