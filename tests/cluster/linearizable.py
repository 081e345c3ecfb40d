"""Whether what clients saw of one record could have come from a single copy of it, on which one thing happens at a time.

    a  |--- write 1 ---|      |---- read: 1 ----|             linearizable: 1, 2, with the first read between them
    b          |--------- write 2 ----------|
    c                                             |- read: 1 -|   not so: 2 was acknowledged before this read began

A history is *linearizable* (Herlihy and Wing, 1990) if each operation can be given one moment between its beginning and
its end, so that all of them, in the order of these moments, are what one copy would do. A history is so if it is so for
each record alone (the same paper: locality), and that keeps the search short.

How it works: the algorithm of Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of Lowe,
"Testing for Linearizability" (2017), as in Porcupine (Athalye, https://github.com/anishathalye/porcupine). Of the
operations that have begun before the first end, one must come first. Each is tried in turn, and taken back where it
leads nowhere. What was done and what it led to is remembered, so that no such place is searched twice.

An operation whose outcome nobody knows has no end: it may happen at any later moment, or never. What was refused is no
operation: if it has happened after all, a read of it fits nowhere. Knows no engines.
"""

from collections import defaultdict
from math import inf
from typing import Any, NamedTuple

ANYTHING = object()
"""What a record had before a write that asks for nothing."""

MAX_STEPS = 2_000_000
"""Places that are searched, for one record; a history of which nothing is known is not to be told from a wrong one."""


class Operation(NamedTuple):
    """What one client did to one record: it found `before` there, and left `after`. A read leaves what it found."""

    record: str
    began_s: float
    ended_s: float
    """`inf`: nobody knows whether it happened."""
    before: Any
    after: Any
    client: str = ""

    def then(self, value):
        """Return what the record has after this where it had a value before; ANYTHING: this cannot come here."""
        return self.after if self.before is ANYTHING or self.before == value else ANYTHING


def faults(history, initial=None):
    """Return the records whose operations fit no order, each with these, in the order in which they began."""
    by_record = defaultdict(list)
    for operation in history:
        by_record[operation.record].append(operation)
    return {name: sorted(some, key=_began) for name, some in by_record.items() if not is_linearizable(some, initial)}


def is_linearizable(history, initial=None):
    """Say whether operations on one record fit some order. Cost: exponential at worst, in those that overlap."""
    first = _chain(history)
    known = sum(operation.ended_s < inf for operation in history)
    value, done, tried, seen = initial, 0, [], set()
    entry, steps = first.next, 0
    while known:
        steps += 1
        assert steps < MAX_STEPS, "the history is too long, or too much of it is not known, to be checked"
        then = entry.operation.then(value) if entry is not None and entry.is_call else ANYTHING
        if then is not ANYTHING and (done | entry.bit, then) not in seen:
            seen.add((done | entry.bit, then))
            tried.append((entry, value))
            value, done, known = then, done | entry.bit, known - entry.is_known
            entry.lift()
            entry = first.next
        elif entry is not None and entry.is_call:
            entry = entry.next
        elif tried:  # one has ended that must come before all that begin from here on
            entry, value = tried.pop()
            entry.put_back()
            done, known = done ^ entry.bit, known + entry.is_known
            entry = entry.next
        else:
            return False
    return True


class _Entry:
    """A beginning or an end, in a chain of all that are still to be put in order."""

    def __init__(self, operation=None, *, is_call=False, bit=0):
        self.operation, self.is_call, self.bit = operation, is_call, bit
        self.is_known = operation is not None and operation.ended_s < inf
        self.before = self.next = self.end = None

    def lift(self):
        """Take an operation out: its beginning, and its end if it has one."""
        for each in (self, self.end):
            if each is not None:
                each.before.next = each.next
                if each.next is not None:
                    each.next.before = each.before

    def put_back(self):
        """Undo the last `lift`."""
        for each in (self.end, self):
            if each is not None:
                each.before.next = each
                if each.next is not None:
                    each.next.before = each


def _chain(history):
    """Return what stands before the first beginning; what begins as another ends overlaps it."""
    entries = []
    for place, operation in enumerate(history):
        call = _Entry(operation, is_call=True, bit=1 << place)
        entries.append((operation.began_s, 0, place, call))
        if call.is_known:
            call.end = _Entry(operation)
            entries.append((operation.ended_s, 1, place, call.end))
    first = last = _Entry()
    for *_, entry in sorted(entries, key=lambda each: each[:3]):
        last.next, entry.before = entry, last
        last = entry
    return first


def _began(operation):
    return operation.began_s
