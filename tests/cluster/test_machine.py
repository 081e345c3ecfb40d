"""Random sequences of operations by two processes that share tables: equal to the oracle, and to each other, after each."""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from ramekin import Database
from ramekin.engine.replicated import Replicated
from tests.cluster.processes import everything, servers_of, versions_of
from tests.stateful.test_machine import Machine

SEQUENCES = int(os.environ.get("SEQUENCES", "25")) // 10


class Shared(Machine):
    servers = None

    def __init__(self):
        super().__init__()
        self.run(self.database.__aexit__())
        name = secrets.token_hex(8)
        self.engines = [Replicated(self.servers, name) for _ in range(2)]
        self.processes = [Database(engine=engine) for engine in self.engines]
        for process in self.processes:
            self.run(process.__aenter__())
        self.database = self.processes[0]

    def teardown(self):
        for process in self.processes:
            self.run(process.__aexit__())
        self.loop.close()

    @rule(place=st.integers(0, 1))
    def go_on_in(self, place):
        """What follows is asked of one of both, which finds what the other one was answered."""
        self.database = self.processes[place]
        self.run(self.engines[place].tables.refresh())

    @invariant()
    def both_hold_the_same(self):
        one, other = self.engines
        for engine in self.engines:
            self.run(engine.tables.refresh())
        assert everything(one) == everything(other)
        assert versions_of(one) == versions_of(other)


@pytest.mark.long
def test_two_processes_are_equal_after_each_step(node):
    Shared.servers = servers_of([node])
    run_state_machine_as_test(
        Shared,
        settings=settings(
            max_examples=max(2, SEQUENCES),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
