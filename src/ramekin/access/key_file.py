"""Keys in a file: TOML, with the hashes of their secrets alone, so that whoever reads it has no key.

    [keys.reports]
    role = "read"
    tables = ["users", "order*"]
    secret_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    expires = 2027-01-01T00:00:00Z

`tables` and `expires` may be left out. Knows no settings; see ``cli/key_settings.py`` for when a file is read.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from ramekin.access.keys import Key, make_grant, split_tables
from ramekin.errors import did_you_mean, shorten

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024 * 1024
"""Bytes of a file of keys at the most: 5,000 keys."""

_NO_MOMENT = "expires is a moment such as 2027-01-01T00:00:00Z"
MEMBERS = ("role", "tables", "secret_sha256", "expires")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


class KeyFileFault(Exception):
    """A file of keys cannot be read; the text says why, without a word of what a key has in it."""


def read_key_file(path: Path) -> list[Key]:
    """Return the keys of a file, at least one.

    Raises:
        KeyFileFault: it is not there, is not valid TOML, or not in the form above, or has no key, which lets all in.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise KeyFileFault("it is a pipe or a device: whoever reads that may wait for ever")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise KeyFileFault(f"it has more than {MAX_BYTES} bytes")
        document = tomllib.loads(content.decode())
    except OSError as error:
        raise KeyFileFault((error.strerror or str(error)).lower()) from None
    except UnicodeDecodeError:
        raise KeyFileFault("it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at ([^)]*)\)", str(error))
        raise KeyFileFault(f"it is not valid TOML{f', at {place[1]}' if place else ''}") from None
    except RecursionError:
        raise KeyFileFault("it is not valid TOML: it is nested too deeply") from None
    keys = document.get("keys")
    if set(document) - {"keys"} or not isinstance(keys, dict) or not keys:
        raise KeyFileFault("it holds tables [keys.NAME], at least one, and nothing else")
    return [_read_key(name, told) for name, told in keys.items()]


def _read_key(name: str, told: Any) -> Key:
    try:
        if not isinstance(told, dict):
            raise ValueError("it is a table [keys.NAME]")
        for member in told:
            if member not in MEMBERS:
                raise ValueError(f"it has no member '{shorten(member)}'. {did_you_mean(member, MEMBERS)}".rstrip())
        digest = told.get("secret_sha256")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ValueError("secret_sha256 is the SHA-256 of its secret, in 64 hexadecimal digits")
        grant = make_grant(name, str(told.get("role")), _read_tables(told["tables"]) if "tables" in told else None)
        return Key(grant, bytes.fromhex(digest), _read_moment(told["expires"]) if "expires" in told else None)
    except ValueError as error:
        raise KeyFileFault(f"[keys.{shorten(name)}]: {error}") from None


def _read_tables(value: Any) -> list[str]:
    if isinstance(value, str):
        return split_tables(value)
    if not isinstance(value, list) or not all(isinstance(table, str) for table in value):
        raise ValueError('tables is an array of names, such as ["users", "order*"]')
    return value


def _read_moment(value: Any) -> int:
    """Return a moment in milliseconds since 1970; one without an offset is in UTC, a day its beginning."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise ValueError(_NO_MOMENT)
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)


def parse_moment(text: str) -> int:
    """Return a moment as a file has it, in milliseconds since 1970. Raises ValueError."""
    try:
        return _read_moment(tomllib.loads(f"moment = {text}")["moment"])
    except tomllib.TOMLDecodeError:
        raise ValueError(_NO_MOMENT) from None


def print_key(key: Key) -> str:
    """Return the lines of a key in a file."""
    lines = [f"[keys.{key.grant.name}]", f'role = "{key.grant.role}"']
    if key.grant.tables is not None:
        lines.append("tables = [" + ", ".join([f'"{table}"' for table in key.grant.tables]) + "]")
    lines.append(f'secret_sha256 = "{key.secret_sha256.hex()}"')
    if key.expires_ms is not None:
        lines.append(f"expires = {datetime.fromtimestamp(key.expires_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}")
    return "\n".join(lines) + "\n"
