"""One kind of request: what `wrk.py` repeats with random ids and `open_loop.py` sends on a schedule.

In paths and bodies, `{id}` stands for the id of a random record, `{new}` for one that was never used before, and
`{number}` for a random number, so that a write changes something.
"""

from __future__ import annotations

import http.client
import json
import random
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks.server import HOST

NEW_IDS = count(10_000_000_000, 100_000_000)  # each run takes its own range; all have eleven digits


@dataclass(frozen=True, slots=True)
class Request:
    """A request with places for ids and numbers. `rows` is how many records its answer holds, for those of a list."""

    method: str
    path: str
    body: str = ""
    rows: int | None = None

    def filled(self, ids: int) -> Request:
        """Return it with the places filled, for one of the ids 1 to `ids`."""
        values = {"{id}": random.randint(1, ids), "{new}": next(NEW_IDS), "{number}": random.randint(100_000, 999_999)}
        path, body = self.path, self.body
        for place, value in values.items():
            path, body = path.replace(place, str(value)), body.replace(place, str(value))
        return Request(self.method, path, body, self.rows)

    def text(self) -> bytes:
        """Return it as it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}"]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body.encode())}"]
        return "\r\n".join([*lines, "", self.body]).encode()


def send(port: int, request: Request, timeout_s: float = 60, source: str = HOST) -> bytes:
    """Return the body of the answer.

    Args:
        source: the address to ask from, one of this machine's.

    Raises:
        RuntimeError: the answer was no success.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout_s, (source, 0))
    headers = {"Content-Type": "application/json"} if request.body else {}
    connection.request(request.method, request.path, request.body.encode() or None, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{request.method} {request.path}: {answer.status} {body[:300]!r}")
    return body


def get(port: int, path: str) -> Any:
    """Return what a GET answers, parsed."""
    return json.loads(send(port, Request("GET", path)))
