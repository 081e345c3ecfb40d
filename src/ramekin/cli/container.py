"""Whether a server is ready, and where that of this container listens, for the check that its image runs beside it.

It runs again and again, so it asks by the standard library, in a tenth of the time that the client takes to begin. A
container's first process is the server, or a small `init` that names it, so its command line says what flags it was
given.
"""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

from ramekin.cli.configuration import json_server_defaults

FIRST = Path("/proc/1/cmdline")


def is_ready(url: str) -> bool:
    """Say whether the server at an address answers that it takes requests."""
    parts = urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/health/ready")
        return connection.getresponse().status == 200
    except (OSError, UnicodeError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def flags_of_first_process(*names: str, cmdline: Path = FIRST) -> dict[str, str]:
    """Return the values of some flags of a command that starts a server, where that is what the first process runs."""
    try:
        words = cmdline.read_text(errors="replace").split("\0")
    except OSError:
        return {}
    at = next((i for i, word in enumerate(words) if word.rpartition("/")[2] == "ramekin"), len(words))
    commands = {"serve", "demo", "json-server"}.intersection(words[at : at + 2])
    if not commands:
        return {}
    found = json_server_defaults() if "json-server" in commands else {}
    found = {name: value for name, value in found.items() if name in names}
    for word, following in zip(words[at:], [*words[at + 1 :], ""], strict=True):
        flag, is_joined, value = word.partition("=")
        name = flag.removeprefix("--")
        if flag.startswith("--") and name in names:
            found[name] = value if is_joined else following
    return found
