"""Keys: what somebody shows to be known, and what each may do.

A secret is forgotten as soon as its hash is known, and only hashes are compared. A key is written ``SECRET``, which may
do everything, or ``NAME:ROLE=SECRET`` or ``NAME:ROLE:TABLES=SECRET``, with commas between the tables. Knows no HTTP;
see ``key_file.py`` for keys in a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ramekin.access.roles import ROLES, Grant, Role
from ramekin.clock import SYSTEM, Clock
from ramekin.schema.definition import TABLE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


FORM = "a key is SECRET, NAME:ROLE=SECRET or NAME:ROLE:TABLES=SECRET; what stands before a = is a name and has a role"

_NAMED = re.compile(r"([^:=]*):([A-Za-z]*)(?::([^=]*))?=(.*)", re.DOTALL)
_HALF_NAMED = re.compile(rf"[^:=]*:({'|'.join(ROLES)})(:.*)?|[a-z0-9-]{{1,63}}=[^=].*", re.DOTALL | re.IGNORECASE)
"""What is meant to have a name: taken for a secret, a slip would be a key that may do everything."""

_UNFINISHED = re.compile(rf"\s*[^:=,]*:({'|'.join(ROLES)}):[^=]*")
"""A key up to a comma between its tables."""

_NAME = re.compile(r"[a-z0-9-]{1,63}")
_TABLE = re.compile(rf"{TABLE_NAME}\*?|\*")


def is_secret(text: str) -> bool:
    """Say whether a request could send this as its key: visible ASCII characters, and no space."""
    return bool(text) and all("!" <= character <= "~" for character in text)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Key:
    """What a secret opens."""

    grant: Grant
    secret_sha256: bytes
    expires_ms: int | None = None
    """When it no longer does, in milliseconds since 1970; None: never."""


def make_grant(name: str, role: str, tables: Sequence[str] | None = None) -> Grant:
    """Return a grant of the words in which it is written. Raises ValueError: one of them cannot be."""
    if not _NAME.fullmatch(name):
        raise ValueError("the name of a key is 1 to 63 of a-z, 0-9 and -")
    found: list[Role] = [known for known in ROLES if known == role]
    if not found:
        raise ValueError(f"the role of a key is one of {', '.join(ROLES)}")
    if tables is not None and not (tables and all(map(_TABLE.fullmatch, tables))):
        raise ValueError("the tables of a key are names with commas between; a * at the end of one stands for any end")
    return Grant(name, found[0], None if tables is None or "*" in tables else tuple(tables))


def read_key(text: str, name: str = "key-1") -> Key:
    """Return a key from its text; one that is a secret alone has the given name.

    Raises:
        ValueError: it cannot be read, or no request could send the secret. The message repeats nothing of it.
    """
    secret = secret_in(text)
    if not is_secret(secret):
        raise ValueError("no request can send this key; visible ASCII characters without spaces make one")
    if "," in secret:
        raise ValueError("a secret has no comma: in a variable one stands between keys")
    named = _NAMED.fullmatch(text)
    if named is None:
        return Key(Grant(name, "admin"), digest_of(secret))
    tables = None if named[3] is None else split_tables(named[3])
    return Key(make_grant(named[1], named[2], tables), digest_of(secret))


def split_tables(text: str) -> list[str]:
    """Return the names of tables that stand in one text with commas between."""
    return [table.strip() for table in text.split(",")]


def secret_in(text: str) -> str:
    """Return what is sent of a key that is written out. Raises ValueError: it has half a name."""
    if named := _NAMED.fullmatch(text):
        return named[4]
    if _HALF_NAMED.fullmatch(text):
        raise ValueError(FORM)
    return text


def split_keys(text: str) -> list[str]:
    """Return keys that stand in one text with commas between, some of which may stand between names of tables.

    Raises:
        ValueError: some have a name and some have none. One without may be the rest of a secret that has a comma, and
            as a key it would be one that may do everything.
    """
    keys: list[str] = []
    for piece in text.split(","):
        if keys and _UNFINISHED.fullmatch(keys[-1]):
            keys[-1] += f",{piece}"
        else:
            keys.append(piece)
    named = [_NAMED.fullmatch(key.strip()) is not None for key in keys if key.strip()]
    if any(named) and not all(named):
        raise ValueError("all keys have a name here, or none; a secret has no comma, since one stands between keys")
    return keys


def read_keys(texts: Iterable[str]) -> list[Key]:
    """Return the keys of some texts; those that are a secret alone are named key-1, key-2. Raises as `read_key`."""
    keys: list[Key] = []
    unnamed = 1
    for text in texts:
        keys.append(read_key(text, f"key-{unnamed}"))
        unnamed += secret_in(text) == text
    return keys


class Keys:
    """The keys that are taken; none means that everybody may ask.

    Raises:
        ValueError: two keys have one name, or one secret; or one secret is empty.
    """

    def __init__(self, keys: Iterable[Key] = (), clock: Clock = SYSTEM) -> None:
        given = [*keys]
        self._clock = clock
        if any(key.secret_sha256 == digest_of("") for key in given):
            raise ValueError("an empty secret opens nothing")
        self._keys = {
            key.secret_sha256: replace(key, grant=replace(key.grant, secret_sha256=key.secret_sha256)) for key in given
        }
        names = {key.grant.name for key in given}
        if len(names) < len(given):
            raise ValueError("two keys have one name")
        if len(self._keys) < len(given):
            raise ValueError("two keys have one secret")

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def are_expired(self) -> bool:
        """Whether there are keys, and none opens anything any more. Cost: O(keys)."""
        now_ms, moments = self._clock.wall_ms(), [key.expires_ms for key in self._keys.values()]
        return bool(moments) and all(moment is not None and moment <= now_ms for moment in moments)

    def has(self, grant: Grant) -> bool:
        """Say whether the secret that a grant was found by opens the same now."""
        return self.find_digest(grant.secret_sha256) == grant

    def find(self, secret: str) -> Grant | None:
        """Return what a secret opens; None for one that is unknown or has expired."""
        return self.find_digest(digest_of(secret))

    def find_digest(self, secret_sha256: bytes) -> Grant | None:
        """Return what the secret opens that has this hash.

        Guarantee: the time that it takes tells nothing of the secrets. What is looked up is a hash of what was sent,
        which whoever sends cannot choose.
        """
        key = self._keys.get(secret_sha256)
        if key is None or (key.expires_ms is not None and key.expires_ms <= self._clock.wall_ms()):
            return None
        return key.grant
