"""The machine that measures: its cores, one for the server and one for the load, and what it is called in a report."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
LOAD_CORE, SERVER_CORE = CORES[0], CORES[-1]
PACKAGES = ("ramekin", "fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "msgspec", "jiter")
ROOT = Path(__file__).parent.parent
CACHE = Path(__file__).parent / ".cache"


def pinned(command: list[str], core: int) -> list[str]:
    """Return the command so that it runs on one core, threads included; unchanged where `taskset` is not known."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command


@contextmanager
def run_on(core: int) -> Iterator[None]:
    """Keep this process on one core while the block runs."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def waited_seconds(pid: int) -> float:
    """Return for how long the first thread of a process was ready to run and others had the core; 0 where unknown."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def allow_many_connections() -> None:
    """Let this process and its children open as many files as they may: 1,000 connections need more than 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def said(*command: str) -> str:
    """Return the first line that a command prints, empty where there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return ""
    return next(iter((done.stdout or done.stderr).splitlines()), "").strip()


def description() -> dict[str, object]:
    """Return what a figure needs beside it: date, machine, versions, commit, and how busy the machine already is."""
    commit = said("git", "describe", "--always", "--dirty")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(CORES),
        "server_core": SERVER_CORE,
        "load_core": LOAD_CORE,
        "busy_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit,
        "packages": {name: version(name) for name in PACKAGES},
        "wrk": " ".join(said("wrk", "-v").split()[:2]),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
