"""Latency at a given rate: requests are due on a fixed schedule, whether the server keeps up or not.

    python -m benchmarks.open_loop [--rates 1000,4000] [--seconds N] [--connections N] [--records N]

A request's time is counted from when it was *due*, not from when it could be sent, so that a server that halts for a
second is charged with all that a second's clients would have waited (no coordinated omission). A request that finds
every connection busy waits in the driver, and its wait counts. How late the driver itself was, with a connection at
hand, is told beside it: where that is large, the driver was the slow one and the figures are worth nothing.
"""

from __future__ import annotations

import argparse
import select
import socket
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import ramekin, report
from benchmarks.data import orders_file
from benchmarks.machine import LOAD_CORE, allow_many_connections, run_on
from benchmarks.server import HOST

if TYPE_CHECKING:
    from benchmarks.request import Request
    from benchmarks.server import Server

PREPARED = 10_000
GRACE_S = 5  # how long the last answers may take after the schedule's end


@dataclass
class Connection:
    """One connection, and when the request that it carries was due."""

    socket: socket.socket
    due: float = 0.0
    buffer: bytes = b""

    def is_answered(self) -> bool:
        """Read what has come. Return whether the answer is complete. Raises RuntimeError where it is no success."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise RuntimeError("the server closed a connection")
        self.buffer += chunk
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        if head[9:10] != b"2":
            raise RuntimeError(f"no success: {head[:200]!r}")
        length = head.lower().partition(b"content-length:")[2].split(None, 1)[0]
        if len(body) < int(length):
            return False
        self.buffer = b""
        return True


@dataclass
class Schedule:
    """Requests due at a constant rate, and what became of them. Times are in seconds."""

    rate: float
    seconds: float
    times: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    unanswered: int = 0

    def run(self, connections: list[Connection], texts: list[bytes]) -> None:
        """Send what is due until the schedule ends, and wait for the answers."""
        poll = select.epoll()
        by_number = {each.socket.fileno(): each for each in connections}
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        free, free_since = deque(connections), perf_counter()
        total, sent = int(self.rate * self.seconds), 0
        began = perf_counter()
        until = began + self.seconds + GRACE_S
        while len(self.times) < total and perf_counter() < until:
            now = perf_counter()
            while free and sent < total and (due := began + sent / self.rate) <= now:
                connection = free.popleft()
                connection.due = due
                self.lateness.append(now - max(due, free_since))
                connection.socket.sendall(texts[sent % len(texts)])
                sent += 1
            for number, _ in poll.poll(0):  # never sleeps: a sleep ends late, and that would count as the server's
                connection = by_number[number]
                if connection.is_answered():
                    self.times.append(perf_counter() - connection.due)
                    if not free:
                        free_since = perf_counter()
                    free.append(connection)
        self.unanswered = total - len(self.times)
        poll.close()


def at_rate(
    server: Server, request: Request, rate: float, *, ids: int, seconds: float = 5, connections: int = 32
) -> dict[str, Any]:
    """Return the latency of one kind of request at one rate, in microseconds."""
    texts = [request.filled(ids).text() for _ in range(PREPARED)]
    opened = [Connection(socket.create_connection((HOST, server.port))) for _ in range(connections)]
    for each in opened:
        each.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    schedule = Schedule(rate, seconds)
    with run_on(LOAD_CORE):
        schedule.run(opened, texts)
    for each in opened:
        each.socket.close()
    times = sorted(schedule.times)
    return {
        "rate": rate,
        "answered_per_second": len(times) / seconds,
        "unanswered": schedule.unanswered,
        **{f"p{name}_us": _at(times, part) for name, part in (("50", 0.5), ("99", 0.99), ("999", 0.999), ("100", 1))},
        "driver_late_p99_us": _at(sorted(schedule.lateness), 0.99),
    }


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1e6 if ordered else 0.0


def measure(rates: list[float], *, records: int, seconds: float, connections: int) -> list[dict[str, Any]]:
    """Return the latency of GET and PUT of a record of Ramekin at each rate."""
    kinds = {"get": ramekin.GET, "put": ramekin.PUT}
    with ramekin.serving(orders_file(records)) as server:
        return [
            {"operation": name} | at_rate(server, request, rate, ids=records, seconds=seconds, connections=connections)
            for rate in rates
            for name, request in kinds.items()
        ]


def show(found: list[dict[str, Any]]) -> None:
    """Print a row of each rate."""
    names = ("answered_per_second", "unanswered", "p50_us", "p99_us", "p999_us", "p100_us", "driver_late_p99_us")
    rows = [(f"{row['operation']} at {row['rate']:,.0f}/s", *(f"{row[name]:,.0f}" for name in names)) for row in found]
    heads = ("due", "answered/s", "unanswered", "p50 us", "p99 us", "p99.9 us", "worst us", "driver late p99 us")
    report.table("latency on a fixed schedule", heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="1000,2000,4000,8000,16000")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--records", type=int, default=100_000)
    chosen = parser.parse_args()
    allow_many_connections()
    rates = [float(rate) for rate in chosen.rates.split(",")]
    found = measure(rates, records=chosen.records, seconds=chosen.seconds, connections=chosen.connections)
    show(found)
    report.save("open_loop", found)


if __name__ == "__main__":
    main()
