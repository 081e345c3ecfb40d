"""What nobody needs any more is let go of in short steps; what somebody else has too, in one."""

import pytest

from ramekin.storage.garbage import AT_ONCE, SHARED_AT_ONCE, Garbage
from ramekin.storage.records import Records


def records_of(number):
    records = Records()
    records.bodies = {str(each): b'{"id":%d}' % each for each in range(number)}
    return records


def steps_to_let_go(records):
    garbage = Garbage()
    garbage.report(lambda: True)
    garbage.take(records)
    steps = sum(1 for _ in garbage.let_go())
    assert not records.bodies
    return steps


@pytest.mark.parametrize("number", [AT_ONCE, AT_ONCE + 1, 10 * AT_ONCE])
def test_what_nobody_has_goes_some_at_a_time(number):
    assert steps_to_let_go(records_of(number)) == -(-number // AT_ONCE)


def test_what_a_copy_has_too_goes_at_once():
    records = records_of(10 * AT_ONCE)
    copy = records.copy()
    assert steps_to_let_go(records) == 0
    assert len(copy.bodies) == 10 * AT_ONCE


def test_very_much_goes_some_at_a_time_whoever_has_it():
    records = records_of(SHARED_AT_ONCE + 1)
    copy = records.copy()
    assert steps_to_let_go(records) == -(-len(copy.bodies) // AT_ONCE)


def test_what_a_copy_has_no_longer_goes_some_at_a_time():
    records = records_of(10 * AT_ONCE)
    copy = records.copy()
    copy.bodies = records_of(10 * AT_ONCE).bodies
    assert steps_to_let_go(records) == 10
