"""The tables of the shop."""

from pydantic import BaseModel, Field


class Product(BaseModel):
    """Something that is sold."""

    id: str
    price_cents: int = Field(ge=0)
    stock: int = Field(ge=0)


class Order(BaseModel):
    """Some pieces of one product that somebody ordered."""

    id: str
    product_id: str
    user: str
    pieces: int = Field(ge=1)
