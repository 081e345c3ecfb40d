"""Redis from Debian, in memory alone, and the few words of its protocol that fill it."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from benchmarks.data import orders_file
from benchmarks.peers.peer import program
from benchmarks.server import HOST, Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Iterator


def key(id: str) -> str:
    """Return the key of an order."""
    return f"orders:{id}"


@contextmanager
def serving() -> Iterator[Server]:
    """Run an empty Redis that writes nothing to disk."""
    port = free_port()
    redis = program("redis-server", "redis-server")
    with started([redis, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"], port) as server:
        yield server


def fill(server: Server, count: int) -> None:
    """Set the orders as text, each under its own key."""
    with socket.create_connection((HOST, server.port)) as connection, orders_file(count).open("rb") as file:
        answers = connection.makefile("rb")
        number = 0
        while batch := [line.rstrip() for line in islice(file, 1_000)]:
            names = [key(str(number + i)).encode() for i in range(1, len(batch) + 1)]
            number += len(batch)
            sent = (_set(name, text) for name, text in zip(names, batch, strict=True))
            connection.sendall(b"".join(sent))
            answered = answers.read(len(b"+OK\r\n") * len(batch))
            assert answered == b"+OK\r\n" * len(batch), answered[:100]
    assert number == count, number


def _set(name: bytes, text: bytes) -> bytes:
    return b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(text), text)
