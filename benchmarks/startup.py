"""How long until `ramekin serve` answers: on no data, cold and warm, with a `db.json` of 100 MB; where the time goes.

    python -m benchmarks.startup [--megabytes N] [--rounds N]

Cold means that the kernel holds none of the interpreter's packages in memory (their pages are given back to it before
each start). "First" means that there is no compiled bytecode either, as after an installation that does not compile.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import ramekin, report
from benchmarks.data import RECORD_BYTES, orders_file
from benchmarks.machine import CACHE, ROOT
from benchmarks.request import Request, send
from benchmarks.server import free_port, started

if TYPE_CHECKING:
    from collections.abc import Mapping

READY = Request("GET", "/health/ready")
TARGETS = {"no data, cold": 2.0, "db.json": 3.0}
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def ready_within(*files: Path, environment: Mapping[str, str] | None = None) -> float:
    """Return the seconds from the start of the process to its first answer that it is ready."""
    port = free_port()
    command = [*ramekin.COMMAND, "serve", *map(str, files), "--port", str(port)]
    with started(command, port, environment) as server:
        send(port, READY)
        return perf_counter() - server.began


def forget_files() -> None:
    """Give the pages of all that the interpreter may import back to the kernel: the next start reads the disk."""
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), str(ROOT / "src")}:
        for path in Path(folder).rglob("*"):
            if path.suffix in (".py", ".pyc", ".so") and path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def database_file(megabytes: int) -> Path:
    """Return a `db.json` of that size, made where there is none yet."""
    path = CACHE / "data" / f"{megabytes}MB" / "db.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = orders_file(megabytes * 1_000_000 // (RECORD_BYTES + 1)).read_bytes().splitlines()
        part = path.with_suffix(".part")
        part.write_bytes(b'{"orders":[' + b",".join(lines) + b"]}")
        part.rename(path)
    return path


def imports() -> list[dict[str, Any]]:
    """Return which packages and modules take the time of a start, without what they import, the longest first."""
    port = free_port()
    command = [sys.executable, "-X", "importtime", "-m", "ramekin", "serve", "--port", str(port)]
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
        assert process.stdout is not None
        process.stdout.readline()  # the greeting: it answers
        process.terminate()
        process.communicate(timeout=30)
        told.seek(0)
        found = [match for line in told if (match := IMPORTED.match(line))]
    own: Counter[str] = Counter()
    for match in found:
        own[match[4].partition(".")[0]] += int(match[1])
        own[match[4]] += int(match[1]) if "." in match[4] else 0
    return [{"name": name, "ms": us / 1000} for name, us in own.most_common(24)]


def measure(*, megabytes: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of each kind of start, and where those of a warm one go."""
    found: dict[str, list[float]] = {"no data, warm": [], "no data, cold": [], "no data, first": [], "db.json": []}
    path = database_file(megabytes)
    ready_within()
    for _ in range(rounds):
        found["no data, warm"].append(ready_within())
        forget_files()
        found["no data, cold"].append(ready_within())
        with tempfile.TemporaryDirectory() as folder:
            found["no data, first"].append(ready_within(environment={"PYTHONPYCACHEPREFIX": folder}))
        found["db.json"].append(ready_within(path))
    return {
        "megabytes": megabytes,
        "seconds": {name: median(each) for name, each in found.items()},
        "rounds": found,
        "imports": imports(),
    }


def show(found: dict[str, Any]) -> None:
    """Print the starts, and the packages that take the longest."""
    rows = []
    for name, seconds in found["seconds"].items():
        each = found["rounds"][name]
        title = f"{name} of {found['megabytes']} MB" if name == "db.json" else name
        limit = report.limit(seconds, TARGETS.get(name))
        rows.append((title, f"{seconds:.2f}", f"{min(each):.2f}-{max(each):.2f}", limit))
    report.table("ready within", ("", "seconds", "spread", "target"), rows)
    own = [(each["name"], f"{each['ms']:.0f}") for each in found["imports"]]
    report.table("imports of a start, packages and modules", ("", "ms"), own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found = measure(megabytes=chosen.megabytes, rounds=chosen.rounds)
    show(found)
    report.save("startup", found)


if __name__ == "__main__":
    main()
