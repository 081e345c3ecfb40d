"""Memory: bytes of RSS for a record of 166 bytes, beside Redis with the same JSON; what indexes cost; full collections.

    python -m benchmarks.memory [--records N] [--collection-records N]

RSS is what the kernel counts for the whole process, less what the same process takes with nothing in it. An index is
built by the first request that can use one, and its cost is how much RSS grew by it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from benchmarks import ramekin, report
from benchmarks.data import RECORD_BYTES, orders_file
from benchmarks.machine import ROOT
from benchmarks.peers import redis
from benchmarks.peers.peer import Missing
from benchmarks.request import get

RECORD_TARGET, REDIS_TARGET, COLLECTION_TARGET_MS = 350, 1.2, 5
FIRST_USES = {  # what makes each index, by the field's kind of values
    "ids in order": "limit=1",
    "user_id, by value, many values": "user_id=42&limit=1",
    "quantity, by value, 8 values": "quantity=3&limit=1",
    "product_name, by value, text": "product_name=Product%2042&limit=1",
    "total_price, in order, nearly all different": "sort=total_price&limit=1",
    "order_date, in order, text, all different": "sort=-order_date&limit=1",
}


def of_ramekin(records: int) -> dict[str, Any]:
    """Return the bytes a record takes, and each index."""
    with ramekin.serving() as server:
        get(server.port, "/health/ready")
        empty = server.resident_bytes()
    with ramekin.serving(orders_file(records)) as server:
        get(server.port, "/health/ready")
        before = server.resident_bytes()
        found: dict[str, Any] = {"empty_bytes": empty, "record_bytes": (before - empty) / records, "indexes": {}}
        for name, query in FIRST_USES.items():
            get(server.port, f"{ramekin.ORDERS}?{query}")
            after = server.resident_bytes()
            found["indexes"][name] = (after - before) / records
            before = after
        (table,) = get(server.port, "/api/v1/tables")["tables"]
        found["told"] = {each["field"]: each["bytes"] / records for each in table["indexes"]}
    return found


def of_redis(records: int) -> float:
    """Return the bytes a record takes in Redis, as text under a key of its own."""
    with redis.serving() as server:
        empty = server.resident_bytes()
        redis.fill(server, records)
        return (server.resident_bytes() - empty) / records


def collection(records: int) -> dict[str, float]:
    """Return how long full collections take, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.collection", "--records", str(records)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=900)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(*, records: int, collection_records: int) -> dict[str, Any]:
    """Return all of it; Redis is left out, with the reason, where it is not installed."""
    found: dict[str, Any] = {"records": records, "ramekin": of_ramekin(records)}
    try:
        found["redis_record_bytes"] = of_redis(records)
    except Missing as reason:
        found["redis_skipped"] = str(reason)
    found["collection_ms"] = collection(collection_records)
    return found


def show(found: dict[str, Any]) -> None:
    """Print the bytes of a record and of each index, and the collections."""
    ours = found["ramekin"]["record_bytes"]
    rows = [(f"Ramekin, a record of {RECORD_BYTES} bytes", f"{ours:,.0f}", report.limit(ours, RECORD_TARGET))]
    if "redis_record_bytes" in found:
        theirs = found["redis_record_bytes"]
        rows.append(("Redis, the same JSON", f"{theirs:,.0f}", ""))
        rows.append(("Ramekin is, times Redis", f"{ours / theirs:.2f}", report.limit(ours / theirs, REDIS_TARGET)))
    else:
        report.say(f"skipped Redis: {found['redis_skipped']}")
    rows += [(f"index: {name}", f"{each:,.0f}", "") for name, each in found["ramekin"]["indexes"].items()]
    report.table(f"RSS, bytes a record, {found['records']:,} records", ("", "found", "target"), rows)
    times = found["collection_ms"]
    rows = [
        ("written by clients", f"{times['written']:.1f}", report.limit(times["written"], COLLECTION_TARGET_MS)),
        ("loaded at the start", f"{times['frozen']:.1f}", report.limit(times["frozen"], COLLECTION_TARGET_MS)),
        ("the same with two indexes", f"{times['indexed']:.1f}", ""),
    ]
    report.table(f"a full garbage collection, {times['records']:,} records", ("", "ms", "target"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--collection-records", type=int, default=5_000_000)
    chosen = parser.parse_args()
    found = measure(records=chosen.records, collection_records=chosen.collection_records)
    show(found)
    report.save("memory", found)


if __name__ == "__main__":
    main()
