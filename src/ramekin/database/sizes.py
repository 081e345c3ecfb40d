"""How much a cache may hold: numbers of records, and of bytes, which may be said with a unit.

Knows no tables; see ``defining.py`` for who asks and ``storage/bounded.py`` for what limits do.
"""

from __future__ import annotations

import re
from typing import Any

from ramekin.errors import InvalidDefinition

MOST = 2**53 - 1
"""Records, and bytes: the largest number that all programs read alike."""

COUNT_SAID = f"a whole number from 1 to {MOST:,}"

_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_UNITS |= {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

SIZE = f"^([0-9]{{1,16}}) ?({'|'.join(_UNITS)})$"
"""The regular expression of a size as text."""


def is_count(number: object) -> bool:
    """Say whether there may be so many."""
    return type(number) is int and 1 <= number <= MOST


def read_size(size: Any) -> int | None:
    """Return the bytes that ``67108864`` or ``"64MiB"`` means; None is None. Raises InvalidDefinition."""
    if isinstance(size, str) and (parts := re.fullmatch(SIZE, size)) is not None:
        size = int(parts[1]) * _UNITS[parts[2]]
    if size is not None and not is_count(size):
        raise InvalidDefinition(f"'max_bytes' is {COUNT_SAID}, or text such as \"64MiB\", or null.")
    return None if size is None else int(size)
