"""Requests and answers as bytes on a socket, for what a client library would hide."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server


class Wire:
    """A connection; `read` gives one answer as it came."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.rest = sock, b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def ask(self, data: bytes) -> bytes:
        self.sock.sendall(data)
        return self.read(is_head=data.startswith(b"HEAD "))

    def read(self, *, is_head: bool = False) -> bytes:
        while b"\r\n\r\n" not in self.rest:
            self._receive()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head.lower():
            return head + b"\r\n\r\n" + self._read_chunks()
        found = re.search(rb"content-length: (\d+)", head.lower())
        size = 0 if found is None or is_head else int(found[1])
        while len(self.rest) < size:
            self._receive()
        body, self.rest = self.rest[:size], self.rest[size:]
        return head + b"\r\n\r\n" + body

    def _read_chunks(self) -> bytes:
        body, size = b"", -1
        while size:
            while b"\r\n" not in self.rest:
                self._receive()
            size = int(self.rest.partition(b"\r\n")[0], 16)
            end = self.rest.index(b"\r\n") + 2 + size + 2
            while len(self.rest) < end:
                self._receive()
            body, self.rest = body + self.rest[:end], self.rest[end:]
        return body

    def is_closed(self) -> bool:
        """Wait until the server closes the connection; False if it sends something instead, or nothing for 30 s."""
        try:
            return self.rest == b"" and self.sock.recv(1) == b""
        except (ConnectionError, TimeoutError) as error:
            return isinstance(error, ConnectionError)

    def _receive(self) -> None:
        data = self.sock.recv(65_536)
        assert data, f"the server closed the connection after {self.rest!r}"
        self.rest += data


@contextmanager
def wire(server: Server) -> Iterator[Wire]:
    """Open a connection to a server."""
    with connect(int(server.url.rpartition(":")[2])) as connection:
        yield connection


@contextmanager
def connect(port: int, *, source: str = "127.0.0.1") -> Iterator[Wire]:
    """Open a connection to a port of this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Wire(sock)


def request(
    method: str, path: str, body: bytes | None = None, *, kind: str = "application/json", **headers: str
) -> bytes:
    """Return a request as bytes; underscores in the names of headers stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += [f"Content-Type: {kind}"] * bool(kind) + [f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")
