"""What a version of json-server makes of addresses and records: all in which its dialects differ.

See ``current.py`` for 1.x, ``older.py`` for 0.17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.api.json_server.listing import JsonList, Record
    from ramekin.api.json_server.relations import Relation
    from ramekin.api.session import Session
    from ramekin.values.ids import IdSource


class Dialect(Protocol):
    """One version of json-server."""

    nothing: Record
    """What is told where there is nothing."""
    takes_new_objects: bool
    """Whether POST puts a value in the place of an object."""
    reads_forms: bool
    """Whether a form is read as one; else as JSON, as everything is."""
    has_nested: bool
    """Whether ``/posts/1/comments`` and ``/db`` are addresses."""

    async def read_list(
        self, session: Session, table: str, query: bytes, also: Sequence[tuple[str, str]] = ()
    ) -> JsonList:
        """Return what the address of a list asks for; `also` are fields and values that its path says.

        Raises:
            InvalidParameter, MalformedPath, PathTooLong.
        """

    def read_relations(self, table: str, query: bytes) -> list[Relation]:
        """Return what the address of a record asks to have put inside. Raises as `read_list`."""

    def as_kept(self, record: Record, ids: IdSource) -> Record:
        """Return a record of a file as it is stored."""

    async def as_created(self, session: Session, table: str, sent: Record) -> Record:
        """Return a record that is sent as it is stored. Raises UnknownTable."""

    def dependents(self, query: bytes) -> list[str] | None:
        """Return the tables whose records go with the one whose id they hold, None: all; others forget the id."""

    def deleted(self, body: bytes) -> bytes:
        """Return what is told of a deleted record."""
