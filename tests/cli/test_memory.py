"""A server in a real control group: it takes its share of what the group has, and is not killed."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.problems import assert_problem

MIB = 2**20
GROUPS = Path("/sys/fs/cgroup/memory")
GROUP_BYTES = 192 * MIB


def own_group():
    """Return the folder of this process's group of control groups, version 1, for memory."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return GROUPS / path.lstrip("/")
    raise OSError("no control group of version 1 for memory")


@pytest.fixture
def group():
    """Make a control group below our own."""
    folder = None
    try:
        folder = own_group() / f"ramekin-test-{os.getpid()}"
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(GROUP_BYTES))
    except OSError as reason:
        if folder is not None and folder.is_dir():
            folder.rmdir()
        pytest.skip(f"no control group can be made here: {reason}")
    yield folder
    for _ in range(50):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)  # its last process is still going
        else:
            return
    raise AssertionError("the control group is still in use")


def enter(group):
    """Return what makes a process begin its life in a group."""
    return lambda: (group / "cgroup.procs").write_text(str(os.getpid()))


@pytest.mark.long
def test_a_server_in_a_control_group_refuses_before_the_kernel_kills(group):
    server = Server("serve", before=enter(group))
    try:
        with server.client() as api:
            limit = api.get("/health").json()["memory_limit_bytes"]
            assert limit == int((GROUP_BYTES - 96 * MIB) * 0.6)
            status, numbers = 201, iter(range(10**6))
            while status == 201:
                records = [{"id": next(numbers), "a": i, "x": "x" * 900} for i in range(500)]
                answer = api.post("/api/v1/data/t", json=records)
                status = answer.status_code
            assert_problem(answer, 507, "memory-limit")
            assert api.get("/api/v1/data/t?sort=a&limit=1").status_code in (200, 507)
            assert api.get("/api/v1/data/t/1").status_code == 200
            assert api.delete("/api/v1/data/t/1").status_code == 204
            assert api.get("/health").json()["memory_bytes"] > limit * 0.95
        assert server.process.poll() is None
        assert re.search(r"oom_kill (\d+)", (group / "memory.oom_control").read_text())[1] == "0"
        peak = int((group / "memory.max_usage_in_bytes").read_text())
        assert limit * 0.8 < peak < GROUP_BYTES
    finally:
        assert server.stop() == 0
