"""A whole join of 10,000 users with 100,000 orders as JSON, against SQLite in memory that builds the same JSON itself.

    python -m benchmarks.joins [--rounds N]

Both hold the same records, both have an index on the key, both answer with one text of pairs. SQLite is asked twice:
its tables with one column of JSON text (the same freedom that Ramekin gives), and with a column for each field.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.data import orders, users

from ramekin import Database, Limits
from ramekin.api.endpoints.joins import _pairs
from ramekin.database.join_request import JoinRequest

USERS, ORDERS = 10_000, 100_000

TEXTS = """select json_group_array(json_object('users', json(u.body), 'orders', json(o.body)))
    from users u join orders o on o.user_id = u.id"""


def columns_query(user: list[str], order: list[str]) -> str:
    def side(alias: str, names: list[str]) -> str:
        members = [f"'{name}', {alias}.{name}" for name in names]
        return f"json_object({', '.join(members)})"

    pair = f"json_object('users', {side('u', user)}, 'orders', {side('o', order)})"
    return f"""select json_group_array({pair})
        from users u join orders o on o.user_id = u.id"""


def sqlite(rows: dict[str, list[dict[str, Any]]], *, is_text: bool) -> tuple[sqlite3.Connection, str]:
    """Return a filled database and its query."""
    peer = sqlite3.connect(":memory:")
    names = {table: list(records[0]) for table, records in rows.items()}
    for table, records in rows.items():
        if is_text:
            peer.execute(f"create table {table} (id integer primary key, user_id integer, body text)")
            values = [(r["id"], r.get("user_id"), json.dumps(r, separators=(",", ":"))) for r in records]
            peer.executemany(f"insert into {table} values (?, ?, ?)", values)
        else:
            peer.execute(f"create table {table} ({', '.join(names[table])}, primary key (id))")
            marks = ", ".join("?" * len(names[table]))
            peer.executemany(f"insert into {table} values ({marks})", [tuple(record.values()) for record in records])
    peer.execute("create index orders_user on orders (user_id)")
    peer.execute("analyze")
    return peer, TEXTS if is_text else columns_query(names["users"], names["orders"])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = {"users": list(users(USERS)), "orders": list(orders(ORDERS, USERS))}
    peers = {"SQLite, JSON text": sqlite(rows, is_text=True), "SQLite, columns": sqlite(rows, is_text=False)}
    times: dict[str, list[float]] = {name: [] for name in ("Ramekin", *peers)}
    async with Database(limits=Limits(page_rows=ORDERS)) as database:
        await database.load((table, record) for table, records in rows.items() for record in records)
        request = JoinRequest("users", "orders", "id=user_id", limit=ORDERS)
        await database.join(request)
        gc.freeze()
        gc.set_threshold(10_000, 100, 1_000)  # as the server does
        expected = None
        for _ in range(rounds):
            began = perf_counter()
            found = b'{"data":[%b]}' % b",".join(_pairs(request, await database.join(request)))
            times["Ramekin"].append(perf_counter() - began)
            for name, (peer, query) in peers.items():
                began = perf_counter()
                [[text]] = peer.execute(query).fetchall()
                times[name].append(perf_counter() - began)
                if expected is None:
                    both = (json.loads(found)["data"], json.loads(text))
                    ours, theirs = (sorted(pairs, key=lambda pair: pair["orders"]["id"]) for pairs in both)
                    assert ours == theirs, name
                    assert len(ours) == ORDERS, name
            expected = True
    print(f"{USERS:,} users x {ORDERS:,} orders, {len(found) / 1e6:.0f} MB of JSON, median of {rounds}")
    for name, each in times.items():
        print(f"  {name:18} {median(each) * 1000:7.0f} ms   {median(each) / median(times['Ramekin']):5.2f}")


if __name__ == "__main__":
    asyncio.run(main())
