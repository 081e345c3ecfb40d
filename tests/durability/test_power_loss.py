"""When the power goes, `always` loses nothing that was acknowledged and `everysec` at most a second of it."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.durability.power import lose_power_once

LOSSES = int(os.environ.get("LOSSES", "300"))
SEED = os.environ.get("SEED", "1")


def lost(folder, fsync, count, **words):
    return [lose_power_once(folder, Random(f"{SEED}-{i}"), fsync, **words) for i in range(count)]


@pytest.mark.timeout(60 + LOSSES)
def test_always_loses_nothing_that_was_acknowledged(tmp_path):
    assert sum(commits for commits, _ in lost(tmp_path, "always", LOSSES)) == 0


@pytest.mark.timeout(60 + LOSSES)
def test_everysec_loses_a_second_at_the_most(tmp_path):
    losses = lost(tmp_path, "everysec", LOSSES)
    assert max(seconds for _, seconds in losses) <= 1.0
    assert any(commits for commits, _ in losses), "a disk that forgets nothing proves nothing"


def test_the_proof_fails_where_commits_are_not_synced(tmp_path):
    assert sum(lose_power_once(tmp_path, Random(i), "always", syncs=False)[0] for i in range(40)) > 0
