"""Record ids: what an id may be, its key, its order, and new ones (UUIDv7); and tokens, which are chance alone.

An id is text or a 64-bit integer and is kept in the type it was sent in. Its *key* is its text, so that ``1`` and
``"1"`` address one record. Chance is an object that a test can set: nowhere else is the machine asked for random bits.
Knows nothing of tables; see ``storage/table.py`` for who keeps records under keys.
"""

from __future__ import annotations

import os
import re
import secrets
from contextvars import ContextVar
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ramekin.clock import SYSTEM, Clock, MovableClock
from ramekin.errors import InvalidId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


RecordId = int | str
"""An id in the type it was sent in."""

IdSortKey = tuple[int, Any]

MAX_ID_CHARS = 255
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/]")
SURE_DIGITS = 19
"""Fewer of them always fit into 64 bits."""

RULE = "An id is text of 1 to 255 characters without control characters or '/', not '.' or '..', or a 64-bit integer."


def id_key(value: object) -> str:
    """Return the key of an id: its text.

    Raises:
        InvalidId: the value is neither proper text nor an integer of 64 bits.
    """
    if type(value) is str:
        if 0 < len(value) <= MAX_ID_CHARS and value not in (".", ".."):
            is_plain = value.isprintable() and "/" not in value  # as most are, which is seen in a fifth of the time
            if is_plain or not _FORBIDDEN.search(value):
                return value
    elif type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return str(value)
    raise InvalidId(RULE)


def looks_like_integer(key: str) -> bool:
    """Say whether a key is the text of a 64-bit integer, written as `str` writes it."""
    digits = key[1:] if key[:1] == "-" else key
    if not (digits.isdecimal() and digits.isascii()) or (digits[0] == "0" and key != "0"):
        return False
    return len(digits) < SURE_DIGITS or (len(digits) == SURE_DIGITS and INT64_MIN <= int(key) <= INT64_MAX)


def id_order(record_id: int | str | None) -> IdSortKey:
    """Return what ids are sorted by: integers by value, then texts by code point, no id last."""
    if type(record_id) is int:
        return (0, record_id)
    return (2, 0) if record_id is None else (1, record_id)


def sort_ids(ids: Iterable[int | str]) -> list[int | str]:
    """Return ids in their order. Cost: O(n log n), without a key for each where all are of one type."""
    found = list(ids)
    try:
        found.sort()  # two types raise
    except TypeError:
        found.sort(key=id_order)
    return found


random_bits: Callable[[int], int] = secrets.randbits
"""Returns a random integer of so many bits, from the system."""

_TAIL_BYTES, _TAILS = 5, 800
"""Bytes of an id that are its own, and for how many ids they are made at once: to ask for those of each is dear."""

_COUNTS = tuple([f"{number:02x}" for number in range(256)])
_HEAD_NOISE = (1 << 26) - 1
_LOW, _VARIANT = (1 << 14) - 1, 2 << 14
"""The head's bits behind the version, and the variant that is written in front of them."""

_system_tails: list[str] = []
if hasattr(os, "register_at_fork"):  # Windows has no fork; a child would make the ids of its parent
    os.register_at_fork(after_in_child=_system_tails.clear)


class IdSource:
    """Makes ids from a clock and random bits, which a test may give: UUIDs of version 7, and tokens.

    Guarantee: each UUID is greater than the one before, also within a millisecond and when the clock steps back.

    Source: RFC 9562, section 5.7, with the counter of section 6.2, method 1. Behind the milliseconds stand 26 random
    bits and a counter of 8 that begins in its lower half, by chance once per millisecond; then 40 random bits of each
    id. A counter that is full takes one from the bits before it, and these from the milliseconds.
    """

    def __init__(self, clock: Clock = SYSTEM, randbits: Callable[[int], int] | None = None) -> None:
        self.clock, self._wall_ms = clock, clock.wall_ms
        self._randbits = randbits or random_bits
        self._tails: list[str] = _system_tails if randbits is None else []
        # What the last id has: 48 bits of milliseconds with 26 random ones, how these are written, and the counter.
        self._head, self._digits, self._count = 0, "", 0
        self._ms = -(1 << 63)  # those of the head, less than any clock has

    def __call__(self) -> UUID:
        """Return the next id. Cost: O(1)."""
        return UUID(self.text())

    def text(self) -> str:
        """Return the text of the next id. Cost: O(1); most within a millisecond begin with the same 24 digits."""
        now_ms, count = self._wall_ms(), self._count + 1
        if now_ms > self._ms:
            count = self._begin(max(0, now_ms) << 26, _HEAD_NOISE)
        self._count = count
        try:
            return f"{self._digits}{_COUNTS[count]}{self._tails.pop()}"
        except IndexError:
            if count >= len(_COUNTS):
                self._count = self._begin(self._head + 1, 0)
            else:
                chance = self._randbits(8 * _TAIL_BYTES * _TAILS).to_bytes(_TAIL_BYTES * _TAILS)
                self._tails += chance.hex(" ", _TAIL_BYTES).split(" ")
            return self.text()

    def _begin(self, head: int, noise: int) -> int:
        """Let what follows begin with a head, whose bits of `noise` are random; return where the counter begins."""
        chance = self._randbits(33)
        self._head = head = head | chance >> 7 & noise
        self._ms, high = head >> 26, f"{head >> 14:015x}"
        self._digits = f"{high[:8]}-{high[8:12]}-7{high[12:]}-{head & _LOW | _VARIANT:x}-"
        return chance & 127

    def token(self, size_bytes: int) -> str:
        """Return random digits, two for each byte: what tells this run, file or directory from all others."""
        return f"{self._randbits(8 * size_bytes):0{2 * size_bytes}x}"


Chance = Random
"""Numbers by chance, which repeat with a seed: for faults on purpose, and for ids that are to be guessed."""


class RepeatedIds(IdSource):
    """Makes the same ids in each run that begins with the same seed: their time is that of the clock once it was set.

    Until then it stands at the beginning of 2026, since no two runs begin at the same moment.
    """

    def __init__(self, clock: MovableClock, seed: int) -> None:
        super().__init__(clock, Chance(seed).getrandbits)
        self._wall_ms = lambda: _BEGINNING_MS if clock.is_real else clock.wall_ms()


_BEGINNING_MS = 1_767_225_600_000

SYSTEM_IDS = IdSource()
"""The process's own source."""

current_ids: ContextVar[IdSource] = ContextVar("current_ids", default=SYSTEM_IDS)
"""The source of the database whose model is making a record just now; elsewhere the process's own."""


A_UUID = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
"""Stands for any: what takes this one takes them all."""


def uuid7() -> UUID:
    """Return a new UUID, whose order is that of time: for the defaults of models, which follow their database's ids."""
    return current_ids.get()()
