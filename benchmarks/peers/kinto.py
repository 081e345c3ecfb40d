"""Kinto from PyPI with its memory backends, in an environment of its own, on the server that its `kinto start` uses.

Everyone may create and write, so that no password is checked, and its log is off: both are in its favour.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import orders_file
from benchmarks.peers.peer import FOLDER, Peer, install
from benchmarks.ramekin import FIELDS
from benchmarks.request import Request, send
from benchmarks.server import HOST, Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "26.5.0"
PLACE = FOLDER / f"kinto-{VERSION}"
RECORDS = "/v1/buckets/bench/collections/orders/records"
BATCH = 100
SETTINGS = f"""
[server:main]
use = egg:waitress#main
host = {HOST}
port = %(http_port)s
[app:main]
use = egg:kinto
kinto.userid_hmac_secret = of-a-benchmark
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.bucket_create_principals = system.Everyone
kinto.batch_max_requests = {BATCH}
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = CRITICAL
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


def prepare() -> str:
    if not (PLACE / "bin/kinto").exists():
        install([sys.executable, "-m", "venv", str(PLACE)])
        pip = [str(PLACE / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        install([*pip, f"kinto=={VERSION}"])
    return f"kinto {VERSION}"


@contextmanager
def serve(count: int) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kinto.ini")
        path.write_text(SETTINGS)
        command = [str(PLACE / "bin/kinto"), "start", "--ini", str(path), "--port", str(port), "--quiet"]
        with started(command, port) as server:
            _fill(server, count)
            yield server


def _fill(server: Server, count: int) -> None:
    everyone = {"permissions": {"write": ["system.Everyone"]}}
    send(server.port, Request("PUT", "/v1/buckets/bench", json.dumps(everyone)))
    send(server.port, Request("PUT", "/v1/buckets/bench/collections/orders", "{}"))
    records = [json.loads(line) for line in orders_file(count).read_bytes().splitlines()]
    for at in range(0, count, BATCH):
        writes = [
            {"path": f"{RECORDS}/{record['id']}", "body": {"data": record | {"id": str(record["id"])}}}
            for record in records[at : at + BATCH]
        ]
        batch = {"defaults": {"method": "PUT"}, "requests": writes}
        answers = json.loads(send(server.port, Request("POST", "/v1/batch", json.dumps(batch))))["responses"]
        assert all(answer["status"] == 201 for answer in answers), answers[0]


PEER = Peer(
    name="Kinto",
    prepare=prepare,
    serve=serve,
    operations={
        "get": Request("GET", f"{RECORDS}/{{id}}"),
        "post": Request("POST", RECORDS, '{"data":{' + FIELDS + "}}"),
        "put": Request("PUT", f"{RECORDS}/{{id}}", '{"data":{"id":"{id}",' + FIELDS + "}}"),
        "list of 100": Request("GET", f"{RECORDS}?_limit=100", rows=100),
    },
    most_records=1_000,
)
