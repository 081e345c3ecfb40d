"""One request on the long way: what arrives and what is answered, as ASGI's messages.

The connection reads the bytes (``connection.py``); the application is called with `receive` and `send`. Differs from
uvicorn's own cycle in that HTTP/1.0 is answered without chunks, and in that an answer which begins before the
request has arrived says what becomes of the connection. Knows no tables.

Source: the ASGI specification, HTTP 2.3; RFC 9112, sections 6 and 9.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGISendEvent, HTTPScope
    from uvicorn.protocols.http.flow_control import FlowControl

    from ramekin.api.http.answer import Answer
    from ramekin.api.http.heads import Head, RequestLine

_BODILESS = (204, 304)


def scope_of(
    line: RequestLine,
    head: Head,
    server: tuple[str, int | None] | None,
    client: tuple[str, int] | None,
    state: dict[str, Any],
) -> HTTPScope:
    """Return a request as ASGI has it, with its head, for the edge: it was read already, and strictly."""
    path = line.path.decode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.0" if line.is_http_1_0 else "1.1",
        "server": server,
        "client": client,
        "scheme": "http",
        "method": line.method,
        "root_path": "",
        "path": unquote(path) if "%" in path else path,
        "raw_path": line.path,
        "query_string": line.query,
        "headers": [*head.pairs],
        "state": state,
        "ramekin.head": head,  # type: ignore[typeddict-unknown-key]
    }


class Carrier(Protocol):
    """The connection, as far as a cycle knows it."""

    transport: asyncio.Transport
    flow: FlowControl

    def first_lines(self, status: int) -> bytes:
        """Return the lines that an answer begins with: its status, and the headers that the server gives to all."""

    def stay_lines(self) -> bytes:
        """Return the headers of an answer behind which the connection stays open, as lines."""

    def keeps_open(self, cycle: Cycle) -> bool:
        """Say whether the connection stays open behind an answer that begins now."""

    def ask_for_more(self) -> None:
        """Go on reading the request's body, and behind it, where a client that leaves is noticed."""

    def end_cycle(self, cycle: Cycle) -> None:
        """Take note that the answer is written, or that no more of it will be."""


class Cycle:
    """A request and its answer."""

    def __init__(self, carrier: Carrier, scope: HTTPScope, head: Head) -> None:
        self.scope, self._head_sent = scope, head
        self.expects_100 = head.expects_100  # the client waits for a word before it sends the body
        self.is_received = False  # whole
        self.is_begun = False  # the answer
        self.is_complete = self.is_whole = False  # no more of it comes; all of it was written
        self.closes = head.closes  # the connection, once the answer is written
        self._carrier = carrier
        self._content = bytearray()  # received, and not yet asked for
        self._is_handed_out = False  # all of it
        self._news = asyncio.Event()
        self._has_left = self._is_cut = False
        self._head = b""  # of the answer, until the first piece of its body
        self._is_chunked = False
        self._is_bodiless = scope["method"] == "HEAD"

    def request_id(self) -> str | None:
        """Return the request's id, as far as it has one yet."""
        return self.scope.get("ramekin.request_id") or self._head_sent.request_id  # type: ignore[return-value]  # a text

    def note_refusal(self, request_id: str, answer: Answer) -> None:
        """Tell the edge, which may not have begun with the request, how it was answered without it."""
        told = {"ramekin.request_id": request_id, "ramekin.refused": (answer.status, len(answer.body))}
        self.scope.update(told)  # type: ignore[typeddict-item]  # members of our own

    def feed(self, content: bytes, *, is_last: bool) -> None:
        """Take a piece of the request's body, which no client sends that still waits for a word."""
        self.expects_100 = False
        self.is_received = is_last
        if not self.is_complete:
            self._content += content
            if len(self._content) > HIGH_WATER_LIMIT:
                self._carrier.flow.pause_reading()
            self._news.set()

    def leave(self) -> None:
        """Take note that the client sends nothing more: an answer that has not begun, or has no end, is given up."""
        self._has_left = True
        self._news.set()

    def cut(self) -> None:
        """Take note that nothing can be sent any more."""
        self._has_left = self._is_cut = True
        self._news.set()

    async def run(self, app: ASGI3Application) -> None:
        """Have the application answer. What it raises has been noted at the edge; the client sees a connection cut."""
        try:
            with suppress(Exception):
                await app(self.scope, self.receive, self.send)
        finally:
            if not self.is_complete:
                self.is_complete = True
                self._carrier.end_cycle(self)

    async def receive(self) -> ASGIReceiveEvent:
        """Return what came of the request since the last call; wait for it, or for the client to leave."""
        if self.expects_100 and not self.is_begun and not self._is_cut:
            self._carrier.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.expects_100 = False
        while not (self.is_complete or self._is_cut):
            if not self._is_handed_out and (self._content or self.is_received):
                content, self._content = bytes(self._content), bytearray()
                self._is_handed_out = self.is_received
                return {"type": "http.request", "body": content, "more_body": not self.is_received}
            if self._has_left and (not self.is_begun or "ramekin.endless" in self.scope):
                break
            self._carrier.ask_for_more()
            await self._news.wait()
            self._news.clear()
        return {"type": "http.disconnect"}

    async def send(self, message: ASGISendEvent) -> None:
        """Write a part of the answer, no faster than the client reads."""
        if self._carrier.flow.write_paused and not self._is_cut:
            await self._carrier.flow.drain()
        if self._is_cut:
            return
        if message["type"] == "http.response.start":
            self._begin(message["status"], [*message.get("headers", ())])
        elif message["type"] == "http.response.body":
            self._write(message.get("body", b""), is_last=not message.get("more_body", False))

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Make the head of the answer, which goes out with the first piece of the body."""
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        assert lines.count(b"\n") == len(headers), "a header holds a line end"
        names = {name.lower(): value for name, value in headers}
        says_close = names.get(b"connection") == b"close"
        self.closes = self.closes or says_close or not self._carrier.keeps_open(self)
        if status in _BODILESS:
            self._is_bodiless = True
        elif b"content-length" not in names:
            self._is_chunked = self.scope["http_version"] != "1.0"
            self.closes = self.closes or not self._is_chunked  # which is how a client of HTTP/1.0 finds its end
        if self.closes and not says_close:
            lines += b"connection: close\r\n"
        if not self.closes:
            lines += self._carrier.stay_lines()
        if self._is_chunked and not self._is_bodiless:
            lines += b"transfer-encoding: chunked\r\n"
        self._head = b"".join((self._carrier.first_lines(status), lines, b"\r\n"))
        self.is_begun = True

    def _write(self, piece: bytes, *, is_last: bool) -> None:
        head, self._head = self._head, b""
        if self._is_bodiless:
            piece = b""
        elif self._is_chunked:
            chunk = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
            piece = chunk + b"0\r\n\r\n" if is_last else chunk
        if head or piece:
            self._carrier.transport.write(head + piece)
        if is_last:
            self.is_complete = True
            self._news.set()
            self.is_whole = True
            self._carrier.end_cycle(self)
