"""A bare ASGI application on uvicorn: the least that any Python web framework costs. It stores nothing.

python -m uvicorn benchmarks.peers.bare:app
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks import ramekin
from benchmarks.peers.peer import Peer
from benchmarks.server import Server, free_port, started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

BODY = (
    b'{"id":12345,"user_id":77777,"product_name":"Product 4321","quantity":7,"total_price":123456.25,'
    b'"order_date":"2024-05-05T05:05:05+00:00","note":"it has 166 bytes all"}'
)
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
END = {"type": "http.response.body", "body": BODY}


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request alike; read the body of those that have one."""
    if scope["method"] != "GET":
        while (await receive())["more_body"]:
            pass
    await send(START)
    await send(END)


def uvicorn(target: str, port: int) -> list[str]:
    """Return the command that serves an application on uvicorn at its fastest."""
    fastest = ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", target, "--port", str(port), "--log-level", "warning", *fastest]


@contextmanager
def serve(count: int) -> Iterator[Server]:  # noqa: ARG001  # it holds no records
    port = free_port()
    with started(uvicorn("benchmarks.peers.bare:app", port), port) as server:
        yield server


PEER = Peer(
    name="bare uvicorn ASGI",
    prepare=lambda: f"uvicorn {version('uvicorn')}",
    serve=serve,
    operations={"get": ramekin.GET, "post": ramekin.POST, "post with id": ramekin.POST_WITH_ID, "put": ramekin.PUT},
)
