"""The data of the benchmarks: users and orders as the samples have them, made from a seed, as many as asked for."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
CITIES = [f"city-{i:03}" for i in range(500)]


def users(count: int) -> Iterator[dict]:
    """Yield users with the ids 1 to `count`; a city has 0.2 % of them."""
    rng = random.Random(1)
    for i in range(1, count + 1):
        yield {
            "id": i,
            "email": f"user{i}@example.com",
            "name": f"User {rng.randrange(count)}",
            "age": rng.randrange(18, 98),
            "city": rng.choice(CITIES),
            "created_at": (FIRST + timedelta(seconds=i)).isoformat(),
        }


def orders(count: int, user_count: int) -> Iterator[dict]:
    """Yield orders with the ids 1 to `count`, each of a user; about 170 bytes, as the sample orders."""
    rng = random.Random(2)
    for i in range(1, count + 1):
        yield {
            "id": i,
            "user_id": rng.randrange(1, user_count + 1),
            "product_name": f"Product {rng.randrange(count // 200)}",
            "quantity": rng.randrange(1, 9),
            "total_price": rng.randrange(100, 100_000_000) / 100,
            "order_date": (FIRST + timedelta(seconds=i * 7)).isoformat(),
        }


def lines(records: Iterator[dict]) -> bytes:
    """Return records as NDJSON."""
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)
