"""What every engine promises of reading: what has happened is found, in order, and as it is at one moment."""

from __future__ import annotations

from operator import gt, lt
from typing import TYPE_CHECKING, Any

import pytest

from ramekin.changes import Change
from ramekin.engine.access import Access
from ramekin.errors import UnknownTable
from ramekin.query.plan import ALL_IDS, ALL_SPANS, Equal, IdWalk, Range
from ramekin.schema.fields import Field
from ramekin.testing.engines.steps import body, by_id, drop, ids, load, put, write
from ramekin.values.comparison import BOOLEAN, NUMBER, TEXT, OrderKey, Span
from ramekin.values.ids import RecordId, sort_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.engine.base import Engine


AGE = Field(("age",))


class Reading:
    """Records are found by id and by value, and a view shows one moment."""

    async def test_reading_an_unknown_table_is_an_error(self, engine: Engine) -> None:
        tables = engine.tables
        for call in (lambda: tables.get("none", "1"), lambda: tables.table_stats("none"), lambda: engine.watch("none")):
            with pytest.raises(UnknownTable):
                call()
        with pytest.raises(UnknownTable):
            await tables.find("none", limit=1)
        with pytest.raises(UnknownTable):
            await drop(engine, "none")
        with pytest.raises(UnknownTable):
            async with engine.tables.view([Access("none")]):
                pass

    async def test_stats_count_records_and_bytes_and_every_write_raises_the_revision(self, engine: Engine) -> None:
        await put(engine, "t", body(1), body(2, x="y"))
        before = engine.tables.table_stats("t")
        assert (before.records, before.size_bytes) == (2, len(body(1)) + len(body(2, x="y")))
        await write(engine, [Change("t", "1", body(1), None)])
        after = engine.tables.table_stats("t")
        assert (after.records, after.size_bytes) == (1, len(body(2, x="y")))
        assert after.revision > before.revision

    async def test_find_goes_by_id_integers_first(self, engine: Engine) -> None:
        await put(engine, "t", *[body(i) for i in ("b", 10, "a", 9, "007", -3, "é")])
        assert await ids(engine, "t") == [-3, 9, 10, "007", "a", "b", "é"]

    async def test_find_begins_behind_an_id_that_need_not_exist(self, engine: Engine) -> None:
        await put(engine, "t", *[body(i) for i in (1, 3, "b", "d")])
        assert await ids(engine, "t", after=1) == [3, "b", "d"]
        assert await ids(engine, "t", after=2) == [3, "b", "d"]
        assert await ids(engine, "t", after=9) == ["b", "d"]
        assert await ids(engine, "t", after="c") == ["d"]
        assert await ids(engine, "t", after="d") == []

    async def test_find_begins_at_an_offset_and_says_whether_more_follows(self, engine: Engine) -> None:
        await put(engine, "t", *[body(i) for i in (1, 3, "b", "d")])
        assert await ids(engine, "t", offset=1) == [3, "b", "d"]
        assert await ids(engine, "t", offset=3) == ["d"]
        assert await ids(engine, "t", offset=9) == []
        assert (await engine.tables.find("t", limit=3)).has_more
        assert not (await engine.tables.find("t", limit=4)).has_more
        assert (await engine.tables.find("t", limit=0)).has_more

    async def test_the_order_follows_writes(self, engine: Engine) -> None:
        await put(engine, "t", body(2), body("x"))
        assert await ids(engine, "t") == [2, "x"]
        await put(engine, "t", body(1), body("5x"))
        await write(engine, [Change("t", "2", body(2), None)])
        assert await ids(engine, "t") == [1, "5x", "x"]

    async def test_an_id_sent_as_text_stays_text_until_it_is_deleted(self, engine: Engine) -> None:
        await put(engine, "t", body("5"), body(40))
        assert await ids(engine, "t") == [40, "5"]
        await write(engine, [Change("t", "5", body("5"), None)])
        await put(engine, "t", body(5))
        assert await ids(engine, "t") == [5, 40]

    async def test_a_view_scans_in_id_order(self, engine: Engine) -> None:
        await put(engine, "t", *[body(i) for i in (3, 1, "a", 2)])
        async with engine.tables.view([Access("t", in_id_order=True)]) as view:
            assert by_id(view, "t", None, 2) == [(1, body(1)), (2, body(2))]
            assert by_id(view, "t", 2, 5) == [(3, body(3)), ("a", body("a"))]
            assert by_id(view, "t", "a", 5) == []

    async def test_a_view_looks_up_by_join_key_in_id_order(self, engine: Engine) -> None:
        await put(
            engine, "t", *[body(i, k=k) for i, k in ((3, "x"), (1, "x"), ("a", "x"), (2, 1), (4, 1.0), (5, True))]
        )
        await put(engine, "t", body(6), body(7, k=None), body(8, k=["x"]))
        async with engine.tables.view([Access("t", equal=(Field(("k",)),))]) as view:

            async def found(key: str | bool) -> list[RecordId]:
                return [row[0] for row in (await view.lookup("t", Field(("k",)), [key]))[0]]

            assert await found("x") == [1, 3, "a"]
            assert await found("1") == [2, 4]
            assert await found(True) == [5]
            assert await found("none") == []
            assert [row[0] for row in (await view.lookup("t", Field(("id",)), ["3"]))[0]] == [3]
            assert list((await view.lookup("t", Field(("id",)), [True]))[0]) == []

    async def test_a_view_does_not_see_later_writes(self, engine: Engine) -> None:
        await put(engine, "t", *[body(i, k="x") for i in range(5)])
        await put(engine, "u", body(1))
        access = [Access("t", in_id_order=True, equal=(Field(("k",)),)), Access("u")]
        async with engine.tables.view(access) as view:
            await write(
                engine, [Change("t", "1", body(1, k="x"), None), Change("t", "2", body(2, k="x"), body(2, k="y"))]
            )
            await put(engine, "t", body(9, k="x"))
            await load(engine, {"t": {"0": body(0)}}, replace=True)
            assert [row[0] for row in by_id(view, "t")] == [0, 1, 2, 3, 4]
            assert [row[0] for row in (await view.lookup("t", Field(("k",)), ["x"]))[0]] == [0, 1, 2, 3, 4]
            assert [b async for batch in view.batches("t") for b in batch] == [body(i, k="x") for i in range(5)]
            assert [b async for batch in view.batches("u") for b in batch] == [body(1)]
        assert await ids(engine, "t") == [0]

    async def test_batches_give_every_body_in_the_order_of_storing(self, engine: Engine) -> None:
        bodies = [body(f"{5000 - i}") for i in range(2500)]
        await put(engine, "t", *bodies)
        async with engine.tables.view([Access("t")]) as view:
            assert [b async for batch in view.batches("t") for b in batch] == bodies

    async def test_a_view_finds_equal_values_with_exact_types(self, engine: Engine) -> None:
        await put(engine, "t", body(1, age=1), body(2, age="1"), body(3, age=1.0), body(4, age=True), body(5))
        async with engine.tables.view([Access("t", equal=(AGE,))]) as view:

            def found(*keys: OrderKey) -> list[RecordId]:
                ids = list(view.ids("t", Equal(AGE, keys)))
                assert view.estimate("t", Equal(AGE, keys)) == len(ids)
                assert [row[0] for row in view.rows("t", ids)] == ids
                return sort_ids(ids)

            assert found((NUMBER, 1)) == [1, 3]
            assert found((TEXT, "1")) == [2]
            assert found((BOOLEAN, True), (NUMBER, 1)) == [1, 3, 4]
            assert found((NUMBER, 9)) == []

    async def test_a_view_walks_ids_in_stretches_in_both_directions_from_behind_any_id(self, engine: Engine) -> None:
        ids = [*range(-5, 6), "", "a", "b", "10x", "é"]
        await put(engine, "t", *[body(i, k=1 if i in (2, 3, "a") else 0) for i in ids if i != ""])
        ids.remove("")
        ordered = sorted(ids, key=lambda i: (isinstance(i, str), i))
        stretches: list[tuple[tuple[Span, ...], Callable[[Any], bool]]] = [
            (ALL_IDS, lambda _: True),
            ((Span(NUMBER, -2, 3, includes_high=False),), lambda i: isinstance(i, int) and -2 <= i < 3),
            ((Span(NUMBER, 1.5), Span(TEXT, None, "b")), lambda i: i >= 1.5 if isinstance(i, int) else i <= "b"),
            ((Span(NUMBER, None, -4), Span(NUMBER, 4)), lambda i: isinstance(i, int) and not -4 < i < 4),
            ((), lambda _: False),
        ]
        async with engine.tables.view([Access("t", in_id_order=True, equal=(Field(("k",)),))]) as view:
            for spans, lies in stretches:
                for of, among in ((None, ids), (Equal(Field(("k",)), ((NUMBER, 1),)), [2, 3, "a"])):
                    for is_descending in (False, True):
                        walk = IdWalk(spans, of, is_descending=is_descending)
                        expected = [i for i in ordered if lies(i) and i in among][:: -1 if is_descending else 1]
                        assert view.estimate("t", walk) == len(expected)
                        assert list(view.walk_ids("t", walk)) == expected
                        assert sorted(view.ids("t", walk), key=ordered.index) == sorted(expected, key=ordered.index)
                        for behind in [*ids, 99, -99, "aa", "zz"]:
                            place = (isinstance(behind, str), behind)
                            after, before = (
                                [i for i in expected if test((isinstance(i, str), i), place)] for test in (gt, lt)
                            )
                            rest = before if is_descending else after
                            assert list(view.walk_ids("t", walk, behind)) == rest

    async def test_a_view_walks_values_in_both_directions(self, engine: Engine) -> None:
        await put(
            engine,
            "t",
            body(1, age=3),
            body(2, age="x"),
            body(3, age=None),
            body(4, age=3),
            body(5, age=True),
            body(6, age=[1]),
            body(7),
        )
        async with engine.tables.view([Access("t", ordered=(AGE,))]) as view:

            def walk(
                spans: Sequence[Span], *, is_descending: bool = False, includes_absent: bool = False
            ) -> list[RecordId]:
                return list(view.walk("t", AGE, spans, is_descending=is_descending, includes_absent=includes_absent))

            assert walk(ALL_SPANS, includes_absent=True) == [5, 1, 4, 2, 6, 3, 7]
            assert walk(ALL_SPANS, is_descending=True, includes_absent=True) == [6, 2, 1, 4, 5, 3, 7]
            assert walk([Span(NUMBER, 3)]) == [1, 4]
            assert walk([Span(NUMBER, 3, includes_low=False)]) == []
            assert walk([Span(NUMBER, 5, 1)]) == []
            assert view.estimate("t", Range(AGE, (Span(NUMBER),))) == 2
            assert view.estimate("t", Range(AGE, (Span(NUMBER),), includes_absent=True)) == 4
            assert list(view.ids("t", Range(AGE, (Span(NUMBER),), includes_absent=True))) == [1, 4, 3, 7]
