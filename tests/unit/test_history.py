"""The last steps: what is kept, counted and let go of."""

import pytest

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.storage import history as module
from ramekin.storage.catalog import Catalog
from ramekin.storage.history import CHANGE_BYTES, ENTRY_BYTES, History
from ramekin.storage.memory import Memory
from ramekin.testing import SetClock


def change(key, before=None, after=b"{}"):
    return Change("t", str(key), before, after)


@pytest.fixture
def history():
    found = History(SetClock())
    found.begin(0)
    return found


def numbers(history, number):
    entries = history.behind(number)
    return None if entries is None else [entry.number for entry in entries]


def test_nothing_is_kept_before_somebody_asks():
    catalog = Catalog()
    catalog.store(Written([change(1)]))
    assert catalog.history.behind(1) == []
    assert (catalog.history.is_kept, catalog.history.size_bytes) == (False, 0)
    catalog.history.begin(catalog.revision)
    catalog.store(Written([change(2)]))
    assert numbers(catalog.history, 1) == [2]
    assert numbers(catalog.history, 0) is None


def test_it_begins_once(history):
    history.tell(1, change(1))
    history.begin(1)
    assert numbers(history, 0) == [1]


def test_steps_are_found_by_their_number_also_where_some_are_missing(history):
    for number in (1, 2, 5, 6):
        history.tell(number, change(number))
    found = {number: numbers(history, number) for number in range(8)}
    assert found == {0: [1, 2, 5, 6], 1: [2, 5, 6], 2: [5, 6], 3: [5, 6], 4: [5, 6], 5: [6], 6: [], 7: []}


def test_many_are_given_some_at_a_time(history, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 3)
    for number in range(1, 8):
        history.tell(number, change(number))
    assert [numbers(history, number) for number in (0, 3, 6)] == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("most", [1, 2, 10])
def test_over_so_many_changes_the_oldest_go(history, most):
    history.max_changes = most
    for number in range(1, 21):
        history.tell(number, change(number))
    assert numbers(history, 20 - most) == [*range(21 - most, 21)]
    assert numbers(history, 19 - most) is None


def test_over_so_many_bytes_the_oldest_go(history):
    each = ENTRY_BYTES + CHANGE_BYTES + 100
    history.max_bytes = 3 * each
    for number in range(1, 10):
        history.tell(number, change(number, b"b" * 40, b"a" * 60))
        assert history.size_bytes == each * min(3, number)
    assert numbers(history, 6) == [7, 8, 9]


def test_the_changes_of_a_step_go_together(history):
    history.max_changes = 5
    history.tell(1, Written([change(1), change(2)]))
    history.tell(2, Written([change(3), change(4)]))
    history.tell(3, Written([change(5), change(6)]))
    assert numbers(history, 1) == [2, 3]
    assert numbers(history, 0) is None


def test_a_step_that_would_fill_it_alone_is_kept_as_one_of_whole_tables(history):
    history.max_changes = 5
    history.tell(1, change(0))
    history.tell(2, Written([*map(change, range(6)), Change("s", "1", None, b"{}")]))
    assert numbers(history, 0) == [1, 2]
    assert (history.behind(1)[0].changes, history.behind(1)[0].whole) == ((), [("load", "t"), ("load", "s")])


def test_steps_of_whole_tables_hold_no_records(history):
    history.tell(1, Defined("t", NOTHING_DEFINED))
    history.tell(2, Loaded({"t": {"1": b"x" * 1000}, "s": {}}, True, ["e"], ["d"]))
    history.tell(3, Dropped("t"))
    assert history.size_bytes == 3 * ENTRY_BYTES
    assert [entry.whole for entry in history.behind(0)] == [
        [("define", "t")],
        [("load", "t"), ("load", "s"), ("load", "e"), ("drop", "d")],
        [("drop", "t")],
    ]


def test_it_knows_which_tables_were_dropped_after_a_step(history):
    history.tell(1, Dropped("t"))
    history.tell(2, Loaded({}, True, [], ["s", "u"]))
    history.tell(3, Dropped("t"))
    assert [history.was_dropped("t", number) for number in (0, 1, 2, 3)] == [True, True, True, False]
    assert (history.was_dropped("s", 1), history.was_dropped("s", 2), history.was_dropped("x", 0)) == (
        True,
        False,
        False,
    )
    history.max_changes = 2
    history.tell(4, change(0))
    assert (history.was_dropped("s", 0), history.was_dropped("t", 2)) == (False, True)
    history.restart(4)
    assert not history.was_dropped("t", 0)


def test_what_it_holds_is_counted_with_the_memory_of_the_tables_that_there_are(history):
    first, second = Memory(), Memory()
    history.count_in(first)
    history.tell(1, change(1, None, b"a" * 100))
    held = ENTRY_BYTES + CHANGE_BYTES + 100
    assert first.reserved_bytes == history.size_bytes == held
    history.count_in(second)
    assert (first.reserved_bytes, second.reserved_bytes) == (0, held)
    history.tell(2, change(2))
    history.end()
    assert (second.reserved_bytes, history.size_bytes) == (0, 0)
    history.restart(1)
    assert (second.reserved_bytes, history.size_bytes) == (0, 0)


def test_it_gives_way_to_what_is_written():
    catalog = Catalog(memory_limit_bytes=40_000)
    catalog.history.count_in(catalog.memory)
    catalog.history.begin(0)
    body = b'{"id":"1","text":"%s"}' % (b"x" * 1000)
    catalog.store(Written([Change("t", "1", None, body)]))
    for _ in range(100):
        step = Written([Change("t", "1", body, bytes(bytearray(body)))])
        catalog.check(step)
        catalog.store(step)
    catalog.make_room(30_000)
    assert catalog.memory.lacking_bytes(30_000) <= 0
    assert catalog.history.begins_at > 0


def test_a_restart_forgets_all_that_was(history):
    history.tell(1, change(1))
    history.restart(7)
    assert (numbers(history, 6), numbers(history, 7)) == (None, [])


def test_whoever_waits_is_called_once(history):
    calls = []
    history.when_told(wake := lambda: calls.append(1))
    history.tell(1, change(1))
    history.tell(2, change(2))
    assert calls == [1]
    history.when_told(wake)
    history.forget(wake)
    history.tell(3, change(3))
    assert calls == [1]
    history.when_told(wake)
    history.end()
    assert (calls, history.is_over) == ([1, 1], True)


def test_a_mark_is_kept_for_as_long_as_one_may_go_on_behind_its_step():
    history = History(SetClock())
    history.mark(1, "before anybody asked")
    history.mark(2, "b")
    history.begin(2)
    for number in (3, 4, 5):
        history.mark(number, str(number))
        history.tell(number, change(number))
    assert [history.mark_of(number) for number in range(1, 7)] == ["", "b", "3", "4", "5", ""]
    history.give_way(history.size_bytes // 2)
    assert [history.mark_of(number) for number in range(2, 6)] == ["", "", "4", "5"]
    assert (history.begins_at, numbers(history, 4)) == (4, [5])
    history.restart(9, "9")
    assert [history.mark_of(number) for number in (4, 5, 9)] == ["", "", "9"]
