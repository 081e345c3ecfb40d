"""What the connections of a server share on the short way below ASGI: endpoints, the edge, and what was read before.

Knows no connection; see ``protocol.py`` for one.
"""

from __future__ import annotations

from copy import copy
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ramekin.access.roles import EVERYBODY
from ramekin.api.declared.endpoint import Endpoint
from ramekin.api.edge.edge import LAST_LINES
from ramekin.api.edge.rates import Limited
from ramekin.api.http.answer import STATUS_LINE
from ramekin.api.http.heads import Head, read_fields
from ramekin.api.http.problems import problem_answer
from ramekin.api.session import Session
from ramekin.api.wire.backlog import LONG_AT_ONCE, LONG_SLICE_S, Backlog
from ramekin.api.wire.deadlines import DEADLINES, GRACE_S, LAST_WAIT_S, PARTING_S, Deadlines, Sweep
from ramekin.api.wire.doorkeeper import GUEST_S, Doorkeeper
from ramekin.errors import RamekinError

if TYPE_CHECKING:
    from ramekin.api.edge.edge import Edge, Exchange
    from ramekin.api.http.answer import Answer
    from ramekin.api.wire.asgi import RecordEndpoints

MAX_KEPT_BYTES = 2048
MAX_HEADS = 1024
"""Header blocks that are remembered, of that many bytes at the most: clients send the same ones again and again."""

MAX_TARGETS = 1024
"""Addresses without their last part that are remembered, of `MAX_KEPT_BYTES` at the most."""

MAX_HELD_BYTES = 64 * 1024
"""Bytes of a body that are held until it has arrived; a longer one goes the long way."""


class Target(Struct, frozen=True, gc=False):
    """What a request line asks for up to the last slash of its path."""

    method: str
    endpoint: Endpoint[Any]
    table: str | None
    """The path's part before its last one, where there is one behind the prefix."""
    branch: str = ""


class ShortWay:
    """The endpoints and the edge, and what was read so far of header blocks and addresses."""

    def __init__(
        self,
        records: RecordEndpoints,
        edge: Edge,
        deadlines: Deadlines = DEADLINES,
        doorkeeper: Doorkeeper | None = None,
    ) -> None:
        self.edge, self.server = edge, records.context
        self.endpoints = self._known = records.endpoints
        self.session = Session(records.context, EVERYBODY)
        """What endpoints are given where everybody may ask."""
        self.ask = Endpoint.ask_anew if records.context.reads_anew else Endpoint.ask
        """How they are asked."""
        self.deadlines, self.sweep = deadlines, Sweep(records.context.flight)
        self.backlog, self.long_ways = Backlog(), Backlog(LONG_AT_ONCE, LONG_SLICE_S)
        self.doorkeeper = doorkeeper or Doorkeeper(edge.proxies, edge.metrics.refusals)
        self.refusals = edge.metrics.refusals
        edge.metrics.read("connections", lambda: self.doorkeeper.inside)
        self.held_bytes = MAX_HELD_BYTES
        """Of a body that may follow its head at once, so many are waited for."""
        self.idle_s = deadlines.idle_s + GRACE_S
        """How long a connection may be idle; clients are told to count on a little less."""
        self.stay_lines = f"connection: keep-alive\r\nkeep-alive: timeout={deadlines.idle_s}\r\n".encode()
        """The headers of an answer behind which the connection stays open."""
        self.usual_end = b"%b%b\r\n" % (LAST_LINES, self.stay_lines)
        """What follows the request id in the head of such an answer, if it is whole and nothing else is told."""
        self.has_keys = edge.has_keys
        self.has_prefix = bool(edge.root_path) or records.context.branches is not None
        """Whether addresses in answers may begin with something that each request says anew."""
        self.heads: dict[bytes, Head] = {}
        """The header blocks read so far, without the last line's end, by their hashes if there are secrets in them."""
        self.targets: dict[bytes, Target] = {}
        """What stands before the last slash of the request lines read so far: method, prefix and table."""
        self.common: list[tuple[bytes, bytes]] = []
        if self.server.faults is not None:
            self.server.faults.report(self._follow_faults)
            self._follow_faults()
        self.first_lines = STATUS_LINE
        """The lines that answers begin with, by their status: with the headers that the server gives to all of them."""

    def _follow_faults(self) -> None:
        """Send every request the long way while some fail on purpose."""
        is_disturbed = self.server.faults is not None and self.server.faults.are_any
        self.endpoints = {} if is_disturbed else self._known
        self.targets.clear()

    def hurry(self, seconds: float) -> None:
        """Wait for nobody longer than a stop that takes so many seconds can."""
        self.deadlines, self.idle_s = self.deadlines.within(min(LAST_WAIT_S, seconds / 4)), PARTING_S

    def for_guests(self) -> ShortWay:
        """Return the same with short deadlines and no short way: of a guest every request is looked at."""
        way = copy(self)
        way.endpoints, way.targets, way.held_bytes = {}, {}, 0
        way.deadlines = Deadlines(GUEST_S, GUEST_S, GUEST_S)
        return way

    def read(self, block: bytes) -> Head:
        """Return a header block, read, and remember it. Raises MalformedRequest, HeadTooLarge."""
        name = sha256(block).digest() if self.has_keys else block
        if (known := self.heads.get(name)) is not None:
            return known
        head = Head(read_fields(block + b"\r\n" if block else b""))
        head.is_usual = head.is_usual and head.body_bytes <= MAX_HELD_BYTES and self.edge.origins.lets_in(head.headers)
        if len(block) <= MAX_KEPT_BYTES:
            if len(self.heads) == MAX_HEADS:
                self.heads.clear()
            self.heads[name] = head
            if head.is_usual and not head.body_bytes and not self.has_keys:
                head.tail = b" HTTP/1.1\r\n%b\r\n\r\n" % block
        return head

    def keep(self, line: bytes, target: Target) -> None:
        """Remember what is asked for by request lines that are the same up to the last slash."""
        if len(line) <= MAX_KEPT_BYTES:
            if len(self.targets) == MAX_TARGETS:
                self.targets.clear()
            self.targets[line] = target

    def renew(self, common: list[tuple[bytes, bytes]]) -> None:
        """Take the headers that the server gives to every answer; it makes others each second."""
        self.common = common
        lines = b"".join([b"%b: %b\r\n" % header for header in common])
        self.first_lines = {status: line + lines for status, line in STATUS_LINE.items()}

    def refuse(self, exchange: Exchange, error: BaseException) -> Answer:
        """Return the answer of a request that ended in an error."""
        if isinstance(error, RamekinError):
            return problem_answer(exchange.grant.veil(error), exchange.request_id)
        if isinstance(error, Limited):
            return problem_answer(error.error, exchange.request_id, error.headers)
        return self.edge.report_fault(exchange, error)
