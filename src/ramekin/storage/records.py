"""The records of one table: bodies by key, when they are due, and in which type their ids were sent.

Knows no order and no indexes; see ``indexed.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ramekin.storage.shared import Shared
from ramekin.values.ids import looks_like_integer
from ramekin.values.paths import has_text_id

if TYPE_CHECKING:
    from ramekin.values.ids import RecordId


class Records(Shared):
    """Bodies by key, in the order in which they arrived."""

    __slots__ = ("bodies", "dues", "kept_bytes", "text_keys")

    def __init__(self) -> None:
        super().__init__()
        self.kept_bytes = 0
        """What they take, where the table that was counted for them has left them to its branches."""
        self.bodies: dict[str, bytes] = {}
        self.dues: dict[str, int] = {}
        """When records are due, of those that are some time; see `Dues` in ``changes.py``."""
        self.text_keys: set[str] = set()
        """The few keys whose ids were sent as text although they look like integers."""

    def id_of(self, key: str) -> RecordId:
        """Return the id that a record has, in the type it was sent in."""
        return int(key) if looks_like_integer(key) and key not in self.text_keys else key

    def copy(self) -> Self:
        twin = type(self)()
        twin.bodies, twin.dues, twin.text_keys = self.bodies.copy(), self.dues.copy(), self.text_keys.copy()
        return twin

    def pieces(self) -> list[Any]:
        return [self.bodies, self.dues]


def id_in(key: str, body: bytes) -> RecordId:
    """Return the id of a record in the type that its body has it in. Cost: O(1), as `has_text_id`."""
    return int(key) if looks_like_integer(key) and not has_text_id(body) else key
