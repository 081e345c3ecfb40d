"""Clients that write and read through engines while nodes fail, and take down what they did and what they were told.

Each client draws from the seed. It creates records that nobody else writes, of which none may be lost, and it reads,
changes and deletes a few that all write, of which each history has to fit one copy; see ``linearizable.py``.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count, pairwise
from math import inf
from random import Random
from time import monotonic

from ramekin.changes import Change, Written
from ramekin.cluster.line import DEADLINE_S
from ramekin.errors import OutcomeUnknown, Unavailable
from ramekin.testing.engines.steps import body
from tests.cluster.linearizable import Operation, faults

CREATED, SHARED = "created", "shared"
"""The tables that are written."""

RECORDS = 5
"""Records that all clients write."""

IN_TIME_S = 2 * DEADLINE_S
"""Seconds within which a client is told what became of what it asked, on a busy machine too."""

PAUSE_S = 0.003
"""Seconds at the most between what one client does and what it does next."""


@dataclass
class Record:
    """What clients were told. Those of several processes may be added up: their clock is the machine's."""

    history: list[Operation] = field(default_factory=list)
    created: set[str] = field(default_factory=set)
    """Records of which a client was told that they are there."""
    denied: set[str] = field(default_factory=set)
    """Records of which a client was told that they were not created."""
    maybe: int = 0
    """Writes of which a client was told that nobody knows."""
    refused: int = 0
    longest_s: float = 0.0
    """The longest that a client waited."""
    acknowledged_s: list[float] = field(default_factory=list)
    """When writes were acknowledged."""

    def add(self, other):
        """Add what clients of another process were told."""
        self.history += other.history
        self.created |= other.created
        self.denied |= other.denied
        self.maybe += other.maybe
        self.refused += other.refused
        self.longest_s = max(self.longest_s, other.longest_s)
        self.acknowledged_s += other.acknowledged_s

    @property
    def silent_s(self):
        """The longest between two writes that were acknowledged, whoever wrote."""
        moments = sorted(self.acknowledged_s)
        return max((then - before for before, then in pairwise(moments)), default=inf)

    def lost(self, engine):
        """Return the records that were acknowledged and are not there."""
        return sorted(key for key in self.created if engine.tables.get(CREATED, key) is None)

    def found(self, engine):
        """Return the records that were refused and are there all the same."""
        return sorted(key for key in self.denied if CREATED in engine.tables and engine.tables.get(CREATED, key))

    def check(self, engine):
        """See that what was acknowledged is there, and what was refused is not, and that each history fits one copy."""
        assert self.lost(engine) == []
        assert self.found(engine) == []
        assert faults(self.history) == {}


class Clients:
    """Some clients of each of some engines, from now on until `end`."""

    def __init__(self, engines, seed, each=4):
        self.told, self._is_over = Record(), False
        self._tasks = [
            asyncio.create_task(self._go_on(engine, f"{seed}-{i}-{n}"))
            for i, engine in enumerate(engines)
            for n in range(each)
        ]

    async def end(self):
        """Let each client come to the end of what it does, and return what all were told."""
        self._is_over = True
        await asyncio.wait_for(asyncio.gather(*self._tasks), 30)
        return self.told

    async def _go_on(self, engine, name):
        chance, number = Random(name), 0
        while not self._is_over:
            number += 1
            do, began_s = chance.choice((create, change, read, read)), monotonic()
            try:
                await do(self.told, engine, f"{name}-{number}", chance)
            except OutcomeUnknown:
                self.told.maybe += 1
            except Unavailable:
                self.told.refused += 1
                await asyncio.sleep(0.02)
            self.told.longest_s = max(self.told.longest_s, monotonic() - began_s)
            await asyncio.sleep(chance.random() * PAUSE_S)


async def create(told, engine, name, _chance):
    """Create a record that is new."""
    try:
        assert await engine.apply(Written([Change(CREATED, name, None, body(name))])) is not None
    except OutcomeUnknown:
        raise
    except Unavailable:
        told.denied.add(name)
        raise
    told.created.add(name)
    told.acknowledged_s.append(monotonic())


async def change(told, engine, name, chance):
    """Make something else of a record that others write too, or delete it."""
    key, is_deletion, began_s = str(chance.randrange(RECORDS)), chance.random() < 0.2, monotonic()
    made, tries = None, count()

    def step():
        nonlocal made
        before = engine.ahead(SHARED, key)
        made = before, None if is_deletion and before is not None else body(int(key), by=name, n=next(tries))
        return Written([Change(SHARED, key, *made)])

    try:
        assert await engine.apply(step) is not None
    except OutcomeUnknown:
        told.history.append(Operation(key, began_s, inf, *made, name))
        raise
    told.history.append(Operation(key, began_s, monotonic(), *made, name))
    told.acknowledged_s.append(monotonic())


async def read(told, engine, name, chance):
    """Read a record as of now, whoever wrote it."""
    key, began_s = str(chance.randrange(RECORDS)), monotonic()
    await engine.tables.refresh()
    found = engine.tables.get(SHARED, key) if SHARED in engine.tables else None
    told.history.append(Operation(key, began_s, monotonic(), found, found, name))
