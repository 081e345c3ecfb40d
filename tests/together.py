"""One client, three services: each request goes all the ways to an endpoint, and every answer is the same bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx2
import pytest

from ramekin.api.edge import edge
from ramekin.samples import models
from ramekin.values.ids import uuid7
from tests.pipe import WAYS, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENTS = rb"(?:date|content-length|retry-after): [^\r]*|\"(?:microseconds|uptime_seconds)\":[\d.]+"
"""What differs because the second request is answered a moment after the first."""


class Together(httpx2.BaseTransport):
    """Sends a request to each service, one after the other, as if it came at the same moment."""

    def __init__(self) -> None:
        self._services = [Service(way) for way in WAYS]
        for service in self._services:
            service.app.state.context._run = "run"

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        data, moment, last = as_bytes(request), datetime.now(UTC), uuid7._last
        answers = []
        for service in self._services:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(edge, "_numbers", count())
                patch.setattr(models, "datetime", SimpleNamespace(now=lambda _: moment))
                patch.setattr(uuid7, "_clock", SimpleNamespace(wall_ms=lambda: int(moment.timestamp() * 1000)))
                patch.setattr(uuid7, "_randbits", lambda _: 1)
                uuid7._last = last
                answers.append(ask(service, data))
        if request.url.path != "/metrics":
            told = [re.sub(MOMENTS, b"", answer) for answer in answers]
            for way, other in zip(WAYS, told, strict=True):
                assert other == told[0], f"{way} answers {other!r} where {next(iter(WAYS))} answers {told[0]!r}"
        return as_response(answers[0])

    def close(self) -> None:
        for service in self._services:
            service.close()


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
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [tuple(line.split(b": ", 1)) for line in lines]
    if (b"transfer-encoding", b"chunked") in headers:
        body = b"".join(chunks(body))
    return httpx2.Response(int(status[9:12]), headers=headers, content=body)


def chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
