"""Ramekin with a model for its orders, which every record is held against."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime  # Pydantic reads the annotation
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import orders_file
from benchmarks.peers.peer import Peer
from benchmarks.peers.ramekin import PEER as OURS
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.server import Server


class Order(BaseModel):
    id: int | str
    user_id: int
    product_name: str
    quantity: int
    total_price: float
    order_date: datetime
    note: str


@contextmanager
def serve(count: int) -> Iterator[Server]:
    with ramekin.serving(orders_file(count), options=("--models", f"{__name__}:Order")) as server:
        yield server


PEER = Peer("Ramekin, typed", OURS.prepare, serve, OURS.operations)
