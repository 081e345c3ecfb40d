"""Ramekin with a data directory, whose log is synced every second."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from time import sleep
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import orders_file
from benchmarks.peers.peer import Peer
from benchmarks.peers.ramekin import PEER as OURS
from benchmarks.request import Request, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.server import Server


@contextmanager
def serve(count: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        options = ("--data-dir", f"{folder}/data", "--fsync", "everysec")
        with ramekin.serving(orders_file(count), options=options) as server:
            _await_files(server.port)
            yield server


def _await_files(port: int) -> None:
    """Wait until the server, which listens first, has read its files."""
    for _ in range(200):
        with suppress(RuntimeError):
            send(port, Request("GET", "/health/ready"))
            return
        sleep(0.1)


PEER = Peer("Ramekin, kept every second", OURS.prepare, serve, OURS.operations)
