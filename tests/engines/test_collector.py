"""What the garbage collector looks at in a server: all that may be a circle, and not what stays."""

import gc
from collections import deque

import pytest

from ramekin.storage import collector


class Circle:
    """What only the collector frees."""

    alive = 0

    def __init__(self):
        self.itself = self
        Circle.alive += 1

    def __del__(self):
        Circle.alive -= 1


@pytest.fixture(autouse=True)
def attended():
    before, callbacks = gc.get_threshold(), [*gc.callbacks]
    gc.collect()
    gc.freeze()  # what other tests left behind, as a server does with what it has loaded
    gc.collect()
    collector.attend()
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*before)
    gc.unfreeze()


def test_circles_that_became_old_are_freed():
    kept = deque(maxlen=collector.MANY_OBJECTS // 4)
    for _ in range(60_000):
        kept.append(Circle())
    assert Circle.alive < 20_000


def looked_at_of(kept):
    """Those of these that the collector still looks at. (How many are frozen says little: others that were are freed.)"""
    looked_at = {id(each) for each in gc.get_objects()}
    return [each for each in kept if id(each) in looked_at]


def test_old_objects_that_stay_are_not_looked_at_again():
    kept = [[number] for number in range(100_000)]
    assert len(looked_at_of(kept)) < 40_000


def test_what_takes_the_place_of_old_objects_is_looked_at_by_the_end_of_a_turn():
    """Python counts what is made less what is freed: here nothing, until a million objects are looked at once."""
    values = [[i] for i in range(30_000)]
    gc.collect()
    for place in range(len(values)):
        values[place] = [-place]  # one is made, an old one is freed
        if place % 1000 == 0:
            collector.look()
            assert len(gc.get_objects(collector.YOUNG)) <= collector.MANY_YOUNG + 1000


def test_old_objects_are_looked_at_again_only_when_there_are_many_more():
    kept, looks = [[i] for i in range(8000)], []
    gc.collect()
    gc.callbacks.append(lambda phase, info: looks.append(info["generation"]) if phase == "start" else None)
    for _ in range(collector.MANY_LOOKS - 1):
        gc.collect(collector.MIDDLE)
        collector.look()
    assert collector.OLDEST not in looks
    kept += [[i] for i in range(collector.MANY_OLD + 1000)]
    collector.look()
    assert collector.OLDEST in looks


def test_few_circles_that_became_old_are_freed_soon():
    alive, circle = Circle.alive, Circle()
    gc.collect(collector.MIDDLE)  # it is old
    del circle
    gc.collect(collector.MIDDLE)
    assert Circle.alive == alive + 1
    for _ in range(collector.MANY_LOOKS):
        gc.collect(collector.MIDDLE)
        collector.look()
    assert Circle.alive == alive


def test_what_rests_goes_on_as_it_was():
    with collector.at_rest():
        assert not gc.isenabled()
        with collector.at_rest():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_rests_goes_on_after_a_failure():
    with pytest.raises(ValueError, match="the start failed"), collector.at_rest():
        raise ValueError("the start failed")
    assert gc.isenabled()


def test_what_is_overlooked_is_not_looked_at_whatever_becomes_of_it():
    numbers = collector.overlook([*range(1000)])
    numbers += range(1000)
    numbers.sort()
    assert not gc.is_tracked(numbers)
    assert gc.is_tracked(numbers[:])
    assert not gc.is_tracked(collector.overlook(tuple(numbers)))


def test_few_long_lists_that_stay_are_not_looked_at_again():
    kept = [[*range(1000)] for _ in range(2 * collector.ELEMENTS_AS_ONE * collector.MANY_OBJECTS // 1000)]
    gc.collect()
    assert looked_at_of(kept) == []
    few = [[*range(1000)]]
    gc.collect()
    assert looked_at_of(few) == few, "what is little is not frozen"
