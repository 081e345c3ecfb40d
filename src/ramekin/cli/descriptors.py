"""How many connections the system lets a process have: each takes a descriptor, and so does every file.

Knows no connections; see ``api/wire/doorkeeper.py`` for who counts them.
"""

from __future__ import annotations

import structlog

KEPT = 256
"""Descriptors for everything else: logs, snapshots and backups being written, and guests, who may ask for health."""

_log = structlog.get_logger("ramekin")


def room_for(connections: int) -> int:
    """Raise the limit of descriptors as far as the system allows; return how many connections there is room for."""
    try:
        import resource
    except ImportError:  # on Windows, which has no such limit
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # not on every system up to the hard limit
            pass
    if soft == resource.RLIM_INFINITY:
        return connections
    room = max(soft - KEPT, soft // 4)
    if room < connections:
        _log.warning("fewer connections than asked for", room=room, asked=connections, descriptors=soft)
    return min(room, connections)
