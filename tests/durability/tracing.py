"""Runs under `strace`: every call on the files of a data directory, and one of them made to fail, or to kill."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter

from tests.durability import script

CALLS = (
    *("write", "pwrite64", "pread64", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "openat", "newfstatat"),
    "mkdir",
)
FAULTS = {"kill": "signal=SIGKILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
STRACE = shutil.which("strace")


def names(folder):
    """Return options that name the files of a directory, also those that come later."""
    files = ["", "/lock"]
    for base in ("tables", *(f"tables.{number}" for number in range(1, 9))):
        files += [f"/{base}.log", f"/{base}.db", f"/{base}.db.unfinished", f"/{base}.db.unfinished-journal"]
    return [option for name in files for option in ("-P", f"{folder}{name}")]


def run(folder, fsync, *options):
    """Run the script under strace and return the finished process; the trace is in `folder`.trace."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [STRACE, "-f", "-y", "-o", f"{folder}.trace", *names(folder), *options]
    command += [sys.executable, "-m", "tests.durability.script", str(folder), fsync]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def points(folder, fsync):
    """Return every call that the script makes on its files, as (call, place)."""
    done = run(folder, fsync, "-e", f"trace={','.join(CALLS)}")
    assert done.returncode == 0, done.stderr
    script.check(folder, done.stdout)
    with folder.with_name(f"{folder.name}.trace").open() as file:
        made = Counter(found[1] for line in file if (found := re.match(r"\d+ +(\w+)\(", line)))
    return [(call, place) for call in CALLS for place in range(1, made[call] + 1)]


def inject(folder, fsync, call, place, fault):
    """Make one call fail, and check what comes of it. Raises AssertionError."""
    done = run(folder, fsync, "-e", f"trace={call}", "-e", f"inject={call}:{FAULTS[fault]}:when={place}")
    assert "Traceback" not in done.stderr, done.stderr
    try:
        script.check(folder, done.stdout)
    except AssertionError as error:
        raise AssertionError(f"{fault} at {call} {place} with {fsync}: {error}\n{done.stdout[:2000]}") from error
