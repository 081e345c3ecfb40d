"""Memory is counted with every change, and a limit is read from what people write and what the system says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.changes import Change, Defined, Dropped, Written
from ramekin.cli.configuration import Refused
from ramekin.cli.memory_limit import PROCESS_BYTES, available_bytes, human, read_memory_limit
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.schema.fields import Field
from ramekin.stats import Totals
from ramekin.storage.catalog import Catalog
from ramekin.storage.memory import HASH_INDEX_BYTES, SORTED_INDEX_BYTES, TABLE_BYTES
from ramekin.storage.table import Table
from ramekin.values import codec

HASH, SORTED = Field(("a",)), Field(("b",))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([1.0, 2.5, 2**62, "", "x", "é", "é" * 40, [1, "é"], [1.0, "é"], {"k": [1]}, {"k": 2}]),
)
IDS = st.one_of(st.integers(1, 6), st.sampled_from(["1", "2", "a", "é"]))
STEPS = st.one_of(
    st.tuples(st.just("put"), st.tuples(IDS, VALUES, VALUES)),
    st.tuples(st.just("remove"), IDS),
    st.tuples(st.just("load"), st.tuples(st.lists(st.tuples(IDS, VALUES, VALUES), max_size=4), st.booleans())),
    st.tuples(st.sampled_from(["order", "hash", "sorted", "sort the hash", "begin", "drop", "pin"]), st.none()),
)


def body_of(record_id, a, b):
    return codec.dump({"id": record_id, "a": a, "b": b})


def due_of(body):
    return len(body) % 3 or None


def made(catalog):
    catalog.store(Defined("t", NOTHING_DEFINED))
    return catalog.table("t")


def put(catalog, change):
    step = catalog.fit(Written([change]))
    catalog.check(step)
    catalog.store(step)


def exhaust(steps):
    for _ in steps:
        pass


def make(table, what, told):
    """Carry out one step on a table."""
    if what == "put":
        key, before = str(told[0]), table.get(str(told[0]))
        if before is None or codec.parse(before)["id"] == told[0]:  # an id keeps the type it was sent in
            table.put(key, body_of(*told), due_of(body_of(*told)))
    elif what == "remove":
        if table.get(str(told)) is not None:
            table.remove(str(told))
    elif what == "load":
        records, replace = told
        bodies = {str(record[0]): body_of(*record) for record in records}
        if replace or all(table.records.keeps_id(key, body) for key, body in bodies.items()):  # as a catalog sees to it
            table.load(bodies, {key: due for key, body in bodies.items() if (due := due_of(body))}, replace=replace)
    else:
        index(table, what)


def index(table, what):
    """Carry out a step that writes nothing."""
    if what == "order":
        exhaust(table.build_order())
    elif what == "pin":
        for structure in filter(lambda each: each is not None, (table.records, table.order, *table.indexes.values())):
            structure.pin()  # the next write copies it
    else:
        for field in (HASH, SORTED):
            table.give_up_index(field, is_sorted=field is SORTED)
        if what == "begin":
            next(table.build_index(HASH, is_sorted=False), None)  # stays half-built, and takes writes
        elif what == "drop":
            for field in list(table.indexes):
                table.drop_index(field)
        else:
            exhaust(table.build_index(SORTED if what == "sorted" else HASH, is_sorted=what != "hash"))


def counted_anew(table):
    """Return what a table with the same records and indexes counts that was made at once."""
    twin = Table("twin")
    twin.load(dict(table.records.bodies), table.records.dues, replace=True)
    if table.order is not None:
        exhaust(twin.build_order())
    for field, index in table.indexes.items():
        exhaust(twin.build_index(field, is_sorted=index.is_sorted))
    return twin.memory_bytes


def added_up(table):
    """Return the totals of a catalog with one table, from what the table has."""
    bodies, found = table.records.bodies, [*table.indexes.values(), *table._growing.values()]
    order = [] if table.order is None else [table.order]
    found_bytes = sum(each.size_bytes for each in [*found, *order])
    sizes = map(len, bodies.values())
    return Totals(1, len(bodies), sum(sizes), len(table.indexes), found_bytes, table.memory_bytes)


@given(st.lists(STEPS, max_size=40))
def test_what_is_counted_is_what_a_recount_finds_whatever_was_written_in_between(steps):
    catalog = Catalog()
    table = made(catalog)
    for what, told in steps:
        make(table, what, told)
        assert catalog.memory.used_bytes == table.memory_bytes
        assert catalog.totals() == added_up(table)
    table.give_up_index(HASH, is_sorted=False)
    table.give_up_index(SORTED, is_sorted=True)
    assert table.memory_bytes == counted_anew(table)


@given(st.lists(STEPS, max_size=40))
def test_a_table_whose_records_are_all_deleted_takes_what_an_empty_one_takes(steps):
    catalog = Catalog()
    table = made(catalog)
    for what, told in steps:
        make(table, what, told)
    for key in list(table.records.bodies):
        table.remove(key)
    found = [*table.indexes.values(), *table._growing.values()]
    assert table.memory_bytes == TABLE_BYTES + sum(
        SORTED_INDEX_BYTES if i.is_sorted else HASH_INDEX_BYTES for i in found
    )
    catalog.store(Dropped("t"))
    assert catalog.totals() == Totals(0, 0, 0, 0, 0, 0)


def test_a_table_with_postings_that_are_long_counts_them():
    table = Table("t")
    table.load({str(i): body_of(i, i % 2, i) for i in range(4000)}, replace=True)
    for field in (HASH, SORTED):
        exhaust(table.build_index(field, is_sorted=field is SORTED))
    for i in range(0, 4000, 3):
        table.put(str(i), body_of(i, 7, -i))
    for i in range(0, 4000, 7):
        table.remove(str(i))
    assert table.memory_bytes == counted_anew(table)


@given(
    st.lists(STEPS, max_size=20), IDS, VALUES, st.sampled_from(["t", "new"]), st.floats(0.5, 3.0), st.integers(0, 4000)
)
def test_what_surely_fits_fits_when_it_is_counted(steps, record_id, value, name, share, spare):
    catalog = Catalog()
    table = made(catalog)
    for what, told in steps:
        make(table, what, told)
    key, body, memory = str(record_id), body_of(record_id, value, 1), catalog.memory
    memory.limit_bytes = int(memory.used_bytes * share) + spare
    if memory.is_ample(len(key) + len(body)):
        before = table.get(key) if name == "t" else None
        assert memory.used_bytes + max(0, catalog.growth([Change(name, key, before, body)])) <= memory.limit_bytes


def test_one_record_more_counts_what_may_find_it_before_it_is_stored():
    catalog = Catalog()
    put(catalog, Change("t", "1", None, body_of(1, "x" * 5000, 1)))
    table = catalog.table("t")
    exhaust(table.build_index(HASH, is_sorted=False))
    catalog.memory.limit_bytes = catalog.memory.used_bytes + 3000
    put(catalog, Change("t", "2", None, body_of(2, None, 1)))
    assert HASH not in table.indexes  # it gave way to another value as long as the first


def test_what_is_still_done_with_a_dropped_table_does_not_count():
    catalog = Catalog()
    catalog.store(Written([Change("t", str(i), None, body_of(i, i, i)) for i in range(900)]))
    table = catalog.table("t")
    build = table.build_index(HASH, is_sorted=False)
    next(build)
    catalog.store(Dropped("t"))
    exhaust(build)
    assert catalog.memory.used_bytes == 0


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("512MiB", 512 * 2**20),
        ("2GiB", 2 * 2**30),
        ("1.5 gib", 3 * 2**29),
        ("10MB", 10**7),
        ("4096", 4096),
        ("none", None),
        ("None", None),
    ],
)
def test_a_limit_is_read_as_people_write_it(text, size_bytes):
    assert read_memory_limit(text).size_bytes == size_bytes


@pytest.mark.parametrize("text", ["", "0", "lots", "-5", "5 parsecs", "0%", "101%", "1e9", "0.1"])
def test_a_limit_that_says_nothing_is_refused_in_one_line(text):
    with pytest.raises(Refused, match="--memory-limit") as refused:
        read_memory_limit(text)
    assert "\n" not in str(refused.value)


def test_a_share_is_one_of_what_there_is():
    assert read_memory_limit("60%").size_bytes == int((available_bytes() - PROCESS_BYTES) * 0.6)
    assert human(available_bytes()) in str(read_memory_limit("60%"))


@pytest.mark.parametrize(
    ("there", "tables", "is_little"), [(64, 2.4, True), (127, 18.6, True), (128, 19.2, False), (512, 249.6, False)]
)
def test_the_process_has_its_part_first_and_is_told_where_that_is_nearly_all(monkeypatch, there, tables, is_little):
    monkeypatch.setattr("ramekin.cli.memory_limit.available_bytes", lambda: there * MIB)
    limit = read_memory_limit("60%")
    assert limit.size_bytes == pytest.approx(tables * MIB, rel=0.001)
    assert limit.is_little == is_little
    assert ("which is little" in str(limit)) == is_little


def group(folder, memberships, limits):
    (folder / "self").mkdir()
    (folder / "self" / "cgroup").write_text(memberships)
    for name, text in limits.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return available_bytes(folder / "self", folder / "groups")


def test_the_least_limit_of_the_control_groups_above_holds(tmp_path):
    limits = {"a/b/memory.max": "max\n", "a/memory.max": "5000000\n", "memory.max": "6000000\n"}
    assert group(tmp_path, "0::/a/b\n", limits) == 5_000_000


def test_control_groups_of_version_1_hold_too(tmp_path):
    limits = {"memory/a/memory.limit_in_bytes": "7000000\n", "memory/memory.limit_in_bytes": "9223372036854771712\n"}
    assert group(tmp_path, "5:cpu,memory:/a\n1:pids:/a\n0::/\n", limits) == 7_000_000


def test_in_a_container_the_root_is_its_own_group(tmp_path):
    assert group(tmp_path, "0::/host/path/of/the/container\n", {"memory.max": "8000000\n"}) == 8_000_000


def test_without_control_groups_the_machine_has_what_it_has(tmp_path):
    assert available_bytes(tmp_path, tmp_path) >= available_bytes()
