"""Nothing that was acknowledged is lost when the process is killed, nothing is torn, nothing appears from nowhere."""

from __future__ import annotations

import os

import pytest

from tests.durability.crash import run_cycles

CYCLES = int(os.environ.get("CYCLES", "3"))


@pytest.mark.timeout(100 + 10 * CYCLES)
def test_a_server_that_is_killed_again_and_again_loses_nothing_that_it_acknowledged(tmp_path):
    counted = run_cycles(tmp_path / "data", CYCLES, seed=int(os.environ.get("SEED", "1")))
    assert counted["acknowledged"] > CYCLES
