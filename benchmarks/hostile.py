"""How one well-behaved client fares while 1,000 connections of a hostile kind hang on the server.

    python -m benchmarks.hostile [--connections N] [--seconds N]

The client asks for one record after the other, 200 a second, each tenth over a connection of its own. Hostile
connections come from ten addresses and are made again when the server ends them. The first line is the client alone.
"Own" is what was not the machine's part, at the most: no more than the server worked meanwhile, nor than passed while
neither it nor the client waited for a core that others had.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import multiprocessing
import time
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.crowd import Moment
from benchmarks.data import orders_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.synchronize import Event

    from benchmarks.server import Server

    Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

RECORDS = 10_000
GET = b"GET /api/v1/data/orders/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"POST /api/v1/data/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n["
LARGE = b"GET /api/v1/dump/orders HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001
    """Say nothing."""
    await reader.read()


async def slow_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte of a head each second."""
    await _drip(reader, writer, GET[:20], b"x")


async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Announce a body, and send a byte of it each second."""
    await _drip(reader, writer, BODY, b" ")


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes, drop: bytes) -> None:
    writer.write(first)
    while not reader.at_eof():
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(65_536), 1.0)
        writer.write(drop)
        await writer.drain()


async def no_reader(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001
    """Ask for much, and read nothing."""
    writer.write(LARGE)
    await asyncio.sleep(3600)


async def idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ask once, and then nothing more."""
    writer.write(GET % 1)
    await reader.read()


async def pipelining(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001
    """Ask a thousand times, and read nothing."""
    writer.write(GET % 1 * 1000)
    await asyncio.sleep(3600)


KINDS: dict[str, Behaviour] = {
    "silent": silent,
    "slow head": slow_head,
    "slow body": slow_body,
    "no reader": no_reader,
    "idle": idle,
    "pipelining": pipelining,
}


def attack(port: int, kind: str, connections: int, is_done: Event) -> None:
    """Keep hostile connections open until that is enough."""
    behave = KINDS[kind]

    async def one(number: int) -> None:
        while True:
            with suppress(OSError):
                source = f"127.0.1.{1 + number % 10}"
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=1024)
                try:
                    await behave(reader, writer)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0.5)

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(one(number)) for number in range(connections)]
        while not is_done.is_set():
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()

    asyncio.run(all_of_them())


def ask(server: Server, seconds: float) -> tuple[list[float], list[float], int]:
    """Return how long requests of a well-behaved client took, how much of it is not the machine's part, and failures."""
    found, own, errors, number = list[float](), list[float](), 0, 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    until = perf_counter() + seconds
    while perf_counter() < until:
        number += 1
        began = Moment.of(server)
        try:
            if number % 10 == 0:
                connection.close()
            connection.request("GET", f"/api/v1/data/orders/{number % RECORDS + 1}")
            answer = connection.getresponse()
            answer.read()
            errors += answer.status != 200
        except (OSError, http.client.HTTPException):
            errors += 1
            connection.close()
        ended = Moment.of(server)
        found.append(ended.clock - began.clock)
        own.append(ended.own_seconds_since(began))
        time.sleep(max(0.0, 0.005 - found[-1]))
    connection.close()
    return sorted(found), sorted(own), errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15)
    chosen = parser.parse_args()
    with ramekin.serving(orders_file(RECORDS)) as server:
        for kind in ("nobody", *KINDS):
            is_done = multiprocessing.Event()
            process = multiprocessing.Process(target=attack, args=(server.port, kind, chosen.connections, is_done))
            if kind != "nobody":
                process.start()
                time.sleep(2)
            found, own, errors = ask(server, chosen.seconds)
            is_done.set()
            if kind != "nobody":
                process.join()
            (p50, p99), (own_p50, own_p99) = (
                [taken[int(len(taken) * part)] * 1000 for part in (0.5, 0.99)] for taken in (found, own)
            )
            resident = server.resident_bytes() // 2**20
            print(
                f"  {kind:12} {len(found)} requests, {errors} errors   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   "
                f"own p50 {own_p50:5.2f} ms   own p99 {own_p99:6.2f} ms   resident {resident} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
