"""What it costs to be followed: writes beside many streams of changes, whose readers read all, or nothing.

    python -m benchmarks.followers [--followers 1000] [--seconds N] [--rounds N]

Rounds alternate: nobody has asked for changes yet (the first server), one has asked and left, one follows, many follow,
many follow who read nothing. Writes are as many as the server takes; what counts is the time of its core for each, so
that others on the machine count less. The last column is how fast it writes beside the first.
"""

from __future__ import annotations

import argparse
import select
import socket
import threading
from contextlib import contextmanager, suppress
from statistics import median
from time import sleep
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import orders_file
from benchmarks.machine import allow_many_connections
from benchmarks.request import get
from benchmarks.server import HOST
from benchmarks.wrk import peak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.server import Server

RECORDS = 10_000
ASK = b"GET /api/v1/changes?table=orders HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


class Followers:
    """Streams of changes, and what came on them."""

    def __init__(self, server: Server, count: int, *, read: bool) -> None:
        self._sockets = [socket.create_connection((HOST, server.port)) for _ in range(count)]
        self.events = self.received_bytes = self.lost = self.closed = 0
        self._is_over = False
        for each in self._sockets:
            each.sendall(ASK)
        self._thread = threading.Thread(target=self._read if read else lambda: None)
        self._thread.start()

    def _read(self) -> None:
        poll, by_number = select.epoll(), {each.fileno(): each for each in self._sockets}
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        while not self._is_over:
            for number, _ in poll.poll(0.1):
                data = by_number[number].recv(1 << 18)
                self.received_bytes += len(data)
                self.events += data.count(b"event: change")
                self.lost += data.count(b"event: lost")
                if not data:
                    self.closed += 1
                    poll.unregister(number)

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        for each in self._sockets:
            with suppress(OSError):
                each.close()


@contextmanager
def following(server: Server, count: int, *, read: bool = True) -> Iterator[Followers]:
    found = Followers(server, count, read=read)
    try:
        sleep(1 if count > 1 else 0.1)
        yield found
    finally:
        found.close()


def measure(followers: int, seconds: int, rounds: int) -> None:
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    options = (f"--max-address-connections={followers + 100}",)

    def write(server: Server, kind: str, beside: Followers | None = None) -> None:
        events = beside.events if beside else 0
        done = peak(server, ramekin.PUT, ids=RECORDS, seconds=seconds)
        told = (beside.events - events) / seconds if beside else 0.0
        found.setdefault(kind, []).append((done.per_second, done.cpu_us, told, server.resident_bytes() / 2**20))

    for _ in range(rounds):
        with ramekin.serving(orders_file(RECORDS), options=options) as server:
            write(server, "nobody has asked")
            get(server.port, "/api/v1/changes")
            write(server, "somebody has asked")
            with following(server, 1) as one:
                write(server, "1 follows", one)
            with following(server, followers) as many:
                write(server, f"{followers} follow", many)
                print(f"  {many.lost} lost, {many.closed} closed, {many.received_bytes / 2**20:.0f} MiB read")
            with following(server, followers, read=False):
                write(server, f"{followers} follow and read nothing")
            sleep(1)
            write(server, "all have left")
    first = median(cpu_us for _, cpu_us, _, _ in found["nobody has asked"])
    print(f"{'':38}{'writes/s':>10}{'µs a write':>12}{'events/s':>12}{'MiB':>8}{'speed':>8}")
    for kind, rows in found.items():
        per_second, cpu_us, told, size = (median(column) for column in zip(*rows, strict=True))
        print(f"{kind:38}{per_second:10,.0f}{cpu_us:12.1f}{told:12,.0f}{size:8.0f}{first / cpu_us:8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    allow_many_connections()
    measure(given.followers, given.seconds, given.rounds)
