"""What endpoints share: the database, and what is true of this run of the server."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any

from ramekin.clock import SYSTEM
from ramekin.schema.columns import UNTYPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ramekin.api.edge.edge import Edge
    from ramekin.clock import Clock
    from ramekin.database.database import Database
    from ramekin.schema.columns import Columns


class Context:
    """What endpoints share: the database, and what is true of this run of the server."""

    def __init__(self, database: Database, edge: Edge, clock: Clock = SYSTEM) -> None:
        self.database, self.metrics, self._edge = database, edge.metrics, edge
        self.is_draining = False
        self.document: Callable[[], dict[str, Any]] = dict
        """Makes the OpenAPI document; set by who knows all endpoints."""
        self._clock = clock
        self._started_s = clock.steady_s()
        self._run = token_hex(4)

    def uptime_s(self) -> float:
        """Return seconds since the server started."""
        return self._clock.steady_s() - self._started_s

    async def status(self) -> str:
        """Return ``ok`` while requests are taken; else ``draining``, ``starting`` or ``failed``."""
        if self.is_draining:
            return "draining"
        return "starting" if self._edge.is_starting else await self.database.engine.state()

    def weak_tag(self, revisions: Iterable[int], *parts: str) -> str:
        """Return the opaque part of a weak tag: equal while the tables stand still, different after a restart.

        Args:
            parts: what else the answer depends on, in characters that a tag may hold.
        """
        return "-".join([self._run, *map(str, revisions), *parts])

    def columns(self, table: str) -> Sequence[str]:
        """Return the columns that a table's model declares, none without a model."""
        schema = self.database.schemas.get(table)
        return () if schema is None else schema.fields

    def csv_columns(self, table: str) -> Columns:
        """Return what is said of a table's columns in CSV."""
        schema = self.database.schemas.get(table)
        return UNTYPED if schema is None else schema.columns
