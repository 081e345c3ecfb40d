"""Where the server of this container listens, for the health check that the image runs beside it.

A container's first process is the server, or a small `init` that names it, so its command line says what flags it was
given.
"""

from __future__ import annotations

from pathlib import Path

from ramekin.cli.configuration import json_server_defaults

FIRST = Path("/proc/1/cmdline")


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
