"""The edge: what every request passes before its endpoint and what is noted of its answer, whatever carries it.

Keys, the rate limit, request ids, faults of our own, figures and the access log. Knows no ASGI and no tables; see
``middleware.py`` and ``protocol.py``, which carry requests through it.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from contextlib import suppress
from itertools import chain, count
from typing import TYPE_CHECKING, Protocol

from ramekin import errors
from ramekin.access.roles import EVERYBODY, NOTHING, Grant
from ramekin.api.edge.histogram import BOUNDS_S, SUM
from ramekin.api.edge.rates import Limited, RateLimit
from ramekin.api.http.heads import Head, id_in, id_line
from ramekin.api.http.problems import problem_answer
from ramekin.clock import stopwatch_s
from ramekin.errors.stacks import log_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ramekin.access.keys import Keys
    from ramekin.api.edge.metrics import Metrics
    from ramekin.api.edge.origins import Origins
    from ramekin.api.edge.proxies import Proxies
    from ramekin.api.http.answer import Answer
    from ramekin.values.ids import IdSource

_SAID = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
_PRIVATE = {"cache-control": "private, no-cache"}
"""What is told a cache where answers are for whoever has a key: one that many share must not keep them."""

_log = logging.getLogger("ramekin")  # of the standard library: in a larger program its log is that program's affair


class Exchange(Protocol):
    """One request on its way, as far as the edge knows it."""

    began_s: float
    method: str
    grant: Grant
    """What may be done by whoever sent it."""
    extra: Mapping[str, str]
    """Headers that its answer carries besides the endpoint's own."""

    @property
    def request_id(self) -> str:
        """The id that its answer tells."""

    @property
    def path(self) -> str:
        """Its address without the query, as it was sent."""

    @property
    def sent_bytes(self) -> int:
        """Bytes of its answer's body, as far as they were written."""

    @property
    def peer(self) -> str:
        """The address that its connection comes from."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by their names in small letters; none where they cannot be read."""


def last_lines(extra: Mapping[str, str]) -> bytes:
    """Return what follows the request id in every answer, as the lines in which it is sent.

    A cache may keep an answer and must ask before it gives it, unless the endpoint says otherwise: without a word it
    would guess how long an answer is good (RFC 9111, section 4.2.2).
    """
    return "".join([f"{name}: {value}\r\n" for name, value in {**_SAID, **extra}.items()]).encode("latin-1")


LAST_LINES = last_lines({})
"""Those of most answers."""

_SHORT_S = BOUNDS_S[0]
_ENDS = tuple([b"%03d\r\n" % number for number in range(1000)])


def _id_lines_of(run: str) -> Iterator[bytes]:
    """Return lines with ids without end: a run's, and a number; a thousand are made at once."""
    all_begin = (id_line(f"{run}-{thousands}").rstrip() for thousands in count())
    return chain.from_iterable([begins + ends for ends in _ENDS] for begins in all_begin)


class Edge:
    """What holds for all requests of one server."""

    def __init__(
        self,
        keys: Keys,
        rate_limit: RateLimit | None,
        wrong_keys: RateLimit,
        proxies: Proxies,
        origins: Origins,
        metrics: Metrics,
        ids: IdSource,
        *,
        has_access_log: bool,
        root_path: str = "",
    ) -> None:
        self._rate_limit, self._wrong_keys, self.proxies = rate_limit, wrong_keys, proxies
        self.keys = keys
        """Those that are taken from now on. A server started without keys never gets any."""
        self.origins, self.metrics, self._figures = origins, metrics, metrics.figures
        self.id_lines = _id_lines_of(ids.token(6))
        """What tells of the ids of requests that have none; nobody else has made the next one."""
        self.has_access_log = has_access_log
        self.root_path = root_path
        """What a proxy has taken off the front of every path."""
        self.is_open = self._is_open()
        """True if there are no keys, no rate limit and no CORS, so only the origin is checked."""
        self.is_starting = False
        """Whether it lets nobody in yet."""

    def new_id(self) -> str:
        """Return an id for a request that has none."""
        return id_in(next(self.id_lines))

    @property
    def has_keys(self) -> bool:
        """Whether keys are asked for."""
        return bool(self.keys)

    @property
    def has_rate_limit(self) -> bool:
        """Whether requests are counted."""
        return self._rate_limit is not None

    def hold(self) -> None:
        """Let nobody in until `release`: what is to be served is not all there."""
        self.is_starting, self.is_open = True, False

    def release(self) -> None:
        """Let in whoever may."""
        self.is_starting, self.is_open = False, self._is_open()

    def _is_open(self) -> bool:
        return self._rate_limit is None and not self.keys and not self.origins.cors

    def greet(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        """Note what the answer to a request says whatever becomes of it."""
        exchange.extra = self.origins.cors.headers(headers)

    def preflight(self, headers: Mapping[str, str], methods: Sequence[str]) -> Mapping[str, str]:
        """Return what a page of another origin is told of what it may send."""
        return self.origins.cors.preflight(headers, methods)

    def take(self, keys: Keys) -> None:
        """Take other keys from now on."""
        self.keys = keys

    def admit(
        self, exchange: Exchange, head: Head, peer: str, *, asks_for_key: bool = True, is_counted: bool = True
    ) -> None:
        """Count a request, ask for its key, and look where it comes from; say in it what may be done.

        A request with a valid key counts against that key; any other counts against its address, and so do wrong keys
        by themselves. Who shows a right one is let in however many wrong ones come from the same address: many clients
        may share it.

        Args:
            peer: the address that the connection comes from.
            asks_for_key: whether it needs a key, if there are any.
            is_counted: whether the limit of requests holds for it.

        Raises:
            Limited, Unauthorized, ForeignHost, ForeignOrigin, Starting.
        """
        headers, secret, grant = head.headers, head.secret_sha256, EVERYBODY
        if self.keys:
            exchange.extra = {**exchange.extra, **_PRIVATE}
            grant = (self.keys.find_digest(secret) if secret else None) or NOTHING
        exchange.grant = grant  # before anything is refused: the log names whoever was refused
        if self._rate_limit is not None and is_counted:
            is_known = grant is not NOTHING and grant is not EVERYBODY
            client = f"key:{grant.name}" if is_known else f"address:{self.proxies.client_of(peer, headers)}"
            exchange.extra = {**exchange.extra, **self._rate_limit.count(client)}
        if grant is NOTHING and asks_for_key:
            if secret:
                self._wrong_keys.count(self.proxies.client_of(peer, headers))
            raise errors.Unauthorized("This server asks for a key: send 'Authorization: Bearer <key>'.")
        self.origins.check(exchange.method, headers)
        if self.is_starting and asks_for_key:
            raise errors.Starting("The server reads its data and files; nothing was applied.")

    def still_admits(self, grant: Grant) -> bool:
        """Say whether what a request was granted when it came would be granted now."""
        return not self.keys or self.keys.has(grant)

    def count_refused(self, peer: str) -> None:
        """Count what is no request, and is refused as such, for the address that it came from."""
        if self._rate_limit is not None:
            with suppress(Limited):
                self._rate_limit.count(f"address:{self.proxies.client_of(peer, {})}")

    def report_fault(self, exchange: Exchange, error: BaseException) -> Answer:
        """Write a fault of our own to the log, and return the answer that tells of it.

        An error that clients are told is none of ours: it has ended an answer that had begun, which is cut.
        """
        if isinstance(error, errors.RamekinError):
            told = {"code": error.code, "request_id": exchange.request_id, "method": exchange.method}
            _log.warning("answer broken off", extra=told)
            return problem_answer(error, exchange.request_id)
        log_fault(_log, "request failed", error, request_id=exchange.request_id, method=exchange.method)
        fault = errors.InternalError("The server met a fault of its own; its log has more under this request id.")
        return problem_answer(fault, exchange.request_id)

    def audit(self, exchange: Exchange, act: str, tables: Sequence[str], branch: str, status: int, client: str) -> None:
        """Write an administrative act to the log: who did what to which table, and what came of it.

        Args:
            branch: in which the table is, or which itself is made or dropped; empty without one.
            status: that of the answer; 0 says that nobody was there to take it, and that the act may be done.
        """
        outcome = "unknown" if not status else "done" if status < 400 else "refused" if status < 500 else "failed"
        told = {
            "key": exchange.grant.name,
            "client": client,
            "act": act,
            "table": ",".join(map(errors.shorten, tables)) or "*",
            "outcome": outcome,
            "status": status,
            "request_id": exchange.request_id,
        }
        _log.info("audit", extra=told | ({"branch": errors.shorten(branch)} if branch else {}))

    def note(self, exchange: Exchange, operation: str, status: int) -> float:
        """Note the answer of a request, and return the moment; 0 says that the client went away before its answer."""
        now_s = stopwatch_s()
        spent_s = now_s - exchange.began_s
        figures = self._figures[operation][status]
        figures[0 if spent_s < _SHORT_S else bisect_left(BOUNDS_S, spent_s)] += 1  # a call less for most
        figures[SUM] += spent_s
        if self.has_access_log:
            told = {
                "request_id": exchange.request_id,
                "client": self.proxies.client_of(exchange.peer, exchange.headers),
                "key": exchange.grant.name,
                "operation": operation,
                "method": exchange.method,
                "path": exchange.path[:200],
                "status": status,
                "bytes": exchange.sent_bytes,
                "milliseconds": round(spent_s * 1000, 3),
            }
            _log.info("request", extra=told)
        return now_s
