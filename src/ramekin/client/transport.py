"""Between calls and httpx2: requests made of calls, and what failures mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from ramekin.client.exchange import Lost
from ramekin.client.replies import EndedEarly, NoAnswer, Reply

if TYPE_CHECKING:
    from ramekin.client.exchange import Call


def servers_of(url: str | Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of servers, without a slash at the end. Raises ValueError where there is none."""
    servers = tuple(one.rstrip("/") for one in ([url] if isinstance(url, str) else url))
    if not servers or not all(map(_is_address, servers)):
        raise ValueError("the address of a server is like http://127.0.0.1:8000")
    return servers


def _is_address(text: str) -> bool:
    try:
        httpx2.URL(text).host.encode("idna")  # which a part of more than 63 letters is not
    except (httpx2.InvalidURL, UnicodeError):
        return False
    return text.startswith(("http://", "https://"))


def request_of(
    http: httpx2.Client | httpx2.AsyncClient, server: str, key: str | None, call: Call[Any]
) -> httpx2.Request:
    """Return the request of a call. A path that the server gave (`next`) stands for all behind the host."""
    headers = dict(call.headers)
    if call.body is not None:
        headers["Content-Type"] = call.kind
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return http.build_request(call.method, address_of(server, call.path), content=call.body, headers=headers)


def address_of(server: str, path: str) -> str:
    """Return where a path is on a server, which may stand below a path of its own that `next` begins with too."""
    prefix = httpx2.URL(server).path.rstrip("/")
    return server + (path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path)


def reply_of(response: httpx2.Response) -> Reply:
    """Return an answer; without its body, if nobody has read that yet."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content if response.is_stream_consumed else b"")


def lost(server: str, error: httpx2.TransportError) -> Lost:
    """Return what a failure means to whoever waits for an answer: the request may have come to the server, or not."""
    was_sent = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return Lost(was_sent, f"No answer from {server}: {_said(error)}.")


def ended_early(error: httpx2.TransportError) -> EndedEarly:
    """Return what a failure means to whoever reads an answer that has begun."""
    return EndedEarly(f"The answer ended early: {_said(error)}.")


def _said(error: httpx2.TransportError) -> str:
    return str(error) or type(error).__name__


class Lines:
    """Cuts a text that comes in pieces at line feeds, and at no other sign that ends a line: records hold those."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, piece: bytes) -> list[bytes]:
        """Return the lines that are whole with a piece. What is behind the last line end waits for the next."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines

    def finish(self) -> None:
        """Say that nothing more comes. Raises NoAnswer where a line is not whole."""
        if self._rest:
            raise NoAnswer("The answer ended early, in the middle of a record.")
