"""Ways to commit records, which chose the one in ``durability/journal.py``: what a row costs, and who waits.

Run as ``python -m benchmarks.journal``. First the work a row in SQLite, for keys in order and at random, for two shapes of
the table; then writers that commit to SQLite or to a plain log, through a thread or from the loop itself, beside a loop
that is busy all the time. Rounds take turns.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from pathlib import Path
from zlib import crc32

ROWS, GROUP = 60_000, 128
BY_NUMBER = (
    "CREATE TABLE records (seq INTEGER PRIMARY KEY, table_id INTEGER, key TEXT, body TEXT, checksum INTEGER);"
    "CREATE UNIQUE INDEX record_key ON records (table_id, key)"
)
BY_KEY = "CREATE TABLE records (table_id INTEGER, key TEXT, body TEXT, checksum INTEGER, PRIMARY KEY (table_id, key)) WITHOUT ROWID"
INTO = "INSERT INTO records (table_id, key, body, checksum) "
REPLACE = " ON CONFLICT (table_id, key) DO UPDATE SET body = excluded.body, checksum = excluded.checksum"


def values(connection, rows):
    """One statement for all rows."""
    marks = ",".join(["(?,?,?,?)"] * len(rows))
    connection.execute(f"{INTO} VALUES {marks} {REPLACE}", [value for row in rows for value in row])


def executemany(connection, rows):
    connection.executemany(f"{INTO} VALUES (?, ?, ?, ?) {REPLACE}", rows)


def json_each(connection, rows):
    columns = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(4))
    text = json.dumps([(number, key, body.decode(), checksum) for number, key, body, checksum in rows])
    connection.execute(f"{INTO} SELECT {columns} FROM json_each(?) WHERE true {REPLACE}", (text,))


WAYS = {"values": values, "executemany": executemany, "json_each": json_each}


def connect(folder, schema):
    path = Path(tempfile.mkdtemp(dir=folder)) / "tables.db"
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 0"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(schema)
    return connection, path


def make_rows(keys):
    bodies = ((key, b'{"id":"%s","name":"%s"}' % (key.encode(), b"a" * 90)) for key in keys)
    return [(1, key, body, crc32(body)) for key, body in bodies]


def work_a_row(folder):
    orders = {
        "in order": make_rows(f"id{i:09}" for i in range(ROWS)),
        "at random": make_rows(str(uuid.uuid4()) for _ in range(ROWS)),
    }
    for shape, schema in (("by number", BY_NUMBER), ("WITHOUT ROWID", BY_KEY)):
        for order, rows in orders.items():
            found = {name: [] for name in WAYS}
            for _ in range(3):
                for name, way in WAYS.items():
                    connection, path = connect(folder, schema)
                    began = time.process_time()
                    for start in range(0, ROWS, GROUP * 16):
                        connection.execute("BEGIN")
                        for at in range(start, min(ROWS, start + GROUP * 16), GROUP):
                            way(connection, rows[at : at + GROUP])
                        connection.execute("COMMIT")
                    found[name].append((time.process_time() - began) / ROWS * 1e6)
                    log_mib = Path(f"{path}-wal").stat().st_size >> 20
                    connection.close()
            said = ", ".join(f"{name} {statistics.median(each):.1f}" for name, each in found.items())
            print(f"table {shape}, keys {order}: µs a row: {said}; log {log_mib} MiB", flush=True)


class Writer:
    """A thread that commits what queued, by one of the ways, or appends it to a plain file; or no thread at all."""

    def __init__(self, folder, name):
        self.way, self.queue, self.wake = WAYS.get(name), deque(), threading.Event()
        self.loop, self.is_open, self.is_direct = asyncio.get_running_loop(), True, name == "log, from the loop"
        if self.way is None:
            self.file = os.open(Path(tempfile.mkdtemp(dir=folder)) / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        else:
            self.connection, _ = connect(folder, BY_NUMBER)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.is_open:
            self.wake.wait()
            self.wake.clear()
            group = [self.queue.popleft() for _ in range(min(GROUP, len(self.queue)))]
            if group and self.way is None:
                os.write(self.file, b"".join(row[2] for row, _ in group))
            elif group:
                self.way(self.connection, [row for row, _ in group])
            self.loop.call_soon_threadsafe(self.tell, group)

    def tell(self, group):
        for _, done in group:
            done.set_result(None)

    async def commit(self, row):
        if self.is_direct:
            os.write(self.file, row[2])
            await asyncio.sleep(0)
            return
        done = self.loop.create_future()
        self.queue.append((row, done))
        self.wake.set()
        await done


async def beside_readers(folder, name, seconds=0.8, clients=16):
    """Return commits a second, their p99, and the p99 of the readers beside them, in milliseconds."""
    writer, end = Writer(folder, name), time.perf_counter() + seconds
    commits, reads = [], []

    async def client(waits, *, writes):
        while (began := time.perf_counter()) < end:
            while time.perf_counter() < began + 60e-6:
                pass  # what HTTP costs
            if writes:
                await writer.commit(make_rows([str(uuid.uuid4())])[0])
            else:
                await asyncio.sleep(0)
            waits.append((time.perf_counter() - began) * 1e3)

    both = [client(commits, writes=True) for _ in range(clients)] + [
        client(reads, writes=False) for _ in range(clients)
    ]
    await asyncio.gather(*both)
    writer.is_open = False
    writer.wake.set()
    writer.thread.join()
    return len(commits) / seconds, statistics.quantiles(commits, n=100)[98], statistics.quantiles(reads, n=100)[98]


def who_waits(folder):
    import uvloop

    for interval_s in (0.005, 0.0005):
        sys.setswitchinterval(interval_s)
        found = {name: [] for name in (*WAYS, "log, by a thread", "log, from the loop")}
        for _ in range(5):
            for name, rounds in found.items():
                rounds.append(uvloop.run(beside_readers(folder, name)))
        print(f"16 writers beside 16 busy readers, interpreter's switch interval {interval_s * 1e3:g} ms")
        for name, rounds in found.items():
            rate, p99, read = (statistics.median(each) for each in zip(*rounds, strict=True))
            print(f"  {name:18} {rate:6.0f} commits/s, p99 {p99:6.2f} ms; reads p99 {read:5.2f} ms", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".") as folder:
        work_a_row(folder)
        who_waits(folder)
