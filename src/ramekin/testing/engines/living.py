"""What every engine promises of its life: how it is opened and closed, and what is left of it. Knows no engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ramekin.changes import Change, Defined, Dropped, Loaded, Step, Written
from ramekin.engine import backups
from ramekin.errors import Starting
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, define, drop, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.base import Engine

TURNS = (*range(9), 11, 14, 20, 30, 60)
"""Numbers of turns of the loop after which a step is cancelled; one that waits for a disk may take more."""


def everything(engine: Engine) -> dict[str, tuple[int, Definition]]:
    """Return the tables that there are, with how many records each has, and its definition."""
    found = map(engine.tables.table_stats, engine.tables.names())
    return {stats.name: (stats.records, stats.definition) for stats in found}


class Living:
    """An engine begins empty, and leaves what its guarantees say."""

    async def test_a_new_engine_is_empty_and_healthy(self, engine: Engine) -> None:
        assert await engine.state() == "ok"
        assert engine.tables.names() == []

    async def test_an_engine_says_what_it_is_called_and_has_the_time(self, engine: Engine) -> None:
        assert engine.guarantees.name
        before = engine.clock.steady_s()
        assert before <= engine.clock.steady_s()

    async def test_what_is_kept_may_be_asked_for_once_the_engine_is_open(self, make: Callable[[], Engine]) -> None:
        engine = make()
        if engine.guarantees.is_durable:
            with pytest.raises(Starting):
                engine.tables.names()
            with pytest.raises(Starting):
                await engine.apply(Written([]))
        await engine.open()
        await engine.open()  # as the next database on it does
        assert engine.tables.names() == []
        await engine.close()

    async def test_what_happened_outlives_the_engine_if_it_says_so(self, make: Callable[[], Engine]) -> None:
        engine = make()
        await engine.open()
        await put(engine, "t", body(1), body(2))
        await define(engine, "t", Definition(unique=("k",)))
        await put(engine, "gone", body(1))
        await drop(engine, "gone")
        left = everything(engine)
        await engine.close()
        await engine.close()  # as the next database on it does
        engine = make()
        await engine.open()
        assert everything(engine) == (left if engine.guarantees.is_durable else {})
        await engine.close()

    async def test_a_step_that_is_cancelled_happens_whole_or_not_at_all(self, engine: Engine) -> None:
        makes: tuple[Callable[[int], Step], ...] = (
            lambda n: Written([Change("t", f"{n}a", None, body(f"{n}a")), Change("t", f"{n}b", None, body(f"{n}b"))]),
            lambda n: Loaded({"t": {f"{n}a": body(f"{n}a"), f"{n}b": body(f"{n}b")}}),
            lambda n: Defined(f"t{n}", Definition()),
            lambda n: Dropped(f"t{n}"),
        )
        number = 0
        await put(engine, "t", body("one"))
        for turns in TURNS:
            for make in makes:
                number += make is not makes[-1]  # what is dropped is what was defined
                before = everything(engine)
                step = asyncio.create_task(engine.apply(make(number)))
                for _ in range(turns):
                    await asyncio.sleep(0)
                step.cancel()
                told = await asyncio.gather(step, return_exceptions=True)
                await define(engine, "beside", Definition())  # which waits for what was begun
                await drop(engine, "beside")
                after = everything(engine)
                assert (after["t"][0] - before["t"][0]) in (0, 2), "half of it happened"
                assert len(set(after) ^ set(before)) <= 1
                if isinstance(told[0], int) and make is not makes[-1]:
                    assert after != before, "it returned, and did not happen"

    async def test_a_backup_is_a_file_that_whoever_asked_removes(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        path = await engine.backup()
        assert path.is_file()
        backups.remove(path)
        assert not path.exists()
