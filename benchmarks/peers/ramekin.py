"""Ramekin beside the others: `ramekin serve` with its default settings."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import orders_file
from benchmarks.peers.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.server import Server


@contextmanager
def serve(count: int) -> Iterator[Server]:
    with ramekin.serving(orders_file(count)) as server:
        yield server


PEER = Peer(
    name="Ramekin",
    prepare=lambda: f"ramekin {version('ramekin')}",
    serve=serve,
    operations={
        "get": ramekin.GET,
        "post": ramekin.POST,
        "post with id": ramekin.POST_WITH_ID,
        "put": ramekin.PUT,
        "list of 100": ramekin.LIST,
    },
)
