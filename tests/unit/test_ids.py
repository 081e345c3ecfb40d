"""Ids: what is one, its order, and new ones."""

import json
import os
import unicodedata
import uuid
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.database.operations import _begins_with
from ramekin.errors import InvalidId
from ramekin.testing import SetClock
from ramekin.values.ids import SYSTEM_IDS, IdSource, id_key, id_order, looks_like_integer, sort_ids


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
    made = IdSource(SetClock(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)))()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_700_000_000_000


def test_new_ids_ascend_within_a_millisecond_and_when_the_clock_steps_back():
    clock = SetClock()
    source = IdSource(clock)
    made = [source() for _ in range(1000)]
    clock.now -= timedelta(seconds=0.5)
    made += [source() for _ in range(1000)]
    clock.advance(0.501)
    made.append(source())
    assert made == sorted(set(made))


def test_new_ids_are_uuids_of_version_7_before_1970_too():
    source = IdSource(SetClock(datetime(1969, 12, 31, tzinfo=UTC)))
    made = [source() for _ in range(1000)]
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert made == sorted(set(made))


def test_new_ids_ascend_when_the_random_bits_overflow():
    source = IdSource(SetClock(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)), randbits=lambda bits: 2**bits - 1)
    made = [source() for _ in range(10)]
    made += [source() for _ in range(1000)]
    assert made == sorted(set(made))
    assert made[-1].int >> 80 == 1001


def test_the_same_clock_and_random_bits_make_the_same_ids():
    def made():
        source = IdSource(SetClock(), Random(7).getrandbits)
        return [source.text(), source.token(4), source.text()]

    assert made() == made()
    assert len(IdSource(randbits=lambda _: 0).token(4)) == 8


def test_a_process_that_was_forked_makes_other_ids():
    SYSTEM_IDS.text()  # so that random digits are left over
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, SYSTEM_IDS.text()[-10:].encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != SYSTEM_IDS.text()[-10:].encode()
    os.close(reading)
    os.close(writing)


def test_an_id_holds_every_character_but_controls_and_a_slash():
    for character in map(chr, range(0x3000)):
        is_taken = unicodedata.category(character) != "Cc" and character != "/"
        with nullcontext() if is_taken else pytest.raises(InvalidId):
            assert id_key(f"a{character}") == f"a{character}"


@pytest.mark.parametrize(
    ("record_id", "key", "is_sure"),
    [
        ("ada", "ada", True),
        ('a"b\\', 'a"b\\', True),
        ("é", "é", True),
        (7, "7", True),
        ("7", "7", True),
        (77, "7", False),
        ("ada2", "ada", False),
        ("a", 'a","b":"c', False),
        (True, "true", False),
        (1.5, "1.5", False),
        (None, "null", False),
        (2**64, str(2**64), False),
    ],
)
def test_a_body_is_known_to_begin_with_an_id_only_if_it_does(record_id, key, is_sure):
    body = json.dumps({"id": record_id, "b": "c"}, ensure_ascii=False, separators=(",", ":")).encode()
    assert _begins_with(body, key) is is_sure
