"""Ports for programs that take them by number: nobody else is given one between the look and the moment when it is taken.

The system gives out numbers from above these to whoever connects or asks for any port, and each process of the tests has
some of its own. So a program that is ended may be started again on its port, too.
"""

from __future__ import annotations

import os
import socket
from itertools import cycle

FIRST, EACH, PROCESSES = 10_000, 500, 25
"""The first port, how many each process of the tests has, and how many processes there may be."""

BESIDE = 10_000
"""How far above the port of a node in a cluster the one is that it speaks to other nodes at: below 32,768, too."""

_begin = FIRST + EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % PROCESSES)
_next = cycle([_begin + (os.getpid() + number) % EACH for number in range(EACH)])


def free_ports(count: int, *, for_cluster: bool = False) -> list[int]:
    """Return ports that are free; for nodes of a cluster, those `BESIDE` them too."""
    found: list[int] = []
    for _ in range(EACH):
        port = next(_next)
        if _is_free(port) and (not for_cluster or _is_free(port + BESIDE)):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def free_port() -> int:
    """Return a port that is free."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
