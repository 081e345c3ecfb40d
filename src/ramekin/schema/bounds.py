"""How long records live, and how many there may be: what definitions say in numbers, and classes of models too.

    class Session(BaseModel):
        __expire_after_s__ = 3600
        __max_records__ = 10_000
        __max_bytes__ = "64MiB"

Knows no tables; see ``engine/expirations.py`` and ``storage/bounded.py`` for what comes of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict

from ramekin.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LIFETIME_S = 100 * 366 * 24 * 3600
"""The longest: a hundred years."""

LIFETIME_SAID = f"a whole number of seconds from 1 to {MAX_LIFETIME_S:,}"

MOST = 2**53 - 1
"""Records, and bytes: the largest number that all programs read alike."""

_COUNT_SAID = f"a whole number from 1 to {MOST:,}"

UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
UNITS |= {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
"""Of sizes as people write them, and how many bytes each is."""

_SIZES = [f"[1-9][0-9]{{0,{15 - len(str(size))}}}{' ?' if unit else ''}{unit}" for unit, size in UNITS.items()]
SIZE = f"^({'|'.join(_SIZES)})$"
"""The regular expression of a size as text: of so many digits that none is 0, or more than `MOST`."""


class Bounds(TypedDict):
    """What is said, as a `Definition` has it; None where nothing is."""

    expire_after_s: int | None
    max_records: int | None
    max_bytes: int | None


NAMES = ("expire_after_s", "max_records", "max_bytes")


def is_lifetime(seconds: object) -> bool:
    """Say whether a record may live for so many seconds."""
    return _is_from_1_to(seconds, MAX_LIFETIME_S)


def read_bounds(said: Mapping[str, Any]) -> Bounds:
    """Return the bounds among the members of a definition. Raises InvalidDefinition."""
    lifetime_s, max_records = said.get("expire_after_s"), said.get("max_records")
    if lifetime_s is not None and not is_lifetime(lifetime_s):
        raise InvalidDefinition(f"'expire_after_s' is {LIFETIME_SAID}, or null.").within("expire_after_s")
    if max_records is not None and not _is_from_1_to(max_records, MOST):
        raise InvalidDefinition(f"'max_records' is {_COUNT_SAID}, or null.").within("max_records")
    return {"expire_after_s": lifetime_s, "max_records": max_records, "max_bytes": _read_size(said.get("max_bytes"))}


def bounds_of(model: type) -> Bounds:
    """Return the bounds that a class says of its table, or one that it is made from. Raises InvalidDefinition."""
    return read_bounds({name: getattr(model, f"__{name}__", None) for name in NAMES})


def _read_size(size: Any) -> int | None:
    """Return the bytes that ``67108864`` or ``"64MiB"`` means; None is None. Raises InvalidDefinition."""
    if isinstance(size, str) and re.fullmatch(SIZE, size) is not None:
        digits = size.rstrip("KMGTikB ")
        size = int(digits) * UNITS[size[len(digits) :].lstrip()]
    if size is not None and not _is_from_1_to(size, MOST):
        raise InvalidDefinition(f"'max_bytes' is {_COUNT_SAID}, or text such as \"64MiB\", or null.").within(
            "max_bytes"
        )
    return None if size is None else int(size)


def _is_from_1_to(number: object, most: int) -> bool:
    return type(number) is int and 1 <= number <= most
