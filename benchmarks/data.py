"""The data of the benchmarks: users and orders as the samples have them, made from a seed, as many as asked for."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.machine import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, Any]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
RECORD_BYTES = 166
CITIES = [f"city-{i:03}" for i in range(500)]


def users(count: int) -> Iterator[Record]:
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


def orders(count: int, user_count: int) -> Iterator[Record]:
    """Yield orders with the ids 1 to `count`, each of a user; about 170 bytes, as the sample orders."""
    rng = random.Random(2)
    for i in range(1, count + 1):
        yield {
            "id": i,
            "user_id": rng.randrange(1, user_count + 1),
            "product_name": f"Product {rng.randrange(max(1, count // 200))}",
            "quantity": rng.randrange(1, 9),
            "total_price": rng.randrange(100, 100_000_000) / 100,
            "order_date": (FIRST + timedelta(seconds=i * 7)).isoformat(),
        }


def names(count: int) -> Iterator[Record]:
    """Yield small records with the ids 1 to `count`: a name, and a number in no order."""
    for i in range(1, count + 1):
        yield {"id": i, "name": f"name {i}", "n": i * 7919 % 1_000_003}


def line(record: Record) -> bytes:
    """Return a record as a line of NDJSON."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def users_file(count: int) -> Path:
    """Return a file of users, made where there is none yet."""
    return _file("users", count, users(count))


def orders_file(count: int) -> Path:
    """Return a file of orders of at most 100,000 users, 166 bytes each, made where there is none yet."""
    return _file("orders", count, _of_equal_size(orders(count, min(count, 100_000))))


def names_file(count: int) -> Path:
    """Return a file of small records, made where there is none yet."""
    return _file("names", count, names(count))


def _of_equal_size(records: Iterator[Record]) -> Iterator[Record]:
    """Yield records of 166 bytes each, whatever their ids and numbers take: the rest is a note."""
    for record in records:
        record["note"] = ""
        record["note"] = "-" * (RECORD_BYTES + 1 - len(line(record)))
        yield record


def _file(table: str, count: int, records: Iterator[Record]) -> Path:
    path = CACHE / "data" / f"{count}" / f"{table}.ndjson"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")  # renamed when complete: half a file is never taken for a whole one
        with part.open("wb") as file:
            while batch := b"".join(map(line, islice(records, 10_000))):
                file.write(batch)
        part.rename(path)
    return path
