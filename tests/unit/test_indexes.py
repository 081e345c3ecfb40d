"""The order of ids is a sequence like any other, and an index gives what lies after an id whatever holds it."""

import gc
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.engine.embedded_view import LazyRows
from ramekin.schema.fields import Field
from ramekin.storage.id_order import IdOrder
from ramekin.storage.indexes import SHORT_POSTING, FieldIndex
from ramekin.storage.memory import ID_BYTES
from ramekin.values import codec
from ramekin.values.comparison import NUMBER, TEXT, Span

IDS = st.lists(st.one_of(st.integers(-5, 5), st.sampled_from(["", "a", "b", "10x", "é"])), unique=True)
PLACES = st.one_of(st.none(), st.integers(-12, 12))


def in_order(ids):
    return sorted(i for i in ids if isinstance(i, int)) + sorted(i for i in ids if isinstance(i, str))


def order_of(ids):
    order = IdOrder()
    order.extend(in_order(ids))
    return order


@given(IDS, st.integers(-12, 12), PLACES, PLACES, st.sampled_from([None, 1, 2, -1]))
def test_places_and_slices_of_an_order_are_those_of_a_list(ids, place, start, stop, step):
    order, expected = order_of(ids), in_order(ids)
    assert list(order[start:stop:step]) == expected[start:stop:step]
    assert list(order) == expected
    try:
        found = order[place]
    except IndexError:
        assert not -len(expected) <= place < len(expected)
    else:
        assert found == expected[place]


@pytest.mark.parametrize("made", ["{:05}".format, int], ids=["texts", "integers"])
@pytest.mark.parametrize("counts_places", [False, True])
def test_an_order_that_grows_at_its_end_stays_in_order(made, counts_places):
    order, ids = IdOrder(), []
    for i in range(10_000, 14_500):  # lists are split at 2,000
        ids.append(made(i))
        assert order.add(made(i)) > 0
        if counts_places and i % 900 == 0:
            assert order[len(ids) // 2] == ids[len(ids) // 2]
        if i % 1_500 == 0:
            assert order.add(made(i - 400)) == 0
            ids.append(made(i - 9_000))
            order.add(made(i - 9_000))
            ids.sort()
    order.integers._check()
    order.texts._check()
    assert list(order) == ids
    assert order.size_bytes == sum(map(ID_BYTES.get, map(type, ids)))
    for record_id in ids[::-1]:
        assert record_id in order
        order.remove(record_id)
    assert (len(order), order.size_bytes) == (0, 0)


@given(IDS, st.one_of(st.integers(-6, 6), st.sampled_from(["", "a", "aa", "z"])))
def test_what_lies_after_an_id_is_what_comes_after_it_in_order(ids, record_id):
    order, expected = order_of(ids), in_order([*ids, record_id])
    after = [i for i in expected[expected.index(record_id) :] if i != record_id]
    assert list(order.after(record_id)) == after
    assert list(order[order.place_after(record_id) :]) == after


@given(IDS, st.lists(st.tuples(PLACES.filter(lambda p: p is None or p >= 0), PLACES), max_size=3), st.booleans())
def test_windows_on_rows_are_slices_of_them(ids, slices, is_long):
    rows = LazyRows({str(i): b"{}" for i in ids}, order_of(ids) if is_long else in_order(ids))
    expected = [(i, b"{}") for i in in_order(ids)]
    for start, stop in slices:
        rows, expected = rows[start:stop], expected[start:stop]
    assert list(rows) == expected
    assert [rows[i] for i in range(len(rows))] == expected


def test_a_walk_after_an_id_in_a_long_posting_reads_no_more_than_is_taken():
    index = FieldIndex(Field(("s",)), is_sorted=True)
    index.add_many((f"r{i:05}", codec.dump({"s": "a"})) for i in range(3 * SHORT_POSTING))
    assert type(index.find((TEXT, "a"))) is IdOrder
    index.find((TEXT, "a")).texts = Counted(index.find((TEXT, "a")).texts)
    walk = index.walk([Span(TEXT)], after=((TEXT, "a"), "r00000"))
    assert [next(walk) for _ in range(3)] == ["r00001", "r00002", "r00003"]


class Counted:
    """A sorted list that is only walked."""

    def __init__(self, ids):
        self._ids = ids

    def irange(self, *arguments, **words):
        return self._ids.irange(*arguments, **words)


@given(
    st.lists(st.integers(0, 9), max_size=60),
    st.one_of(st.none(), st.integers(-1, 10)),
    st.one_of(st.none(), st.integers(-1, 10)),
    st.booleans(),
    st.booleans(),
)
def test_an_estimate_of_few_values_counts_what_is_walked(values, low, high, includes_low, includes_high):
    """Nearly all records may have one value: a bound that leaves it out must not count it."""
    index = FieldIndex(Field(("n",)), is_sorted=True)
    index.add_many((i, codec.dump({"n": value})) for i, value in enumerate(values))
    span = Span(NUMBER, low, high, includes_low, includes_high)
    assert index.estimate([span]) == len(list(index.walk([span])))


@pytest.mark.parametrize("shared", [2, SHORT_POSTING + 2])
def test_the_collector_looks_at_no_index_as_a_whole(shared):
    """To a dictionary that took its first list it came three times, however large it was."""
    index = FieldIndex(Field(("v",)), is_sorted=True)
    index.add_many((i, codec.dump({"id": i, "v": i % 50 if i < 100 else 0})) for i in range(100 + shared))
    for each in (index, index.copy()):
        assert not any(map(gc.is_tracked, each.postings))
        each.remove(7, b'{"id":7,"v":7}')
        assert not any(map(gc.is_tracked, each.postings))


@pytest.mark.parametrize("ids", [range(1000), [f"{i:04}" for i in range(1000)], [*range(500), *map(str, range(500))]])
def test_a_posting_that_becomes_long_is_taken_as_a_whole(ids):
    """All postings of a field may become long in one step: 100 of them took 34 ms, id by id."""
    order, calls = IdOrder(), []
    sys.setprofile(lambda frame, event, _: calls.append(event) if event == "call" else None)
    try:
        order.extend(list(ids))
    finally:
        sys.setprofile(None)
    assert list(order) == in_order(ids)
    assert order.size_bytes == sum(ID_BYTES[type(each)] for each in ids)
    assert len(calls) < 20
