"""When a call is sent, to which server, and when it is sent again. Pure: no sockets, no clock, no `await`.

A call is sent again where nothing can come of it twice:

    the server could not be reached            nothing was sent: any call, to the next server
    429, or 503 of the server itself           it says that nothing was applied: any call, after `Retry-After`
    503 `outcome-unknown` or `on-purpose`, no
    answer came, or a proxy's 502, 503 or 504  it may have been applied: only calls that may be applied twice
    400 `limit-too-large`                      a page was asked for that is longer than the server gives: with pages
                                               of the server's own length (`Call.smaller`)
    any other answer                           never

The driver of each client (``sync.py``, ``aio.py``) asks what to send, sends it, and tells what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ramekin.client.replies import NoAnswer, Reply, error_of
from ramekin.values.ids import random_bits

T = TypeVar("T")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 30.0
"""The wait before a call is sent again, which doubles each time, and the longest that a server may ask for."""

_OF_A_PROXY = (502, 503, 504)
_MAYBE_APPLIED = ("", "outcome-unknown", "on-purpose")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and what its answer means.

    Attributes:
        path: behind the server's address, ready to be sent.
        read: returns what the caller gets from an answer that is no problem.
        body: of the type `media`; pieces are sent by the client that blocks, an iterator of them once, whatever
            comes of it, anything else that can be gone through from its beginning each time.
        is_repeatable: whether it may be applied twice without harm, so that it is sent again when no answer came.
        is_streamed: whether the body of a good answer is left to the driver; `read` is then not asked.
        smaller: what is asked in its place where the server gives no page as long as it says.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    body: bytes | Iterable[bytes] | None = None
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = False
    is_streamed: bool = False
    smaller: Call[T] | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What the driver does next: wait, then send a call to one of the servers."""

    call: Call[Any]
    server: int
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """What came of a call: no answer. Nothing was sent where no server was reached."""

    was_sent: bool
    reason: str


def exchange(
    call: Call[Any], servers: int, first: int, attempts: int, bits: Callable[[int], int] = random_bits
) -> Generator[Sending, Reply | Lost, tuple[Reply, int]]:
    """Yield each sending of a call, take what came of it; return the good answer and the server that gave it.

    Args:
        first: the server that is asked first.
        attempts: how often the call is sent at the most.
        bits: where chance comes from, by which waits are spread, so that clients do not come back all at once.

    Raises:
        RamekinError: what the last answer says, as the class of its code.
        NoAnswer: there was none.
    """
    server, wait_s = first, 0.0
    for attempt in range(1, attempts + 1):
        outcome = yield Sending(call, server, wait_s)
        if isinstance(outcome, Reply) and outcome.code == "limit-too-large" and call.smaller is not None:
            call = call.smaller
            outcome = yield Sending(call, server)
        if isinstance(outcome, Reply) and outcome.status < 300:
            return outcome, server
        asked_s = _wait_asked(call, outcome)
        if asked_s is None or attempt == attempts:
            raise NoAnswer(outcome.reason) if isinstance(outcome, Lost) else error_of(outcome)
        wait_s = max(asked_s, FIRST_WAIT_S * 2 ** (attempt - 1) * (1 + bits(16) / 2**16) / 2)
        server = (server + 1) % servers
    raise NoAnswer("No attempt was allowed.")


def _wait_asked(call: Call[Any], outcome: Reply | Lost) -> float | None:
    """Return how long a call must wait at least before it is sent again, None if it must not be."""
    if isinstance(call.body, Iterator):
        return None
    if isinstance(outcome, Lost):
        return 0.0 if call.is_repeatable or not outcome.was_sent else None
    wait_s = outcome.retry_after_s
    if wait_s > LONGEST_WAIT_S:
        return None
    nothing_applied = outcome.status == 429 or (outcome.status == 503 and outcome.code not in _MAYBE_APPLIED)
    return wait_s if nothing_applied or (call.is_repeatable and outcome.status in _OF_A_PROXY) else None
