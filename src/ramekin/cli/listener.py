"""The socket that a server listens on: which address is meant, who may reach it, and that nobody else has the port.

Knows no server; see ``serve.py``.
"""

from __future__ import annotations

import ctypes
import ipaddress
import re
import socket
import struct
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ramekin.api.edge.loopback import is_loopback
from ramekin.cli.configuration import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED_AT_ONCE = 8
"""Connections that are accepted in one turn of the event loop: 40 µs each."""

UNSENT_BYTES = 128 * 1024
"""What the system keeps of answers on a connection that it cannot send yet, since the other end does not read. Without
a bound it keeps 3.7 MiB of a dump for each reader that reads nothing, and takes 120 ms and not 40 to send 13 MB to a
reader on the same machine (Linux 6.18, November 2026)."""

_SO_ATTACH_FILTER, _BPF_RET_K = 26, 6  # of asm-generic/socket.h and linux/bpf_common.h
_NUMBERS = re.compile(r"[0-9.]+|0x[0-9a-f.x]+", re.IGNORECASE)


def bind(host: str, port: int, *, is_guarded: bool, is_shared: bool = False) -> socket.socket:
    """Return a socket that has a port, and does not listen yet: nobody is to wait on a server that still loads.

    Args:
        host: a name or an address; an IPv6 address may stand in brackets.
        is_guarded: whether requests must carry a key, or the operator said that they need none.
        is_shared: whether other processes have the port too, as `share` lets them.

    Raises:
        Refused: there is no such address, the port is taken, or everybody could reach a server that asks for no key.
    """
    family, address = _find(host, port)
    if not (is_guarded or is_loopback(address[0])):
        raise Refused(
            f"--host {host} lets other machines in, and no key is asked for: give --api-key, or say --insecure if "
            "everybody may do everything"
        )
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a server that ended do not matter
    if is_shared:
        share(listener)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        said = (error.strerror or str(error)).lower()
        raise Refused(f"cannot listen on {host}:{port}: {said}; choose another with --port or --host") from None
    # Two sockets that both say SO_REUSEADDR may have one port until one of them listens. Without it ours excludes.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)  # its connections inherit it
    return listener


def share(listener: socket.socket) -> None:
    """Let processes of this user that say so too have the port of a socket, which excludes all others."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def is_on_loopback(listener: socket.socket) -> bool:
    """Say whether only programs of this machine reach a socket."""
    return is_loopback(listener.getsockname()[0])


def listen(listener: socket.socket, backlog: int) -> None:
    """Listen, which excludes others from now on.

    The flag is set again first: without it the connections that a killed server left on the port would forbid it, and
    our own would keep the next server from it for a minute, since they inherit the flag.

    Raises:
        Refused: another server listens on the port; both began in the same moment.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.listen(backlog)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise Refused(f"cannot listen on port {listener.getsockname()[1]}: {said}") from None


@contextmanager
def doors(listener: socket.socket) -> Iterator[list[socket.socket]]:
    """Give a socket several times: libuv accepts one connection of each in one turn of the event loop.

    With one, 200 new connections wait for 200 turns beside long work: 0.45 s of processor time (uvloop 0.23).
    """
    others = [listener.dup() for _ in range(ACCEPTED_AT_ONCE - 1)]
    try:
        yield [listener, *others]
    finally:
        for other in others:
            other.close()


def take_no_more(listener: socket.socket) -> None:
    """Let nobody connect any more, where the system is Linux; those who have wait to be accepted.

    Who connects between the last accept and the close would be reset with what it has sent. So the system is given a
    program that drops all that comes to the listener: whoever tries again a second later is refused, or finds another
    process that has the port (socket(7), SO_ATTACH_FILTER).
    """
    if sys.platform == "linux":
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RET_K, 0, 0, 0), 8)
        with suppress(OSError):  # a system that only looks like Linux may not know it
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))


def accept_all(listener: socket.socket, most: int) -> list[socket.socket]:
    """Accept all who have connected, so many at the most, and close the listener."""
    accepted: list[socket.socket] = []
    take_no_more(listener)
    listener.setblocking(False)
    with listener, suppress(OSError):  # nobody waits any more
        while len(accepted) < most:
            accepted.append(listener.accept()[0])
    return accepted


def url_of(listener: socket.socket, host: str) -> str:
    """Return the address that a socket answers at."""
    name = host.strip("[]")
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}"


def _find(host: str, port: int) -> tuple[int, tuple[str, int]]:
    """Return the family and the address of a host; IPv4 where it has both. Raises Refused."""
    name = host.strip("[]")
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        if _NUMBERS.fullmatch(name):  # the system reads '0' as every address, and '127.1' as 127.0.0.1
            raise Refused(
                f"--host: '{host}' is not an address; 127.0.0.1 is this machine, 0.0.0.0 all of its addresses"
            ) from None
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise Refused(f"--host: there is no address '{host}' here") from None
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address[:2] if family == socket.AF_INET else address  # type: ignore[return-value]
