"""Bodies on their way in through ASGI: no longer than they may be, and counted with what is in flight.

Knows no endpoints; see ``asgi.py`` for who reads, and ``edge/flight.py`` for what is counted.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ramekin.api.declared.endpoint import too_large
from ramekin.api.edge import weights
from ramekin.api.edge.flight import SMALL_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import Request

    from ramekin.api.edge.flight import Room


async def chunks_of(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives. Raises BodyTooLarge without reading the rest."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        if chunk:
            yield chunk


async def whole_body(chunks: AsyncIterator[bytes], announced_bytes: int, media: str, room: Room) -> bytes:
    """Return a body, once there was room for it and it has arrived; hold room for what is made of it.

    Args:
        announced_bytes: how long it is; less than 0 where nobody knows, so that room is taken as it arrives.

    Raises:
        BodyTooLarge, Overloaded, MemoryLimit.
    """
    if announced_bytes > SMALL_BYTES:
        await room.hold(weights.body_bytes(announced_bytes, room.most_bytes()), is_before_body=True)
    body, size_bytes, records = BytesIO(bytes(max(0, announced_bytes))), 0, 0  # to move 32 MiB takes 20 ms
    room.begin_body()
    async for chunk in chunks:
        body.write(chunk)
        size_bytes += len(chunk)
        room.arrived_bytes = size_bytes
        if announced_bytes < 0 and size_bytes > SMALL_BYTES:
            await room.hold(weights.body_bytes(size_bytes, room.most_bytes()))
        records += weights.records_in(chunk, media)
    room.end_body()
    if size_bytes > SMALL_BYTES:
        await room.hold(weights.records_bytes(size_bytes, records))
    body.truncate(size_bytes)
    return body.getvalue()  # which copies nothing
