"""What a journal costs: writes a second and their latency in memory and with each `--fsync`; reads beside a backup.

Run as ``python -m benchmarks.durability``. Modes take turns in rounds, so that a noisy machine is noisy for all; ratios
are of medians. Directories are made in the current folder: it must be on the disk that is asked about.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.wrk import find_wrk

from ramekin.durability.contents import TableContents
from ramekin.durability.store import Store, write_backup
from ramekin.engine.journaled import Journaled
from ramekin.schema.definition import Definition

ROUNDS, SECONDS = 5, 2
MODES = ("memory", "no", "everysec", "always")
CREATE = """
local n = 0
local t = tostring(math.random(1, 1000000000))
function setup(thread) end
function init(args) math.randomseed(os.time() + tonumber(args[1] or 0)); t = tostring(math.random(1, 1000000000)) end
function request()
  n = n + 1
  local id = t .. "-" .. n
  local body = '{"id":"' .. id .. '","email":"' .. id .. '@example.com","name":"User ' .. n .. '","age":42,"city":"city-7"}'
  return wrk.format("POST", "/api/v1/data/users", {["content-type"] = "application/json"}, body)
end
"""


@contextmanager
def serving(mode, folder, *files, prefix=()):
    options = [] if mode == "memory" else ["--data-dir", str(folder / mode), "--fsync", mode]
    command = [*prefix, sys.executable, "-m", "ramekin", "serve", *files, "--port", "0", "--no-docs", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split() if prefix else []
        for pid in [*map(int, children)] or [process.pid]:
            os.kill(pid, signal.SIGTERM)
        process.wait(60)


def load(url, connections, *options, seconds=SECONDS):
    """Return requests a second and the p99 in milliseconds, as wrk says them."""
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *(options or (url,))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    number, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", said).groups()
    p99_ms = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", said)[1]), p99_ms


def syncs_a_second(folder):
    """Return how many times a second the disk takes a page and a sync."""
    handle = os.open(folder / "probe", os.O_RDWR | os.O_CREAT)
    count, end = 0, time.monotonic() + 1
    while time.monotonic() < end:
        os.pwrite(handle, os.urandom(4096), count * 4096)
        os.fdatasync(handle)
        count += 1
    os.close(handle)
    return count


def writes(folder):
    script = folder / "create.lua"
    script.write_text(CREATE)
    for connections in (32, 256):
        found = {mode: [] for mode in MODES}
        with ExitStack() as stack:
            urls = {mode: stack.enter_context(serving(mode, folder / str(connections))) for mode in MODES}
            syncs = []
            for turn in range(ROUNDS):
                syncs.append(syncs_a_second(folder))
                for mode in MODES:
                    options = ["-s", str(script), urls[mode], "--", str(turn)]
                    found[mode].append(load(urls[mode], connections, *options))
        base, base_p99 = (statistics.median(values) for values in zip(*found["memory"], strict=True))
        print(
            f"{connections} connections, POST of one record; the disk takes {statistics.median(syncs):.0f} syncs a second"
        )
        for mode in MODES:
            rate, p99 = (statistics.median(values) for values in zip(*found[mode], strict=True))
            print(
                f"  {mode:9} {rate:7.0f}/s ({rate / base:4.0%} of memory, {rate / statistics.median(syncs):5.1f} a sync)"
                f"  p99 {p99:6.2f} ms ({p99 - base_p99:+.2f})",
                flush=True,
            )


def slow_disk(folder):
    """Group commit where a sync takes 5 ms: one connection makes one sync a write, 256 share them."""
    if shutil.which("strace") is None:
        print("A slow disk is made with strace: apt-get install strace")
        return
    script = folder / "create.lua"
    tracer = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync"]
    tracer += ["-e", "inject=fdatasync:delay_enter=5000"]
    with serving("always", folder / "slow", prefix=tracer) as url:
        alone = load(url, 1, "-s", str(script), url, "--", "1")[0]
        many = load(url, 256, "-s", str(script), url, "--", "2")[0]
    print(
        f"a disk with 5 ms a sync, always: 1 connection {alone:.0f}/s, 256 connections {many:.0f}/s ({many / alone:.0f}x)"
    )


def reads(folder):
    """Reads of one record, alone, beside a backup, and beside loads that fill and write back the log."""
    file = folder / "big.ndjson"
    file.write_text("".join(f'{{"id":{i},"name":"User {i}","city":"city-{i % 500}"}}\n' for i in range(300_000)))
    found = {"alone": [], "beside a backup": [], "beside bulks": [], "beside bulks, in memory": []}
    with serving("everysec", folder / "reads", str(file)) as url, serving("memory", folder, str(file)) as other:
        path = "/api/v1/data/big/4711"
        for _ in range(3):
            found["alone"].append(load(url + path, 8)[1])
            with beside(url, "/api/v1/backup", None):
                found["beside a backup"].append(load(url + path, 8)[1])
            with beside(url, "/api/v1/data/other?on_conflict=replace", bulk()):
                found["beside bulks"].append(load(url + path, 8)[1])
            with beside(other, "/api/v1/data/other?on_conflict=replace", bulk()):
                found["beside bulks, in memory"].append(load(other + path, 8)[1])
    base = statistics.median(found["alone"])
    print("GET of one of 300,000 records, 8 connections, everysec")
    for name, values in found.items():
        print(f"  {name:24} p99 {statistics.median(values):.2f} ms ({statistics.median(values) / base:.1f}x)")


def starts(folder):
    """Records a second from a file into tables that answer, keys in order and at random."""
    for name, keys in (("in order", lambda i: f"id{i:09}"), ("at random", lambda _: str(uuid.uuid4()))):
        path = folder / name
        path.mkdir(mode=0o700)
        bodies = {key: b'{"id":"%s","name":"%s"}' % (key.encode(), b"a" * 80) for key in map(keys, range(500_000))}
        write_backup(path / "tables.db", {"t": TableContents(Definition(), bodies)})
        rates = [asyncio.run(start(path)) for _ in range(3)]
        print(f"start, 500,000 records of 130 bytes, keys {name}: {statistics.median(rates):,.0f} records/s")


async def start(path):
    store = Store(path, "everysec")
    began = time.perf_counter()
    store.lock()
    engine = Journaled(store)
    await engine.open()
    rate = (engine.tables.table_stats("t")).records / (time.perf_counter() - began)
    await engine.close()
    return rate


def bulk():
    return b"[" + b",".join(b'{"id":"b%d","x":"%s"}' % (i, b"x" * 200) for i in range(2000)) + b"]"


@contextmanager
def beside(url, path, body):
    """Ask for something again and again meanwhile."""
    done = threading.Event()

    def ask():
        while not done.is_set():
            request = urllib.request.Request(url + path, body, {"content-type": "application/json"}, method="POST")
            with urllib.request.urlopen(request, timeout=60) as answer:
                while answer.read(1 << 20):
                    pass

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    done.set()
    thread.join()


def main():
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        for each in ("32", "256", "slow", "reads"):
            (folder / each).mkdir()
        writes(folder)
        slow_disk(folder)
        starts(folder)
        reads(folder)


if __name__ == "__main__":
    main()
