"""Several processes on one database: each sees what the others write, none loses or doubles a step, all agree."""

import asyncio
import time
import tracemalloc
from contextlib import asynccontextmanager, contextmanager
from random import Random

import pytest

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.cluster.node_connection import Lost
from ramekin.engine import cells
from ramekin.engine.replicated import Replicated
from ramekin.errors import MemoryLimit, NotUnique, OutcomeUnknown, RamekinError, RecordExists, Unavailable
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.storage.forks import Fork
from ramekin.testing.engines.steps import body, change, define, drop, ids, load, put, write
from ramekin.values import codec
from tests.cluster.nodes import running
from tests.cluster.processes import agree, another, everything, servers_of, sharing, soon

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def servers(node):
    return servers_of([node])


async def test_what_one_process_writes_all_see(servers):
    async with sharing(servers, 3) as [one, *others]:
        await put(one, "t", body(1), body("x"))
        await put(one, "u", body(1))
        await define(one, "u", Definition(unique=("k",), indexes=(IndexDefinition("age", "sorted"),)))
        await write(one, [Change("t", "1", body(1), None), Change("u", "1", body(1), body(1, k=2))])
        await agree(one, *others)
        assert await ids(others[0], "t") == ["x"]
        assert (await others[0].tables.find("u", limit=9)).rows == ((1, body(1, k=2)),)
        await soon(lambda: others[0].tables.index_stats("u"))
        await drop(one, "u")
        await agree(one, *others)
        assert "u" not in others[0].tables


async def test_a_step_computed_from_what_another_process_changed_is_not_taken(servers):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1))
        await other._link.catch_up()
        step = Written([Change("t", "1", body(1), body(1, a="other"))])
        told = await asyncio.gather(one.apply(step), other.apply(step))
        assert sorted(told, key=str) == sorted([next(filter(None, told)), None], key=str)
        await agree(one, other)


async def test_a_refusal_never_rests_on_something_old(servers):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1, n=1))
        await agree(one, other)
        other._link.feed._apply = _later(0.05, other._link.feed._apply)
        await change(one, "t", "1", lambda _: body(1, n=2))

        def step():
            before = other.ahead("t", "1")
            if before == body(1, n=1):
                raise RecordExists("It is old.")
            return Written([Change("t", "1", before, body(1, n=3))])

        assert await other.apply(step) is not None
        await agree(one, other)
        assert one.tables.get("t", "1") == body(1, n=3)


def _later(seconds, apply):
    async def later(entry, connection):
        await asyncio.sleep(seconds)
        await apply(entry, connection)

    return later


async def test_counts_of_many_processes_add_up(servers):
    def one_more(before):
        return body(1, n=1 if before is None else codec.parse(before)["n"] + 1)

    async with sharing(servers, 3) as engines:
        await asyncio.gather(*[change(engine, "t", "1", one_more) for engine in engines for _ in range(30)])
        await agree(*engines)
        assert engines[0].tables.get("t", "1") == body(1, n=90)


async def test_a_unique_value_is_taken_once_whoever_takes_it(servers):
    async with sharing(servers, 3) as engines:
        await define(engines[0], "t", Definition(unique=("k",)))
        tries = [put(engine, "t", body(f"{i}-{n}", k=n)) for n in range(20) for i, engine in enumerate(engines)]
        told = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(each is None for each in told) == 20
        assert {type(each) for each in told} == {type(None), NotUnique}
        await agree(*engines)
        assert {codec.parse(each)["k"] for each in engines[1].tables.catalog.table("t").records.bodies.values()} == set(
            range(20)
        )


async def test_unique_values_change_hands_in_one_step_and_in_loads(servers):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1, k="a"), body(2, k="b"), body(3))
        await define(one, "t", Definition(unique=("k",)))
        await agree(one, other)
        swap = [Change("t", "1", body(1, k="a"), body(1, k="b")), Change("t", "2", body(2, k="b"), body(2, k="a"))]
        assert await write(other, swap)
        await agree(one, other)
        assert await load(one, {"t": {"1": body(1, k="c"), "3": body(3, k="b")}})
        await agree(one, other)
        assert await load(other, {"t": {"7": body(7, k="c")}, "u": {}}, replace=True)
        await agree(one, other)
        with pytest.raises(NotUnique):
            await put(one, "t", body(8, k="c"))
        await define(one, "t", Definition())
        await put(other, "t", body(8, k="c"))
        await agree(one, other)


async def test_large_steps_reach_all_processes_whole(servers):
    many = {str(n): body(n, k=n, text="x" * 50) for n in range(5000)}
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(unique=("k",)))
        seen = set()

        async def look():
            while 6000 not in seen:
                seen.add(other.tables.table_stats("t").records if "t" in other.tables else None)
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        assert await load(one, {"t": many})
        await agree(one, other)
        changes = [
            Change("t", key, many[key], None if int(key) % 2 else body(int(key), k=-int(key) - 1)) for key in many
        ]
        changes += [Change("t", f"new{n}", None, body(f"new{n}", k=f"new{n}")) for n in range(3500)]
        assert await write(other, changes)
        await agree(one, other)
        await asyncio.wait_for(looking, 10)
        assert seen <= {None, 0, 5000, 6000}, "a part of it was seen"
        assert await load(one, {"u": many}, replace=True)
        await agree(one, other)
        assert one.tables.table_stats("t").records == 0


@contextmanager
def noting_calls(engine):
    """Give a list that is filled with the function, the words and the bytes of each call that is sent to a node."""
    line, sent = engine._link.line, []
    send = line._send

    async def noted(connection, calls):
        for call in calls:
            words = call.command((), "", b"", 0)
            sent.append((call.function, len(words), sum(len(word) for word in words if not isinstance(word, int))))
        return await send(connection, calls)

    line._send = noted
    yield sent
    del line._send


async def test_a_step_of_many_bytes_holds_no_node_for_long(servers, node):
    async with sharing(servers) as [one, other]:
        bodies = [body(number, text="x" * 30_000) for number in range(500)]
        with noting_calls(one) as sent:
            await put(one, "t", *bodies)
        [[_, words]] = node.ask("XREVRANGE", one._link.keys.of("feed"), "+", "-", "COUNT", 1)
        assert words[1] == b"m", "it was sent in chunks"
        assert max(size for _, _, size in sent) < cells.CHUNK_BYTES + 31_000
        await agree(one, other)
        assert await write(other, [Change("t", str(n), each, None) for n, each in enumerate(bodies)])
        await agree(one, other)


async def test_no_call_has_more_words_where_a_step_has_more_chunks(servers, monkeypatch):
    monkeypatch.setattr(cells, "CHUNK_CELLS", 5)
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(unique=("u",)))
        most = []
        for count in (1100, 3000):
            with noting_calls(one) as sent:
                await load(one, {"t": {str(n): body(n, u=n) for n in range(count)}}, replace=True)
            assert sum(function == "stage" for function, _, _ in sent) == 2 * count / 5
            most.append({function: words for function, words, _ in sorted(sent, key=lambda call: call[1])})
        assert most[0] == most[1]
        await agree(one, other)


async def test_chunks_of_a_process_that_ended_are_forgotten_by_the_next_that_stands_alone(servers, node, monkeypatch):
    async with sharing(servers) as [one, other]:
        call = one._link.line.call

        async def ends(function, *rest, **more):
            if function in ("commit", "clear") or (function == "hold" and rest[2][0] == 0):
                raise Unavailable("as if the process had ended")
            return await call(function, *rest, **more)

        one._link.line.call = ends
        monkeypatch.setattr("ramekin.engine.alone.CLEARED", 2)
        monkeypatch.setattr(cells, "CHUNK_CELLS", 100)
        with pytest.raises(Unavailable):
            await load(one, {"t": {str(n): body(n) for n in range(2000)}})
        chunks = one._link.keys.of("chunk:*")
        assert len(node.ask("KEYS", chunks.replace("{", "\\{"))) == 20
        node.ask("HDEL", one._link.keys.of("head"), "hold", "until")  # as if others had been held back for long enough
        await load(other, {"t": {str(n): body(n) for n in range(1500)}})
        assert len(node.ask("KEYS", chunks.replace("{", "\\{"))) == 15
        assert other.tables.table_stats("t").records == 1500
        del one._link.line.call
        await agree(one, other)


async def test_a_step_may_touch_a_thousand_tables(servers):
    async with sharing(servers) as [one, other]:
        assert await write(one, [Change(f"t{n}", "1", None, body(1)) for n in range(1000)])
        await agree(one, other)


async def test_others_finish_what_a_process_committed_before_it_ended(servers, monkeypatch):
    async with sharing(servers, 3) as [one, other, third]:
        await put(one, "t", body(1))

        async def ends():
            raise Unavailable("as if the process had ended")

        monkeypatch.setattr(one._link.line, "bring_all", ends)
        with pytest.raises(Unavailable):
            await load(one, {"t": {str(n): body(n) for n in range(3000)}})
        await asyncio.gather(put(other, "t", body("new")), put(third, "t", body("newer")))
        await agree(other, third)
        assert other.tables.table_stats("t").records == 3002


async def test_whoever_stood_alone_and_ended_holds_nobody_back_for_long(servers, monkeypatch):
    monkeypatch.setattr("ramekin.engine.alone.HOLD_S", 0.3)
    async with sharing(servers) as [one, other]:
        await one._standing.hold("left", 0.3, "begin")
        await put(other, "t", body(1))
        await define(other, "t", Definition(require_if_match=True))
        await agree(one, other)


async def test_whoever_held_others_back_for_too_short_a_time_begins_again(servers, monkeypatch):
    monkeypatch.setattr("ramekin.engine.alone.HOLD_S", 0.05)
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1))
        was_still = []

        def step():
            before = one.ahead("t", "2")
            if not was_still:
                was_still.append(one)
                time.sleep(0.1)  # the process is still, and others go on
                monkeypatch.setattr("ramekin.engine.alone.HOLD_S", 5.0)
            return Loaded({"t": {"2": body(2, seen=before is not None)}})

        loading = asyncio.create_task(one.apply(step))
        await put(other, "t", body(2))
        assert await loading is not None
        await agree(one, other)
        assert one.tables.get("t", "2") in (body(2, seen=True), body(2))


async def test_while_one_stands_alone_others_wait_and_none_is_lost(servers):
    async with sharing(servers, 3) as engines:
        await asyncio.gather(
            *[put(engine, "t", body(f"{i}-{n}")) for i, engine in enumerate(engines) for n in range(50)],
            *[define(engine, f"d{i}", Definition(require_if_match=True)) for i, engine in enumerate(engines)],
            load(engines[0], {"t": {str(n): body(n) for n in range(2000)}}),
        )
        await agree(*engines)
        assert engines[2].tables.table_stats("t").records == 2150


async def test_a_process_that_fell_behind_reads_everything_anew(servers, node):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(unique=("k",)))
        await put(one, "t", body(1, k=1))
        await agree(one, other)
        with other.watch("t") as watch:
            node.ask("HSET", one._link.keys.of("head"), "keeps", 0)
            async with left_behind(other):
                for number in range(2, 8):
                    await put(one, "t", body(number, k=number, text="x" * 600_000))
                assert node.ask("XLEN", one._link.keys.of("feed")) < 6
            await agree(one, other)
            assert watch.is_over
        await put(other, "t", body(9, k=9))
        await agree(one, other)


@asynccontextmanager
async def left_behind(engine):
    """Have an engine not follow for a while."""
    engine._link._tasks[1].cancel()
    yield
    engine._link._tasks[1] = asyncio.create_task(engine._link.feed.run())


async def test_a_process_that_reads_everything_anew_is_not_ready_and_says_why(servers, node):
    async with sharing(servers, 1) as [one]:
        await put(one, "t", body(1))
        may_go_on, read = asyncio.Event(), one._link.replica._read_table

        async def slow(*asked):
            await may_go_on.wait()
            await read(*asked)

        one._link.replica._read_table = slow
        node.ask("HSET", one._link.keys.of("head"), "lineage", "another")
        await soon(lambda: one._link.stats().trouble)
        assert "all tables are read anew: the nodes were emptied" in one._link.stats().trouble
        assert await one.state() == "failed"
        may_go_on.set()
        await soon(lambda: one._link.feed.readings == 2)
        assert not one._link.stats().trouble
        assert await one.state() == "ok"


async def test_what_is_here_already_is_not_kept_twice_while_everything_is_read_anew(servers, node):
    async with sharing(servers) as [one, other]:
        assert await load(one, {"t": {str(n): body(n, text="x" * 5000) for n in range(2000)}})
        await agree(one, other)
        before = dict(other.tables.catalog.table("t").records.bodies)
        async with left_behind(other):
            await put(one, "t", body("new"))
            await change(one, "t", "1", lambda _: body(1))
            node.ask("XTRIM", one._link.keys.of("feed"), "MAXLEN", 0)
        tracemalloc.start()
        await other._link.catch_up()
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert other._link.feed.readings == 2
        now = other.tables.catalog.table("t").records.bodies
        assert {key for key in now if now[key] is not before.get(key)} == {"1", "new"}
        assert most_bytes < 5 << 20, "half of what the bodies take"
        await agree(one, other)


async def test_what_is_read_record_by_record_is_shown_as_of_one_moment(servers):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1), body(2))
        await put(one, "u", body(1))
        new = Replicated(one._link.servers, one._link.keys.database)
        read = new._link.replica._read_table

        async def read_and_write(name, *rest):
            await read(name, *rest)
            if name == "t":
                await write(one, [Change(table, "both", None, body("both")) for table in "tu"])

        new._link.replica._read_table = read_and_write
        await new.open()
        assert [new.tables.get(table, "both") for table in "tu"] == [body("both")] * 2
        await new.close()
        await agree(one, other)


async def test_the_feed_is_bounded_in_bytes(servers, node):
    async with sharing(servers, 1) as [one]:
        node.ask("HSET", one._link.keys.of("head"), "keeps", 3)
        for number in range(30):
            await put(one, "t", body(number, text="x" * 300_000))
        assert node.ask("MEMORY", "USAGE", one._link.keys.of("feed"), "SAMPLES", 0) < 6 << 20
        await agree(one)


async def test_chunks_of_large_steps_are_kept_as_far_as_the_feed_may_grow_and_those_of_the_last_step(servers, node):
    def kept():
        keys = node.ask("KEYS", one._link.keys.chunk("*", 0).rpartition(":")[0] + ":*")
        return sum(node.ask("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys)

    async with sharing(servers) as [one, other]:
        node.ask("HSET", one._link.keys.of("head"), "keeps", 3)
        step = {"t": {str(n): body(n, text="x" * 500_000) for n in range(4)}}
        for _ in range(10):
            await load(one, step, replace=True)
        assert 2 << 20 < kept() < 6 << 20
        await load(one, {"t": step["t"] | {f"{n}": body(n, text="x" * 500_000) for n in range(4, 20)}}, replace=True)
        assert 10 << 20 < kept() < 11 << 20
        await agree(one, other)
        for number in range(30):
            await put(one, "u", body(number, text="x" * 300_000))
        assert kept() == 0
        await agree(one, other)


async def test_functions_that_were_lost_are_there_again(servers, node):
    async with sharing(servers) as [one, other]:
        await put(one, "t", body(1))
        node.ask("FUNCTION", "FLUSH")
        await asyncio.gather(put(one, "t", body(2)), put(other, "t", body(3)))
        await agree(one, other)


async def test_a_call_whose_answer_was_lost_happens_once(servers, node):
    async with sharing(servers) as [one, other]:
        for number in range(30):
            writing = asyncio.create_task(put(one, "t", body(number)))
            for _ in range(number % 6):
                await asyncio.sleep(0)
            if one._link.line._connection is not None:
                one._link.line._connection.close()
            await writing
        await agree(one, other)
        assert one.tables.table_stats("t").records == 30
        assert one.tables.table_stats("t").revision == 30


@contextmanager
def answer_lost(engine):
    """Have the answer to the next step of an engine lost, and nobody connected again before this ends."""
    line, may_connect = engine._link.line, asyncio.Event()
    tell, begin = line._tell, line.open

    def lose(call, *reply):
        if call.is_step:
            raise Lost("The node was lost.")
        return tell(call, *reply)

    async def connect():
        await may_connect.wait()
        line._tell, line.open = tell, begin
        return await begin()

    line._tell, line.open = lose, connect
    yield
    may_connect.set()


async def forget_all_but_the_last(node, engine):
    """Have the feed let go of all steps but the last few, by an engine that writes them."""
    node.ask("HSET", engine._link.keys.of("head"), "keeps", 0)
    for number in range(6):
        await put(engine, "long", body(number, text="x" * 600_000))
    assert node.ask("XLEN", engine._link.keys.of("feed")) < 6


async def load_one(engine, table, each):
    """Store a record as a step of the whole table."""
    assert await load(engine, {table: {"1": each}})


@pytest.mark.parametrize("store", [put, load_one])
async def test_a_call_whose_answer_was_lost_was_done_also_where_the_feed_forgets_it(servers, node, store):
    async with sharing(servers) as [one, other]:
        with answer_lost(one):
            writing = asyncio.create_task(store(one, "t", body(1)))
            await soon(lambda: "t" in other.tables)
            await one._link.feed.reached(1)
            await other._link.line.bring_all()
            await forget_all_but_the_last(node, other)
        await writing
        assert one.tables.table_stats("t").revision == 1
        await agree(one, other)


async def test_a_call_whose_answer_was_lost_may_have_been_done_where_neither_feed_nor_process_can_tell(servers, node):
    async with sharing(servers) as [one, other]:
        with answer_lost(one):
            writing = asyncio.create_task(put(one, "t", body(1)))
            await soon(lambda: "t" in one.tables and "t" in other.tables)
            async with left_behind(one):
                await forget_all_but_the_last(node, other)
        with pytest.raises(OutcomeUnknown):
            await writing
        await agree(one, other)


async def test_a_node_without_memory_refuses_what_would_grow_and_goes_on(servers):
    with running(maxmemory="8mb") as nodes:
        async with sharing(servers_of(nodes), 1) as [one]:
            puts = [put(one, "t", body(number, text="x" * 50_000)) for number in range(200)]
            told = await asyncio.gather(*puts, return_exceptions=True)
            assert {type(each) for each in told} == {type(None), MemoryLimit}
            assert one.tables.get("t", "0") is not None
            nodes[0].ask("CONFIG", "SET", "maxmemory", "100mb")
            await put(one, "t", body("more"))
            await agree(one)


async def test_a_cluster_that_is_gone_is_told_within_the_deadline(servers, monkeypatch):
    with running() as nodes:
        async with sharing(servers_of(nodes), 1) as [one]:
            await put(one, "t", body(1))
            monkeypatch.setattr("ramekin.cluster.line.DEADLINE_S", 0.3)
            monkeypatch.setattr("ramekin.engine.link.SILENCE_S", 0.1)
            nodes[0].kill()
            tries = [change(one, "t", "1", lambda _: body(1, n=2)) for _ in range(20)]
            tries += [put(one, "t", body("new")), define(one, "u", Definition())]
            told = await asyncio.wait_for(asyncio.gather(*tries, return_exceptions=True), 4)
            assert all(isinstance(each, Unavailable) for each in told), told
            assert await one.state() == "failed"
            assert one.tables.get("t", "1") == body(1)


def some_step(engine, chance):
    """Return a step of any kind, or what makes one."""
    table, key = chance.choice("tuv"), str(chance.randrange(12))
    kind, number = chance.random(), chance.randrange(30)
    is_deletion, is_unique, is_careful = (chance.random() < 0.3 for _ in range(3))

    def written():
        before = engine.ahead(table, key)
        after = None if before is not None and is_deletion else body(int(key), k=number)
        return Written([Change(table, key, before, after)])

    def defined():  # whoever defines sees to it that the records satisfy that
        found = engine.tables.catalog.find(table)
        bodies = [] if found is None else list(found.records.bodies.values())
        can_be = len({codec.parse(each).get("k") for each in bodies}) == len(bodies)
        return Defined(table, Definition(unique=("k",) if is_unique and can_be else (), require_if_match=is_careful))

    if kind < 0.75:
        return written
    if kind < 0.85:
        return Loaded({table: {key: body(int(key), k=number)}}, replaces=is_deletion)
    return defined if kind < 0.95 else Dropped(table)


async def test_no_step_is_lost_or_doubled_whatever_is_done_at_once(servers):
    chance = Random(3)

    async def go_on(engine):
        for _ in range(60):
            try:
                await engine.apply(some_step(engine, chance))
            except RamekinError as error:
                assert not isinstance(error, Unavailable)

    async with sharing(servers, 3) as engines:
        for _ in range(3):
            await asyncio.gather(*map(go_on, engines))
            await agree(*engines)


async def test_a_new_process_begins_under_writes_and_agrees(servers):
    async with sharing(servers, 2) as [one, other]:
        await load(one, {"t": {str(n): body(n, k=n) for n in range(3000)}})
        is_over = False

        async def go_on(engine, first):
            number = first
            while not is_over:
                number += 2
                await change(engine, "t", str(number % 3000), lambda _, number=number: body(number % 3000, k=number))

        writing = [asyncio.create_task(go_on(one, 0)), asyncio.create_task(go_on(other, 1))]
        for _ in range(5):
            async with another(one) as new:
                await new._link.catch_up()
        is_over = True
        await asyncio.gather(*writing)
        await agree(one, other)


@pytest.mark.parametrize("acknowledged_by", ["primary", "replicas"])
async def test_a_process_that_asks_anew_finds_what_was_acknowledged_anywhere(acknowledged_by):
    with running(replicas=int(acknowledged_by == "replicas")) as nodes:
        async with sharing(servers_of(nodes), 3, acknowledged_by=acknowledged_by) as [one, *others]:
            for other in others:
                other._link.feed._apply = _later(0.002, other._link.feed._apply)
            for number in range(20):
                await put(one, "t", body(number))
                await asyncio.gather(*[other.tables.refresh() for other in others for _ in range(10)])
                assert [other.tables.get("t", str(number)) for other in others] == [body(number)] * 2
            assert {engine.tables.lineage for engine in others} == {one.tables.lineage}
            assert one.tables.lineage


async def test_those_who_ask_anew_in_one_turn_ask_one_question(servers):
    async with sharing(servers, 1) as [one]:
        asked, ask = [], one._link.line.ask
        one._link.line.ask = lambda end_s: asked.append(end_s) or ask(end_s)
        await asyncio.gather(*[one.tables.refresh() for _ in range(100)])
        assert len(asked) == 1


@asynccontextmanager
async def parted():
    """Give an engine that follows a node which is left behind, and asks another one; and an engine on each of them."""
    with running(replicas=1) as [old, new]:
        async with sharing(servers_of([old])) as [one, behind]:
            await put(one, "t", body(1))
            await agree(one, behind)
            head = one._link.keys.of("head")
            await soon(lambda: new.ask("HGETALL", head) == old.ask("HGETALL", head))
            new.ask("REPLICAOF", "NO", "ONE")
            async with another(one, servers_of([new])) as ahead:
                one._link.slot._known = dict.fromkeys(servers_of([new]).addresses)
                one._link.line._connection.close()
                yield one, behind, ahead


async def test_a_node_that_was_left_behind_is_not_believed():
    async with parted() as (one, behind, ahead):
        await put(behind, "t", body("nobody else heard of it"))
        await put(ahead, "t", body("all others have it"))
        await one.tables.refresh()
        assert everything(one) == everything(ahead)


async def test_what_a_node_has_done_that_was_left_behind_is_computed_from_by_nobody():
    async with parted() as (one, behind, ahead):
        await change(behind, "t", "1", lambda _: body(1, n=10))
        await change(ahead, "t", "1", lambda _: body(1, n=1))
        await soon(lambda: codec.parse(one.tables.get("t", "1")).get("n") == 10)
        await change(one, "t", "1", lambda before: body(1, n=codec.parse(before)["n"] + 1))
        await agree(ahead, one)
        assert one.tables.get("t", "1") == body(1, n=2)


async def test_a_reset_is_seen_by_all(servers):
    async with sharing(servers) as [one, other]:
        await define(one, "t", Definition(unique=("k",)))
        await put(one, "t", body(1, k=1))
        await put(one, "u", body(1), body("2"))
        await agree(one, other)
        kept = Fork(one.tables.catalog)
        await drop(one, "t")
        await put(one, "v", body(1))
        await write(one, [Change("u", "1", body(1), body(1, a=2)), Change("u", "2", body("2"), None)])
        await other._link.catch_up()
        await put(other, "u", body(2))
        await one._link.catch_up()
        await one.restore(kept)
        await agree(one, other)
        held = {name: records for name, _, _, records in everything(other)}
        assert held == {"t": {"1": body(1, k=1)}, "u": {"1": body(1), "2": body("2")}}
        assert other.tables.definitions["t"] == Definition(unique=("k",))


async def test_whoever_reads_while_tables_are_reset_finds_all_records_as_they_stood_or_as_they_were(servers):
    async with sharing(servers) as [one, other]:
        for name in ("t", "u"):
            await load(one, {name: {str(n): body(n, k=n) for n in range(200)}})
        await define(one, "t", Definition(unique=("k",)))
        kept = Fork(one.tables.catalog)
        was = records_of(one)
        await define(one, "t", Definition())
        await load(one, {name: {str(n): body(n, k=0) for n in range(100, 300)} for name in "tu"}, replace=True)
        await agree(one, other)
        stood, seen, apply = records_of(other), [], other._link.replica.apply

        async def watching(*entry):
            await apply(*entry)
            seen.append(records_of(other))

        other._link.feed._apply = watching
        await one.restore(kept)
        await other._link.catch_up()
        assert seen[-1] == was != stood
        assert all(records in (stood, was) for records in seen)
        assert other.tables.definitions["t"] == Definition(unique=("k",))


def records_of(engine):
    return {name: records for name, _, _, records in everything(engine)}
