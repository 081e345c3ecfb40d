"""Nodes fail, stop and lose their slot while processes write: what was acknowledged is there, once, and all go on."""

import asyncio
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

import hiredis
import pytest

from ramekin.clock import stopwatch_s
from ramekin.cluster.replicas import replicas_of_myself
from ramekin.engine.replicated import Replicated
from ramekin.errors import OutcomeUnknown, Unavailable
from ramekin.testing.engines.steps import body, ids, load, put
from tests.cluster import network
from tests.cluster.nodes import is_ready, needed_server, running
from tests.cluster.processes import agree, another, everything, is_well, servers_of, sharing, soon
from tests.cluster.recorder import IN_TIME_S, Clients

pytestmark = pytest.mark.anyio


def primary_of(engine, nodes):
    return next(node for node in nodes if node.port == engine._link.slot._owner.port)


def promoted(nodes, owner):
    """Say whether the replica of a primary has taken its place."""
    return nodes[nodes.index(owner) + 3].ask("ROLE")[0] == b"master"


async def settled(clients, engines):
    """Stop clients, see that all agree, and that what clients were told is so; return it."""
    told = await clients.end()
    await agree(*engines)
    told.check(engines[0])
    return told


async def test_a_primary_that_is_killed_loses_nothing_that_replicas_confirmed():
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as engines:
            clients = Clients(engines, "killed")
            await asyncio.sleep(0.3)
            owner = primary_of(engines[0], nodes)
            owner.kill()
            before = len(clients.told.created)
            await soon(lambda: promoted(nodes, owner), 20)
            with pytest.raises(Unavailable):
                await put(engines[0], "t", body("nobody"))  # no replica is left to confirm it
            owner.start()
            await soon(lambda: len(clients.told.created) > before + 50, 20)
            told = await settled(clients, engines)
            assert told.longest_s < IN_TIME_S


@pytest.mark.long
async def test_a_primary_that_was_stopped_and_goes_on_does_nothing_twice():
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as engines:
            clients = Clients(engines, "stopped")
            await asyncio.sleep(0.3)
            owner = primary_of(engines[0], nodes)
            owner.process.send_signal(signal.SIGSTOP)
            try:
                await soon(lambda: promoted(nodes, owner), 20)
            finally:
                owner.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(1)
            await settled(clients, engines)


@pytest.mark.long
async def test_a_slot_that_is_moved_is_followed():
    with running(primaries=3, replicas=0) as nodes:
        async with sharing(servers_of(nodes)) as engines:
            await load(engines[0], {"t": {f"x{n}": body(f"x{n}") for n in range(3000)}})
            clients = Clients(engines, "moved")
            await asyncio.sleep(0.3)
            move(engines[0]._link.slot.number, primary_of(engines[0], nodes), nodes)
            await asyncio.sleep(0.5)
            told = await settled(clients, engines)
            assert told.maybe == 0


@pytest.mark.long
async def test_nodes_that_are_restarted_one_after_another_lose_nothing():
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as engines:
            clients = Clients(engines, "restarted")
            for node in nodes:
                others = [each for each in nodes if each is not node]
                node.stop()
                await soon(lambda others=others: sum(each.ask("ROLE")[0] == b"master" for each in others) == 3, 20)
                node.start()
                await soon(lambda: all(is_whole(each) for each in nodes), 30)
            told = await settled(clients, engines)
            assert told.longest_s < IN_TIME_S


def is_whole(node):
    with suppress(OSError, hiredis.ReplyError):
        told = node.ask("CLUSTER", "NODES")
        return b"fail" not in told and told.count(b"slave") == 3 and is_ready(node, 6, 3)
    return False


@pytest.mark.long
def test_histories_fit_one_copy_whatever_happens_to_the_primary(tmp_path):
    needed_server()
    network.needed()
    page = tmp_path / "page.md"
    sizes = ["--kills", "1", "--stops", "1", "--cuts", "3", "--unconfirmed", "0", "--served", "2"]
    command = [sys.executable, "-m", "tests.cluster.torture", *sizes, "--page", page]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=150)
    assert done.returncode == 0, page.read_text()


def move(slot, source, nodes):
    target = next(node for node in nodes if node is not source)
    ids = {node: node.ask("CLUSTER", "MYID") for node in (source, target)}
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
    while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
        source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
    for node in (target, source, *nodes):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[target])


async def test_a_replica_that_is_lost_stops_what_needs_it_until_it_is_back(monkeypatch):
    with running(replicas=2) as nodes:
        async with sharing(servers_of(nodes), 1, acknowledged_by="replicas") as [one]:
            await put(one, "t", body(1))
            monkeypatch.setattr("ramekin.cluster.line.CONFIRM_MS", 100)
            nodes[2].process.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(OutcomeUnknown):
                    await put(one, "t", body(2))
            finally:
                nodes[2].process.send_signal(signal.SIGCONT)
            for number in range(100):
                with suppress(OutcomeUnknown):
                    await put(one, "t", body(f"x{number}"))
                    break
            await agree(one)


async def test_what_replicas_do_not_have_is_shown_to_nobody():
    with running(replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as [one, other]:
            await put(one, "t", body(1))
            await agree(one, other)
            nodes[1].process.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(OutcomeUnknown):
                    await put(one, "t", body(2))
                assert [engine.tables.get("t", "2") for engine in (one, other)] == [None, None]
                with pytest.raises(Unavailable, match=r"what the last change is cannot be told|does not answer"):
                    await other._link.refresh()
            finally:
                nodes[1].process.send_signal(signal.SIGCONT)
            await soon(lambda: all(engine.tables.get("t", "2") for engine in (one, other)))
            await agree(one, other)


async def test_what_was_kept_alone_is_lost_with_its_history_and_all_read_anew():
    with running() as [node]:
        async with sharing(servers_of([node])) as [one, other]:
            await put(one, "t", body(1), body(2))
            await agree(one, other)
            node.ask("FLUSHALL")  # as a node does that begins anew without what it had
            await put(other, "u", body(1))
            await agree(one, other)
            assert "t" not in one.tables


async def test_a_node_that_stops_letting_us_in_is_told_and_reads_go_on(monkeypatch):
    monkeypatch.setattr("ramekin.engine.link.SILENCE_S", 0.2)
    with running() as [node]:
        async with sharing(servers_of([node]), 1) as [one]:
            await put(one, "t", body(1))
            monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 0.3)
            node.ask("CONFIG", "SET", "requirepass", "x")
            node.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", login=("x",))
            with pytest.raises(Unavailable):
                await put(one, "t", body(2))
            assert one.tables.get("t", "1") == body(1)
            await soon(lambda: one._link.feed.silence_s > 0.2)
            assert await one.state() == "failed"
            node.ask("CONFIG", "SET", "requirepass", "", login=("x",))
            monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 5)
            await soon(lambda: is_well(one))
            await put(one, "t", body(2))


async def test_whoever_asks_first_after_trouble_is_told_that_it_is_over(monkeypatch):
    monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 0.3)
    monkeypatch.setattr("ramekin.engine.link.LOOK_S", 10)
    monkeypatch.setattr("ramekin.engine.link.SILENCE_S", 1e6)
    with running() as [node]:
        async with sharing(servers_of([node]), 1) as [one]:
            node.kill()
            with pytest.raises(Unavailable):
                await put(one, "t", body(1))
            assert await one.state() == "failed"
            node.start()
            monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 5)
            await soon(lambda: one._link.feed.readings == 2)  # what is asked now, the feed has found by itself
            await soon(one._link._looking.done)
            assert one._link.line.trouble.why
            assert await one.state() == "ok"


async def test_an_engine_that_cannot_begin_says_why_and_may_try_again():
    with running() as [node]:
        engine = Replicated(servers_of([node]), "main")
        node.ask("CONFIG", "SET", "requirepass", "x")
        with pytest.raises(Unavailable, match="a password is needed"):
            await engine.open()
        assert await engine.state() == "starting"
        node.ask("CONFIG", "SET", "requirepass", "", login=("x",))
        await engine.open()
        await put(engine, "t", body(1))
        await engine.close()
    with pytest.raises(Unavailable):
        await Replicated(servers_of([node]), "main").open()


@pytest.mark.long
async def test_an_engine_that_begins_while_another_primary_is_elected_waits_for_it():
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes)) as engines:
            await put(engines[0], "t", body(1))
            primary_of(engines[0], nodes).kill()
            async with another(engines[0]) as later:
                assert everything(later) == everything(engines[1])


NODES = """\
aaa 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-5460
bbb 127.0.0.1:2@3 slave aaa 0 0 1 connected
ccc 127.0.0.1:3@4 slave,fail? aaa 0 0 1 connected
ddd 127.0.0.1:4@5 slave,fail aaa 0 0 1 disconnected
eee 127.0.0.1:5@6 slave bbb 0 0 1 connected
fff 127.0.0.1:6@7 master - 0 0 2 connected 5461-16383
"""
NEW = """\
aaa 127.0.0.1:1@2 myself,master - 0 0 3 connected 0-5460
bbb 127.0.0.1:2@3 master,fail - 0 0 1 connected
ccc 127.0.0.1:3@4 slave bbb 0 0 1 connected
"""


def following(*ports):
    return [b"master", 100, [[b"127.0.0.1", b"%d" % port, b"100"] for port in ports]]


@pytest.mark.parametrize(
    ("nodes", "role", "count"),
    [
        pytest.param(NODES, following(2, 3), 2, id="those that the cluster does not take for failed"),
        pytest.param(NODES, following(), 2, id="though they do not follow"),
        pytest.param(NODES, following(2, 3, 4), 2, id="one that hangs follows for a while"),
        pytest.param(NODES, following(2, 3, 0, 0), 2, id="clients that take a copy"),
        pytest.param(NEW, following(3), 1, id="of a new primary one that follows before the cluster tells of it"),
        pytest.param(NEW, following(), 0, id="of a new primary none yet"),
        pytest.param(NEW, [b"slave", b"127.0.0.1", 2, b"connected", 100], 0, id="of a primary no more"),
        pytest.param("", following(2, 0), 1, id="no cluster"),
    ],
)
def test_the_replicas_that_confirm(nodes, role, count):
    assert replicas_of_myself(nodes, role) == count


async def test_a_write_waits_for_a_replica_that_is_about_to_follow(monkeypatch):
    monkeypatch.setattr("ramekin.cluster.replicas.CONFIRM_MS", 30_000)
    monkeypatch.setattr("ramekin.cluster.line.CONFIRM_MS", 30_000)
    monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 30)
    with running() as [node], running() as [other]:
        async with sharing(servers_of([node]), 1, acknowledged_by="replicas") as [one]:
            writing = asyncio.create_task(put(one, "t", body(1)))
            await soon(lambda: one._link.replicas._missing_since_s is not None)
            other.ask("REPLICAOF", node.host, node.port)
            await writing
            other.ask("REPLICAOF", "NO", "ONE")
            await soon(lambda: not node.ask("ROLE")[2])
            monkeypatch.setattr("ramekin.cluster.replicas.CONFIRM_MS", 100)
            one._link.replicas.look_again()
            with pytest.raises(Unavailable, match="no replica"):
                await put(one, "t", body(2))


async def test_nodes_that_refuse_for_want_of_replicas_say_so_soon_and_that_nothing_was_applied():
    with running(replicas=1) as nodes:
        for acknowledged_by in ("primary", "replicas"):
            async with sharing(servers_of(nodes), 1, acknowledged_by=acknowledged_by) as [one]:
                await put(one, "t", body(1))
                nodes[0].ask("CONFIG", "SET", "min-replicas-to-write", 9)
                with pytest.raises(Unavailable, match="There is no replica to confirm the change; nothing was applied"):
                    await put(one, "t", body(2))
                assert one.tables.link_stats().trouble == "a node has fewer replicas than its min-replicas-to-write"
                nodes[0].ask("CONFIG", "SET", "min-replicas-to-write", 0)
                await put(one, "t", body(3))
                assert [key for key in "123" if one.tables.get("t", key)] == ["1", "3"]
                assert one.tables.link_stats().trouble == ""


async def test_a_node_that_has_become_a_replica_is_told_and_that_nothing_was_applied(monkeypatch):
    with running() as [node]:
        async with sharing(servers_of([node]), 1, acknowledged_by="primary") as [one]:
            await put(one, "t", body(1))
            monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 0.5)
            node.ask("REPLICAOF", node.host, node.port)
            with pytest.raises(Unavailable, match="now: a node is the replica of another; nothing was applied"):
                await put(one, "t", body(2))


async def test_whoever_has_no_time_is_told_the_truth_though_connections_end_and_the_feed_forgets(monkeypatch):
    chance = Random(15)
    monkeypatch.setattr("ramekin.engine.replicated.deadline_s", lambda: stopwatch_s() + 0.03 * chance.random())
    monkeypatch.setattr("ramekin.cluster.replicas.COUNT_EVERY_S", 0)
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as engines:
            primary_of(engines[0], nodes).ask("HSET", engines[0]._link.keys.of("head"), "keeps", 0)
            clients = Clients(engines, "hurried")
            told = clients.told
            while min(len(told.denied), told.maybe, len(told.created)) < 20:
                await asyncio.sleep(0.05 * chance.random())
                if (connection := chance.choice(engines)._link.line._connection) is not None:
                    connection.close()
                with suppress(Unavailable):
                    await put(engines[0], "long", body(secrets.token_hex(8), text="x" * 400_000))
            monkeypatch.undo()
            await settled(clients, engines)


async def test_what_was_told_as_not_applied_is_not_sent_later(monkeypatch):
    monkeypatch.setattr("ramekin.engine.replicated.deadline_s", lambda: stopwatch_s() + 0.2)
    with running(primaries=3, replicas=1) as nodes:
        async with sharing(servers_of(nodes), acknowledged_by="replicas") as [one, other]:
            await put(one, "t", body(1))
            replicas = one._link.replicas
            count, is_over = replicas.keep_count, asyncio.Event()

            async def slowly(connection):
                await is_over.wait()
                await count(connection)

            replicas.keep_count = slowly
            with pytest.raises(Unavailable, match="nothing was applied"):
                await put(one, "t", body(2))
            is_over.set()
            await put(one, "t", body(3))
            await agree(one, other)
            assert await ids(other, "t") == [1, 3]


async def test_a_head_that_somebody_deletes_stops_writes_and_nothing_of_them_is_kept():
    with running() as [node]:
        async with sharing(servers_of([node]), acknowledged_by="primary") as [one, other]:
            await put(one, "t", body(1))
            node.ask("DEL", one._link.keys.of("head"))
            for engine in (one, other):
                with pytest.raises(OutcomeUnknown, match="keys of the database are not as Ramekin left them"):
                    await put(engine, "t", body(2))
                assert "not as Ramekin left them" in engine.tables.link_stats().trouble
            assert node.ask("HKEYS", one._link.keys.records("t")) == [b"1"]
