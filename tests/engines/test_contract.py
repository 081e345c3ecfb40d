"""What every engine promises, as `ramekin/engine/base.py` says it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from operator import gt, lt
from random import Random

import pytest

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.engine.access import Access
from ramekin.errors import InvalidTableName, NotUnique, UnknownTable
from ramekin.query.plan import ALL_IDS, ALL_SPANS, Equal, IdWalk, Range
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field
from ramekin.values import codec
from ramekin.values.keys import BOOLEAN, NUMBER, TEXT, Span, join_key, order_key
from tests.steps import change, define, drop, load, write

pytestmark = pytest.mark.anyio


def body(record_id, **members):
    return codec.dump({"id": record_id, **members})


async def put(engine, table, *bodies):
    changes = [Change(table, str(codec.parse(b)["id"]), None, b) for b in bodies]
    assert await write(engine, changes)


async def ids(engine, table, **words):
    return [row[0] for row in (await engine.tables.find(table, limit=1000, **words)).rows]


async def test_a_new_engine_is_empty_and_healthy(engine):
    assert await engine.state() == "ok"
    assert engine.tables.stats() == []
    assert engine.guarantees.name


async def test_a_write_makes_the_table_and_is_read_back_byte_for_byte(engine):
    await put(engine, "t", b'{"id":1,"x":-0.0}')
    assert engine.tables.get("t", "1") == b'{"id":1,"x":-0.0}'
    assert engine.tables.get("t", "2") is None


async def test_reading_an_unknown_table_is_an_error(engine):
    tables = engine.tables
    for call in (lambda: tables.get("none", "1"), lambda: tables.table_stats("none"), lambda: engine.watch("none")):
        with pytest.raises(UnknownTable):
            call()
    with pytest.raises(UnknownTable):
        await tables.find("none", limit=1)
    with pytest.raises(UnknownTable):
        await drop(engine, "none")
    with pytest.raises(UnknownTable):
        async with engine.tables.snapshot([Access("none")]):
            pass


async def test_the_next_step_finds_none_where_no_record_or_no_table_is(engine):
    await put(engine, "t", body(1))
    assert [engine.ahead(*place) for place in (("t", "1"), ("t", "2"), ("none", "1"))] == [body(1), None, None]


async def test_a_write_whose_before_no_longer_holds_changes_nothing(engine):
    await put(engine, "t", body(1, a=1))
    stale = [Change("t", "2", None, body(2)), Change("t", "1", body(1, a=0), body(1, a=2))]
    assert not await write(engine, stale)
    assert not await write(engine, [Change("t", "1", None, body(1, a=2))])
    assert not await write(engine, [Change("u", "1", body(1), None)])
    assert await ids(engine, "t") == [1]
    assert engine.tables.get("t", "1") == body(1, a=1)


async def test_a_write_replaces_and_deletes(engine):
    await put(engine, "t", body(1), body(2))
    assert await write(engine, [Change("t", "1", body(1), body(1, a=1)), Change("t", "2", body(2), None)])
    assert engine.tables.get("t", "1") == body(1, a=1)
    assert engine.tables.get("t", "2") is None


async def test_a_change_makes_of_a_body_what_its_step_says(engine):
    seen = []

    def step(after):
        def of(before):
            seen.append(before)
            return after

        return of

    await change(engine, "t", "1", step(body(1)))
    await change(engine, "t", "1", step(body(1, x=2)))
    assert engine.tables.get("t", "1") == body(1, x=2)
    await change(engine, "t", "1", step(None))
    assert engine.tables.get("t", "1") is None
    assert seen == [None, body(1), body(1, x=2)]


async def test_a_change_whose_step_raises_or_leaves_nothing_makes_no_table(engine):
    def refuse(before):
        raise LookupError

    with pytest.raises(LookupError):
        await change(engine, "t", "1", refuse)
    await change(engine, "t", "1", lambda before: before)
    with pytest.raises(InvalidTableName):
        await change(engine, "no table", "1", lambda before: body(1))
    assert engine.tables.stats() == []


async def test_a_change_to_the_same_body_is_no_write(engine):
    await put(engine, "t", body(1))
    revision = engine.tables.table_stats("t").revision
    await change(engine, "t", "1", lambda before: before)
    assert engine.tables.table_stats("t").revision == revision


async def test_changes_of_one_record_at_once_are_all_kept(engine):
    def one_more(before):
        count = 0 if before is None else codec.parse(before)["n"]
        return body(1, n=count + 1)

    await asyncio.gather(*[change(engine, "t", "1", one_more) for _ in range(50)])
    assert engine.tables.get("t", "1") == body(1, n=50)


async def test_a_change_keeps_a_unique_field_so(engine):
    await define(engine, "t", Definition(unique=("n",)))
    await change(engine, "t", "1", lambda before: body(1, n=1))
    with pytest.raises(NotUnique):
        await change(engine, "t", "2", lambda before: body(2, n=1))
    assert await ids(engine, "t") == [1]
    await change(engine, "t", "1", lambda before: body(1, n=2))
    await change(engine, "t", "2", lambda before: body(2, n=1))


async def test_a_write_to_a_table_with_a_bad_name_changes_nothing(engine):
    with pytest.raises(InvalidTableName):
        await write(engine, [Change("ok", "1", None, body(1)), Change("not ok", "1", None, body(1))])
    assert engine.ahead("ok", "1") is None
    assert engine.tables.stats() == []


async def test_stats_count_records_and_bytes_and_every_write_raises_the_revision(engine):
    await put(engine, "t", body(1), body(2, x="y"))
    before = engine.tables.table_stats("t")
    assert (before.records, before.size_bytes) == (2, len(body(1)) + len(body(2, x="y")))
    await write(engine, [Change("t", "1", body(1), None)])
    after = engine.tables.table_stats("t")
    assert (after.records, after.size_bytes) == (1, len(body(2, x="y")))
    assert after.revision > before.revision


async def test_a_table_made_again_never_repeats_a_revision(engine):
    await put(engine, "t", body(1))
    before = engine.tables.table_stats("t").revision
    await drop(engine, "t")
    await put(engine, "t", body(1))
    assert engine.tables.table_stats("t").revision > before


async def test_find_goes_by_id_integers_first(engine):
    await put(engine, "t", *[body(i) for i in ("b", 10, "a", 9, "007", -3, "é")])
    assert await ids(engine, "t") == [-3, 9, 10, "007", "a", "b", "é"]


async def test_find_begins_behind_an_id_that_need_not_exist(engine):
    await put(engine, "t", *[body(i) for i in (1, 3, "b", "d")])
    assert await ids(engine, "t", after=1) == [3, "b", "d"]
    assert await ids(engine, "t", after=2) == [3, "b", "d"]
    assert await ids(engine, "t", after=9) == ["b", "d"]
    assert await ids(engine, "t", after="c") == ["d"]
    assert await ids(engine, "t", after="d") == []


async def test_find_begins_at_an_offset_and_says_whether_more_follows(engine):
    await put(engine, "t", *[body(i) for i in (1, 3, "b", "d")])
    assert await ids(engine, "t", offset=1) == [3, "b", "d"]
    assert await ids(engine, "t", offset=3) == ["d"]
    assert await ids(engine, "t", offset=9) == []
    assert (await engine.tables.find("t", limit=3)).has_more
    assert not (await engine.tables.find("t", limit=4)).has_more
    assert (await engine.tables.find("t", limit=0)).has_more


async def test_the_order_follows_writes(engine):
    await put(engine, "t", body(2), body("x"))
    assert await ids(engine, "t") == [2, "x"]
    await put(engine, "t", body(1), body("5x"))
    await write(engine, [Change("t", "2", body(2), None)])
    assert await ids(engine, "t") == [1, "5x", "x"]


async def test_an_id_sent_as_text_stays_text_until_it_is_deleted(engine):
    await put(engine, "t", body("5"), body(40))
    assert await ids(engine, "t") == [40, "5"]
    await write(engine, [Change("t", "5", body("5"), None)])
    await put(engine, "t", body(5))
    assert await ids(engine, "t") == [5, 40]


async def test_load_stores_over_and_beside(engine):
    await put(engine, "t", body(1), body(2))
    await load(engine, {"t": {"2": body(2, a=1), "3": body(3)}, "u": {}}, replace=False)
    assert await ids(engine, "t") == [1, 2, 3]
    assert engine.tables.get("t", "2") == body(2, a=1)
    assert engine.tables.table_stats("u").records == 0
    assert engine.tables.table_stats("t").size_bytes == len(body(1)) + len(body(2, a=1)) + len(body(3))


async def test_load_with_replace_leaves_nothing_else(engine):
    await define(engine, "kept", Definition(require_if_match=True))
    for name in ("t", "u", "kept"):
        await put(engine, name, body(1))
    await load(engine, {"t": {"2": body(2)}}, replace=True)
    assert {stats.name: stats.records for stats in engine.tables.stats()} == {"t": 1, "kept": 0}
    assert set(engine.tables.definitions) == {"kept"}


async def test_load_with_a_bad_name_changes_nothing(engine):
    await put(engine, "t", body(1))
    with pytest.raises(InvalidTableName):
        await load(engine, {"t": {}, "no t": {}}, replace=True)
    assert await ids(engine, "t") == [1]


async def test_a_view_scans_in_id_order(engine):
    await put(engine, "t", *[body(i) for i in (3, 1, "a", 2)])
    async with engine.tables.snapshot([Access("t", in_id_order=True)]) as view:
        assert await view.scan("t", None, 2) == [(1, body(1)), (2, body(2))]
        assert await view.scan("t", 2, 5) == [(3, body(3)), ("a", body("a"))]
        assert await view.scan("t", "a", 5) == []


async def test_a_view_looks_up_by_join_key_in_id_order(engine):
    await put(engine, "t", *[body(i, k=k) for i, k in ((3, "x"), (1, "x"), ("a", "x"), (2, 1), (4, 1.0), (5, True))])
    await put(engine, "t", body(6), body(7, k=None), body(8, k=["x"]))
    async with engine.tables.snapshot([Access("t", equal=(Field(("k",)),))]) as view:

        async def found(key):
            return [row[0] for row in (await view.lookup("t", Field(("k",)), [key]))[0]]

        assert await found("x") == [1, 3, "a"]
        assert await found("1") == [2, 4]
        assert await found(True) == [5]
        assert await found("none") == []
        assert [row[0] for row in (await view.lookup("t", Field(("id",)), ["3"]))[0]] == [3]
        assert list((await view.lookup("t", Field(("id",)), [True]))[0]) == []


async def test_an_index_follows_writes(engine):
    await put(engine, "t", body(1, k="x"), body(2, k="x"))
    access = [Access("t", equal=(Field(("k",)),))]
    async with engine.tables.snapshot(access) as view:
        assert len((await view.lookup("t", Field(("k",)), ["x"]))[0]) == 2
    await write(engine, [Change("t", "1", body(1, k="x"), body(1, k="y")), Change("t", "2", body(2, k="x"), None)])
    await put(engine, "t", body(3, k="x"))
    async with engine.tables.snapshot(access) as view:
        assert [row[0] for row in (await view.lookup("t", Field(("k",)), ["x"]))[0]] == [3]
        assert [row[0] for row in (await view.lookup("t", Field(("k",)), ["y"]))[0]] == [1]


async def test_a_view_does_not_see_later_writes(engine):
    await put(engine, "t", *[body(i, k="x") for i in range(5)])
    await put(engine, "u", body(1))
    access = [Access("t", in_id_order=True, equal=(Field(("k",)),)), Access("u")]
    async with engine.tables.snapshot(access) as view:
        await write(engine, [Change("t", "1", body(1, k="x"), None), Change("t", "2", body(2, k="x"), body(2, k="y"))])
        await put(engine, "t", body(9, k="x"))
        await load(engine, {"t": {"0": body(0)}}, replace=True)
        assert [row[0] for row in await view.scan("t", None, 99)] == [0, 1, 2, 3, 4]
        assert [row[0] for row in (await view.lookup("t", Field(("k",)), ["x"]))[0]] == [0, 1, 2, 3, 4]
        assert [b async for batch in view.batches("t") for b in batch] == [body(i, k="x") for i in range(5)]
        assert [b async for batch in view.batches("u") for b in batch] == [body(1)]
    assert await ids(engine, "t") == [0]


async def test_batches_give_every_body_in_the_order_of_storing(engine):
    bodies = [body(f"{5000 - i}") for i in range(2500)]
    await put(engine, "t", *bodies)
    async with engine.tables.snapshot([Access("t")]) as view:
        assert [b async for batch in view.batches("t") for b in batch] == bodies


async def test_writes_during_a_build_are_in_the_order_and_the_index(engine):
    await put(engine, "t", *[body(f"r{i:05}", k=i % 7) for i in range(8000)])
    access = [Access("t", in_id_order=True, equal=(Field(("k",)),))]

    async def read():
        async with engine.tables.snapshot(access) as view:
            return [row[0] for row in await view.scan("t", None, 99999)], list(
                (await view.lookup("t", Field(("k",)), ["3"]))[0]
            )

    async def change_some():
        for i in range(0, 8000, 800):
            old = body(f"r{i:05}", k=i % 7)
            assert await write(engine, [Change("t", f"r{i:05}", old, None)])
            assert await write(engine, [Change("t", f"s{i:05}", None, body(f"s{i:05}", k=3))])
            await asyncio.sleep(0)

    await asyncio.gather(read(), change_some(), read())
    scanned, found = await read()
    expected = sorted({f"r{i:05}" for i in range(8000) if i % 800} | {f"s{i:05}" for i in range(0, 8000, 800)})
    assert scanned == expected
    by_scan = [i for i in expected if codec.parse(engine.tables.get("t", i))["k"] == 3]
    assert [row[0] for row in found] == by_scan


async def test_a_load_during_a_build_is_in_the_order(engine):
    await put(engine, "t", *[body(f"r{i:05}") for i in range(5000)])
    build = asyncio.create_task(engine.tables.find("t", limit=10))
    await asyncio.sleep(0)
    await load(engine, {"t": {"a": body("a")}}, replace=True)
    assert [row[0] for row in (await build).rows] in (["a"], [f"r{i:05}" for i in range(10)])
    assert await ids(engine, "t") == ["a"]


async def test_fields_that_no_record_has_do_not_drive_out_an_index_that_is_used(engine):
    await put(engine, "t", body(1, k=1))
    for i in range(100):
        name = "k" if i == 0 else f"none{i}"
        async with engine.tables.snapshot([Access("t", equal=(Field((name,)),))]) as view:
            await view.lookup("t", Field((name,)), ["1"])
    assert "k" in {index.field for index in engine.tables.index_stats("t")}


async def test_many_fields_may_be_looked_up(engine):
    await put(engine, "t", body(1, **{f"f{i}": i for i in range(50)}))
    for i in range(50):
        async with engine.tables.snapshot([Access("t", equal=(Field((f"f{i}",)),))]) as view:
            assert [row[0] for row in (await view.lookup("t", Field((f"f{i}",)), [str(i)]))[0]] == [1]


async def test_a_table_that_is_made_again_while_a_view_is_prepared_is_the_one_that_is_seen(engine):
    await put(engine, "t", *[body(f"r{i:05}", k=1) for i in range(5000)])

    async def look():
        async with engine.tables.snapshot([Access("t", in_id_order=True, equal=(Field(("k",)),))]) as view:
            return [row[0] for row in await view.scan("t", None, 3)]

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    await drop(engine, "t")
    await put(engine, "t", body("new", k=1))
    if engine.guarantees.is_durable:  # the drop and the new table take a while, and the view is of any moment
        with suppress(UnknownTable):
            assert await asyncio.wait_for(looking, 10) in (["new"], ["r00000", "r00001", "r00002"])
    else:
        assert await asyncio.wait_for(looking, 10) == ["new"]


AGE = Field(("age",))


async def test_a_view_finds_equal_values_with_exact_types(engine):
    await put(engine, "t", body(1, age=1), body(2, age="1"), body(3, age=1.0), body(4, age=True), body(5))
    async with engine.tables.snapshot([Access("t", equal=(AGE,))]) as view:

        def found(*keys):
            ids = list(view.ids("t", Equal(AGE, keys)))
            assert view.estimate("t", Equal(AGE, keys)) == len(ids)
            assert [row[0] for row in view.rows("t", ids)] == ids
            return sorted(ids)

        assert found((NUMBER, 1)) == [1, 3]
        assert found((TEXT, "1")) == [2]
        assert found((BOOLEAN, True), (NUMBER, 1)) == [1, 3, 4]
        assert found((NUMBER, 9)) == []


async def test_a_view_walks_ids_in_stretches_in_both_directions_from_behind_any_id(engine):
    ids = [*range(-5, 6), "", "a", "b", "10x", "é"]
    await put(engine, "t", *[body(i, k=1 if i in (2, 3, "a") else 0) for i in ids if i != ""])
    ids.remove("")
    ordered = sorted(ids, key=lambda i: (isinstance(i, str), i))
    stretches = [
        (ALL_IDS, lambda i: True),
        ((Span(NUMBER, -2, 3, includes_high=False),), lambda i: isinstance(i, int) and -2 <= i < 3),
        ((Span(NUMBER, 1.5), Span(TEXT, None, "b")), lambda i: i >= 1.5 if isinstance(i, int) else i <= "b"),
        ((Span(NUMBER, None, -4), Span(NUMBER, 4)), lambda i: isinstance(i, int) and not -4 < i < 4),
        ((), lambda i: False),
    ]
    async with engine.tables.snapshot([Access("t", in_id_order=True, equal=(Field(("k",)),))]) as view:
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


async def test_a_view_walks_values_in_both_directions(engine):
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
    async with engine.tables.snapshot([Access("t", ordered=(AGE,))]) as view:

        def walk(spans, *, is_descending=False, includes_absent=False):
            return list(view.walk("t", AGE, spans, is_descending=is_descending, includes_absent=includes_absent))

        assert walk(ALL_SPANS, includes_absent=True) == [5, 1, 4, 2, 6, 3, 7]
        assert walk(ALL_SPANS, is_descending=True, includes_absent=True) == [6, 2, 1, 4, 5, 3, 7]
        assert walk([Span(NUMBER, 3)]) == [1, 4]
        assert walk([Span(NUMBER, 3, includes_low=False)]) == []
        assert walk([Span(NUMBER, 5, 1)]) == []
        assert view.estimate("t", Range(AGE, (Span(NUMBER),))) == 2
        assert view.estimate("t", Range(AGE, (Span(NUMBER),), includes_absent=True)) == 4
        assert list(view.ids("t", Range(AGE, (Span(NUMBER),), includes_absent=True))) == [1, 4, 3, 7]


async def test_both_kinds_of_index_follow_every_write(engine):
    random = Random(1)
    known = {}
    access = Access("t", in_id_order=True, equal=(Field(("k",)),), ordered=(AGE,))
    await put(engine, "t", body(0))
    known["0"] = {"id": 0}
    for _ in range(1000):
        id = random.randrange(40)
        before = known.get(str(id))
        after = None
        if before is None or random.random() < 0.7:
            after = {
                "id": id,
                "k": random.choice([1, "1", 2, None, True]),
                "age": random.choice([1, 1.5, "a", None, [1], {"b": 1}]),
            }
        assert await write(engine, [Change("t", str(id), before and codec.dump(before), after and codec.dump(after))])
        if after is None:
            del known[str(id)]
        else:
            known[str(id)] = after
        async with engine.tables.snapshot([access]) as view:
            for key in ("1", "2", True):
                scanned = [
                    r["id"]
                    for r in sorted(known.values(), key=lambda r: r["id"])
                    if join_key(r.get("k")) == key and type(join_key(r.get("k"))) is type(key)
                ]
                assert [row[0] for row in (await view.lookup("t", Field(("k",)), [key]))[0]] == scanned
            walked = list(view.rows("t", list(view.walk("t", AGE, ALL_SPANS, includes_absent=True))))
            assert sorted(row[0] for row in walked) == sorted(record["id"] for record in known.values())
            assert all(codec.parse(row[1]) == known[str(row[0])] for row in walked)
            keys = [order_key(codec.parse(row[1]).get("age")) or (9, 0) for row in walked]
            assert keys == sorted(keys)


async def test_an_index_that_is_built_serves_reads_and_takes_writes(engine):
    await put(engine, "t", *[body(i, k=i % 5) for i in range(20_000)])
    build = asyncio.create_task(read_sorted(engine, "k"))
    turns = 0
    while not build.done():
        await asyncio.sleep(0)
        assert engine.tables.get("t", str(turns)) is not None
        if turns % 2:
            assert await write(engine, [Change("t", str(turns), body(turns, k=turns % 5), body(turns, k=99))])
        turns += 1
    assert turns > (10 if not engine.guarantees.is_durable else 0)  # a write that is synced takes a while
    await build
    found = await read_sorted(engine, "k")
    assert [i for i, k in found if k == 99] == list(range(1, turns, 2))
    assert len(found) == 20_000


async def read_sorted(engine, name):
    field = Field((name,))
    async with engine.tables.snapshot([Access("t", ordered=(field,))]) as view:
        rows = view.rows("t", list(view.walk("t", field, ALL_SPANS, is_descending=False, includes_absent=True)))
        return [(row[0], codec.parse(row[1]).get(name)) for row in rows]


async def test_a_hash_index_serves_until_the_sorted_one_is_ready(engine):
    await put(engine, "t", *[body(i, k=i % 5) for i in range(5000)])
    equal = [Access("t", equal=(Field(("k",)),))]
    async with engine.tables.snapshot(equal) as view:
        assert len((await view.lookup("t", Field(("k",)), ["3"]))[0]) == 1000
    build = asyncio.create_task(read_sorted(engine, "k"))
    await asyncio.sleep(0)
    async with engine.tables.snapshot(equal) as view:
        assert not build.done()
        assert len((await view.lookup("t", Field(("k",)), ["3"]))[0]) == 1000
    assert len(await build) == 5000
    [index] = engine.tables.index_stats("t")
    assert (index.field, index.kind) == ("k", "sorted")


async def test_a_step_that_expects_another_definition_changes_nothing(engine):
    definition = Definition(require_if_match=True)
    await define(engine, "t", definition)
    steps = (Written([Change("t", "1", None, body(1))]), Loaded({"t": {"1": body(1)}}), Dropped("t"))
    for step in steps:
        assert await engine.apply(step, {"t": None}) is None
        assert await engine.apply(step, {"t": Definition(require_if_match=True)}) is None  # the very object is meant
        assert await engine.apply(step, {"t": definition, "u": definition}) is None
    assert await ids(engine, "t") == []
    for step in steps:
        assert await engine.apply(step, {"t": definition, "u": None}) is not None
        definition = None if step is steps[-1] else definition
    assert "t" not in engine.tables


async def test_a_step_is_made_in_the_moment_in_which_it_happens(engine):
    await put(engine, "t", body(1))
    assert await engine.apply(lambda: None) is None
    made = []

    def make():
        made.append(engine.tables.table_stats("t").records)
        return Defined("t", Definition())

    number = await engine.apply(make)
    assert (made[-1], engine.tables.table_stats("t").revision) == (1, number)

    def refuse():
        raise LookupError

    with pytest.raises(LookupError):
        await engine.apply(refuse)
    assert engine.tables.table_stats("t").revision == number


async def test_numbers_of_steps_grow(engine):
    steps = [Written([Change("t", "1", None, body(1))]), Defined("u", Definition()), Loaded({"t": {}}), Dropped("u")]
    numbers = [await engine.apply(step) for step in steps]
    assert numbers == sorted(set(numbers))
    assert await engine.apply(Written([])) == numbers[-1]


async def test_what_is_written_at_once_is_there_or_nothing_was_done(engine):
    new = Written([Change("t", "1", None, body(1))])
    is_done = engine.apply_at_once(new)
    assert engine.ahead("t", "1") == (body(1) if is_done else None)
    assert not engine.apply_at_once(Written([Change("t", "1", body(2), None)]))
    assert not engine.apply_at_once(Written([Change("t", "2", None, body(2))]), {"t": Definition()})
    assert engine.ahead("t", "2") is None


async def test_a_watch_tells_each_record_that_was_written_and_when_the_table_is_gone(engine):
    await put(engine, "t", body(1), body(2))
    with engine.watch("t") as watch:
        assert (watch.count, watch.take()) == (0, {})
        await write(engine, [Change("t", "1", body(1), None), Change("t", "3", None, body(3))])
        assert watch.take().items() >= {"1": None, "3": body(3)}.items()
        assert (watch.count, watch.is_over) == (0, False)
        await drop(engine, "t")
        assert watch.is_over


async def test_a_unique_field_is_kept_so(engine):
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


async def test_a_definition_pins_its_indexes(engine):
    definition = Definition(unique=("u",), indexes=(IndexDefinition("age", "sorted"), IndexDefinition("k", "hash")))
    await define(engine, "t", definition)
    found = {(index.field, index.kind, index.is_pinned) for index in engine.tables.index_stats("t")}
    assert found == {("u", "hash", True), ("age", "sorted", True), ("k", "hash", True)}


async def test_one_query_may_need_more_indexes_than_are_kept(engine):
    pinned = tuple(IndexDefinition(f"p{i}", "hash") for i in range(16))
    unique = tuple(f"u{i}" for i in range(16))
    await define(engine, "t", Definition(unique=unique, indexes=pinned))
    await put(engine, "t", *[body(i) for i in range(2000)])

    async def ask(number):
        fields = tuple(Field((f"q{number}_{i}",)) for i in range(4))
        async with engine.tables.snapshot([Access("t", equal=fields[:2], ordered=fields[2:])]) as view:
            return [len(list(view.ids("t", Equal(field, ((NUMBER, 1),))))) for field in fields]

    assert await asyncio.wait_for(asyncio.gather(*[ask(number) for number in range(20)]), 60) == [[0] * 4] * 20
    kept = engine.tables.index_stats("t")
    assert len([index for index in kept if index.is_pinned]) == 32
