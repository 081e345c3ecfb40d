"""Ids: what is one, its order, and new ones."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.errors import InvalidId
from ramekin.values.ids import UuidSource, id_key, id_order, looks_like_integer, sort_ids


class SetClock:
    def __init__(self, ms):
        self.ms = ms

    def wall_ms(self):
        return self.ms

    def steady_s(self):
        return 0.0


@given(st.integers(-(2**63), 2**63 - 1))
def test_the_key_of_an_integer_is_its_text_and_leads_back(value):
    assert id_key(value) == str(value)
    assert looks_like_integer(str(value))


@pytest.mark.parametrize(
    "text", ["01", "+1", "-0", "1.0", "1e1", "", " 1", "9223372036854775808", "-9223372036854775809", "١"]
)
def test_what_is_not_written_as_an_integer_is_a_text(text):
    assert not looks_like_integer(text)


@pytest.mark.parametrize(
    "value", [None, True, 1.0, 2**63, "", ".", "..", "a/b", "\x00", "\x7f", "\x85", "x" * 256, [], b"x"]
)
def test_what_is_no_id_is_refused_without_being_repeated(value):
    with pytest.raises(InvalidId) as refused:
        id_key(value)
    assert "x" * 20 not in refused.value.message


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(min_size=1, max_size=5))))
def test_integers_come_first_by_value_then_texts_by_code_point(ids):
    ordered = sorted(ids, key=id_order)
    assert sort_ids(ids) == ordered
    integers = sorted(i for i in ids if isinstance(i, int))
    assert ordered == integers + sorted(i for i in ids if isinstance(i, str))


def test_new_ids_are_uuids_of_version_7_with_the_clocks_time():
    made = UuidSource(SetClock(1_700_000_000_000))()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_700_000_000_000


def test_new_ids_ascend_within_a_millisecond_and_when_the_clock_steps_back():
    clock = SetClock(1000)
    source = UuidSource(clock)
    made = [source() for _ in range(1000)]
    clock.ms = 500
    made += [source() for _ in range(1000)]
    clock.ms = 1001
    made.append(source())
    assert made == sorted(set(made))


def test_new_ids_ascend_when_the_random_bits_overflow():
    source = UuidSource(SetClock(1000), randbits=lambda bits: 2**bits - 1)
    made = [source() for _ in range(10)]
    source._last = (1000 << 74) | (2**74 - 1)
    made.append(source())
    made.append(source())
    assert made == sorted(set(made))
    assert made[-1].int >> 80 == 1001
