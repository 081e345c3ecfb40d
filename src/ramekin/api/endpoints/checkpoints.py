"""Checkpoints over HTTP: the state of the tables that tests return to, and what differs from it. Only under `--dev`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ramekin.api.declared.answers import answer
from ramekin.api.declared.endpoint import Endpoints, dev_endpoint
from ramekin.api.declared.shapes import RECORD, array, whole
from ramekin.api.http.answer import Reply, Stream, bodiless, pack
from ramekin.api.http.headers import JSON
from ramekin.api.routes import API
from ramekin.engine.work import Work
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence

    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

AT_ONCE = 500
"""Bodies that are handed over together."""

_TABLE = whole(
    {
        "created": array(RECORD),
        "replaced": array(whole({"before": RECORD, "after": RECORD})),
        "deleted": array(RECORD),
    }
)
_DIFF = whole({"tables": {"type": "object", "additionalProperties": _TABLE}})
_EXAMPLE = {"tables": {"users": {"created": [{"id": "ada", "name": "Ada"}], "replaced": [], "deleted": []}}}


@dev_endpoint("POST", f"{API}/checkpoint", answers={204: answer("Kept.")}, problems=(400,))
def make_checkpoint(session: Session, asked: Asked[None]) -> Reply:
    """Keep all tables as they are now, for a reset to return to. That takes no time, whatever they hold."""
    session.database.checkpoint()
    return bodiless(204)


@dev_endpoint(
    "POST", f"{API}/reset", answers={204: answer("All tables are what they were.")}, problems=(400, 409, 503, 507)
)
async def reset(session: Session, asked: Asked[None]) -> Reply:
    """Have all tables as they were at the last checkpoint, or, without one, right after the start."""
    await session.database.reset()
    return bodiless(204)


@dev_endpoint(
    "GET",
    f"{API}/diff",
    answers={200: answer("What differs, of the tables that differ.", _DIFF, _EXAMPLE)},
    problems=(400, 406, 409, 503, 507),
    is_watchful=True,
)
async def diff(session: Session, asked: Asked[None]) -> Reply:
    """Return how records differ from what they were at the last checkpoint, or right after the start."""
    work = Work(session.limits.query_s)
    return await Stream(_pieces(session, work), work, JSON).prime()


async def _pieces(session: Session, work: Work) -> AsyncGenerator[bytes, None]:
    opening = b'{"tables":{'
    async for found in session.database.diffs(work):
        yield b'%b%b:{"created":[' % (opening, codec.dump(found.table))
        async for piece in _joined(found.created):
            yield piece
        yield b'],"replaced":['
        async for piece in _joined(b'{"before":%b,"after":%b}' % pair for pair in found.replaced):
            yield piece
        yield b'],"deleted":['
        async for piece in _joined(found.deleted):
            yield piece
        yield b"]}"
        opening = b","
    yield b"}}" if opening == b"," else b'{"tables":{}}'


async def _joined(bodies: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield bodies with commas between, in pieces of some length."""
    async for piece in pack(_batches(iter(bodies)), b","):
        yield piece


async def _batches(bodies: Iterator[bytes]) -> AsyncIterator[Sequence[bytes]]:
    while batch := list(islice(bodies, AT_ONCE)):
        yield batch


ENDPOINTS: Endpoints = (make_checkpoint, reset, diff)
