"""One client, three services: each request goes all the ways to an endpoint, and every answer is the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2

from ramekin.testing import SetClock
from ramekin.values.ids import IdSource
from tests.conftest import Touched
from tests.pipe import WAYS, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENTS = rb"(?:date|content-length): [^\r]*|\"microseconds\":[\d.]+|(?<=\"pinned\":)(?:true|false),\"bytes\":\d+"
"""What differs because the second request is answered a moment after the first: an index may have caught up by then."""


class Together(httpx2.BaseTransport):
    """Sends a request to each service, one after the other, as if it came at the same moment."""

    def __init__(self, **options: Any) -> None:
        self._clock = SetClock()
        ids = [IdSource(self._clock, lambda _: 1) for _ in WAYS]
        self._services = [Service(way, clock=self._clock, ids=each, **options) for way, each in zip(WAYS, ids, strict=True)]  # fmt: skip
        self._tables = [Touched(service.database) for service in self._services]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        data, self._clock.now = as_bytes(request), datetime.now(UTC)
        answers = [ask(service, data) for service in self._services]
        if request.url.path != "/metrics":
            first, *others = map(whole, answers)
            for way, other in zip(list(WAYS)[1:], others, strict=True):
                is_same = other == first or without_moments(other) == without_moments(first)
                assert is_same, f"{way} answers {other!r} where {next(iter(WAYS))} answers {first!r}"
        return as_response(answers[0])

    def drop_touched(self) -> None:
        """Drop each table that was touched, and see that all services held the same; indexes may catch up later."""
        every = [service.database.engine.tables for service in self._services]
        held = [[*map(tables.table_stats, tables.names())] for tables in every]
        for service, tables in zip(self._services, self._tables, strict=True):
            service.run(tables.drop())
        first, *others = [[replace(table, memory_bytes=0) for table in tables] for tables in held]
        for way, other in zip(list(WAYS)[1:], others, strict=True):
            assert other == first, f"{way} held {other!r} where {next(iter(WAYS))} held {first!r}"

    def close(self) -> None:
        for service in self._services:
            service.close()


def without_moments(answer: bytes) -> bytes:
    """Return an answer without what the moment decides; a tag is of all that is told of indexes."""
    told = re.sub(MOMENTS, b"", answer)
    return re.sub(rb"etag: [^\r]*", b"", told) if b'"indexes":[{' in told else told


def ask(service: Service, data: bytes) -> bytes:
    pipe = service.connect()
    pipe.send([data])
    pipe.end()
    return pipe.written


def as_bytes(request: httpx2.Request) -> bytes:
    """Return a request as it goes over a socket."""
    head = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    head += [b"%b: %b" % (name, value) for name, value in request.headers.raw]
    body = request.read()
    if request.headers.get("transfer-encoding") == "chunked":
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return b"\r\n".join([*head, b"", body])


def as_response(data: bytes) -> httpx2.Response:
    """Return an answer as a client reads it."""
    head, _, body = whole(data).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [tuple(line.split(b": ", 1)) for line in lines]
    return httpx2.Response(int(status[9:12]), headers=headers, content=body)


def whole(data: bytes) -> bytes:
    """Return an answer with its chunks as one: where one ends depends on the clock."""
    head, end, body = data.partition(b"\r\n\r\n")
    return head + end + (b"".join(chunks(body)) if b"\r\ntransfer-encoding: chunked" in head else body)


def chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
