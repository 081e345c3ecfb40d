"""No request holds the event loop for long, whatever it asks and whatever the records look like.

`benchmarks/turns.py` has the requests, and measures each turn of the loop in the thread's own time. The bounds are wide,
for a machine that is busy; what is measured closely is printed by `python -m benchmarks.turns`.
"""

import asyncio
import gc
import sys

import pytest
from benchmarks import turns

from ramekin.storage.collector import attend

MOST_MS = 30.0

LARGER = {
    "bulk, NDJSON, small, 8 indexes": 80,
    "one record, wrong behind escapes": 160,
    "one record against as many alternatives as may be": 600,
}
"""Kinds with a part that is done in one go, which the manual's limits tell: a dictionary, a long text, a schema. All bounds are twice
what 200,000 records took on a machine that was busy."""

WORST = [
    "PATCH half by condition, 8 indexes, of f0",
    "bulk, CSV, small",
    "batch of as many patches",
    "drop, 8 indexes",
    "one record in a batch, wrong behind strings",
    "PATCH all, of 500,000 numbers",
]
"""What took longest when a turn was counted in rows, or ended with a record."""


@pytest.fixture(autouse=True)
def collector():
    """The garbage collector as a server has it, and not looking at what the tests before this one have left."""
    thresholds, callbacks = gc.get_threshold(), [*gc.callbacks]
    gc.collect()
    gc.freeze()
    attend()
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def longest(names, records):
    """Return the longest turn of each kind, in ms; those within bounds left out."""

    async def run():
        found = {}
        async for name, answer in turns.measured(names, records):
            assert answer.status < 500, name
            found[name] = answer.longest_ms
        slower = 4 if sys.gettrace() else 1  # coverage looks at each line
        return {name: ms for name, ms in found.items() if ms > LARGER.get(name, MOST_MS) * slower}

    return asyncio.run(run())


def test_the_worst_kinds_of_requests_hold_nobody_for_long():
    assert longest(WORST, 4000) == {}


WRITES = [
    "PATCH half by condition, 3 indexes, of f0",
    "bulk, JSON, small",
    "bulk, NDJSON, small, 8 indexes",
    "batch of as many patches",
    "load, merge over what is there, 3 indexes",
    "load, replace, unique",
]
RECORDS = 2100


def test_the_collector_looks_at_no_long_list_of_a_write(monkeypatch):
    """To come to 200,000 bodies or changes takes it 10 ms, and it came three times."""
    run, seen = asyncio.Handle._run, set()

    def looking(handle):
        run(handle)
        long = [each for each in gc.get_objects() if type(each) in (list, tuple) and len(each) > RECORDS * 0.8]
        seen.update(f"{len(each)} of {type(each[0])}" for each in long if not gc.is_tracked(each[0]))

    monkeypatch.setattr(asyncio.Handle, "_run", looking)
    longest(WRITES, RECORDS)
    assert not seen


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_kind_of_request_holds_anybody_for_long():
    assert longest([*turns.KINDS], 200_000) == {}
