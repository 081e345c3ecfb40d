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
from struct import unpack
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ramekin.clock import SYSTEM
from ramekin.errors import InvalidId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ramekin.clock import Clock, MovableClock

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


WORD_BITS = 32


class _Noise:
    """Random bits from the system, fetched 4 KiB at a time: a call for each id would cost half of making it.

    Threads may share it. A process that was forked fetches bits of its own, or it would make the ids of the first one.
    """

    def __init__(self) -> None:
        self._words: list[int] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._words.clear)

    def bits(self, count: int) -> int:
        """Return a random integer of that many bits. Cost: O(count)."""
        if count == WORD_BITS and self._words:
            return self._words.pop()
        value = made = 0
        while made < count:
            try:
                value, made = value << WORD_BITS | self._words.pop(), made + WORD_BITS
            except IndexError:
                self._words += unpack("1024I", secrets.token_bytes(4096))
        return value >> made - count


_NOISE = _Noise()
random_bits = _NOISE.bits

_LOW, _VARIANT = (1 << 14) - 1, 2 << 14
"""The head's bits behind the version, and the variant that is written in front of them."""
_TAIL = (1 << 48) - 1
"""The bits of a UUID's last 12 digits."""


class IdSource:
    """Makes ids from a clock and random bits, which a test may give: UUIDs of version 7, and tokens.

    Guarantee: each UUID is greater than the one before, also within a millisecond and when the clock steps back.

    Source: RFC 9562, section 5.7, with the monotonic random of section 6.2, method 2: the 74 random bits are seeded
    once per millisecond and then grow by a random step, and an overflow borrows from the next millisecond.
    """

    def __init__(self, clock: Clock = SYSTEM, randbits: Callable[[int], int] | None = None) -> None:
        self.clock, self._wall_ms = clock, clock.wall_ms
        self._randbits = randbits or _NOISE.bits
        # The last id: 48 bits of milliseconds, then 74 random bits, of which 48 are the tail. The milliseconds, and how
        # the head is written, stand here once more.
        self._head = self._tail = self._ms = 0
        self._digits = ""

    def __call__(self) -> UUID:
        """Return the next id. Cost: O(1)."""
        return UUID(self.text())

    def text(self) -> str:
        """Return the text of the next id. Cost: O(1); most within a millisecond begin with the same 24 digits."""
        now_ms, head = self._wall_ms(), self._head
        if now_ms > self._ms:
            noise = self._randbits(73)  # the top bit stays clear: room to grow within the millisecond
            head, tail = now_ms << 26 | noise >> 48, noise & _TAIL
        else:
            tail = self._tail + 1 + self._randbits(WORD_BITS)
            if tail > _TAIL:
                head, tail = head + 1, tail & _TAIL
        self._tail = tail
        if head != self._head:
            self._head, self._ms = head, head >> 26
            high = f"{head >> 14:015x}"
            self._digits = f"{high[:8]}-{high[8:12]}-7{high[12:]}-{head & _LOW | _VARIANT:x}-"
        return "%s%012x" % (self._digits, tail)  # noqa: UP031  # in two thirds of the time of an f-string

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
