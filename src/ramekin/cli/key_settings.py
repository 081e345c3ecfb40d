"""Keys of a server: read from its settings, read again while it runs, and made.

Knows no HTTP; see ``access/`` for what a key is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from ramekin.access.key_file import KeyFileFault, parse_moment, print_key, read_key_file
from ramekin.access.keys import Key, Keys, digest_of, make_grant, read_keys, secret_in, split_tables
from ramekin.cli.configuration import Refused, refusing
from ramekin.clock import SYSTEM
from ramekin.values.ids import IdSource

if TYPE_CHECKING:
    from ramekin.api.edge.edge import Edge
    from ramekin.settings import Settings

PREFIX = "rmk_"
"""What a secret begins with, so that scanners of repositories and logs know one."""

SECRET_BYTES = 32


def keys_of(settings: Settings) -> Keys:
    """Return the keys that a server takes. Raises Refused."""
    with refusing("--api-key" if settings.keys_file is None else "--keys-file", (ValueError, KeyFileFault)):
        keys = read_keys(settings.api_key)  # which were looked at as settings are read
        if settings.keys_file is not None:
            keys += read_key_file(settings.keys_file)
        return Keys(keys)


def secret_of(text: str) -> str:
    """Return what a client sends of a key that is written as a server takes it. Raises Refused."""
    with refusing("--api-key"):
        return secret_in(text)


def tell_expired(keys: Keys) -> None:
    """Say in the log that nobody can be let in, where that is so."""
    if keys.are_expired:
        structlog.get_logger("ramekin").warning("all_keys_expired", keys=len(keys))


class KeyReader:
    """Reads the keys of a running server again when it is asked to; those that cannot be read leave the old ones."""

    def __init__(self, edge: Edge, settings: Settings) -> None:
        self._edge, self._settings = edge, settings
        self._turn = asyncio.Lock()
        self._reading: set[asyncio.Task[None]] = set()

    def read_again(self) -> None:
        """Begin to read the keys again, behind a reading that is under way."""
        task = asyncio.get_running_loop().create_task(self._read())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self) -> None:
        log = structlog.get_logger("ramekin")
        async with self._turn:
            try:
                self._edge.take(await asyncio.to_thread(keys_of, self._settings))
            except Refused as refused:
                log.error("keys_kept", reason=str(refused))
            else:
                log.info("keys_read", keys=len(self._edge.keys))
                tell_expired(self._edge.keys)


def create_key(name: str, role: str, tables: str | None, expires: str | None) -> str:
    """Return a new secret, and the lines of its key for a file. Raises Refused.

    Cost: the secret is told this once; nobody can find it from the lines.
    """
    secret = PREFIX + IdSource().token(SECRET_BYTES)
    try:
        names = None if tables is None else split_tables(tables)
        expires_ms = None if expires is None else parse_moment(expires)
        if expires_ms is not None and expires_ms <= SYSTEM.wall_ms():
            raise ValueError("expires is a moment to come")
        key = Key(make_grant(name, role, names), digest_of(secret), expires_ms)
    except ValueError as error:
        raise Refused(str(error)) from None
    return f"{secret}\n\n{print_key(key)}"
