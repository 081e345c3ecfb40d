"""How long records live, as requests say it and answers tell it. Knows no records; see ``database/lifetimes.py``."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from ramekin.database.lifetimes import NEVER, Ttl, check_ttl
from ramekin.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_ttl(words: Mapping[str, Any]) -> Ttl | None:
    """Return the time to live that an address asks for, None where it says nothing. Raises InvalidParameter."""
    if "ttl" not in words:
        return None
    text = words["ttl"]
    ttl = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else text
    try:
        check_ttl(ttl)
    except InvalidParameter as error:
        raise error.of("query") from None
    return NEVER if ttl == NEVER else int(ttl)


def expires_line(due: int) -> str:
    """Return the header that tells when a record is due. Source: RFC 9111, section 5.3."""
    return f"expires: {http_date(due)}\r\n"


def http_date(second: int) -> str:
    """Return a second since 1970 as headers have it."""
    return formatdate(second, usegmt=True)
