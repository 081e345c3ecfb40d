"""json-server 1.x from npm, with 1,000 records: it writes its whole file after every change; more would be unfair."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import orders_file
from benchmarks.machine import said
from benchmarks.peers.peer import FOLDER, Peer, install, program
from benchmarks.ramekin import FIELDS
from benchmarks.request import Request
from benchmarks.server import HOST, Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "1.0.0-beta.15"
PLACE = FOLDER / f"json-server-{VERSION}"
SCRIPT = PLACE / "node_modules/json-server/lib/bin.js"


def prepare() -> str:
    program("node", "nodejs")
    if not SCRIPT.exists():
        npm = program("npm", "npm")
        PLACE.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts"]
        install([npm, "install", "--prefix", str(PLACE), *quiet, f"json-server@{VERSION}"])
    return f"json-server {VERSION}, node {said('node', '--version')}"


@contextmanager
def serve(count: int) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "db.json")
        records = [json.loads(line) for line in orders_file(count).read_bytes().splitlines()]
        path.write_text(json.dumps({"orders": [record | {"id": str(record["id"])} for record in records]}))
        command = [program("node", "nodejs"), str(SCRIPT), "--host", HOST, "--port", str(port), str(path)]
        with started(command, port) as server:
            yield server


PEER = Peer(
    name="json-server",
    prepare=prepare,
    serve=serve,
    operations={
        "get": Request("GET", "/orders/{id}"),
        "post": Request("POST", "/orders", "{" + FIELDS + "}"),
        "put": Request("PUT", "/orders/{id}", '{"id":"{id}",' + FIELDS + "}"),
        "list of 100": Request("GET", "/orders?_page=1&_per_page=100", rows=100),
    },
    most_records=1_000,
)
