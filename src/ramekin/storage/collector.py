"""What Python's garbage collector looks at, and how much of it at once.

The collector frees what only leads to itself. For that it looks at objects: often at young ones, and at old ones all
together. Most old objects here belong to indexes and stay: to look at those of a million records takes 150 ms. So
whenever thousands of objects have become old, or lists of many elements, they are looked at, and what is left of them
is *frozen*, which means that the collector never looks at it again:

    young ──survives two looks──► old ──survives a look at many──► frozen
      └──────────────── nothing leads to it any more: freed ──────────┘

A long list whose elements lead nowhere, such as texts, bodies and changes of records, is part of no circle: whoever
makes one has it *overlooked* from the beginning. To come to 200,000 keys takes 10 ms each time, and there were three.

The limit: of what is frozen, circles are not freed any more. What is alive at such a moment and becomes one later,
stays: the state of the requests under way, once for each `MANY_OBJECTS` that a database has grown by.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")

YOUNG_OBJECTS, LOOKS, OLD_LOOKS = 1000, 3, 1
"""Objects, and looks at them, after which Python looks further: at 4,000 and, with the old ones, at 8,000."""

MANY_OBJECTS = 20_000
"""So many old objects that stay are frozen; to look at 15,000 takes 3 ms (CPython 3.11, November 2026).

More than what a server remembers of schemas and questions, which are 12,000 objects: they come and go, in circles."""

ELEMENTS_AS_ONE = 4
"""Elements of a list that take as long to look at as an object."""

MANY_YOUNG = 4_000
"""Young objects that are looked at by the end of a turn, though Python knows of fewer."""

MANY_OLD = 8_000
"""Objects that became old, for which all old ones are looked at by the end of a turn."""

MANY_LOOKS = 8
"""Looks at young ones after which the old ones are looked at, however few: three may hold 5 KB of others."""

YOUNG, MIDDLE, OLDEST = range(3)


_untrack = ctypes.pythonapi.PyObject_GC_UnTrack
_untrack.argtypes, _untrack.restype = (ctypes.py_object,), None


def overlook(container: T) -> T:
    """Return a list or tuple, at which the collector looks no more, whatever is put into it. Cost: O(1), 0.3 µs.

    For those whose elements lead nowhere: what is part of a circle by such a list is never freed.
    """
    _untrack(container)
    return container


@contextmanager
def at_rest() -> Iterator[None]:
    """Look at nothing meanwhile: nearly all that a start imports and builds stays, and looks are a tenth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Old:
    """What is known of the old objects that are not frozen, in objects that a look takes as long for."""

    left = 0
    """What a look at all of them has left."""
    fresh = 0
    """At the most so many have become old since."""

    def weigh(self) -> int:
        """Return how many they are. Cost: 0.3 ms where there are 10,000, and three times that where they rested."""
        objects = gc.get_objects(OLDEST)
        return len(objects) + sum([len(each) for each in objects if type(each) is list]) // ELEMENTS_AS_ONE


_old = _Old()


def attend() -> None:
    """Have the collector look at old objects before there are too many, and freeze those that stay."""
    gc.set_threshold(YOUNG_OBJECTS, LOOKS, OLD_LOOKS)
    gc.callbacks.append(_freeze_what_stays)
    gc.freeze()  # what the program itself consists of
    gc.collect()  # how long Python waits depends on how much the last full look has left


def look() -> None:
    """Have the collector look at young objects and at old ones, if there are many more. Cost: 10 µs if not.

    Called in a turn of its own, so that no look comes on top of other work.
    Python begins a look when so many more objects were made than freed. Work that frees as many old ones as it makes
    is never looked at, until it was a million objects, and one look took 200 ms. Beside 64 sorts it looked again and
    again at what all of them hold, which was a sixth of the work.
    """
    if _freeze_what_stays not in gc.callbacks:
        return
    if len(gc.get_objects(YOUNG)) >= MANY_YOUNG:
        gc.collect(MIDDLE)
    if _old.fresh >= MANY_OLD:
        _old.fresh = max(0, _old.weigh() - _old.left)  # of what became old, most was freed since
    if _old.fresh >= MANY_OLD or gc.get_count()[OLDEST] >= MANY_LOOKS:
        gc.collect()
    # Python itself begins no look at old ones while turns end here.
    gc.set_threshold(YOUNG_OBJECTS, LOOKS, gc.get_count()[OLDEST] + OLD_LOOKS)


def _freeze_what_stays(phase: str, info: Mapping[str, int]) -> None:
    if info["generation"] == MIDDLE:
        young = len(gc.get_objects(YOUNG)) + len(gc.get_objects(MIDDLE)) if phase == "start" else 0
        _old.fresh += young - info["collected"]
    elif info["generation"] == OLDEST and phase == "stop":
        _old.left, _old.fresh = _old.weigh(), 0
        if _old.left >= MANY_OBJECTS:
            gc.freeze()
            _old.left = 0
