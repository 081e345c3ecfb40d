"""What every engine promises of what happens: steps, and what stands before and after them. Knows no engine."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from ramekin.changes import Change, Defined, Dropped, Loaded, Step, Written
from ramekin.errors import InvalidTableName, NotUnique
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, change, define, drop, ids, load, put, write
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.base import Engine


class Happening:
    """Steps happen whole, in order, and only while what they were computed from still stands."""

    async def test_a_write_makes_the_table_and_is_read_back_byte_for_byte(self, engine: Engine) -> None:
        await put(engine, "t", b'{"id":1,"x":-0.0}')
        assert engine.tables.get("t", "1") == b'{"id":1,"x":-0.0}'
        assert engine.tables.get("t", "2") is None

    async def test_the_next_step_finds_none_where_no_record_or_no_table_is(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        assert [engine.ahead(*place) for place in (("t", "1"), ("t", "2"), ("none", "1"))] == [body(1), None, None]

    async def test_a_write_whose_before_no_longer_holds_changes_nothing(self, engine: Engine) -> None:
        await put(engine, "t", body(1, a=1))
        stale = [Change("t", "2", None, body(2)), Change("t", "1", body(1, a=0), body(1, a=2))]
        assert not await write(engine, stale)
        assert not await write(engine, [Change("t", "1", None, body(1, a=2))])
        assert not await write(engine, [Change("u", "1", body(1), None)])
        assert await ids(engine, "t") == [1]
        assert engine.tables.get("t", "1") == body(1, a=1)

    async def test_a_write_replaces_and_deletes(self, engine: Engine) -> None:
        await put(engine, "t", body(1), body(2))
        assert await write(engine, [Change("t", "1", body(1), body(1, a=1)), Change("t", "2", body(2), None)])
        assert engine.tables.get("t", "1") == body(1, a=1)
        assert engine.tables.get("t", "2") is None

    async def test_a_change_makes_of_a_body_what_its_step_says(self, engine: Engine) -> None:
        seen: list[bytes | None] = []

        def step(after: bytes | None) -> Callable[[bytes | None], bytes | None]:
            def of(before: bytes | None) -> bytes | None:
                seen.append(before)
                return after

            return of

        await change(engine, "t", "1", step(body(1)))
        await change(engine, "t", "1", step(body(1, x=2)))
        assert engine.tables.get("t", "1") == body(1, x=2)
        await change(engine, "t", "1", step(None))
        assert engine.tables.get("t", "1") is None
        assert seen == [None, body(1), body(1, x=2)]

    async def test_a_change_whose_step_raises_or_leaves_nothing_makes_no_table(self, engine: Engine) -> None:
        def refuse(_: bytes | None) -> bytes:
            raise LookupError

        with pytest.raises(LookupError):
            await change(engine, "t", "1", refuse)
        await change(engine, "t", "1", lambda before: before)
        with pytest.raises(InvalidTableName):
            await change(engine, "no table", "1", lambda _: body(1))
        assert engine.tables.names() == []

    async def test_a_change_to_the_same_body_is_no_write(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        revision = engine.tables.table_stats("t").revision
        await change(engine, "t", "1", lambda before: before)
        assert engine.tables.table_stats("t").revision == revision

    async def test_changes_of_one_record_at_once_are_all_kept(self, engine: Engine) -> None:
        def one_more(before: bytes | None) -> bytes:
            count = 0 if before is None else codec.parse(before)["n"]
            return body(1, n=count + 1)

        await asyncio.gather(*[change(engine, "t", "1", one_more) for _ in range(50)])
        assert engine.tables.get("t", "1") == body(1, n=50)

    async def test_a_change_keeps_a_unique_field_so(self, engine: Engine) -> None:
        await define(engine, "t", Definition(unique=("n",)))
        await change(engine, "t", "1", lambda _: body(1, n=1))
        with pytest.raises(NotUnique):
            await change(engine, "t", "2", lambda _: body(2, n=1))
        assert await ids(engine, "t") == [1]
        await change(engine, "t", "1", lambda _: body(1, n=2))
        await change(engine, "t", "2", lambda _: body(2, n=1))

    async def test_a_unique_value_that_stays_is_nobody_elses_and_two_may_be_exchanged(self, engine: Engine) -> None:
        await define(engine, "t", Definition(unique=("n",)))
        await put(engine, "t", body(1, n=1), body(2, n=2))
        stays = Change("t", "1", body(1, n=1), body(1, n=1, a=1))
        takes = Change("t", "2", body(2, n=2), body(2, n=1))
        for changes in ([stays, takes], [takes, stays]):
            with pytest.raises(NotUnique):
                await write(engine, changes)
        await write(engine, [Change("t", "1", body(1, n=1), body(1, n=2)), takes])
        await write(engine, [Change("t", "1", body(1, n=2), body(1, n=2, a=1))])
        assert [engine.tables.get("t", key) for key in ("1", "2")] == [body(1, n=2, a=1), body(2, n=1)]

    async def test_a_write_to_a_table_with_a_bad_name_changes_nothing(self, engine: Engine) -> None:
        with pytest.raises(InvalidTableName):
            await write(engine, [Change("ok", "1", None, body(1)), Change("not ok", "1", None, body(1))])
        assert engine.ahead("ok", "1") is None
        assert engine.tables.names() == []

    async def test_a_table_made_again_never_repeats_a_revision(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        before = engine.tables.table_stats("t").revision
        await drop(engine, "t")
        await put(engine, "t", body(1))
        assert engine.tables.table_stats("t").revision > before

    async def test_load_stores_over_and_beside(self, engine: Engine) -> None:
        await put(engine, "t", body(1), body(2))
        await load(engine, {"t": {"2": body(2, a=1), "3": body(3)}, "u": {}}, replace=False)
        assert await ids(engine, "t") == [1, 2, 3]
        assert engine.tables.get("t", "2") == body(2, a=1)
        assert engine.tables.table_stats("u").records == 0
        assert engine.tables.table_stats("t").size_bytes == len(body(1)) + len(body(2, a=1)) + len(body(3))

    async def test_load_with_replace_leaves_nothing_else(self, engine: Engine) -> None:
        await define(engine, "kept", Definition(require_if_match=True))
        for name in ("t", "u", "kept"):
            await put(engine, name, body(1))
        await load(engine, {"t": {"2": body(2)}}, replace=True)
        assert {name: engine.tables.table_stats(name).records for name in engine.tables.names()} == {"t": 1, "kept": 0}
        assert set(engine.tables.definitions) == {"kept"}

    async def test_a_load_may_empty_tables_and_store_nothing(self, engine: Engine) -> None:
        await define(engine, "t", Definition(unique=("k",)))
        await put(engine, "t", body(1, k="x"))
        await put(engine, "u", body(1))
        assert await engine.apply(Loaded({}, emptied=("t",))) is not None
        assert (await ids(engine, "t"), await ids(engine, "u")) == ([], [1])
        await put(engine, "t", body(1, k="y"), body(2, k="x"))
        assert await ids(engine, "t") == [1, 2]

    async def test_load_with_a_bad_name_changes_nothing(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        with pytest.raises(InvalidTableName):
            await load(engine, {"t": {}, "no t": {}}, replace=True)
        assert await ids(engine, "t") == [1]

    async def test_a_step_that_expects_another_definition_changes_nothing(self, engine: Engine) -> None:
        definition, equal = Definition(require_if_match=True), Definition(require_if_match=True)
        await define(engine, "t", definition)
        steps: tuple[Step, ...] = (
            Written([Change("t", "1", None, body(1))]),
            Loaded({"t": {"1": body(1)}}),
            Dropped("t"),
        )
        for step in steps:
            assert await engine.apply(step, {"t": None}) is None
            assert await engine.apply(step, {"t": equal}) is None  # the very object is meant
            assert await engine.apply(step, {"t": definition, "u": definition}) is None
        assert await ids(engine, "t") == []
        for step in steps:
            assert await engine.apply(step, {"t": definition, "u": None}) is not None
        assert "t" not in engine.tables

    async def test_a_step_is_made_in_the_moment_in_which_it_happens(self, engine: Engine) -> None:
        await put(engine, "t", body(1))
        assert await engine.apply(lambda: None) is None
        made = []

        def make() -> Step:
            made.append(engine.tables.table_stats("t").records)
            return Defined("t", Definition())

        number = await engine.apply(make)
        assert (made[-1], engine.tables.table_stats("t").revision) == (1, number)

        def refuse() -> Step:
            raise LookupError

        with pytest.raises(LookupError):
            await engine.apply(refuse)
        assert engine.tables.table_stats("t").revision == number

    async def test_numbers_of_steps_grow(self, engine: Engine) -> None:
        steps: list[Step] = [
            Written([Change("t", "1", None, body(1))]),
            Defined("u", Definition()),
            Loaded({"t": {}}),
            Dropped("u"),
        ]
        numbers = [await engine.apply(step) or 0 for step in steps]
        assert numbers == sorted(set(numbers))
        assert await engine.apply(Written([])) == numbers[-1]

    async def test_what_is_written_at_once_is_there_or_nothing_was_done(self, engine: Engine) -> None:
        await put(engine, "t", body(0))
        assert engine.at_once("none", "1", 1000) is None
        changes = [("1", None, body(1)), ("1", body(1), body(1, k=2)), ("0", body(0), None)]
        for key, before, after in changes:
            if (table := engine.at_once("t", key, 1000)) is not None:
                number = table.revision
                assert table.get(key) == engine.ahead("t", key) == before
                engine.store_at_once(Change("t", key, before, after))
                assert engine.ahead("t", key) == engine.tables.get("t", key) == after
                assert engine.tables.table_stats("t").revision > number

    async def test_what_is_written_at_once_is_unique_where_it_has_to_be(self, engine: Engine) -> None:
        await put(engine, "t", body(0, k="a"))
        await define(engine, "t", Definition(unique=("k",)))
        for key, after, is_refused in (("1", body(1, k="a"), True), ("1", body(1, k="b"), False)):
            if (table := engine.at_once("t", key, 1000)) is not None:
                number = table.revision
                with pytest.raises(NotUnique) if is_refused else nullcontext():
                    engine.store_at_once(Change("t", key, None, after))
                assert engine.tables.get("t", key) == (None if is_refused else after)
                assert (engine.tables.table_stats("t").revision > number) is not is_refused

    async def test_what_was_shown_ahead_is_kept_once_it_is_flushed(self, engine: Engine) -> None:
        bodies = {str(number): body(number) for number in range(20)}
        writes = [asyncio.create_task(put(engine, "t", each)) for each in bodies.values()]
        await asyncio.sleep(0)
        shown = [key for key in bodies if engine.ahead("t", key) is not None]
        await engine.flushed()
        assert [engine.tables.get("t", key) for key in shown] == [bodies[key] for key in shown]
        await asyncio.gather(*writes)
        assert engine.tables.table_stats("t").records == 20

    async def test_the_definition_in_force_is_the_object_that_was_given(self, engine: Engine) -> None:
        for definition in (Definition(unique=("k",)), Definition(unique=("k",))):
            await define(engine, "t", definition)
            assert engine.tables.definitions["t"] is definition
        await drop(engine, "t")
        assert "t" not in engine.tables.definitions

    async def test_a_watch_tells_each_record_that_was_written_and_when_the_table_is_gone(self, engine: Engine) -> None:
        await put(engine, "t", body(1), body(2))
        with engine.watch("t") as watch:
            assert (watch.count, watch.take()) == (0, {})
            await write(engine, [Change("t", "1", body(1), None), Change("t", "3", None, body(3))])
            assert watch.take().items() >= {"1": None, "3": body(3)}.items()
            assert (watch.count, watch.is_over) == (0, False)
            await drop(engine, "t")
            assert watch.is_over

    async def test_a_unique_field_is_kept_so(self, engine: Engine) -> None:
        definition = Definition(unique=("k",))
        await put(engine, "t", body(1, k="x"), body(2))
        await define(engine, "t", definition)
        assert engine.tables.table_stats("t").definition == definition
        with pytest.raises(NotUnique) as raised:
            await write(engine, [Change("t", "3", None, body(3)), Change("t", "4", None, body(4, k="x"))])
        assert raised.value.place == ("t", "4")
        assert engine.tables.get("t", "3") is None
        with pytest.raises(NotUnique):
            await write(engine, [Change("t", "3", None, body(3, k=1)), Change("t", "4", None, body(4, k="1"))])
        with pytest.raises(NotUnique):
            await load(engine, {"t": {"9": body(9, k="x")}}, replace=False)
        assert await ids(engine, "t") == [1, 2]
        assert await write(engine, [Change("t", "1", body(1, k="x"), None), Change("t", "4", None, body(4, k="x"))])
