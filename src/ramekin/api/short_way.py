"""What the connections of a server share on the short way below ASGI: endpoints, the edge, and heads that were read.

Knows no connection; see ``protocol.py`` for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from ramekin.api.edge import sent_id
from ramekin.api.limits import Limited
from ramekin.api.problems import problem_response
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fastapi import Response

    from ramekin.api.edge import Edge
    from ramekin.api.hot import HotTable
    from ramekin.api.requests import WholeRequest

MAX_HEAD_BYTES = 2048
MAX_HEADS = 1024
"""Header blocks that are remembered, of that many bytes at the most: clients send the same ones again and again."""

_UNUSUAL = frozenset({"expect", "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-proto"})


class Head:
    """A request's headers, by their names in small letters, its own id, and how long its body is."""

    __slots__ = ("body_bytes", "headers", "is_usual", "request_id")

    def __init__(self, block: bytes) -> None:
        """Read a header block, with the same parser as uvicorn; `is_usual` says whether the short way may be taken."""
        self.headers: dict[str, str] = {}
        self.is_usual = True
        try:
            HttpRequestParser(self).feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % block)
        except (HttpParserError, HttpParserUpgrade):
            self.is_usual = False
        self.body_bytes = int(self.headers.get("content-length", "0")) if self.is_usual else 0
        self.request_id = sent_id(self.headers)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; the parser calls this."""
        text = name.decode("latin-1").lower()
        if text in self.headers or text in _UNUSUAL or (text == "connection" and value.lower() != b"keep-alive"):
            self.is_usual = False
        self.headers[text] = value.decode("latin-1")


class ShortWay:
    """The endpoints and the edge, and the header blocks read so far."""

    def __init__(self, table: HotTable, edge: Edge) -> None:
        self.edge = edge
        self.endpoints = table.endpoints
        self.heads: dict[bytes, Head] = {}
        """The header blocks read so far; `head` reads another."""
        self.common: list[tuple[bytes, bytes]] = []
        self.common_lines = b""

    def head(self, block: bytes) -> Head:
        """Return a header block, read, and remember it."""
        head = Head(block)
        if len(block) <= MAX_HEAD_BYTES:
            if len(self.heads) == MAX_HEADS:
                self.heads.clear()
            self.heads[block] = head
        return head

    def renew(self, common: list[tuple[bytes, bytes]]) -> None:
        """Take the headers that the server gives to every answer; it makes others each second."""
        self.common = common
        self.common_lines = b"".join([b"%b: %b\r\n" % header for header in common])

    async def admit(self, request: WholeRequest, answer: Coroutine[Any, Any, Response], address: str) -> Response:
        """Return an answer, if the edge lets its request in."""
        try:
            await self.edge.admit(request, request.headers, address)
        except BaseException:
            answer.close()
            raise
        return await answer

    def refuse(self, request: WholeRequest, error: BaseException) -> Response:
        """Return the answer of a request that ended in an error."""
        if isinstance(error, RamekinError):
            return problem_response(error, request.request_id)
        if isinstance(error, Limited):
            return problem_response(error.error, request.request_id, error.headers)
        return self.edge.report_fault(request, error)
