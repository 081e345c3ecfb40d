"""Where rows come from: one moment of some tables, as whoever carries out a query is given it.

See `View` in ``engine/base.py`` for what each method promises.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ramekin.query.plan import IdWalk, Part
    from ramekin.schema.fields import Field
    from ramekin.values.keys import OrderKey, Span
    from ramekin.values.paths import FieldPath

Row = tuple[int | str, bytes]


class Source(Protocol):
    """One moment of some tables."""

    def count(self, table: str) -> int: ...
    def absent(self, table: str) -> Container[FieldPath]: ...
    def rows_at_once(self, table: str) -> int: ...
    def get(self, table: str, key: str) -> Row | None: ...
    def estimate(self, table: str, part: Part) -> int: ...
    def ids(self, table: str, part: Part) -> Iterator[int | str]: ...
    def rows(self, table: str, ids: Sequence[int | str]) -> Sequence[Row]: ...
    def walk_ids(self, table: str, walk: IdWalk, behind: int | str | None = None) -> Iterator[int | str]: ...
    def walk(
        self,
        table: str,
        field: Field,
        spans: Sequence[Span],
        *,
        is_descending: bool = False,
        includes_absent: bool = False,
        behind: tuple[OrderKey | None, int | str] | None = None,
    ) -> Iterator[int | str]: ...
    def batches(self, table: str) -> AsyncIterator[Sequence[bytes]]: ...
    async def rest(self, rows: int) -> None: ...
