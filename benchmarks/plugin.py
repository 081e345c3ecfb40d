"""What the fixtures for pytest cost: their start, and each test.

    python -m benchmarks.plugin [--tests N] [--records N]

The start is what the first test's set-up takes in pytest's own account, imports among it, where Python has compiled the
modules before, as whoever installs a package does. A test's overhead is the processor time of a run of tests that ask
for `ramekin_client` less that of a run of tests that ask for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

EMPTY = "import pytest\n@pytest.mark.parametrize('n', range({n}))\ndef test_it({fixture}n):\n    pass\n"


def measured(folder: Path, tests: int, fixture: str) -> tuple[float, float]:
    """Return the seconds of processor time of a run, and those that the first set-up took."""
    (folder / "test_it.py").write_text(EMPTY.format(n=tests, fixture=fixture))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "ramekin.testing.plugin"]
    command += ["--durations=1", "--durations-min=0"]
    before = os.times()
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    used_s = after.children_user + after.children_system - before.children_user - before.children_system
    longest = re.search(r"([\d.]+)s setup", done.stdout)
    return used_s, float(longest[1]) if longest else 0.0


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which Python finds what this process finds, and keeps what it compiles."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join(str(Path(part).absolute()) for part in sys.path)
    return kept | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": path,
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }


def main() -> None:
    options = argparse.ArgumentParser(description="What the fixtures for pytest cost.")
    options.add_argument("--tests", type=int, default=1000)
    options.add_argument("--records", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "db.json").write_text(json.dumps({"users": [{"id": n} for n in range(asked.records)]}))
        (folder / "pytest.ini").write_text("[pytest]\nramekin_files = db.json\n")
        measured(folder, 1, "ramekin_client, ")  # which compiles
        starts, loads, overheads = [], [], []
        for _ in range(asked.rounds):
            without, _ = measured(folder, asked.tests, "")
            alone, start_s = measured(folder, 1, "ramekin_client, ")
            with_it, _ = measured(folder, asked.tests, "ramekin_client, ")
            one_without, _ = measured(folder, 1, "")
            starts.append(start_s)
            loads.append(alone - one_without)
            overheads.append(((with_it - alone) - (without - one_without)) / (asked.tests - 1))
        print(f"start, {asked.records:,} records: {median(starts):.2f} s, {median(loads):.2f} s of processor time")
        print(f"each test: {median(overheads) * 1000:.2f} ms (processor time), {asked.tests:,} tests")


if __name__ == "__main__":
    main()
