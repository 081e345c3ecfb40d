"""The records of one table: bodies by key, when they are due, and in which type their ids were sent.

Knows no order and no indexes; see ``indexed.py``.
"""

from __future__ import annotations

from sys import getsizeof
from typing import Any, Protocol, Self

from ramekin.storage.memory import DUE_BYTES
from ramekin.storage.shared import Shared
from ramekin.values.ids import RecordId, looks_like_integer
from ramekin.values.paths import has_text_id


class Counter(Protocol):
    """A table, as far as it counts what its records take."""

    def borrow(self, size_bytes: int) -> None:
        """Count so many bytes elsewhere."""


class Records(Shared):
    """Bodies by key, in the order in which they arrived."""

    __slots__ = ("bodies", "borrowers", "counter", "dues", "lender", "lent_bytes", "shared_bytes", "text_keys")

    def __init__(self) -> None:
        super().__init__()
        self.shared_bytes = 0
        """What they take, where the table that was counted for them has left them to its branches."""
        self.counter: Counter | None = None
        """The table that counts for them, where they have a lender; None: they are kept."""
        self.lender: Records | None = None
        """Those that they are a copy of, and whose bodies they have."""
        self.lent_bytes = 0
        """How much of what they take is counted with the lender at least."""
        self.borrowers: dict[Records, None] = {}
        """Copies that count on these bodies; each is one of the readers."""
        self.bodies: dict[str, bytes] = {}
        self.dues: dict[str, int] = {}
        """When records are due, of those that are some time; see `Dues` in ``changes.py``."""
        self.text_keys: set[str] = set()
        """The few keys whose ids were sent as text although they look like integers."""

    def id_of(self, key: str) -> RecordId:
        """Return the id that a record has, in the type it was sent in."""
        return int(key) if looks_like_integer(key) and key not in self.text_keys else key

    @property
    def copy_bytes(self) -> int:
        """What a copy takes besides bodies, keys and the like, which it shares. Cost: O(1)."""
        return getsizeof(self.bodies) + len(self.dues) * DUE_BYTES + getsizeof(self.text_keys)

    def lend(self, copy: Records, size_bytes: int, counter: Counter) -> None:
        """Be the lender of a copy, for so many bytes of those that its table counts."""
        copy.lender, copy.lent_bytes, copy.counter = self, size_bytes, counter
        self.borrowers[copy] = None
        self.readers += 1

    def give_back(self) -> None:
        """Have no lender any more."""
        if self.lender is not None:
            del self.lender.borrowers[self]
            self.lender.unpin()
        self.lender, self.lent_bytes, self.counter = None, 0, None

    def keeps_id(self, key: str, body: bytes) -> bool:
        """Say whether a body's id has the type of the id that stands under its key, if any does. Cost: O(1)."""
        is_plain = key not in self.bodies or not looks_like_integer(key)
        return is_plain or has_text_id(body) is (key in self.text_keys)

    def copy(self) -> Self:
        twin = type(self)()
        twin.bodies, twin.dues, twin.text_keys = self.bodies.copy(), self.dues.copy(), self.text_keys.copy()
        return twin

    def pieces(self) -> list[Any]:
        return [self.bodies, self.dues]


def id_in(key: str, body: bytes) -> RecordId:
    """Return the id of a record in the type that its body has it in. Cost: O(1), as `has_text_id`."""
    return int(key) if looks_like_integer(key) and not has_text_id(body) else key
