"""What a view is asked for: how each of its tables will be read, so that orders and indexes are there by then.

See ``tables.py`` for who takes a view, and ``builds.py`` for how what it needs is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ramekin.query.choose import fields_to_index

if TYPE_CHECKING:
    from ramekin.query.plan import Query
    from ramekin.schema.fields import Field


@dataclass(frozen=True, slots=True)
class Access:
    """How a view will read one table, so that the engine has what that needs ready before it takes the view."""

    table: str
    in_id_order: bool = False
    equal: tuple[Field, ...] = ()
    """Fields that `lookup` and `ids` will be asked for; a plain id needs no mention for `lookup`."""
    ordered: tuple[Field, ...] = ()
    """Fields that `walk` will be asked for."""
    is_whole: bool = False
    """Whether all of it is read, by `batches`: for that readers begin together (``moments.py``)."""
    whole_by_id: bool = False
    """Whether `batches` goes by id, for which `in_id_order` is needed: so they are in one order in every process."""

    @classmethod
    def of(cls, table: str, query: Query, *, in_id_order: bool = True) -> Self:
        """Return what a query needs of its table; the id order only if a plan may come to walk in it."""
        needs = fields_to_index(query)
        return cls(table, needs.ids or (in_id_order and query.is_by_id), needs.equal, needs.ordered)

    def __or__(self, other: Access) -> Access:
        """Return what serves both of two ways to read one table."""
        equal = dict.fromkeys((*self.equal, *other.equal))
        ordered = dict.fromkeys((*self.ordered, *other.ordered))
        by_id, whole_by_id = self.in_id_order or other.in_id_order, self.whole_by_id or other.whole_by_id
        is_whole = self.is_whole or other.is_whole
        return Access(self.table, by_id, tuple(equal), tuple(ordered), is_whole, whole_by_id)
