"""Ramekin as its users start it, `ramekin serve` with its default settings, and how its records are asked for."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.request import Request
from benchmarks.server import Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "ramekin"]
ORDERS = "/api/v1/data/orders"
FIELDS = (
    '"user_id":77777,"product_name":"Product 4321","quantity":7,"total_price":{number}.25,'
    '"order_date":"2024-05-05T05:05:05+00:00","note":"stands for the rest."'
)  # with its id a record of about 166 bytes
GET = Request("GET", f"{ORDERS}/{{id}}")
POST = Request("POST", ORDERS, "{" + FIELDS + "}")
POST_WITH_ID = Request("POST", ORDERS, '{"id":{new},' + FIELDS + "}")
PUT = Request("PUT", f"{ORDERS}/{{id}}", '{"id":{id},' + FIELDS + "}")
LIST = Request("GET", f"{ORDERS}?limit=100", rows=100)


@contextmanager
def serving(*files: Path, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """Serve files, each a table of its name."""
    port = free_port()
    command = [*COMMAND, "serve", *map(str, files), "--port", str(port), *options]
    with started(command, port) as server:
        yield server
