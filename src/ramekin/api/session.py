"""What an endpoint is given: the tables of one request, as far as whoever sent it may touch them.

Knows no HTTP; see ``declared/endpoint.py`` for when it is decided what may be done, ``context.py`` for the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ramekin.access.roles import Grant
    from ramekin.api.context import Context
    from ramekin.clock import Clock
    from ramekin.database.database import Database
    from ramekin.engine.tables import Tables
    from ramekin.schema.columns import Columns


class Session:
    """A database, what may be done to it, and what time it is.

    1. An endpoint touches those tables alone that its path names, that it has checked, or that `seen` shows.
    2. It is never changed, so requests that may do the same can share one.
    """

    __slots__ = ("clock", "database", "flight", "grant", "limits", "server")

    def __init__(self, server: Context, grant: Grant, branch: str = "", *, makes_none: bool = False) -> None:
        """Make one. Raises as `Context.database_of`."""
        self.server, self.grant = server, grant
        self.database: Database = (
            server.database_of(branch, grant, makes_none=makes_none) if branch else server.database
        )
        self.limits, self.flight = self.database.limits, server.flight
        self.clock: Clock = server.clock

    @property
    def tables(self) -> Tables:
        """The tables, as everybody reads them."""
        return self.database.engine.tables

    @property
    def engine_name(self) -> str:
        """What users are told of where the tables live."""
        return self.database.guarantees.name

    def check_loop(self) -> None:
        """See that the loop that runs may use the database. Raises RuntimeError; Unavailable: it is closed."""
        self.database.owner.check()

    def weak_tag(self, versions: Iterable[str], *parts: str) -> str:
        """Return the opaque part of a weak tag: equal while the tables stand still, different after a restart.

        Args:
            parts: what else the answer depends on, in characters that a tag may hold.
        """
        return "-".join([self.tables.lineage, *versions, *parts])

    def seen(self) -> list[str]:
        """Return the names of the tables that may be seen. Cost: O(tables)."""
        return [*filter(self.grant.reaches, self.tables.names())]

    def columns(self, table: str) -> Sequence[str]:
        """Return the columns that a table's model declares, none without a model."""
        schema = self.database.schemas.get(table)
        return () if schema is None else schema.fields

    def csv_columns(self, table: str) -> Columns:
        """Return what is said of a table's columns in CSV."""
        return self.database.schemas.columns(table)
