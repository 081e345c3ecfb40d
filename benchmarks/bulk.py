"""Much at once: arrays of 1,000 records, an import by `ramekin load` with its progress bar, a dump to a local reader.

python -m benchmarks.bulk [--records N] [--seconds N]
"""

from __future__ import annotations

import argparse
import os
import pty
import socket
import subprocess
import threading
from itertools import islice
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import ramekin, report
from benchmarks.data import orders_file
from benchmarks.machine import LOAD_CORE, pinned, run_on
from benchmarks.request import get
from benchmarks.server import HOST

if TYPE_CHECKING:
    from benchmarks.server import Server

ARRAY = 1_000
TARGETS = {"arrays of 1,000, records/s": 150_000, "import, records/s": 100_000, "dump, MB/s": 300}


def arrays(server: Server, records: int, seconds: float) -> float:
    """Create arrays of 1,000 records on one connection. Return records a second; the clock runs from end to end."""
    done, began = 0, 0.0
    with orders_file(records).open("rb") as file, socket.create_connection((HOST, server.port)) as connection:
        texts = []
        while batch := [line.rstrip() for line in islice(file, ARRAY)]:
            body = b"[%b]" % b",".join(batch)
            head = f"POST {ramekin.ORDERS} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
            texts.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answers = connection.makefile("rb")
        began = perf_counter()
        for text in texts:
            connection.sendall(text)
            length, status = 0, answers.readline()
            assert b" 201 " in status, status
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)
            done += ARRAY
            if perf_counter() - began > seconds:
                break
        took = perf_counter() - began
    assert get(server.port, f"{ramekin.ORDERS}?limit=1&count=true")["total"] == done
    return done / took


def load(server: Server, records: int) -> float:
    """Import a file by the command that users have, with a terminal to draw its bar on. Return records a second."""
    ours, theirs = pty.openpty()
    drawn: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(ours, drawn))
    reader.start()
    command = [*ramekin.COMMAND, "load", str(orders_file(records)), "--url", server.url]
    began = perf_counter()
    done = subprocess.run(pinned(command, LOAD_CORE), stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=600)
    took = perf_counter() - began
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert f"{records:,}".encode() in done.stdout, done.stdout
    assert b"Loading" in b"".join(drawn), "no progress bar was drawn"
    return records / took


def _read_all(terminal: int, into: list[bytes]) -> None:
    try:
        while chunk := os.read(terminal, 65_536):
            into.append(chunk)
    except OSError:  # how a terminal says that its other side is closed
        return


def dump(server: Server) -> float:
    """Read a whole table as JSON and throw it away. Return MB a second."""
    buffer, size = bytearray(1 << 20), 0
    began = perf_counter()
    with run_on(LOAD_CORE), socket.create_connection((HOST, server.port)) as connection:
        connection.sendall(f"GET /api/v1/dump/orders HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        while count := connection.recv_into(buffer):
            size += count
    return size / 1e6 / (perf_counter() - began)


def measure(*, records: int, seconds: float) -> dict[str, float]:
    """Return what each of the three does."""
    with ramekin.serving() as server:
        created = arrays(server, min(records, 1_000_000), seconds)
    with ramekin.serving() as server:
        loaded = load(server, records)
        dumped = median(dump(server) for _ in range(3))
    return dict(zip(TARGETS, (created, loaded, dumped), strict=True))


def show(found: dict[str, float]) -> None:
    """Print a row of each."""
    rows = [(name, f"{value:,.0f}", report.target(value, TARGETS[name])) for name, value in found.items()]
    report.table("much at once", ("", "found", "target"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10, help="for how long arrays are created at the most")
    chosen = parser.parse_args()
    found = measure(records=chosen.records, seconds=chosen.seconds)
    show(found)
    report.save("bulk", found)


if __name__ == "__main__":
    main()
