"""How many bytes a request holds while it is answered, guessed before; see ``flight.py`` for what becomes of it.

The figures are what the kernel counted (RSS) on CPython 3.11, 64 bits, November 2026, rounded up: a bulk of 13 MiB
took 140 MiB with its text and its table if its records have 45 bytes, 68 MiB if they have 140, 33 MiB if they have
1,000. 20 sorts of 10,000 rows took 86 MB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.api.http.headers import CSV

if TYPE_CHECKING:
    from ramekin.database.window import Window

TEXT_TIMES = 2
"""How often the text of a body is there: in pieces, and whole; then whole, and as what is stored."""

BODY_TIMES = 7
"""What a body takes for each of its bytes while it is read and applied, if its records have some 100 bytes."""

RECORD_BYTES = 450
"""What a record takes besides: its key, its place in the table, and what is known of it until it is applied."""

ROW_BYTES, SORTED_BYTES = 150, 400
"""A row of a page; one that is put in order."""

CHANGE_BYTES = 400
"""A change by condition that waits to be applied, besides what the record becomes."""

RUN_ROWS = 4000
"""Rows that are looked at while others are put in order."""

DUMP_BYTES = 256 * 1024
"""A dump: a chunk that is made, and one that waits to be read."""


def body_bytes(size_bytes: int, most_bytes: float) -> int:
    """Return what a body of some size takes, before it has arrived: no more than there is, if its text fits at all.

    What its records take besides is known when they are there.
    """
    return int(max(TEXT_TIMES * size_bytes, min(BODY_TIMES * size_bytes, most_bytes)))


def records_in(piece: bytes, media: str) -> int:
    """Return how many records a piece of a body may have. Cost: up to 3 ms a MiB."""
    return piece.count(b"\n" if media == CSV else b"{")


def records_bytes(size_bytes: int, records: int) -> int:
    """Return what a body takes that has arrived, with what is made of it."""
    return TEXT_TIMES * size_bytes + RECORD_BYTES * records


def changes_bytes(records: int, size_bytes: int) -> int:
    """Return what changes by condition hold of so many records, which become so many bytes."""
    return CHANGE_BYTES * records + size_bytes


def page_bytes(records: int, window: Window, *, is_sorted: bool) -> int:
    """Return what a page of so many records or of their pairs takes, with the rows that are put in order for it."""
    size_bytes = ROW_BYTES * min(window.limit, records)
    if is_sorted:
        size_bytes += SORTED_BYTES * min(window.limit + window.offset + RUN_ROWS, records)
    return size_bytes
