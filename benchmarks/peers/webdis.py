"""webdis before Redis, both from Debian and both on the server's core.

One thread and no log is what webdis is fastest with on one core; `.txt` gives the record as it was stored, without the
quoting of a JSON text inside of JSON, which is faster too. Redis has no list, so a page is an `MGET` of 100 keys.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import said
from benchmarks.peers import redis
from benchmarks.peers.peer import Peer, program
from benchmarks.ramekin import FIELDS
from benchmarks.request import Request
from benchmarks.server import HOST, Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Iterator


def prepare() -> str:
    program("webdis", "webdis")
    server = program("redis-server", "redis-server")
    found = said("dpkg-query", "--show", "--showformat=${Version}", "webdis")
    return f"webdis {found}, {said(server, '--version').partition(' sha')[0]}"


@contextmanager
def serve(count: int) -> Iterator[Server]:
    port = free_port()
    with redis.serving() as store, tempfile.TemporaryDirectory() as folder:
        redis.fill(store, count)
        path = Path(folder, "webdis.json")
        path.write_text(json.dumps(_settings(store.port, port)))
        with started([program("webdis", "webdis"), str(path)], port) as server:
            yield replace(server, also=(store.pid,))


def _settings(redis_port: int, port: int) -> dict[str, object]:
    return {
        "redis_host": HOST,
        "redis_port": redis_port,
        "redis_auth": None,
        "http_host": HOST,
        "http_port": port,
        "threads": 1,
        "daemonize": False,
        "database": 0,
        "acl": [],
        "verbosity": 0,
        "logfile": "/dev/null",
    }


PAGE = "/".join(redis.key(str(i)) for i in range(1, 101))

PEER = Peer(
    name="webdis + Redis",
    prepare=prepare,
    serve=serve,
    operations={
        "get": Request("GET", f"/GET/{redis.key('{id}')}.txt"),
        "put": Request("PUT", f"/SET/{redis.key('{id}')}", '{"id":{id},' + FIELDS + "}"),
        "list of 100": Request("GET", f"/MGET/{PAGE}", rows=100),
    },
)
