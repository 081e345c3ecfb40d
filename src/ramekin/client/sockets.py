"""The sockets of a client that blocks, so that closing it wakes whoever waits for an answer.

A socket that is closed while another thread reads it does not wake that thread, and its number may be given to another
file meanwhile. One that is shut down does: the reader sees the end of the answer. Knows no HTTP.
"""

from __future__ import annotations

from contextlib import suppress
from socket import SHUT_RDWR, socket
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MADE = (".connect_tcp.complete", ".connect_unix_socket.complete", ".start_tls.complete")


class Sockets:
    """Those that are open."""

    def __init__(self) -> None:
        self._lock, self._open, self._is_shut = Lock(), list[socket](), False

    def trace(self, event: str, told: Mapping[str, Any]) -> None:
        """Take note of a socket that was made: the `trace` of each request of httpx2."""
        if event.endswith(_MADE):
            made = told["return_value"].get_extra_info("socket")
            with self._lock:
                self._open = [*(one for one in self._open if one.fileno() >= 0), made]
            if self._is_shut:
                _shut(made)

    def shut(self) -> None:
        """Shut down all of them, and those that are still to come."""
        self._is_shut = True
        with self._lock:
            for one in self._open:
                _shut(one)


def _shut(one: socket) -> None:
    with suppress(OSError):  # the other side was first
        socket.shutdown(one, SHUT_RDWR)  # not SSLSocket's, which ends TLS: a reader would take ciphertext for an answer
