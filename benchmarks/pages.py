"""Pages of 100 over HTTP, at 10,000, 100,000 and 1,000,000 orders: plain, by value, by range, in an order, joined.

    python -m benchmarks.pages [--rounds N] [--sizes 10000,100000]

Rounds are interleaved: each runs every page once, so that a slow moment of the machine is shared by all of them.
"""

from __future__ import annotations

import argparse
from statistics import median

from benchmarks import ramekin
from benchmarks.data import orders_file, users_file
from benchmarks.request import Request, get
from benchmarks.wrk import peak

USERS = 100_000

PAGES = {
    "plain": "/api/v1/data/orders",
    "equal": "/api/v1/data/orders?product_name=Product%2042",
    "range in its order": "/api/v1/data/orders?total_price:gte=500000&sort=total_price",
    "range, newest first": "/api/v1/data/orders?total_price:gte=500000&sort=-order_date",
    "range by id, half match": "/api/v1/data/orders?total_price:gte=500000",
    "range by id, 2 % match": "/api/v1/data/orders?total_price:lt=20000",
    "joined": "/api/v1/join/orders/users/user_id=id",
    "joined by range": "/api/v1/join/orders/users/user_id=id?orders.total_price:gte=500000&sort=orders.total_price",
}


def measure(size: int, rounds: int, seconds: int) -> dict[str, float]:
    """Return pages a second, by page."""
    found: dict[str, list[float]] = {name: [] for name in PAGES}
    with ramekin.serving(users_file(min(size, USERS)), orders_file(size)) as server:
        for name, path in PAGES.items():
            page = get(server.port, path)
            assert len(page["data"]) == 100, (name, len(page["data"]))
        for _ in range(rounds):
            for name, path in PAGES.items():
                found[name].append(peak(server, Request("GET", path), ids=1, seconds=seconds, prepared=1).per_second)
    return {name: median(rates) for name, rates in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    chosen = parser.parse_args()
    for size in map(int, chosen.sizes.split(",")):
        rates = measure(size, chosen.rounds, chosen.seconds)
        print(f"{size:,} orders")
        for name, found in rates.items():
            print(f"  {name:26} {found:8,.0f}/s  {found / rates['plain']:5.2f} of a plain page")


if __name__ == "__main__":
    main()
