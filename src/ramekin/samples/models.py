"""The sample models. `User` and `Order` are flat; `Shop` has parts inside parts.

``ramekin demo`` serves them, and ``ramekin serve --models ramekin.samples.models`` serves them without data. Knows
nothing of Ramekin but its ids and its clock: models are plain Pydantic. The first example of each is a record of the
demo, the last one that it lacks, so that what the documentation pages fill in can be sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ramekin.clock import now
from ramekin.values.ids import uuid7

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$", max_length=254)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class User(BaseModel):
    """A customer of the shop."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01930ed1-2d90-7e23-98fe-db9eb3260eb9",
                    "email": "soren.kohler@example.com",
                    "full_name": "Sören Köhler",
                    "age": 35,
                    "created_at": "2024-11-09T02:46:50Z",
                },
                {
                    "id": "01937035-c7a8-71b1-b4e1-3204802cd802",
                    "email": "ananya.nair@example.com",
                    "full_name": "Ananya Nair",
                    "age": 32,
                    "created_at": "2024-11-28T00:39:53Z",
                },
                {
                    "id": "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f",
                    "email": "ada.lovelace@example.com",
                    "full_name": "Ada Lovelace",
                    "age": 36,
                    "created_at": "2024-01-01T00:00:00Z",
                },
            ]
        }
    )

    id: UUID = Field(default_factory=uuid7, description="Made when it is absent.")
    email: Email = Field(description="An e-mail address.")
    full_name: str = Field(min_length=1, max_length=200, description="The whole name, as the user writes it.")
    age: int | None = Field(None, ge=0, le=150, description="Years, if known.")
    created_at: datetime = Field(default_factory=now, description="When the user signed up; now when it is absent.")


class Order(BaseModel):
    """Something that a user bought."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01930ee0-e118-7b9b-8123-796553a417a9",
                    "user_id": "01930ed1-2d90-7e23-98fe-db9eb3260eb9",
                    "product_name": "Whetstone",
                    "quantity": 4,
                    "total_price": 150.0,
                    "order_date": "2024-11-09T03:03:59Z",
                },
                {
                    "id": "01a18f36-7bf8-7759-9038-7eaa7680fca7",
                    "user_id": "019f60c6-eb88-78e5-8485-8d02a034b20b",
                    "product_name": "Apron, striped",
                    "quantity": 2,
                    "total_price": 59.0,
                    "order_date": "2026-10-30T23:47:55Z",
                },
                {
                    "id": "018cc777-5400-7a11-9b22-0c33d44e55f6",
                    "user_id": "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f",
                    "product_name": "Stoneware ramekin, set of six",
                    "quantity": 2,
                    "total_price": 59.8,
                    "order_date": "2024-01-02T00:00:00Z",
                },
            ]
        }
    )

    id: UUID = Field(default_factory=uuid7, description="Made when it is absent.")
    user_id: UUID = Field(description="The id of the user who ordered.")
    product_name: str = Field(min_length=1, max_length=200)
    quantity: int = Field(gt=0, description="Pieces.")
    total_price: float = Field(ge=0, description="Of all pieces together.")
    order_date: datetime = Field(default_factory=now, description="Now when it is absent.")


class Address(BaseModel):
    """Where a shop is; a part of `Shop`, so no table."""

    street: str
    postcode: str
    city: str
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")


class Location(BaseModel):
    """A place on the map; a part of `Shop`."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class OpeningHours(BaseModel):
    """One stretch of a day; a day with a break has two. A part of `Shop`."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    opens: TimeOfDay
    closes: TimeOfDay


class Shop(BaseModel):
    """A shop, with structures inside: an object, an object of numbers, an array of objects, an array of texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "lyon-1",
                    "name": "Casserole Lyon",
                    "address": {"street": "52 rue Mercière", "postcode": "69002", "city": "Lyon", "country": "FR"},
                    "location": {"lat": 45.7581, "lon": 4.8241},
                    "opening_hours": [{"day": "tue", "opens": "09:00", "closes": "20:00"}],
                    "tags": ["classes"],
                },
                {
                    "id": "zurich-3",
                    "name": "Terrine Zürich",
                    "address": {
                        "street": "67 Niederdorfstrasse",
                        "postcode": "8001",
                        "city": "Zürich",
                        "country": "CH",
                    },
                    "location": {"lat": 47.3666, "lon": 8.5258},
                    "opening_hours": [{"day": "tue", "opens": "10:00", "closes": "18:00"}],
                    "tags": ["stoneware"],
                },
                {
                    "id": "dijon-1",
                    "name": "Cocotte & Cie",
                    "address": {"street": "12 rue Musette", "postcode": "21000", "city": "Dijon", "country": "FR"},
                    "location": {"lat": 47.3226, "lon": 5.0405},
                    "opening_hours": [{"day": "tue", "opens": "09:30", "closes": "18:30"}],
                    "tags": ["stoneware"],
                },
            ]
        }
    )

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    name: str = Field(min_length=1)
    address: Address
    location: Location
    opening_hours: list[OpeningHours] = []
    tags: list[str] = []
