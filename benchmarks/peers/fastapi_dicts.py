"""A store as a tutorial writes it: FastAPI, one dictionary, plain `dict` bodies.

    ORDERS=1000 python -m uvicorn benchmarks.peers.fastapi_dicts:app

Served by uvicorn with uvloop and httptools, as the bare application is.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from importlib.metadata import version
from itertools import count as numbers
from typing import TYPE_CHECKING, Any

from benchmarks.data import orders_file
from benchmarks.peers.bare import uvicorn
from benchmarks.peers.peer import Peer
from benchmarks.ramekin import FIELDS
from benchmarks.request import Request
from benchmarks.server import Server, free_port, started
from fastapi import FastAPI, HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterator

app = FastAPI()
orders: dict[int, dict[str, Any]] = {}
next_ids = numbers(1_000_000_000)

if "ORDERS" in os.environ:
    with orders_file(int(os.environ["ORDERS"])).open("rb") as file:
        orders.update((order["id"], order) for order in map(json.loads, file))


@app.get("/orders")
async def read_orders(skip: int = 0, limit: int = 100):  # as a tutorial has it
    return list(orders.values())[skip : skip + limit]


@app.get("/orders/{order_id}")
async def read_order(order_id: int):
    if order_id not in orders:
        raise HTTPException(404, "Order not found")
    return orders[order_id]


@app.post("/orders", status_code=201)
async def create_order(order: dict):
    order_id = order.setdefault("id", next(next_ids))
    if order_id in orders:
        raise HTTPException(409, "Order exists")
    orders[order_id] = order
    return order


@app.put("/orders/{order_id}")
async def replace_order(order_id: int, order: dict):
    orders[order_id] = order
    return order


@contextmanager
def serve(count: int) -> Iterator[Server]:
    port = free_port()
    with started(uvicorn("benchmarks.peers.fastapi_dicts:app", port), port, {"ORDERS": str(count)}) as server:
        yield server


PEER = Peer(
    name="FastAPI with dicts",
    prepare=lambda: f"fastapi {version('fastapi')}",
    serve=serve,
    operations={
        "get": Request("GET", "/orders/{id}"),
        "post": Request("POST", "/orders", "{" + FIELDS + "}"),
        "post with id": Request("POST", "/orders", '{"id":{new},' + FIELDS + "}"),
        "put": Request("PUT", "/orders/{id}", '{"id":{id},' + FIELDS + "}"),
        "list of 100": Request("GET", "/orders?limit=100", rows=100),
    },
)
