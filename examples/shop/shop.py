"""A small shop. Its data are in Ramekin: `RAMEKIN_URL` says where.

An order and the stock that it takes are one batch, which happens whole or not at all. The tag of the product makes sure
that nobody has bought the last piece meanwhile.
"""

import os
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

from fastapi import FastAPI, HTTPException, Query, Request

from models import Order, Product
from ramekin.client import AsyncClient, Batch, Field
from ramekin.errors import NotFound, PreconditionFailed

TRIES = 5

Pieces = Annotated[int, Query(ge=1)]


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with AsyncClient(os.environ.get("RAMEKIN_URL", "http://127.0.0.1:8000")) as ramekin:
        app.state.ramekin = ramekin
        yield


app = FastAPI(title="Shop", lifespan=lifespan)


@app.post("/orders", status_code=201)
async def order(request: Request, product: str, user: str, pieces: Pieces = 1) -> Order:
    """Order some pieces of a product."""
    ramekin: AsyncClient = request.app.state.ramekin
    for _ in range(TRIES):
        try:
            found, tag = await ramekin.table("products", Product).tagged(product)
        except NotFound:
            raise HTTPException(404, "no such product") from None
        if found.stock < pieces:
            raise HTTPException(409, f"only {found.stock} left")
        made = Order(id=uuid4().hex, product_id=product, user=user, pieces=pieces)
        batch = Batch().create("orders", made)
        batch.patch("products", product, {"stock": found.stock - pieces}, if_match=tag)
        try:
            await ramekin.batch(batch)
        except PreconditionFailed:
            continue  # somebody else has ordered meanwhile
        return made
    raise HTTPException(503, "too many orders at once")


@app.get("/users/{user}/total")
async def total(request: Request, user: str) -> int:
    """Return what a user has ordered, in cents."""
    ramekin: AsyncClient = request.app.state.ramekin
    products, orders = ramekin.table("products", Product), ramekin.table("orders", Order)
    pairs = products.join(orders, "id=product_id", Field("orders.user") == user)
    return sum([product.price_cents * order.pieces async for product, order in pairs])
