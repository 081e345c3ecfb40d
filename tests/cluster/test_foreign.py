"""What somebody else has put into the keys of a database: who meets it, what is told, and how it ends."""

import asyncio
import json
import time
from secrets import token_hex

import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.cluster import feed
from ramekin.cluster.admission import Unfit
from ramekin.cluster.line import DEADLINE_S, deadline_s
from ramekin.engine import link
from ramekin.engine.replicated import Replicated
from ramekin.errors import RamekinError, Unavailable
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, change, define, put
from tests.cluster.nodes import running
from tests.cluster.processes import agree, another, is_well, servers_of, sharing, soon
from tests.inside import InsideClient

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


@pytest.mark.parametrize("key", ["1", "2"])
async def test_a_record_that_was_changed_or_made_by_hand_is_met_by_the_next_write_of_it(servers, node, key):
    async with sharing(servers, 1) as [one]:
        await put(one, "t", body(1))
        records = one._link.keys.records("t")
        was = node.ask("HGET", records, key)
        node.ask("HSET", records, key, body(int(key), by="hand"))
        assert one.tables.get("t", key) == was, "reads go on as they were"
        began_s = time.monotonic()
        with pytest.raises(Unavailable, match="changed by somebody else than Ramekin") as met:
            await change(one, "t", key, lambda _: body(int(key), by="us"))
        assert time.monotonic() - began_s < link.SILENCE_S, "whoever asks need not wait for the deadline"
        assert "restart each server" in met.value.hint
        [warning] = one._link.stats().warnings
        assert f"the nodes hold what Ramekin has not written at t/{key}" in warning
        assert await one.state() == "ok", "all else goes on"
        await put(one, "t", body(3))
        if was is None:
            node.ask("HDEL", records, key)
        else:
            node.ask("HSET", records, key, was)
        await change(one, "t", key, lambda _: body(int(key), by="us"))
        assert not one._link.stats().warnings
        async with another(one) as new:
            assert new.tables.get("t", key) == body(int(key), by="us")


async def test_a_unique_value_that_was_taken_by_hand_is_met_too(servers, node):
    async with sharing(servers, 1) as [one]:
        await define(one, "t", Definition(unique=("k",)))
        await put(one, "t", body(1, k="a"))
        claims = one._link.keys.claims("t")
        [claim, _] = node.ask("HGETALL", claims)
        node.ask("HSET", claims, claim, "nobody")
        with pytest.raises(Unavailable, match="changed by somebody else"):
            await change(one, "t", "1", lambda _: body(1, k="b"))
        await put(one, "t", body(2, k="b"))


async def test_what_was_changed_by_hand_is_read_by_whoever_reads_everything_anew(servers, node):
    async with sharing(servers, 1) as [one]:
        await put(one, "t", body(1))
        node.ask("HSET", one._link.keys.records("t"), "1", body(1, by="hand"))
        with pytest.raises(Unavailable):
            await change(one, "t", "1", lambda _: body(1, by="us"))
        node.ask("HSET", one._link.keys.of("head"), "lineage", "another")
        await soon(lambda: one._link.feed.readings == 2)
        assert not one._link.stats().warnings
        assert one.tables.get("t", "1") == body(1, by="hand")
        await change(one, "t", "1", lambda _: body(1, by="us"))


async def test_those_who_race_for_a_record_never_take_each_other_for_somebody_else(servers):
    async with sharing(servers, 3) as engines:
        await put(engines[0], "t", body(1, n=0))
        await agree(*engines)

        def one_more(before):
            return body(1, n=json.loads(before)["n"] + 1)

        await asyncio.gather(*(change(engine, "t", "1", one_more) for engine in engines for _ in range(40)))
        await agree(*engines)
        assert json.loads(engines[0].tables.get("t", "1"))["n"] == 120
        assert not any(engine._link.stats().warnings for engine in engines)


def test_readiness_names_the_record(node, servers):
    name = token_hex(8)
    database = Database(engine=Replicated(servers, name))
    with InsideClient(create_app(database)) as api:
        api.run(database.__aenter__())
        assert api.post("/api/v1/data/users", json={"id": 1}).status_code == 201
        node.ask("HSET", f"{{ramekin:{name}}}records:users", "1", '{"id":1,"by":"hand"}')
        refusal = api.put("/api/v1/data/users/1", json={"id": 1})
        assert (refusal.status_code, refusal.json()["code"]) == (503, "unavailable")
        assert "retry-after" in refusal.headers
        told = api.get("/health/ready")
        assert (told.status_code, told.json()["status"]) == (200, "ok")
        assert "not written at users/1" in told.json()["warnings"][0]
        api.run(database.__aexit__())


@pytest.mark.long
@pytest.mark.parametrize("replicas", [0, 1])
@pytest.mark.parametrize(("field", "value"), [("rev", "what is this"), ("nonce", b"\xff"), ("lineage", b"\xff")])
async def test_a_head_that_cannot_be_read_is_told_until_it_can(monkeypatch, replicas, field, value):
    monkeypatch.setattr(feed, "UNFIT_PAUSE_S", 0.01)
    monkeypatch.setattr(feed, "WAIT_S", 0.05)
    monkeypatch.setattr(link, "SILENCE_S", 0.3)
    with running(replicas=replicas) as [node, *_]:
        async with sharing(servers_of([node]), 1, acknowledged_by="auto") as [one]:
            await put(one, "t", body(1))
            head = one._link.keys.of("head")
            was = node.ask("HGET", head, field)
            node.ask("HSET", head, field, value)
            if field != "lineage":  # whatever a history is called, it can be read
                await soon(lambda: one._link.stats().trouble)
                assert await one.state() == "failed"
                with pytest.raises(RamekinError):
                    await one._link.catch_up(deadline_s() - DEADLINE_S + 0.3)
                await soon(lambda: "holds something that Ramekin has not written" in one._link.feed.trouble.why)
                assert not one._link._fault
                node.ask("HSET", head, field, was)
                await soon(lambda: is_well(one))
            await put(one, "t", body(3))
            await soon(lambda: not one._link.stats().trouble)
            await soon(lambda: is_well(one))


async def test_an_entry_that_is_none_is_told_where_it_would_say_what_became_of_a_call(servers, node):
    async with sharing(servers, 1) as [one]:
        await put(one, "t", body(1))
        was_kept = one._link.feed.was_kept

        async def unfit(*_):
            one._link.feed.was_kept = was_kept
            raise Unfit("the feed has the entry 2-0, which Ramekin has not written: XDEL it there")

        one._link.feed.was_kept = unfit
        send = one._link.line._send

        async def lost_after_it_was_done(connection, calls):
            one._link.line._send = send
            await send(connection, calls)
            for call in calls:
                call.reply = asyncio.get_running_loop().create_future()
            return calls

        one._link.line._send = lost_after_it_was_done
        await put(one, "t", body(2))
        assert await one.state() == "ok"
