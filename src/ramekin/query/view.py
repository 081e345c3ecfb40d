"""Views: some tables at one moment, which is all that a query needs to know of where records are.

Whoever carries out a query is given a view, and never asks what is behind it. See ``engine/embedded_view.py`` for the
view of tables in this process, and ``engine/base.py`` for how one is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ramekin.query.plan import IdWalk, Part
    from ramekin.schema.fields import Field
    from ramekin.values.comparison import JoinKey, OrderKey, Span
    from ramekin.values.ids import RecordId
    from ramekin.values.paths import FieldPath

Row = tuple["RecordId", bytes]
"""A record as a scan gives it: its id, in the type it was sent in, and its body."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table in id order. `has_more` says whether rows follow the last one."""

    rows: tuple[Row, ...]
    has_more: bool


class View(Protocol):
    """Tables as they were at one moment; later writes are not seen.

    Guarantee: every method does one short batch of work and lets other tasks run between batches.
    """

    def count(self, table: str) -> int:
        """Return the number of records. Cost: O(1)."""

    def absent(self, table: str) -> frozenset[FieldPath]:
        """Return fields that no record has, as far as that is known. Cost: O(1)."""

    def rows_at_once(self, table: str) -> int:
        """Return how many rows of this table one step may decode: a few hundred, fewer where bodies are long."""

    def get(self, table: str, key: str) -> Row | None:
        """Return one row by its id's text. Cost: O(1)."""

    async def lookup(self, table: str, field: Field, keys: Sequence[JoinKey]) -> list[Sequence[Row]]:
        """Return the rows whose field has a join key, in id order, for each of some keys.

        Cost: O(1) for each key; each row is made when it is looked at.
        """

    def estimate(self, table: str, part: Part) -> int:
        """Return how many rows a part of a plan gives, about how many for a `Range` and an `Equal` of many values.

        Cost: O(log n), O(`MOST_COUNTED`).
        """

    def ids(self, table: str, part: Part) -> Iterator[RecordId]:
        """Yield the ids of the rows that a part of a plan gives, each once, in no order. Cost: O(1) each."""

    def rows(self, table: str, ids: Sequence[RecordId]) -> Sequence[Row]:
        """Return the rows with some ids, which exist. Cost: O(1), each row is made when it is looked at."""

    def walk_ids(self, table: str, walk: IdWalk, after: RecordId | None = None) -> Iterator[RecordId]:
        """Yield ids in their order; after an id, only what follows it. The caller rests between.

        Cost: O(log n), and O(1) for each.
        """

    def walk(
        self,
        table: str,
        field: Field,
        spans: Sequence[Span],
        *,
        is_descending: bool = False,
        includes_absent: bool = False,
        after: tuple[OrderKey | None, RecordId] | None = None,
    ) -> Iterator[RecordId]:
        """Yield the ids of rows in the order of their field's values, those of one value in id order.

        Args:
            spans: stretches of values, in order.
            includes_absent: at the end come the rows with null or without the field.
            after: a value (None for no value) and an id: of the rows with this value only those after this id.

        Cost: O(log n), and O(1) for each. The caller rests between.
        """

    def kinds(self, table: str, field: Field) -> frozenset[int]:
        """Return the types of values, as ``values/comparison.py`` has them, that `lookup` may look for. Cost: O(1)."""

    def batches(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        """Yield all bodies, some at a time, in the order in which they were stored, or by id if that was asked for.

        Cost: O(n) in all.
        """

    async def rest(self) -> None:
        """Let other tasks run, if this one has held the loop for long. Cost: 0.2 µs if not."""
