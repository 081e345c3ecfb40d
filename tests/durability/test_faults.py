"""A disk that refuses at any call, or a kill at any call: what was told to clients, what they see, and what a restart finds."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.durability import tracing

POINTS = int(os.environ.get("POINTS", "1"))
"""Calls at which a fault is injected, for each fault; `make torture` takes all of them."""

pytestmark = pytest.mark.skipif(
    tracing.STRACE is None and not os.environ.get("CI"),
    reason="faults are injected with strace: apt-get install strace",
)


@pytest.fixture(scope="module", params=["always", "everysec"])
def fsync(request):
    return request.param


@pytest.fixture(scope="module")
def points(tmp_path_factory, fsync):
    return tracing.points(tmp_path_factory.mktemp("points") / "data", fsync)


@pytest.mark.timeout(120 + 10 * POINTS)
@pytest.mark.parametrize("fault", tracing.FAULTS)
def test_a_fault_at_any_call_never_lies(tmp_path, points, fsync, fault):
    assert len(points) > 100
    chosen = points if len(points) <= POINTS else Random(f"{fsync} {fault}").sample(points, POINTS)
    for call, place in chosen:
        tracing.inject(tmp_path / "data", fsync, call, place, fault)
