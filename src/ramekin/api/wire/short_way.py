"""What the connections of a server share on the short way below ASGI: endpoints, the edge, and heads that were read.

Knows no connection; see ``protocol.py`` for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.api.edge.rates import Limited
from ramekin.api.http.heads import Head, read_fields
from ramekin.api.http.problems import problem_response
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fastapi import Response

    from ramekin.api.edge.edge import Edge
    from ramekin.api.http.requests import WholeRequest
    from ramekin.api.wire.hot import HotTable

MAX_KEPT_BYTES = 2048
MAX_HEADS = 1024
"""Header blocks that are remembered, of that many bytes at the most: clients send the same ones again and again."""


KEEP_ALIVE_S = 100
"""Seconds for which clients may count on an idle connection: more than the pools of most keep one (Go's 90 s, .NET's
and many proxies' 60 s), since a request that is sent while the server closes is lost."""

GRACE_S = 5.0
"""Seconds by which the server waits longer than it says: clients begin to count when an answer arrives."""


class ShortWay:
    """The endpoints and the edge, and the header blocks read so far."""

    def __init__(self, table: HotTable, edge: Edge, keep_alive_s: int = KEEP_ALIVE_S) -> None:
        self.edge = edge
        self.idle_s = keep_alive_s + GRACE_S
        """How long a connection may be idle; clients are told to count on a little less."""
        self.stay_lines = b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % keep_alive_s
        """The headers of an answer behind which the connection stays open."""
        self.endpoints = table.endpoints
        self.heads: dict[bytes, Head] = {}
        """The header blocks read so far; `read` reads another."""
        self.common: list[tuple[bytes, bytes]] = []
        self.common_lines = b""

    def read(self, block: bytes) -> Head:
        """Return a header block, read, and remember it. Raises MalformedRequest, HeadTooLarge."""
        head = Head(read_fields(block))
        head.is_usual = head.is_usual and self.edge.origins.lets_in(head.headers)
        if len(block) <= MAX_KEPT_BYTES:
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
            self.edge.admit(request, request.headers, address)
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
