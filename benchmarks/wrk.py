"""Load as hard as a server takes it: `wrk` with one thread on the load's core; `open_loop.py` is for a given rate."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import LOAD_CORE, pinned
from benchmarks.request import NEW_IDS, Request

if TYPE_CHECKING:
    from benchmarks.server import Server

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 32
WAIT_S = 30
"""Seconds after which an answer is given up: on a busy machine 32 joins at once take more than wrk's own two."""


@dataclass(frozen=True, slots=True)
class Peak:
    """What one run found. `cpu_us` is what a request costs the server, also where others keep its core from it."""

    per_second: float
    cpu_us: float
    p50_us: int
    p99_us: int
    p999_us: int


def find_wrk() -> str:
    """Return the path of wrk, or end with what to do."""
    return shutil.which("wrk") or sys.exit("These figures are taken with wrk: apt-get install wrk")


def peak(
    server: Server,
    request: Request,
    *,
    ids: int,
    seconds: int = 2,
    connections: int = CONNECTIONS,
    prepared: int = 20_000,
) -> Peak:
    """Send requests for random ids of 1 to `ids` for some seconds; each connection waits for its answer.

    Raises:
        RuntimeError: an answer was no success, or there was none.
    """
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={WAIT_S}s"]
    command += ["-s", str(SCRIPT), server.url, "--"]
    command += [request.method, request.path, request.body, str(ids), str(next(NEW_IDS)), str(prepared)]
    before = server.cpu_seconds()
    done = subprocess.run(pinned(command, LOAD_CORE), capture_output=True, text=True, check=False, timeout=seconds + 60)
    told = done.stdout.partition("RESULT ")[2]
    found = json.loads(told) if told else None
    if not found or found["failures"] or not found["requests"]:
        raise RuntimeError(f"{request.method} {request.path}: {done.stdout} {done.stderr}")
    cpu_us = (server.cpu_seconds() - before) * 1e6 / found["requests"]
    rate = found["requests"] / found["seconds"]
    return Peak(rate, cpu_us, found["p50_us"], found["p99_us"], found["p999_us"])
