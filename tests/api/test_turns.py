"""No request holds the event loop for long, whatever it asks and whatever the records look like.

`benchmarks/turns.py` has the requests, and measures each turn of the loop in the thread's own time. The bounds are those
that the manual tells; what is measured closely is printed by `python -m benchmarks.turns`.
"""

import asyncio
import gc
import sys
from pathlib import Path

import pytest
from benchmarks import turns

from ramekin.storage.collector import attend

MANUAL = Path(__file__).parents[2] / "docs" / "performance.md"
"""Its table of limits has the bounds that the tests take, each twice what was measured or more."""

OTHERS = "all else"
TOLD = {
    "typed by a model": "1 MiB that a model types",
    "typed by a schema": "1 MiB that a schema types",
    "alternatives": "a record against 5 million alternatives of a schema",
    "patterns": "a record against 10 million bytes times patterns",
    "wrong behind escapes": "one string, or blanks within one record",
    "a record of spaces": "one string, or blanks within one record",
    "a cell of quotes": "one string, or blanks within one record",
    "PUT definition": "definitions of what is there",
    "8 indexes": "bulks and changes with eight indexes",
    "9,000 tables": "all of 9,000 tables in one request",
}
"""Parts of the names of kinds, and the row of the table that has their bound."""

TIMES = 3
"""How often a kind is measured that takes longer than it may: what others do on the machine only adds to it."""

WORST = [
    "PATCH half by condition, 8 indexes, of f0",
    "bulk, CSV, small",
    "batch of as many patches",
    "drop, 8 indexes",
    "passed over, CSV, line ends",
    "passed over, CSV, line ends, wrong at the end",
    "passed over, CSV, wide, of texts",
    "passed over, NDJSON, line ends, wrong at the end",
    "one record in a batch, wrong behind strings",
    "PATCH all, of 500,000 numbers",
]
"""What took longest when a turn was counted in rows, or ended with a record, or only where one came out."""


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


def bounds():
    """Return how many ms the longest turn of each kind may take."""
    section = MANUAL.read_text().split("\n## Limits\n")[1].split("\n- ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    told = {what.split(":")[0]: float(most) for what, *_, most in rows if most.isdecimal()}
    rows_of = {name: next((row for part, row in TOLD.items() if part in name), OTHERS) for name in turns.KINDS}
    assert {*rows_of.values()} == {*told}, "each row is of some kind, and each kind in a row"
    return {name: told[row] for name, row in rows_of.items()}


def longest(names, records):
    """Return the longest turn of each kind, in ms, the least of some times; those within bounds left out."""
    for _ in range(TIMES):
        if names:
            names = measured_once(names, records)
    return names


def measured_once(names, records):
    """Return the longest turn of each kind, in ms; those within bounds left out."""
    most = bounds()

    async def run():
        found = {}
        async for name, answer in turns.measured(names, records):
            assert answer.status < 500, name
            found[name] = answer.longest_ms
        slower = 4 if sys.gettrace() else 1  # coverage looks at each line
        return {name: ms for name, ms in found.items() if ms > most[name] * slower}

    return asyncio.run(run())


def test_the_worst_kinds_of_requests_hold_nobody_for_long():
    assert not longest(WORST, 4000)


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
    measured_once(WRITES, RECORDS)
    assert not seen


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_kind_of_request_holds_anybody_for_long():
    assert not longest([*turns.KINDS], 200_000)
