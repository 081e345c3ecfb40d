"""How much one request may send or ask for, as a frozen value. What a server allows is set in ``settings.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

MIB = 1024 * 1024

MAX_ESCAPED = 6
"""How many times as long a record may be as it is sent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may send or ask for. Bytes, and rows of a page."""

    record_bytes: int = MIB
    bulk_bytes: int = 16 * MIB
    load_bytes: int = 1024 * MIB
    page_rows: int = 10_000
    sorted_rows: int = 100_000
    """Rows or groups that one request may hold at once to put them in order."""
    record_s: float = inf
    """Seconds of work on a single record, and of waiting for others before it is begun."""
    query_s: float = inf
    """Seconds of work on one request that looks at many records, or changes them."""

    text_bytes: int = field(init=False)
    """Bytes of one record as it is sent: an escape such as ``\\u00e9`` takes six of them for one or two."""

    def __post_init__(self) -> None:
        most = max(self.record_bytes, min(MAX_ESCAPED * self.record_bytes, self.bulk_bytes))
        object.__setattr__(self, "text_bytes", most)
