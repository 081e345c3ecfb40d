"""How long records live: when one is due that is written now.

    ttl=60      in so many seconds        ttl=none     never
    unsaid      as the table's `expire_after_s` says; what is merged into a record leaves what it had

Knows no engines; see ``writing.py`` for who asks and ``engine/expirations.py`` for what becomes of records
that are due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ramekin.errors import InvalidOperation, InvalidParameter
from ramekin.schema.bounds import LIFETIME_SAID, is_lifetime

if TYPE_CHECKING:
    from ramekin.clock import Clock

Ttl = int | Literal["none"]

NEVER: Literal["none"] = "none"

Stays = Literal["kept"]

STAYS: Stays = "kept"
"""What takes the place of a record lives for as long as that was to; only code of ours says so."""


def check_ttl(ttl: object, op: str = "") -> None:
    """Refuse what is no time to live, or what leaves no record. Raises InvalidParameter, InvalidOperation."""
    if ttl is not None and op == "delete":
        raise InvalidOperation("'delete' takes no 'ttl': no record is left.")
    if ttl is not None and ttl != NEVER and not is_lifetime(ttl):
        raise InvalidParameter(f"'ttl' is {LIFETIME_SAID}, or none.").within("ttl")


def due_in(seconds: int, clock: Clock) -> int:
    """Return when a record is due that lives for some seconds from now: not before these are over."""
    return -(-clock.wall_ms() // 1000) + seconds
