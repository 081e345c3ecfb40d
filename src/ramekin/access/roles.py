"""What somebody may do: a role, and the tables that it reaches.

Every decision about a table falls in `Grant.check`, whatever asks and however it was reached. See ``keys.py`` for who
has which grant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from ramekin.errors import Forbidden, RamekinError, UnknownBranch, UnknownTable, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable


Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""The roles; each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key may do, or everybody where there are no keys."""

    name: str
    """The key's name."""
    role: Role
    tables: tuple[str, ...] | None = None
    """The names of the tables that it reaches; a `*` at the end of one stands for any end. None: all tables."""
    secret_sha256: bytes = field(default=b"", compare=False, repr=False)
    """The hash of the secret that opened it, so that it ends with that one; empty where none was asked for."""

    def told(self) -> str:
        """Return what it lets do, as a header says it: its name, and parameters. Source: RFC 9651, section 3.3."""
        tables = "" if self.tables is None else f'; tables="{" ".join(self.tables)}"'
        return f"{self.name}; role={self.role}{tables}"

    def reaches(self, table: str) -> bool:
        """Say whether a table may be touched at all. Cost: O(names of the grant)."""
        return self.tables is None or any(
            table.startswith(name[:-1]) if name.endswith("*") else table == name for name in self.tables
        )

    def check(self, role: Role, tables: Iterable[str] | None = ()) -> None:
        """Refuse whoever has not a role, or does not reach each of some tables; None stands for all tables there are.

        Raises:
            Forbidden: it names the role or the table, which need not exist.
        """
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden(f"This takes the role '{role}', and the key '{self.name}' has '{self.role}'.")
        if self.tables is None:
            return
        if tables is None:
            raise Forbidden(f"This needs access to all tables; the key '{self.name}' has only some.")
        for table in tables:
            if not self.reaches(table):
                raise Forbidden(f"The key '{self.name}' does not reach the table '{shorten(table)}'.")

    def veil(self, error: RamekinError) -> RamekinError:
        """Return an error as it may be told: it suggests no table or branch to whoever may not list them all."""
        hidden: tuple[type[RamekinError], ...] = () if self.tables is None else (UnknownTable, UnknownBranch)
        if self.role != "admin":
            hidden += (UnknownBranch,)
        return error.without_hint() if hidden and isinstance(error, hidden) else error


EVERYBODY = Grant("everybody", "admin")
"""What may be done where no keys are asked for."""

NOTHING = Grant("nobody", "read", ())
"""What may be done by whoever has shown no key: what is open."""
