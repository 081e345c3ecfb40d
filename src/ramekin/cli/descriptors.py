"""How many connections the system lets a process have: each takes a descriptor, and so does every file.

Knows no connections; see ``api/wire/doorkeeper.py`` for who counts them.
"""

from __future__ import annotations

from math import inf

import structlog

from ramekin.cli.configuration import Refused

LEAST = 64
"""Descriptors without which no server begins: it takes more than 20 by itself, and a quarter is for connections."""

KEPT = 256
"""Descriptors for everything else: logs, snapshots and backups being written, and guests, who may ask for health."""

_log = structlog.get_logger("ramekin")


def raise_limit() -> float:
    """Raise the limit of descriptors as far as the system allows, and return it. Raises Refused: they are too few."""
    try:
        import resource
    except ImportError:  # on Windows, which has no such limit
        return inf
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # not on every system up to the hard limit
            pass
    if soft == resource.RLIM_INFINITY:
        return inf
    if soft < LEAST:
        raise Refused(
            f"a server needs at least {LEAST} descriptors (open files), and may have {soft}: raise the hard limit, as "
            "`ulimit -n 4096`, LimitNOFILE=4096 of systemd or --ulimit nofile=4096 of a container do"
        )
    return soft


def room_for(connections: int) -> int:
    """Return how many connections there is room for. Raises as `raise_limit`."""
    descriptors = raise_limit()
    room = int(min(connections, max(descriptors - KEPT, descriptors // 4)))
    if room < connections:
        _log.warning("fewer connections than asked for", room=room, asked=connections, descriptors=descriptors)
    return room
