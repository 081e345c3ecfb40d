"""The log tells of nodes that fail, come back and change: a line each, at a bounded rate."""

import asyncio
import signal
from contextlib import suppress

import pytest

from ramekin.cluster import telling
from ramekin.cluster.telling import Trouble
from ramekin.errors import OutcomeUnknown, Unavailable
from ramekin.testing.engines.steps import body, put
from tests.cluster.nodes import running
from tests.cluster.processes import servers_of, sharing, soon
from tests.cluster.test_replicated import left_behind, parted

pytestmark = pytest.mark.anyio


@pytest.fixture
def now(monkeypatch):
    """A stopwatch that is set."""
    now = [100.0]
    monkeypatch.setattr(telling, "stopwatch_s", lambda: now[0])
    return now


def lines(caplog):
    found = [record.getMessage() for record in caplog.records if record.name == "ramekin"]
    caplog.clear()
    return found


def test_what_lasts_is_told_once_and_when_it_is_over(now, caplog):
    trouble = Trouble("it fails", "it works again")
    trouble.note("no answer")
    assert lines(caplog) == []
    for _ in range(100):
        now[0] += 0.02
        trouble.note("no answer")
    assert lines(caplog) == ["it fails: no answer"]
    trouble.over()
    trouble.over()
    assert lines(caplog) == ["it works again, after 2.0 s"]


def test_what_is_over_at_once_is_not_told(now, caplog):
    trouble = Trouble("it fails", "it works again")
    for _ in range(100):
        trouble.note("no answer")
        now[0] += 0.05
        trouble.over()
    assert lines(caplog) == []


def test_what_comes_and_goes_is_told_once_in_ten_seconds_and_what_lasts_always(now, caplog):
    trouble = Trouble("it fails", "it works again")
    for _ in range(100):
        trouble.note("no answer")
        now[0] += 0.5
        trouble.note("no answer")
        now[0] += 0.5
        trouble.over()
    assert 10 <= len([line for line in lines(caplog) if line.startswith("it fails")]) <= 11
    for _ in range(20):
        now[0] += 1
        trouble.note("no answer")
    trouble.note("another reason", 0)
    assert lines(caplog)[0] == "it fails: no answer"


def test_another_reason_is_told_too(now, caplog):
    trouble = Trouble("it fails", "it works again")
    trouble.note("no answer", 0)
    now[0] += 11
    trouble.note("wrong password")
    assert lines(caplog) == ["it fails: no answer", "it fails: wrong password"]


async def test_a_node_that_is_gone_and_comes_back(caplog):
    with running(appendonly="yes") as [node]:
        async with sharing(servers_of([node]), 1) as [one]:
            await put(one, "t", body(1))
            assert lines(caplog) == []
            node.stop()
            writing = asyncio.create_task(put(one, "t", body(2)))
            await soon(lambda: len(caplog.records) == 2)
            assert sorted(lines(caplog)) == [
                "the nodes are not heard: the nodes do not answer",
                "the nodes take no writes: the nodes do not answer",
            ]
            node.start()
            with suppress(OutcomeUnknown, Unavailable):
                await writing
            await soon(
                lambda: one._link.stats() and len(caplog.records) == 2
            )  # which asks, though nobody writes any more
            told = sorted(line.partition(", after ")[0] for line in lines(caplog))
            assert told == ["the nodes are heard again", "the nodes take writes again"]


async def test_a_replica_that_does_not_confirm(caplog, monkeypatch):
    with running(replicas=1) as nodes:
        async with sharing(servers_of(nodes), 1, acknowledged_by="replicas") as [one]:
            await put(one, "t", body(1))
            monkeypatch.setattr("ramekin.cluster.line.CONFIRM_MS", 100)
            nodes[1].process.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(OutcomeUnknown):
                    await put(one, "t", body(2))
            finally:
                nodes[1].process.send_signal(signal.SIGCONT)
            assert "the nodes take no writes: too few replicas confirm changes" in lines(caplog)


async def test_tables_that_are_read_anew_and_why(caplog, node):
    async with sharing(servers_of([node])) as [one, other]:
        await put(one, "t", body(1))
        await other._link.catch_up()
        async with left_behind(other):
            await put(one, "t", body(2))
            node.ask("XTRIM", one._link.keys.of("feed"), "MAXLEN", 0)
        await other._link.catch_up()
        [line] = lines(caplog)
        assert line.startswith(
            "this server had fallen behind further than the nodes keep: all tables were read anew, in"
        )
        for seldom in (one._link.feed._seldom, other._link.feed._seldom):
            seldom._told_s = -1e9
        node.ask("FLUSHALL")
        await soon(lambda: len(caplog.records) == 2)
        assert {line.partition(":")[0] for line in lines(caplog)} == {
            "the nodes were emptied, or hold another database now"
        }


async def test_steps_that_a_failover_lost_and_another_primary(caplog):
    async with parted() as (one, behind, ahead):
        await put(behind, "t", body("nobody else heard of it"))
        await put(ahead, "t", body("all others have it"))
        await one.tables.refresh()
        told = lines(caplog)
        assert any(line.startswith("the nodes have lost steps that had happened here: all tables") for line in told)
        new, old = ahead._link.slot._owner, behind._link.slot._owner
        assert f"another node is the primary: {new}; it was {old}" in told


async def test_a_fault_that_ends_what_follows_the_nodes_is_told(node, caplog):
    async with sharing(servers_of([node]), reads="local") as [one, other]:

        async def fail(*_):
            raise ZeroDivisionError

        one._link.feed._apply = fail
        await put(other, "t", body(1))
        await soon(lambda: one._link.stats().trouble)
        assert one._link.stats().trouble == "a fault of this server, which its log tells of: start it again"
        assert await one.state() == "failed"
        [record] = [record for record in caplog.records if record.exc_info]
        assert "follows the nodes no more" in record.getMessage()
