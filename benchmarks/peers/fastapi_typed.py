"""The same store by someone who read further: return types, by which FastAPI lets Pydantic write the JSON.

No target names it; it is here because it is what a careful user would write, and much quicker with lists.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks.peers import fastapi_dicts
from benchmarks.peers.bare import uvicorn
from benchmarks.server import Server, free_port, started
from fastapi import FastAPI, HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterator

app = FastAPI()
orders, next_ids = fastapi_dicts.orders, fastapi_dicts.next_ids
Order = dict[str, Any]


@app.get("/orders")
async def read_orders(skip: int = 0, limit: int = 100) -> list[Order]:
    return list(orders.values())[skip : skip + limit]


@app.get("/orders/{order_id}")
async def read_order(order_id: int) -> Order:
    if order_id not in orders:
        raise HTTPException(404, "Order not found")
    return orders[order_id]


@app.post("/orders", status_code=201)
async def create_order(order: Order) -> Order:
    order_id = order.setdefault("id", next(next_ids))
    if order_id in orders:
        raise HTTPException(409, "Order exists")
    orders[order_id] = order
    return order


@app.put("/orders/{order_id}")
async def replace_order(order_id: int, order: Order) -> Order:
    orders[order_id] = order
    return order


@contextmanager
def serve(count: int) -> Iterator[Server]:
    port = free_port()
    with started(uvicorn("benchmarks.peers.fastapi_typed:app", port), port, {"ORDERS": str(count)}) as server:
        yield server


PEER = replace(fastapi_dicts.PEER, name="FastAPI with types", serve=serve)
