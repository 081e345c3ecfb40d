"""What every engine promises of records that go by themselves: those that are due, and those of caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.changes import Change, Loaded
from ramekin.schema.definition import Definition
from ramekin.testing.engines.living import everything
from ramekin.testing.engines.steps import body, define, ids, put, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.engine.base import Engine


def seconds_from_now(engine: Engine, seconds: int) -> int:
    """Return a due time; one of this second, or of an earlier one, is over."""
    return engine.clock.wall_ms() // 1000 + seconds


def follow(engine: Engine) -> int:
    """Have steps kept from now on, and return the number of the last one."""
    tables = engine.tables
    number = tables.catalog.revision
    tables.history.begin(number)
    return number


async def told(engine: Engine, since: int) -> list[tuple[str, Sequence[str]]]:
    """Return why records have changed since a step, and which, as whoever follows is told."""
    tables = engine.tables
    entries = tables.history.behind(since)
    assert entries is not None
    return [(entry.reason, sorted(change.key for change in entry.changes)) for entry in entries]


class Leaving:
    """Records go when they are due, or give way to others, and all that finds records agrees."""

    async def test_a_record_that_is_due_is_in_no_answer(self, engine: Engine) -> None:
        over, later = seconds_from_now(engine, 0), seconds_from_now(engine, 1000)
        await write(engine, [Change("t", "1", None, body(1), over), Change("t", "2", None, body(2), later)])
        assert [engine.tables.get("t", key) for key in "12"] == [None, body(2)]
        assert [engine.ahead("t", key) for key in "12"] == [None, body(2)]
        assert engine.due("t", "2") == later
        assert await ids(engine, "t") == [2]
        await engine.tables.swept()
        stats = engine.tables.table_stats("t")
        assert (stats.records, stats.expiring) == (1, 1)

    async def test_whoever_writes_finds_what_is_due_gone(self, engine: Engine) -> None:
        await define(engine, "t", Definition(unique=("k",)))
        over = seconds_from_now(engine, -1)
        await write(engine, [Change("t", "1", None, body(1, k="x"), over), Change("t", "2", None, body(2), over)])
        assert await write(engine, [Change("t", "3", None, body(3, k="x")), Change("t", "2", None, body(2, a=1))])
        assert await ids(engine, "t") == [2, 3]
        assert engine.due("t", "2") is None

    async def test_a_unique_value_of_what_is_due_is_free_for_a_write_at_once(self, engine: Engine) -> None:
        await define(engine, "t", Definition(unique=("k",)))
        await write(engine, [Change("t", "1", None, body(1, k="x"), seconds_from_now(engine, -1))])
        later = Change("t", "2", None, body(2, k="x"))
        if engine.at_once("t", "2", 1000) is not None:
            engine.store_at_once(later)
        else:
            assert await write(engine, [later])
        assert await ids(engine, "t") == [2]

    async def test_each_write_says_when_a_record_is_due(self, engine: Engine) -> None:
        due = seconds_from_now(engine, 1000)
        await put(engine, "t", body(1))
        assert await write(engine, [Change("t", "1", body(1), body(1, a=1), due)])
        assert engine.due("t", "1") == due
        assert await engine.apply(Loaded({"t": {"1": body(1), "2": body(2)}}, dues={"t": {"2": due}})) is not None
        assert [engine.due("t", key) for key in "123"] == [None, due, None]

    async def test_what_went_is_told_to_whoever_follows(self, engine: Engine) -> None:
        await put(engine, "t", body(0))
        number = follow(engine)
        await write(engine, [Change("t", "1", None, body(1), seconds_from_now(engine, 0))])
        await engine.tables.swept()
        assert await told(engine, number) == [("write", ["1"]), ("expire", ["1"])]

    async def test_due_times_outlive_the_engine_if_it_says_so(self, make: Callable[[], Engine]) -> None:
        engine = make()
        await engine.open()
        due, soon = seconds_from_now(engine, 1000), seconds_from_now(engine, 0)
        await write(engine, [Change("t", "1", None, body(1), due), Change("t", "2", None, body(2), soon)])
        await engine.close()
        engine = make()
        await engine.open()
        if engine.guarantees.is_durable:
            assert engine.due("t", "1") == due
            assert await ids(engine, "t") == [1]
        await engine.close()

    async def test_what_nobody_reads_gives_way(self, engine: Engine) -> None:
        await put(engine, "t", *(body(n) for n in range(5)))
        await define(engine, "t", Definition(max_records=3))
        assert await ids(engine, "t") == [2, 3, 4]
        assert engine.tables.get("t", "2") == body(2)
        await put(engine, "t", body(5))
        assert await ids(engine, "t") == [2, 4, 5]
        await put(engine, "t", *(body(n) for n in range(10, 110)))
        assert await ids(engine, "t") == [107, 108, 109]
        stats = engine.tables.table_stats("t")
        assert (stats.records, stats.evicted, stats.hits, stats.misses) == (3, 103, 1, 0)

    async def test_a_write_at_once_has_others_give_way_too(self, engine: Engine) -> None:
        await define(engine, "t", Definition(max_records=3))
        for n in range(20):
            if engine.at_once("t", str(n), 1000) is not None:
                engine.store_at_once(Change("t", str(n), None, body(n)))
            else:
                await put(engine, "t", body(n))
            assert engine.tables.table_stats("t").records == min(n + 1, 3)
        assert await ids(engine, "t") == [17, 18, 19]
        assert engine.ahead("t", "16") is None

    async def test_what_gives_way_is_told_and_gone_for_good(self, make: Callable[[], Engine]) -> None:
        engine = make()
        await engine.open()
        await define(engine, "t", Definition(max_bytes=2 * len(body(1))))
        number = follow(engine)
        await put(engine, "t", body(1), body(2))
        await put(engine, "t", body(3))
        assert await told(engine, number) == [("write", ["1", "2"]), ("write", ["3"]), ("evict", ["1"])]
        left = everything(engine)
        await engine.close()
        engine = make()
        await engine.open()
        assert everything(engine) == (left if engine.guarantees.is_durable else {})
        await engine.close()

    async def test_a_load_into_a_cache_leaves_it_within_its_limits(self, engine: Engine) -> None:
        await define(engine, "t", Definition(max_records=20, unique=("k",)))
        await put(engine, "t", *(body(n, k=n) for n in range(20)))
        for size in (30, 1500):
            assert await engine.apply(Loaded({"t": {str(n): body(n, k=n) for n in range(5, 5 + size)}}))
            assert len(await ids(engine, "t")) == 20
        stats = engine.tables.table_stats("t")
        assert stats.evicted == 15 + 1480
        assert await write(engine, [Change("t", "x", None, b'{"id":"x","k":0}')])
