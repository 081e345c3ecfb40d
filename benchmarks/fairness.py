"""How long a `GET` of one record waits beside long work over 1,000,000 orders: scan, sort, join, index build, groups.

    python -m benchmarks.fairness [--size N] [--seconds N]

One client asks for one record after the other, 500 a second at the most; another one keeps the long work going. The
first line is the same client alone. The last lines say how soon a query stops whose client has gone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import threading
import time
from time import perf_counter
from urllib.parse import urlsplit

from benchmarks import ramekin
from benchmarks.data import orders_file, users_file
from benchmarks.request import Request, get, send

WORK = {
    "nothing": None,
    "scan": "/api/v1/data/orders?product_name:contains=nothing",
    "count of a scan": "/api/v1/data/orders?product_name:endswith=7&count=true&limit=0",
    "index build": "/api/v1/data/orders?{fresh}=1",
    "build of an order": "/api/v1/data/orders?sort=quantity,{fresh}&limit=1",
    "sort": "/api/v1/data/orders?sort=quantity,-product_name&limit=1000",
    "sorted join": "/api/v1/join/users/orders/id=user_id?sort=-orders.total_price&limit=100",
    "join, many pages": "/api/v1/join/users/orders/id=user_id?limit=10000",
    "groups": "POST /api/v1/query/orders",
    "large pages": "/api/v1/data/orders?limit=10000",
}
GROUPS = json.dumps({"group_by": ["quantity"], "aggregate": {"n": "count", "total": "sum:total_price"}})
FRESH = ["user_id", "product_name", "total_price", "order_date", *[f"missing_{i}" for i in range(9)]]


def keep_busy(url: str, work: str, is_done: threading.Event, done: list[float]) -> None:
    place, number = urlsplit(url), 0
    assert place.hostname
    while not is_done.is_set():
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=300)
        began = perf_counter()
        if work.startswith("POST"):
            connection.request("POST", work[5:], GROUPS, {"Content-Type": "application/json"})
        else:
            connection.request("GET", work.format(fresh=FRESH[number % len(FRESH)]))
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 422), answer.status
        done.append(perf_counter() - began)
        connection.close()
        number += 1


def waits(url: str, seconds: float, size: int) -> list[float]:
    """Return how long each GET took, in seconds."""
    place, found, number = urlsplit(url), list[float](), 0
    assert place.hostname
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    until = perf_counter() + seconds
    while perf_counter() < until:
        number = (number + 7919) % size
        began = perf_counter()
        connection.request("GET", f"/api/v1/data/orders/{number + 1}")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        found.append(perf_counter() - began)
        time.sleep(max(0.0, 0.002 - found[-1]))
    return sorted(found)


def stops_within(url: str, path: str) -> float:
    """Return how long after its client went a long query still held the server, as the answers beside it tell."""
    place = urlsplit(url)
    assert place.port
    connection = socket.create_connection((place.hostname, place.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    time.sleep(0.5)
    connection.close()
    went = perf_counter()
    quiet = 0
    while quiet < 20:
        began = perf_counter()
        send(place.port, Request("GET", "/health/live"))
        quiet = quiet + 1 if perf_counter() - began < 0.002 else 0
        last = began
    return max(0.0, last - went)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8)
    chosen = parser.parse_args()
    with ramekin.serving(users_file(100_000), orders_file(chosen.size)) as server:
        url = server.url
        get(server.port, "/api/v1/data/orders?limit=1")
        for name, work in WORK.items():
            is_done, done = threading.Event(), list[float]()
            thread = threading.Thread(target=keep_busy, args=(url, work, is_done, done)) if work else None
            if thread:
                thread.start()
            found = waits(url, chosen.seconds, chosen.size)
            is_done.set()
            if thread:
                thread.join()
            p50, p99 = (found[int(len(found) * part)] * 1000 for part in (0.5, 0.99))
            told = f"   {len(done)} times, {sum(done) / len(done):.2f} s each" if done else ""
            print(f"  {name:18} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   worst {found[-1] * 1000:6.1f} ms{told}")
        path = "/api/v1/join/users/orders/id=user_id?sort=-orders.total_price,users.name"
        print(f"  a query whose client has gone stops within {stops_within(url, path) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
