"""Which records give way, held to the algorithm as it was published, on sequences that nobody chose."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ramekin import Database
from ramekin.schema.definition import Definition
from ramekin.storage.sieve import PATIENCE, Sieve
from ramekin.storage.table import Table
from tests.unit.test_work import count_calls


class Published:
    """Algorithm 1 of "SIEVE is Simpler than LRU" (NSDI 2024), on a list: the head is in front, the tail at its end."""

    def __init__(self, size):
        self.size, self.queue, self.visited, self.hand = size, [], set(), None

    def access(self, x):
        if x in self.queue:
            self.visited.add(x)
            return None
        evicted = None
        if len(self.queue) == self.size:
            o = self.hand if self.hand is not None else self.queue[-1]
            while o in self.visited:
                self.visited.remove(o)
                place = self.queue.index(o)
                o = self.queue[place - 1] if place else self.queue[-1]
            place = self.queue.index(o)
            self.hand = self.queue[place - 1] if place else None
            self.queue.remove(o)
            evicted = o
        self.queue.insert(0, x)
        return evicted

    def remove(self, x):
        if x in self.queue:
            place = self.queue.index(x)
            if self.hand == x:
                self.hand = self.queue[place - 1] if place else None
            self.queue.remove(x)
            self.visited.discard(x)


def cache(size):
    table = Table("t")
    table.define(Definition(max_records=size))
    return table


def read(table, key):
    body = table.get(key)
    table.sieve.look(key, body)
    return body is not None


def write(table, key):
    """Write a record as an engine does, and return what gave way."""
    table.put(key, b'{"id":"%b"}' % key.encode())
    return let_go(table)


def let_go(table):
    changes = table.give_way(1000, ())
    for change in changes:
        table.remove(change.key)
    table.sieve.end_step()
    assert table.memory_bytes == table.recount()
    return [change.key for change in changes]


keys = st.integers(0, 12).map(lambda n: f"k{n}")


@given(st.integers(1, 8), st.lists(st.tuples(st.sampled_from("rrrwwd"), keys), max_size=150))
def test_one_record_after_another_gives_way_as_published(size, deeds):
    table, published = cache(size), Published(size)
    for deed, key in deeds:
        if deed == "d":
            if table.get(key) is not None:
                table.remove(key)
            published.remove(key)
        elif deed == "w" or read(table, key):
            evicted = published.access(key)
            given_way = write(table, key) if deed == "w" else []
            assert given_way == ([] if evicted is None else [evicted])
        assert sorted(table.records.bodies) == sorted(published.queue)


@given(st.integers(1, 8), st.lists(keys, max_size=30, unique=True), st.lists(keys, max_size=30))
def test_what_one_step_writes_gives_way_last_and_in_its_order(size, before, step):
    table = cache(size)
    for key in before:
        write(table, key)
    step = list(dict.fromkeys(step))
    new = [key for key in step if table.get(key) is None]
    for key in step:
        table.put(key, b"{}")
    let_go(table)
    left = set(table.records.bodies)
    assert len(left) <= size
    if len(step) <= size:
        assert left >= set(step)
    elif len(new) == len(step):
        assert left == set(step[-size:])


def test_a_table_becomes_a_cache_and_the_oldest_of_what_it_holds_give_way():
    table = Table("t")
    for n in range(2500):
        table.put(str(n), b"{}")
    table.define(Definition(max_records=2400))
    assert let_go(table) == [str(n) for n in range(100)]
    assert write(table, "new") == ["100"]
    table.define(Definition())
    assert table.sieve is None
    assert table.memory_bytes == table.recount()


def test_what_is_gone_or_came_again_before_the_hand_comes_to_it_is_where_it_belongs():
    table = cache(10)
    for n in range(10):
        write(table, str(n))
    assert write(table, "10") == ["0"]
    table.remove("1")
    table.remove("2")
    assert write(table, "2") == write(table, "a") == []
    assert [write(table, new)[0] for new in "bcdefgh"] == list("3456789")
    assert [write(table, new)[0] for new in "ijk"] == ["10", "2", "a"]


def test_one_look_passes_by_so_many_records_and_no_more():
    sieve = Sieve()
    keys = dict.fromkeys(map(str, range(2 * PATIENCE)))
    for key in keys:
        sieve.look(key, b"{}")
    assert next(sieve.victims(keys.keys())) == str(PATIENCE)
    assert (sieve.hits, sieve.misses) == (2 * PATIENCE, 0)


@given(st.lists(st.tuples(keys, st.integers(2, 60)), max_size=60))
def test_bytes_are_bounded_and_the_record_that_was_written_stays(deeds):
    table = Table("t")
    table.define(Definition(max_bytes=100))
    for key, size in deeds:
        table.put(key, b"x" * size)
        let_go(table)
        assert table.size_bytes <= 100
        assert table.get(key) is not None


def test_a_read_of_a_cache_is_two_calls_more_than_one_of_another_table():
    database = Database()
    asyncio.run(database.define("cache", {"max_records": 10}))
    for table in ("cache", "plain"):
        asyncio.run(database.insert(table, {"id": 1}))

    async def calls(table):
        return min(count_calls(lambda: database.get_now(table, "1")) for _ in range(3))

    assert asyncio.run(calls("cache")) <= asyncio.run(calls("plain")) + 2
