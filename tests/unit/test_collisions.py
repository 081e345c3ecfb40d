"""Values that are made so that plain numbers, or tuples of them, would all have one hash: they take no longer than others.

Python hashes text with a secret, and numbers and tuples without one: whoever knows how can send thousands of values
that a dictionary looks through one by one.
"""

import heapq
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.query.aggregate import Groups, parse_grouping
from ramekin.query.match import body_matcher
from ramekin.query.predicate import condition
from ramekin.schema.fields import Field, NoSchema
from ramekin.storage.guarded import Guarded
from ramekin.storage.indexes import FieldIndex
from ramekin.values import codec
from ramekin.values.comparison import NUMBER, Span
from ramekin.values.readings import comparer

MODULUS = 2**61 - 1  # Python's hash of a number is the number modulo this, with its sign
FIRST, SECOND, START = 11400714785074694791, 14029467366897019727, 2870177450012600261
"""What Python mixes the hashes of a tuple's members with (xxHash, 64 bits)."""

BITS = 2**64
COUNT = 600


def mixed(before, lane):
    turned = (before + lane * SECOND) % BITS
    return ((turned << 31 | turned >> 33) * FIRST) % BITS


def lane_to(before, after):
    """Return the lane that leads from one state to another: the mixing can be undone."""
    turned = after * pow(FIRST, -1, BITS) % BITS
    return ((turned >> 31 | turned << 33) % BITS - before) * pow(SECOND, -1, BITS) % BITS


def pairs_of_integers(chance):
    """Yield pairs of integers: as tuples (kind, number) side by side, each has the same hash as all others."""
    of_two = 2 ^ START ^ 3527539  # what is added at the end for a tuple of two
    kind, end = 1, chance.randrange(BITS)
    while True:
        one = chance.randrange(2**60)
        needed = lane_to(mixed(START, hash((kind, one)) % BITS), end)
        other = lane_to(mixed(START, kind), (needed - of_two) % BITS)
        other -= BITS * (other >= 2**63)
        if abs(other) < MODULUS and other != -1:
            yield one, other


def random_pairs(chance):
    while True:
        yield chance.randrange(2**60), chance.randrange(2**60)


def values(draw, make):
    pairs = draw(random.Random(1))
    return [make(*next(pairs)) for _ in range(COUNT)]


def multiples(chance):
    yield from ((number, number * MODULUS) for number in range(1, 2 * COUNT))


def others(chance):
    yield from ((number, number * MODULUS + chance.randrange(MODULUS)) for number in range(1, 2 * COUNT))


KINDS = {
    "arrays": ("plain", pairs_of_integers, random_pairs, lambda one, other: [one, other]),
    "objects": ("plain", pairs_of_integers, random_pairs, lambda one, other: {"a": [one, other]}),
    "arrays of -1 and -2": (
        "plain",
        multiples,
        multiples,
        lambda number, _: [-1 - (number >> place & 1) for place in range(12)],
    ),
    "decimals": ("decimal", multiples, others, lambda _, number: str(number)),
    "decimals with fractions": ("decimal", multiples, others, lambda _, number: f"{number}e-8"),
    "instants": ("instant", multiples, others, lambda _, number: f"2024-01-01T00:00:00.{10**29 + number:030}Z"),
    "times": ("time", multiples, others, lambda _, number: f"08:00:00.{10**29 + number:030}"),
    "durations": ("duration", multiples, others, lambda _, number: f"PT0.{10**29 + number:030}S"),
    "long durations": ("duration", multiples, others, lambda _, number: f"P{number // 10**4}WT{number % 10**4}S"),
}
"""By name: the reading of the field, pairs of numbers that collide and that do not, and the value that is made of one."""


def index(reading, of):
    found = FieldIndex(Field(("v",), reading), is_sorted=True)
    for number, value in enumerate(of):
        found.add(number, codec.dump({"id": number, "v": value}))
    assert found.count_values() == len(of)


def choose(reading, of):
    compared = comparer(reading)
    matches = body_matcher(condition(Field(("v",), reading), "in", [compared(value) for value in of]))
    assert all(matches(codec.dump({"id": 1, "v": value})) for value in of)


def seconds(work, *arguments, rounds=3):
    """Return the least time of some rounds, so that what else the machine does counts little."""
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        work(*arguments)
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("work", [index, choose])
@pytest.mark.parametrize("kind", KINDS)
def test_values_whose_numbers_collide_take_no_longer_than_others(kind, work):
    reading, colliding, random_ones, make = KINDS[kind]
    bad, good = (values(draw, make) for draw in (colliding, random_ones))
    if colliding is random_ones:  # no others have the same shape
        good = [[number] * 12 for number in range(COUNT)]
    assert seconds(work, reading, bad) < 3 * seconds(work, reading, good) + 0.005


def chosen_integers(bits):
    """Return as many integers as fill a dictionary of 2**bits places, most of which have to pass by all before.

    It looks for a free place at `hash % size`, then mixes in the hash's higher bits, then goes i -> 5i + 1 through all
    places: so all that is taken is to be one stretch of that way.
    """
    size, most = 2**bits, 2**bits * 2 // 3
    way, place = [], 0
    for _ in range(size):
        way.append(place)
        place = (5 * place + 1) % size
    step = {place: number for number, place in enumerate(way)}
    found = []
    for number in range(size * 8):
        place, rest, last = number % size, number, step[number % size]
        while rest:
            rest >>= 5
            place = (5 * place + rest + 1) % size
            last = max(last, step[place])
        found.append((last, step[place], number))
    chosen, free = dict.fromkeys(way[: most * 9 // 20]), []
    for last, first, number in sorted(found):
        while free and last >= len(chosen) and len(chosen) < most - 1:
            chosen[heapq.heappop(free)[1]] = None
        if number not in chosen:
            heapq.heappush(free, (first, number))
    return list(chosen)


@pytest.fixture(scope="module")
def chosen():
    return chosen_integers(14)


@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("make", [int, float])
def test_numbers_that_a_dictionary_takes_long_to_tell_apart_take_an_index_no_longer_than_others(
    chosen, make, is_sorted
):
    others = random.Random(1).sample(range(2**17), len(chosen))
    bad, good = ([(number, codec.dump({"v": make(number)})) for number in numbers] for numbers in (chosen, others))

    def build(rows):
        found = FieldIndex(Field(("v",), "plain"), is_sorted=is_sorted)
        for start in range(0, len(rows), 100):
            found.add_many(rows[start : start + 100])
        assert found.count_values() == len(rows)

    assert seconds(build, bad, rounds=5) < 4 * seconds(build, good, rounds=5)


NUMBERS = (0, 1, 1.0, -1, -2, 1.5, 2**62, 1e300)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "copy"]), st.integers(0, 3), st.sampled_from(NUMBERS)))


@given(STEPS)
def test_an_index_of_chosen_numbers_finds_what_any_other_does(steps):
    plain, guarded = (FieldIndex(Field(("v",), "plain"), is_sorted=True) for _ in range(2))
    guarded.postings[NUMBER] = Guarded()
    for what, record_id, number in steps:
        for index in (plain, guarded):
            if what != "copy":
                getattr(index, what)(record_id, codec.dump({"v": number}))
        if what == "copy":
            guarded, former = guarded.copy(), guarded
            former.add(9, b'{"v":1}')
        keys = [(NUMBER, each) for each in NUMBERS]
        assert [list(guarded.find(key)) for key in keys] == [list(plain.find(key)) for key in keys]
        assert list(guarded.find_all(keys)) == list(plain.find_all(keys))
        span = [Span(NUMBER)]
        assert list(guarded.walk(span)) == list(plain.walk(span))
        assert guarded.estimate(span) == plain.estimate(span)
        assert guarded.find_joined("1") == plain.find_joined("1")
        assert guarded.holder({"number"}) == plain.holder({"number"})


def group(rows):
    groups = Groups(parse_grouping(["a", "b"], {"n": "count"}, NoSchema()))
    for one, other in rows:
        groups.add(codec.dump({"id": 1, "a": one, "b": other}))
    assert len(groups) == COUNT


def test_groups_by_two_fields_whose_numbers_collide_take_no_longer_than_others():
    bad, good = (values(draw, lambda *pair: pair) for draw in (pairs_of_integers, random_pairs))
    assert seconds(group, bad) < 3 * seconds(group, good) + 0.005


def test_groups_are_one_however_a_number_is_written():
    groups = Groups(parse_grouping(["a", "b"], {}, NoSchema()))
    for one, other in ((1, [1]), (1.0, [1.0]), (1, [1.0]), (0, -0.0), (-0.0, 0)):
        groups.add(codec.dump({"id": 1, "a": one, "b": other}))
    assert len(groups) == 2


@pytest.mark.parametrize(
    ("reading", "texts"),
    [
        ("decimal", ["1", "1.0", "1e0", "0.1e1", "+1"]),
        ("decimal", ["0", "-0", "0.00", "0e9999", "-0e-9999"]),
        ("decimal", ["1e30", "1" + "0" * 30, "10e29", "1000000000000000000000000000000.00"]),
        ("decimal", ["9223372036854775808", "9223372036854775808.0"]),
        ("duration", ["P1000000000000D", "PT24000000000000H"]),
        ("instant", ["2024-01-01T00:00:00.0000005Z", "2024-01-01T01:00:00.00000050+01:00"]),
    ],
)
def test_equal_numbers_are_one_value(reading, texts):
    assert len({comparer(reading)(text) for text in texts}) == 1


@pytest.mark.parametrize("number", [1, 1.0, 10, -(2**63), 2**63 - 1, 0, -0.0])
def test_decimals_meet_integers(number):
    assert len({comparer("decimal")(number), comparer("decimal")(str(int(number))), (1, int(number))}) == 1
