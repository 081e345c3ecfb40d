"""A server in a process of its own, and `wrk` in another: requests a second, with the answers checked before they count."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONNECTIONS, SECONDS = 32, 3


def find_wrk() -> str:
    """Return the path of wrk, or end with what to do."""
    return shutil.which("wrk") or sys.exit("These figures are taken with wrk: apt-get install wrk")


@contextmanager
def serving(tables: Mapping[str, bytes], *options: str) -> Iterator[str]:
    """Serve tables (NDJSON by name) on one core and give the address."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in tables.items():
            files.append(str(Path(folder, f"{name}.ndjson")))
            Path(files[-1]).write_bytes(text)
        command = [sys.executable, "-m", "ramekin", "serve", *files, "--port", "0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            greeting = process.stdout.readline()
            found = re.search(r"http://\S+", greeting)
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {sorted(os.sched_getaffinity(0))[-1]})
            yield found[0] if found else sys.exit(f"The server did not start: {greeting}")
        finally:
            process.terminate()
            process.wait(30)


def get(url: str) -> bytes:
    """Return the body of an answer, or end with what was said."""
    try:
        with urllib.request.urlopen(url, timeout=120) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{url}: {error.code} {error.read()[:500]!r}")


def rate(url: str, seconds: int = SECONDS, connections: int = CONNECTIONS) -> float:
    """Return requests a second. Ends if an answer was no success."""
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", url]
    if shutil.which("taskset"):
        command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"{url}: {said}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", said)[1])
