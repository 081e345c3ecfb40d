"""A server in a process of its own, on the server's core, on a free port of the loopback address.

Knows no contestant; see `peers/` for those, and `ramekin.py` for ours.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import clock_gettime, perf_counter, sleep
from typing import TYPE_CHECKING

from benchmarks.machine import SERVER_CORE, pinned, waited_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
START_S = 180


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `began` is when it was started, by `perf_counter`; `also` are processes that it needs."""

    port: int
    pid: int
    began: float
    also: tuple[int, ...] = ()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    def resident_bytes(self) -> int:
        """Return the memory that the process holds, as the kernel counts it (RSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def core_seconds(self) -> float:
        """Return the time for which the process had a core so far, to the nanosecond. Cost: 0.3 µs."""
        return clock_gettime(~self.pid << 3 | 2)  # as clock_getcpuclockid(3) makes it of a process

    def waited_seconds(self) -> float:
        """Return for how long its event loop wanted a core and had none; see ``machine.py``."""
        return waited_seconds(self.pid)

    def cpu_seconds(self) -> float:
        """Return the time for which its processes had a core so far, to the kernel's tick of 10 ms."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in (self.pid, *self.also)]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def started(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server that listens on `port` until the block ends.

    Raises:
        RuntimeError: it stopped, or did not listen in time; with the end of what it said.
    """
    with tempfile.TemporaryFile() as output:
        began = perf_counter()
        process = subprocess.Popen(
            pinned(command, SERVER_CORE),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
        )
        try:
            if not _listens(process, port):
                output.seek(0)
                raise RuntimeError(f"{command[0]} did not start: {output.read()[-800:].decode(errors='replace')}")
            yield Server(port, process.pid, began)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = perf_counter() + START_S
    while perf_counter() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        sleep(0.002)
    return False
