"""Where nodes are, and how one is let in: read from a URL such as ``valkey://user:secret@host:6379,other:6379``."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

PORT = 6379
"""Where nodes listen if nothing else is said."""

_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
"""The schemes that are known, and whether the connection is encrypted."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A node's host and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """How a node is reached and lets us in: the same for each node of a cluster."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_encrypted: bool = False
    authorities: Path | None = None
    """The certificates that are trusted, in place of the system's."""

    def encryption(self) -> ssl.SSLContext | None:
        """Return how connections are encrypted; None: they are not. Raises ValueError: a file cannot be used."""
        if not self.is_encrypted:
            return None
        try:
            return ssl.create_default_context(cafile=self.authorities)
        except OSError:  # as is ssl.SSLError
            raise ValueError("The file that 'ca' names cannot be read as certificates.") from None


@dataclass(frozen=True, slots=True)
class Servers:
    """Some nodes by which all are found, and how they let us in."""

    addresses: tuple[Address, ...]
    login: Login = Login()

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Self:
        """Read a URL. Raises ValueError, which repeats nothing of it: it may hold a password.

        Args:
            password: the one that lets us in, where the URL does not say it.
        """
        parts = _split(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError("It begins with valkey:// or redis://, or with valkeys:// or rediss:// for TLS.")
        if parts.path not in ("", "/") or parts.fragment:
            raise ValueError("Nothing stands behind the addresses, but '?ca=FILE'.")
        who, _, where = parts.netloc.rpartition("@")
        user, _, said = who.partition(":")
        if said and password:
            raise ValueError("There are two passwords: one in the address, and one beside it.")
        if who and not (said or password):
            raise ValueError("Write the password behind ':', as in valkey://user:secret@host or valkey://:secret@host.")
        addresses = tuple(_read_address(text) for text in where.split(","))
        secret = password or unquote(said) or None
        login = Login(unquote(user) or None, secret, _SCHEMES[parts.scheme], _read_authorities(parts.query))
        if login.authorities is not None and not login.is_encrypted:
            raise ValueError("'ca' is of use with valkeys:// or rediss:// only.")
        login.encryption()
        return cls(addresses, login)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # whose text may repeat the URL
        raise ValueError("It is no address such as valkey://127.0.0.1:6379.") from None


def _read_address(text: str) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host or text != text.strip():
        raise ValueError("The addresses are host:port, with ',' between them; an IPv6 address stands in [ ].")
    return Address(host, port)


def _read_authorities(query: str) -> Path | None:
    found = dict(parse_qsl(query, keep_blank_values=True))
    if found.keys() - {"ca"} or found.get("ca") == "":
        raise ValueError("The one option is '?ca=FILE', a file of certificates that are trusted.")
    return Path(found["ca"]) if found else None
